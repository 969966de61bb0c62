//! flow-nfilter: passes on the flows that a filter of a file matches.

use std::process::ExitCode;

use flowtools::cli::explain::explain;
use flowtools::cli::flow_nfilter::Args;
use flowtools::cli::pass::pass;
use flowtools::cli::question::Question;
use flowtools::cli::{Exit, Failure, program};
use flowtools::flow::Projection;

const NAME: &str = "flow-nfilter";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let filter = args.defined.filter(&args.filter_file, &args.filter)?;
    let question = Question::new(&args.files, &args.window, None)?.and(filter);
    if args.explain {
        return explain(NAME, &question, Projection::ALL);
    }
    pass(NAME, &question, &args.write, args.keep.keep_time)
}
