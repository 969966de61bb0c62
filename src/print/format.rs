//! flow-print's numbered formats.
//!
//! Each is a list of columns. What looks odd in them is what scripts have parsed for twenty years: the interface that
//! formats 13 and 21 call `input` is the output one, format 22 has the destination's prefix (what fits) and the source's
//! AS number in each other's column, format 19 shows no ToS but 0, headings do not always stand above their columns.

use super::columns::{
    accounting, by_as, by_port, by_prefix, by_prefixes, by_prefixes_and_ports, catalyst, hexadecimal, ports_or_as,
    routed, router_cache, with_times,
};
use super::table::Table;
use super::value::Value;
use crate::flow::symbols::Kind;
use crate::flow::{Field, Version};

/// One of flow-print's formats: an entry of [`FORMATS`].
#[derive(Debug)]
pub struct Format {
    /// What `-f` takes; lists show the first.
    names: &'static [&'static str],
    /// What it shows.
    pub about: &'static str,
    layout: Layout,
}

/// How a format shows flows.
#[derive(Debug)]
enum Layout {
    /// In columns; wider ones if that is asked for.
    Columns(fn(bool) -> Table),
    /// In columns with a title each and as wide as given, two blanks between them.
    List(&'static [(&'static str, Value, usize)]),
    /// Every field, one a line.
    Fields,
}

const fn columns(names: &'static [&'static str], about: &'static str, table: fn(bool) -> Table) -> Format {
    Format { names, about, layout: Layout::Columns(table) }
}

/// Every format; those of a number stand at its place. A new one is an entry here.
pub static FORMATS: &[Format] = &[
    columns(&["0"], "interfaces and ports in hexadecimal", |_| hexadecimal(0)),
    columns(&["1"], "the same, and a line of times, ToS and flags", |_| hexadecimal(1)),
    columns(&["2"], "as 1, possible SYN attacks only", |_| hexadecimal(2)),
    columns(&["3"], "ports", |wide| ports_or_as(3, wide)),
    columns(&["4"], "prefix lengths and AS numbers", |wide| ports_or_as(4, wide)),
    columns(&["5"], "times, interfaces, ports, flags", |_| with_times(5)),
    columns(&["6"], "packets and octets between two addresses", |_| accounting()),
    columns(&["7"], "with the short-cut router", |_| routed(7)),
    columns(&["8"], "with peer next hop and encapsulation sizes", |_| routed(8)),
    list(
        &["9"],
        "with tags",
        &[
            ("srcTag", Value::Tag(Field::SrcTag), 10),
            ("dstTag", Value::Tag(Field::DstTag), 10),
            ("srcIP", Value::Address(Field::SrcAddr), 15),
            ("dstIP", Value::Address(Field::DstAddr), 15),
            ("octets", Value::Number(Field::Octets), 10),
            ("packets", Value::Number(Field::Packets), 10),
        ],
    ),
    columns(&["10"], "by AS", |wide| by_as(10, wide)),
    columns(&["11"], "by protocol and port", |wide| by_port(11, wide)),
    columns(&["12"], "by source prefix", |wide| by_prefix(12, wide)),
    columns(&["13"], "by destination prefix", |wide| by_prefix(13, wide)),
    columns(&["14"], "by both prefixes", |wide| by_prefixes(14, wide)),
    columns(&["15"], "by destination (Catalyst)", |_| catalyst(15)),
    columns(&["16"], "by source and destination (Catalyst)", |_| catalyst(16)),
    columns(&["17"], "by all of a flow's key (Catalyst)", |_| catalyst(17)),
    columns(&["18"], "as 10 and ToS", |wide| by_as(18, wide)),
    columns(&["19"], "as 11 and ToS", |wide| by_port(19, wide)),
    columns(&["20"], "as 12 and ToS", |wide| by_prefix(20, wide)),
    columns(&["21"], "as 13 and ToS", |wide| by_prefix(21, wide)),
    columns(&["22"], "as 14 and ToS", |wide| by_prefixes(22, wide)),
    columns(&["23"], "by both prefixes, ports and ToS", |_| by_prefixes_and_ports()),
    columns(&["24"], "as 5 with the year and ToS, between tabs", |_| with_times(24)),
    LONG,
    columns(&["cisco", "show ip cache flow"], "as routers show their cache: show ip cache flow", |_| {
        router_cache(false)
    }),
    columns(
        &["cisco-verbose", "show ip cache verbose flow"],
        "the same in two lines: show ip cache verbose flow",
        |_| router_cache(true),
    ),
    list(
        &["routes"],
        "how flows were routed: exporter, interfaces, prefixes, next hop, AS numbers",
        &[
            ("exporter", Value::Address(Field::Exporter), 15),
            ("in", Value::Number(Field::Input), 5),
            ("out", Value::Number(Field::Output), 5),
            ("srcPrefix", Value::Prefix(Field::SrcAddr, Field::SrcMask, usize::MAX), 18),
            ("dstPrefix", Value::Prefix(Field::DstAddr, Field::DstMask, usize::MAX), 18),
            ("NextHop", Value::Address(Field::NextHop), 15),
            ("srcAS", Value::Named(Field::SrcAs, Kind::Asn), 10),
            ("dstAS", Value::Named(Field::DstAs, Kind::Asn), 10),
            ("octets", Value::Number(Field::Octets), 10),
            ("packets", Value::Number(Field::Packets), 0),
        ],
    ),
];

