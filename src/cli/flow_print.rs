//! Arguments of flow-print.

use clap::Parser;

use super::common::{Debug, Files};
use crate::print::Format;

/// Show flows as text, one a line, in a choice of formats
#[derive(Parser, Debug)]
#[command(
    name = "flow-print",
    version,
    after_help = "\
Formats:
   0  interfaces and ports in hexadecimal
   1  the same, and a line of times, ToS and flags
   2  as 1, possible SYN attacks only
   3  ports
   4  prefix lengths and AS numbers
   5  times, interfaces, ports, flags
   6  packets and octets between two addresses
   7  with the short-cut router
   8  with peer next hop and encapsulation sizes
   9  with tags
  10  by AS                          18  and ToS
  11  by protocol and port           19  and ToS
  12  by source prefix               20  and ToS
  13  by destination prefix          21  and ToS
  14  by both prefixes               22  and ToS
  15  by destination (Catalyst)      23  by both prefixes, ports and ToS
  16  by source and destination      24  as 5 with the year and ToS, between tabs
  17  by all of a flow's key           long  every field of a flow, one a line

Flows of IPv6 and those of other exporters than version 5 to 8 are shown in the same formats: times
are absolute, whichever way an exporter tells them; what a flow does not tell is 0. Numbers and
addresses too long for their column push the rest of the line to the right, so that programs which
split lines at blanks read them too; -6 makes columns of addresses as wide as any address is.
Modern files, which may hold flows of any version, are shown in format 3 unless -f is given.

Examples:
  flow-print -f5 < ft-v05.2026-01-01.000000+0000
  flow-print -p -n -w -f3 /flows/2026/2026-01/2026-01-01
  flow-print -f long /flows/2026/2026-01/2026-01-01 | less
  flow-print -6 -f5 /flows/2026/2026-01/2026-01-01 | less -S
  flow-cat /flows | flow-nfilter -F web | flow-print | head"
)]
pub struct Args {
    /// Format, 0 to 24, or long [default: the one made for the flows' version]
    #[arg(short = 'f', long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<Shape>,
    /// Print what the header says first
    #[arg(short = 'p', long = "header")]
    pub header: bool,
    /// Character that begins the header's lines
    #[arg(short = 'c', long = "comment-char", value_name = "CHAR", default_value = "#")]
    pub mark: String,
    /// Names instead of numbers where the format has room for them: ports, protocols, AS numbers, tags
    #[arg(short = 'n', long)]
    pub names: bool,
    /// Wider columns, in the formats that have them
    #[arg(short = 'w', long)]
    pub wide: bool,
    /// Columns of addresses wide enough for IPv6, 39 characters (prefixes: 43); without it, longer addresses push the
    /// rest of their line to the right
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Write flows out as they come in
    #[arg(short = 'l', long = "unbuffered")]
    pub unbuffered: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

/// How flows are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// As a table.
    Table(Format),
    /// Every field of a flow, one a line.
    Long,
}

fn format(text: &str) -> Result<Shape, String> {
    if text.eq_ignore_ascii_case("long") {
        return Ok(Shape::Long);
    }
    let number = text.trim().parse().ok().and_then(Format::new);
    number.map(Shape::Table).ok_or_else(|| format!("expected a format from 0 to {}, or long", Format::LAST))
}
