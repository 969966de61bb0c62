//! Arguments of flow-cat.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Write};
use crate::flow::Form;

/// Concatenate flow files and folders of them
#[derive(Parser, Debug)]
#[command(
    name = "flow-cat",
    version,
    after_help = "\
Examples:
  flow-cat /flows/2026/2026-01/2026-01-15 | flow-stat -f9 -S2
  flow-cat -t '2 hours ago' -T now /flows | flow-print
  flow-cat -g -z6 -o january /flows/2026/2026-01
  flow-cat -f --from-now /flows | flow-print"
)]
pub struct Args {
    /// Read folders' unfinished files (tmp...) too
    #[arg(short = 'a', long)]
    pub all: bool,
    /// Go on when all has been written, and follow the archives in these folders as they grow: flows are written within
    /// a second after their collector has, each once, whatever becomes of their file. Ends on SIGINT and SIGTERM
    #[arg(short = 'f', long, conflicts_with_all = ["preload", "end"])]
    pub follow: bool,
    /// With -f, only what arrives from now on
    #[arg(long, requires = "follow")]
    pub from_now: bool,
    /// Sort the files by when their capture began
    #[arg(short = 'g', long)]
    pub sort: bool,
    /// Accepted for flow-tools' sake: input is never mapped
    #[arg(short = 'm', long)]
    pub no_mmap: bool,
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Read every header first, so that counts and times stand in the output's header
    #[arg(short = 'p', long)]
    pub preload: bool,
    /// Only files whose capture began by DATE ("2 hours ago", "2026-01-15 10:00"); with -T, files whose capture
    /// lies in the time from one to the other, in part at least. Implies -p. With -f, files whose capture lasted to
    /// DATE or longer
    #[arg(short = 't', long, value_name = "DATE")]
    pub start: Option<String>,
    /// Only files whose capture lasted to DATE or longer; implies -p
    #[arg(short = 'T', long, value_name = "DATE")]
    pub end: Option<String>,
    /// Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: that of the first file)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
