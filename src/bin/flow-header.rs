//! flow-header: what the headers of flow files say.

use std::io;
use std::process::ExitCode;

use flowtools::cli::flow_header::Args;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::read_info;
use flowtools::print;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let (files, mut problems) = args.files.inputs().files();
    if files.is_empty() && problems.is_empty() {
        return Err(Failure::Failed("input: no flow file in it".into()));
    }
    let mut out = io::stdout().lock();
    for file in files {
        match read_info(&file) {
            Ok(info) => print::header(&info, &args.mark, &mut out).map_err(Failure::stdout)?,
            Err(problem) => problems.push(problem),
        }
    }
    Ok(report("flow-header", &problems))
}
