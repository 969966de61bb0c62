//! Records of stream version 1: one layout of 60 octets for versions 1 and 5, turned into today's.

use crate::flow::{Element, Layout, Order, ie};

/// Octets a record.
pub(super) const SIZE: usize = 60;

/// Offset and width in the old record, and the element.
const FIELDS: [(usize, usize, Element); 19] = [
    (0, 4, ie::UNIX_SECS),
    (8, 4, ie::SRC_ADDR4),
    (12, 4, ie::DST_ADDR4),
    (16, 4, ie::NEXT_HOP4),
    (20, 2, ie::INPUT),
    (22, 2, ie::OUTPUT),
    (24, 4, ie::PACKETS),
    (28, 4, ie::OCTETS),
    (32, 4, ie::FIRST),
    (36, 4, ie::LAST),
    (40, 2, ie::SRC_PORT),
    (42, 2, ie::DST_PORT),
    (46, 1, ie::PROTOCOL),
    (47, 1, ie::TOS),
    (48, 1, ie::TCP_FLAGS),
    (52, 2, ie::SRC_AS),
    (54, 2, ie::DST_AS),
    (56, 1, ie::SRC_MASK),
    (57, 1, ie::DST_MASK),
];

/// Turns whole old records into `layout`'s, in the same byte order. Exporter, uptime and engine were not stored.
pub(super) fn convert(old: &[u8], layout: &Layout, order: Order) -> Vec<u8> {
    let moves: Vec<(usize, usize, usize)> = FIELDS
        .iter()
        .filter_map(|(from, width, element)| layout.find(*element).map(|(to, _)| (*from, *width, to)))
        .collect();
    let nsecs = layout.find(ie::UNIX_NSECS).map(|(at, _)| at);
    let mut out = vec![0; old.len() / SIZE * layout.size];
    for (from, to) in old.chunks_exact(SIZE).zip(out.chunks_exact_mut(layout.size)) {
        for (source, width, target) in &moves {
            if let (Some(a), Some(b)) = (from.get(*source..source + width), to.get_mut(*target..target + width)) {
                b.copy_from_slice(a);
            }
        }
        let ms = from.get(4..8).and_then(|b| b.first_chunk::<4>()).copied().unwrap_or_default();
        if let Some(place) = nsecs.and_then(|at| to.get_mut(at..at + 4)) {
            place.copy_from_slice(&match order {
                Order::Little => u32::from_le_bytes(ms).wrapping_mul(1_000_000).to_le_bytes(),
                Order::Big => u32::from_be_bytes(ms).wrapping_mul(1_000_000).to_be_bytes(),
            });
        }
    }
    out
}
