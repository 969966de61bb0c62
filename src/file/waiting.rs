//! Flows of one schema that wait to become a block.

use std::sync::Arc;

use super::block::{RowsBlock, Values, append};
use crate::flow::time::{FlowTimes, Span};
use crate::flow::{FlowBatch, Order, Rows, Schema};

/// Flows waiting to become a block.
#[derive(Debug)]
pub(super) struct Waiting {
    pub schema: Arc<Schema>,
    pub body: Body,
    pub rows: usize,
    /// Octets of memory they take.
    pub octets: usize,
    /// When they were, where they say so.
    pub span: Option<Span>,
}

/// As what flows wait.
#[derive(Debug)]
pub(super) enum Body {
    /// By columns; none before the first flow.
    Columns(Vec<Values>),
    /// One behind the other.
    Rows { size: usize, offsets: Vec<u16>, order: Order, octets: Vec<u8> },
}

impl Body {
    /// Room for flows that lie one behind the other as a batch's do; `None` if those do not.
    pub fn like_rows(batch: &FlowBatch) -> Option<Body> {
        let stored = batch.stored_rows()?;
        let (size, offsets, order) = (stored.size, stored.offsets.to_vec(), stored.order);
        Some(Body::Rows { size, offsets, order, octets: Vec::new() })
    }
}

impl Waiting {
    /// No flows, of a batch's schema.
    pub fn new(batch: &FlowBatch, body: Body) -> Waiting {
        Waiting { schema: batch.shared_schema(), body, rows: 0, octets: 0, span: None }
    }

    /// Whether a batch's flows, if they are of the schema, lie as those that wait.
    pub fn takes(&self, batch: &FlowBatch) -> bool {
        match (&self.body, batch.stored_rows()) {
            (Body::Columns(_), _) => true,
            (Body::Rows { size, offsets, order, .. }, Some(rows)) => {
                *size == rows.size && *offsets == rows.offsets && *order == rows.order
            }
            (Body::Rows { .. }, None) => false,
        }
    }

    /// Adds some of a batch's flows; `times` is scratch space.
    pub fn add(&mut self, batch: &FlowBatch, rows: Rows<'_>, times: &mut FlowTimes) {
        self.rows += rows.len();
        match &mut self.body {
            Body::Columns(columns) => {
                append(batch, rows, columns);
                self.octets = columns.iter().map(Values::octets).sum();
            }
            Body::Rows { octets, .. } => {
                if let Some(stored) = batch.stored_rows() {
                    stored.copy(rows, octets);
                }
                self.octets = octets.len();
            }
        }
        if FlowTimes::known(batch.schema()) {
            times.gather_rows(batch, rows);
            let span = Span::of(&times.start, &times.end);
            self.span = self.span.map_or(span, |known| span.map(|span| known.union(span)));
        }
    }

    /// The flows as what a block of rows is made of, if they lie one behind the other.
    pub fn rows_block(&self) -> Option<RowsBlock<'_>> {
        match &self.body {
            Body::Columns(_) => None,
            Body::Rows { size, offsets, order, octets } => {
                Some(RowsBlock { schema: &self.schema, size: *size, offsets, order: *order, octets, span: self.span })
            }
        }
    }

    /// Forgets the flows, but keeps the room.
    pub fn clear(&mut self) {
        (self.rows, self.octets, self.span) = (0, 0, None);
        match &mut self.body {
            Body::Columns(columns) => columns.iter_mut().for_each(Values::clear),
            Body::Rows { octets, .. } => octets.clear(),
        }
    }
}
