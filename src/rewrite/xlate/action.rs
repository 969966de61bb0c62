//! What an action does to flows.

use std::sync::Arc;

use super::key::Key;
use crate::flow::{Element, Field, FlowBatch, Rows, ie};
use crate::rewrite::scratch::Scratch;
use crate::rewrite::side::{Side, place};

/// What stands for AS numbers of more than 16 bits where there are but 16 (RFC 6793).
const AS_TRANS: u64 = 23456;

/// Elements that count packets or octets.
const COUNTERS: [Element; 10] = [
    ie::OCTETS,
    ie::PACKETS,
    ie::OCTETS_TOTAL,
    ie::PACKETS_TOTAL,
    ie::INITIATOR_OCTETS,
    ie::INITIATOR_PACKETS,
    // responderOctets, responderPackets.
    Element::iana(232),
    Element::iana(299),
    // postOctetDeltaCount, postPacketDeltaCount.
    Element::iana(23),
    Element::iana(24),
];

/// An action, ready to be run.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Host bits to 0, by the length of the flow's prefix.
    Network(Side),
    /// Host bits to 0, by the class of the address.
    ClassNetwork(Side),
    /// Addresses replaced under a key.
    Anonymize(&'static [Side], Arc<Key>),
    /// Only these bits of source and destination addresses, IPv4 and IPv6.
    AddressMask { four: [u32; 2], six: [u128; 2] },
    /// Only these bits of source and destination ports.
    PortMask([u32; 2]),
    /// Only these bits of source and destination tags.
    TagMask([u32; 2]),
    /// Packets and octets times a number.
    Scale(u32),
    /// An AS number in place of 0.
    As0(Side, u32),
}

impl Action {
    /// The key, where it has one.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Action::Anonymize(_, key) => Some(key),
            _ => None,
        }
    }

    /// The fields without which flows of a classic version cannot be changed so.
    pub fn needs(&self) -> Vec<Field> {
        let address = |side: &Side| side.of(Field::SrcAddr, Field::DstAddr);
        match self {
            Action::Network(side) => vec![address(side), side.of(Field::SrcMask, Field::DstMask)],
            Action::ClassNetwork(side) => vec![address(side)],
            Action::Anonymize(sides, _) => sides.iter().map(address).collect(),
            Action::AddressMask { .. } => vec![Field::SrcAddr, Field::DstAddr],
            Action::PortMask(_) => vec![Field::SrcPort, Field::DstPort],
            Action::TagMask(_) => vec![Field::SrcTag, Field::DstTag],
            Action::Scale(_) => vec![Field::Packets, Field::Octets],
            Action::As0(side, _) => vec![side.of(Field::SrcAs, Field::DstAs)],
        }
    }

    /// Changes these rows, or all.
    pub fn run(&self, batch: &mut FlowBatch, rows: Option<&[u32]>, scratch: &mut Scratch) {
        match self {
            Action::Network(side) => network(batch, rows, *side, scratch),
            Action::ClassNetwork(side) => {
                four(batch, rows, *side, |address| address & class_mask(address));
            }
            Action::Anonymize(sides, key) => {
                let Some(memory) = scratch.memory(&key.current()) else { return };
                for side in *sides {
                    four(batch, rows, *side, |address| memory.four(address));
                    six(batch, rows, *side, |address| memory.six(address));
                }
            }
            Action::AddressMask { four: narrow, six: wide } => {
                for (side, (narrow, wide)) in Side::BOTH.into_iter().zip(narrow.iter().zip(wide)) {
                    four(batch, rows, side, |address| address & narrow);
                    six(batch, rows, side, |address| address & wide);
                }
            }
            Action::PortMask(masks) => bits(batch, rows, [Field::SrcPort, Field::DstPort], masks),
            Action::TagMask(masks) => bits(batch, rows, [Field::SrcTag, Field::DstTag], masks),
            Action::Scale(factor) => {
                let places = COUNTERS.into_iter().filter_map(|counter| place(batch, counter, 1..=8));
                for at in places.collect::<Vec<_>>() {
                    scratch.clipped += scale(batch, rows, at, *factor);
                }
            }
            Action::As0(side, number) => {
                let Some(at) = batch.schema().resolve(side.of(Field::SrcAs, Field::DstAs)) else { return };
                let narrow = batch.schema().fields().get(at).is_some_and(|spec| spec.width <= 2);
                let number = match u64::from(*number) {
                    wide if narrow && wide > u16::MAX.into() => AS_TRANS,
                    number => number,
                };
                batch.update(at, rows, |old| if old == 0 { number } else { old });
            }
        }
    }
}

