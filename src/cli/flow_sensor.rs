//! Arguments of flow-sensor.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Parser, ValueEnum};

use super::Failure;
use super::common::{ByteOrder, CodecName};
use super::flow_send::ExportVersion;
use crate::file::archive::{Nesting, size};
use crate::flow::{Form, Version};
use crate::meter::{MAX_FLOWS, MAX_LIFE, Settings, Shape, Template, Timeouts, Times, Track};
use crate::net::Transport;
use crate::wire::Protocol;

/// Where the control socket is unless told otherwise.
pub const CONTROL: &str = "/var/run/flow-sensor.ctl";
/// Where the process number is written unless told otherwise.
const PID_FILE: &str = "/var/run/flow-sensor.pid";

/// Meter packets of a network interface or a capture file, and export their flows or write them to flow files
#[derive(Parser, Debug)]
#[command(
    name = "flow-sensor",
    version,
    after_help = "\
Timeouts (-t) and their defaults in seconds:
  tcp 3600, tcp.rst 120, tcp.fin 300, udp 300, icmp 300, general 3600, maxlife 604800, expint 60

Elements (--template):
  sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort
  protocolIdentifier ipVersion ipClassOfService ipDiffServCodePoint ipPrecedence tcpControlBits
  icmpTypeCodeIPv4 icmpTypeIPv4 icmpCodeIPv4 octetDeltaCount packetDeltaCount octetTotalCount
  packetTotalCount flowDurationMilliseconds flowDurationMicroseconds flowEndReason flowDirection
  flowId biflowDirection ingressInterface egressInterface ingressPhysicalInterface
  egressPhysicalInterface vlanId postVlanId dot1qVlanId sourceMacAddress destinationMacAddress
  exporterIPv4Address paddingOctets, those of IPv6, flowStart and flowEnd each with Seconds,
  Milliseconds, Microseconds, Nanoseconds, SysUpTime; or their numbers, or flow-tools' short names.
  Counters may have 1 to 8 octets, durations and interfaces 1 to 4. A flow with more than its
  counters hold is sent as several records that sum to it. With -b, what each direction has of its
  own follows for the way back.

Examples:
  flow-sensor -r morning.pcap -w - | flow-stat -f10 -S4
  flow-sensor -r morning.pcap -v 10 -w morning
  flow-sensor -r morning.pcap -n 192.0.2.1:4739 -v 10 -b -P tcp
  flow-sensor -i eth1 -n 192.0.2.1:2055 -v 9 --template srcaddr,dstaddr,prot,dOctets/4,First,Last
  flow-sensor -r morning.pcapng -n 192.0.2.1:2055 -v 5 -t udp=30s -t maxlife=5m
  flow-sensor -i eth1 -n 192.0.2.1:2055 -v 9 not port 2055
  flow-sensor -i eth1 -i eth2 -w /flows -v 10 -m 1000000 --user flows"
)]
pub struct Args {
    /// Capture file to read, pcap or pcapng; `-` is standard input
    #[arg(short = 'r', long = "read", value_name = "FILE")]
    pub read: Option<PathBuf>,
    /// Write a flow file; `-` is standard output; a folder becomes an archive of files as flow-capture makes them
    #[arg(short = 'w', long = "write", value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Send flows to these collectors; an IPv6 address stands in brackets
    #[arg(short = 'n', long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub collectors: Vec<String>,
    /// Export version: 1, 5 or 7, which have IPv4 flows only, 9, 10, which is IPFIX, or psamp: packets, with -s one in
    /// so many, instead of flows [default: 5]
    #[arg(short = 'v', long = "export-version", value_name = "VERSION")]
    pub export_version: Option<String>,
    /// Version of the flow file: 10, the modern file, or 1, 5, 6, 7 or 1005, which hold IPv4 flows only [default: 10;
    /// where nothing is sent, that of -v]
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
    /// How times are sent (-v 9, 10) [default: milli with -v 10, milliseconds of uptime with -v 9]
    #[arg(short = 'A', long, value_name = "UNIT", value_enum)]
    pub time_format: Option<TimeFormat>,
    /// Send these fields of flows, with these lengths in octets (-v 9, 10): names or numbers of IANA's elements, see
    /// below. One list serves IPv4 and IPv6: sourceIPv4Address is sourceIPv6Address for flows of IPv6, and so on
    #[arg(long, value_name = "ELEMENT[/LENGTH],...")]
    pub template: Option<Template>,
    /// Send templates and options again after so many seconds, or 20 messages (-v 9, 10 over udp)
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
    /// 802.1Q tag, not several, and no PPPoE or 802.2; later fragments on port 0, not their first one's; ports only of
    /// whole TCP, UDP and ICMP headers; both directions of a flow begin and end together
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
    /// Time from one datagram to the next, so that reading a file does not flood the collector; 0 none [default with -r:
    /// 50; as fast as it reads where it is on this machine]
    #[arg(long, value_name = "MICROSECONDS")]
    pub pace: Option<u64>,
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
    /// Network interface to listen on; may be given several times. The number before it is exported as the
    /// interface's
    #[arg(short = 'i', long = "interface", value_name = "[INDEX:]INTERFACE")]
    pub interfaces: Vec<Interface>,
    /// Meter the packets that other sensors send (PSAMP, as by -v psamp) to this UDP port
    #[arg(short = 'R', long, value_name = "PORT")]
    pub psamp: Option<u16>,
    /// Capture threads an interface, each with a cache of -m flows
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub threads: u8,
    /// Do not make the interface hear what is not addressed to it
    #[arg(short = 'N', long)]
    pub not_promiscuous: bool,
    /// Octets of the buffer that packets wait in
    #[arg(short = 'B', long, value_name = "BYTES")]
    pub buffer: Option<u64>,
    /// Octets captured of a packet; its headers are enough
    #[arg(short = 'C', long, value_name = "OCTETS")]
    pub snaplen: Option<u32>,
    /// Control socket, for flow-sensorctl; `none` is none [default with -i: /var/run/flow-sensor.ctl]
    #[arg(short = 'c', long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
    /// Process id file; `none` is none [default in the background: /var/run/flow-sensor.pid]
    #[arg(short = 'p', long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
    /// User to become when everything is open, if we are root
    #[arg(long, value_name = "USER", default_value = "nobody")]
    pub user: String,
    /// Folder to be confined to, made if it is not there, if we are root and write no archive; `none` is none
    #[arg(long, value_name = "DIR", default_value = "/run/flow-sensor")]
    pub chroot: Option<PathBuf>,
    /// How an archive is kept.
    #[command(flatten)]
    pub archive: ArchiveArgs,
    /// What to meter, as a packet filter expression in tcpdump's language: by libpcap, if it is installed
    #[arg(value_name = "EXPRESSION", trailing_var_arg = true)]
    pub expression: Vec<String>,
    /// softflowd's options without effect here.
    #[command(flatten)]
    pub softflowd: Softflowd,
}

