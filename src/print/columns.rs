//! The columns of flow-print's formats.

use super::clock::Style;
use super::table::{Column, Table};
use super::value::Value;
use crate::flow::Field;
use crate::flow::symbols::Kind;

const ACTIVE: &str = " StartTime          EndTime             Active   B/Pk Ts Fl\n\n";

/// A value, its width, what follows.
fn cell(value: Value, width: usize, tail: &'static str) -> Column {
    Column::new(value, width, tail)
}

fn number(field: Field, width: usize, tail: &'static str) -> Column {
    cell(Value::Number(field), width, tail)
}

fn address(field: Field, tail: &'static str) -> Column {
    cell(Value::Address(field), 15, tail)
}

fn source_prefix(tail: &'static str) -> Column {
    cell(Value::Prefix(Field::SrcAddr, Field::SrcMask, usize::MAX), 18, tail)
}

fn destination_prefix(tail: &'static str) -> Column {
    cell(Value::Prefix(Field::DstAddr, Field::DstMask, usize::MAX), 18, tail)
}

fn protocol(width: usize) -> Column {
    cell(Value::Named(Field::Protocol, Kind::Protocol), width, "  ")
}

fn port(field: Field, width: usize) -> Column {
    cell(Value::Named(field, Kind::Port), width, "  ")
}

fn asn(field: Field, width: usize) -> Column {
    cell(Value::Named(field, Kind::Asn), width, "  ")
}

/// Octets and packets at the end of a line.
fn sums() -> [Column; 2] {
    [number(Field::Octets, 10, "  "), number(Field::Packets, 10, "\n")]
}

/// What aggregates end in.
const SUMS: &str = "flows       octets      packets     duration\n";

/// Flows, octets, packets and duration.
fn aggregate() -> [Column; 4] {
    let sum = |field| number(field, 10, "  ");
    [sum(Field::Flows), sum(Field::Octets), sum(Field::Packets), cell(Value::Duration, 10, "  \n")]
}

/// 0: interfaces and ports in hexadecimal; 1: and a line of times and flags; 2: the same for possible SYN attacks.
pub(super) fn hexadecimal(format: u8) -> Table {
    let hex = |field, digits, width, tail| cell(Value::Hex(field, digits), width, tail);
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
            cell(Value::Start, 17, "  "),
            cell(Value::End, 17, "  "),
            cell(Value::Active(3), 9, " ").right(),
            cell(Value::OctetsPerPacket, 3, " "),
            hex(Field::Tos, 2, 2, " "),
            hex(Field::TcpFlags, 2, 2, "\n\n"),
        ]);
    }
    let heading = match format {
        0 => "Sif  SrcIPaddress     Dif  DstIPaddress      Pr SrcP DstP  Pkts       Octets\n".to_owned(),
        1 => format!("Sif  SrcIPaddress     DIf  DstIPaddress      Pr SrcP DstP  Pkts  Octets\n{ACTIVE}"),
        _ => format!("Sif SrcIPaddress     DIf DstIPaddress    Pr SrcP DstP Pkts       Octets\n{ACTIVE}"),
    };
    Table { only_syns: format == 2, ..Table::of(heading, cells) }
}

