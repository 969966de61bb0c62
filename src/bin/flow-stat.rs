//! flow-stat: flows summed up in reports.

use std::io::{self, Write};
use std::process::ExitCode;

use flowtools::cli::flow_stat::{Args, Shape};
use flowtools::cli::progress::Watcher;
use flowtools::cli::question::Question;
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program, symbols};
use flowtools::file::Scan;
use flowtools::flow::StreamInfo;
use flowtools::flow::symbols::Symbols;
use flowtools::print;
use flowtools::report::by::{Format, Reports, Text, Workers};
use flowtools::report::cache::Cache;
use flowtools::report::stat::{Choices, Heading, Kind, Plot, PlotText, Summary, Table, TableText};
use flowtools::report::{Aggregation, Arrived, SortBy, Worker, talkers};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    args.check()?;
    let question = Question::new(&args.files, &args.window, args.expression.as_deref())?;
    let exit = match (args.format, args.by.is_empty()) {
        (Shape::TopTalkers, _) => top_talkers(&args, &question)?,
        (Shape::Cisco, _) => cache(&question)?,
        (_, true) => numbered(&args, &question)?,
        (_, false) => by_fields(&args, &question)?,
    };
    Ok(question.problem().map_or(exit, |problem| report("flow-stat", &[problem])))
}

/// One of the numbered reports.
fn numbered(args: &Args, question: &Question) -> Result<Exit, Failure> {
    let report = args.report();
    if let Kind::Table(table) = &report.kind
        && table.order(&choices(args)).is_none()
    {
        let last = table.columns() - 1;
        return Err(Failure::Usage(format!("report {} has columns 0 to {last}, no other to sort by", args.report)));
    }
    let scan = question.open()?;
    let _progress = Watcher::of(&scan);
    check(args, scan.info())?;
    let mut out = io::stdout().lock();
    head(args, &scan, &mut out).map_err(Failure::stdout)?;
    match &report.kind {
        Kind::Table(table) => groups(args, table, scan, &mut out),
        Kind::Plot(points) => plot(args, points, scan, &mut out),
        Kind::Summary => summary(scan, Summary::default, |sum| sum.write(&mut out)),
        Kind::Short => summary(scan, Summary::short, |sum| sum.write_short(&args.mark, &mut out)),
        Kind::Missing => {
            out.write_all(b"Not implemented.\n").map_err(Failure::stdout)?;
            Ok(Exit::Fine)
        }
    }
}

/// Whether the flows have what the report is made of, as far as their header says it.
fn check(args: &Args, info: &StreamInfo) -> Result<(), Failure> {
    let Kind::Table(table) = &args.report().kind else { return Ok(()) };
    let Some(version) = info.version else { return Ok(()) };
    let Some(field) = table.grouping(false).lacks(&version.layout().schema) else { return Ok(()) };
    let field = field.short_name();
    Err(Failure::Failed(format!("report {} needs {field}, which flows of version {version} lack", args.report)))
}

fn choices(args: &Args) -> Choices {
    Choices { percent: args.percent, wide: args.wide, sorting: args.sorting(), tally: args.tally }
}

/// What stands above the report.
fn head(args: &Args, scan: &Scan, out: &mut impl Write) -> io::Result<()> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let heading = Heading {
        mark: &args.mark,
        title: args.title.as_deref(),
        percent: args.percent,
        names: args.names,
        sorting: args.sorting(),
        name: args.report().name,
        args: &words,
    };
    heading.write(out)?;
    if args.header {
        print::header(scan.info(), &args.mark, out)?;
    }
    Ok(())
}

fn groups(args: &Args, table: &'static Table, scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let choices = choices(args);
    let names = if args.names { symbols::load()? } else { Symbols::none() };
    let grouping = table.grouping(table.needs_duration(&choices));
    let scan = scan.fields(grouping.fields());
    let arrived = table.order(&choices).filter(|order| order.by == SortBy::Arrival);
    let (mut groups, read) = match arrived.and_then(|_| Arrived::new(grouping.clone())) {
        Some(mut all) => {
            let group = |(): &mut (), batch| Arrived::batch(&grouping, &batch);
            let merge = |later: Option<Arrived>| {
                later.iter().for_each(|later| all.merge(later));
                Ok::<(), Failure>(())
            };
            let read = scan.ordered(|| (), group, merge)?;
            (all.finish(), read)
        }
        None => {
            let aggregation = Aggregation::new(grouping);
            let (workers, read) = scan.fold(|| aggregation.worker(), |worker, batch| worker.add(batch));
            let outcomes = workers.into_iter().map(Worker::finish).collect();
            (aggregation.finish(outcomes), read)
        }
    };
    let text = TableText::new(table, &choices, &groups, &names, &args.mark);
    text.write(&mut groups, out).map_err(Failure::stdout)?;
    let exit = report("flow-stat", &read.problems);
    if groups.lacking() > 0 {
        let number = args.report;
        complain("flow-stat", format!("{} flows without the fields of report {number} left out", groups.lacking()));
        return Ok(Exit::Partly);
    }
    Ok(exit)
}

