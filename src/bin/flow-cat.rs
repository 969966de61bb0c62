//! flow-cat: concatenates flow files.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::Local;
use flowtools::cli::flow_cat::Args;
use flowtools::cli::follow::{Following, follow};
use flowtools::cli::run::{hostname, report};
use flowtools::cli::{Exit, Failure, Output, date, program};
use flowtools::file::{Error, Inputs, Scan, read_info};
use flowtools::flow::{FlowBatch, Form, StreamInfo, flags};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    if args.follow {
        return follow(&args.files.files, &following(&args)?);
    }
    let (headers, mut problems) = choose(&args)?;
    let preload = args.preload || args.start.is_some() || args.end.is_some();
    if headers.as_ref().is_some_and(Vec::is_empty) {
        return match problems.is_empty() {
            true => Err(Failure::Failed("no flow file lies in that time".into())),
            false => Ok(report("flow-cat", &problems)),
        };
    }
    let inputs = match &headers {
        Some(headers) => Inputs::of(&headers.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>()),
        None => args.files.inputs().unfinished(args.all),
    };
    let scan = Scan::open(&inputs)?;
    let mut info = StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() };
    if let Some(headers) = headers.filter(|_| preload) {
        sum(&headers, &mut info);
    }
    let read = scan.form();
    let form = args.export_version.unwrap_or(read);
    let options = args.write.options(form, info, 0);
    let mut output = Output::open(args.output.as_deref(), &options)?;
    // One thread copies as fast as two: it is the memory that is slow. Inflating is not, nor is decoding columns.
    let work = scan.info().is(flags::COMPRESSED) || read == Form::Modern;
    let scan = if work { scan } else { scan.threads(1) };
    let summary = scan.ordered(|| (), |(), batch| batch, |batch: FlowBatch| output.write(&batch))?;
    problems.extend(summary.problems);
    output.facts(&summary.facts)?;
    output.finish(&mut problems)?;
    Ok(report("flow-cat", &problems))
}

/// What is asked of an archive that is followed.
fn following(args: &Args) -> Result<Following<'_>, Failure> {
    Ok(Following {
        since: when(&args.start)?,
        from_now: args.from_now,
        output: args.output.as_deref(),
        write: &args.write,
        form: args.export_version,
    })
}

/// A date of the command line, seconds since 1970.
fn when(text: &Option<String>) -> Result<Option<i64>, Failure> {
    text.as_ref().map(|text| date::parse(text, Local::now()).map_err(Failure::Usage)).transpose()
}

type Headers = Vec<(PathBuf, StreamInfo)>;

/// The files to read with their headers, where anything depends on those: their order, or which files.
fn choose(args: &Args) -> Result<(Option<Headers>, Vec<Error>), Failure> {
    let (start, end) = (when(&args.start)?, when(&args.end)?);
    let pipe = args.files.files.is_empty() || args.files.files.iter().any(|f| f.as_os_str() == "-");
    if pipe || !(args.sort || args.preload || start.is_some() || end.is_some()) {
        return Ok((None, Vec::new()));
    }
    let (files, mut problems) = args.files.inputs().unfinished(args.all).files();
    let mut headers = Headers::new();
    for file in files {
        match read_info(&file) {
            Ok(info) if in_time(&info, start, end) => headers.push((file, info)),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    if args.sort {
        headers.sort_by_key(|(_, info)| info.start);
    }
    Ok((Some(headers), problems))
}

/// flow-cat's -t and -T, seconds since 1970: alone, a capture that began by the one or lasted to the other; together,
/// one that lies between them in part. A capture in progress has no end yet.
fn in_time(info: &StreamInfo, start: Option<i64>, end: Option<i64>) -> bool {
    let began = i64::from(info.start.unwrap_or(0));
    let ended = info.end.filter(|e| *e != 0).map_or(i64::MAX, i64::from);
    match (start, end) {
        (None, None) => true,
        (Some(start), None) => began <= start,
        (None, Some(end)) => ended >= end,
        (Some(start), Some(end)) => began <= end && ended > start,
    }
}

/// Puts the sums of several headers into one.
fn sum(headers: &Headers, out: &mut StreamInfo) {
    let all = || headers.iter().map(|(_, info)| info);
    let total = |field: fn(&StreamInfo) -> Option<u64>| Some(all().filter_map(field).fold(0, u64::saturating_add));
    out.flags |= flags::PRELOADED;
    out.start = all().filter_map(|i| i.start).min();
    out.end = all().filter_map(|i| i.end).max();
    out.flows = total(|i| i.flows);
    out.lost = total(|i| i.lost);
    out.misordered = total(|i| i.misordered);
    out.corrupt = total(|i| i.corrupt);
    out.resets = total(|i| i.resets);
    out.host = hostname();
}
