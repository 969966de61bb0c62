//! Arguments of flow-dscan.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Debug, Files};
use super::flow_filter::wide;
use crate::select::Numbers;

/// Find scans of hosts and ports, and flows out of the ordinary
#[derive(Parser, Debug)]
#[command(
    name = "flow-dscan",
    version,
    after_help = "\
A source that sends to more than DEPTH hosts scans hosts; one that sends to more than PORTS ports
below 1024 of one host scans ports. What has not been seen again for AGE flows is forgotten; a
source is told of once until then. Memory is bounded by AGE, and by 128 MB of it.

Lists of flows that give no alarm are BASE.src, by source, and BASE.dst, by destination. Their lines
are ADDRESS PROTOCOL SRCPORT DSTPORT, - is any:
  10.0.0.53 17 53 -
SIGHUP reads them again, SIGUSR1 writes the state file, SIGTERM writes it, with -p, and ends.
Without -b and -B the work is done in the background, and alerts go to syslog (local6).

Examples:
  flow-cat /flows/2026/2026-01 | flow-dscan -b
  flow-dscan -b -m -W -i 3 -L dscan.suppress -O 100000000 /flows/2026/2026-01/2026-01-15
  flow-dscan -b -l -p -s /var/lib/dscan.state < /flows/ft-v05.2026-01-15.120000+0000"
)]
pub struct Args {
    /// Stay in the foreground; alerts go to standard error
    #[arg(short = 'b', long)]
    pub foreground: bool,
    /// Stay in the foreground; alerts go to syslog
    #[arg(short = 'B', long = "foreground-syslog")]
    pub syslog: bool,
    /// Hosts that a source may send to
    #[arg(short = 'D', long = "hosts", value_name = "DEPTH", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub hosts: u16,
    /// Only flows that came in by these interfaces
    #[arg(short = 'i', long, value_name = "LIST", value_parser = wide)]
    pub input: Option<Numbers>,
    /// Only flows that went out by these interfaces
    #[arg(short = 'I', long, value_name = "LIST", value_parser = wide)]
    pub output: Option<Numbers>,
    /// Begin with what the state file says; with -p it need not be there yet
    #[arg(short = 'l', long)]
    pub load: bool,
    /// Lists of flows that give no alarm: BASE.src, BASE.dst (default: dscan.suppress, where they are there)
    #[arg(short = 'L', long, value_name = "BASE")]
    pub suppress: Option<PathBuf>,
    /// Leave out flows to multicast addresses
    #[arg(short = 'm', long)]
    pub no_multicast: bool,
    /// Tell of flows of more octets
    #[arg(short = 'O', long, value_name = "OCTETS")]
    pub octets: Option<u64>,
    /// Write the state file at the end
    #[arg(short = 'p', long)]
    pub save: bool,
    /// Tell of flows of more packets
    #[arg(short = 'P', long, value_name = "PACKETS")]
    pub packets: Option<u64>,
    /// The state file
    #[arg(short = 's', long, value_name = "FILE", default_value = "/var/tmp/dscan.state")]
    pub state: PathBuf,
    /// Ports below 1024 of a host that a source may send to
    #[arg(short = 'S', long, value_name = "PORTS", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=1023))]
    pub ports: u16,
    /// Forget what has not been seen again for so many flows
    #[arg(short = 't', long, value_name = "AGE", default_value_t = 90_000)]
    pub age: u32,
    /// Tell of flows that last longer, in milliseconds
    #[arg(short = 'T', long, value_name = "TIME")]
    pub duration: Option<u64>,
    /// Leave out answers of web servers: TCP from port 80 to ports above 1023
    #[arg(short = 'w', long)]
    pub no_inbound_web: bool,
    /// Leave out questions to web servers: TCP from ports above 1023 to port 80
    #[arg(short = 'W', long)]
    pub no_outbound_web: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