/// Reports by any fields.
fn by_fields(args: &Args, question: &Question) -> Result<Exit, Failure> {
    let sort = args.sort.clone().unwrap_or_default();
    // A column that only some of the reports have sorts those.
    let wrong: Vec<_> = args.by.iter().filter_map(|spec| spec.check(&sort).err()).collect();
    if let Some(error) = wrong.first().filter(|_| wrong.len() == args.by.len()) {
        return Err(Failure::Usage(format!("--sort {error}")));
    }
    let names = if args.names { symbols::load()? } else { Symbols::none() };
    let scan = question.open()?;
    let _progress = Watcher::of(&scan);
    let reports = Reports::new(&args.by);
    let (workers, read) = scan.fields(reports.fields()).fold(|| reports.worker(), |worker, batch| worker.add(batch));
    let outcomes = workers.into_iter().map(Workers::finish).collect();
    let answers = reports.finish(outcomes);
    let text = Text {
        format: args.format.into(),
        percent: args.percent,
        top: args.top.map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(usize::MAX)),
        names: &names,
        several: answers.len() > 1,
    };
    let mut out = io::stdout().lock();
    let mut exit = report("flow-stat", &read.problems);
    for (at, mut answer) in answers.into_iter().enumerate() {
        if at > 0 && text.format != Format::Json {
            out.write_all(b"\n").map_err(Failure::stdout)?;
        }
        text.write(&mut answer, &sort, &mut out).map_err(Failure::stdout)?;
        if answer.lacking() > 0 {
            let (lacking, by) = (answer.lacking(), answer.spec().text());
            complain("flow-stat", format!("--by {by}: {lacking} flows without these fields left out"));
            exit = Exit::Partly;
        }
    }
    Ok(exit)
}

/// Who talks most, as routers show it.
fn top_talkers(args: &Args, question: &Question) -> Result<Exit, Failure> {
    let scan = question.open()?.fields(talkers::grouping().fields());
    let _progress = Watcher::of(&scan);
    let all = talkers::talkers();
    let (workers, read) = scan.fold(|| all.worker(), |worker, batch| worker.add(batch));
    let outcomes = workers.into_iter().map(Worker::finish).collect();
    let top = args.top.map_or(10, |top| usize::try_from(top).unwrap_or(usize::MAX));
    let mut groups = all.finish(outcomes);
    talkers::write(&mut groups, top, &mut io::stdout().lock()).map_err(Failure::stdout)?;
    let exit = report("flow-stat", &read.problems);
    if groups.lacking() > 0 {
        complain("flow-stat", format!("{} flows without addresses left out", groups.lacking()));
        return Ok(Exit::Partly);
    }
    Ok(exit)
}

/// What routers show above their cache's flows.
fn cache(question: &Question) -> Result<Exit, Failure> {
    let scan = question.open()?.fields(Cache::fields());
    let _progress = Watcher::of(&scan);
    let (sums, read) = scan.fold(Cache::default, |sum, batch| sum.add(batch));
    let mut all = Cache::default();
    sums.iter().for_each(|sum| all.merge(sum));
    all.write(&mut io::stdout().lock()).map_err(Failure::stdout)?;
    Ok(report("flow-stat", &read.problems))
}

fn summary(
    scan: Scan,
    start: fn() -> Summary,
    write: impl FnOnce(&Summary) -> io::Result<()>,
) -> Result<Exit, Failure> {
    let (sums, read) = scan.fields(Summary::fields()).fold(start, |sum, batch| sum.add(batch));
    let mut all = start();
    sums.iter().for_each(|sum| all.merge(sum));
    write(&all).map_err(Failure::stdout)?;
    Ok(report("flow-stat", &read.problems))
}

fn plot(args: &Args, plot: &Plot, scan: Scan, out: &mut impl Write) -> Result<Exit, Failure> {
    let mut text = PlotText::new(plot, &args.mark);
    text.begin(out).map_err(Failure::stdout)?;
    let add = |points| text.add(&points, out).map_err(Failure::stdout);
    let read = scan.fields(plot.fields()).ordered(|| (), |(), batch| plot.points(&batch), add)?;
    text.end(out).map_err(Failure::stdout)?;
    Ok(report("flow-stat", &read.problems))
}
