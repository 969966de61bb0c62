//! Arguments of flow-header.

use clap::{Parser, ValueEnum};

use super::common::{Debug, Files};

/// Show what the headers of flow files say: host, times, counts, version, byte order; and what modern files are made of
#[derive(Parser, Debug)]
#[command(
    name = "flow-header",
    version,
    after_help = "\
The views of routers, export and interface, are sums over all flows of all files given, which are
read for it: flows, packets and octets of each exporter, and what it said of itself; and in and out
by each of its interfaces, with their names where files know them. Losses are those that headers
tell; files do not keep how many datagrams flows came in.

Examples:
  flow-header < ft-v05.2026-01-01.000000+0000
  flow-header /flows/2026/2026-01
  flow-header -f export /flows/2026/2026-01
  flow-cat /flows | flow-header -f interface
  flow-header -B ft-v10.2026-01-01.000000+0000"
)]
pub struct Args {
    /// What is shown: headers, a file after the other; or what routers show, 'show ip flow export' and 'show ip flow
    /// interface'
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum, default_value_t = Shape::Header, ignore_case = true)]
    pub format: Shape,
    /// Show the blocks of modern files, and how each of their columns is stored and what it takes
    #[arg(short = 'B', long)]
    pub blocks: bool,
    /// Character that begins every line of headers
    #[arg(short = 'c', long = "comment-char", value_name = "CHAR", default_value = "#")]
    pub mark: String,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shape {
    /// What headers say.
    Header,
    /// What each exporter sent.
    #[value(alias = "show ip flow export")]
    Export,
    /// What went in and out by each interface.
    #[value(alias = "show ip flow interface")]
    Interface,
}
