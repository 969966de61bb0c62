//! flow-report: reports of flows, as a file says which and how.

use std::io::{self, Write};
use std::process::ExitCode;

use flowtools::cli::flow_report::Args;
use flowtools::cli::progress::Watcher;
use flowtools::cli::question::Question;
use flowtools::cli::reports::Job;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, definition, program};
use flowtools::report::csv::TYPES;

const NAME: &str = "flow-report";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    if args.short_help > 0 {
        return help(args.short_help).map(|()| Exit::Fine).map_err(Failure::stdout);
    }
    let job = Job::load(NAME, args.config.as_ref(), &args.definition, &args.defined)?;
    let question = Question::new(&args.files, &args.window, None)?.and(job.filter());
    let scan = question.open()?;
    let progress = Watcher::of(&scan);
    let (exit, summary) = job.run(scan)?;
    drop(progress);
    let read = report(NAME, &summary.problems);
    let asked = question.problem().map_or(Exit::Fine, |problem| report(NAME, &[problem]));
    Ok(if [read, asked].contains(&Exit::Partly) { Exit::Partly } else { exit })
}

/// Prints help; asked for twice, the types of report.
fn help(asked: u8) -> io::Result<()> {
    if asked == 1 {
        return definition::<Args>().print_help();
    }
    let mut out = io::stdout().lock();
    TYPES.iter().try_for_each(|known| writeln!(out, "{}", known.name))
}
