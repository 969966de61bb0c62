//! The types of report: a table of what each groups by. A new type is one line here.

use crate::flow::Field;
use crate::flow::symbols::Kind as Names;
use crate::report::Part;

/// A type of report.
#[derive(Debug)]
pub struct Type {
    /// What configurations call it.
    pub name: &'static str,
    /// What is made of the flows.
    pub kind: Kind,
    /// The columns of the key.
    pub keys: &'static [Key],
}

/// What a report makes of the flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Totals, averages and distributions.
    Detail,
    /// Totals only.
    Counters,
    /// A line a second: the flows, octets and packets of each flow spread evenly over its seconds.
    Seconds,
    /// A line a group of flows with the same key.
    Groups,
    /// The same; flows count under either of two keys of one column.
    Either,
    /// A line a group by the first of two keys, and how many values the second has in it.
    Count,
}

/// A column of a key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its title.
    pub title: &'static str,
    /// What it is made of.
    pub what: What,
}

/// What a column of a key is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An address; the report may ask for its prefix length, or for its prefix.
    Address(Side),
    /// An address of neither side.
    Host(Field),
    /// A number, which may have a name.
    Number(Field, Option<Names>),
    /// A tag, of which the report may ask for some bits only.
    Tag(Side),
    /// The class of an address.
    Class(Side),
    /// Anything else that flows are grouped by.
    Other(Part),
}

/// Where a flow comes from, or goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Where it comes from.
    Source,
    /// Where it goes to.
    Destination,
}

impl Side {
    /// The address.
    pub fn address(self) -> Field {
        if self == Side::Source { Field::SrcAddr } else { Field::DstAddr }
    }

    /// The length of the address's prefix.
    pub fn mask(self) -> Field {
        if self == Side::Source { Field::SrcMask } else { Field::DstMask }
    }

    /// The tag.
    pub fn tag(self) -> Field {
        if self == Side::Source { Field::SrcTag } else { Field::DstTag }
    }
}

const fn key(title: &'static str, what: What) -> Key {
    Key { title, what }
}

const fn number(title: &'static str, field: Field) -> Key {
    key(title, What::Number(field, None))
}

const fn named(title: &'static str, field: Field, names: Names) -> Key {
    key(title, What::Number(field, Some(names)))
}

const fn other(title: &'static str, part: Part) -> Key {
    key(title, What::Other(part))
}

const fn of(name: &'static str, keys: &'static [Key]) -> Type {
    Type { name, kind: Kind::Groups, keys }
}

const fn kind(name: &'static str, kind: Kind, keys: &'static [Key]) -> Type {
    Type { name, kind, keys }
}

const SRC: Key = key("ip-source-address", What::Address(Side::Source));
const DST: Key = key("ip-destination-address", What::Address(Side::Destination));
const HOP: Key = key("ip-next-hop-address", What::Host(Field::NextHop));
const EXP: Key = key("ip-exporter-address", What::Host(Field::Exporter));
const SPORT: Key = named("ip-source-port", Field::SrcPort, Names::Port);
const DPORT: Key = named("ip-destination-port", Field::DstPort, Names::Port);
const PROT: Key = named("ip-protocol", Field::Protocol, Names::Protocol);
const TOS: Key = number("ip-tos", Field::Tos);
const IN: Key = number("input-interface", Field::Input);
const OUT: Key = number("output-interface", Field::Output);
const SAS: Key = named("source-as", Field::SrcAs, Names::Asn);
const DAS: Key = named("destination-as", Field::DstAs, Names::Asn);
const STAG: Key = key("source-tag", What::Tag(Side::Source));
const DTAG: Key = key("destination-tag", What::Tag(Side::Destination));
const ADDRESS: [Key; 2] =
    [key("ip-address", What::Address(Side::Source)), key("ip-address", What::Address(Side::Destination))];
