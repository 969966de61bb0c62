//! flow-split: splits flows into several files.

use std::num::NonZeroU64;
use std::process::ExitCode;

use flowtools::cli::flow_split::Args;
use flowtools::cli::parts::{Division, Parts};
use flowtools::cli::run::{more_files, report};
use flowtools::cli::{Exit, Failure, program, symbols};
use flowtools::file::Scan;
use flowtools::flow::{Field, StreamInfo, flags};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let mut tags = Vec::new();
    tags.extend(args.source_tag.then_some(Field::SrcTag));
    tags.extend(args.destination_tag.then_some(Field::DstTag));
    let scan = Scan::open(&args.files.inputs())?;
    let read = scan.info();
    if let Some(version) = read.version
        && let Some(tag) = tags.iter().find(|tag| !version.layout().schema.has(**tag))
    {
        return Err(Failure::Failed(format!("flows of version {version} have no {}", tag.short_name())));
    }
    let info = StreamInfo {
        flags: flags::STREAMING,
        interfaces: read.interfaces.clone(),
        facts: read.facts.clone(),
        ..StreamInfo::default()
    };
    let division = Division {
        name: args.output.clone(),
        tags,
        symbols: if args.names { Some(symbols::load()?) } else { None },
        most: args.most.map(NonZeroU64::get),
        span: args.seconds.map(|seconds| seconds.get().saturating_mul(1000)),
    };
    // There may be a file for each tag.
    more_files();
    let mut parts = Parts::new(division, args.write.options(scan.form(), info, 0));
    let summary = scan.ordered(|| (), |(), batch| batch, |batch| parts.write(batch))?;
    let mut problems = summary.problems;
    parts.finish(&summary.facts, &mut problems)?;
    Ok(report("flow-split", &problems))
}
