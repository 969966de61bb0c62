//! flow-graph: what flow-scan keeps, to be looked at.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flowtools::cli::config::{located, text};
use flowtools::cli::flow_graph::Args;
use flowtools::cli::run::complain;
use flowtools::cli::{Exit, Failure, program, symbols};
use flowtools::graph::config::{Categories, Config};
use flowtools::graph::site::{Site, write};
use flowtools::graph::view::Catalogue;
use flowtools::select::config::{Sources, Variables};

const NAME: &str = "flow-graph";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let (config, output) = config(&args.config)?;
    let state = args.state.unwrap_or_else(|| output.join("flow-scan.state"));
    let site = Site { config: &config, catalogue: Catalogue::of(&config, &output), state };
    let made = site.make().map_err(|error| Failure::Failed(error.to_string()))?;
    made.problems.iter().for_each(|problem| complain(NAME, problem));
    write(&args.site, &made.html).map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(if made.problems.is_empty() { Exit::Fine } else { Exit::Partly })
}

/// CUFlow.cf, and the folder of RRDs.
fn config(file: &Path) -> Result<(Config, PathBuf), Failure> {
    let symbols = symbols::load()?;
    let mut sources = Sources::new(Variables::default(), text);
    let file = located(file).display().to_string();
    let mut config = Config::read(&mut sources, &file, &symbols)?;
    let output = config.output.clone().ok_or_else(|| Failure::Usage(format!("{file}: expected OutputDir DIR")))?;
    if config.categories.list.is_empty() {
        config.categories = Categories::built_in();
    }
    Ok((config, output.into()))
}
