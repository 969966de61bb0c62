//! Arguments of flow-fanout.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Debug, pid_path};
use super::config::Defined;
use super::flow_send::mask;
use super::steps::Filtering;
use crate::net::Endpoint;
use crate::wire::ExportVersion;

/// Send what exporters send on to any number of collectors
#[derive(Parser, Debug)]
#[command(
    name = "flow-fanout",
    version,
    after_help = "\
Datagrams go on as they came unless -A, -f, -F, -m or -V asks for a change; then flows are decoded,
changed and packed again, and numbered so that what a filter took out is not missing and what was
lost on the way here is. Where exporters that share an engine or a domain meet, and -s does not keep
them apart, sequence numbers or domains are changed so that a collector can tell them apart.

A destination that is slow, dead or cannot be reached at present holds no other up. SIGHUP says how
exporters and destinations do, as -S does, SIGTERM ends. What goes wrong is said on standard error
in the foreground, else to syslog (local6).

Examples:
  flow-fanout 0/0/2055 0/10.0.0.5/2055 0/10.0.0.6/9996 0/2001:db8::9/2055
  flow-fanout -s -S 5 -p /run/fanout.pid 192.0.2.1/0/2055 0/10.0.0.5/2055 127.0.0.1/127.0.0.1/9800
  flow-fanout -D -f filter.cfg -F web -m /24 -V 5 0/0/2055 0/10.0.0.5/2055"
)]
pub struct Args {
    /// Put the autonomous system AS where a flow's is 0
    #[arg(short = 'A', long = "replace-as0", value_name = "AS")]
    pub own_as: Option<u32>,
    /// Which flows are sent on.
    #[command(flatten)]
    pub filtering: Filtering,
    /// Keep only these bits of IPv4 source and destination addresses: 255.255.255.0, 0xffffff00 or /24
    #[arg(short = 'm', long, value_name = "MASK", value_parser = mask)]
    pub mask: Option<u32>,
    /// Write the process number to FILE.PORT; - is none [default: /var/run/flow-fanout.pid]
    #[arg(short = 'p', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// Send each datagram in its exporter's name (raw socket: needs root; IPv4 only)
    #[arg(short = 's', long)]
    pub spoof: bool,
    /// Say every so many minutes what each exporter sent, what of it was lost, and what each destination got (0: never)
    #[arg(short = 'S', long, value_name = "MINUTES", default_value_t = 0)]
    pub stat: u32,
    /// Export version sent: 1, 5, 6, 7, 8.1 to 8.14, 9 or 10, which is IPFIX (default: each flow's own)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<ExportVersion>,
    /// Pause between two datagrams to a destination
    #[arg(short = 'x', long, value_name = "MICROSECONDS", default_value_t = 0)]
    pub pace: u64,
    /// Stay in the foreground, without a pid file unless -p names one
    #[arg(short = 'D', long)]
    pub foreground: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// Variables of the filters.
    #[command(flatten)]
    pub defined: Defined,
    /// Listen at LOCAL to REMOTE (0: any) and PORT; a multicast REMOTE is a group to join
    #[arg(value_name = "LOCAL/REMOTE/PORT")]
    pub endpoint: Endpoint,
    /// Send from LOCAL (0: any) to REMOTE and PORT
    #[arg(value_name = "LOCAL/REMOTE/PORT", id = "destination", required = true)]
    pub destinations: Vec<Endpoint>,
}

impl Args {
    /// Where the process number is to be written.
    pub fn pid_path(&self) -> Option<PathBuf> {
        pid_path(self.pid_file.as_deref(), "flow-fanout", self.foreground, self.endpoint.port)
    }
}
