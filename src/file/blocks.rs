//! Writing modern flow files: flows wait until they are a block's worth, blocks are encoded, on other threads if there
//! are cores, and written in order.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::block::{BlockEncoder, FULL, Values};
use super::index::{self, Entry};
use super::waiting::{Body, Waiting};
use super::workers::{Job, Made, Workers};
use super::{WriteOptions, facts};
use crate::flow::time::{FlowTimes, Span};
use crate::flow::{Codec, Fact, FieldSpec, FlowBatch, Rows, Schema, VARIABLE};

/// Flows of so many schemas wait; of more, the oldest are written.
const SCHEMAS: usize = 1024;
/// Octets of flows that wait in all open blocks; of more, the largest is written.
const WAITING: usize = 64 << 20;
/// Octets of flows that make a block full, however few they are.
const LARGE: usize = 16 << 20;
/// Flows that are taken of a batch at once where they may be long.
const LONG: usize = 1024;
/// Flows of a full block of those that are to be quick.
const QUICK: usize = 4096;
/// Quick flows wait for more only while these come as fast as this.
const DENSE: Duration = Duration::from_millis(10);

/// A modern file being written: one block open a schema, so that flows keep their order within a schema.
pub(super) struct Blocks<W: Write> {
    out: Chunks<W>,
    encoder: BlockEncoder,
    threads: usize,
    options: (Codec, i32),
    workers: Option<Workers>,
    quick: bool,
    open: HashMap<Vec<FieldSpec>, Open>,
    opened: u64,
    waiting: usize,
    times: FlowTimes,
    last: Option<Instant>,
    picked: Vec<u32>,
    spare: Vec<Vec<Values>>,
}

/// A block that flows are added to.
struct Open {
    /// Blocks opened before it.
    number: u64,
    flows: Waiting,
}

impl<W: Write> Blocks<W> {
    /// Blocks to be written to `out`, whose next octet is at `offset` of the file.
    pub fn new(out: W, offset: u64, options: &WriteOptions) -> Blocks<W> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if options.threads == 0 { cores() } else { options.threads };
        Blocks {
            out: Chunks { out, offset, entries: Vec::new(), flows: 0, span: None, timeless: false },
            encoder: BlockEncoder::new(options.codec, options.level.into(), options.quick),
            threads,
            options: (options.codec, options.level.into()),
            workers: None,
            quick: options.quick,
            open: HashMap::new(),
            opened: 0,
            waiting: 0,
            times: FlowTimes::default(),
            last: None,
            picked: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// When the flows of the blocks written so far were; `None` if that is not known of all of them: readers skip
    /// whole files by it.
    pub fn span(&self) -> Option<Span> {
        self.out.span.filter(|_| !self.out.timeless)
    }

    /// Writes a batch's selected flows.
    pub fn write(&mut self, batch: &FlowBatch) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let full = if self.quick { QUICK } else { FULL };
        let long = batch.schema().fields().iter().any(|spec| spec.width == VARIABLE || spec.width > 256);
        let (total, most) = (batch.len(), if long { LONG } else { FULL });
        let (mut from, mut picked) = (0, std::mem::take(&mut self.picked));
        while from < total {
            let mut open = self.opened(batch)?;
            let flows = &mut open.flows;
            let take = (total - from).min(full.max(FULL).saturating_sub(flows.rows)).min(most).max(1);
            picked.clear();
            let rows = match batch.rows() {
                rows if take == total => rows,
                Rows::All(_) => {
                    picked.extend(from as u32..(from + take) as u32);
                    Rows::Some(&picked)
                }
                Rows::Some(rows) => Rows::Some(rows.get(from..from + take).unwrap_or_default()),
            };
            self.waiting -= flows.octets;
            flows.add(batch, rows, &mut self.times);
            self.waiting += flows.octets;
            from += take;
            if flows.rows >= full || flows.octets >= LARGE {
                self.close(open)?;
            } else {
                self.open.insert(batch.schema().fields().to_vec(), open);
            }
        }
        self.picked = picked;
        self.relieve()
    }

    /// The block that a batch's flows are to be added to, taken out of those that are open.
    fn opened(&mut self, batch: &FlowBatch) -> io::Result<Open> {
        if let Some(open) = self.open.remove(batch.schema().fields()) {
            if open.flows.takes(batch) {
                return Ok(open);
            }
            self.close(open)?;
        }
        let rows = if self.quick { Body::like_rows(batch) } else { None };
        let body = rows.unwrap_or_else(|| {
            Body::Columns(self.spare.pop().filter(|spare| fits(spare, batch.schema())).unwrap_or_default())
        });
        self.opened += 1;
        Ok(Open { number: self.opened, flows: Waiting::new(batch, body) })
    }