/// How an archive of flow files is kept, as by flow-capture.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Archive (-w DIR)")]
pub struct ArchiveArgs {
    /// Begin a new file N times a day besides at midnight
    #[arg(long, value_name = "N", default_value_t = 95)]
    pub rotations: u32,
    /// Folders by date, as flow-capture's -N [default: 3]
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true)]
    pub nesting: Option<Nesting>,
    /// Keep so many complete files (0: any number)
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub expire_count: u64,
    /// Keep so many octets of complete files (b, K, M, G; 0: any number)
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub expire_size: u64,
}

/// `-i`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The number exported as the interface's; none was given.
    pub index: Option<u16>,
    /// Its name.
    pub name: String,
}

impl FromStr for Interface {
    type Err = String;

    fn from_str(text: &str) -> Result<Interface, String> {
        let (index, name) = match text.split_once(':') {
            Some((index, name)) if index.bytes().all(|b| b.is_ascii_digit()) && !index.is_empty() => {
                let index = index.parse().map_err(|_| format!("'{index}': expected a number from 0 to 65535"))?;
                (Some(index), name)
            }
            _ => (None, text),
        };
        if name.is_empty() {
            Err("expected the name of an interface".into())
        } else {
            Ok(Interface { index, name: name.into() })
        }
    }
}
/// softflowd's options that have nothing to do here.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Accepted for softflowd's sake")]
pub struct Softflowd {
    /// Adjust times when a file is read: they always are the capture's
    #[arg(short = 'a')]
    pub adjust: bool,
    /// Nothing to do
    #[arg(short = 'g')]
    pub g: bool,
    /// MPLS labels exported: none
    #[arg(short = 'x', value_name = "LABELS")]
    pub labels: Option<u32>,
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
        let wrong = |what: &str| Err(Failure::Usage(what.to_owned()));
        if self.is_live() && self.read.is_some() {
            return wrong("-r: a capture file, and -i or -R besides: expected one or the other");
        }
        if self.sends_packets() && self.collectors.is_empty() {
            return wrong("-v psamp: packets are sent and nothing else; expected whom to, with -n");
        }
        if self.read.is_some() && self.folder().is_some() {
            return wrong("-w: a folder; expected the name of a flow file with -r");
        }
        let version = self.version()?;
        if self.transport.is_connected() && version != ExportVersion::Template(Protocol::Ipfix) {
            let transport = self.transport;
            return wrong(&format!("-P {transport}: version {version} goes by udp; by {transport} goes IPFIX (-v 10)"));
        }
        if self.template.is_some() && !matches!(version, ExportVersion::Template(_)) {
            return wrong(&format!("--template: version {version} has no templates; versions 9 and 10 do (-v)"));
        }
        if self.read.is_none() && !self.is_live() {
            return wrong("nothing to meter: name an interface with -i or a capture file with -r");
        }
        Ok(())
    }

    /// The number exported as an interface's: the one given, else the system's; softflowd's is 0.
    pub fn number(&self, interface: &Interface) -> u32 {
        let system = || nix::net::if_::if_nametoindex(interface.name.as_str()).unwrap_or(0);
        match interface.index {
            Some(number) => number.into(),
            None if self.compat => 0,
            None => system(),
        }
    }

    /// Whether a live sensor stays in the foreground.
    pub fn stays(&self) -> bool {
        self.foreground || self.debug
    }

    /// The folder of the archive to be written, if one is.
    pub fn folder(&self) -> Option<&Path> {
        self.write.as_deref().filter(|path| path.is_dir())
    }

    /// Where the control socket is to be, if there is to be one.
    pub fn control_path(&self) -> Option<PathBuf> {
        let path = self.control.clone().unwrap_or_else(|| CONTROL.into());
        (path.as_os_str() != "none").then_some(path)
    }

    /// Where the process number is to be written, if it is.
    pub fn pid_path(&self) -> Option<PathBuf> {
        let usual = (!self.stays()).then(|| PathBuf::from(PID_FILE));
        self.pid_file.clone().or(usual).filter(|path| path.as_os_str() != "none")
    }

    /// The version of what is sent.
    pub fn version(&self) -> Result<ExportVersion, Failure> {
        match self.version_name() {
            "1" => Ok(ExportVersion::Classic(Version::V1)),
            "5" => Ok(ExportVersion::Classic(Version::V5)),
            "7" => Ok(ExportVersion::Classic(Version::V7)),
            "9" => Ok(ExportVersion::Template(Protocol::V9)),
            "10" => Ok(ExportVersion::Template(Protocol::Ipfix)),
            // Messages of its own, which are IPFIX.
            "psamp" => Ok(ExportVersion::Template(Protocol::Ipfix)),
            other => Err(Failure::Usage(format!("-v {other}: no export version, expected 1, 5, 7, 9, 10 or psamp"))),
        }
    }

    /// Whether packets come by themselves, until we are told to end.
    pub fn is_live(&self) -> bool {
        !self.interfaces.is_empty() || self.psamp.is_some()
    }

    /// Whether packets are sent instead of flows.
    pub fn sends_packets(&self) -> bool {
        self.version_name() == "psamp"
    }

    /// Its name, as in `-v`.
    pub fn version_name(&self) -> &str {
        self.export_version.as_deref().unwrap_or("5")
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
                ExportVersion::Classic(version) if self.write.is_none() => Form::Classic(version),
                // Asked for with nothing to be sent, it is the file's.
                ExportVersion::Classic(version) if self.export_version.is_some() && self.collectors.is_empty() => {
                    Form::Classic(version)
                }
                _ => Form::Modern,
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
        let ipfix = self.version()? == ExportVersion::Template(Protocol::Ipfix);
        let times = match self.time_format {
            Some(TimeFormat::Sec) => Times::Seconds,
            Some(TimeFormat::Milli) => Times::Milliseconds,
            Some(TimeFormat::Micro) => Times::Microseconds,
            Some(TimeFormat::Nano) => Times::Nanoseconds,
            None if ipfix => Times::Milliseconds,
            None => Times::Uptime,
        };
        // Version 9 has no names for what goes the other way.
        let shape = Shape::of_export(times, track, self.biflow && ipfix);
        Ok(Shape { template: self.template.clone(), ..shape })
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
            // What is not sent is not looked at.
            sampling: if self.sends_packets() { 1 } else { self.sampling },
            // Softflowd ends flows before 32 bits are full; here they become several records.
            max_octets: if classic && self.compat { defaults.max_octets } else { u64::MAX >> 1 },
            ipv6: self.ipv6 || self.debug || modern,
            compat: self.compat,
        })
    }
}

fn flows(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a number from 1 to {MAX_FLOWS}");
    text.parse().ok().filter(|n| (1..=MAX_FLOWS as u64).contains(n)).ok_or_else(wrong)
}
