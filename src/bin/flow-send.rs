//! flow-send: sends flows as NetFlow exports.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use flowtools::cli::flow_send::Args;
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{Error, Scan};
use flowtools::flow::{FlowBatch, Order, Version, ie};
use flowtools::net::{SendOptions, Sender, Spoofer};
use flowtools::rewrite::{Converter, Refusal};
use flowtools::wire::{Encoder, Export};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let mut way = Way::open(&args)?;
    let scan = Scan::open(&args.files.inputs())?;
    let mut encoder = if args.spoof { Encoder::new().by_exporter() } else { Encoder::new() };
    let (mut datagrams, mut flows) = (0u64, 0u64);
    let mut send = |export: Export<'_>| {
        datagrams += 1;
        flows += u64::from(export.flows);
        way.send(&export)
    };
    let fail = |e| Failure::io(args.endpoint, &e);
    let mut refused: Option<(Refusal, usize)> = None;
    // Flows that are no classic records are sent as the version that everything understands.
    let version = args.export_version.unwrap_or(Version::V5);
    let summary = scan.ordered(
        || Converter::new(version),
        |converter, batch| prepare(converter, batch, &args),
        |prepared| match prepared {
            Ok(batch) => batch.raw().map_or(Ok(()), |raw| encoder.encode(&raw, batch.rows(), &mut send)).map_err(fail),
            Err((why, flows)) => {
                refused.get_or_insert((why, 0)).1 += flows;
                Ok(())
            }
        },
    )?;
    encoder.finish(&mut send).and_then(|()| way.flush()).map_err(fail)?;
    if args.debug.debug > 0 {
        complain("flow-send", format!("sent {flows} flows in {datagrams} datagrams"));
    }
    if let Way::Plain(sender) = &way
        && sender.refused() > 0
    {
        complain("flow-send", format!("{}: nobody listens there ({} refusals)", args.endpoint, sender.refused()));
    }
    let mut problems = summary.problems;
    problems.extend(refused.map(|(why, flows)| Error::format("input", "", format!("{flows} flows {why}"))));
    Ok(report("flow-send", &problems))
}

/// A batch as it is to be sent: of the version asked for, masked. Or why it cannot be, and how many flows it is of.
fn prepare(converter: &mut Converter, batch: FlowBatch, args: &Args) -> Result<FlowBatch, (Refusal, usize)> {
    let own = batch.raw().map(|raw| raw.layout.version);
    let version = args.export_version.or(own).unwrap_or(converter.version());
    if own == Some(version) && args.mask.is_none() {
        return Ok(batch);
    }
    let mut records = Vec::new();
    match batch.raw().filter(|_| own == Some(version)) {
        Some(raw) => raw.copy(batch.rows(), Order::HOST, &mut records),
        None => converter.convert(&batch, &mut records).map_err(|why| (why, batch.len()))?,
    }
    mask(version, args.mask.unwrap_or(u32::MAX), &mut records);
    Ok(FlowBatch::from_raw(version, Order::HOST, records))
}

/// Keeps only the mask's bits of records' addresses.
fn mask(version: Version, mask: u32, records: &mut [u8]) {
    let layout = version.layout();
    for (at, _) in [ie::SRC_ADDR4, ie::DST_ADDR4].iter().filter_map(|element| layout.find(*element)) {
        for record in records.chunks_exact_mut(layout.size) {
            if let Some(address) = record.get_mut(at..).and_then(|r| r.first_chunk_mut()) {
                *address = (u32::from_ne_bytes(*address) & mask).to_ne_bytes();
            }
        }
    }
}

/// How datagrams leave: as ours, or in their exporters' names.
enum Way {
    Plain(Sender),
    Spoofed(Spoofer),
}

impl Way {
    fn open(args: &Args) -> Result<Way, Failure> {
        let options = SendOptions { pace: Duration::from_micros(args.pace), ..SendOptions::default() };
        if args.endpoint.remote.is_none() {
            return Err(Failure::Usage(format!("'{}': no remote address to send to", args.endpoint)));
        }
        let way = match args.spoof {
            true => Spoofer::open(&args.endpoint, &options).map(Way::Spoofed),
            false => Sender::connect(&args.endpoint, &options).map(Way::Plain),
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
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Way::Plain(sender) => sender.flush(),
            Way::Spoofed(_) => Ok(()),
        }
    }
}
