//! Information elements: what a field of a flow is, by the IANA IPFIX registry (RFC 7012) and a local one.

/// The enterprise number of the local registry: elements that classic records have and IANA has not. They
/// live in files only, never on the wire.
pub const LOCAL: u32 = 0xFFFF_FFFF;

/// An information element: an enterprise number (0 for IANA's own) and a number within it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Element {
    /// Private enterprise number; 0 is IANA, [`LOCAL`] ours.
    pub enterprise: u32,
    /// The element's number in its registry.
    pub id: u16,
}

impl Element {
    /// An element of the IANA registry.
    pub const fn iana(id: u16) -> Element {
        Element { enterprise: 0, id }
    }

    /// An element of the local registry.
    pub const fn local(id: u16) -> Element {
        Element { enterprise: LOCAL, id }
    }

    /// flow-tools' short name, such as `srcaddr`.
    pub fn short_name(self) -> Option<&'static str> {
        TABLE.iter().find(|row| row.0 == self).map(|row| row.1)
    }

    /// The IANA name, such as `sourceIPv4Address`; the local registry's for its own.
    pub fn name(self) -> Option<&'static str> {
        TABLE.iter().find(|row| row.0 == self).map(|row| row.2)
    }

    /// The element flow-tools calls `short`.
    pub fn from_short_name(short: &str) -> Option<Element> {
        TABLE.iter().find(|row| row.1 == short).map(|row| row.0)
    }

    /// The element of an IANA or local name.
    pub fn from_name(name: &str) -> Option<Element> {
        TABLE.iter().find(|row| row.2 == name).map(|row| row.0)
    }
}

/// The elements that classic records are made of.
pub mod ie {
    use super::Element;