    /// Writes open blocks where too many flows wait, or need not.
    fn relieve(&mut self) -> io::Result<()> {
        if self.quick {
            let now = Instant::now();
            let before = self.last.replace(now);
            if before.is_none_or(|before| now - before > DENSE) {
                return self.close_all();
            }
        }
        while self.waiting > WAITING || self.open.len() > SCHEMAS {
            let largest = self.waiting > WAITING;
            let rank = |open: &Open| if largest { usize::MAX - open.flows.octets } else { open.number as usize };
            let Some(key) = self.open.iter().min_by_key(|(_, open)| rank(open)).map(|(key, _)| key.clone()) else {
                return Ok(());
            };
            if let Some(open) = self.open.remove(&key) {
                self.close(open)?;
            }
        }
        Ok(())
    }

    fn close_all(&mut self) -> io::Result<()> {
        let mut open: Vec<Open> = self.open.drain().map(|(_, open)| open).collect();
        open.sort_by_key(|open| open.number);
        open.into_iter().try_for_each(|open| self.close(open))
    }

    /// Makes a block of flows that waited.
    fn close(&mut self, open: Open) -> io::Result<()> {
        let flows = open.flows;
        self.waiting -= flows.octets;
        if let Some(rows) = flows.rows_block() {
            let block = self.encoder.rows(&rows);
            return self.out.block(&block, flows.rows, flows.span);
        }
        let Waiting { schema, body: Body::Columns(columns), rows, span, .. } = flows else { return Ok(()) };
        let job = Job { schema, columns, rows, span };
        if self.workers.is_none() && self.threads > 1 && !self.quick && rows >= FULL {
            let (codec, level) = self.options;
            self.workers = Some(Workers::new(self.threads, || BlockEncoder::new(codec, level, false))?);
        }
        match &mut self.workers {
            Some(workers) => {
                let mut made = workers.submit(job)?;
                made.drain(..).try_for_each(|made| self.made(made))
            }
            None => {
                let made = job.run(&mut self.encoder);
                self.made(made)
            }
        }
    }

    fn made(&mut self, made: Made) -> io::Result<()> {
        let Made { block, rows, span, mut columns } = made;
        if self.spare.len() < 4 {
            columns.iter_mut().for_each(Values::clear);
            self.spare.push(columns);
        }
        self.out.block(&block, rows, span)
    }

    /// Writes everything that waits.
    fn settle(&mut self) -> io::Result<()> {
        self.close_all()?;
        let made = self.workers.as_mut().map_or(Ok(Vec::new()), Workers::finish)?;
        made.into_iter().try_for_each(|made| self.made(made))
    }

    /// Writes facts; they are about flows before them as well as behind them.
    pub fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        let chunk = facts::write(facts);
        self.out.chunk(&chunk, chunk.len())
    }

    /// Writes everything that waits, and hands it on.
    pub fn flush(&mut self) -> io::Result<()> {
        self.settle()?;
        self.out.out.flush()
    }

    /// Writes what waits, and the index; gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let index = index::write(&self.out.entries, self.out.offset, self.out.flows);
        self.out.out.write_all(&index)?;
        Ok(self.out.out)
    }
}

/// Whether columns that were used before are of a schema's widths.
fn fits(columns: &[Values], schema: &Schema) -> bool {
    let fits = |(values, spec): (&Values, &FieldSpec)| match values {
        Values::Fixed { width, .. } => *width == spec.width,
        Values::Variable { .. } => spec.width == VARIABLE,
    };
    columns.len() == schema.fields().len() && columns.iter().zip(schema.fields()).all(fits)
}

/// The chunks of a file.
struct Chunks<W: Write> {
    out: W,
    offset: u64,
    entries: Vec<Entry>,
    flows: u64,
    span: Option<Span>,
    /// Of some flows it is not known when they were.
    timeless: bool,
}

impl<W: Write> Chunks<W> {
    fn block(&mut self, block: &[u8], rows: usize, span: Option<Span>) -> io::Result<()> {
        let head = block.get(12..16).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b)) as usize;
        self.flows += rows as u64;
        self.timeless |= span.is_none();
        if let Some(span) = span {
            self.span = Some(self.span.map_or(span, |known| known.union(span)));
        }
        self.chunk(block, head)
    }

    /// Writes a chunk, so much of which is repeated in the index.
    fn chunk(&mut self, octets: &[u8], head: usize) -> io::Result<()> {
        self.out.write_all(octets)?;
        self.entries.push(Entry { offset: self.offset, head: octets.get(..head).unwrap_or_default().to_vec() });
        self.offset += octets.len() as u64;
        Ok(())
    }
}