/// Changes the IPv4 addresses of a side.
fn four(batch: &mut FlowBatch, rows: Option<&[u32]>, side: Side, mut change: impl FnMut(u32) -> u32) {
    for part in side.addresses().into_iter().filter(|part| !part.is_six) {
        if let Some(at) = place(batch, part.address, 4..=4) {
            batch.update(at, rows, |address| change(address as u32).into());
        }
    }
}

/// Changes the IPv6 addresses of a side.
fn six(batch: &mut FlowBatch, rows: Option<&[u32]>, side: Side, mut change: impl FnMut(u128) -> u128) {
    for part in side.addresses().into_iter().filter(|part| part.is_six) {
        if let Some(at) = place(batch, part.address, 16..=16) {
            batch.update_wide(at, rows, &mut change);
        }
    }
}

fn bits(batch: &mut FlowBatch, rows: Option<&[u32]>, fields: [Field; 2], masks: &[u32; 2]) {
    for (field, mask) in fields.into_iter().zip(masks) {
        if let Some(at) = batch.schema().resolve(field) {
            batch.update(at, rows, |old| old & u64::from(*mask));
        }
    }
}

/// Says how many became greater than the column can hold.
fn scale(batch: &mut FlowBatch, rows: Option<&[u32]>, at: usize, factor: u32) -> u64 {
    let width = batch.schema().fields().get(at).map_or(8, |spec| u32::from(spec.width));
    let most = u64::MAX.checked_shr(64 - 8 * width.clamp(1, 8)).unwrap_or(u64::MAX);
    let mut clipped = 0;
    batch.update(at, rows, |old| match old.checked_mul(factor.into()).filter(|n| *n <= most) {
        Some(n) => n,
        None => {
            clipped += 1;
            most
        }
    });
    clipped
}

/// The network bits of an address of class A, B, or anything from class C on.
fn class_mask(address: u32) -> u32 {
    match address >> 30 {
        0 | 1 => 0xFF00_0000,
        2 => 0xFFFF_0000,
        _ => 0xFFFF_FF00,
    }
}

/// Host bits to 0, by lengths that stand beside the addresses.
fn network(batch: &mut FlowBatch, rows: Option<&[u32]>, side: Side, scratch: &mut Scratch) {
    for part in side.addresses() {
        let from = place(batch, part.address, if part.is_six { 16..=16 } else { 4..=4 });
        let (Some(at), Some(length)) = (from, place(batch, part.length, 1..=8)) else { continue };
        let all = Rows::All(batch.height());
        let (Some(addresses), Some(lengths)) = (batch.column(at), batch.column(length)) else { continue };
        lengths.gather(all, &mut scratch.numbers);
        let rows = rows.map_or(all, Rows::Some);
        let lengths = &scratch.numbers;
        let length = |row: usize| lengths.get(row).copied().unwrap_or(0);
        if part.is_six {
            let six = &mut scratch.wide;
            addresses.gather(all, six);
            rows.each(|row| {
                if let Some(address) = six.get_mut(row) {
                    *address &= u128::MAX.checked_shl(128u32.saturating_sub(length(row))).unwrap_or(0);
                }
            });
            batch.put_wide(at, six);
        } else {
            let four = &mut scratch.beside;
            addresses.gather(all, four);
            rows.each(|row| {
                if let Some(address) = four.get_mut(row) {
                    *address &= u32::MAX.checked_shl(32u32.saturating_sub(length(row))).unwrap_or(0);
                }
            });
            batch.put(at, four);
        }
    }
}
