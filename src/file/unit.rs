//! Units of work: what one thread reads of a file while others read other parts.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{Decoding, Head, LINE, Line, Probe, Source, Trouble};
use super::error::{Error, Kind};
use super::index::{Indexed, word};
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
    /// Files that were opened.
    pub files: AtomicU64,
    /// Files of which no block was looked at.
    pub files_skipped: AtomicU64,
    /// Blocks of which columns were read.
    pub blocks: AtomicU64,
    /// Blocks that were ruled out unread.
    pub skipped: AtomicU64,
    /// Octets of blocks that were read.
    pub octets: AtomicU64,
}

impl Tally {
    /// Counts more.
    pub fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

/// A piece of work.
pub(super) enum Unit {
    /// Flows that have been read.
    Batch(FlowBatch),
    /// A block of a modern file.
    Block(Block),
    /// A chunk of a modern file that has no flows, of which the index has a copy.
    Copy(Copied),
}

/// What came of a unit: flows or not, something to complain of or not.
#[derive(Default)]
pub(super) struct Outcome {
    /// The flows that are asked for; `None` if there are none.
    pub batch: Option<FlowBatch>,
    /// What was wrong.
    pub problem: Option<Error>,
    /// Flows that were not read for that.
    pub lost: u64,
}

/// A block that has been found.
pub(super) struct Block {
    /// The file's name.
    pub name: Arc<str>,
    /// Where in the file it begins.
    pub offset: u64,
    /// What is known of it.
    pub head: Known,
    /// Where its octets are.
    pub store: Store,
    /// Flows of the file before it.
    pub before: u64,
}

/// A block's head.
pub(super) enum Known {
    /// As the index has it: the thread that reads the block makes sense of it.
    Indexed(Indexed),
    /// Understood.
    Head(Box<Head>),
}

/// A chunk that the index repeats whole.
pub(super) struct Copied {
    /// The file's name.
    pub name: Arc<str>,
    /// Where in the file it begins.
    pub offset: u64,
    /// What the index says it is.
    pub octets: Indexed,
    /// The file.
    pub store: Store,
}

/// Where a block's octets are.
pub(super) enum Store {
    /// In memory.
    Memory(Vec<u8>),
    /// In a file, at this offset.
    File(Arc<Place>, u64),
}

/// A file, and what has been read of its end.
pub(super) struct Place {
    /// The file.
    pub file: File,
    /// Where the octets that have been read begin.
    pub from: u64,
    /// They.
    pub tail: Vec<u8>,
}

impl Place {
    /// Fills `out` with the file's octets from `offset` on.
    pub fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let known = offset.checked_sub(self.from).and_then(|at| usize::try_from(at).ok());
        match known.and_then(|at| self.tail.get(at..at.checked_add(out.len())?)) {
            Some(octets) => {
                out.copy_from_slice(octets);
                Ok(())
            }
            None => self.file.read_exact_at(out, offset),
        }
    }

    /// Fills `out` with the file's octets from `offset` on, which go on into those that have been read.
    pub fn read_behind(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (front, rest) = match self.from.checked_sub(offset).and_then(|octets| usize::try_from(octets).ok()) {
            Some(octets) => out.split_at_mut_checked(octets).ok_or(io::ErrorKind::UnexpectedEof)?,
            None => out.split_at_mut(0),
        };
        if !front.is_empty() {
            self.file.read_exact_at(front, offset)?;
        }
        self.read(offset + front.len() as u64, rest)
    }

    /// As many octets from `offset` on as there are, at most those that `out` holds.
    pub fn read_some(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let mut got = 0;
        while let Some(room) = out.get_mut(got..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, offset + got as u64) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(got)
    }
}

impl Source for Store {
    fn whole(&self) -> Option<&[u8]> {
        match self {
            Store::Memory(block) => Some(block),
            Store::File(..) => None,
        }
    }

    fn read(&self, offset: u32, out: &mut [u8]) -> io::Result<()> {
        match self {
            Store::Memory(block) => block.read(offset, out),
            Store::File(place, start) => place.read(start + u64::from(offset), out),
        }
    }
}

impl Unit {
    /// How many flows it has, before any is left out.
    pub fn rows(&self) -> u64 {
        match self {
            Unit::Batch(batch) => batch.len() as u64,
            Unit::Block(block) => block.head.rows(),
            Unit::Copy(_) => 0,
        }
    }

    /// The flows that are asked for.
    pub fn read(self, plan: &Plan<'_>) -> Outcome {
        match self {
            Unit::Batch(mut batch) => {
                if let Some(select) = plan.select {
                    select.select(&mut batch);
                }
                Outcome { batch: Some(batch).filter(|batch| !batch.is_empty()), ..Outcome::default() }
            }
            Unit::Block(block) => block.read(plan),
            // Whoever reads everything is told of all damage.
            Unit::Copy(copied) if plan.fields.is_all() => Outcome { problem: copied.check(), ..Outcome::default() },
            Unit::Copy(_) => Outcome::default(),
        }
    }
}

