//! Flows decoded by templates and not yet taken: rows as they came, or columns where their lengths vary.

use std::collections::HashMap;
use std::sync::Arc;

use super::sampling::Rates;
use super::template::{Body, Origin, Piece, Shape, VARIES, split};
use crate::flow::{Column, FlowBatch, Order, spare};

/// A buffer is made a batch when it holds so many flows, ...
const ROWS: usize = 8192;
/// ... or so many octets.
const OCTETS: usize = 1 << 20;
/// Buffers of shapes that have no flows are forgotten beyond so many.
const IDLE: usize = 256;

/// A buffer a shape.
#[derive(Debug, Default)]
pub(super) struct Flows {
    open: Vec<Open>,
    /// By the shape's place in memory, which is its own as long as it is in use here.
    index: HashMap<usize, usize>,
    /// The buffer used last.
    last: usize,
    /// Batches that are full.
    full: Vec<FlowBatch>,
    rows: usize,
    octets: usize,
    spans: Vec<(u32, u32)>,
}

/// The flows of one shape.
#[derive(Debug)]
struct Open {
    shape: Arc<Shape>,
    rows: usize,
    octets: usize,
    /// Where the shape has rows.
    bytes: Vec<u8>,
    /// Where it has columns.
    columns: Vec<Column>,
}

impl Flows {
    /// Adds the data records of a set. Returns how many, and whether the last one ran past the end of the set.
    pub fn add(&mut self, shape: &Arc<Shape>, origin: &Origin, records: &[u8], rates: &Rates<'_>) -> (usize, bool) {
        let mut spans = std::mem::take(&mut self.spans);
        let open = self.open(shape);
        let (rows, octets) = (open.rows, open.octets);
        let damaged = match &shape.body {
            Body::Rows { layout, record } => {
                open.rows(origin, records, *record, rates);
                open.octets = open.bytes.len();
                open.rows = open.octets / layout.size;
                false
            }
            Body::Columns { least } => open.columns(origin, records, *least, rates, &mut spans),
        };
        let added = open.rows - rows;
        let (grown, big) = (open.octets - octets, open.rows >= ROWS || open.octets >= OCTETS);
        self.spans = spans;
        self.rows += added;
        self.octets += grown;
        if big {
            let batch = self.open.get_mut(self.last).map(Open::batch);
            self.full.extend(batch);
        }
        (added, damaged)
    }

    /// Flows in all.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Octets they take.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Takes everything.
    pub fn drain(&mut self) -> std::vec::IntoIter<FlowBatch> {
        let mut batches = std::mem::take(&mut self.full);
        if self.rows > 0 {
            batches.extend(self.open.iter_mut().filter(|open| open.rows > 0).map(Open::batch));
        }
        self.tidy();
        batches.into_iter()
    }

    /// Drops everything; buffers keep their room.
    pub fn clear(&mut self) {
        self.full.clear();
        for open in &mut self.open {
            open.bytes.clear();
            open.columns.clear();
            (open.rows, open.octets) = (0, 0);
        }
        self.tidy();
    }

    /// Now that nothing is here, forgets shapes if there are many: they may be out of use.
    fn tidy(&mut self) {
        (self.rows, self.octets) = (0, 0);
        if self.open.len() > IDLE {
            self.open.clear();
            self.index.clear();
        }
    }

    fn open(&mut self, shape: &Arc<Shape>) -> &mut Open {
        if self.open.get(self.last).is_none_or(|open| !Arc::ptr_eq(&open.shape, shape)) {
            let open = &mut self.open;
            self.last = *self.index.entry(Arc::as_ptr(shape) as usize).or_insert_with(|| {
                open.push(Open { shape: shape.clone(), rows: 0, octets: 0, bytes: Vec::new(), columns: Vec::new() });
                open.len() - 1
            });
        }
        &mut self.open[self.last]
    }
}