    /// `octetDeltaCount`
    pub const OCTETS: Element = Element::iana(1);
    /// `packetDeltaCount`
    pub const PACKETS: Element = Element::iana(2);
    /// `deltaFlowCount`
    pub const FLOWS: Element = Element::iana(3);
    /// `protocolIdentifier`
    pub const PROTOCOL: Element = Element::iana(4);
    /// `ipClassOfService`
    pub const TOS: Element = Element::iana(5);
    /// `tcpControlBits`
    pub const TCP_FLAGS: Element = Element::iana(6);
    /// `sourceTransportPort`
    pub const SRC_PORT: Element = Element::iana(7);
    /// `sourceIPv4Address`
    pub const SRC_ADDR4: Element = Element::iana(8);
    /// `sourceIPv4PrefixLength`
    pub const SRC_MASK: Element = Element::iana(9);
    /// `ingressInterface`
    pub const INPUT: Element = Element::iana(10);
    /// `destinationTransportPort`
    pub const DST_PORT: Element = Element::iana(11);
    /// `destinationIPv4Address`
    pub const DST_ADDR4: Element = Element::iana(12);
    /// `destinationIPv4PrefixLength`
    pub const DST_MASK: Element = Element::iana(13);
    /// `egressInterface`
    pub const OUTPUT: Element = Element::iana(14);
    /// `ipNextHopIPv4Address`
    pub const NEXT_HOP4: Element = Element::iana(15);
    /// `bgpSourceAsNumber`
    pub const SRC_AS: Element = Element::iana(16);
    /// `bgpDestinationAsNumber`
    pub const DST_AS: Element = Element::iana(17);
    /// `flowEndSysUpTime`
    pub const LAST: Element = Element::iana(21);
    /// `flowStartSysUpTime`
    pub const FIRST: Element = Element::iana(22);
    /// `sourceIPv6Address`
    pub const SRC_ADDR6: Element = Element::iana(27);
    /// `destinationIPv6Address`
    pub const DST_ADDR6: Element = Element::iana(28);
    /// `sourceIPv6PrefixLength`
    pub const SRC_MASK6: Element = Element::iana(29);
    /// `destinationIPv6PrefixLength`
    pub const DST_MASK6: Element = Element::iana(30);
    /// `icmpTypeCodeIPv4`
    pub const ICMP_TYPE_CODE4: Element = Element::iana(32);
    /// `engineType`
    pub const ENGINE_TYPE: Element = Element::iana(38);
    /// `engineId`
    pub const ENGINE_ID: Element = Element::iana(39);
    /// `sourceMacAddress`
    pub const SRC_MAC: Element = Element::iana(56);
    /// `vlanId`
    pub const VLAN_ID: Element = Element::iana(58);
    /// `ipNextHopIPv6Address`
    pub const NEXT_HOP6: Element = Element::iana(62);
    /// `destinationMacAddress`
    pub const DST_MAC: Element = Element::iana(80);
    /// `octetTotalCount`
    pub const OCTETS_TOTAL: Element = Element::iana(85);
    /// `packetTotalCount`
    pub const PACKETS_TOTAL: Element = Element::iana(86);
    /// `exporterIPv4Address`
    pub const EXPORTER4: Element = Element::iana(130);
    /// `exporterIPv6Address`
    pub const EXPORTER6: Element = Element::iana(131);
    /// `icmpTypeCodeIPv6`
    pub const ICMP_TYPE_CODE6: Element = Element::iana(139);
    /// `flowStartMilliseconds`
    pub const START_MS: Element = Element::iana(152);
    /// `flowEndMilliseconds`
    pub const END_MS: Element = Element::iana(153);
    /// `flowStartSeconds`
    pub const START_SECS: Element = Element::iana(150);
    /// `flowEndSeconds`
    pub const END_SECS: Element = Element::iana(151);
    /// `flowStartMicroseconds`
    pub const START_US: Element = Element::iana(154);
    /// `flowEndMicroseconds`
    pub const END_US: Element = Element::iana(155);
    /// `flowStartNanoseconds`
    pub const START_NS: Element = Element::iana(156);
    /// `flowEndNanoseconds`
    pub const END_NS: Element = Element::iana(157);
    /// `flowStartDeltaMicroseconds`
    pub const START_AGO: Element = Element::iana(158);
    /// `flowEndDeltaMicroseconds`
    pub const END_AGO: Element = Element::iana(159);
    /// `systemInitTimeMilliseconds`
    pub const BOOT_MS: Element = Element::iana(160);
    /// `observationTimeMilliseconds`
    pub const OBSERVED_MS: Element = Element::iana(323);
    /// `initiatorOctets`
    pub const INITIATOR_OCTETS: Element = Element::iana(231);
    /// `initiatorPackets`
    pub const INITIATOR_PACKETS: Element = Element::iana(298);
    /// `ingressPhysicalInterface`
    pub const PHYSICAL_INPUT: Element = Element::iana(252);
    /// `egressPhysicalInterface`
    pub const PHYSICAL_OUTPUT: Element = Element::iana(253);
    /// RFC 7012's paddingOctets.
    pub const PADDING: Element = Element::iana(210);
    /// Seconds of the exporter's clock when it sent the record, since 1970.
    pub const UNIX_SECS: Element = Element::local(1);
    /// Nanoseconds beside [`UNIX_SECS`].
    pub const UNIX_NSECS: Element = Element::local(2);
    /// The exporter's uptime in ms when it sent the record.
    pub const UPTIME: Element = Element::local(3);
    /// Octets a record reserves.
    pub const RESERVED: Element = Element::local(4);
    /// Version 7's flags of fields that are not valid.
    pub const V7_FLAGS: Element = Element::local(5);
    /// The router a switch took a short-cut around.
    pub const ROUTER_SC: Element = Element::local(6);
    /// Octets of encapsulation on the input side.
    pub const IN_ENCAPS: Element = Element::local(7);
    /// Octets of encapsulation on the output side.
    pub const OUT_ENCAPS: Element = Element::local(8);
    /// The peer's next hop (version 6).
    pub const PEER_NEXT_HOP: Element = Element::local(9);
    /// Packets that exceed a contract (version 8.6 to 8.8).
    pub const EXTRA_PACKETS: Element = Element::local(10);
    /// ToS of the packets that exceed a contract.
    pub const MARKED_TOS: Element = Element::local(11);
    /// Source tag (version 1005).
    pub const SRC_TAG: Element = Element::local(12);
    /// Destination tag (version 1005).
    pub const DST_TAG: Element = Element::local(13);
}

