//! flow-gen's test flows: in every field of every version the numbers count up from record to record.

use super::element::{Element, ie};
use super::record::{Layout, Version};

/// Appends `count` test records of a version to `out`, in host order, beginning with record `first`.
pub fn records(version: Version, first: u32, count: usize, out: &mut Vec<u8>) {
    let layout = version.layout();
    let start = out.len();
    out.resize(start + count * layout.size, 0);
    let Some(records) = out.get_mut(start..) else { return };
    for (spec, at) in layout.schema.fields().iter().zip(&layout.offsets) {
        let Some((base, step)) = count_of(version, spec.element) else { continue };
        fill(
            layout,
            records,
            usize::from(*at),
            usize::from(spec.width),
            base.wrapping_add(first.wrapping_mul(step)),
            step,
        );
    }
}

/// Writes a field of every record: `value`, and `step` more each time, as far as its width goes.
fn fill(layout: &Layout, records: &mut [u8], at: usize, width: usize, mut value: u32, step: u32) {
    for record in records.chunks_exact_mut(layout.size) {
        if let Some(slot) = record.get_mut(at..at + width) {
            match width {
                1 => slot.copy_from_slice(&[value as u8]),
                2 => slot.copy_from_slice(&(value as u16).to_ne_bytes()),
                _ => slot.copy_from_slice(&value.to_ne_bytes()),
            }
        }
        value = value.wrapping_add(step);
    }
}

/// A field's value in record 0 and how much more each next record has; `None` where it is always 0.
fn count_of(version: Version, element: Element) -> Option<(u32, u32)> {
    use Version::{V1, V5, V6, V7, V8, V1005};
    Some(match (element, version) {
        (ie::INPUT | ie::OUTPUT, V8(10)) => return None,
        (ie::FLOWS, _) => (2, 2),
        (ie::PACKETS | ie::OCTETS, _) => (1, 1),
        (ie::LAST, _) => (0xFFFF_0000, 1),
        // Aggregates of destinations alone count those as others count sources.
        (ie::DST_ADDR4 | ie::OUTPUT | ie::DST_AS, V8(4 | 12)) => (0, 1),
        (ie::DST_ADDR4 | ie::NEXT_HOP4, V1005) => (0x8092_C500, 1),
        (ie::DST_ADDR4, _) => (0xFFFF_0000, 1),
        (ie::DST_PORT, V8(8)) => (0, 1),
        (ie::OUTPUT | ie::DST_PORT | ie::DST_AS, _) => (0xFF00, 1),
        (ie::PROTOCOL, V8(8 | 14)) => (0, 1),
        (ie::PROTOCOL, V1 | V5 | V6 | V7 | V1005) => (17, 0),
        (ie::TOS, V5 | V1005 | V8(_)) => (0, 1),
        (ie::SRC_MASK | ie::DST_MASK, V8(_)) => (0, 1),
        (ie::OUT_ENCAPS, _) => (0x80, 1),
        (ie::ROUTER_SC, V8(_)) => (0, 2),
        (ie::MARKED_TOS | ie::DST_TAG, _) => (0xFF, 1),
        (
            ie::SRC_ADDR4
            | ie::INPUT
            | ie::FIRST
            | ie::SRC_PORT
            | ie::SRC_AS
            | ie::IN_ENCAPS
            | ie::PEER_NEXT_HOP
            | ie::ROUTER_SC
            | ie::EXTRA_PACKETS
            | ie::SRC_TAG,
            _,
        ) => (0, 1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Field, FlowBatch, Order};
    use super::*;

    fn values(version: Version, first: u32, count: usize, field: Field) -> Vec<u64> {
        let mut bytes = Vec::new();
        records(version, first, count, &mut bytes);
        let (mut out, batch) = (Vec::new(), FlowBatch::from_raw(version, Order::HOST, bytes));
        assert!(batch.gather(field, &mut out));
        out
    }

    #[test]
    fn numbers_count_up_and_wrap_at_their_width() {
        assert_eq!(values(Version::V5, 0, 3, Field::DstPort), [0xFF00, 0xFF01, 0xFF02]);
        assert_eq!(values(Version::V5, 65_535, 2, Field::SrcPort), [65_535, 0]);
        assert_eq!(values(Version::V5, 65_535, 2, Field::SrcAddr), [65_535, 65_536]);
        assert_eq!(values(Version::V5, 255, 2, Field::Tos), [255, 0]);
        assert_eq!(values(Version::V8(6), 1, 2, Field::MarkedTos), [0, 1]);
        assert_eq!(values(Version::V8(1), 9, 1, Field::Flows), [20]);
        assert_eq!(values(Version::V1, 5, 2, Field::Protocol), [17, 17]);
    }

    #[test]
    fn pieces_join() {
        for version in Version::ALL {
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            records(version, 0, 300, &mut whole);
            records(version, 0, 77, &mut pieces);
            records(version, 77, 223, &mut pieces);
            assert_eq!(whole, pieces, "{version}");
        }
    }
}
