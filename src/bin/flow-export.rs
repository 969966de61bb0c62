//! flow-export: flows as what other programs read.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use flowtools::cli::flow_export::{Args, Target};
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program, text};
use flowtools::exchange::{cflowd, pcap};
use flowtools::file::Scan;
use flowtools::flow::symbols::Symbols;
use flowtools::flow::{FlowBatch, Form, Projection};
use flowtools::print::{CsvFields, JsonWriter, Table, TableWriter};
use flowtools::sql::{self, Sink, postgresql, sqlite};
use flowtools::wire::{Encoder, Export, TemplateEncoder, TemplateOptions};

const NAME: &str = "flow-export";
/// Octets of packets or datagrams that are written together.
const BUFFER: usize = 256 << 10;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let scan = Scan::open(&args.files.inputs())?;
    let mut out = io::stdout().lock();
    match args.format {
        Target::Csv => csv(&args, scan, &mut out),
        Target::Json => {
            let scan = scan.fields(Projection::ALL);
            text::write(NAME, scan, &mut out, JsonWriter::default, |writer, batch, text| writer.write(&batch, text))
        }
        Target::Cflowd => cflowd(&args, scan, &mut out),
        Target::Pcap => pcap(scan, &mut out),
        Target::Wire => wire(scan, &mut out),
        Target::Postgresql => {
            let (target, fields) = (args.target()?, fields(&args, &scan)?);
            postgresql::load(&target, fields, |rows| load(scan, fields, rows))
        }
        Target::Sqlite => {
            let (file, fields) = (args.output.as_deref().unwrap_or(Path::new("")), fields(&args, &scan)?);
            let table = args.table.as_deref().unwrap_or(sql::DEFAULT_TABLE);
            sqlite::load(file, table, fields, |rows| load(scan, fields, rows))
        }
        // Refused by now.
        Target::Mysql => Ok(Exit::Fine),
    }
}

/// The fields asked for, which flows of that version must have.
fn fields(args: &Args, scan: &Scan) -> Result<CsvFields, Failure> {
    let version = scan.info().version;
    let fields = args.fields.unwrap_or_else(|| CsvFields::default_for(version));
    match version.and_then(|v| fields.lacks(v).map(|field| (v, field))) {
        Some((version, field)) => {
            Err(Failure::Failed(format!("-m asks for {field}, which flows of version {version} lack")))
        }
        None => Ok(fields),
    }
}

fn csv(args: &Args, scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let table = fields(args, &scan)?.table();
    out.write_all(table.heading().as_bytes()).map_err(Failure::stdout)?;
    lines(&table, scan, |text| out.write_all(text).and_then(|()| out.flush()).map_err(Failure::stdout))
}

/// Flows into a database's rows.
fn load(scan: Scan, fields: CsvFields, rows: &mut dyn Sink) -> Result<Exit, Failure> {
    lines(&fields.rows(), scan, |text| Ok(rows.lines(text)?))
}

fn lines(table: &Table, scan: Scan, sink: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<Exit, Failure> {
    let names = Symbols::none();
    let state = || TableWriter::new(table, &names);
    text::hand_over(NAME, scan.fields(table.fields()), sink, state, |writer, batch, text| writer.write(&batch, text))
}

/// Packets are written as they are made: a flow may have any number of them.
fn pcap(scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    out.write_all(&pcap::heading(scan.form())).map_err(Failure::stdout)?;
    let (mut writer, mut left_out) = (pcap::Writer::default(), 0);
    let summary = scan.fields(pcap::Writer::needs()).ordered(
        || (),
        |(), batch| batch,
        |batch: FlowBatch| {
            left_out += writer.write(&batch, &mut out).map_err(Failure::stdout)?;
            Ok::<(), Failure>(())
        },
    )?;
    out.flush().map_err(Failure::stdout)?;
    let exit = report(NAME, &summary.problems);
    match left_out {
        0 => Ok(exit),
        n => {
            complain(NAME, format!("{n} flows have no addresses, which packets must have"));
            Ok(Exit::Partly)
        }
    }
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
fn wire(scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
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
