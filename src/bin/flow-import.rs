//! flow-import: flows of what other programs write.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flowtools::cli::capture_file::{self, shown};
use flowtools::cli::flow_import::{Args, Source};
use flowtools::cli::run::{complain, report};
use flowtools::cli::sink::Sink;
use flowtools::cli::{Exit, Failure, program};
use flowtools::exchange::{Batches, Wrong, cflowd, collector, csv, nfdump};
use flowtools::flow::{FlowBatch, Form, Version};
use flowtools::wire::{Counters, Decoder, Records, Session};

const NAME: &str = "flow-import";
/// Octets of records gathered from a capture before they are written.
const GATHER: usize = 1 << 18;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let files = if args.files.is_empty() { vec![PathBuf::from("-")] } else { args.files.clone() };
    let usual = if args.format == Source::Nfdump { Form::Modern } else { Version::V5.into() };
    let form = args.export_version.unwrap_or(usual);
    // A capture's first datagram says what else it is.
    let known = args.export_version.or((args.format != Source::Pcap).then_some(usual));
    let mut sink = Sink::open(None, args.write.clone(), known)?;
    // What cannot be read leaves no file behind, not even an empty one; but what came before it.
    let (whole, total) = match args.format {
        Source::Pcap => captures(&files, &mut sink)?,
        _ => (others(&args, &files, form, &mut sink)?, Counters::default()),
    };
    let mut problems = Vec::new();
    if whole || sink.has_begun() {
        sink.finish(&total, &mut problems)?;
    }
    let exit = report(NAME, &problems);
    Ok(if whole { exit } else { Exit::Partly })
}

/// Writes the flows of files of any format but captures; says whether nothing was wrong with them.
fn others(args: &Args, files: &[PathBuf], form: Form, sink: &mut Sink) -> Result<bool, Failure> {
    let mut whole = true;
    for file in files {
        let input = match open(file) {
            Ok(input) => input,
            Err(why) => {
                complain(NAME, format!("{}: {why}", shown(file)));
                whole = false;
                continue;
            }
        };
        whole &= match args.format {
            Source::Cflowd => pass(file, Batches::of(cflowd::Reader::new(input, form)), sink)?,
            Source::Collector => pass(file, Batches::of(collector::Reader::new(input, form)), sink)?,
            Source::Nfdump => pass(file, nfdump::Reader::new(input), sink)?,
            Source::Csv | Source::Pcap => pass(file, Batches::of(csv::Reader::new(input, form, args.fields)), sink)?,
        };
    }
    Ok(whole)
}

/// Writes all flows of an import; says whether nothing was wrong with it.
fn pass(file: &Path, import: impl Iterator<Item = Result<FlowBatch, Wrong>>, sink: &mut Sink) -> Result<bool, Failure> {
    for batch in import {
        match batch {
            Ok(batch) => sink.write_batch(&batch)?,
            Err(wrong) => {
                complain(NAME, format!("{}: {wrong}", shown(file)));
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Opens a file that has something in it.
fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut input: Box<dyn BufRead> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin().lock()),
        false => Box::new(BufReader::new(File::open(file)?)),
    };
    match input.fill_buf()?.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "empty, expected flows")),
        false => Ok(input),
    }
}

/// Writes the flows of exports in captures; says whether all of them could be read, and what was heard.
fn captures(files: &[PathBuf], sink: &mut Sink) -> Result<(bool, Counters), Failure> {
    let (mut decoder, mut records) = (Decoder::new(), Records::default());
    let (mut whole, mut rejected) = (true, None);
    for file in files {
        let capture = match capture_file::open(file) {
            Ok(capture) => capture,
            Err(why) => {
                complain(NAME, why);
                whole = false;
                continue;
            }
        };
        whole &= capture_file::rest(NAME, file, capture, |time, datagram| {
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
    let total = *decoder.total();
    if let Some(why) = rejected {
        // Captures hold other datagrams too.
        complain(NAME, format!("{} datagrams are no exports; the first: {why}", total.corrupt));
    }
    Ok((whole, total))
}
