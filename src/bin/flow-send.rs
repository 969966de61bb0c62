//! flow-send: sends flows as NetFlow exports.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flowtools::cli::flow_send::{Args, ExportVersion};
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{Error, Scan};
use flowtools::flow::{Element, FlowBatch, Order, StreamInfo, registry};
use flowtools::net::{SendOptions, Sender, Spoofer, StreamSender, Transport};
use flowtools::rewrite::{Converter, Refusal, mask_addresses};
use flowtools::wire::{Encoder, Export, Protocol, TemplateEncoder, TemplateOptions};

/// Octets of the headers of IPv4 and UDP; IPv6's is 20 longer.
const HEADERS: usize = 28;
/// Octets of a message over a connection.
const MESSAGE: usize = 1 << 14;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let mut way = Way::open(&args)?;
    let scan = Scan::open(&args.files.inputs())?;
    let mut packer = Packer::new(&args, scan.info());
    let (mut messages, mut flows) = (0u64, 0u64);
    let mut send = |export: Export<'_>| {
        messages += 1;
        flows += u64::from(export.flows);
        way.send(&export)
    };
    let fail = |e| Failure::io(args.endpoint, &e);
    let mut refused: Option<(Refusal, usize)> = None;
    let summary = scan.ordered(
        || None,
        |converter, batch| prepare(converter, batch, &args),
        |prepared| match prepared {
            Ok((batch, how)) => packer.pack(&batch, how, &mut send).map_err(fail),
            Err((why, flows)) => {
                refused.get_or_insert((why, 0)).1 += flows;
                Ok(())
            }
        },
    )?;
    packer.finish(&mut send).map_err(fail)?;
    if let Way::Plain(sender) = &mut way {
        sender.flush().map_err(fail)?;
        if sender.refused() > 0 {
            let what = format!("{}: nobody listens there ({} refusals)", args.endpoint, sender.refused());
            complain("flow-send", what);
        }
    }
    if let Way::Stream(stream) = way {
        stream.finish().map_err(fail)?;
    }
    if args.debug.debug > 0 {
        let what = if args.transport.is_connected() { "messages" } else { "datagrams" };
        complain("flow-send", format!("sent {flows} flows in {messages} {what}"));
    }
    let mut problems = summary.problems;
    problems.extend(refused.map(|(why, flows)| Error::format("input", "", format!("{flows} flows {why}"))));
    problems.extend(packer.left_out());
    Ok(report("flow-send", &problems))
}

/// A batch as it is to be sent: masked, of the version asked for. Or why it cannot be, and how many flows it is of.
fn prepare(
    converter: &mut Option<Converter>,
    mut batch: FlowBatch,
    args: &Args,
) -> Result<(FlowBatch, ExportVersion), (Refusal, usize)> {
    if let Some(mask) = args.mask {
        batch = mask_addresses(batch, mask);
    }
    let ipfix = ExportVersion::Template(Protocol::Ipfix);
    let own = batch.raw().map(|raw| raw.layout.version).filter(|_| !args.transport.is_connected());
    let how = args.export_version.unwrap_or(own.map_or(ipfix, ExportVersion::Classic));
    match how {
        ExportVersion::Classic(version) if own != Some(version) => {
            let converter = converter.get_or_insert_with(|| Converter::new(version));
            let mut records = Vec::new();
            converter.convert(&batch, &mut records).map_err(|why| (why, batch.len()))?;
            Ok((FlowBatch::from_raw(version, Order::HOST, records), how))
        }
        _ => Ok((batch, how)),
    }
}

/// Makes messages of flows.
struct Packer {
    classic: Encoder,
    template: TemplateEncoder,
    protocol: Protocol,
}

