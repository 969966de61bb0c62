//! Parts of keys: what flows can be grouped by.

use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field, FlowBatch, Schema};

/// One part of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// An address, IPv4 or IPv6.
    Address(Field),
    /// An address (first field) without the bits behind its prefix length (second); all of it where that is 0.
    Network(Field, Field),
    /// An address, of which so many bits are kept: IPv4, IPv6.
    Prefix(Field, u8, u8),
    /// When a flow began, ms since 1970, rounded down to a multiple of so many ms.
    Start(u64),
    /// When a flow ended, in the same way.
    End(u64),
    /// Any other field.
    Number(Field),
    /// Octets a packet, rounded down.
    PacketSize,
    /// A number (field) of which only some bits are looked at.
    Masked(Field, u32),
    /// Packets a second, rounded down; 0 of flows that took no time.
    PacketRate,
    /// Bits a second, likewise.
    BitRate,
    /// Milliseconds from first to last packet.
    Duration,
    /// When a flow began or ended (field: the one or the other stamp) in ms of uptime; where there is no such stamp, ms
    /// since 1970.
    Stamp(Field),
    /// The class an address is of: 0 to 3 are A to D of IPv4, 5 is E; of IPv6, 3 is multicast, 6 all others.
    Class(Field),
    /// A number of any element; of several of a flow the first.
    Element(Element),
    /// The same in two's complement: as far above the least there can be.
    Signed(Element),
    /// A value of any element that is no number, by its rank among all there are.
    Word(Element),
}

/// What every version 5 record has beside addresses.
const PLAIN: [Field; 17] = [
    Field::NextHop,
    Field::Exporter,
    Field::Input,
    Field::Output,
    Field::Packets,
    Field::Octets,
    Field::SrcPort,
    Field::DstPort,
    Field::Protocol,
    Field::Tos,
    Field::TcpFlags,
    Field::SrcMask,
    Field::DstMask,
    Field::SrcAs,
    Field::DstAs,
    Field::EngineType,
    Field::EngineId,
];

impl Part {
    /// The fields the part is made of; a time is made of some of them.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        let (one, other, times): (_, _, &'static [Field]) = match self {
            Part::Address(field) | Part::Number(field) | Part::Prefix(field, ..) => (Some(field), None, &[]),
            Part::Network(address, mask) => (Some(address), Some(mask), &[]),
            Part::Masked(field, _) | Part::Class(field) => (Some(field), None, &[]),
            Part::PacketSize => (Some(Field::Octets), Some(Field::Packets), &[]),
            Part::PacketRate => (Some(Field::Packets), None, &FlowTimes::FIELDS),
            Part::BitRate => (Some(Field::Octets), None, &FlowTimes::FIELDS),
            Part::Start(_) | Part::End(_) | Part::Duration | Part::Stamp(_) => (None, None, &FlowTimes::FIELDS),
            Part::Element(_) | Part::Signed(_) | Part::Word(_) => (None, None, &[]),
        };
        one.into_iter().chain(other).chain(times.iter().copied())
    }

    /// The element that the part is, if it is no field.
    pub fn element(self) -> Option<Element> {
        match self {
            Part::Element(element) | Part::Signed(element) | Part::Word(element) => Some(element),
            _ => None,
        }
    }

    /// Whether it is made of more than what stands in its fields' columns.
    pub(super) fn is_computed(self) -> bool {
        // A port may be told by ICMP's type and code.
        let computed = matches!(self, Part::PacketSize | Part::Start(_) | Part::End(_) | Part::Number(Field::DstPort));
        computed || self.is_timed() || matches!(self, Part::Class(_)) || self.element().is_some()
    }

    /// Whether it is made of the flow's duration, or stamps.
    pub(super) fn is_timed(self) -> bool {
        matches!(self, Part::PacketRate | Part::BitRate | Part::Duration | Part::Stamp(_))
    }

    /// Whether flows of this schema have a place in such a part. What every version 5 record has and an exporter does
    /// not tell of its flows is 0, as it is in the record that they become; aggregates have no such part at all.
    pub(super) fn suits(self, schema: &Schema) -> bool {
        let plain = || !schema.has(Field::Flows) && !schema.has(Field::ExtraPackets);
        match self {
            Part::Start(_) | Part::End(_) => self.lacks(schema).is_none(),
            part if part.is_timed() => self.lacks(schema).is_none(),
            Part::Element(element) | Part::Signed(element) | Part::Word(element) => {
                schema.position(element, 0).is_some()
            }
            _ => self.fields().all(|field| schema.has(field) || PLAIN.contains(&field) && plain()),
        }
    }

    /// A field of the part that flows of this schema lack.
    pub(super) fn lacks(self, schema: &Schema) -> Option<Field> {
        let stamp = match self {
            Part::Start(_) => Field::First,
            Part::End(_) | Part::Duration => Field::Last,
            Part::PacketRate | Part::BitRate => Field::First,
            Part::Stamp(field) if schema.has(field) => return None,
            Part::Stamp(field) => field,
            _ => return self.fields().find(|field| !schema.has(*field)),
        };
        (!FlowTimes::known(schema)).then_some(stamp)
    }

    /// Whether the batch carries the part in more bits than a narrow key has for it.
    pub(super) fn is_wide(self, batch: &FlowBatch) -> bool {
        match self {
            Part::Address(field) | Part::Network(field, _) | Part::Prefix(field, ..) => {
                batch.view(field).is_some_and(|view| view.width() > 4)
            }
            _ => false,
        }
    }

    pub(super) fn is_address(self) -> bool {
        matches!(self, Part::Address(_) | Part::Network(..) | Part::Prefix(..))
    }

    pub(super) fn bits(self, wide: bool) -> u8 {
        match self {
            Part::Address(_) | Part::Network(..) | Part::Prefix(..) => {
                if wide {
                    128
                } else {
                    32
                }
            }
            Part::PacketSize | Part::Start(_) | Part::End(_) | Part::Element(_) | Part::Signed(_) => 64,
            Part::PacketRate | Part::BitRate | Part::Duration | Part::Stamp(_) => 64,
            Part::Word(_) | Part::Masked(..) => 32,
            Part::Class(_) => 8,
            Part::Number(field) => match field {
                Field::Protocol | Field::Tos | Field::MarkedTos | Field::SrcMask | Field::DstMask => 8,
                Field::SrcPort | Field::DstPort | Field::TcpFlags | Field::IcmpTypeCode | Field::VlanId => 16,
                Field::Octets | Field::Packets | Field::Flows | Field::StartMs | Field::EndMs => 64,
                Field::SrcMac | Field::DstMac => 64,
                _ => 32,
            },
        }
    }
}
