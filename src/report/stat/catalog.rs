//! The reports: what each groups by, and how its columns look.

use crate::flow::Field;
use crate::flow::symbols::Kind as Names;
use crate::report::{Grouping, Part};

/// One of flow-stat's reports.
#[derive(Debug)]
pub struct Report {
    /// What it is called in its heading.
    pub name: &'static str,
    /// What it shows.
    pub kind: Kind,
}

/// What a report shows.
#[derive(Debug)]
pub enum Kind {
    /// Totals, averages and distributions.
    Summary,
    /// Totals in one line.
    Short,
    /// Nothing: the original never had it either.
    Missing,
    /// Each flow's start and end with one of its counts, in the order they came, for gnuplot.
    Plot(Plot),
    /// A line a group.
    Table(Table),
}

/// A report of points for gnuplot.
#[derive(Debug)]
pub struct Plot {
    /// The ordinate.
    pub field: Field,
    /// The columns' titles, one line each.
    pub titles: [&'static str; 2],
    /// Blanks between abscissa and ordinate.
    pub gap: usize,
}

/// A report of groups.
#[derive(Debug)]
pub struct Table {
    /// What flows are grouped by.
    pub keys: Keys,
    /// The columns of the key.
    pub columns: &'static [Column],
    /// Whether the last column is padded.
    pub padded: bool,
    /// How groups stand unless they are sorted.
    pub unsorted: Unsorted,
}

/// How groups stand that nobody asked to sort. The original's arrays are printed from the end, and its hash tables as
/// their entries came. Only for keys of few values that is done here too; others are in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsorted {
    /// By key, least first.
    Ascending,
    /// By key, greatest first.
    Descending,
    /// As they came.
    Arrival,
}

/// What flows are grouped by.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// By all of these.
    By(&'static [Part]),
    /// By the port on either side, of TCP and UDP flows only.
    Port(&'static [Part]),
    /// By either of two.
    Either(Part, Part),
    /// By the ports on both sides, of TCP and UDP flows only.
    Ports,
}

/// One column of a key.
#[derive(Debug)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// Characters, the gap to the next column included.
    pub width: usize,
    /// The same in a wide report (`-w`).
    pub wide: usize,
    /// The part of the key that it shows.
    pub part: usize,
    /// How.
    pub show: Show,
}

/// How a column shows its part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// As a number, or by name if there are names for it and they are asked for.
    Number(Option<Names>),
    /// As an address.
    Address,
    /// As a prefix, whose length is the key's next part.
    Network,
}

impl Table {
    /// The grouping; with durations where asked for.
    pub fn grouping(&self, duration: bool) -> Grouping {
        const PORTS: [Part; 2] = [Part::Number(Field::SrcPort), Part::Number(Field::DstPort)];
        let [one, other] = PORTS;
        let grouping = match self.keys {
            // The catalogue has no key too long: a test looks.
            Keys::By(parts) | Keys::Port(parts) => {
                Grouping::by(parts).unwrap_or_else(|| Grouping::by_either(one, other))
            }
            Keys::Either(one, other) => Grouping::by_either(one, other),
            Keys::Ports => Grouping::by_either(one, other),
        };
        grouping.ports_only(matches!(self.keys, Keys::Port(_) | Keys::Ports)).with_duration(duration)
    }

    /// How often a flow counts in what percentages are of. Under two ports it counts twice; under two addresses too,
    /// but there the original takes percentages of the flows.
    pub fn shares(&self) -> u64 {
        if matches!(self.keys, Keys::Ports) { 2 } else { 1 }
    }
}

const SRC: Part = Part::Address(Field::SrcAddr);
const DST: Part = Part::Address(Field::DstAddr);
const SRC_NET: Part = Part::Network(Field::SrcAddr, Field::SrcMask);
const DST_NET: Part = Part::Network(Field::DstAddr, Field::DstMask);
const SRC_MASK: Part = Part::Number(Field::SrcMask);
const DST_MASK: Part = Part::Number(Field::DstMask);

const fn number(title: &'static str, width: usize, part: usize, names: Option<Names>) -> Column {
    Column { title, width, wide: width, part, show: Show::Number(names) }
}

const fn address(title: &'static str, part: usize) -> Column {
    Column { title, width: 17, wide: 17, part, show: Show::Address }
}

const fn network(title: &'static str, part: usize) -> Column {
    Column { title, width: 20, wide: 20, part, show: Show::Network }
}

const fn report(name: &'static str, kind: Kind) -> Report {
    Report { name, kind }
}

/// A table that the original keeps by hash: its last column is not padded.
const fn hashed(name: &'static str, keys: Keys, columns: &'static [Column]) -> Report {
    report(name, Kind::Table(Table { keys, columns, padded: false, unsorted: Unsorted::Ascending }))
}

/// The same of few values.
const fn sizes(name: &'static str, keys: Keys, columns: &'static [Column]) -> Report {
    report(name, Kind::Table(Table { keys, columns, padded: false, unsorted: Unsorted::Arrival }))
}

/// The same with the last column padded.
const fn padded(name: &'static str, keys: Keys, columns: &'static [Column]) -> Report {
    report(name, Kind::Table(Table { keys, columns, padded: true, unsorted: Unsorted::Ascending }))
}

/// A table of small numbers, which the original keeps in an array and prints from its end.
const fn array(name: &'static str, keys: Keys, columns: &'static [Column]) -> Report {
    report(name, Kind::Table(Table { keys, columns, padded: true, unsorted: Unsorted::Descending }))
}

