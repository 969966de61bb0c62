//! Arguments of flow-sensor.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};

use super::Failure;
use super::common::{ByteOrder, CodecName};
use super::flow_send::ExportVersion;
use crate::flow::{Form, Version};
use crate::meter::{MAX_FLOWS, MAX_LIFE, Settings, Shape, Timeouts, Times, Track};
use crate::net::Transport;
use crate::wire::Protocol;

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
  flow-sensor -r morning.pcap -v 10 -w morning
  flow-sensor -r morning.pcap -n 192.0.2.1:4739 -v 10 -b -P tcp
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
    /// Export version, of what is sent and written: 1, 5 or 7, which have IPv4 flows only, 9 or 10, which is IPFIX; a
    /// flow file is a modern one then
    #[arg(short = 'v', long = "export-version", value_name = "VERSION", default_value = "5")]
    pub export_version: String,
    /// Version of the flow file, where it is not that of what is sent: 1, 5, 6, 7, 1005 or 10, the modern file
    #[arg(short = 'V', long = "file-version", value_name = "VERSION")]
    pub file_version: Option<Form>,
    /// Set a timeout; units s m h d w, which add up (1h30m)
    #[arg(short = 't', long = "timeout", value_name = "NAME=TIME")]
    pub timeouts: Vec<String>,
    /// The most flows kept at a time; beyond, those that would end first end early
    #[arg(short = 'm', long, value_name = "FLOWS", default_value_t = 8192, value_parser = flows)]
    pub max_flows: u64,
    /// Send both directions of a flow in one record, from who began to the other (RFC 5103; -v 10)
    #[arg(short = 'b', long)]
    pub biflow: bool,
    /// How times are sent (-v 10); versions 1 to 9 have milliseconds
    #[arg(short = 'A', long, value_name = "UNIT", value_enum, default_value = "milli")]
    pub time_format: TimeFormat,
    /// Send templates again after so many seconds, or 20 messages (-v 9, 10 over udp)
    #[arg(short = 'I', long, value_name = "SECONDS", default_value = "60")]
    pub template_interval: u32,
    /// What messages travel by: udp, tcp or sctp; IPFIX goes by all of them, everything else by udp
    #[arg(short = 'P', long, value_name = "TRANSPORT", default_value_t)]
    pub transport: Transport,
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
    /// Keep IPv6 flows although the version cannot carry them; with versions that can, they are kept anyway
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
    /// Adjust times when a file is read: they always are the capture's
    #[arg(short = 'a')]
    pub adjust: bool,
    /// Capture buffer
    #[arg(short = 'B', value_name = "BYTES")]
    pub buffer: Option<u64>,
    /// Octets captured of a packet
    #[arg(short = 'C', value_name = "SNAPLEN")]
    pub snaplen: Option<u32>,
    /// Control socket: none with -r
    #[arg(short = 'c', value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// Nothing to do
    #[arg(short = 'g')]
    pub g: bool,
    /// Not promiscuous
    #[arg(short = 'N')]
    pub not_promiscuous: bool,
    /// Process id file: none with -r
    #[arg(short = 'p', value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// MPLS labels exported: none in this version
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

/// `-A`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum TimeFormat {
    /// Seconds.
    Sec,
    /// Milliseconds.
    Milli,
    /// Microseconds.
    Micro,
    /// Nanoseconds.
    Nano,
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
        let version = self.version()?;
        if self.transport.is_connected() && version != ExportVersion::Template(Protocol::Ipfix) {
            let transport = self.transport;
            return wrong(&format!("-P {transport}: version {version} goes by udp; by {transport} goes IPFIX (-v 10)"));
        }
        if self.read.is_none() {
            return wrong("nothing to read: name a capture file with -r");
        }
        Ok(())
    }

    /// The version of what is sent.
    pub fn version(&self) -> Result<ExportVersion, Failure> {
        match self.export_version.as_str() {
            "1" => Ok(ExportVersion::Classic(Version::V1)),
            "5" => Ok(ExportVersion::Classic(Version::V5)),
            "7" => Ok(ExportVersion::Classic(Version::V7)),
            "9" => Ok(ExportVersion::Template(Protocol::V9)),
            "10" => Ok(ExportVersion::Template(Protocol::Ipfix)),
            "psamp" => Err(Failure::Usage("-v psamp: not in this version yet, expected 1, 5, 7, 9 or 10".into())),
            other => Err(Failure::Usage(format!("-v {other}: no export version, expected 1, 5, 7, 9 or 10"))),
        }
    }

    /// The version of the records sent or written, where there are any.
    pub fn records(&self) -> Result<Version, Failure> {
        Ok(match (self.version()?, self.file_version) {
            (ExportVersion::Classic(version), _) | (_, Some(Form::Classic(version))) => version,
            _ => Version::V5,
        })
    }

    /// What is written to the flow file.
    pub fn form(&self) -> Result<Form, Failure> {
        let version = self.version()?;
        match self.file_version {
            Some(form @ Form::Classic(Version::V8(_))) => {
                Err(Failure::Usage(format!("-V {form}: flows are no aggregates, expected 1, 5, 6, 7, 1005 or 10")))
            }
            Some(form) => Ok(form),
            None => Ok(match version {
                ExportVersion::Classic(version) => Form::Classic(version),
                ExportVersion::Template(_) => Form::Modern,
            }),
        }
    }

    /// Whether anything is made that has 32 bits for counters and no IPv6: records of a classic version.
    fn is_classic(&self) -> Result<bool, Failure> {
        let sends = matches!(self.version()?, ExportVersion::Classic(_));
        let writes = self.write.is_some() && self.form()? != Form::Modern;
        Ok(writes || sends && (!self.collectors.is_empty() || self.write.is_none()))
    }

    /// What is sent of a flow, with templates.
    pub fn sent(&self, track: Track) -> Result<Shape, Failure> {
        let times = match (self.version()?, self.time_format) {
            (ExportVersion::Template(Protocol::Ipfix), TimeFormat::Sec) => Times::Seconds,
            (ExportVersion::Template(Protocol::Ipfix), TimeFormat::Micro) => Times::Microseconds,
            (ExportVersion::Template(Protocol::Ipfix), TimeFormat::Nano) => Times::Nanoseconds,
            (ExportVersion::Template(Protocol::Ipfix), TimeFormat::Milli) => Times::Milliseconds,
            _ => Times::Uptime,
        };
        Ok(Shape::of_export(times, track, self.biflow && times != Times::Uptime))
    }

    /// How packets become flows.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let mut timeouts = Timeouts::default();
        for assignment in self.timeouts.iter().flat_map(|t| t.split(',')) {
            timeouts.set(assignment).map_err(|why| Failure::Usage(format!("-t: {why}")))?;
        }
        let (version, classic) = (self.version()?, self.is_classic()?);
        if classic || version == ExportVersion::Template(Protocol::V9) {
            // Uptimes of these versions cannot tell a longer time.
            timeouts.max_life = match timeouts.max_life {
                0 => MAX_LIFE,
                seconds => seconds.min(MAX_LIFE),
            };
        }
        let modern = self.form()? == Form::Modern || matches!(version, ExportVersion::Template(_));
        let defaults = Settings::default();
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
            // Counters of other versions have 64 bits.
            max_octets: if classic { defaults.max_octets } else { u64::MAX >> 1 },
            ipv6: self.ipv6 || self.debug || modern,
            compat: self.compat,
        })
    }
}

fn flows(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a number from 1 to {MAX_FLOWS}");
    text.parse().ok().filter(|n| (1..=MAX_FLOWS as u64).contains(n)).ok_or_else(wrong)
}
