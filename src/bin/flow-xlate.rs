//! flow-xlate: flows of one version as flows of another, and changed as a configuration says.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use flowtools::cli::flow_xlate::Args;
use flowtools::cli::rewriting::{Target, rewrite};
use flowtools::cli::run::complain;
use flowtools::cli::{Exit, Failure, config, program};
use flowtools::file::Scan;

const NAME: &str = "flow-xlate";

/// How often it is asked whether a key's file is to be read again.
const ASK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let translation = match args.no_config {
        true => None,
        false => args.translating.load(&args.defined)?,
    };
    let translation = translation.unwrap_or_default();
    let scan = Scan::open(&args.files.inputs())?;
    if let Some((version, field)) = scan.form().classic().and_then(|v| translation.lacks(v).map(|field| (v, field))) {
        let name = field.short_name();
        return Err(Failure::Failed(format!("flows of version {version} have no {name}, which an action changes")));
    }
    let form = args.export_version.unwrap_or_else(|| scan.form());
    let target = Target { path: args.output.as_deref(), form, write: &args.write, keep_time: args.keep.keep_time };
    let mut asked = Instant::now();
    let tick = || {
        if asked.elapsed() >= ASK {
            asked = Instant::now();
            config::refresh(&translation).iter().for_each(|wrong| complain(NAME, wrong));
        }
    };
    rewrite(NAME, scan, target, |batch, scratch| translation.apply(batch, scratch), tick)
}
