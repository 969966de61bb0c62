//! Arguments of flow-print.

use clap::Parser;

use super::common::{Debug, Files};
use crate::print::{FORMATS, Format};

/// Show flows as text, one a line, in a choice of formats
#[derive(Parser, Debug)]
#[command(
    name = "flow-print",
    version,
    after_help = after_help()
)]
pub struct Args {
    /// Format, by number or name [default: the one made for the flows' version]
    #[arg(short = 'f', long, value_name = "FORMAT", value_parser = format)]
    pub format: Option<&'static Format>,
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

fn format(text: &str) -> Result<&'static Format, String> {
    let names: Vec<&str> = FORMATS.iter().map(Format::name).filter(|name| name.parse::<u8>().is_err()).collect();
    let most = FORMATS.len() - names.len() - 1;
    Format::named(text).ok_or_else(|| format!("expected a format from 0 to {most}, or {}", names.join(", ")))
}

fn after_help() -> String {
    let mut text = "Formats:\n".to_owned();
    for format in FORMATS {
        text += &format!("  {:<14} {}\n", format.name(), format.about);
    }
    text + NOTES
}

const NOTES: &str = "
Flows of IPv6 and those of other exporters than version 5 to 8 are shown in the same formats: times
are absolute, whichever way an exporter tells them; what a flow does not tell is 0. Numbers and
addresses too long for their column push the rest of the line to the right, so that programs which
split lines at blanks read them too; -6 makes columns of addresses as wide as any address is.
Routers' views, which their own commands ask for as well (-f 'show ip cache flow'), have ports and
protocols in hexadecimal, counts in thousands (K) and millions (M), and interfaces by name, where
files know their names.
Modern files, which may hold flows of any version, are shown in format 3 unless -f is given.

Examples:
  flow-print -f5 < ft-v05.2026-01-01.000000+0000
  flow-print -p -n -w -f3 /flows/2026/2026-01/2026-01-01
  flow-print -f long /flows/2026/2026-01/2026-01-01 | less
  flow-print -f cisco-verbose /flows/2026/2026-01/2026-01-01 | more
  flow-print -6 -f5 /flows/2026/2026-01/2026-01-01 | less -S
  flow-cat /flows | flow-nfilter -F web | flow-print | head";
