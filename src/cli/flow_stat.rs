//! Arguments of flow-stat.

use clap::{ArgAction, Parser};

use super::common::{Debug, Files};
use crate::report::stat::{REPORTS, Report, Sorting};

/// Sum flows up in one of 33 reports, sorted by any column
#[derive(Parser, Debug)]
#[command(name = "flow-stat", version, after_help = after_help())]
pub struct Args {
    /// Report, 0 to 32
    #[arg(short = 'f', long = "report", value_name = "REPORT", default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=REPORTS.len() as i64 - 1))]
    pub report: u8,
    /// Sort by column COL (the first is 0), least first
    #[arg(short = 's', long = "ascending", value_name = "COL", overrides_with_all = ["ascending", "descending"])]
    pub ascending: Option<usize>,
    /// Sort by column COL (the first is 0), greatest first
    #[arg(short = 'S', long = "descending", value_name = "COL", overrides_with_all = ["ascending", "descending"])]
    pub descending: Option<usize>,
    /// Percentages of the total instead of counts
    #[arg(short = 'P', long, action = ArgAction::SetTrue)]
    pub percent: bool,
    /// Names instead of numbers: ports, protocols, AS numbers, tags
    #[arg(short = 'n', long)]
    pub names: bool,
    /// Wider columns, and the flows' duration in ms as a last one
    #[arg(short = 'w', long)]
    pub wide: bool,
    /// A comment line of running totals behind every N lines
    #[arg(short = 't', long, value_name = "N")]
    pub tally: Option<u64>,
    /// Title in the heading
    #[arg(short = 'T', long, value_name = "TITLE")]
    pub title: Option<String>,
    /// Print what the header says first
    #[arg(short = 'p', long = "header")]
    pub header: bool,
    /// Character that begins lines of comment
    #[arg(short = 'c', long = "comment-char", value_name = "CHAR", default_value = "#")]
    pub mark: String,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

impl Args {
    /// The report asked for.
    pub fn report(&self) -> &'static Report {
        let [first, ..] = &REPORTS;
        REPORTS.get(usize::from(self.report)).unwrap_or(first)
    }

    /// The order asked for.
    pub fn sorting(&self) -> Option<Sorting> {
        let by = |column: Option<usize>, descending| column.map(|column| Sorting { column, descending });
        by(self.ascending, false).or(by(self.descending, true))
    }
}

fn after_help() -> String {
    let mut text = "Reports:\n".to_owned();
    for (number, report) in REPORTS.iter().enumerate() {
        text += &format!("  {number:2}  {}\n", report.name);
    }
    text + "
Columns are those of the key, then flows, octets, packets and duration. Groups that a sort leaves
equal stand in ascending order of their keys.

Examples:
  flow-stat -f9 -S2 < ft-v05.2026-01-01.000000+0000 | head -20
  flow-stat -f10 -P -p -S4 /flows/2026/2026-01/2026-01-01
  flow-cat /flows | flow-nfilter -F web | flow-stat -f0"
}
