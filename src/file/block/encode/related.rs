//! Which elements have to do with each other.

use crate::flow::{Element, ie};

/// Pairs of a source's and a destination's element that may have the same value for the same address.
pub(super) const TWINS: [(Element, Element); 5] = [
    (ie::SRC_AS, ie::DST_AS),
    (ie::SRC_MASK, ie::DST_MASK),
    (ie::SRC_MASK6, ie::DST_MASK6),
    (ie::INPUT, ie::OUTPUT),
    (ie::SRC_TAG, ie::DST_TAG),
];

/// An IANA element, and one that its number may differ little from.
const NEAR: [(Element, Element); 19] = [
    // First packet to last packet, last packet to export.
    (ie::FIRST, ie::LAST),
    (ie::LAST, ie::UPTIME),
    (ie::START_MS, ie::END_MS),
    (Element::iana(150), Element::iana(151)),
    (Element::iana(151), ie::UNIX_SECS),
    (Element::iana(154), Element::iana(155)),
    (Element::iana(156), Element::iana(157)),
    (Element::iana(158), Element::iana(159)),
    // After a middlebox to before it.
    (Element::iana(23), ie::OCTETS),
    (Element::iana(24), ie::PACKETS),
    (ie::OCTETS_TOTAL, ie::OCTETS),
    (ie::PACKETS_TOTAL, ie::PACKETS),
    (Element::iana(55), ie::TOS),
    (Element::iana(59), ie::VLAN_ID),
    (Element::iana(225), ie::SRC_ADDR4),
    (Element::iana(226), ie::DST_ADDR4),
    (Element::iana(227), ie::SRC_PORT),
    (Element::iana(228), ie::DST_PORT),
    (ie::PEER_NEXT_HOP, ie::NEXT_HOP4),
];

/// The elements that an element's numbers may differ little from. Chains of them end.
pub(super) fn references(element: Element) -> impl Iterator<Item = Element> {
    NEAR.iter().filter(move |(from, _)| *from == element).map(|(_, to)| *to)
}

/// Whether an element's numbers grow from flow to flow, exporters' clocks being what they are.
pub(super) fn is_clock(element: Element) -> bool {
    [ie::UNIX_SECS, ie::UNIX_NSECS, ie::UPTIME, ie::LAST, ie::END_MS].contains(&element)
        || [151, 155, 157].map(Element::iana).contains(&element)
}
