//! The two sides of a flow, and the elements that tell of each.

use crate::flow::{Element, Field, FlowBatch, ie};

/// Where a flow comes from, or where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Source,
    Destination,
}

/// Addresses of a kind, and the lengths of their prefixes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Addresses {
    pub address: Element,
    pub length: Element,
    pub is_six: bool,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Source, Side::Destination];

    /// The side's addresses, IPv4 and IPv6.
    pub fn addresses(self) -> [Addresses; 2] {
        match self {
            Side::Source => [
                Addresses { address: ie::SRC_ADDR4, length: ie::SRC_MASK, is_six: false },
                Addresses { address: ie::SRC_ADDR6, length: ie::SRC_MASK6, is_six: true },
            ],
            Side::Destination => [
                Addresses { address: ie::DST_ADDR4, length: ie::DST_MASK, is_six: false },
                Addresses { address: ie::DST_ADDR6, length: ie::DST_MASK6, is_six: true },
            ],
        }
    }

    /// The field of this side.
    pub fn of(self, source: Field, destination: Field) -> Field {
        match self {
            Side::Source => source,
            Side::Destination => destination,
        }
    }
}

/// Where a batch has an element's first occurrence, in columns of a width.
pub(super) fn place(batch: &FlowBatch, element: Element, widths: std::ops::RangeInclusive<u16>) -> Option<usize> {
    let at = batch.schema().position(element, 0)?;
    batch.schema().fields().get(at).filter(|spec| widths.contains(&spec.width)).map(|_| at)
}
