//! Arguments of flow-scan.

use std::path::PathBuf;

use clap::Parser;

/// Keep what flows come to, by service, network, protocol and more, in round-robin databases, as FlowScan and CUFlow do
#[derive(Parser, Debug)]
#[command(
    name = "flow-scan",
    version,
    after_help = "\
Each completed flow file is read once, in order of capture, and remembered; flows are counted in steps
of five minutes. CUFlow.cf says what is inside (Subnet) and what is counted: Network, Router, Service,
Protocol, TOS, ASNumber, Multicast, Category; where RRDs go (OutputDir); and which pages list talkers
(Scoreboard, AggregateScore). Without Category lines, those built in count. A step is written when a
later file begins, or when it has been over for WaitSeconds. A file goes into the folder saved beside
it, or of DIR, if there is one. RRDs are rrdtool's, which must be installed.

Examples:
  flow-scan -c /etc/flow-tools/CUFlow.cf /var/lib/flow-tools/core
  flow-capture -w /flows -R 'flow-scan -q -c /etc/flow-tools/CUFlow.cf' 0/0/2055
  rrdtool fetch /var/lib/flow-scan/service_http_dst.rrd AVERAGE -s -1h"
)]
pub struct Args {
    /// What is counted; looked for among the configurations if it is not here
    #[arg(short = 'c', long, value_name = "FILE", default_value = "CUFlow.cf")]
    pub config: PathBuf,
    /// flowscan.cf, of which FlowFileGlob, ReportClasses, WaitSeconds and Verbose count
    #[arg(short = 'f', long, value_name = "FILE")]
    pub flowscan: Option<PathBuf>,
    /// What is remembered (default: flow-scan.state in OutputDir)
    #[arg(short = 's', long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Count long flows in all steps they lasted, instead of the one they ended in
    #[arg(long)]
    pub spread: bool,
    /// Delete files that were read whole
    #[arg(long)]
    pub delete: bool,
    /// Go on, and look for new files every WaitSeconds
    #[arg(short = 'w', long)]
    pub watch: bool,
    /// Do not tell progress
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// Flow files, and folders of them (recursively); nothing is what FlowFileGlob says
    #[arg(value_name = "DIR|FILE")]
    pub files: Vec<PathBuf>,
}
