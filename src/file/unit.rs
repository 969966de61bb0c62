//! Units of work: what one thread reads of a file while others read other parts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{Decoding, Head, LINE, Line, Probe, Source, Trouble};
use super::error::{Error, Kind};
use crate::flow::{BlockFacts, Field, FlowBatch, Projection, Schema, Select};

/// What is asked of every unit.
pub(super) struct Plan<'a> {
    /// The fields that are asked for.
    pub fields: Projection,
    /// Which flows.
    pub select: Option<&'a dyn Select>,
    /// What it came to.
    pub tally: Tally,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Plan { fields: Projection::ALL, select: None, tally: Tally::default() }
    }
}

/// How much was read.
#[derive(Default, Debug)]
pub(super) struct Tally {
    /// Blocks of which columns were read.
    pub blocks: AtomicU64,
    /// Blocks that were ruled out unread.
    pub skipped: AtomicU64,
    /// Octets of blocks that were read.
    pub octets: AtomicU64,
}

/// A piece of work.
pub(super) enum Unit {
    /// Flows that have been read.
    Batch(FlowBatch),
    /// A block of a modern file.
    Block(Block),
}

/// A block that has been found.
pub(super) struct Block {
    /// The file's name.
    pub name: Arc<str>,
    /// Where in the file it begins.
    pub offset: u64,
    /// What is known of it.
    pub head: Arc<Head>,
    /// Where its octets are.
    pub store: Store,
    /// Flows of the file before it.
    pub before: u64,
}

/// Where a block's octets are.
pub(super) enum Store {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file, at this offset.
    File(Arc<File>, u64),
}

impl Source for Store {
    fn read(&self, offset: u32, octets: usize) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Store::Memory(block) => block.read(offset, octets),
            Store::File(file, start) => {
                let mut out = vec![0; octets];
                file.read_exact_at(&mut out, start + u64::from(offset))?;
                Ok(Cow::Owned(out))
            }
        }
    }
}

impl Unit {
    /// How many flows it has, before any is left out.
    pub fn rows(&self) -> u64 {
        match self {
            Unit::Batch(batch) => batch.len() as u64,
            Unit::Block(block) => block.head.rows.into(),
        }
    }

    /// The flows that are asked for; `None` if there are none.
    pub fn read(self, plan: &Plan<'_>) -> Result<Option<FlowBatch>, Error> {
        match self {
            Unit::Batch(mut batch) => {
                if let Some(select) = plan.select {
                    select.select(&mut batch);
                }
                Ok(Some(batch).filter(|batch| !batch.is_empty()))
            }
            Unit::Block(block) => block.read(plan).map_err(|trouble| block.error(trouble)),
        }
    }
}

impl Block {
    fn read(&self, plan: &Plan<'_>) -> Result<Option<FlowBatch>, Trouble> {
        if plan.select.is_some_and(|select| !select.may_match(self)) {
            plan.tally.skipped.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        plan.tally.blocks.fetch_add(1, Ordering::Relaxed);
        let mut decoding = Decoding::new(&self.head, &self.store);
        let batch = self.select(plan, &mut decoding);
        plan.tally.octets.fetch_add(decoding.read, Ordering::Relaxed);
        batch
    }

    fn select(&self, plan: &Plan<'_>, decoding: &mut Decoding<'_>) -> Result<Option<FlowBatch>, Trouble> {
        let fields = self.head.schema.fields();
        let wanted = |projection: &Projection| -> Vec<bool> {
            fields.iter().map(|spec| projection.wants(spec.element)).collect()
        };
        let has = |list: &[bool], at: usize| list.get(at).copied().unwrap_or(false);
        let mut selected = None;
        if let Some(select) = plan.select {
            let needs = wanted(&select.needs());
            decoding.decode(|at| has(&needs, at))?;
            let mut batch = decoding.batch()?;
            select.select(&mut batch);
            if batch.is_empty() {
                return Ok(None);
            }
            selected = batch.into_selection();
        }
        let rest = wanted(&plan.fields);
        decoding.decode(|at| has(&rest, at))?;
        let mut batch = decoding.batch()?;
        if let Some(rows) = selected {
            batch.select(rows);
        }
        Ok(Some(batch))
    }

    fn error(&self, trouble: Trouble) -> Error {
        let at = format!("block at offset {}", self.offset);
        let kind = match trouble {
            Trouble::Io(error) => Kind::Io(error),
            Trouble::Damaged(what) => Kind::Damaged(what),
        };
        Error { file: self.name.to_string(), at, kind, kept: self.before }
    }

    /// The line of the Bloom filter that an address is in.
    fn line(&self, probe: Probe) -> Option<Line> {
        let bloom = self.head.bloom?;
        let offset = bloom.offset + probe.line(bloom.lines) * LINE as u32;
        let octets = self.store.read(offset, LINE).ok()?;
        octets.first_chunk().copied()
    }
}

impl BlockFacts for Block {
    fn bounds(&self, field: Field) -> Option<(u64, u64)> {
        match field {
            Field::StartMs => self.head.span.map(|span| span.start),
            Field::EndMs => self.head.span.map(|span| span.end),
            field => self.head.columns.get(self.head.schema.resolve(field)?)?.bounds,
        }
    }

    fn schema(&self) -> Option<&Schema> {
        Some(&self.head.schema)
    }

    fn column_bounds(&self, at: usize) -> Option<(u64, u64)> {
        self.head.columns.get(at)?.bounds
    }

    fn flows(&self) -> u64 {
        self.head.rows.into()
    }

    fn octets(&self, columns: &Projection) -> u64 {
        let head = &self.head;
        let mut wanted: Vec<bool> = head.columns.iter().map(|column| columns.wants(column.spec.element)).collect();
        let mut parts: BTreeSet<u16> =
            head.row.filter(|_| wanted.contains(&true)).map(|row| row.part).into_iter().collect();
        // What is told by another column, or a difference to it, needs that one, too.
        for _ in 0..head.columns.len() {
            let before = parts.len();
            for (column, _) in head.columns.iter().zip(&wanted).filter(|(_, wanted)| **wanted) {
                parts.extend([column.a, column.b, column.c]);
            }
            let others = parts.iter().filter_map(|part| head.part(*part)).map(|part| part.reference);
            let parents = head.columns.iter().zip(&wanted).filter(|(_, w)| **w).map(|(column, _)| column.parent);
            for other in others.chain(parents).map(usize::from).collect::<Vec<_>>() {
                if let Some(other) = wanted.get_mut(other) {
                    *other = true;
                }
            }
            if parts.len() == before {
                break;
            }
        }
        parts.iter().filter_map(|part| head.part(*part)).map(|part| u64::from(part.stored)).sum()
    }

    fn may_hold(&self, address: IpAddr) -> bool {
        let probe = Probe::from(address);
        // A damaged line says nothing: the block itself will tell.
        self.line(probe).and_then(|line| probe.is_in(&line)).unwrap_or(true)
    }
}
