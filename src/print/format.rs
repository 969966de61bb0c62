//! flow-print's numbered formats.
//!
//! Each is a list of columns. What looks odd in them is what scripts have parsed for twenty years: the interface that
//! formats 13 and 21 call `input` is the output one, format 22 has the destination's prefix (what fits) and the source's
//! AS number in each other's column, format 19 shows no ToS but 0, headings do not always stand above their columns.

use super::clock::Style;
use super::page::Tail;
use super::table::{Column, Table, Value};
use crate::flow::symbols::Kind;
use crate::flow::{Field, Version};

/// One of flow-print's formats, 0 to 24.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format(u8);

/// A value, its width, what follows.
type Cell = (Value, usize, &'static str);

const ACTIVE: &str = " StartTime          EndTime             Active   B/Pk Ts Fl\n\n";

impl Format {
    /// The highest format's number.
    pub const LAST: u8 = 24;

    /// The format of a number.
    pub fn new(number: u8) -> Option<Format> {
        (number <= Format::LAST).then_some(Format(number))
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// What flow-print shows flows of a version in, if it is not told; without a version the flows are a modern
    /// file's.
    pub fn default_for(version: Option<Version>) -> Format {
        Format(match version {
            None | Some(Version::V1 | Version::V5) => 3,
            Some(Version::V6) => 8,
            Some(Version::V7) => 7,
            Some(Version::V1005) => 9,
            Some(Version::V8(method)) => 9 + method.clamp(1, 14),
        })
    }

    /// The short name of a field that the format shows and flows of `version` have not.
    pub fn lacks(self, version: Version) -> Option<&'static str> {
        let schema = &version.layout().schema;
        let missing = self.table(false, false).needs().into_iter().find(|field| !schema.has(*field))?;
        missing.candidates().first().and_then(|element| element.short_name())
    }

    /// The format as a table: `wide` columns where it has such, `names` of ports, protocols, AS numbers and tags
    /// where it has room for them.
    pub fn table(self, wide: bool, names: bool) -> Table {
        let (heading, cells) = self.parts(wide);
        let column = |(value, width, tail): Cell| {
            let value = match value {
                Value::Named(field, _) if !names => Value::Number(field),
                Value::Tag(field) if names => Value::Named(field, Kind::Tag),
                other => other,
            };
            Column { value, width, tail: Tail::new(tail) }
        };
        Table {
            heading,
            lead: if self.0 == 6 { " " } else { "" },
            columns: cells.into_iter().map(column).collect(),
            times: if self.0 == 24 { Style::Full } else { Style::Short },
            only_syns: self.0 == 2,
        }
    }

    fn parts(self, wide: bool) -> (String, Vec<Cell>) {
        match self.0 {
            0..=2 => hexadecimal(self.0),
            3 | 4 => ports_or_as(self.0, wide),
            5 | 24 => with_times(self.0),
            6 => accounting(),
            7 | 8 => routed(self.0),
            9 => tagged(),
            10 | 18 => by_as(self.0, wide),
            11 | 19 => by_port(self.0, wide),
            12 | 13 | 20 | 21 => by_prefix(self.0, wide),
            14 | 22 => by_prefixes(self.0, wide),
            23 => by_prefixes_and_ports(),
            _ => catalyst(self.0),
        }
    }
}

fn number(field: Field, width: usize, tail: &'static str) -> Cell {
    (Value::Number(field), width, tail)
}

fn address(field: Field, tail: &'static str) -> Cell {
    (Value::Address(field), 15, tail)
}

fn source_prefix(tail: &'static str) -> Cell {
    (Value::Prefix(Field::SrcAddr, Field::SrcMask, usize::MAX), 18, tail)
}

fn destination_prefix(tail: &'static str) -> Cell {
    (Value::Prefix(Field::DstAddr, Field::DstMask, usize::MAX), 18, tail)
}

fn protocol(width: usize) -> Cell {
    (Value::Named(Field::Protocol, Kind::Protocol), width, "  ")
}

fn port(field: Field, width: usize) -> Cell {
    (Value::Named(field, Kind::Port), width, "  ")
}

fn asn(field: Field, width: usize) -> Cell {
    (Value::Named(field, Kind::Asn), width, "  ")
}

/// Octets and packets at the end of a line.
fn sums() -> [Cell; 2] {
    [number(Field::Octets, 10, "  "), number(Field::Packets, 10, "\n")]
}

/// What aggregates end in.
const SUMS: &str = "flows       octets      packets     duration\n";

/// Flows, octets, packets and duration.
fn aggregate() -> [Cell; 4] {
    let sum = |field| number(field, 10, "  ");
    [sum(Field::Flows), sum(Field::Octets), sum(Field::Packets), (Value::Duration, 10, "  \n")]
}

/// 0: interfaces and ports in hexadecimal; 1: and a line of times and flags; 2: the same for possible SYN attacks.
fn hexadecimal(format: u8) -> (String, Vec<Cell>) {
    let hex = |field, digits, width, tail| (Value::Hex(field, digits), width, tail);
    let (interface, gaps) =
        if format == 2 { (2, ["  ", "  ", "  ", " ", " "]) } else { (4, [" ", "  ", " ", "   ", "  "]) };
    let mut cells = vec![
        hex(Field::Input, interface, interface, gaps[0]),
        address(Field::SrcAddr, gaps[1]),
        hex(Field::Output, interface, interface, gaps[2]),
        address(Field::DstAddr, gaps[3]),
        hex(Field::Protocol, 2, 2, " "),
        hex(Field::SrcPort, 0, 4, " "),
        hex(Field::DstPort, 0, 4, gaps[4]),
        number(Field::Packets, 10, " "),
        number(Field::Octets, 10, if format == 0 { "\n" } else { "\n " }),
    ];
    if format > 0 {
        cells.extend([
            (Value::Start, 17, "  "),
            (Value::End, 17, "  "),
            (Value::Active, 9, " "),
            (Value::OctetsPerPacket, 3, " "),
            hex(Field::Tos, 2, 2, " "),
            hex(Field::TcpFlags, 2, 2, "\n\n"),
        ]);
    }
    let heading = match format {
        0 => "Sif  SrcIPaddress     Dif  DstIPaddress      Pr SrcP DstP  Pkts       Octets\n".to_owned(),
        1 => format!("Sif  SrcIPaddress     DIf  DstIPaddress      Pr SrcP DstP  Pkts  Octets\n{ACTIVE}"),
        _ => format!("Sif SrcIPaddress     DIf DstIPaddress    Pr SrcP DstP Pkts       Octets\n{ACTIVE}"),
    };
    (heading, cells)
}

/// 3: ports; 4: prefix lengths and AS numbers.
fn ports_or_as(format: u8, wide: bool) -> (String, Vec<Cell>) {
    let (short, long) = (if wide { 5 } else { 4 }, if wide { 16 } else { [7, 5][usize::from(format == 4)] });
    let mut cells = Vec::new();
    let keys = if format == 3 {
        cells.extend([address(Field::SrcAddr, "  "), address(Field::DstAddr, "  ")]);
        [port(Field::SrcPort, long), port(Field::DstPort, long)]
    } else if wide {
        let interface = |field| (Value::Hex(field, 4), 4, " ");
        cells.extend([
            interface(Field::Input),
            interface(Field::Output),
            source_prefix("  "),
            destination_prefix("  "),
        ]);
        [asn(Field::SrcAs, long), asn(Field::DstAs, long)]
    } else {
        cells.extend([source_prefix(" "), destination_prefix(" ")]);
        [asn(Field::SrcAs, long), asn(Field::DstAs, long)]
    };
    cells.push(protocol(short));
    cells.extend(keys);
    cells.extend(sums());
    let heading = match (format, wide) {
        (3, false) => "srcIP            dstIP            prot  srcPort  dstPort  octets      packets\n",
        (3, true) => {
            "srcIP            dstIP            prot   srcPort           dstPort           octets      packets\n"
        }
        (_, false) => "srcIP              dstIP              prot  srcAS  dstAS  octets      packets\n",
        (_, true) => {
            "Sif  Dif  srcIP               dstIP               prot   srcAS             dstAS             octets      \
             packets\n"
        }
    };
    (heading.to_owned(), cells)
}

/// 5: times, interfaces, ports, flags; 24: the same with the year, ToS, and tabs between.
fn with_times(format: u8) -> (String, Vec<Cell>) {
    if format == 5 {
        let heading = "Start             End               Sif   SrcIPaddress    SrcP  DIf   DstIPaddress    DstP    P \
                       Fl Pkts       Octets\n\n";
        let cells = vec![
            (Value::Start, 17, " "),
            (Value::End, 17, " "),
            number(Field::Input, 5, " "),
            address(Field::SrcAddr, " "),
            number(Field::SrcPort, 5, " "),
            number(Field::Output, 5, " "),
            address(Field::DstAddr, " "),
            number(Field::DstPort, 5, " "),
            number(Field::Protocol, 3, " "),
            (Value::Flags, 2, " "),
            number(Field::Packets, 10, " "),
            number(Field::Octets, 10, "\n"),
        ];
        return (heading.to_owned(), cells);
    }
    let heading = "#Start\tEnd\tSif\tSrcIPaddress\tSrcP\tDIf\tDstIPaddress\tDstP\tP\tFl\ttos\tPkts\tOctets\n";
    let cells = vec![
        (Value::Start, 0, "\t"),
        (Value::End, 0, "\t"),
        number(Field::Input, 0, "\t"),
        address(Field::SrcAddr, "\t"),
        number(Field::SrcPort, 0, "\t"),
        number(Field::Output, 0, "\t"),
        address(Field::DstAddr, "\t"),
        number(Field::DstPort, 0, "\t"),
        number(Field::Protocol, 0, "\t"),
        (Value::Flags, 0, "\t"),
        number(Field::Tos, 0, "\t"),
        number(Field::Packets, 0, "\t"),
        number(Field::Octets, 0, "\n"),
    ];
    (heading.to_owned(), cells)
}

/// 6: as Cisco's `show ip accounting`.
fn accounting() -> (String, Vec<Cell>) {
    let heading = "   Source           Destination              Packets               Bytes\n";
    let cells = vec![
        address(Field::SrcAddr, "  "),
        address(Field::DstAddr, ""),
        (Value::Right(Field::Packets), 19, ""),
        (Value::Right(Field::Octets), 20, "\n"),
    ];
    (heading.to_owned(), cells)
}

/// 7: with the short-cut router of version 7; 8: with version 6's next hop and encapsulation.
fn routed(format: u8) -> (String, Vec<Cell>) {
    let mut cells = vec![source_prefix("  "), destination_prefix("  ")];
    if format == 7 {
        cells.push(address(Field::RouterSc, "  "));
    } else {
        cells.extend([
            address(Field::PeerNextHop, "  "),
            number(Field::InEncaps, 3, "  "),
            number(Field::OutEncaps, 3, "   "),
        ]);
    }
    cells.extend([protocol(5), port(Field::SrcPort, 14), port(Field::DstPort, 14)]);
    cells.extend(sums());
    let key = if format == 7 { "router_sc        " } else { "peer_nexthop     encap i/o  " };
    let heading = format!(
        "srcIP               dstIP               {key}prot   srcPort         dstPort         octets      packets\n"
    );
    (heading, cells)
}

/// 9: with tags.
fn tagged() -> (String, Vec<Cell>) {
    let tag = |field| (Value::Tag(field), 10, "  ");
    let mut cells = vec![tag(Field::SrcTag), tag(Field::DstTag)];
    cells.extend([address(Field::SrcAddr, "  "), address(Field::DstAddr, "  ")]);
    cells.extend(sums());
    ("srcTag      dstTag      srcIP            dstIP            octets      packets\n".to_owned(), cells)
}

/// The ToS column of formats 18 and up.
fn tos(format: u8) -> (&'static str, Vec<Cell>) {
    match format {
        19 => ("ToS  ", vec![(Value::Zero, 3, "  ")]),
        18.. => ("ToS  ", vec![number(Field::Tos, 3, "  ")]),
        _ => ("", Vec::new()),
    }
}

/// 10 and 18: aggregates by AS.
fn by_as(format: u8, wide: bool) -> (String, Vec<Cell>) {
    let (head, mut cells) = tos(format);
    let width = if wide { 16 } else { 5 };
    cells.extend([asn(Field::SrcAs, width), asn(Field::DstAs, width)]);
    cells.extend([number(Field::Input, 5, "  "), number(Field::Output, 5, "  ")]);
    cells.extend(aggregate());
    let heading = format!("{head}{:<w$}{:<w$}in     out    {SUMS}", "srcAS", "dstAS", w = width + 2);
    (heading, cells)
}

/// 11 and 19: aggregates by protocol and port.
fn by_port(format: u8, wide: bool) -> (String, Vec<Cell>) {
    let (head, mut cells) = tos(format);
    let width = if wide { 16 } else { 7 };
    cells.extend([port(Field::SrcPort, width), port(Field::DstPort, width), protocol(5)]);
    cells.extend(aggregate());
    let heading = format!("{head}{:<w$}{:<w$}prot   {SUMS}", "srcPort", "dstPort", w = width + 2);
    (heading, cells)
}

/// 12 and 20: aggregates by source prefix; 13 and 21: by destination prefix.
fn by_prefix(format: u8, wide: bool) -> (String, Vec<Cell>) {
    let (head, mut cells) = tos(format);
    let width = if wide { 16 } else { 5 };
    let (prefix, name, interface) = if matches!(format, 12 | 20) {
        (source_prefix("  "), "srcAS", Field::Input)
    } else {
        (destination_prefix("  "), "dstAS", Field::Output)
    };
    let field = if interface == Field::Input { Field::SrcAs } else { Field::DstAs };
    cells.extend([prefix, asn(field, width), number(interface, 5, "  ")]);
    cells.extend(aggregate());
    let key = match format {
        12 => "src/mask",
        20 => "srcPrefix",
        _ => "dst/mask",
    };
    (format!("{head}{key:<20}{name:<w$}input  {SUMS}", w = width + 2), cells)
}

/// 14 and 22: aggregates by both prefixes.
fn by_prefixes(format: u8, wide: bool) -> (String, Vec<Cell>) {
    let (head, mut cells) = tos(format);
    let width = if wide && format == 14 { 16 } else { 5 };
    if format == 14 {
        cells.extend([source_prefix("  "), asn(Field::SrcAs, width), destination_prefix("  ")]);
    } else {
        let clipped = Value::Prefix(Field::DstAddr, Field::DstMask, 5);
        cells.extend([source_prefix("  "), (clipped, 5, "  "), asn(Field::SrcAs, 18)]);
    }
    cells.extend([asn(Field::DstAs, width), number(Field::Input, 5, "  "), number(Field::Output, 5, "  ")]);
    cells.extend(aggregate());
    let w = width + 2;
    (format!("{head}srcPrefix           {:<w$}dstPrefix           {:<w$}input  output {SUMS}", "srcAS", "dstAS"), cells)
}

/// 23: aggregates by both prefixes and both ports.
fn by_prefixes_and_ports() -> (String, Vec<Cell>) {
    let (head, mut cells) = tos(23);
    cells.extend([source_prefix("  "), destination_prefix("  "), number(Field::Protocol, 3, "  ")]);
    cells.extend([Field::SrcPort, Field::DstPort, Field::Input, Field::Output].map(|field| number(field, 5, "  ")));
    cells.extend(aggregate());
    (format!("{head}srcPrefix           dstPrefix           Pr   SrcP   DstP    input  output {SUMS}"), cells)
}

/// 15 to 17: what Catalyst switches aggregate: by destination, by both ends, by all of a flow's key.
fn catalyst(format: u8) -> (String, Vec<Cell>) {
    let (mut heading, mut cells) = (String::new(), Vec::new());
    if format > 15 {
        heading += "srcIP            ";
        cells.push(address(Field::SrcAddr, "  "));
    }
    heading += "dstIP            router_sc        ";
    cells.extend([address(Field::DstAddr, "  "), address(Field::RouterSc, "  ")]);
    if format > 15 {
        heading += "Sif    ";
        cells.push(number(Field::Input, 5, "  "));
    }
    heading += "Dif    ";
    cells.push(number(Field::Output, 5, "  "));
    if format > 16 {
        heading += "SrcP   DstP   prot ";
        cells.extend([Field::SrcPort, Field::DstPort].map(|field| number(field, 5, "  ")));
        cells.push(number(Field::Protocol, 3, "  "));
    }
    heading += "ToS  mToS xpackets    octets      packets\n";
    cells.extend([Field::Tos, Field::MarkedTos].map(|field| number(field, 3, "  ")));
    cells.push(number(Field::ExtraPackets, 10, "  "));
    cells.extend(sums());
    (heading, cells)
}
