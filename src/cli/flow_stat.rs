//! Arguments of flow-stat.

use clap::{ArgAction, Parser, ValueEnum};

use super::Failure;
use super::common::{Debug, Files};
use super::window::Window;
use crate::report::by::{Format, Sort, Spec};
use crate::report::stat::{REPORTS, Report, Sorting};

/// Sum flows up in one of 33 reports, or by any fields, sorted by any column
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
    /// Group by these fields, see below; given several times: several reports of one reading
    #[arg(long, value_name = "FIELD,...", conflicts_with_all = OLD)]
    pub by: Vec<Spec>,
    /// With --by: only the first N groups (default: all); of --format top-talkers 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub top: Option<u64>,
    /// With --by: sort by a column, COL:asc or COL:desc (default: octets, greatest first)
    #[arg(long, value_name = "COL", requires = "by")]
    pub sort: Option<Sort>,
    /// With --by: what is written; top-talkers and cisco, which routers show, are reports by
    /// themselves
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Shape::Table)]
    pub format: Shape,
    /// Only flows that match EXPR, such as 'src net 10/8 and dst port 53'; flow-filter --help says more
    #[arg(long = "where", value_name = "EXPR")]
    pub expression: Option<String>,
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

/// Options of the numbered reports, which have no meaning beside `--by`.
const OLD: [&str; 8] = ["report", "ascending", "descending", "wide", "tally", "title", "header", "mark"];

/// What a report by fields is written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shape {
    /// Columns, with titles and totals.
    Table,
    /// Comma-separated values.
    Csv,
    /// A JSON object a line.
    Json,
    /// Flows of most octets, as Cisco's routers show them.
    TopTalkers,
    /// Packet sizes and protocols, as Cisco's routers show them above their cache's flows.
    #[value(alias = "show ip cache flow")]
    Cisco,
}

impl From<Shape> for Format {
    fn from(shape: Shape) -> Format {
        match shape {
            Shape::Table | Shape::TopTalkers | Shape::Cisco => Format::Table,
            Shape::Csv => Format::Csv,
            Shape::Json => Format::Json,
        }
    }
}

impl Args {
    /// Whether --format and --top have something to say.
    ///
    /// # Errors
    ///
    /// What they need.
    pub fn check(&self) -> Result<(), Failure> {
        let alone = matches!(self.format, Shape::TopTalkers | Shape::Cisco);
        match (alone, self.by.is_empty()) {
            (true, false) => Err(Failure::Usage("--format top-talkers, cisco: expected no --by".into())),
            (true, true) if self.format == Shape::Cisco && self.top.is_some() => {
                Err(Failure::Usage("--top: expected --by, or --format top-talkers".into()))
            }
            (false, true) if self.top.is_some() || self.format != Shape::Table => {
                let what = if self.top.is_some() { "--top" } else { "--format" };
                Err(Failure::Usage(format!("{what}: expected --by, or --format top-talkers")))
            }
            _ => Ok(()),
        }
    }

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
Where there are flows of IPv6, columns of addresses are as wide as theirs.

Reports --by fields:
  Fields have flow-tools' names (srcaddr, dstport, prot, tos, src_as, input, exaddr), IANA's
  (sourceTransportPort), or usual ones (proto, bytes, packets); any other element of IPFIX goes by
  its name (applicationId, wlanSSID). What version 5 has and flows do not tell is 0. Beside plain
  fields there are
    srcaddr/24           networks of IPv4; IPv6 addresses whole
    srcaddr/64           networks of IPv6 (more than 32); IPv4 addresses whole
    srcaddr/24/64        networks of both
    first/5m, last/1d    when flows began or ended, in steps of ms, s, m, h, d or w, counted
                         from 1970-01-01 UTC and shown in local time
    pair(addr,port)      both ends, whichever way flows go; of addr, port, as, mask, mac, tag, if
  and, as columns behind the sums,
    distinct(dstaddr)    how many different values a group has
    approx(dstaddr)      the same with less memory: up to 512 exactly, then within about 1.6 %
    duration             the flows' duration in ms, summed

Examples:
  flow-stat -f9 -S2 < ft-v05.2026-01-01.000000+0000 | head -20
  flow-stat -f10 -P -p -S4 /flows/2026/2026-01/2026-01-01
  flow-cat /flows | flow-nfilter -F web | flow-stat -f0
  flow-stat --by srcaddr/24,dstport --top 20 /flows
  flow-stat --by dstaddr --where 'udp dst port 53' --from yesterday --top 10 /flows
  flow-stat --by 'srcaddr,distinct(dstaddr)' --sort 'distinct(dstaddr)' --top 10 /flows
  flow-stat --format top-talkers --top 20 /flows
  flow-stat --format cisco /flows
  flow-stat --by first/1h --by first/1h,prot --sort first -n --format json /flows > hours.json"
}