/// The column of an array's index.
const fn index(title: &'static str, names: Option<Names>) -> Column {
    Column { title, width: 12, wide: 17, part: 0, show: Show::Number(names) }
}

/// The reports by number.
pub static REPORTS: [Report; 33] = [
    report("Overall Summary", Kind::Summary),
    sizes("Average packet size distribution", Keys::By(&[Part::PacketSize]), &[number("Pkt Size", 12, 0, None)]),
    sizes(
        "Packets per flow distribution",
        Keys::By(&[Part::Number(Field::Packets)]),
        &[number("Packets", 12, 0, None)],
    ),
    sizes("Octets per flow distribution", Keys::By(&[Part::Number(Field::Octets)]), &[number("Octets", 12, 0, None)]),
    report("Bandwidth per flow distribution", Kind::Missing),
    array("UDP/TCP destination port", Keys::Port(&[Part::Number(Field::DstPort)]), &[index("port", Some(Names::Port))]),
    array("UDP/TCP source port", Keys::Port(&[Part::Number(Field::SrcPort)]), &[index("port", Some(Names::Port))]),
    array("UDP/TCP port", Keys::Ports, &[index("port", Some(Names::Port))]),
    hashed("Destination IP", Keys::By(&[DST]), &[address("IPaddr", 0)]),
    hashed("Source IP", Keys::By(&[SRC]), &[address("IPaddr", 0)]),
    padded("Source/Destination IP", Keys::By(&[SRC, DST]), &[address("src IPaddr", 0), address("dst IPaddr", 1)]),
    hashed("Source or Destination IP", Keys::Either(SRC, DST), &[address("IPaddr", 0)]),
    array("IP protocol", Keys::By(&[Part::Number(Field::Protocol)]), &[index("protocol", Some(Names::Protocol))]),
    report(
        "octets for flow duration plot data",
        Kind::Plot(Plot { field: Field::Octets, titles: ["start      octets", "end        octets"], gap: 3 }),
    ),
    report(
        "packets for flow duration plot data",
        Kind::Plot(Plot { field: Field::Packets, titles: ["start     packets", "end       packets"], gap: 4 }),
    ),
    report("short summary", Kind::Short),
    hashed("IP Next Hop", Keys::By(&[Part::Address(Field::NextHop)]), &[address("IPaddr", 0)]),
    array("Input interface", Keys::By(&[Part::Number(Field::Input)]), &[index("interface", None)]),
    array("Output interface", Keys::By(&[Part::Number(Field::Output)]), &[index("interface", None)]),
    array("Source AS", Keys::By(&[Part::Number(Field::SrcAs)]), &[index("src AS", Some(Names::Asn))]),
    array("Destination AS", Keys::By(&[Part::Number(Field::DstAs)]), &[index("dst AS", Some(Names::Asn))]),
    padded(
        "Source/Destination AS",
        Keys::By(&[Part::Number(Field::SrcAs), Part::Number(Field::DstAs)]),
        &[number("src AS", 18, 0, Some(Names::Asn)), number("dst AS", 18, 1, Some(Names::Asn))],
    ),
    array("IP ToS", Keys::By(&[Part::Number(Field::Tos)]), &[index("ToS", None)]),
    padded(
        "Input/Output Interface",
        Keys::By(&[Part::Number(Field::Input), Part::Number(Field::Output)]),
        &[number("in", 7, 0, None), number("out", 7, 1, None)],
    ),
    hashed("Source Prefix", Keys::By(&[SRC_NET, SRC_MASK]), &[network("Source Prefix", 0)]),
    // The title is the original's.
    hashed("Destination Prefix", Keys::By(&[DST_NET, DST_MASK]), &[network("Source Prefix", 0)]),
    hashed(
        "Source/Destination Prefix",
        Keys::By(&[SRC_NET, SRC_MASK, DST_NET, DST_MASK]),
        &[network("Source Prefix", 0), network("Destination Prefix", 2)],
    ),
    hashed("Exporter IP", Keys::By(&[Part::Address(Field::Exporter)]), &[address("IPaddr", 0)]),
    array("Engine Id", Keys::By(&[Part::Number(Field::EngineId)]), &[index("engine_id", None)]),
    array("Engine Type", Keys::By(&[Part::Number(Field::EngineType)]), &[index("engine_type", None)]),
    hashed("Source Tag", Keys::By(&[Part::Number(Field::SrcTag)]), &[number("Src Tag", 12, 0, Some(Names::Tag))]),
    hashed("Destination Tag", Keys::By(&[Part::Number(Field::DstTag)]), &[number("Dst Tag", 12, 0, Some(Names::Tag))]),
    hashed(
        "Source/Destination Tag",
        Keys::By(&[Part::Number(Field::SrcTag), Part::Number(Field::DstTag)]),
        &[number("Src Tag", 12, 0, Some(Names::Tag)), number("Dst Tag", 12, 1, Some(Names::Tag))],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_fit_and_columns_show_parts_they_have() {
        for report in &REPORTS {
            let Kind::Table(table) = &report.kind else { continue };
            if let Keys::By(parts) | Keys::Port(parts) = table.keys {
                assert!(Grouping::by(parts).is_some(), "{}", report.name);
            }
            let parts = table.grouping(false).layout(true).len();
            for column in table.columns {
                assert!(column.part + usize::from(column.show == Show::Network) < parts, "{}", report.name);
            }
        }
    }
}