impl Packer {
    fn new(args: &Args, info: &StreamInfo) -> Packer {
        let protocol = match args.export_version {
            Some(ExportVersion::Template(protocol)) => protocol,
            _ => Protocol::Ipfix,
        };
        let headers = HEADERS + if args.endpoint.is_ipv6() { 20 } else { 0 };
        let connected = args.transport.is_connected();
        let mut template = TemplateEncoder::new(TemplateOptions {
            protocol,
            octets: if connected { MESSAGE } else { usize::from(args.mtu) - headers },
            refresh: (!connected).then_some(args.refresh),
            original_exporter: args.original_exporter,
            by_exporter: args.spoof,
            ..TemplateOptions::default()
        });
        template.set_facts(info.all_facts());
        let classic = if args.spoof { Encoder::new().by_exporter() } else { Encoder::new() };
        Packer { classic, template, protocol }
    }

    fn pack(
        &mut self,
        batch: &FlowBatch,
        how: ExportVersion,
        send: &mut impl FnMut(Export<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        match (how, batch.raw()) {
            (ExportVersion::Classic(_), Some(raw)) => self.classic.encode(&raw, batch.rows(), send),
            _ => self.template.encode(batch, now(), send),
        }
    }

    fn finish(&mut self, send: &mut impl FnMut(Export<'_>) -> io::Result<()>) -> io::Result<()> {
        self.classic.finish(&mut *send)?;
        self.template.finish(send)
    }

    /// Says what fields flows were sent without. Flows that were not sent at all are a problem.
    fn left_out(&self) -> Option<Error> {
        let (left_out, version) = (self.template.left_out(), self.protocol.number());
        if !left_out.elements.is_empty() {
            let names: Vec<String> = left_out.elements.iter().map(name).collect();
            complain("flow-send", format!("sent without what version {version} cannot carry: {}", names.join(", ")));
        }
        let what =
            format!("{} flows have too many octets, or none, for a message of version {version}", left_out.flows);
        (left_out.flows > 0).then(|| Error::format("input", "", what))
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

fn name(element: &Element) -> String {
    let known = registry::find(*element).map(|entry| entry.name.to_owned());
    known.unwrap_or_else(|| format!("element {} of enterprise {}", element.id, element.enterprise))
}

/// How messages leave: as ours, in their exporters' names, or over a connection.
enum Way {
    Plain(Sender),
    Spoofed(Spoofer),
    Stream(StreamSender),
}

impl Way {
    fn open(args: &Args) -> Result<Way, Failure> {
        let options = SendOptions { pace: Duration::from_micros(args.pace), ..SendOptions::default() };
        if args.endpoint.remote.is_none() {
            return Err(Failure::Usage(format!("'{}': no remote address to send to", args.endpoint)));
        }
        let way = match (args.transport, args.spoof) {
            (Transport::Udp, true) => Spoofer::open(&args.endpoint, &options).map(Way::Spoofed),
            (Transport::Udp, false) => Sender::connect(&args.endpoint, &options).map(Way::Plain),
            (transport, true) => return Err(Failure::Usage(format!("-s goes by udp, not by {transport}"))),
            (transport, false) => match args.export_version {
                None | Some(ExportVersion::Template(Protocol::Ipfix)) => {
                    StreamSender::connect(&args.endpoint, transport, &options).map(Way::Stream)
                }
                Some(version) => {
                    let what = format!("version {version} goes by udp; by {transport} goes IPFIX (-V10)");
                    return Err(Failure::Usage(what));
                }
            },
        };
        way.map_err(|e| match e.kind() {
            io::ErrorKind::PermissionDenied if args.spoof => {
                Failure::Failed(format!("raw socket: {e}; -s needs root or the capability CAP_NET_RAW"))
            }
            _ => Failure::io(args.endpoint, &e),
        })
    }

    fn send(&mut self, export: &Export<'_>) -> io::Result<()> {
        match self {
            Way::Plain(sender) => sender.send(export.octets),
            Way::Spoofed(spoofer) => spoofer.send(export.exporter, export.octets),
            Way::Stream(stream) => stream.send(export.octets),
        }
    }
}
