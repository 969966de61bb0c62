//! The words for fields, and what their values are.

use super::super::computed::Computed;
use super::super::source::{Reading, Source, sole_field};
use crate::flow::registry::{self, Kind};
use crate::flow::{Element, Field, symbols};

/// What the values of a field look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Values {
    /// Numbers up to `most`, compared as `scale` times what is written; with names where there is a table of them.
    Number { most: u64, scale: u64, names: Option<symbols::Kind> },
    /// Times, in ms.
    Duration,
    /// Dates, in these units.
    Date(DateUnit),
    /// Addresses; `net` where 10.1 means 10.1.0.0/16.
    Address { net: bool },
    /// TCP flags.
    Flags,
    /// Whole numbers with a sign.
    Signed,
    /// Numbers with a fraction.
    Float,
    /// `true` and `false`.
    Boolean,
    /// MAC addresses.
    Mac,
    /// Text.
    Text,
    /// Octets in hexadecimal.
    Octets,
    /// Whatever is written: a text in quotes, else a number.
    Any,
}

/// What dates are counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DateUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// NTP's format.
    Ntp,
}

/// A field that conditions can be about.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Subject {
    /// Where the values come from: one place, or two that `src` and `dst`, or `in` and `out`, choose from.
    pub sources: Vec<Source>,
    /// What they look like.
    pub values: Values,
    /// Which half of ICMP's type * 256 + code is meant.
    pub icmp: Option<IcmpPart>,
}

/// Half of ICMP's type * 256 + code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum IcmpPart {
    Type,
    Code,
}

const OCTET: Values = Values::Number { most: u8::MAX as u64, scale: 1, names: None };
const WIDE: Values = Values::Number { most: u32::MAX as u64, scale: 1, names: None };
const COUNT: Values = Values::Number { most: u64::MAX, scale: 1, names: None };
const RATE: Values = Values::Number { most: u64::MAX / 1000, scale: 1000, names: None };
const PORT: Values = Values::Number { most: u16::MAX as u64, scale: 1, names: Some(symbols::Kind::Port) };

impl Subject {
    fn new(sources: Vec<Source>, values: Values) -> Subject {
        Subject { sources, values, icmp: None }
    }

    /// Either address.
    pub(super) fn hosts() -> Subject {
        Subject::new(vec![Field::SrcAddr.into(), Field::DstAddr.into()], Values::Address { net: false })
    }

    /// The IP protocol.
    pub(super) fn protocol() -> Subject {
        let values = Values::Number { most: u8::MAX.into(), scale: 1, names: Some(symbols::Kind::Protocol) };
        Subject::new(vec![Field::Protocol.into()], values)
    }

    /// The field that a word means: one of the words below, an information element's name or flow-tools' short one.
    /// Case does not matter.
    pub(super) fn find(word: &str) -> Option<Subject> {
        let word = word.to_ascii_lowercase();
        keyword(&word).or_else(|| element(&word)).or_else(|| numbered(&word))
    }

    /// Whether `src` and `dst` have a meaning for it.
    pub(super) fn has_sides(&self) -> bool {
        self.sources.len() == 2
    }

    /// Whether it is interfaces, whose sides are `in` and `out`.
    pub(super) fn is_interface(&self) -> bool {
        self.sources.first() == Some(&Source::Field(Field::Input)) && self.has_sides()
    }
}

fn keyword(word: &str) -> Option<Subject> {
    let named = |most: u64, names| Values::Number { most, scale: 1, names: Some(names) };
    let both = |a: Field, b: Field, values| Subject::new(vec![a.into(), b.into()], values);
    let one = |field: Field, values| Subject::new(vec![field.into()], values);
    let made = |computed: Computed, values| Subject::new(vec![computed.into()], values);
    let icmp = |part| Subject { icmp: Some(part), ..made(Computed::IcmpTypeCode, OCTET) };
    Some(match word {
        "host" | "addr" | "address" => Subject::hosts(),
        "net" => Subject { values: Values::Address { net: true }, ..Subject::hosts() },
        "port" | "portrange" => Subject::new(vec![Source::Port(Field::SrcPort), Source::Port(Field::DstPort)], PORT),
        "proto" | "protocol" | "prot" => Subject::protocol(),
        "srcaddr" | "srcip" => one(Field::SrcAddr, Values::Address { net: false }),
        "dstaddr" | "dstip" => one(Field::DstAddr, Values::Address { net: false }),
        "srcport" => one(Field::SrcPort, PORT),
        "dstport" => one(Field::DstPort, PORT),
        "tos" => one(Field::Tos, OCTET),
        "flags" | "tcpflags" => one(Field::TcpFlags, Values::Flags),
        "router" | "exporter" => one(Field::Exporter, Values::Address { net: false }),
        "next" | "nexthop" => one(Field::NextHop, Values::Address { net: false }),
        "if" | "interface" => both(Field::Input, Field::Output, WIDE),
        "as" => both(Field::SrcAs, Field::DstAs, named(u32::MAX.into(), symbols::Kind::Asn)),
        "mask" => both(Field::SrcMask, Field::DstMask, OCTET),
        "tag" => both(Field::SrcTag, Field::DstTag, named(u32::MAX.into(), symbols::Kind::Tag)),
        "mac" => both(Field::SrcMac, Field::DstMac, Values::Mac),
        "vlan" => one(Field::VlanId, COUNT),
        "packets" => one(Field::Packets, COUNT),
        "bytes" | "octets" => one(Field::Octets, COUNT),
        "flows" => one(Field::Flows, COUNT),
        "pps" => made(Computed::PacketRate, RATE),
        "bps" => made(Computed::BitRate, RATE),
        "bpp" => made(Computed::PacketSize, RATE),
        "duration" => made(Computed::Duration, Values::Duration),
        "first" | "start" => made(Computed::Start, Values::Date(DateUnit::Milliseconds)),
        "last" | "end" => made(Computed::End, Values::Date(DateUnit::Milliseconds)),
        "icmp-type" | "icmptype" => icmp(IcmpPart::Type),
        "icmp-code" | "icmpcode" => icmp(IcmpPart::Code),
        "engine-type" => one(Field::EngineType, OCTET),
        "engine-id" => one(Field::EngineId, OCTET),
        _ => return None,
    })
}

