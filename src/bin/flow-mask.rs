//! flow-mask: sets the lengths of flows' prefixes.

use std::process::ExitCode;

use flowtools::cli::flow_mask::Args;
use flowtools::cli::rewriting::{Target, rewrite};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::Scan;
use flowtools::rewrite::mask::Mask;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let mask = args.defined.mask(&args.mask_file, &args.definition)?;
    let scan = Scan::open(&args.files.inputs())?;
    let form = scan.form();
    if let Some((version, field)) = form.classic().and_then(|v| Mask::lacks(v).map(|field| (v, field))) {
        let why = format!("flows of version {version} have no {field}, expected a version with it: flow-xlate -V 5");
        return Err(Failure::Failed(why));
    }
    let target = Target { path: None, form, write: &args.write, keep_time: args.keep.keep_time };
    rewrite("flow-mask", scan, target, |batch, scratch| mask.apply(batch, scratch), || ())
}
