//! Arguments of flow-rpt2rrd.

use std::path::PathBuf;

use clap::Parser;

use super::common::Debug;

/// Keep reports of flow-report in round-robin databases, one a key
#[derive(Parser, Debug)]
#[command(
    name = "flow-rpt2rrd",
    version,
    after_help = "\
The report's time must stand in it: its output has options +header (or fields +first,+last). Flows
of about one step count in that step, which rrdtool fetch shows at its end, a second: octets times
300 are the report's. What a longer report counts is spread over its steps. A key that the report
lacks had nothing. Keys of several columns are written with - between them, and the report's line of
totals (options +totals) is the key totals. What could not stand in a file's name is written as in
web addresses: 10.0.0.0%2F8.rrd. RRDs are rrdtool's, which must be installed.

Examples:
  flow-report -s report.cfg -S ports < ft-v05.2026-01-01.000000+0000 | flow-rpt2rrd -k 25,443
  flow-report -s report.cfg -S ports | flow-rpt2rrd -n -k smtp,http,totals -P .in -p /var/lib/flows
  rrdtool graph smtp.png DEF:o=rrds/smtp.rrd:octets:AVERAGE CDEF:b=o,8,* AREA:b#0000ff:bits/s"
)]
pub struct Args {
    /// The keys that get an RRD; totals is the report's line of totals
    #[arg(short = 'k', long, value_name = "KEY,...", value_delimiter = ',')]
    pub keys: Vec<String>,
    /// Further keys, from a file: words; # begins a comment
    #[arg(short = 'K', long, value_name = "FILE")]
    pub keys_file: Option<PathBuf>,
    /// An RRD for every key there is
    #[arg(long)]
    pub all: bool,
    /// The columns that are kept
    #[arg(short = 'f', long, value_name = "FIELD,...", value_delimiter = ',', default_value = "flows,octets,packets")]
    pub fields: Vec<String>,
    /// Names instead of numbers: ports, protocols, AS numbers, tags
    #[arg(short = 'n', long)]
    pub names: bool,
    /// The RRDs' folder
    #[arg(short = 'p', long, value_name = "DIR", default_value = ".")]
    pub path: PathBuf,
    /// What stands behind the key in a file's name
    #[arg(short = 'P', long, value_name = "TEXT")]
    pub postfix: Option<String>,
    /// Rows kept of 1, 6, 24 and 288 steps (5 minutes, half an hour, 2 hours, a day)
    #[arg(short = 'r', long, value_name = "ROWS:ROWS:ROWS:ROWS", value_delimiter = ':', num_args = 1,
        default_value = "600:600:600:732", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub rows: Vec<u64>,
    /// Seconds a step
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub step: u64,
    /// Say what is put where
    #[arg(short = 'v', long)]
    pub verbose: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// The report; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}
