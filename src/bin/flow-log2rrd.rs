//! flow-log2rrd: what collectors log of exporters in round-robin databases.

use std::process::ExitCode;

use flowtools::cli::flow_log2rrd::Args;
use flowtools::cli::run::{complain, hostname, input};
use flowtools::cli::{Exit, Failure, program, shelf};
use flowtools::graph::stats::keep;

const NAME: &str = "flow-log2rrd";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let host = hostname().unwrap_or_else(|| "localhost".into());
    let mut shelf = shelf::open(&args.path)?;
    let mut problems = Vec::new();
    let files = if args.files.is_empty() { vec!["-".into()] } else { args.files };
    for file in &files {
        let done = keep(input(Some(file))?, &host, args.step, &mut shelf).map_err(shelf::failed)?;
        let name = if file.as_os_str() == "-" { "standard input".into() } else { file.display().to_string() };
        problems.extend(done.problems.iter().map(|problem| format!("{name}: {problem}")));
        if done.late > 0 {
            let late = done.late;
            problems.push(format!("{name}: {late} lines are not later than what their RRDs have: left out"));
        }
        if args.debug.debug > 0 {
            complain(NAME, format!("{name}: {} lines, {} new RRDs", done.lines, done.made));
        }
    }
    shelf::finish(NAME, shelf, problems)
}
