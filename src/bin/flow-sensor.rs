//! flow-sensor: meters packets.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use flowtools::cli::exporter::{Exporter, Sent};
use flowtools::cli::flow_sensor::Args;
use flowtools::cli::run::complain;
use flowtools::cli::{Exit, Failure, program};
use flowtools::flow::Version;
use flowtools::meter::source::{Capture, Damage};
use flowtools::meter::{Classic, Meter};
use flowtools::wire::flows_per_datagram;

/// Datagrams' worth of records handed on together.
const PIECE: usize = 32;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let version = args.records()?;
    let mut meter = Meter::new(args.settings()?).map_err(Failure::Failed)?;
    let (name, input) = open(args.read.as_deref().unwrap_or(Path::new("-")))?;
    let mut exporter = Exporter::open(&args, version)?;
    let address = match args.exporter {
        Some(IpAddr::V4(address)) => address,
        _ => Ipv4Addr::UNSPECIFIED,
    };
    let most = flows_per_datagram(version) * PIECE;
    let mut flows = Classic::new(version, address, most, |records: &[u8]| exporter.records(records));
    let damage = read(input, &mut meter, &mut flows)?;
    meter.finish(&mut flows)?;
    flows.flush()?;
    let ipv6 = flows.ipv6();
    let seconds = |ns: u64| u32::try_from(ns / 1_000_000_000).unwrap_or(u32::MAX);
    let sent = exporter.finish(meter.times_ns().map(|(first, last)| (seconds(first), seconds(last))))?;
    if let Some(damage) = &damage {
        complain("flow-sensor", format_args!("{name}: {damage}"));
    }
    if args.foreground || args.debug || (args.write.is_none() && args.collectors.is_empty()) {
        statistics(&meter, sent, version, ipv6);
    }
    Ok(if damage.is_none() && sent.failures == 0 { Exit::Fine } else { Exit::Partly })
}

/// Meters a capture as far as it is good.
fn read<F>(input: Box<dyn Read + Send>, meter: &mut Meter, flows: &mut Classic<F>) -> Result<Option<Damage>, Failure>
where
    F: FnMut(&[u8]) -> Result<(), Failure>,
{
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
fn statistics(meter: &Meter, sent: Sent, version: Version, ipv6: u64) {
    let stats = meter.stats();
    let mut text = format!("Number of active flows: {}\n{stats}", meter.flows());
    if stats.ipv6 > 0 {
        let kept = format!("{ipv6} flows kept");
        text.push_str(&format!("\nIPv6 packets: {} (not exportable in version {version}; {kept})\n", stats.ipv6));
    }
    let Sent { flows, datagrams, failures } = sent;
    text.push_str(&format!("\nFlows exported: {flows} in {datagrams} packets ({failures} failures)\n"));
    // If nobody reads it, there is nothing to be done about it.
    let _ = io::stderr().write_all(text.as_bytes());
}
