//! Classic flow records: the NetFlow export versions flow-tools stores, and where each field lies in a record.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use super::element::{Element, ie};
use super::schema::{FieldSpec, Schema};

/// An export version whose flows are stored as classic fixed-size records (stream version 3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Version {
    /// Version 1: no masks, AS numbers or sequence numbers.
    V1,
    /// Version 5, what most routers send.
    V5,
    /// Version 6: version 5 with encapsulation sizes and the peer's next hop.
    V6,
    /// Version 7, of Catalyst switches: version 5 with the router short-cut.
    V7,
    /// Version 8 with its aggregation method, 1 to 14.
    V8(u8),
    /// Version 5 with source and destination tags.
    V1005,
}

impl Version {
    /// Every classic version, version 8 once a method.
    pub const ALL: [Version; 19] = [
        Version::V1,
        Version::V5,
        Version::V6,
        Version::V7,
        Version::V8(1),
        Version::V8(2),
        Version::V8(3),
        Version::V8(4),
        Version::V8(5),
        Version::V8(6),
        Version::V8(7),
        Version::V8(8),
        Version::V8(9),
        Version::V8(10),
        Version::V8(11),
        Version::V8(12),
        Version::V8(13),
        Version::V8(14),
        Version::V1005,
    ];

    /// The version from a header's numbers; `None` where no record layout is known.
    pub fn from_numbers(version: u16, method: u8) -> Option<Version> {
        match version {
            1 => Some(Version::V1),
            5 => Some(Version::V5),
            6 => Some(Version::V6),
            7 => Some(Version::V7),
            8 if (1..=14).contains(&method) => Some(Version::V8(method)),
            1005 => Some(Version::V1005),
            _ => None,
        }
    }

    /// The export version's number as headers carry it.
    pub fn number(self) -> u16 {
        match self {
            Version::V1 => 1,
            Version::V5 => 5,
            Version::V6 => 6,
            Version::V7 => 7,
            Version::V8(_) => 8,
            Version::V1005 => 1005,
        }
    }

    /// The aggregation method of version 8, else 0.
    pub fn method(self) -> u8 {
        match self {
            Version::V8(method) => method,
            _ => 0,
        }
    }

    /// What the aggregation methods are called where flow-tools prints them.
    pub fn method_name(self) -> &'static str {
        const NAMES: [&str; 15] = [
            "None",
            "AS",
            "Protocol Port",
            "Source Prefix",
            "Destination Prefix",
            "Prefix",
            "Destination",
            "Source Destination",
            "Full Flow",
            "ToS AS",
            "ToS Proto Port",
            "ToS Source Prefix",
            "ToS Destination Prefix",
            "ToS Prefix",
            "ToS Prefix Port",
        ];
        NAMES.get(self.method() as usize).copied().unwrap_or("Unknown")
    }

    /// The record's layout.
    pub fn layout(self) -> &'static Layout {
        static LAYOUTS: OnceLock<Vec<Layout>> = OnceLock::new();
        let all = LAYOUTS.get_or_init(|| Version::ALL.iter().map(|v| Layout::of(*v)).collect());
        let at = Version::ALL.iter().position(|v| *v == self).unwrap_or(0);
        &all[at]
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::V8(method) => write!(f, "8.{method}"),
            other => write!(f, "{}", other.number()),
        }
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let parsed = match text.split_once('.') {
            Some((v, m)) => v.parse().ok().zip(m.parse().ok()),
            None => text.parse().ok().map(|v| (v, 0)),
        };
        parsed
            .and_then(|(v, m)| Version::from_numbers(v, m))
            .ok_or_else(|| format!("'{text}' is not an export version: expected 1, 5, 6, 7, 8.1 to 8.14 or 1005"))
    }
}

/// Where the fields of a classic record lie. Numbers are in the file's byte order.
#[derive(Debug)]
pub struct Layout {
    /// The version laid out.
    pub version: Version,
    /// Octets a record.
    pub size: usize,
    /// The fields in order, paddings included, as a batch's schema.
    pub schema: Arc<Schema>,
    /// Each field's offset in the record.
    pub offsets: Vec<u16>,
    /// Runs of (offset, width) for turning a whole record into the other byte order.
    pub swaps: Vec<(u16, u8)>,
    /// Records of the other byte order have fields that are not in that order: they can be swapped, but not be
    /// looked at as they are.
    pub mixed: bool,
}

