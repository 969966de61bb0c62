//! flow-import: flows of what other programs write.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flowtools::cli::capture_file::datagrams;
use flowtools::cli::flow_import::{Args, Source};
use flowtools::cli::run::{complain, report};
use flowtools::cli::sink::Sink;
use flowtools::cli::{Exit, Failure, Output, program};
use flowtools::exchange::{Batches, Wrong, cflowd, collector, csv, nfdump};
use flowtools::flow::{FlowBatch, Form, StreamInfo, Version, flags};
use flowtools::wire::{Decoder, Records, Session};

const NAME: &str = "flow-import";
/// Octets of records gathered from a capture before they are written.
const GATHER: usize = 1 << 18;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    if args.format == Source::Pcap {
        return captures(&args, &files);
    }
    let usual = if args.format == Source::Nfdump { Form::Modern } else { Version::V5.into() };
    let form = args.export_version.unwrap_or(usual);
    // A modern file's records are first those that have all fields.
    let version = form.classic().unwrap_or(Version::V1005);
    let info = StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() };
    let mut output = Output::open(None, &args.write.options(form, info, 0))?;
    let mut whole = true;
    for file in &files {
        let input = open(file)?;
        whole &= match args.format {
            Source::Cflowd => pass(file, Batches::of(cflowd::Reader::new(input, version)), &mut output)?,
            Source::Collector => pass(file, Batches::of(collector::Reader::new(input, version)), &mut output)?,
            Source::Nfdump => pass(file, nfdump::Reader::new(input), &mut output)?,
            Source::Csv | Source::Pcap => {
                pass(file, Batches::of(csv::Reader::new(input, version, args.fields)), &mut output)?
            }
        };
    }
    let mut problems = Vec::new();
    output.finish(&mut problems)?;
    let exit = report(NAME, &problems);
    Ok(if whole { exit } else { Exit::Partly })
}

/// Writes all flows of an import; says whether nothing was wrong with it.
fn pass(
    file: &Path,
    import: impl Iterator<Item = Result<FlowBatch, Wrong>>,
    output: &mut Output,
) -> Result<bool, Failure> {
    for batch in import {
        match batch {
            Ok(batch) => output.write(&batch)?,
            Err(wrong) => {
                complain(NAME, format!("{}: {wrong}", shown(file)));
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn open(file: &Path) -> Result<Box<dyn BufRead>, Failure> {
    Ok(match file.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(file).map_err(|e| Failure::io(file.display(), &e))?)),
    })
}

fn shown(file: &Path) -> String {
    if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() }
}

/// Writes the flows of exports in captures.
fn captures(args: &Args, files: &[PathBuf]) -> Result<Exit, Failure> {
    let mut sink = Sink::open(None, args.write.clone(), args.export_version)?;
    let (mut decoder, mut records) = (Decoder::new(), Records::default());
    let (mut whole, mut rejected) = (true, None);
    for file in files {
        whole &= datagrams(NAME, file, |time, datagram| {
            sink.clock(time);
            if let Some(datagram) = datagram {
                let from = Session::datagrams(datagram.source, datagram.source_port);
                match decoder.decode_in(from, datagram.payload, &mut records) {
                    Ok(heard) => sink.suggest(heard.form),
                    Err(reject) => _ = rejected.get_or_insert(reject),
                }
            }
            if records.octets() >= GATHER { sink.write(&mut records, |batch| batch) } else { Ok(()) }
        })?;
    }
    sink.write(&mut records, |batch| batch)?;
    let (total, mut problems) = (*decoder.total(), Vec::new());
    sink.finish(&total, &mut problems)?;
    if let Some(why) = rejected {
        // Captures hold other datagrams too.
        complain(NAME, format!("{} datagrams are no exports; the first: {why}", total.corrupt));
    }
    let exit = report(NAME, &problems);
    Ok(if whole { exit } else { Exit::Partly })
}
