//! Flows as text on standard output, made on all cores.

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
    let work = |state: &mut S, batch: FlowBatch| {
        let mut text = spare();
        write(state, batch, &mut text);
        Buffer::from(text)
    };
    let sink = |text: Buffer| out.write_all(&text).and_then(|()| out.flush()).map_err(Failure::stdout);
    let summary = scan.ordered(state, work, sink)?;
    Ok(report(program, &summary.problems))
}
