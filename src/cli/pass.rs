//! Passing on the flows that a question asks for: what flow-filter and flow-nfilter do.

use super::common::Write;
use super::explain::reading;
use super::output::Output;
use super::progress::Watcher;
use super::question::Question;
use super::run::{complain, report};
use super::{Exit, Failure};
use crate::file::{Error, Summary};
use crate::flow::{StreamInfo, flags};

/// Passes on the flows asked for, in the form they are read in; with `keep_time`, under the input's capture times.
pub fn pass(name: &str, question: &Question, write: &Write, keep_time: bool) -> Result<Exit, Failure> {
    let scan = question.open()?;
    let read = scan.info();
    let mut info = StreamInfo { flags: flags::STREAMING, interfaces: read.interfaces.clone(), ..StreamInfo::default() };
    if keep_time {
        (info.start, info.end) = (read.start, read.end);
    }
    let mut out = Output::open(None, &write.options(scan.form(), info, 0))?;
    let progress = Watcher::of(&scan);
    let summary = scan.ordered(|| (), |(), batch| batch, |batch| out.write(&batch))?;
    drop(progress);
    out.facts(&summary.facts)?;
    end(name, question, write, summary, |problems| out.finish(problems))
}

/// Says how the reading went, after `finish` has had its say.
pub fn end(
    name: &str,
    question: &Question,
    write: &Write,
    summary: Summary,
    finish: impl FnOnce(&mut Vec<Error>) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    if write.debug.debug > 0 {
        complain(name, reading(&summary));
    }
    let mut problems = summary.problems;
    finish(&mut problems)?;
    problems.extend(question.problem());
    Ok(report(name, &problems))
}
