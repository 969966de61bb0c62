//! Arguments of flow-report.

use std::path::PathBuf;

use clap::{ArgAction, Parser};

use super::common::{ByteOrder, Debug, Files};
use super::config::Defined;
use super::window::Window;

macro_rules! examples {
    () => {
        "
Examples:
  flow-report -v TYPE=ip-source-address -v SORT=+octets -v RECORDS=10 /flows/2026
  flow-cat /flows/2026/2026-01 | flow-report -s stat.cfg -S daily
  flow-report -v TYPE=ip-protocol -v OPTIONS=+percent-total,+names /flows/2026/2026-01"
    };
}

/// Behind `-h`.
const SHORT: &str = concat!(
    "\
The file says what reports are made, and how they are shown; --help says more, -hh lists the types.

  stat-report talkers
    type ip-source-address
    output
      sort +octets
      records 100
      path /reports/%Y/%m/%d/talkers.csv
  stat-definition daily
    report talkers
",
    examples!()
);

/// Behind `--help`, and in the man page.
const LONG: &str = concat!(
    "\
The file has reports, and definitions that say which are made together, of one reading of the flows:

  include-filter /etc/flow-tools/cfg/filter.cfg
  stat-report talkers
    type ip-source/destination-address
    filter not-ours
    scale 100
    output
      sort +octets
      records 100
      options +header,+percent-total
      fields +pps,-duration
      path |mail -s talkers noc
  stat-definition daily
    filter office-hours
    tag customers
    report talkers

Of a report:
  type TYPE                         what flows are grouped by; -hh lists the types
  filter NAME                       only flows that this filter-definition matches
  scale N                           octets and packets count N times: of sampled flows
  tag-mask SOURCE DESTINATION       the bits of tags that count
  ip-source-address-format, ip-destination-address-format
                                    address, prefix-len (the prefix's length beside it) or prefix-mask (only
                                    the prefix)
  output                            begins what is said of an output; a report may have several

Of an output:
  path PATH                         a file, a command behind |, or - for standard output (the default); with
                                    parts of a time, %Y/%m/%d, as strftime(3) has them; folders are made
  time now|start|end|mid            which time: now, or of the first or last flow, or between them (mid)
  sort +FIELD|-FIELD                greatest first, or least first
  records N                         at most N rows
  tally N                           a line of running shares of the totals, in percent, behind every N rows
  fields +FIELD,-FIELD,...          columns more and less: index first last key key1 to key6 count flows octets
                                    packets duration pps bps (or avg-pps min-pps max-pps, likewise bps) other
  options +OPTION,...               header, xheader (what the input's header says), totals, percent-total, names
  format ascii                      comma-separated values; there is no other

Of a definition:
  filter, tag, mask NAME            flows are filtered, get tags, get prefixes' lengths, in this order
  report NAME                       a report to make; there may be several
  time-series SECONDS               the reports are made anew for every so many seconds

include-filter, include-tag and include-mask FILE say where filters, tags and masks are defined. @NAME and
@{NAME:-DEFAULT} stand for what -v NAME=VALUE says; # begins a comment.

Without -s, stat.cfg is looked for here, in /usr/local/etc/flow-tools/cfg and in /etc/flow-tools/cfg. Where
there is none, one report is made that variables change: TYPE, SORT, RECORDS, FIELDS, OPTIONS, SCALE, TALLY,
RPTPATH.
",
    examples!()
);

/// Make reports of flows, as a file says which and how
#[derive(Parser, Debug)]
#[command(name = "flow-report", version, after_help = SHORT, after_long_help = LONG)]
pub struct Args {
    /// The file of reports (default: stat.cfg)
    #[arg(short = 's', long = "config", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The stat-definition to make
    #[arg(short = 'S', long, value_name = "NAME", default_value = "default")]
    pub definition: String,
    /// Print help; given twice, the types of report
    #[arg(short = 'h', action = ArgAction::Count, display_order = 1000)]
    pub short_help: u8,
    /// Print more help
    #[arg(long, action = ArgAction::Help, display_order = 1000)]
    pub help: Option<bool>,
    /// Accepted for flow-tools' sake: reports have no byte order
    #[arg(short = 'b', long, value_name = "ORDER", value_enum, hide = true)]
    pub byte_order: Option<ByteOrder>,
    /// Accepted for flow-tools' sake
    #[arg(short = 'C', long, value_name = "TEXT", hide = true)]
    pub comment: Option<String>,
    /// Accepted for flow-tools' sake
    #[arg(short = 'z', long, value_name = "LEVEL", hide = true)]
    pub level: Option<u8>,
    /// Accepted for flow-tools' sake
    #[arg(short = 'k', hide = true)]
    pub keep_time: bool,
    /// Variables of the file.
    #[command(flatten)]
    pub defined: Defined,
    /// When the flows were.
    #[command(flatten)]
    pub window: Window,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