impl Copied {
    fn check(&self) -> Option<Error> {
        let mut octets = vec![0; self.octets.len()];
        let what = match self.store.read(0, &mut octets) {
            Ok(()) if *octets == *self.octets => return None,
            Ok(()) => Kind::Part("names and samplers are damaged; the index has them too".into()),
            Err(error) => Kind::Io(error),
        };
        Some(Error { file: self.name.to_string(), at: format!("offset {}", self.offset), kind: what, kept: 0 })
    }
}

impl Known {
    /// Flows of the block.
    pub fn rows(&self) -> u64 {
        match self {
            Known::Indexed(octets) => word(octets, 20).into(),
            Known::Head(head) => head.rows.into(),
        }
    }
}

impl Block {
    /// Its head.
    pub fn head(&self) -> Result<Cow<'_, Head>, Error> {
        let head = match &self.head {
            Known::Indexed(octets) => Head::parse(octets).map(Cow::Owned),
            Known::Head(head) => Ok(Cow::Borrowed(&**head)),
        };
        head.map_err(|what| self.failed(Trouble::Damaged(what)))
    }

    /// The flows that are asked for.
    pub fn read(&self, plan: &Plan<'_>) -> Outcome {
        let rows = self.head.rows();
        let failed = |error| Outcome { batch: None, problem: Some(error), lost: rows };
        let head = match self.head() {
            Ok(head) => head,
            Err(error) => return failed(error),
        };
        let facts = Facts { head: &head, store: &self.store, damaged: Cell::new(false) };
        if plan.select.is_some_and(|select| !select.may_match(&facts)) {
            Tally::add(&plan.tally.skipped, 1);
            return Outcome::default();
        }
        Tally::add(&plan.tally.blocks, 1);
        let problem = facts
            .damaged
            .get()
            .then(|| self.error(Kind::Part("its filter of addresses is damaged: the block was read instead".into())));
        let mut decoding = Decoding::new(&head, &self.store);
        let batch = select(&head, plan, &mut decoding);
        Tally::add(&plan.tally.octets, decoding.read());
        match batch {
            Ok(batch) => Outcome { batch, problem, lost: 0 },
            Err(trouble) => failed(self.failed(trouble)),
        }
    }

    fn failed(&self, trouble: Trouble) -> Error {
        self.error(match trouble {
            Trouble::Io(error) => Kind::Io(error),
            Trouble::Damaged(what) => Kind::Part(format!("{what}: {} flows are left out", self.head.rows())),
        })
    }

    /// What is wrong with the block, and where that is.
    pub fn error(&self, kind: Kind) -> Error {
        let at = format!("block at offset {}", self.offset);
        Error { file: self.name.to_string(), at, kind, kept: self.before }
    }
}

/// Which columns of a block are asked for.
fn wanted(head: &Head, projection: &Projection) -> Vec<bool> {
    head.schema.fields().iter().map(|spec| projection.wants(spec.element)).collect()
}

/// The flows of a block that are asked for.
fn select(head: &Head, plan: &Plan<'_>, decoding: &mut Decoding<'_>) -> Result<Option<FlowBatch>, Trouble> {
    let has = |list: &[bool], at: usize| list.get(at).copied().unwrap_or(false);
    let rest = wanted(head, &plan.fields);
    let Some(select) = plan.select else {
        if plan.fields.is_all() {
            decoding.check()?;
        }
        decoding.decode(|at| has(&rest, at))?;
        return decoding.batch().map(Some);
    };
    let needs = wanted(head, &select.needs());
    decoding.decode(|at| has(&needs, at))?;
    let mut batch = decoding.batch()?;
    select.select(&mut batch);
    if batch.is_empty() {
        return Ok(None);
    }
    let complete = rest.iter().zip(&needs).all(|(wanted, read)| *read || !*wanted);
    if complete || batch.columns().is_none() {
        return Ok(Some(batch));
    }
    let selected = batch.into_columns().and_then(|(columns, selected)| {
        decoding.resume(columns);
        selected
    });
    decoding.decode(|at| has(&rest, at))?;
    let mut batch = decoding.batch()?;
    if let Some(rows) = selected {
        batch.select(rows);
    }
    Ok(Some(batch))
}

/// What a block says of itself.
struct Facts<'a> {
    head: &'a Head,
    store: &'a Store,
    /// A line of the filter was.
    damaged: Cell<bool>,
}

impl Facts<'_> {
    /// The line of the Bloom filter that an address is in.
    fn line(&self, probe: Probe) -> Option<Line> {
        let bloom = self.head.bloom?;
        let offset = bloom.offset + probe.line(bloom.lines) * LINE as u32;
        let mut line = [0; LINE];
        self.store.read(offset, &mut line).ok()?;
        Some(line)
    }
}

impl BlockFacts for Facts<'_> {
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
        let Some(line) = self.line(probe) else { return true };
        // A damaged line says nothing: the block itself will tell.
        let found = probe.is_in(&line);
        self.damaged.set(self.damaged.get() || found.is_none());
        found.unwrap_or(true)
    }
}
