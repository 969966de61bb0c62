//! What a definition can match, and with primitives of which types.

use super::primitive::{Primitive, Type};
use crate::flow::Field;
use crate::select::config::{Mistake, Names, Word};
use crate::select::{Computed, Predicate, Source};

/// The types of primitives that hold addresses, tags, and times.
const ADDRESSES: &[Type] = &[Type::Address, Type::AddressMask, Type::AddressPrefix];
const TAGS: &[Type] = &[Type::Tag, Type::TagMask];
const COUNTER: &[Type] = &[Type::Counter];
const DOUBLE: &[Type] = &[Type::Double];
const TIMES: &[Type] = &[Type::TimeDate, Type::Time];

/// What is matched: its name, where it comes from, and the types of primitives that can match it.
type What = (&'static str, Source, &'static [Type]);

const fn field(name: &'static str, field: Field, types: &'static [Type]) -> What {
    (name, Source::Field(field), types)
}

const fn computed(name: &'static str, computed: Computed, types: &'static [Type]) -> What {
    (name, Source::Computed(computed), types)
}

/// Everything that can be matched.
static WHAT: [What; 33] = [
    field("source-as", Field::SrcAs, &[Type::As]),
    field("destination-as", Field::DstAs, &[Type::As]),
    field("ip-source-address", Field::SrcAddr, ADDRESSES),
    field("ip-destination-address", Field::DstAddr, ADDRESSES),
    field("ip-exporter-address", Field::Exporter, ADDRESSES),
    field("ip-nexthop-address", Field::NextHop, ADDRESSES),
    field("ip-shortcut-address", Field::RouterSc, ADDRESSES),
    field("ip-protocol", Field::Protocol, &[Type::Protocol]),
    field("ip-source-address-prefix-len", Field::SrcMask, &[Type::PrefixLength]),
    field("ip-destination-address-prefix-len", Field::DstMask, &[Type::PrefixLength]),
    field("ip-tos", Field::Tos, &[Type::Tos]),
    field("ip-marked-tos", Field::MarkedTos, &[Type::Tos]),
    field("ip-tcp-flags", Field::TcpFlags, &[Type::TcpFlags]),
    field("ip-source-port", Field::SrcPort, &[Type::Port]),
    field("ip-destination-port", Field::DstPort, &[Type::Port]),
    field("input-interface", Field::Input, &[Type::Interface]),
    field("output-interface", Field::Output, &[Type::Interface]),
    computed("start-time", Computed::Start, TIMES),
    computed("end-time", Computed::End, TIMES),
    field("flows", Field::Flows, COUNTER),
    field("octets", Field::Octets, COUNTER),
    field("packets", Field::Packets, COUNTER),
    field("extra-packets", Field::ExtraPackets, COUNTER),
    computed("duration", Computed::Duration, COUNTER),
    field("engine-id", Field::EngineId, &[Type::Engine]),
    field("engine-type", Field::EngineType, &[Type::Engine]),
    field("source-tag", Field::SrcTag, TAGS),
    field("destination-tag", Field::DstTag, TAGS),
    computed("pps", Computed::PacketsASecond, DOUBLE),
    computed("bps", Computed::BitsASecond, DOUBLE),
    computed("random-sample", Computed::Chance, &[Type::Rate]),
    field("ip-next-hop-address", Field::NextHop, ADDRESSES),
    field("xtra-packets", Field::ExtraPackets, COUNTER),
];

/// The condition that a line `match WHAT PRIMITIVE` is.
pub(super) fn compile(what: &Word, name: &Word, primitives: &Names<Primitive>) -> Result<Predicate, Mistake> {
    let Some((_, source, types)) = WHAT.iter().find(|(known, ..)| what.is(known)) else {
        let names: Vec<&str> = WHAT.iter().map(|(name, ..)| *name).collect();
        return Err(what.expected(&format!("one of {}", names.join(", "))));
    };
    let primitive = primitives.find(name, "a filter-primitive")?;
    let found = primitive.kind().filter(|kind| types.contains(kind));
    let Some(kind) = found else {
        let names: Vec<&str> = types.iter().map(|kind| kind.name()).collect();
        let is = primitive.kind().map_or("no type", Type::name);
        return Err(name.expected(&format!(
            "a primitive of type {} to match {}, this is of {is}",
            names.join(" or "),
            what.text
        )));
    };
    let source = match (source, kind) {
        (Source::Computed(Computed::Start), Type::Time) => Computed::StartOfDay.into(),
        (Source::Computed(Computed::End), Type::Time) => Computed::EndOfDay.into(),
        _ => source.clone(),
    };
    Ok(primitive.predicate(&source))
}
