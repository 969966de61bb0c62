//! Passing flows on changed: what flow-tag, flow-mask and flow-xlate do.

use std::path::Path;

use super::common::Write;
use super::output::Output;
use super::progress::Watcher;
use super::run::report;
use super::{Exit, Failure};
use crate::file::{Error, Scan};
use crate::flow::{FlowBatch, Form, StreamInfo, flags};
use crate::rewrite::Scratch;

/// Where changed flows go, and as what.
#[derive(Clone, Copy, Debug)]
pub struct Target<'t> {
    /// A file; standard output without one.
    pub path: Option<&'t Path>,
    /// What they are written as.
    pub form: Form,
    /// How they are written.
    pub write: &'t Write,
    /// Whether the header says the input's capture times.
    pub keep_time: bool,
}

/// Reads everything, has `change` change each batch on some thread, and writes them in order. `tick` is called before
/// each is written.
pub fn rewrite(
    name: &str,
    scan: Scan,
    target: Target<'_>,
    change: impl Fn(FlowBatch, &mut Scratch) -> FlowBatch + Sync,
    mut tick: impl FnMut(),
) -> Result<Exit, Failure> {
    let read = scan.info();
    let mut info = StreamInfo { flags: flags::STREAMING, interfaces: read.interfaces.clone(), ..StreamInfo::default() };
    if target.keep_time {
        (info.start, info.end) = (read.start, read.end);
    }
    let mut output = Output::open(target.path, &target.write.options(target.form, info, 0))?;
    let progress = Watcher::of(&scan);
    let mut clipped = 0;
    let work = |scratch: &mut Scratch, batch| {
        let batch = change(batch, scratch);
        (batch, scratch.take_clipped())
    };
    let summary = scan.ordered(Scratch::default, work, |(batch, more)| {
        clipped += more;
        tick();
        output.write(&batch)
    })?;
    drop(progress);
    let mut problems = summary.problems;
    output.facts(&summary.facts)?;
    if clipped > 0 {
        let what = format!("{clipped} numbers became greater than what they are stored in: its greatest were written");
        problems.push(Error::format("flows", "", what));
    }
    output.finish(&mut problems)?;
    Ok(report(name, &problems))
}