impl Layout {
    fn of(version: Version) -> Layout {
        let mut specs: Vec<FieldSpec> = Vec::new();
        let (mut offsets, mut swaps, mut at, mut mixed) = (Vec::new(), Vec::new(), 0u16, false);
        for (element, width) in parse(fields(version)) {
            let occurrence = specs.iter().filter(|s| s.element == element).count() as u16;
            specs.push(FieldSpec { element, occurrence, width });
            offsets.push(at);
            let swapped = swapped(version, element, width);
            if swapped > 1 {
                swaps.push((at, swapped as u8));
            }
            mixed |= swapped != width;
            at += width;
        }
        Layout { version, size: at as usize, schema: Arc::new(Schema::new(specs)), offsets, swaps, mixed }
    }

    /// The offset of `element`'s first occurrence, and its width.
    pub fn find(&self, element: Element) -> Option<(usize, usize)> {
        let at = self.schema.position(element, 0)?;
        Some((*self.offsets.get(at)? as usize, self.schema.fields().get(at)?.width as usize))
    }

    /// Turns `records` (whole records) from one byte order into the other, in place.
    pub fn swap(&self, records: &mut [u8]) {
        for record in records.chunks_exact_mut(self.size) {
            for (at, width) in &self.swaps {
                let (at, width) = (*at as usize, *width as usize);
                if let Some(number) = record.get_mut(at..at + width) {
                    number.reverse();
                }
            }
        }
    }
}

/// The fields of a version's record: flow-tools' names, with a width where it is not the element's usual one.
fn fields(version: Version) -> &'static [&'static str] {
    const V1: &[&str] = &[COMMON, "srcport dstport prot tos tcp_flags pad:1 reserved:4"];
    const V5: &[&str] = &[COMMON, PORTS, "pad:1 engine_type engine_id src_mask dst_mask src_as dst_as"];
    const V6: &[&str] = &[V5[0], V5[1], V5[2], "in_encaps out_encaps pad:2 peer_nexthop"];
    const V7: &[&str] = &[COMMON, PORTS, "flags engine_type engine_id src_mask dst_mask src_as dst_as router_sc"];
    const V1005: &[&str] = &[V5[0], V5[1], V5[2], "src_tag dst_tag"];
    const COMMON: &str =
        "unix_secs unix_nsecs sysUpTime exaddr srcaddr dstaddr nexthop input output dPkts dOctets First Last";
    const PORTS: &str = "srcport dstport prot tos tcp_flags";
    // The heads of version 8's records: with flow counts, the same with exporter before uptime, without flow counts.
    const A: &str = "unix_secs unix_nsecs sysUpTime exaddr dFlows dPkts dOctets First Last";
    const B: &str = "unix_secs unix_nsecs exaddr sysUpTime dFlows dPkts dOctets First Last";
    const C: &str = "unix_secs unix_nsecs sysUpTime exaddr dPkts dOctets First Last dstaddr";
    match version {
        Version::V1 => V1,
        Version::V5 => V5,
        Version::V6 => V6,
        Version::V7 => V7,
        Version::V1005 => V1005,
        Version::V8(1) => &[A, "src_as dst_as input output engine_type engine_id pad:2"],
        Version::V8(2) => &[A, "prot pad:1 reserved:2 srcport dstport engine_type engine_id pad:2"],
        Version::V8(3) => &[B, "srcaddr src_mask pad:1 src_as input engine_type engine_id"],
        Version::V8(4) => &[A, "dstaddr dst_mask pad:1 engine_type engine_id dst_as output"],
        Version::V8(5) => &[A, "srcaddr dstaddr dst_mask src_mask engine_type engine_id src_as dst_as input output"],
        Version::V8(6) => &[C, "extra_pkts router_sc output pad:2 tos marked_tos engine_type engine_id"],
        Version::V8(7) => &[C, "srcaddr extra_pkts router_sc output input tos marked_tos engine_type engine_id"],
        Version::V8(8) => &[
            C,
            "srcaddr extra_pkts router_sc dstport srcport output input tos marked_tos engine_type engine_id prot pad:3",
        ],
        Version::V8(9) => &[A, "src_as dst_as input output engine_type engine_id tos pad:1"],
        Version::V8(10) => &[A, "srcport dstport input output engine_type engine_id prot tos"],
        Version::V8(11) => &[B, "srcaddr src_mask tos src_as input engine_type engine_id"],
        Version::V8(12) => &[B, "dstaddr output dst_as dst_mask tos engine_type engine_id"],
        Version::V8(13) => {
            &[A, "srcaddr dstaddr src_as dst_as input output dst_mask src_mask engine_type engine_id tos pad:3"]
        }
        Version::V8(_) => {
            &[A, "srcaddr dstaddr srcport dstport input output dst_mask src_mask engine_type engine_id tos prot pad:2"]
        }
    }
}