/// Element, flow-tools' short name, IANA's name.
const TABLE: &[(Element, &str, &str)] = &[
    (ie::OCTETS, "dOctets", "octetDeltaCount"),
    (ie::PACKETS, "dPkts", "packetDeltaCount"),
    (ie::FLOWS, "dFlows", "deltaFlowCount"),
    (ie::PROTOCOL, "prot", "protocolIdentifier"),
    (ie::TOS, "tos", "ipClassOfService"),
    (ie::TCP_FLAGS, "tcp_flags", "tcpControlBits"),
    (ie::SRC_PORT, "srcport", "sourceTransportPort"),
    (ie::SRC_ADDR4, "srcaddr", "sourceIPv4Address"),
    (ie::SRC_MASK, "src_mask", "sourceIPv4PrefixLength"),
    (ie::INPUT, "input", "ingressInterface"),
    (ie::DST_PORT, "dstport", "destinationTransportPort"),
    (ie::DST_ADDR4, "dstaddr", "destinationIPv4Address"),
    (ie::DST_MASK, "dst_mask", "destinationIPv4PrefixLength"),
    (ie::OUTPUT, "output", "egressInterface"),
    (ie::NEXT_HOP4, "nexthop", "ipNextHopIPv4Address"),
    (ie::SRC_AS, "src_as", "bgpSourceAsNumber"),
    (ie::DST_AS, "dst_as", "bgpDestinationAsNumber"),
    (ie::LAST, "Last", "flowEndSysUpTime"),
    (ie::FIRST, "First", "flowStartSysUpTime"),
    (ie::SRC_ADDR6, "srcaddr6", "sourceIPv6Address"),
    (ie::DST_ADDR6, "dstaddr6", "destinationIPv6Address"),
    (ie::SRC_MASK6, "src_mask6", "sourceIPv6PrefixLength"),
    (ie::DST_MASK6, "dst_mask6", "destinationIPv6PrefixLength"),
    (ie::ICMP_TYPE_CODE4, "icmp_type_code", "icmpTypeCodeIPv4"),
    (ie::ENGINE_TYPE, "engine_type", "engineType"),
    (ie::ENGINE_ID, "engine_id", "engineId"),
    (ie::SRC_MAC, "src_mac", "sourceMacAddress"),
    (ie::VLAN_ID, "vlan", "vlanId"),
    (ie::NEXT_HOP6, "nexthop6", "ipNextHopIPv6Address"),
    (ie::DST_MAC, "dst_mac", "destinationMacAddress"),
    (ie::OCTETS_TOTAL, "octets_total", "octetTotalCount"),
    (ie::PACKETS_TOTAL, "packets_total", "packetTotalCount"),
    (ie::EXPORTER4, "exaddr", "exporterIPv4Address"),
    (ie::EXPORTER6, "exaddr6", "exporterIPv6Address"),
    (ie::ICMP_TYPE_CODE6, "icmp6_type_code", "icmpTypeCodeIPv6"),
    (ie::START_MS, "start_ms", "flowStartMilliseconds"),
    (ie::END_MS, "end_ms", "flowEndMilliseconds"),
    (ie::START_SECS, "start_secs", "flowStartSeconds"),
    (ie::END_SECS, "end_secs", "flowEndSeconds"),
    (ie::START_US, "start_ntp", "flowStartMicroseconds"),
    (ie::END_US, "end_ntp", "flowEndMicroseconds"),
    (ie::START_NS, "start_ns", "flowStartNanoseconds"),
    (ie::END_NS, "end_ns", "flowEndNanoseconds"),
    (ie::START_AGO, "start_ago", "flowStartDeltaMicroseconds"),
    (ie::END_AGO, "end_ago", "flowEndDeltaMicroseconds"),
    (ie::BOOT_MS, "boot_ms", "systemInitTimeMilliseconds"),
    (ie::OBSERVED_MS, "observed_ms", "observationTimeMilliseconds"),
    (ie::INITIATOR_OCTETS, "initiator_octets", "initiatorOctets"),
    (ie::INITIATOR_PACKETS, "initiator_packets", "initiatorPackets"),
    (ie::PHYSICAL_INPUT, "physical_input", "ingressPhysicalInterface"),
    (ie::PHYSICAL_OUTPUT, "physical_output", "egressPhysicalInterface"),
    (ie::PADDING, "pad", "paddingOctets"),
    (ie::UNIX_SECS, "unix_secs", "exportSeconds"),
    (ie::UNIX_NSECS, "unix_nsecs", "exportNanoseconds"),
    (ie::UPTIME, "sysUpTime", "exporterUptime"),
    (ie::RESERVED, "reserved", "reservedOctets"),
    (ie::V7_FLAGS, "flags", "invalidFieldFlags"),
    (ie::ROUTER_SC, "router_sc", "shortcutRouterIPv4Address"),
    (ie::IN_ENCAPS, "in_encaps", "inputEncapsulationSize"),
    (ie::OUT_ENCAPS, "out_encaps", "outputEncapsulationSize"),
    (ie::PEER_NEXT_HOP, "peer_nexthop", "peerNextHopIPv4Address"),
    (ie::EXTRA_PACKETS, "extra_pkts", "excessPacketCount"),
    (ie::MARKED_TOS, "marked_tos", "excessClassOfService"),
    (ie::SRC_TAG, "src_tag", "sourceTag"),
    (ie::DST_TAG, "dst_tag", "destinationTag"),
];