/// An information element by name. Some names stand for elements of several registries.
fn element(word: &str) -> Option<Subject> {
    let mut elements: Vec<(Element, Kind)> = Vec::new();
    let named = registry::all().iter().filter(|entry| entry.name.eq_ignore_ascii_case(word));
    elements.extend(named.map(|entry| (entry.element, entry.kind)));
    let local = (1..=u16::from(u8::MAX)).map(Element::local).filter_map(registry::find);
    elements.extend(local.filter(|e| e.name.eq_ignore_ascii_case(word)).map(|e| (e.element, e.kind)));
    if elements.is_empty() {
        let short = short_name(word)?;
        elements.push((short, registry::find(short)?.kind));
    }
    let kind = elements.first()?.1;
    elements.retain(|(_, other)| *other == kind);
    let elements: Vec<Element> = elements.into_iter().map(|(element, _)| element).collect();
    let source = match elements.as_slice() {
        [only] => sole_field(*only).map(Source::Field),
        _ => None,
    };
    let source = source.unwrap_or(Source::Elements(elements, Reading::of(kind)));
    Some(Subject::new(vec![source], values_of(kind)))
}

/// An information element by its numbers, `e9id60001` of enterprise 9: those that are registered as what they are, others
/// as numbers or texts.
fn numbered(word: &str) -> Option<Subject> {
    let (enterprise, id) = word.strip_prefix('e')?.split_once("id")?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(enterprise) || !digits(id) {
        return None;
    }
    let element = Element { enterprise: enterprise.parse().ok()?, id: id.parse().ok()? };
    let kind = registry::find(element).map(|entry| entry.kind);
    let source = Source::Elements(vec![element], kind.map_or(Reading::Unsigned, Reading::of));
    Some(Subject::new(vec![source], kind.map_or(Values::Any, values_of)))
}

/// flow-tools' name of an element, in any case.
fn short_name(word: &str) -> Option<Element> {
    let every = Field::ALL.iter().flat_map(|field| field.candidates()).copied();
    every.into_iter().find(|e| e.short_name().is_some_and(|short| short.eq_ignore_ascii_case(word)))
}

fn values_of(kind: Kind) -> Values {
    match kind {
        Kind::Number => COUNT,
        Kind::Signed => Values::Signed,
        Kind::Float => Values::Float,
        Kind::Boolean => Values::Boolean,
        Kind::Ipv4 | Kind::Ipv6 => Values::Address { net: false },
        Kind::Mac => Values::Mac,
        Kind::Text => Values::Text,
        Kind::Octets => Values::Octets,
        Kind::Seconds => Values::Date(DateUnit::Seconds),
        Kind::Milliseconds => Values::Date(DateUnit::Milliseconds),
        Kind::Microseconds | Kind::Nanoseconds => Values::Date(DateUnit::Ntp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_can_be_asked_for() {
        for entry in registry::all() {
            assert!(Subject::find(entry.name).is_some(), "{entry:?}");
        }
    }

    #[test]
    fn names_of_all_kinds_are_found() {
        let found = |word: &str| Subject::find(word).map(|subject| subject.sources);
        assert_eq!(found("vlanId"), Some(vec![Field::VlanId.into()]));
        assert_eq!(found("DOCTETS"), Some(vec![Source::Elements(vec![crate::flow::ie::OCTETS], Reading::Unsigned)]));
        assert_eq!(found("router_sc"), Some(vec![Field::RouterSc.into()]));
        assert_eq!(found("sourceTag"), Some(vec![Field::SrcTag.into()]));
        assert_eq!(found("prot"), found("proto"));
        assert_eq!(found("nothing"), None);
    }
}
