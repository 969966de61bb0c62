//! What can be told of a flow: the elements, and where a row finds the value of each.

use crate::flow::Element;

/// The enterprise number of elements that tell a biflow's way back (RFC 5103 section 6.1).
pub(super) const REVERSE: u32 = 29_305;
/// `biflowDirection` (RFC 5103 section 6.3): whether the source is who began.
pub(super) const BIFLOW_DIRECTION: u16 = 239;

/// Where a value waits while a row is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Slot {
    Zero,
    /// Addresses are numbers of up to 128 bits, in two halves.
    Source,
    SourceHigh,
    Destination,
    DestinationHigh,
    Exporter,
    ExporterHigh,
    SourcePort,
    DestinationPort,
    Protocol,
    IpVersion,
    /// Type and code of ICMP flows; else 0.
    Icmp,
    IcmpType,
    IcmpCode,
    EndReason,
    FlowDirection,
    Began,
    SourceMac,
    DestinationMac,
    Vlan,
    Interface,
    /// The flow's number.
    Number,
    /// What the clock says beside times that are uptimes, and in the headers of messages.
    Secs,
    Nsecs,
    Uptime,
    // From here on there is one of each direction.
    Packets,
    Octets,
    Tos,
    Dscp,
    Precedence,
    Flags,
    FirstUptime,
    LastUptime,
    FirstSecs,
    LastSecs,
    FirstMs,
    LastMs,
    FirstUs,
    LastUs,
    FirstNs,
    LastNs,
    DurationMs,
    DurationUs,
}

/// The first slot of those that there are for each direction.
pub(super) const WAYS: u8 = Slot::Packets as u8;
/// How many these are.
pub(super) const OF_A_WAY: u8 = Slot::DurationUs as u8 + 1 - WAYS;

impl Slot {
    /// Whether the value is one direction's own.
    pub fn of_a_way(self) -> bool {
        self as u8 >= WAYS
    }
}

/// An element that can be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tell {
    /// Its number at IANA.
    pub id: u16,
    pub slot: Slot,
    /// The least, the usual and the greatest number of octets. RFC 7011 section 6.2 lets integers be shorter than
    /// their type; those that always need all of it are not.
    pub widths: [u16; 3],
    /// The element that stands in its place for the other IP version.
    pub other: Option<u16>,
}

impl Tell {
    pub fn element(&self) -> Element {
        Element::iana(self.id)
    }

    /// Whether flows (exporters) of this IP version have it.
    pub fn fits(&self, ipv6: bool) -> bool {
        let six = matches!(self.id, 27 | 28 | 131 | 139 | 178 | 179);
        self.other.is_none() || six == ipv6
    }

    /// The octets of all of it: what is not shorter by the user's choice.
    pub fn usual(&self) -> u16 {
        self.widths[1]
    }
}

/// `paddingOctets`.
pub(super) const PADDING: u16 = 210;

/// Every element that can be told, by number.
pub(super) const ALL: &[Tell] = &[
    tell(1, Slot::Octets, [1, 8, 8]),
    tell(2, Slot::Packets, [1, 8, 8]),
    tell(4, Slot::Protocol, [1, 1, 1]),
    tell(5, Slot::Tos, [1, 1, 1]),
    tell(6, Slot::Flags, [1, 1, 2]),
    tell(7, Slot::SourcePort, [2, 2, 2]),
    pair(8, Slot::Source, 4, 27),
    tell(10, Slot::Interface, [1, 4, 4]),
    tell(11, Slot::DestinationPort, [2, 2, 2]),
    pair(12, Slot::Destination, 4, 28),
    tell(14, Slot::Interface, [1, 4, 4]),
    tell(21, Slot::LastUptime, [4, 4, 4]),
    tell(22, Slot::FirstUptime, [4, 4, 4]),
    pair(27, Slot::Source, 16, 8),
    pair(28, Slot::Destination, 16, 12),
    pair(32, Slot::Icmp, 2, 139),
    tell(56, Slot::SourceMac, [6, 6, 6]),
    tell(58, Slot::Vlan, [2, 2, 2]),
    tell(59, Slot::Vlan, [2, 2, 2]),
    tell(60, Slot::IpVersion, [1, 1, 1]),
    tell(61, Slot::FlowDirection, [1, 1, 1]),
    tell(80, Slot::DestinationMac, [6, 6, 6]),
    tell(85, Slot::Octets, [1, 8, 8]),
    tell(86, Slot::Packets, [1, 8, 8]),
    pair(130, Slot::Exporter, 4, 131),
    pair(131, Slot::Exporter, 16, 130),
    tell(136, Slot::EndReason, [1, 1, 1]),
    pair(139, Slot::Icmp, 2, 32),
    tell(148, Slot::Number, [4, 8, 8]),
    tell(150, Slot::FirstSecs, [4, 4, 4]),
    tell(151, Slot::LastSecs, [4, 4, 4]),
    tell(152, Slot::FirstMs, [8, 8, 8]),
    tell(153, Slot::LastMs, [8, 8, 8]),
    tell(154, Slot::FirstUs, [8, 8, 8]),
    tell(155, Slot::LastUs, [8, 8, 8]),
    tell(156, Slot::FirstNs, [8, 8, 8]),
    tell(157, Slot::LastNs, [8, 8, 8]),
    tell(161, Slot::DurationMs, [1, 4, 4]),
    tell(162, Slot::DurationUs, [1, 4, 4]),
    pair(176, Slot::IcmpType, 1, 178),
    pair(177, Slot::IcmpCode, 1, 179),
    pair(178, Slot::IcmpType, 1, 176),
    pair(179, Slot::IcmpCode, 1, 177),
    tell(195, Slot::Dscp, [1, 1, 1]),
    tell(196, Slot::Precedence, [1, 1, 1]),
    tell(PADDING, Slot::Zero, [1, 1, 255]),
    tell(BIFLOW_DIRECTION, Slot::Began, [1, 1, 1]),
    tell(243, Slot::Vlan, [2, 2, 2]),
    tell(252, Slot::Interface, [1, 4, 4]),
    tell(253, Slot::Interface, [1, 4, 4]),
];

const fn tell(id: u16, slot: Slot, widths: [u16; 3]) -> Tell {
    Tell { id, slot, widths, other: None }
}

const fn pair(id: u16, slot: Slot, width: u16, other: u16) -> Tell {
    Tell { id, slot, widths: [width; 3], other: Some(other) }
}

/// The element of this number, if it can be told.
pub(super) fn find(id: u16) -> Option<&'static Tell> {
    ALL.iter().find(|tell| tell.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::registry;

    #[test]
    fn the_table_is_in_order_and_agrees_with_the_registry() {
        assert!(ALL.windows(2).all(|two| two[0].id < two[1].id));
        assert!(u32::from(WAYS) + 2 * u32::from(OF_A_WAY) <= 64);
        for tell in ALL {
            let entry = registry::find(tell.element()).unwrap();
            let [least, usual, most] = tell.widths;
            assert!(least <= usual && usual <= most, "{}", entry.name);
            if let Some(other) = tell.other {
                let other = find(other).unwrap();
                assert!(other.other == Some(tell.id) && other.slot == tell.slot && other.fits(true) != tell.fits(true));
            }
        }
    }
}
