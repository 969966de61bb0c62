//! flow-export: flows as what other programs read.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use flowtools::cli::flow_export::{Args, Target};
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program, text};
use flowtools::exchange::cflowd;
use flowtools::file::Scan;
use flowtools::flow::symbols::Symbols;
use flowtools::flow::{FlowBatch, Form, Projection};
use flowtools::print::{CsvFields, JsonWriter, TableWriter};
use flowtools::wire::{Encoder, Export, TemplateEncoder, TemplateOptions};

const NAME: &str = "flow-export";
/// Octets of datagrams that are written together.
const BUFFER: usize = 256 << 10;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let scan = Scan::open(&args.files.inputs())?;
    let mut out = io::stdout().lock();
    match args.format {
        Target::Csv => csv(&args, scan, &mut out),
        Target::Json => {
            let scan = scan.fields(Projection::ALL);
            text::write(NAME, scan, &mut out, JsonWriter::default, |writer, batch, text| writer.write(&batch, text))
        }
        Target::Cflowd => cflowd(&args, scan, &mut out),
        Target::Wire => wire(scan, BufWriter::with_capacity(BUFFER, out)),
        other => {
            let name = other.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
            Err(Failure::Usage(format!("-f {name} is not supported yet, expected cflowd, csv, wire or json")))
        }
    }
}

fn csv(args: &Args, scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let version = scan.info().version;
    let fields = args.fields.unwrap_or_else(|| CsvFields::default_for(version));
    if let Some((version, field)) = version.and_then(|v| fields.lacks(v).map(|field| (v, field))) {
        return Err(Failure::Failed(format!("-m asks for {field}, which flows of version {version} lack")));
    }
    let (table, names) = (fields.table(), Symbols::none());
    out.write_all(table.heading().as_bytes()).map_err(Failure::stdout)?;
    let state = || TableWriter::new(&table, &names);
    text::write(NAME, scan.fields(table.fields()), out, state, |writer, batch, text| writer.write(&batch, text))
}

fn cflowd(args: &Args, scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let fields = args.fields.map(CsvFields::order);
    let refused = AtomicU64::new(0);
    let state = || cflowd::Writer::new(fields.as_deref());
    let exit = text::write(NAME, scan, out, state, |writer, batch, octets| {
        refused.fetch_add(writer.write(&batch, octets) as u64, Ordering::Relaxed);
    })?;
    match refused.into_inner() {
        0 => Ok(exit),
        n => {
            complain(NAME, format!("{n} flows of IPv6 cannot be written for cflowd"));
            Ok(Exit::Partly)
        }
    }
}

/// Datagrams as an exporter sends them, one behind the other: flows of a classic version in that version, others as
/// IPFIX, which makes the whole a file of RFC 5655.
fn wire(scan: Scan, mut out: impl Write) -> Result<Exit, Failure> {
    let is_modern = scan.form() == Form::Modern;
    let mut classic = Encoder::new();
    let options =
        TemplateOptions { octets: 65535, refresh: None, original_exporter: true, ..TemplateOptions::default() };
    let mut template = TemplateEncoder::new(options);
    template.set_facts(scan.info().all_facts());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let mut send = |export: Export<'_>| out.write_all(export.octets).map_err(Failure::stdout);
    let summary = scan.ordered(
        || (),
        |(), batch| batch,
        |batch: FlowBatch| match batch.raw().filter(|_| !is_modern) {
            Some(raw) => classic.encode(&raw, batch.rows(), &mut send),
            None => template.encode(&batch, now, &mut send),
        },
    )?;
    classic.finish(&mut send)?;
    template.finish(&mut send)?;
    out.flush().map_err(Failure::stdout)?;
    let left_out = template.left_out();
    if left_out.flows > 0 {
        complain(NAME, format!("{} flows have too many octets for a message", left_out.flows));
    }
    let exit = report(NAME, &summary.problems);
    Ok(if left_out.flows > 0 { Exit::Partly } else { exit })
}
