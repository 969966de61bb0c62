//! Arguments of flow-sensor.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};

use super::Failure;
use super::common::{ByteOrder, CodecName};
use crate::flow::{Form, Version};
use crate::meter::{MAX_FLOWS, MAX_LIFE, Settings, Timeouts, Track};

/// Meter packets: read a capture file, and export its flows as NetFlow or write them to a flow file
#[derive(Parser, Debug)]
#[command(
    name = "flow-sensor",
    version,
    after_help = "\
Timeouts (-t) and their defaults in seconds:
  tcp 3600, tcp.rst 120, tcp.fin 300, udp 300, icmp 300, general 3600, maxlife 604800, expint 60

Examples:
  flow-sensor -r morning.pcap -w - | flow-stat -f10 -S4
  flow-sensor -r morning.pcap -V 10 -w morning
  flow-sensor -r morning.pcapng -n 192.0.2.1:2055 -v 5 -t udp=30s -t maxlife=5m
  tcpdump -i eth0 -w - | flow-sensor -r - -w flows -d"
)]
pub struct Args {
    /// Capture file to read, pcap or pcapng; `-` is standard input
    #[arg(short = 'r', long = "read", value_name = "FILE")]
    pub read: Option<PathBuf>,
    /// Write a flow file; `-` is standard output
    #[arg(short = 'w', long = "write", value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Send flows to these collectors; an IPv6 address stands in brackets
    #[arg(short = 'n', long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub collectors: Vec<String>,
    /// Export version, of what is sent and written: 1, 5 or 7
    #[arg(short = 'v', long = "export-version", value_name = "VERSION", default_value = "5")]
    pub export_version: String,
    /// Version of the flow file, where it is not that of what is sent: 1, 5, 6, 7, 1005 or 10, the modern file, which has
    /// IPv6 flows too
    #[arg(short = 'V', long = "file-version", value_name = "VERSION")]
    pub file_version: Option<Form>,
    /// Set a timeout; units s m h d w, which add up (1h30m)
    #[arg(short = 't', long = "timeout", value_name = "NAME=TIME")]
    pub timeouts: Vec<String>,
    /// The most flows kept at a time; beyond, those that would end first end early
    #[arg(short = 'm', long, value_name = "FLOWS", default_value_t = 8192, value_parser = flows)]
    pub max_flows: u64,
    /// What makes packets one flow: addresses, protocol and ports (full or port), addresses and protocol (proto),
    /// addresses (ip), full and the VLAN (vlan), that and MAC addresses (ether)
    #[arg(short = 'T', long, value_name = "LEVEL", value_enum, default_value = "full")]
    pub track: Level,
    /// Count one packet in so many
    #[arg(short = 's', long, value_name = "RATE", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub sampling: u32,
    /// Count as softflowd does: the frame without its link header, Ethernet padding included, not the IP packet; one
    /// 802.1Q tag, not several; ports only of whole TCP, UDP and ICMP headers; both directions of a flow begin and end
    /// together
    #[arg(long)]
    pub compat: bool,
    /// Keep IPv6 flows although the export version cannot carry them (they are written with -V 10)
    #[arg(short = '6', long)]
    pub ipv6: bool,
    /// Stay in the foreground, and print statistics at the end; with -r it always stays there
    #[arg(short = 'd', long)]
    pub foreground: bool,
    /// As -d and -6
    #[arg(short = 'D', long)]
    pub debug: bool,
    /// Share datagrams out among the collectors instead of sending each to all
    #[arg(short = 'l', long)]
    pub share: bool,
    /// Time to live (hop limit) of what is sent
    #[arg(short = 'L', long, value_name = "HOPS")]
    pub hop_limit: Option<u8>,
    /// Send from this network interface
    #[arg(short = 'S', long, value_name = "INTERFACE")]
    pub send_interface: Option<String>,
    /// Pause between datagrams, so that reading a file does not flood the collector; 0 none
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 50)]
    pub pace: u64,
    /// The exporter's address in the flow file
    #[arg(short = 'e', long, value_name = "ADDRESS")]
    pub exporter: Option<IpAddr>,
    /// Byte order of the flow file (default: this machine's)
    #[arg(long, value_name = "ORDER", value_enum)]
    pub byte_order: Option<ByteOrder>,
    /// Level of compression of the flow file, 0 none to 9 smallest (default: none, with -V 10 the codec's)
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: Option<u8>,
    /// Comment in the flow file's header
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// How the columns of a modern file are compressed (default: zstd, in pipes none)
    #[arg(long, value_name = "CODEC", value_enum)]
    pub codec: Option<CodecName>,
    /// softflowd's options without effect here.
    #[command(flatten)]
    pub softflowd: Softflowd,
}

