//! flow-tag: gives flows tags.

use std::process::ExitCode;

use flowtools::cli::flow_tag::Args;
use flowtools::cli::rewriting::{Target, rewrite};
use flowtools::cli::steps::tagged;
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::Scan;
use flowtools::rewrite::tag;

const NAME: &str = "flow-tag";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let tagging = args.defined.tags(NAME, &args.tag_file, &args.definitions)?;
    let scan = Scan::open(&args.files.inputs())?;
    let form = args.export_version.unwrap_or_else(|| tag::form(scan.form()));
    tagged(form)?;
    let target = Target { path: None, form, write: &args.write, keep_time: args.keep.keep_time };
    rewrite(NAME, scan, target, |batch, scratch| tagging.apply(batch, scratch), || ())
}
