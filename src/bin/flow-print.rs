//! flow-print: flows as text.

use std::io::{self, Write};
use std::process::ExitCode;

use flowtools::cli::flow_print::Args;
use flowtools::cli::{Exit, Failure, headers, program, symbols, text};
use flowtools::file::Scan;
use flowtools::flow::InterfaceNames;
use flowtools::flow::symbols::Symbols;
use flowtools::print::{self, Format, JsonWriter, TableWriter};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let scan = Scan::open(&args.files.inputs())?;
    let info = scan.info();
    let format = args.format.unwrap_or_else(|| Format::default_for(info.version));
    let names = if args.names { symbols::load()? } else { Symbols::none() };
    if let Some((version, field)) = info.version.and_then(|v| format.lacks(v).map(|field| (v, field))) {
        let name = format.name();
        return Err(Failure::Failed(format!("format {name} shows {field}, which flows of version {version} lack")));
    }
    let Some(table) = format.table(args.wide, args.names) else { return long(&args, scan) };
    let table = if args.ipv6 { table.with_room_for_ipv6() } else { table };
    let interfaces = match table.names_interfaces() {
        true => headers::interface_names(&args.files.inputs(), info),
        false => InterfaceNames::default(),
    };
    let mut out = io::stdout().lock();
    if args.header {
        print::header(info, &args.mark, &mut out).map_err(Failure::stdout)?;
    }
    out.write_all(table.heading().as_bytes()).map_err(Failure::stdout)?;
    text::write(
        "flow-print",
        scan.fields(table.fields()),
        &mut out,
        || TableWriter::new(&table, &names).with_interfaces(&interfaces),
        |writer, batch, text| writer.write(&batch, text),
    )
}

/// Every field of a flow, one a line.
fn long(args: &Args, scan: Scan<'_>) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    if args.header {
        print::header(scan.info(), &args.mark, &mut out).map_err(Failure::stdout)?;
    }
    text::write("flow-print", scan, &mut out, JsonWriter::long, |writer, batch, text| writer.write(&batch, text))
}