const fn list(
    names: &'static [&'static str],
    about: &'static str,
    columns: &'static [(&'static str, Value, usize)],
) -> Format {
    Format { names, about, layout: Layout::List(columns) }
}

const LONG: Format = Format { names: &["long"], about: "every field of a flow, one a line", layout: Layout::Fields };

impl Format {
    /// The format of a number.
    pub fn new(number: u8) -> Option<&'static Format> {
        Format::named(&number.to_string())
    }

    /// The format of a name or number, in either case, with any blanks between its words.
    pub fn named(text: &str) -> Option<&'static Format> {
        let words = |name: &str| name.split_whitespace().map(str::to_ascii_lowercase).collect::<Vec<_>>();
        // Scripts may write 05.
        let wanted = text.trim().parse::<u8>().map_or_else(|_| words(text), |number| vec![number.to_string()]);
        FORMATS.iter().find(|format| format.names.iter().any(|name| words(name) == wanted))
    }

    /// Its number or name.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// What flow-print shows flows of a version in, if it is not told; without a version the flows are a modern
    /// file's.
    pub fn default_for(version: Option<Version>) -> &'static Format {
        let number = match version {
            None | Some(Version::V1 | Version::V5) => 3,
            Some(Version::V6) => 8,
            Some(Version::V7) => 7,
            Some(Version::V1005) => 9,
            Some(Version::V8(method)) => 9 + method.clamp(1, 14),
        };
        // A test looks that every number has its place.
        FORMATS.get(usize::from(number)).unwrap_or(&LONG)
    }

    /// The short name of a field that the format shows and flows of `version` have not.
    pub fn lacks(&self, version: Version) -> Option<&'static str> {
        let schema = &version.layout().schema;
        let missing = self.table(false, false)?.needs().into_iter().find(|field| !schema.has(*field))?;
        missing.candidates().first().and_then(|element| element.short_name())
    }

    /// The format as a table: `wide` columns where it has such, `names` of ports, protocols, AS numbers and tags
    /// where it has room for them. `None` of the one that shows every field, which
    /// [`JsonWriter::long`](super::JsonWriter::long) writes.
    pub fn table(&self, wide: bool, names: bool) -> Option<Table> {
        let mut table = match self.layout {
            Layout::Columns(make) => make(wide),
            Layout::List(columns) => Table::list(columns),
            Layout::Fields => return None,
        };
        for column in &mut table.columns {
            column.value = match column.value {
                Value::Named(field, _) if !names => Value::Number(field),
                Value::Tag(field) if names => Value::Named(field, Kind::Tag),
                other => other,
            };
        }
        Some(table)
    }
}