/// Softflowd's options that have nothing to do, or cannot be had yet.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Accepted for softflowd's sake")]
pub struct Softflowd {
    /// Absolute time format of IPFIX; versions 1 to 7 have milliseconds
    #[arg(short = 'A', value_name = "sec|milli|micro|nano")]
    pub time_format: Option<String>,
    /// Adjust times when a file is read: they always are the capture's
    #[arg(short = 'a')]
    pub adjust: bool,
    /// Capture buffer
    #[arg(short = 'B', value_name = "BYTES")]
    pub buffer: Option<u64>,
    /// Both directions in one IPFIX record; versions 1 to 7 have one a record
    #[arg(short = 'b')]
    pub biflow: bool,
    /// Octets captured of a packet
    #[arg(short = 'C', value_name = "SNAPLEN")]
    pub snaplen: Option<u32>,
    /// Control socket: none with -r
    #[arg(short = 'c', value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// Nothing to do
    #[arg(short = 'g')]
    pub g: bool,
    /// Seconds between templates: versions 1 to 7 have none
    #[arg(short = 'I', value_name = "SECONDS")]
    pub template_interval: Option<u64>,
    /// Not promiscuous
    #[arg(short = 'N')]
    pub not_promiscuous: bool,
    /// Transport of what is sent: udp
    #[arg(short = 'P', value_name = "udp|tcp|sctp", default_value = "udp")]
    pub transport: String,
    /// Process id file: none with -r
    #[arg(short = 'p', value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// MPLS labels exported: versions 1 to 7 have none
    #[arg(short = 'x', value_name = "LABELS")]
    pub labels: Option<u32>,
    /// Live capture: not in this version
    #[arg(short = 'i', value_name = "[INDEX:]INTERFACE")]
    pub interface: Option<String>,
    /// Receive PSAMP: not in this version
    #[arg(short = 'R', value_name = "PORT")]
    pub psamp: Option<u16>,
    /// Packet filter: not in this version
    #[arg(value_name = "EXPRESSION", action = ArgAction::Append)]
    pub expression: Vec<String>,
}

/// `-T`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Level {
    /// Addresses.
    Ip,
    /// Addresses and protocol.
    Proto,
    /// Addresses, protocol and ports.
    Port,
    /// The same: softflowd's flows have no type of service in their key.
    Full,
    /// Those and the VLAN.
    Vlan,
    /// Those and MAC addresses.
    Ether,
}

impl Args {
    /// What is asked for and cannot be had: one line.
    pub fn check(&self) -> Result<(), Failure> {
        let s = &self.softflowd;
        let wrong = |what: &str| Err(Failure::Usage(what.to_owned()));
        if s.interface.is_some() {
            return wrong("-i: live capture is not in this version yet; read a capture file with -r");
        }
        if s.psamp.is_some() {
            return wrong("-R: receiving PSAMP is not in this version yet; read a capture file with -r");
        }
        if !s.expression.is_empty() {
            return wrong("packet filter expressions are not in this version yet; filter with tcpdump -w - EXPRESSION");
        }
        if s.transport != "udp" {
            return Err(Failure::Usage(format!("-P {}: not in this version yet, expected udp", s.transport)));
        }
        if self.read.is_none() {
            return wrong("nothing to read: name a capture file with -r");
        }
        Ok(())
    }

    /// The version of the records sent and written.
    pub fn records(&self) -> Result<Version, Failure> {
        match self.export_version.as_str() {
            "1" => Ok(Version::V1),
            "5" => Ok(Version::V5),
            "7" => Ok(Version::V7),
            "9" | "10" | "psamp" => {
                Err(Failure::Usage(format!("-v {}: not in this version yet, expected 1, 5 or 7", self.export_version)))
            }
            other => Err(Failure::Usage(format!("-v {other}: no export version, expected 1, 5 or 7"))),
        }
    }

    /// What is written to the flow file.
    pub fn form(&self) -> Result<Form, Failure> {
        let version = self.records()?;
        match self.file_version {
            Some(form @ Form::Classic(Version::V8(_))) => {
                Err(Failure::Usage(format!("-V {form}: flows are no aggregates, expected 1, 5, 6, 7, 1005 or 10")))
            }
            form => Ok(form.unwrap_or(Form::Classic(version))),
        }
    }

    /// How packets become flows.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let mut timeouts = Timeouts::default();
        for assignment in self.timeouts.iter().flat_map(|t| t.split(',')) {
            timeouts.set(assignment).map_err(|why| Failure::Usage(format!("-t: {why}")))?;
        }
        // A record of these versions cannot tell a longer time.
        timeouts.max_life = match timeouts.max_life {
            0 => MAX_LIFE,
            seconds => seconds.min(MAX_LIFE),
        };
        Ok(Settings {
            max_flows: self.max_flows as usize,
            track: match self.track {
                Level::Ip => Track::Ip,
                Level::Proto => Track::Protocol,
                Level::Port | Level::Full => Track::Full,
                Level::Vlan => Track::Vlan,
                Level::Ether => Track::Ether,
            },
            timeouts,
            sampling: self.sampling,
            ipv6: self.ipv6 || self.debug || self.file_version == Some(Form::Modern),
            compat: self.compat,
            ..Settings::default()
        })
    }
}

fn flows(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a number from 1 to {MAX_FLOWS}");
    text.parse().ok().filter(|n| (1..=MAX_FLOWS as u64).contains(n)).ok_or_else(wrong)
}
