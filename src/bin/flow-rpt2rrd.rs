//! flow-rpt2rrd: reports of flow-report in round-robin databases.

use std::fs;
use std::process::ExitCode;

use flowtools::cli::flow_rpt2rrd::Args;
use flowtools::cli::run::{complain, input};
use flowtools::cli::{Exit, Failure, program, shelf, symbols};
use flowtools::flow::Symbols;
use flowtools::graph::reports::{Plan, keep};

const NAME: &str = "flow-rpt2rrd";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let names = if args.names { symbols::load()? } else { Symbols::none() };
    let keys = keys(&args)?;
    if args.rows.len() != 4 {
        return Err(Failure::Usage("-r: expected four numbers of rows, such as 600:600:600:732".into()));
    }
    let plan = Plan {
        keys,
        all: args.all,
        fields: args.fields,
        postfix: args.postfix.unwrap_or_default(),
        step: args.step,
        rows: args.rows,
    };
    let input = input(args.file.as_deref())?;
    let mut shelf = shelf::open(&args.path)?;
    let loud = args.verbose || args.debug.debug > 0;
    let mut say = |what: String| {
        if args.verbose {
            complain(NAME, what)
        }
    };
    let mut done = keep(input, &plan, &names, &mut shelf, &mut say).map_err(shelf::failed)?;
    if let Some((file, time)) = done.first_late {
        let time = shelf::time(time);
        let late = done.late;
        done.problems
            .push(format!("{late} values are not later than what their RRDs have: left out; first {file}, {time}"));
    }
    if loud {
        complain(NAME, format!("{} reports, {} new RRDs, {} values", done.reports, done.made, done.values));
    }
    shelf::finish(NAME, shelf, done.problems)
}

/// The keys that are named, and those of the file.
fn keys(args: &Args) -> Result<Vec<String>, Failure> {
    let mut keys = args.keys.clone();
    if let Some(file) = &args.keys_file {
        let text = fs::read_to_string(file).map_err(|e| Failure::io(file.display(), &e))?;
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        keys.extend(lines.flat_map(|line| line.split([' ', '\t', ',', '\r'])).map(str::to_owned));
    }
    keys.retain(|key| !key.is_empty());
    if keys.is_empty() && !args.all {
        return Err(Failure::Usage("expected keys (-k or -K), or --all; see flow-rpt2rrd --help".into()));
    }
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(key.clone()));
    Ok(keys)
}
