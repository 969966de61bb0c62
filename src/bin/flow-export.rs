//! flow-export: flows as comma-separated fields or JSON.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use flowtools::cli::flow_export::{Args, Target};
use flowtools::cli::{Exit, Failure, program, text};
use flowtools::file::Scan;
use flowtools::flow::Projection;
use flowtools::flow::symbols::Symbols;
use flowtools::print::{CsvFields, JsonWriter, TableWriter};

const NAME: &str = "flow-export";

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
        other => {
            let name = other.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
            Err(Failure::Usage(format!("-f {name} is not supported yet, expected -f csv or -f json")))
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
