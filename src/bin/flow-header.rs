//! flow-header: what the headers of flow files say.

use std::io::{self, Write};
use std::process::ExitCode;

use flowtools::cli::describe;
use flowtools::cli::flow_header::Args;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{self, Description};
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
        match file::describe(&file) {
            Ok(found) => {
                show(&found, &args, &mut out).map_err(Failure::stdout)?;
                problems.extend(found.problem);
            }
            Err(problem) => problems.push(problem),
        }
    }
    Ok(report("flow-header", &problems))
}

fn show(found: &Description, args: &Args, out: &mut impl Write) -> io::Result<()> {
    print::header_and(&found.info, &describe::lines(found), &args.mark, out)?;
    if args.blocks { describe::tables(found, &args.mark, out) } else { Ok(()) }
}