impl Open {
    /// Adds records of `size` octets as rows.
    fn rows(&mut self, origin: &Origin, records: &[u8], size: usize, rates: &Rates<'_>) {
        let (lead, length) = self.shape.lead.octets(origin);
        let lead = lead.get(..length).unwrap_or_default();
        if self.bytes.capacity() == 0 {
            self.bytes = spare();
        }
        let Some(scale) = &self.shape.scale else {
            let count = records.len() / size;
            self.bytes.reserve(count * (length + size));
            for record in records.chunks_exact(size) {
                self.bytes.extend_from_slice(lead);
                self.bytes.extend_from_slice(record);
            }
            return;
        };
        let pieces = &self.shape.pieces;
        let value = |record: &[u8], piece: &Piece| {
            let octets = record.get(piece.at..piece.at + usize::from(piece.width)).unwrap_or_default();
            number(octets)
        };
        for record in records.chunks_exact(size) {
            let rate = scale.rate(|at| value(record, pieces.get(at)?), rates);
            self.bytes.extend_from_slice(lead);
            let mut copied = 0;
            for piece in pieces.iter().filter(|piece| piece.scaled) {
                self.bytes.extend_from_slice(record.get(copied..piece.at).unwrap_or_default());
                let scaled = rate.apply(value(record, piece).unwrap_or(0));
                self.bytes.extend_from_slice(&scaled.to_be_bytes());
                copied = piece.at + usize::from(piece.width);
            }
            self.bytes.extend_from_slice(record.get(copied..).unwrap_or_default());
        }
    }

    /// Adds records as columns. Says whether the last one ran past the end.
    fn columns(
        &mut self,
        origin: &Origin,
        records: &[u8],
        least: usize,
        rates: &Rates<'_>,
        spans: &mut Vec<(u32, u32)>,
    ) -> bool {
        let shape = self.shape.clone();
        if self.columns.is_empty() {
            self.columns = shape.schema.fields().iter().map(|spec| empty(spec.width)).collect();
        }
        let (lead, _) = shape.lead.octets(origin);
        let leads = shape.schema.fields().len() - shape.pieces.len();
        let mut rest = records;
        // Fewer octets than the shortest record takes pad the set.
        while rest.len() >= least {
            let Some(length) = split(shape.pieces.iter().map(|piece| piece.width), rest, spans) else { return true };
            let octets = |at: usize| spans.get(at).and_then(|(start, end)| rest.get(*start as usize..*end as usize));
            let rate = shape.scale.as_ref().map(|scale| scale.rate(|at| number(octets(at)?), rates));
            let mut from = 0;
            let (heads, tails) = self.columns.split_at_mut(leads);
            for (column, spec) in heads.iter_mut().zip(shape.schema.fields()) {
                let to = from + usize::from(spec.width);
                self.octets += push(column, lead.get(from..to).unwrap_or_default(), true);
                from = to;
            }
            for (at, (column, piece)) in tails.iter_mut().zip(&shape.pieces).enumerate() {
                let octets = octets(at).unwrap_or_default();
                self.octets += match rate.filter(|_| piece.scaled) {
                    Some(rate) => push(column, &rate.apply(number(octets).unwrap_or(0)).to_be_bytes(), true),
                    None => push(column, octets, piece.number),
                };
            }
            self.rows += 1;
            rest = rest.get(length..).unwrap_or_default();
        }
        false
    }

    /// Takes the flows.
    fn batch(&mut self) -> FlowBatch {
        let rows = std::mem::take(&mut self.rows);
        self.octets = 0;
        let schema = self.shape.schema.clone();
        match &self.shape.body {
            Body::Rows { layout, .. } => FlowBatch::from_rows(schema, layout.clone(), std::mem::take(&mut self.bytes)),
            Body::Columns { .. } => FlowBatch::from_columns(schema, rows, std::mem::take(&mut self.columns)),
        }
    }
}

fn empty(width: u16) -> Column {
    match width {
        VARIES => Column::Variable { ends: Vec::new(), data: Vec::new() },
        width => Column::Plain { width, data: Vec::new() },
    }
}

/// Appends a value from the wire; a number gets this machine's order. Returns the octets it takes.
fn push(column: &mut Column, octets: &[u8], number: bool) -> usize {
    match column {
        Column::Plain { data, .. } => {
            if number && Order::HOST == Order::Little {
                data.extend(octets.iter().rev());
            } else {
                data.extend_from_slice(octets);
            }
            octets.len()
        }
        Column::Variable { ends, data } => {
            data.extend_from_slice(octets);
            ends.push(data.len() as u32);
            octets.len() + 4
        }
        _ => 0,
    }
}

/// A number from the wire; `None` if it is too long to be one.
fn number(octets: &[u8]) -> Option<u64> {
    (octets.len() <= 8).then(|| octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet)))
}