fn parse(lines: &[&'static str]) -> Vec<(Element, u16)> {
    let words = lines.iter().flat_map(|line| line.split(' '));
    words
        .map(|word| match word.split_once(':') {
            // A padding of three octets is three paddings of one: no number has that width.
            Some((name, "3")) => (named(name), 3),
            Some((name, width)) => (named(name), width.parse().unwrap_or(1)),
            None => (named(word), classic_width(named(word))),
        })
        .flat_map(|(element, width)| if width == 3 { vec![(element, 1); 3] } else { vec![(element, width)] })
        .collect()
}

/// How many of a field's octets the original turns round for the other byte order: all, but for two slips that its
/// files carry. The tags of version 1005 are turned as 16-bit numbers, version 8.12's AS not at all.
fn swapped(version: Version, element: Element, width: u16) -> u16 {
    match (version, element) {
        (Version::V1005, ie::SRC_TAG | ie::DST_TAG) => 2,
        (Version::V8(12), ie::DST_AS) => 1,
        _ => width,
    }
}

fn named(short: &str) -> Element {
    // The tables above are constants: a test asserts that every name in them is known.
    Element::from_short_name(short).unwrap_or(ie::PADDING)
}

/// How wide classic records carry an element.
fn classic_width(element: Element) -> u16 {
    const ONE: [Element; 11] = [
        ie::PROTOCOL,
        ie::TOS,
        ie::TCP_FLAGS,
        ie::ENGINE_TYPE,
        ie::ENGINE_ID,
        ie::SRC_MASK,
        ie::DST_MASK,
        ie::IN_ENCAPS,
        ie::OUT_ENCAPS,
        ie::MARKED_TOS,
        ie::V7_FLAGS,
    ];
    const TWO: [Element; 6] = [ie::SRC_PORT, ie::DST_PORT, ie::INPUT, ie::OUTPUT, ie::SRC_AS, ie::DST_AS];
    if ONE.contains(&element) {
        1
    } else if TWO.contains(&element) {
        2
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_sizes_of_the_format() {
        let sizes = [60, 64, 72, 68, 48, 48, 48, 48, 56, 52, 56, 64, 48, 48, 48, 48, 60, 60, 72];
        for (version, size) in Version::ALL.iter().zip(sizes) {
            assert_eq!(version.layout().size, size, "version {version}");
            assert_eq!(version.layout().version, *version);
        }
    }

    #[test]
    fn every_name_in_the_layouts_is_an_element() {
        for version in Version::ALL {
            for word in fields(version).iter().flat_map(|line| line.split(' ')) {
                let name = word.split(':').next().unwrap_or(word);
                assert!(Element::from_short_name(name).is_some(), "{version}: {name}");
            }
        }
    }

    #[test]
    fn versions_are_written_as_they_are_read() {
        for version in Version::ALL {
            assert_eq!(version.to_string().parse::<Version>(), Ok(version));
        }
        for wrong in ["", "8", "8.15", "9", "x", "5.1.2", "8.0"] {
            assert!(wrong.parse::<Version>().is_err(), "{wrong}");
        }
    }
}