const PORT: [Key; 2] = [named("ip-port", Field::SrcPort, Names::Port), named("ip-port", Field::DstPort, Names::Port)];

/// Titles that the original has by mistake, and that are read by scripts.
const DST_AS_SRC: Key = key("ip-source-address", What::Address(Side::Destination));
const SAS_AS_DAS: Key = named("destination-as", Field::SrcAs, Names::Asn);
const DAS_AS_SAS: Key = named("source-as", Field::DstAs, Names::Asn);
const DAS_LOUD: Key = named("destination-AS", Field::DstAs, Names::Asn);

/// Every type, in the order in which they are listed.
pub static TYPES: &[Type] = &[
    kind("summary-detail", Kind::Detail, &[]),
    kind("summary-counters", Kind::Counters, &[]),
    of("packet-size", &[other("packet size/flow", Part::PacketSize)]),
    of("octets", &[number("octets/flow", Field::Octets)]),
    of("packets", &[number("packets/flow", Field::Packets)]),
    of("ip-source-port", &[SPORT]),
    of("ip-destination-port", &[DPORT]),
    of("ip-source/destination-port", &[SPORT, DPORT]),
    of("bps", &[other("bps/flow", Part::BitRate)]),
    of("pps", &[other("pps/flow", Part::PacketRate)]),
    of("ip-destination-address-type", &[key("ip-destination-address-type", What::Class(Side::Destination))]),
    of("ip-protocol", &[PROT]),
    of("ip-tos", &[TOS]),
    of("ip-next-hop-address", &[HOP]),
    of("ip-source-address", &[SRC]),
    of("ip-destination-address", &[DST]),
    of("ip-source/destination-address", &[SRC, DST]),
    of("ip-exporter-address", &[EXP]),
    of("input-interface", &[IN]),
    of("output-interface", &[OUT]),
    of("input/output-interface", &[IN, OUT]),
    of("source-as", &[SAS]),
    of("destination-as", &[DAS]),
    of("source/destination-as", &[SAS, DAS_LOUD]),
    of("ip-source-address/source-as", &[SRC, SAS]),
    of("ip-destination-address/source-as", &[DST_AS_SRC, SAS_AS_DAS]),
    of("ip-source-address/destination-as", &[SRC, DAS]),
    of("ip-destination-address/destination-as", &[DST, DAS_AS_SAS]),
    of("ip-source/destination-address/source-as", &[SRC, DST, SAS]),
    of("ip-source/destination-address/destination-as", &[SRC, DST, DAS]),
    of("ip-source/destination-address/source/destination-as", &[SRC, DST, SAS, DAS]),
    of("ip-source-address/input-interface", &[SRC, IN]),
    of("ip-destination-address/input-interface", &[DST, IN]),
    of("ip-source-address/output-interface", &[SRC, OUT]),
    of("ip-destination-address/output-interface", &[DST, OUT]),
    of("ip-source/destination-address/input-interface", &[SRC, DST, IN]),
    of("ip-source/destination-address/output-interface", &[SRC, DST, OUT]),
    of("ip-source/destination-address/input/output-interface", &[SRC, DST, IN, OUT]),
    of("input-interface/source-as", &[IN, SAS]),
    of("input-interface/destination-as", &[IN, DAS]),
    of("output-interface/source-as", &[OUT, SAS]),
    of("output-interface/destination-as", &[OUT, DAS]),
    of("input-interface/source/destination-as", &[IN, SAS, DAS]),
    of("output-interface/source/destination-as", &[OUT, SAS, DAS]),
    of("input/output-interface/source/destination-as", &[IN, OUT, SAS, DAS]),
    of("engine-id", &[number("engine-id", Field::EngineId)]),
    of("engine-type", &[number("engine-type", Field::EngineType)]),
    of("source-tag", &[STAG]),
    of("destination-tag", &[DTAG]),
    of("source/destination-tag", &[STAG, DTAG]),
    of("ip-source-address/ip-source-port", &[SRC, SPORT]),
    of("ip-source-address/ip-destination-port", &[SRC, DPORT]),
    of("ip-destination-address/ip-source-port", &[DST, SPORT]),
    of("ip-destination-address/ip-destination-port", &[DST, DPORT]),
    of("ip-source-address/ip-source/destination-port", &[SRC, SPORT, DPORT]),
    of("ip-destination-address/ip-source/destination-port", &[DST, SPORT, DPORT]),
    of("ip-source/destination-address/ip-source-port", &[SRC, DST, SPORT]),
    of("ip-source/destination-address/ip-destination-port", &[SRC, DST, DPORT]),
    of("ip-source/destination-address/ip-source/destination-port", &[SRC, DST, SPORT, DPORT]),
    of("ip-source-address/input/output-interface", &[SRC, IN, OUT]),
    of("ip-destination-address/input/output-interface", &[DST, IN, OUT]),
    of("ip-source-address/source/destination-as", &[SRC, SAS, DAS]),
    of("ip-destination-address/source/destination-as", &[DST, SAS, DAS]),
    kind("ip-address", Kind::Either, &ADDRESS),
    kind("ip-port", Kind::Either, &PORT),
    kind("ip-source-address-destination-count", Kind::Count, &[SRC, DST]),
    kind("ip-destination-address-source-count", Kind::Count, &[DST, SRC]),
    of(
        "ip-source/destination-address/ip-protocol/ip-tos/ip-source/destination-port",
        &[SRC, DST, SPORT, DPORT, PROT, TOS],
    ),
    of("ip-source/destination-address/ip-protocol/ip-tos", &[SRC, DST, PROT, TOS]),
    of("ip-source-address/source-tag", &[SRC, STAG]),
    of("ip-source-address/destination-tag", &[SRC, DTAG]),
    of("ip-destination-address/source-tag", &[DST, STAG]),
    of("ip-destination-address/destination-tag", &[DST, DTAG]),
    of("ip-source/destination-address/source/destination-tag", &[SRC, DST, STAG, DTAG]),
    kind("linear-interpolated-flows-octets-packets", Kind::Seconds, &[]),
    of("first", &[other("First", Part::Stamp(Field::First))]),
    of("last", &[other("Last", Part::Stamp(Field::Last))]),
    of("duration", &[other("Duration", Part::Duration)]),
    of("ip-exporter-address/input-interface", &[EXP, IN]),
];

