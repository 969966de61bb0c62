//! Arguments of flow-log2rrd.

use std::path::PathBuf;

use clap::Parser;

use super::common::Debug;

/// Keep what collectors log of exporters in round-robin databases, one an exporter
#[derive(Parser, Debug)]
#[command(
    name = "flow-log2rrd",
    version,
    after_help = "\
Reads the STAT lines of flow-capture -S and flow-fanout -S, other lines are passed over. An RRD is
named capture.HOST.EXPORTER.COLLECTOR.VERSION.rrd (or fanout...), its data sources are flows, pkts
and lost, a second. It holds a week of 5-minute steps and a year of days. RRDs are rrdtool's, which
must be installed.

Examples:
  flow-log2rrd -p /var/lib/flows/rrd < /var/log/netflow
  journalctl -t flow-capture --since -1h | flow-log2rrd -p rrd
  rrdtool fetch rrd/capture.host.192.0.2.1.192.0.2.9.5.rrd AVERAGE --start -1h"
)]
pub struct Args {
    /// The RRDs' folder
    #[arg(short = 'p', long, value_name = "DIR", default_value = ".")]
    pub path: PathBuf,
    /// Seconds a step: how often there is a line
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub step: u64,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// Logs; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
