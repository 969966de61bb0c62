//! Flows as text on standard output, made on all cores.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use super::run::{Exit, Failure, report};
use crate::file::Scan;
use crate::flow::FlowBatch;

/// Reads everything, has each batch written as text on some thread (`state` makes a thread's scratch space, `write`
/// appends a batch's text), and puts the text out in the flows' order. Then reports what was wrong with the input.
pub fn write<S>(
    program: &str,
    scan: Scan,
    out: &mut impl Write,
    state: impl Fn() -> S + Sync,
    write: impl Fn(&mut S, FlowBatch, &mut Vec<u8>) + Sync,
) -> Result<Exit, Failure> {
    // Buffers go round: fresh memory for every batch would be cleared by the system first.
    let buffers: Mutex<Vec<Vec<u8>>> = Mutex::default();
    let take = || buffers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    let give = |mut buffer: Vec<u8>| {
        buffer.clear();
        buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    };
    let work = |state: &mut S, batch: FlowBatch| {
        let mut text = take();
        write(state, batch, &mut text);
        text
    };
    let sink = |text: Vec<u8>| {
        out.write_all(&text).and_then(|()| out.flush()).map_err(Failure::stdout)?;
        give(text);
        Ok::<(), Failure>(())
    };
    let summary = scan.ordered(state, work, sink)?;
    Ok(report(program, &summary.problems))
}
