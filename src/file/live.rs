//! What is appended to a modern file while it is written: blocks that are quick to make, each complete in itself, so
//! that the file can be read up to the last of them at any moment.

use super::block::{BlockEncoder, FULL};
use super::facts;
use super::waiting::{Body, Waiting};
use crate::flow::time::FlowTimes;
use crate::flow::{Codec, Fact, FlowBatch};

/// A block of rows is made when there are so many octets of them.
const BLOCK: usize = 1 << 20;
/// Room is kept for so many schemas, whether they have flows or not.
const IDLE: usize = 64;
/// Facts of one chunk.
const FACTS: usize = 4096;

/// Flows that wait to become quick blocks: of one schema together, in the order they came.
#[derive(Debug)]
pub struct Live {
    open: Vec<Waiting>,
    /// Blocks that are made.
    made: Vec<u8>,
    encoder: BlockEncoder,
    flows: u64,
    octets: usize,
    times: FlowTimes,
}

impl Default for Live {
    fn default() -> Live {
        let encoder = BlockEncoder::new(Codec::None, 0, true);
        Live { open: Vec::new(), made: Vec::new(), encoder, flows: 0, octets: 0, times: FlowTimes::default() }
    }
}

impl Live {
    /// Takes a batch's selected flows.
    pub fn push(&mut self, batch: &FlowBatch) {
        self.place(batch);
        let Live { open, made, encoder, times, .. } = self;
        let Some(open) = open.first_mut() else { return };
        let before = open.octets;
        open.add(batch, batch.rows(), times);
        self.octets += open.octets - before;
        self.flows += batch.len() as u64;
        if open.rows >= FULL / 2 || open.octets >= BLOCK {
            make(open, encoder, made);
        }
    }

    /// Flows that wait.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Octets that they take, or nearly so.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Appends all flows to `out` as blocks, after which there are none here.
    pub fn take(&mut self, out: &mut Vec<u8>) {
        for open in self.open.iter_mut().filter(|open| open.rows > 0) {
            make(open, &mut self.encoder, &mut self.made);
        }
        match out.is_empty() {
            true => std::mem::swap(out, &mut self.made),
            false => out.append(&mut self.made),
        }
        self.open.truncate(IDLE);
        (self.flows, self.octets) = (0, 0);
    }

    /// Puts the flows that are like a batch's first.
    fn place(&mut self, batch: &FlowBatch) {
        let same = |open: &Waiting| std::ptr::eq(&*open.schema, batch.schema()) || *open.schema == *batch.schema();
        match self.open.iter().position(|open| same(open) && open.takes(batch)) {
            Some(0) => {}
            Some(at) => self.open.swap(0, at),
            None => {
                let body = Body::like_rows(batch).unwrap_or(Body::Columns(Vec::new()));
                self.open.insert(0, Waiting::new(batch, body));
            }
        }
    }
}

/// Appends the flows as a block to `out`, after which none wait.
fn make(open: &mut Waiting, encoder: &mut BlockEncoder, out: &mut Vec<u8>) {
    match (open.rows_block(), &open.body) {
        (Some(rows), _) => out.extend_from_slice(&encoder.rows(&rows)),
        (None, Body::Columns(columns)) => {
            out.extend_from_slice(&encoder.encode(&open.schema, open.rows, columns, open.span));
        }
        (None, Body::Rows { .. }) => {}
    }
    open.clear();
}

/// Appends chunks of facts to `out`.
pub fn append_facts<'a>(facts: impl IntoIterator<Item = &'a Fact>, out: &mut Vec<u8>) {
    let facts: Vec<Fact> = facts.into_iter().cloned().collect();
    facts.chunks(FACTS).for_each(|some| out.extend(facts::write(some)));
}
