//! Flows decoded by templates and not yet taken: rows as they came, or columns where their lengths vary.

use std::collections::HashMap;
use std::sync::Arc;

use super::sampling::{Rate, Rates};
use super::template::{Body, Origin, Piece, Shape, VARIES, split};
use crate::flow::{Buffer, Column, FlowBatch, Order, spare};

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
    /// Rows; where the shape has columns, of what does not vary.
    bytes: Vec<u8>,
    /// Where the shape has columns, those that vary: the ends of values, and the values.
    varying: Vec<(Vec<u32>, Vec<u8>)>,
    /// Where the shape has columns, the sampling rate of each row, if counters are multiplied.
    rates: Vec<Rate>,
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
            Body::Columns { least, size, steps } => {
                let damaged = open.columns(origin, records, (*least, steps), rates, &mut spans);
                open.rows = open.bytes.len() / size;
                damaged
            }
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
            open.varying.clear();
            open.rates.clear();
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
                open.push(Open::new(shape.clone()));
                open.len() - 1
            });
        }
        &mut self.open[self.last]
    }
}

impl Open {
    fn new(shape: Arc<Shape>) -> Open {
        Open { shape, rows: 0, octets: 0, bytes: Vec::new(), varying: Vec::new(), rates: Vec::new() }
    }

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
        for record in records.chunks_exact(size) {
            let rate = scale.rate(|at| pieces.get(at)?.number(record), rates);
            self.bytes.extend_from_slice(lead);
            let mut copied = 0;
            for piece in pieces.iter().filter(|piece| piece.scaled) {
                self.bytes.extend_from_slice(record.get(copied..piece.at).unwrap_or_default());
                let scaled = rate.apply(piece.number(record).unwrap_or(0));
                self.bytes.extend_from_slice(&scaled.to_be_bytes());
                copied = piece.at + usize::from(piece.width);
            }
            self.bytes.extend_from_slice(record.get(copied..).unwrap_or_default());
        }
    }

    /// Adds records that consist of `steps` and have at least `least` octets. Says whether the last one ran past the
    /// end.
    fn columns(
        &mut self,
        origin: &Origin,
        records: &[u8],
        (least, steps): (usize, &[u16]),
        rates: &Rates<'_>,
        spans: &mut Vec<(u32, u32)>,
    ) -> bool {
        let shape = self.shape.clone();
        let (lead, length) = shape.lead.octets(origin);
        let lead = lead.get(..length).unwrap_or_default();
        let varying = steps.iter().filter(|width| **width == VARIES).count();
        self.varying.resize_with(varying, Default::default);
        let mut rest = records;
        // Fewer octets than the shortest record takes pad the set.
        while rest.len() >= least {
            let Some(length) = split(steps.iter().copied(), rest, spans) else { return true };
            let row = self.bytes.len();
            self.bytes.extend_from_slice(lead);
            let mut varying = self.varying.iter_mut();
            for (width, (start, end)) in steps.iter().zip(&*spans) {
                let octets = rest.get(*start as usize..*end as usize).unwrap_or_default();
                if *width != VARIES {
                    self.bytes.extend_from_slice(octets);
                } else if let Some((ends, values)) = varying.next() {
                    values.extend_from_slice(octets);
                    ends.push(values.len() as u32);
                    self.octets += octets.len() + 4;
                }
            }
            if let Some(scale) = &shape.scale {
                let row = self.bytes.get(row..).unwrap_or_default();
                let value = |at: usize| shape.pieces.get(at).filter(|p| p.width != VARIES).and_then(|p| p.number(row));
                self.rates.push(scale.rate(value, rates));
            }
            self.octets += self.bytes.len() - row;
            rest = rest.get(length..).unwrap_or_default();
        }
        false
    }

    /// Takes the flows.
    fn batch(&mut self) -> FlowBatch {
        let rows = std::mem::take(&mut self.rows);
        self.octets = 0;
        let bytes = std::mem::take(&mut self.bytes);
        let schema = self.shape.schema.clone();
        match &self.shape.body {
            Body::Rows { layout, .. } => FlowBatch::from_rows(schema, layout.clone(), bytes),
            Body::Columns { size, .. } => {
                let columns = self.turned(&Buffer::from(bytes), *size);
                FlowBatch::from_columns(schema, rows, columns)
            }
        }
    }

    /// Makes columns of rows of `size` octets, and of what varies.
    fn turned(&mut self, rows: &[u8], size: usize) -> Vec<Column> {
        let rates = std::mem::take(&mut self.rates);
        let mut varying = std::mem::take(&mut self.varying).into_iter();
        let (shape, mut at) = (&self.shape, 0);
        let leads = shape.schema.fields().len() - shape.pieces.len();
        let lead = shape.schema.fields().iter().take(leads).map(|spec| {
            let piece = Piece { width: spec.width, at, number: true, scaled: false };
            at += usize::from(spec.width);
            piece
        });
        let pieces: Vec<Piece> = lead.chain(shape.pieces.iter().copied()).collect();
        let column = |piece: Piece| match piece.width {
            VARIES => {
                let (ends, data) = varying.next().unwrap_or_default();
                Column::Variable { ends, data }
            }
            _ if piece.scaled => {
                let scaled = rows.chunks_exact(size).zip(&rates);
                let scaled = scaled.map(|(row, rate)| rate.apply(piece.number(row).unwrap_or(0)));
                Column::Plain { width: 8, data: scaled.flat_map(u64::to_ne_bytes).collect() }
            }
            width => Column::Plain { width, data: turned(rows, size, piece) },
        };
        pieces.into_iter().map(column).collect()
    }
}

/// One column of rows of `size` octets. A number gets this machine's order.
fn turned(rows: &[u8], size: usize, piece: Piece) -> Vec<u8> {
    let turn = piece.number && Order::HOST == Order::Little;
    match piece.width {
        1 => wide::<1>(rows, size, piece.at, false),
        2 => wide::<2>(rows, size, piece.at, turn),
        4 => wide::<4>(rows, size, piece.at, turn),
        8 => wide::<8>(rows, size, piece.at, turn),
        width => {
            let width = usize::from(width);
            let mut out = Vec::with_capacity(rows.len() / size * width);
            for row in rows.chunks_exact(size) {
                let start = out.len();
                out.extend_from_slice(row.get(piece.at..piece.at + width).unwrap_or_default());
                if turn && let Some(value) = out.get_mut(start..) {
                    value.reverse();
                }
            }
            out
        }
    }
}

/// The same, of values of a width that is known beforehand.
fn wide<const WIDTH: usize>(rows: &[u8], size: usize, at: usize, turn: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(rows.len() / size * WIDTH);
    for row in rows.chunks_exact(size) {
        let mut value = row.get(at..).and_then(|b| b.first_chunk::<WIDTH>()).copied().unwrap_or([0; WIDTH]);
        if turn {
            value.reverse();
        }
        out.extend_from_slice(&value);
    }
    out
}
