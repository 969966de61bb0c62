//! flow-sensor: meters packets.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use flowtools::cli::flow_sensor::Args;
use flowtools::cli::run::complain;
use flowtools::cli::{Exit, Failure, program};
use flowtools::meter::Meter;
use flowtools::meter::filter::Program;
use flowtools::meter::source::{Capture, Damage, Frame};
use flowtools::sense::account::{Account, Terms};
use flowtools::sense::exporter::Exporter;
use flowtools::sense::flows::{Flows, Shared, lock};
use flowtools::sense::packets::Packets;
use flowtools::sense::start::{self, Summary};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    if args.is_live() { live(&args) } else { replay(&args) }
}

/// Meters what comes by interfaces until told to end.
fn live(args: &Args) -> Result<Exit, Failure> {
    let Summary { snapshots, sent, exit } = start::run(args)?;
    if args.stays() {
        statistics(args, &Account::live(&snapshots, sent, Terms::of(args)?));
    }
    Ok(if sent.failures == 0 { exit } else { Exit::Partly })
}

/// Meters a capture file.
fn replay(args: &Args) -> Result<Exit, Failure> {
    let mut meter = Meter::new(args.settings()?).map_err(Failure::Failed)?;
    let (name, input) = open(args.read.as_deref().unwrap_or(Path::new("-")))?;
    let exporter = Arc::new(Mutex::new(Exporter::open(args, false)?));
    let mut flows = Flows::new(args, &exporter, None)?;
    let damage = read(input, Sieve::new(args, &exporter), &mut meter, &mut flows)?;
    meter.finish(&mut flows)?;
    flows.flush()?;
    let ipv6 = flows.ipv6();
    let seconds = |ns: u64| u32::try_from(ns / 1_000_000_000).unwrap_or(u32::MAX);
    let capture = meter.times_ns().map(|(first, last)| (seconds(first), seconds(last)));
    let (sent, batches) = {
        let mut exporter = lock(&exporter);
        let batches = exporter.wants_batches();
        (exporter.finish(capture)?, batches)
    };
    if let Some(damage) = &damage {
        complain("flow-sensor", format_args!("{name}: {damage}"));
    }
    if let Some(link) = meter.unknown_link() {
        let what = format_args!("{name}: frames of link type {link} are not understood, and were left out");
        complain("flow-sensor", what);
    }
    if args.stays() || (args.write.is_none() && args.collectors.is_empty()) {
        statistics(args, &Account::file(&meter, sent, Terms::of(args)?, ipv6));
    } else if ipv6.is_some() && meter.stats().ipv6 > 0 && !batches {
        let packets = meter.stats().ipv6;
        let what = format_args!("left out {packets} IPv6 packets; versions 9 and 10 can carry them (-v, for files -V)");
        complain("flow-sensor", what);
    }
    Ok(if damage.is_none() && sent.failures == 0 && meter.unknown_link().is_none() { Exit::Fine } else { Exit::Partly })
}

/// Meters a capture as far as it is good.
fn read(
    input: Box<dyn Read + Send>,
    mut sieve: Option<Sieve>,
    meter: &mut Meter,
    flows: &mut Flows,
) -> Result<Option<Damage>, Failure> {
    let mut capture = match Capture::open(input) {
        Ok(capture) => capture,
        Err(damage) => return Ok(Some(damage)),
    };
    loop {
        let frame = match capture.next_frame() {
            Ok(Some(frame)) => frame,
            Ok(None) => return Ok(None),
            Err(damage) => return Ok(Some(damage)),
        };
        if let Some(sieve) = &mut sieve
            && !sieve.passes(&frame)?
        {
            continue;
        }
        meter.frame(&frame, flows)?;
    }
}

/// Which frames of a capture are metered, where not all are.
struct Sieve {
    expression: String,
    /// Compiled for the link type of the frames that came last.
    filter: Option<Program>,
    packets: Option<Packets>,
}

impl Sieve {
    /// `None` where all frames are.
    fn new(args: &Args, exporter: &Shared) -> Option<Sieve> {
        let (expression, packets) = (args.expression.join(" "), Packets::new(args, exporter));
        (!expression.is_empty() || packets.is_some()).then_some(Sieve { expression, filter: None, packets })
    }

    fn passes(&mut self, frame: &Frame<'_>) -> Result<bool, Failure> {
        let Sieve { expression, filter, packets } = self;
        if !expression.is_empty() && filter.as_ref().is_none_or(|filter| filter.link() != frame.link) {
            *filter = Some(Program::compile(expression, frame.link, u32::MAX >> 1).map_err(Failure::Failed)?);
        }
        let accepted = filter.as_ref().is_none_or(|filter| filter.accepts(frame.data, frame.wire_len));
        Ok(accepted && packets.as_mut().is_none_or(|packets| packets.take(frame)))
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

/// Prints what was counted: of a file as softflowd does, on standard output, unless flows go there.
fn statistics(args: &Args, account: &Account) {
    let text = account.to_string();
    let flows = args.write.as_deref().is_some_and(|path| path.as_os_str() == "-");
    // If nobody reads it, there is nothing to be done about it.
    let _ = match args.read.is_some() && !flows {
        true => io::stdout().write_all(text.as_bytes()),
        false => io::stderr().write_all(text.as_bytes()),
    };
}
