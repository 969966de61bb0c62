//! Arguments of flow-header.

use clap::Parser;

use super::common::{Debug, Files};

/// Show what the headers of flow files say: host, times, counts, version, byte order; and what modern files are made of
#[derive(Parser, Debug)]
#[command(
    name = "flow-header",
    version,
    after_help = "\
Examples:
  flow-header < ft-v05.2026-01-01.000000+0000
  flow-header /flows/2026/2026-01
  flow-header -B ft-v10.2026-01-01.000000+0000"
)]
pub struct Args {
    /// Show the blocks of modern files, and how each of their columns is stored and what it takes
    #[arg(short = 'B', long)]
    pub blocks: bool,
    /// Character that begins every line
    #[arg(short = 'c', long = "comment-char", value_name = "CHAR", default_value = "#")]
    pub mark: String,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
