//! Arguments of flow-receive.

use std::path::PathBuf;

use clap::Parser;

use super::common::Write;
use super::steps::Steps;
use crate::flow::Form;
use crate::net::{Endpoint, Transport};

/// Receive NetFlow exports and write their flows
#[derive(Parser, Debug)]
#[command(
    name = "flow-receive",
    version,
    after_help = "\
Flows first get their tags (-t, -T); those that the filter (-f, -F) does not match are left out; the
others are translated (-x, -X) and written. With tags, flows of version 1 and 5 are written as
version 1005, and all others as 10.

Examples:
  flow-receive 0/0/2055 | flow-print
  flow-receive -o flows -V5 10.0.0.9/10.1.2.3/2055
  flow-receive --transport tcp -o flows 0/0/4739
  flow-receive -f filter.cfg -F web 0/0/2055 | flow-print
  flow-receive -r exports.pcap | flow-stat -f9"
)]
pub struct Args {
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Take the exports from a capture (pcap or pcapng, `-` standard input) instead of the network; with an
    /// endpoint, only those that go there
    #[arg(short = 'r', long, value_name = "FILE")]
    pub read: Option<PathBuf>,
    /// Say every so many minutes, on standard error, what each exporter has sent
    #[arg(short = 'S', long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub stat: Option<u32>,
    /// Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10; others are converted (default: the first datagram's)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// What is done to flows before they are written.
    #[command(flatten)]
    pub steps: Steps,
    /// What exports come by: udp, or tcp or sctp connections, which carry IPFIX
    #[arg(long, value_name = "TRANSPORT", default_value_t)]
    pub transport: Transport,
    /// Multiply packets and octets by the rate that exporters say they sampled them at
    #[arg(long)]
    pub scale_sampling: bool,
    /// Where to hear, localip/remoteip/port; 0 is any address, a multicast remoteip is a group to join
    #[arg(value_name = "LOCAL/REMOTE/PORT", required_unless_present = "read")]
    pub endpoint: Option<Endpoint>,
}
