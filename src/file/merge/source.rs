//! One of the files that are merged.

use std::path::PathBuf;

use crate::file::Error;
use crate::file::reader::FlowReader;
use crate::file::unit::{Block, Plan, Store, Unit};
use crate::flow::time::FlowTimes;
use crate::flow::{Fact, FlowBatch, StreamInfo};

/// A file, and those of its flows that are next.
#[derive(Default)]
pub(super) struct Source {
    path: PathBuf,
    reader: Option<Box<FlowReader>>,
    batch: Option<FlowBatch>,
    /// When the batch's flows ended, ms since 1970.
    ends: Vec<u64>,
    /// The flow that is next.
    at: usize,
    /// A block that more flows than the batch's are to be read of, from a row on.
    block: Option<(Box<Block>, usize)>,
    held: usize,
}

impl Source {
    /// A file that has not been opened.
    pub fn new(path: PathBuf) -> Source {
        Source { path, ..Source::default() }
    }

    /// Opens it. No flow is read.
    pub fn open(&mut self) -> Result<StreamInfo, Error> {
        let reader = FlowReader::open(&self.path)?;
        let info = reader.info().clone();
        self.reader = Some(Box::new(reader));
        Ok(info)
    }

    /// Closes it; it can be opened again. Gives what it said of exporters.
    pub fn end(&mut self) -> Vec<Fact> {
        let facts = self.reader.take().map(|reader| reader.info().facts.clone());
        self.drop_batch();
        self.block = None;
        facts.unwrap_or_default()
    }

    /// When the flows ended that have been read and not taken.
    pub fn ends(&self) -> &[u64] {
        self.ends.get(self.at..).unwrap_or_default()
    }

    /// Octets of memory that its flows take.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The next flows: a batch, and the row of the first.
    pub fn take(&mut self, count: usize) -> Option<(&mut FlowBatch, usize)> {
        let from = self.at;
        self.at += count;
        self.batch.as_mut().map(|batch| (batch, from))
    }

    /// Reads more flows, when all that were read have been taken: a batch, or of a block that takes more than `room`
    /// octets a part. Without any, it is at its end. What cannot be read is one more of the `problems`.
    pub fn advance(&mut self, room: usize, times: &mut FlowTimes, problems: &mut Vec<Error>) {
        self.drop_batch();
        while self.batch.is_none() {
            let (unit, from) = match (self.block.take(), &mut self.reader) {
                (Some((block, from)), _) => (Ok(Some(Unit::Block(*block))), from),
                (None, Some(reader)) => (reader.next_unit(), 0),
                (None, None) => (Ok(None), 0),
            };
            let problem = match unit {
                Ok(None) => return,
                Ok(Some(Unit::Block(block))) => {
                    let outcome = block.read(&Plan::default());
                    if let Some(batch) = outcome.batch {
                        self.keep(batch, block, from, room);
                    }
                    outcome.problem
                }
                Ok(Some(unit)) => {
                    let outcome = unit.read(&Plan::default());
                    self.batch = outcome.batch;
                    outcome.problem
                }
                Err(problem) => {
                    problems.push(problem);
                    return;
                }
            };
            problems.extend(problem);
        }
        if let Some(batch) = &self.batch {
            self.held = batch.room();
            times.gather(batch);
            self.ends.clone_from(&times.end);
        }
    }

    /// Keeps a block's flows from a row on, as many as there is room for.
    fn keep(&mut self, batch: FlowBatch, block: Block, from: usize, room: usize) {
        let (rows, octets) = (batch.height(), batch.room().max(1));
        // What is not in a file cannot be read again.
        let fits = octets <= room || !matches!(block.store, Store::File(..));
        let part = if fits { rows } else { (rows as u128 * room as u128 / octets as u128).max(1) as usize };
        let to = from.saturating_add(part).min(rows);
        if to < rows {
            self.block = Some((Box::new(block), to));
        }
        self.batch = if (from, to) == (0, rows) { Some(batch) } else { batch.part(from, to) };
    }

    fn drop_batch(&mut self) {
        (self.batch, self.at, self.held) = (None, 0, 0);
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::file::{FlowWriter, WriteOptions};
    use crate::flow::{Column, Element, FieldSpec, Form, Schema, VARIABLE, ie};

    const ROWS: usize = 3000;

    /// Flows with an address of few, a text of any length, and a time.
    fn flows() -> FlowBatch {
        let spec = |element, width| FieldSpec { element, occurrence: 0, width };
        let schema = vec![spec(ie::SRC_ADDR4, 4), spec(Element::iana(82), VARIABLE), spec(ie::END_MS, 8)];
        let (mut addresses, mut ends, mut text, mut times) = (vec![], vec![], vec![], vec![]);
        for n in 0..ROWS {
            addresses.extend((0x0A00_0000 + n as u32 % 5).to_ne_bytes());
            text.extend("interface".bytes().take(n % 10));
            ends.push(text.len() as u32);
            times.extend((1_767_225_600_000 + n as u64 * 7).to_ne_bytes());
        }
        let columns = vec![
            Column::Plain { width: 4, data: addresses },
            Column::Variable { ends, data: text },
            Column::Plain { width: 8, data: times },
        ];
        FlowBatch::from_columns(Arc::new(Schema::new(schema)), ROWS, columns)
    }

    /// A batch's flows as octets.
    fn octets(batch: &FlowBatch, rows: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        let view = |at| batch.column(at).unwrap();
        rows.flat_map(|row| (0..3).map(move |at| view(at).octets(row).0.to_vec())).collect()
    }

    #[test]
    fn a_block_is_read_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flows");
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = FlowWriter::new(file, &WriteOptions::new(Form::Modern, StreamInfo::default())).unwrap();
        writer.write(&flows()).unwrap();
        writer.finish().unwrap();
        let want = octets(&flows(), 0..ROWS);
        for room in [0, 1000, 20_000, usize::MAX] {
            let mut source = Source::new(path.clone());
            let (mut times, mut problems, mut got, mut parts) = (FlowTimes::default(), vec![], vec![], 0);
            source.open().unwrap();
            source.advance(room.max(200), &mut times, &mut problems);
            while !source.ends().is_empty() {
                let count = source.ends().len();
                let (batch, from) = source.take(count).unwrap();
                got.extend(octets(batch, from..from + count));
                parts += 1;
                source.advance(room.max(200), &mut times, &mut problems);
            }
            assert!(problems.is_empty() && got == want, "{room}");
            assert_eq!(parts > 1, room < usize::MAX, "{room}: {parts} parts");
        }
    }
}
