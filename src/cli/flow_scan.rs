//! Arguments of flow-scan.

use std::path::PathBuf;

use clap::Parser;

macro_rules! about {
    () => {
        "\
Each completed flow file is read once, in order of capture, and remembered; its flows are counted
in steps of five minutes, or of --step. CUFlow.cf says what is inside (Subnet), what is counted
(Network, Router, Service, Protocol, TOS, ASNumber, Multicast, Category), where RRDs go
(OutputDir), and which pages list talkers (Scoreboard, AggregateScore). Without Category FILE, the
categories that are built in count. A file's flows are those of the time that its header or its
name says, or else of the time they ended in. A step is written when a later file has begun, or when
it has been over for WaitSeconds; what no file covers is unknown. A file that was read goes into the
folder saved, beside it or in DIR, if there is one. RRDs are rrdtool's, which must be
installed.

"
    };
}

macro_rules! config {
    () => {
        "\
CUFlow.cf:
  Subnet CIDR              what is inside: a flow from outside is inbound
  Network CIDR[,...] LABEL
                           a part of the inside; these may overlap
  Router ADDRESS [ALIAS]   an exporter that gets RRDs in a folder
  Service PORT[-PORT]/PROTOCOL[,...] LABEL
                           ports, by number or name; an RRD by source,
                           one by destination
  Protocol NUMBER|NAME [ALIAS]
                           an IP protocol
  TOS N[-N][,...] LABEL    values of the type of service
  ASNumber N[,...] LABEL   autonomous systems outside
  Multicast                groups, as protocol_multicast
  Category FILE            applications, in lines category LABEL, port
                           PORTS, application NAMES
  SampleRate ADDRESS N     is read, and said not to be applied
  OutputDir DIR            the folder of RRDs and what is remembered
                           (default: where it is run)
  Scoreboard N DIR LINK    the N that talked most in each file: pages and
                           JSON below DIR, by day and hour; LINK leads to
                           the newest
  AggregateScore N DATA PAGE
                           the N that talk most on average; a file of
                           kept values, and the page
  Include FILE             more of this
  A flow counts under each label that has it, but has one protocol.

flowscan.cf:
  FlowFileGlob PATTERN     names of flow files, as ft-v*[0-9]; with
                           folders, where they are
  ReportClasses CUFlow     others are not known
  WaitSeconds N            from a step's end to its writing, and from
                           look to look (30)
  Verbose 0|1              whether progress is told

RRDs:
  total.rrd, network_LABEL.rrd, service_LABEL_src.rrd,
  service_LABEL_dst.rrd, protocol_LABEL.rrd, tos_LABEL.rrd,
  as_LABEL.rrd, category_LABEL.rrd; the same in ROUTER/. What is
  neither inbound nor outbound is in neither.rrd alone, as in_. Each
  holds in_bytes, out_bytes, in_pkts, out_pkts, in_flows and out_flows, a
  second, of steps of 300 seconds: averages and maxima of 5 minutes,
  half an hour, 2 hours, a day in 600, 600, 600, 732 rows. With --step
  rows are of steps, and of about those lengths that are longer.

"
    };
}

macro_rules! examples {
    () => {
        "\
Examples:
  flow-scan -c /etc/flow-tools/CUFlow.cf /var/lib/flow-tools/core
  flow-scan --watch -c CUFlow.cf -f flowscan.cf
  rrdtool fetch rrds/service_http_dst.rrd AVERAGE -s -1h"
    };
}

/// Keep what flows come to, by service, network, protocol and more, in round-robin databases, as FlowScan and CUFlow do
#[derive(Parser, Debug)]
#[command(
    name = "flow-scan",
    version,
    after_help = concat!(about!(), examples!()),
    after_long_help = concat!(about!(), config!(), examples!())
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
    /// Seconds a step, 1 to 86400, of which a day has a whole number; what RRDs were made with stays (default: 300)
    #[arg(long, value_name = "SECONDS", value_parser = step)]
    pub step: Option<u64>,
    /// Seconds from a step's end to its writing (default: WaitSeconds)
    #[arg(long, value_name = "SECONDS")]
    pub wait: Option<u64>,
    /// Do not wait for the end of the last step; flows of it that come in later files are counted in the next
    #[arg(long, conflicts_with = "watch")]
    pub flush: bool,
    /// Delete files that were read whole, by this run or an earlier one
    #[arg(long)]
    pub delete: bool,
    /// Go on, and read new files as they come
    #[arg(short = 'w', long)]
    pub watch: bool,
    /// Do not tell progress
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// Flow files, and folders of them (recursively); nothing is what FlowFileGlob says
    #[arg(value_name = "DIR|FILE")]
    pub files: Vec<PathBuf>,
}

/// A day.
const DAY: u64 = 86_400;

/// Reads the seconds of a step.
fn step(text: &str) -> Result<u64, String> {
    let fits = |step: &u64| (1..=DAY).contains(step) && DAY.is_multiple_of(*step);
    text.parse().ok().filter(fits).ok_or_else(|| "expected 1 to 86400 seconds that divide a day, as in 900".to_owned())
}
