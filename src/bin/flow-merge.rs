//! flow-merge: merges flow files in the order of time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flowtools::cli::flow_merge::Args;
use flowtools::cli::run::{more_files, report};
use flowtools::cli::{Exit, Failure, Output, program};
use flowtools::file::{Error, Inputs, Merge, read_info};
use flowtools::flow::{StreamInfo, flags};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    more_files();
    let mut named = args.files.files.clone();
    if let Some(list) = &args.input_list {
        named.extend(listed(list)?);
    }
    let (inputs, mut problems) = in_order(Inputs::of(&named).unfinished(args.all), args.sort);
    let merge = Merge::open(&inputs)?;
    let read = merge.info();
    let info = StreamInfo { flags: flags::STREAMING, interfaces: read.interfaces.clone(), ..StreamInfo::default() };
    let mut output = Output::open(args.output.as_deref(), &args.write.options(merge.form(), info, 0))?;
    let summary = merge.run(|batch| output.write(batch))?;
    problems.extend(summary.problems);
    output.facts(&summary.facts)?;
    output.finish(&mut problems)?;
    Ok(report("flow-merge", &problems))
}

/// The names that a file lists.
fn listed(list: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut text = Vec::new();
    let read = match list.as_os_str() == "-" {
        true => std::io::stdin().lock().read_to_end(&mut text).map(|_| ()),
        false => std::fs::read(list).map(|octets| text = octets),
    };
    read.map_err(|e| Failure::io(list.display(), &e))?;
    let names: Vec<PathBuf> =
        String::from_utf8_lossy(&text).lines().filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    match names.is_empty() {
        true => Err(Failure::Failed(format!("{}: expected names of files, one a line", list.display()))),
        false => Ok(names),
    }
}

/// The inputs, sorted by when their capture began if that is asked for.
fn in_order(inputs: Inputs, sort: bool) -> (Inputs, Vec<Error>) {
    if !sort {
        return (inputs, Vec::new());
    }
    let (mut files, problems) = inputs.files();
    // What cannot be read, and pipes, which can be read only once, stay where they are, first.
    files.sort_by_cached_key(|file| match file.metadata() {
        Ok(kind) if kind.is_file() => read_info(file).ok().and_then(|info| info.start),
        _ => None,
    });
    match files.is_empty() {
        true => (inputs, problems),
        false => (Inputs::of(&files), problems),
    }
}
