//! flow-header: what the headers of flow files say.

use std::io::{self, Write};
use std::process::ExitCode;

use flowtools::cli::flow_header::{Args, Shape};
use flowtools::cli::progress::Watcher;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, describe, headers, program};
use flowtools::file::{self, Description, Scan, Summary};
use flowtools::flow::{Fact, InterfaceNames, StreamInfo};
use flowtools::print;
use flowtools::report::exporters::Exporters;
use flowtools::report::interfaces::{InterfaceWorker, Interfaces};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    match args.format {
        Shape::Header => headers_of(&args),
        Shape::Export => export(&args),
        Shape::Interface => interface(&args),
    }
}

/// What each file's header says.
fn headers_of(args: &Args) -> Result<Exit, Failure> {
    let (files, mut problems) = args.files.inputs().files();
    if files.is_empty() && problems.is_empty() {
        return Err(Failure::Failed("input: no flow file in it".into()));
    }
    let mut out = io::stdout().lock();
    for file in files {
        match file::describe(&file) {
            Ok(found) => {
                show(&found, args, &mut out).map_err(Failure::stdout)?;
                problems.extend(found.problem);
            }
            Err(problem) => problems.push(problem),
        }
    }
    Ok(report("flow-header", &problems))
}

/// What each exporter sent.
fn export(args: &Args) -> Result<Exit, Failure> {
    let inputs = args.files.inputs();
    let scan = Scan::open(&inputs)?;
    let known = headers::all(&inputs, scan.info());
    let _progress = Watcher::of(&scan);
    let (sums, read) = scan.fields(Exporters::fields()).fold(Exporters::default, |sum, batch| sum.add(batch));
    let mut all = Exporters::default();
    sums.into_iter().for_each(|sum| all.merge(sum));
    all.write(&known, &facts(&known, &read), &mut io::stdout().lock()).map_err(Failure::stdout)?;
    Ok(report("flow-header", &read.problems))
}

/// What went in and out by each interface.
fn interface(args: &Args) -> Result<Exit, Failure> {
    let inputs = args.files.inputs();
    let scan = Scan::open(&inputs)?;
    let known = headers::all(&inputs, scan.info());
    let _progress = Watcher::of(&scan);
    let interfaces = Interfaces::new();
    let (workers, read) =
        scan.fields(Interfaces::fields()).fold(|| interfaces.worker(), |worker, batch| worker.add(batch));
    let outcomes = workers.into_iter().map(InterfaceWorker::finish).collect();
    let names = InterfaceNames::of(&facts(&known, &read));
    interfaces.finish(outcomes).write(&names, &mut io::stdout().lock()).map_err(Failure::stdout)?;
    Ok(report("flow-header", &read.problems))
}

/// What exporters said: in headers, and in pipes between flows.
fn facts(known: &[StreamInfo], read: &Summary) -> Vec<Fact> {
    let mut facts = headers::facts(known);
    read.facts.iter().for_each(|fact| _ = fact.clone().add_to(&mut facts));
    facts
}

fn show(found: &Description, args: &Args, out: &mut impl Write) -> io::Result<()> {
    print::header_and(&found.info, &describe::lines(found), &args.mark, out)?;
    if args.blocks { describe::tables(found, &args.mark, out) } else { Ok(()) }
}
