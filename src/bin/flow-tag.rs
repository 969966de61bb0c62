//! flow-tag: gives flows tags.

use std::process::ExitCode;

use flowtools::cli::flow_tag::Args;
use flowtools::cli::rewriting::{Target, rewrite};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::Scan;
use flowtools::flow::{Form, Version};

const NAME: &str = "flow-tag";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let tagging = args.defined.tags(NAME, &args.tag_file, &args.definitions)?;
    let scan = Scan::open(&args.files.inputs())?;
    let form = args.export_version.unwrap_or(match scan.form() {
        Form::Classic(Version::V1 | Version::V5 | Version::V1005) => Version::V1005.into(),
        // Other versions have fields that no classic one has together with tags.
        _ => Form::Modern,
    });
    if !matches!(form, Form::Modern | Form::Classic(Version::V1005)) {
        return Err(Failure::Usage(format!("-V {form} has no room for tags: expected 1005 or 10")));
    }
    let target = Target { path: None, form, write: &args.write, keep_time: args.keep_time };
    rewrite(NAME, scan, target, |batch, scratch| tagging.apply(batch, scratch), || ())
}
