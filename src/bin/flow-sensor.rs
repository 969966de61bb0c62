//! flow-sensor: meters packets.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use flowtools::cli::exporter::{Exporter, Sent};
use flowtools::cli::flow_sensor::Args;
use flowtools::cli::run::complain;
use flowtools::cli::{Exit, Failure, program};
use flowtools::flow::FlowBatch;
use flowtools::meter::source::{Capture, Damage};
use flowtools::meter::{Biflow, Classic, Columns, Meter, Shape, Sink};
use flowtools::wire::flows_per_datagram;

/// Datagrams' worth of records handed on together.
const PIECE: usize = 32;
/// Flows with templates or of a modern file handed on together.
const BATCH: usize = 4096;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let (version, settings) = (args.records()?, args.settings()?);
    let (track, sent) = (settings.track, args.sent(settings.track)?);
    let mut meter = Meter::new(settings).map_err(Failure::Failed)?;
    let (name, input) = open(args.read.as_deref().unwrap_or(Path::new("-")))?;
    let exporter = Exporter::open(&args)?;
    let address = match args.exporter {
        Some(IpAddr::V4(address)) => address,
        _ => Ipv4Addr::UNSPECIFIED,
    };
    let (records, batches, exports) = (exporter.wants_records(), exporter.wants_batches(), exporter.wants_exports());
    let size = exporter.batch_size(BATCH);
    let exporter = RefCell::new(exporter);
    let mut flows = Flows {
        classic: records.then(|| {
            let most = flows_per_datagram(version) * PIECE;
            Classic::new(version, address, most, |records: &[u8]| exporter.borrow_mut().records(records))
        }),
        file: batches.then(|| {
            let shape = Shape::of_file(args.exporter, track);
            Columns::new(shape, BATCH, |batch: &FlowBatch| exporter.borrow_mut().batch(batch))
        }),
        export: exports.then(|| Columns::new(sent, size, |batch: &FlowBatch| exporter.borrow_mut().export(batch))),
    };
    let damage = read(input, &mut meter, &mut flows)?;
    meter.finish(&mut flows)?;
    let ipv6 = flows.finish()?;
    let seconds = |ns: u64| u32::try_from(ns / 1_000_000_000).unwrap_or(u32::MAX);
    let capture = meter.times_ns().map(|(first, last)| (seconds(first), seconds(last)));
    let sent = exporter.into_inner().finish(capture)?;
    if let Some(damage) = &damage {
        complain("flow-sensor", format_args!("{name}: {damage}"));
    }
    if let Some(link) = meter.unknown_link() {
        let what = format_args!("{name}: frames of link type {link} are not understood, and were left out");
        complain("flow-sensor", what);
    }
    let version = &args.export_version;
    if args.foreground || args.debug || (args.write.is_none() && args.collectors.is_empty()) {
        statistics(&meter, sent, version, ipv6);
    } else if ipv6.is_some() && meter.stats().ipv6 > 0 && !batches {
        let packets = meter.stats().ipv6;
        let what = format_args!("left out {packets} IPv6 packets; versions 9 and 10 can carry them (-v, for files -V)");
        complain("flow-sensor", what);
    }
    Ok(if damage.is_none() && sent.failures == 0 && meter.unknown_link().is_none() { Exit::Fine } else { Exit::Partly })
}

/// Where flows go: made into classic records, for a modern file, to be sent with templates.
struct Flows<R, B, E> {
    classic: Option<Classic<R>>,
    file: Option<Columns<B>>,
    export: Option<Columns<E>>,
}

impl<R, B, E> Flows<R, B, E>
where
    R: FnMut(&[u8]) -> Result<(), Failure>,
    B: FnMut(&FlowBatch) -> Result<(), Failure>,
    E: FnMut(&FlowBatch) -> Result<(), Failure>,
{
    /// Hands on what is gathered; says how many flows found no place in records because they are IPv6.
    fn finish(mut self) -> Result<Option<u64>, Failure> {
        self.classic.as_mut().map_or(Ok(()), Classic::flush)?;
        self.file.as_mut().map_or(Ok(()), Columns::flush)?;
        self.export.as_mut().map_or(Ok(()), Columns::flush)?;
        Ok(self.classic.map(|classic| classic.ipv6()))
    }
}

impl<R, B, E> Sink for Flows<R, B, E>
where
    R: FnMut(&[u8]) -> Result<(), Failure>,
    B: FnMut(&FlowBatch) -> Result<(), Failure>,
    E: FnMut(&FlowBatch) -> Result<(), Failure>,
{
    type Error = Failure;

    fn begin(&mut self, now_ns: u64) {
        if let Some(classic) = &mut self.classic {
            classic.begin(now_ns);
        }
    }

    fn take(&mut self, flow: &Biflow) -> Result<(), Failure> {
        self.classic.as_mut().map_or(Ok(()), |classic| classic.take(flow))?;
        self.file.as_mut().map_or(Ok(()), |file| file.take(flow))?;
        self.export.as_mut().map_or(Ok(()), |export| export.take(flow))
    }
}

/// Meters a capture as far as it is good.
fn read(
    input: Box<dyn Read + Send>,
    meter: &mut Meter,
    flows: &mut impl Sink<Error = Failure>,
) -> Result<Option<Damage>, Failure> {
    let mut capture = match Capture::open(input) {
        Ok(capture) => capture,
        Err(damage) => return Ok(Some(damage)),
    };
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => meter.frame(&frame, flows)?,
            Ok(None) => return Ok(None),
            Err(damage) => return Ok(Some(damage)),
        }
    }
}

fn open(path: &Path) -> Result<(String, Box<dyn Read + Send>), Failure> {
    if path.as_os_str() == "-" {
        return Ok(("standard input".into(), Box::new(io::stdin())));
    }
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Failure::io(&name, &e))?;
    Ok((name, Box::new(file)))
}

/// Prints what was counted.
fn statistics(meter: &Meter, sent: Sent, version: &str, ipv6: Option<u64>) {
    let stats = meter.stats();
    let mut text = format!("Number of active flows: {}\n{stats}", meter.flows());
    if let Some(ipv6) = ipv6.filter(|_| stats.ipv6 > 0) {
        let kept = format!("{ipv6} flows kept");
        text.push_str(&format!("\nIPv6 packets: {} (not exportable in version {version}; {kept})\n", stats.ipv6));
    }
    let Sent { flows, messages, failures } = sent;
    text.push_str(&format!("\nFlows exported: {flows} in {messages} packets ({failures} failures)\n"));
    // If nobody reads it, there is nothing to be done about it.
    let _ = io::stderr().write_all(text.as_bytes());
}
