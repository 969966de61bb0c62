//! What fields are called.

use crate::flow::registry::{self, Entry};
use crate::flow::symbols::Kind as Names;
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field};

/// What a word stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Field(Field),
    /// An element that is no field.
    Element(Entry),
    /// A flow's own times, whichever way the exporter says them.
    Start,
    End,
}

/// Words beside flow-tools' short names and IANA's.
const ALIASES: &[(&str, Source)] = &[
    ("first", Source::Start),
    ("start", Source::Start),
    ("start_ms", Source::Start),
    ("flowstartmilliseconds", Source::Start),
    ("last", Source::End),
    ("end", Source::End),
    ("end_ms", Source::End),
    ("flowendmilliseconds", Source::End),
    ("srcip", Source::Field(Field::SrcAddr)),
    ("dstip", Source::Field(Field::DstAddr)),
    ("sport", Source::Field(Field::SrcPort)),
    ("dport", Source::Field(Field::DstPort)),
    ("proto", Source::Field(Field::Protocol)),
    ("protocol", Source::Field(Field::Protocol)),
    ("bytes", Source::Field(Field::Octets)),
    ("octets", Source::Field(Field::Octets)),
    ("packets", Source::Field(Field::Packets)),
    ("pkts", Source::Field(Field::Packets)),
    ("flows", Source::Field(Field::Flows)),
    ("flags", Source::Field(Field::TcpFlags)),
    ("exporter", Source::Field(Field::Exporter)),
    ("if_in", Source::Field(Field::Input)),
    ("if_out", Source::Field(Field::Output)),
    ("srcas", Source::Field(Field::SrcAs)),
    ("dstas", Source::Field(Field::DstAs)),
    ("srcmask", Source::Field(Field::SrcMask)),
    ("dstmask", Source::Field(Field::DstMask)),
];

/// Fields of either end, and what they have in common.
pub(super) const ENDS: [(&str, Field, Field); 7] = [
    ("addr", Field::SrcAddr, Field::DstAddr),
    ("port", Field::SrcPort, Field::DstPort),
    ("as", Field::SrcAs, Field::DstAs),
    ("mask", Field::SrcMask, Field::DstMask),
    ("mac", Field::SrcMac, Field::DstMac),
    ("tag", Field::SrcTag, Field::DstTag),
    ("if", Field::Input, Field::Output),
];

/// What a word stands for, in either case.
pub(super) fn find(word: &str) -> Option<Source> {
    let alias = ALIASES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    let called = |element: &Element| {
        let is = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(word));
        is(element.short_name()) || is(element.name())
    };
    let field = || Field::ALL.iter().find(|field| field.candidates().iter().any(called));
    let named = |entry: &&Entry| entry.name.eq_ignore_ascii_case(word);
    let element = || registry::all().iter().find(named).map(|entry| Source::Element(*entry));
    alias.map(|(_, source)| *source).or_else(|| field().map(|field| Source::Field(*field))).or_else(element)
}

/// What a field is called in a report.
pub(super) fn title(field: Field) -> String {
    let element = field.candidates().first();
    match field {
        // The short names are those of the flow's own times.
        Field::First | Field::Last => element.and_then(|element| element.name()).unwrap_or_default().to_owned(),
        _ => element.and_then(|element| element.short_name()).unwrap_or_default().to_lowercase(),
    }
}

/// The words that are understood, one a field, for messages.
pub(super) fn known() -> String {
    let times = ["first", "last"].map(str::to_owned);
    // Of the ways in which flows tell their times nobody has to know.
    let clock = [Field::UnixSecs, Field::UnixNsecs, Field::Uptime];
    let shown = |field: &&Field| clock.contains(field) || !FlowTimes::FIELDS.contains(field);
    let fields = Field::ALL.iter().filter(shown).map(|field| title(*field));
    fields.chain(times).collect::<Vec<_>>().join(" ")
}

/// Whether the field is an address.
pub(super) fn is_address(field: Field) -> bool {
    use Field::{DstAddr, Exporter, NextHop, PeerNextHop, RouterSc, SrcAddr};
    matches!(field, SrcAddr | DstAddr | NextHop | Exporter | RouterSc | PeerNextHop)
}

/// The names that a field's numbers may have.
pub(super) fn symbols(field: Field) -> Option<Names> {
    match field {
        Field::SrcPort | Field::DstPort => Some(Names::Port),
        Field::Protocol => Some(Names::Protocol),
        Field::SrcAs | Field::DstAs => Some(Names::Asn),
        Field::SrcTag | Field::DstTag => Some(Names::Tag),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_by_many_names() {
        for (words, field) in [
            (&["srcaddr", "SRCADDR", "sourceIPv4Address", "sourceIPv6Address", "srcip"][..], Field::SrcAddr),
            (&["prot", "proto", "protocolIdentifier"], Field::Protocol),
            (&["dOctets", "bytes", "octets", "octetDeltaCount", "octetTotalCount"], Field::Octets),
            (&["src_as", "bgpSourceAsNumber"], Field::SrcAs),
            (&["input", "ingressInterface"], Field::Input),
            (&["exaddr"], Field::Exporter),
            (&["flowStartSysUpTime"], Field::First),
        ] {
            words.iter().for_each(|word| assert_eq!(find(word), Some(Source::Field(field)), "{word}"));
        }
        assert_eq!((find("First"), find("flowEndMilliseconds")), (Some(Source::Start), Some(Source::End)));
        assert_eq!((find(""), find("srcaddress")), (None, None));
    }

    #[test]
    fn what_is_listed_is_understood() {
        for word in known().split(' ') {
            assert!(find(word).is_some(), "{word}");
        }
        for field in Field::ALL {
            let back = find(&title(*field));
            let time = matches!(field, Field::StartMs | Field::EndMs);
            assert!(time || back == Some(Source::Field(*field)), "{field:?}");
        }
    }
}