impl Type {
    /// The type of a name.
    pub fn named(name: &str) -> Option<&'static Type> {
        TYPES.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the key that are shown: of two keys that flows count under either of, and of a count, one.
    pub fn columns(&self) -> &'static [Key] {
        match self.kind {
            Kind::Either | Kind::Count => self.keys.get(..1).unwrap_or(self.keys),
            _ => self.keys,
        }
    }

    /// Whether the key has the address of a side.
    pub fn has_address(&self, side: Side) -> bool {
        self.keys.iter().any(|key| key.what == What::Address(side) || key.what == What::Class(side))
    }

    /// Whether the original keeps the groups in an array: it shows those in order of the key, others as they came.
    pub fn is_array(&self) -> bool {
        match self.columns() {
            [key] => match key.what {
                What::Number(field, _) => !matches!(field, Field::Octets | Field::Packets),
                What::Class(_) => true,
                _ => false,
            },
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_name_of_its_own_and_a_key() {
        for (at, known) in TYPES.iter().enumerate() {
            assert!(TYPES[..at].iter().all(|other| other.name != known.name), "{}", known.name);
            let bare = matches!(known.kind, Kind::Detail | Kind::Counters | Kind::Seconds);
            assert_eq!(known.columns().is_empty(), bare, "{}", known.name);
        }
        // The original has 78.
        assert!(TYPES.len() >= 78);
        assert!(Type::named("IP-Protocol").is_some() && Type::named("ip").is_none());
    }
}
