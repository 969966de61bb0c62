//! Flows as text, made on all cores, to standard output or somewhere else.

use std::io::Write;

use super::run::{Exit, Failure, report};
use crate::file::Scan;
use crate::flow::{Buffer, FlowBatch, spare};

/// Reads everything, has each batch written as text on some thread (`state` makes a thread's scratch space, `write`
/// appends a batch's text), and puts the text out in the flows' order. Then reports what was wrong with the input.
pub fn write<S>(
    program: &str,
    scan: Scan,
    out: &mut impl Write,
    state: impl Fn() -> S + Sync,
    write: impl Fn(&mut S, FlowBatch, &mut Vec<u8>) + Sync,
) -> Result<Exit, Failure> {
    let sink = |text: &[u8]| out.write_all(text).and_then(|()| out.flush()).map_err(Failure::stdout);
    hand_over(program, scan, sink, state, write)
}

/// As [`write`], but the text goes to `sink`, some whole lines at a time.
pub fn hand_over<S>(
    program: &str,
    scan: Scan,
    mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
    state: impl Fn() -> S + Sync,
    write: impl Fn(&mut S, FlowBatch, &mut Vec<u8>) + Sync,
) -> Result<Exit, Failure> {
    let work = |state: &mut S, batch: FlowBatch| {
        let mut text = spare();
        write(state, batch, &mut text);
        Buffer::from(text)
    };
    let summary = scan.ordered(state, work, |text: Buffer| sink(&text))?;
    Ok(report(program, &summary.problems))
}
