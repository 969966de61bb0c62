//! flow-xlate: flows of one version as flows of another.

use std::process::ExitCode;

use flowtools::cli::flow_xlate::Args;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, Output, program};
use flowtools::file::Scan;
use flowtools::flow::{FlowBatch, StreamInfo, flags};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let scan = Scan::open(&args.files.inputs())?;
    let read = scan.info();
    let interfaces = read.interfaces.clone();
    let mut info = StreamInfo { flags: flags::STREAMING, interfaces, ..StreamInfo::default() };
    if args.keep_time {
        (info.start, info.end) = (read.start, read.end);
    }
    let form = args.export_version.unwrap_or_else(|| scan.form());
    let options = args.write.options(form, info, 0);
    let mut output = Output::open(args.output.as_deref(), &options)?;
    let summary = scan.ordered(|| (), |(), batch| batch, |batch: FlowBatch| output.write(&batch))?;
    let mut problems = summary.problems;
    output.facts(&summary.facts)?;
    output.finish(&mut problems)?;
    Ok(report("flow-xlate", &problems))
}
