//! What is appended to a modern file while it is written: blocks that are quick to make, each complete in itself, so
//! that the file can be read up to the last of them at any moment.

use std::sync::Arc;

use super::block::{self, BlockEncoder, FULL, RowsBlock, Values};
use super::facts;
use crate::flow::time::{FlowTimes, Span};
use crate::flow::{Codec, Fact, FlowBatch, Order, Schema};

/// A block of rows is made when there are so many octets of them.
const BLOCK: usize = 1 << 20;
/// Room is kept for so many schemas, whether they have flows or not.
const IDLE: usize = 64;
/// Facts of one chunk.
const FACTS: usize = 4096;

/// Flows that wait to become quick blocks: of one schema together, in the order they came.
#[derive(Debug)]
pub struct Live {
    open: Vec<Open>,
    /// Blocks that are made.
    made: Vec<u8>,
    encoder: BlockEncoder,
    flows: u64,
    octets: usize,
    times: FlowTimes,
}

/// Flows of one schema.
#[derive(Debug)]
struct Open {
    schema: Arc<Schema>,
    rows: usize,
    span: Option<Span>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// One behind the other.
    Rows { size: usize, offsets: Vec<u16>, order: Order, octets: Vec<u8> },
    /// By columns.
    Columns(Vec<Values>),
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
        let before = open.octets();
        open.rows += batch.len();
        match &mut open.body {
            Body::Rows { octets, .. } => {
                if let Some(stored) = batch.stored_rows() {
                    stored.copy(batch.rows(), octets);
                }
            }
            Body::Columns(columns) => block::append(batch, batch.rows(), columns),
        }
        if FlowTimes::known(batch.schema()) {
            times.gather(batch);
            let more = Span::of(&times.start, &times.end);
            open.span = open.span.map_or(more, |known| more.map(|more| known.union(more)));
        }
        self.octets += open.octets() - before;
        self.flows += batch.len() as u64;
        if open.rows >= FULL / 2 || open.octets() >= BLOCK {
            open.make(encoder, made);
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
            open.make(&mut self.encoder, &mut self.made);
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
        match self.open.iter().position(|open| open.takes(batch)) {
            Some(0) => {}
            Some(at) => self.open.swap(0, at),
            None => {
                let body = match batch.stored_rows() {
                    Some(stored) => {
                        let (size, offsets, order) = (stored.size, stored.offsets.to_vec(), stored.order);
                        Body::Rows { size, offsets, order, octets: Vec::new() }
                    }
                    None => Body::Columns(Vec::new()),
                };
                self.open.insert(0, Open { schema: batch.shared_schema(), rows: 0, span: None, body });
            }
        }
    }
}

impl Open {
    /// Whether a batch's flows can lie here.
    fn takes(&self, batch: &FlowBatch) -> bool {
        let same = std::ptr::eq(&*self.schema, batch.schema()) || *self.schema == *batch.schema();
        same && match (&self.body, batch.stored_rows()) {
            (Body::Rows { size, offsets, order, .. }, Some(stored)) => {
                (*size, *order) == (stored.size, stored.order) && offsets == stored.offsets
            }
            (Body::Columns(_), None) => true,
            _ => false,
        }
    }

    fn octets(&self) -> usize {
        match &self.body {
            Body::Rows { octets, .. } => octets.len(),
            Body::Columns(columns) => columns.iter().map(Values::octets).sum(),
        }
    }

    /// Appends the flows as a block, after which there are none here.
    fn make(&mut self, encoder: &mut BlockEncoder, out: &mut Vec<u8>) {
        let (schema, span, rows) = (&self.schema, self.span.take(), std::mem::take(&mut self.rows));
        let block = match &mut self.body {
            Body::Rows { size, offsets, order, octets } => {
                let rows = RowsBlock { schema, size: *size, offsets, order: *order, octets, span };
                let block = encoder.rows(&rows);
                octets.clear();
                block
            }
            Body::Columns(columns) => {
                let block = encoder.encode(schema, rows, columns, span);
                columns.iter_mut().for_each(Values::clear);
                block
            }
        };
        out.extend_from_slice(&block);
    }
}

/// Appends chunks of facts to `out`.
pub fn append_facts<'a>(facts: impl IntoIterator<Item = &'a Fact>, out: &mut Vec<u8>) {
    let facts: Vec<Fact> = facts.into_iter().cloned().collect();
    facts.chunks(FACTS).for_each(|some| out.extend(facts::write(some)));
}