/// 3: ports; 4: prefix lengths and AS numbers.
pub(super) fn ports_or_as(format: u8, wide: bool) -> Table {
    let (short, long) = (if wide { 5 } else { 4 }, if wide { 16 } else { [7, 5][usize::from(format == 4)] });
    let mut cells = Vec::new();
    let keys = if format == 3 {
        cells.extend([address(Field::SrcAddr, "  "), address(Field::DstAddr, "  ")]);
        [port(Field::SrcPort, long), port(Field::DstPort, long)]
    } else if wide {
        let interface = |field| cell(Value::Hex(field, 4), 4, " ");
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
    Table::of(heading, cells)
}

/// 5: times, interfaces, ports, flags; 24: the same with the year, ToS, and tabs between.
pub(super) fn with_times(format: u8) -> Table {
    if format == 5 {
        let heading = "Start             End               Sif   SrcIPaddress    SrcP  DIf   DstIPaddress    DstP    P \
                       Fl Pkts       Octets\n\n";
        let cells = vec![
            cell(Value::Start, 17, " "),
            cell(Value::End, 17, " "),
            number(Field::Input, 5, " "),
            address(Field::SrcAddr, " "),
            number(Field::SrcPort, 5, " "),
            number(Field::Output, 5, " "),
            address(Field::DstAddr, " "),
            number(Field::DstPort, 5, " "),
            number(Field::Protocol, 3, " "),
            cell(Value::Flags, 2, " "),
            number(Field::Packets, 10, " "),
            number(Field::Octets, 10, "\n"),
        ];
        return Table::of(heading, cells);
    }
    let heading = "#Start\tEnd\tSif\tSrcIPaddress\tSrcP\tDIf\tDstIPaddress\tDstP\tP\tFl\ttos\tPkts\tOctets\n";
    let cells = vec![
        cell(Value::Start, 0, "\t"),
        cell(Value::End, 0, "\t"),
        number(Field::Input, 0, "\t"),
        address(Field::SrcAddr, "\t"),
        number(Field::SrcPort, 0, "\t"),
        number(Field::Output, 0, "\t"),
        address(Field::DstAddr, "\t"),
        number(Field::DstPort, 0, "\t"),
        number(Field::Protocol, 0, "\t"),
        cell(Value::Flags, 0, "\t"),
        number(Field::Tos, 0, "\t"),
        number(Field::Packets, 0, "\t"),
        number(Field::Octets, 0, "\n"),
    ];
    Table { times: Style::Full, ..Table::of(heading, cells) }
}

/// 6: as Cisco's `show ip accounting`.
pub(super) fn accounting() -> Table {
    let heading = "   Source           Destination              Packets               Bytes\n";
    let cells = vec![
        address(Field::SrcAddr, "  "),
        address(Field::DstAddr, ""),
        cell(Value::Number(Field::Packets), 19, "").right(),
        cell(Value::Number(Field::Octets), 20, "\n").right(),
    ];
    Table { lead: " ", ..Table::of(heading, cells) }
}

/// 7: with the short-cut router of version 7; 8: with version 6's next hop and encapsulation.
pub(super) fn routed(format: u8) -> Table {
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
    Table::of(heading, cells)
}

/// The ToS column of formats 18 and up.
fn tos(format: u8) -> (&'static str, Vec<Column>) {
    match format {
        19 => ("ToS  ", vec![cell(Value::Zero, 3, "  ")]),
        18.. => ("ToS  ", vec![number(Field::Tos, 3, "  ")]),
        _ => ("", Vec::new()),
    }
}

/// 10 and 18: aggregates by AS.
pub(super) fn by_as(format: u8, wide: bool) -> Table {
    let (head, mut cells) = tos(format);
    let width = if wide { 16 } else { 5 };
    cells.extend([asn(Field::SrcAs, width), asn(Field::DstAs, width)]);
    cells.extend([number(Field::Input, 5, "  "), number(Field::Output, 5, "  ")]);
    cells.extend(aggregate());
    let heading = format!("{head}{:<w$}{:<w$}in     out    {SUMS}", "srcAS", "dstAS", w = width + 2);
    Table::of(heading, cells)
}

/// 11 and 19: aggregates by protocol and port.
pub(super) fn by_port(format: u8, wide: bool) -> Table {
    let (head, mut cells) = tos(format);
    let width = if wide { 16 } else { 7 };
    cells.extend([port(Field::SrcPort, width), port(Field::DstPort, width), protocol(5)]);
    cells.extend(aggregate());
    let heading = format!("{head}{:<w$}{:<w$}prot   {SUMS}", "srcPort", "dstPort", w = width + 2);
    Table::of(heading, cells)
}

/// 12 and 20: aggregates by source prefix; 13 and 21: by destination prefix.
pub(super) fn by_prefix(format: u8, wide: bool) -> Table {
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
    Table::of(format!("{head}{key:<20}{name:<w$}input  {SUMS}", w = width + 2), cells)
}

/// 14 and 22: aggregates by both prefixes.
pub(super) fn by_prefixes(format: u8, wide: bool) -> Table {
    let (head, mut cells) = tos(format);
    let width = if wide && format == 14 { 16 } else { 5 };
    if format == 14 {
        cells.extend([source_prefix("  "), asn(Field::SrcAs, width), destination_prefix("  ")]);
    } else {
        let clipped = Value::Prefix(Field::DstAddr, Field::DstMask, 5);
        cells.extend([source_prefix("  "), cell(clipped, 5, "  "), asn(Field::SrcAs, 18)]);
    }
    cells.extend([asn(Field::DstAs, width), number(Field::Input, 5, "  "), number(Field::Output, 5, "  ")]);
    cells.extend(aggregate());
    let w = width + 2;
    let heading =
        format!("{head}srcPrefix           {:<w$}dstPrefix           {:<w$}input  output {SUMS}", "srcAS", "dstAS");
    Table::of(heading, cells)
}

/// 23: aggregates by both prefixes and both ports.
pub(super) fn by_prefixes_and_ports() -> Table {
    let (head, mut cells) = tos(23);
    cells.extend([source_prefix("  "), destination_prefix("  "), number(Field::Protocol, 3, "  ")]);
    cells.extend([Field::SrcPort, Field::DstPort, Field::Input, Field::Output].map(|field| number(field, 5, "  ")));
    cells.extend(aggregate());
    let heading = format!("{head}srcPrefix           dstPrefix           Pr   SrcP   DstP    input  output {SUMS}");
    Table::of(heading, cells)
}

/// 15 to 17: what Catalyst switches aggregate: by destination, by both ends, by all of a flow's key.
pub(super) fn catalyst(format: u8) -> Table {
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
    Table::of(heading, cells)
}

/// A router's cache as Cisco's show it; `verbose` with a second line of ports, prefixes, AS numbers and next hop.
pub(super) fn router_cache(verbose: bool) -> Table {
    let code = |field, digits, tail| cell(Value::Code(field, digits), digits, tail);
    let width = if verbose { 14 } else { 13 };
    let mut cells = vec![
        cell(Value::Interface(Field::Input), width, " "),
        address(Field::SrcAddr, " "),
        cell(Value::Interface(Field::Output), width, " "),
        address(Field::DstAddr, " "),
        code(Field::Protocol, 2, " "),
    ];
    let packets = cell(Value::ShortCount(Field::Packets), 5, "\n").right();
    if !verbose {
        cells.extend([code(Field::SrcPort, 4, " "), code(Field::DstPort, 4, " "), packets]);
        let heading = "SrcIf         SrcIPaddress    DstIf         DstIPaddress    Pr SrcP DstP  Pkts\n";
        return Table::of(heading, cells);
    }
    cells.extend([code(Field::Tos, 2, "  "), code(Field::TcpFlags, 2, "   "), packets]);
    for (port, mask, asn, width) in
        [(Field::SrcPort, Field::SrcMask, Field::SrcAs, 21), (Field::DstPort, Field::DstMask, Field::DstAs, 5)]
    {
        cells.extend([code(port, 4, " /"), number(mask, 2, " "), number(asn, width, " ")]);
    }
    cells.extend([
        address(Field::NextHop, " "),
        cell(Value::OctetsPerPacket, 9, "").right(),
        cell(Value::Active(1), 8, "\n").right(),
    ]);
    let heading = "SrcIf          SrcIPaddress    DstIf          DstIPaddress    Pr TOS Flgs  Pkts\n\
                   Port Msk AS                    Port Msk AS    NextHop              B/Pk  Active\n";
    Table::of(heading, cells)
}
