//! Arguments of flow-graph.

use std::path::PathBuf;

use clap::Parser;

macro_rules! examples {
    () => {
        "\
Examples:
  flow-graph -c CUFlow.cf --site /var/www/html/flows"
    };
}

/// Show what flow-scan keeps: one page of graphs, scoreboards and exporters
#[derive(Parser, Debug)]
#[command(name = "flow-graph", version, after_help = examples!())]
pub struct Args {
    /// What is counted; looked for among the configurations if it is not here
    #[arg(short = 'c', long, value_name = "FILE", default_value = "CUFlow.cf")]
    pub config: PathBuf,
    /// What flow-scan remembers (default: flow-scan.state in OutputDir)
    #[arg(short = 's', long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Write DIR/index.html: a page of everything, which needs no server and asks nobody for anything
    #[arg(long, value_name = "DIR")]
    pub site: PathBuf,
}
