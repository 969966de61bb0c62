//! Arguments of flow-merge.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Write};

/// Merge flow files in the order of time
#[derive(Parser, Debug)]
#[command(
    name = "flow-merge",
    version,
    after_help = "\
Flows are written in the order in which they ended, as far as they are in order in each file; of
flows that ended at the same time, those of the file named first come first. However large the
files are, no more than a block of each is in memory.

Examples:
  flow-merge /flows/router1/2026-01-15 /flows/router2/2026-01-15 | flow-print
  flow-merge -g -z6 -o all router1 router2 router3
  ls /flows/*/2026-01-15/ft-* | flow-merge -i - | flow-stat -f10"
)]
pub struct Args {
    /// Read folders' unfinished files (tmp...) too
    #[arg(short = 'a', long)]
    pub all: bool,
    /// Take the files in the order in which their capture began, where flows ended at the same time
    #[arg(short = 'g', long)]
    pub sort: bool,
    /// Read more files' names from LIST, one a line; `-` is standard input
    #[arg(short = 'i', long, value_name = "LIST")]
    pub input_list: Option<PathBuf>,
    /// Accepted for flow-tools' sake: input is never mapped
    #[arg(short = 'm', long)]
    pub no_mmap: bool,
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
