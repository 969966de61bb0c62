//! Several files read as one, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

mod source;

use self::source::Source;
use super::{Error, Inputs, Summary};
use crate::flow::time::FlowTimes;
use crate::flow::{Fact, FlowBatch, Form, Order, RawRows, StreamInfo, Version};

/// Octets of records that are gathered before they are handed on.
const GATHERED: usize = 256 << 10;
/// If there are more files than this, those that have not been begun are closed again until it is their turn.
const OPEN: usize = 16;
/// Octets of memory that flows of modern files which wait their turn shall take, more or less: where that is not
/// enough for a block of each file, blocks are read several times, and some of their flows kept each time...
const ROOM: usize = 64 << 20;
/// ... but no fewer than fit into this.
const LEAST: usize = 256 << 10;

/// Reads several files at once, flows in the order in which they ended. Each file is taken to be in order; where it is
/// not, its flows stay in the order they have. Of flows that ended at the same time, those of the file named first come
/// first. No more than a block of each file is in memory, of many files less.
pub struct Merge {
    files: Vec<Source>,
    /// When the next flow of a file ended, and which file.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    info: StreamInfo,
    form: Form,
    problems: Vec<Error>,
    facts: Vec<Fact>,
    flows: u64,
    opened: u64,
    times: FlowTimes,
    /// Octets of memory that flows take which wait their turn.
    held: usize,
    /// Records of one version, in host order, that wait to be handed on.
    records: Option<(Version, Vec<u8>)>,
}

impl Merge {
    /// Opens the inputs.
    ///
    /// # Errors
    ///
    /// There is no flow file among them; the first problem says why.
    pub fn open(inputs: &Inputs) -> Result<Merge, Error> {
        let (paths, problems) = inputs.files();
        let mut merge = Merge {
            files: Vec::new(),
            next: BinaryHeap::new(),
            info: StreamInfo::default(),
            form: Form::Modern,
            problems,
            facts: Vec::new(),
            flows: 0,
            opened: paths.len() as u64,
            times: FlowTimes::default(),
            held: 0,
            records: None,
        };
        let many = paths.len() > OPEN;
        let mut first = None;
        let mut classic = true;
        for path in paths {
            // What cannot be read twice stays open.
            let parked = many && path.metadata().is_ok_and(|file| file.is_file());
            let mut source = Source::new(path);
            let Some(info) = merge.begin(&mut source) else { continue };
            classic &= info.version.is_some();
            first.get_or_insert(info);
            let end = source.ends().first().copied();
            if parked {
                merge.held -= source.held();
                source.end();
            }
            if let Some(end) = end {
                merge.next.push(Reverse((end, merge.files.len())));
                merge.files.push(source);
            }
        }
        let Some(info) = first else {
            let problem = merge.problems.into_iter().next();
            return Err(problem.unwrap_or_else(|| Error::format("input", "", "no flow file in it")));
        };
        let form = info.version.filter(|_| classic).map_or(Form::Modern, Form::from);
        Ok(Merge { form, info, ..merge })
    }

    /// What the first file's header says.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// What a program writes that hands the flows on: the first file's version, or the modern form if any file is
    /// modern.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Hands all flows on, some at a time, in order. Stops at an error of `sink`.
    pub fn run<E>(mut self, mut sink: impl FnMut(&FlowBatch) -> Result<(), E>) -> Result<Summary, E> {
        while let Some(Reverse((_, at))) = self.next.pop() {
            let until = self.next.peek().map(|Reverse(next)| *next);
            let Some(mut source) = self.files.get_mut(at).map(std::mem::take) else { break };
            if source.ends().is_empty() && self.begin(&mut source).is_none() {
                continue;
            }
            self.hand_on(&mut source, until.map(|(end, other)| (end, at < other)), &mut sink)?;
            if source.ends().is_empty() {
                self.advance(&mut source);
            }
            if let Some(end) = source.ends().first() {
                self.next.push(Reverse((*end, at)));
            }
            if let Some(slot) = self.files.get_mut(at) {
                *slot = source;
            }
        }
        self.flush(&mut sink)?;
        Ok(Summary {
            files: self.opened,
            flows: self.flows,
            facts: self.facts,
            problems: self.problems,
            ..Summary::default()
        })
    }

    /// Opens a file and reads its first flows; `None` if it cannot be opened.
    fn begin(&mut self, source: &mut Source) -> Option<StreamInfo> {
        match source.open() {
            Ok(info) => {
                self.advance(source);
                Some(info)
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Reads a file's next flows, or ends it.
    fn advance(&mut self, source: &mut Source) {
        self.held -= source.held();
        let room = (ROOM.saturating_sub(self.held) / 8).max(LEAST);
        source.advance(room, &mut self.times, &mut self.problems);
        self.held += source.held();
        if source.ends().is_empty() {
            source.end().into_iter().for_each(|fact| {
                fact.add_to(&mut self.facts);
            });
        }
    }

    /// Hands on the flows of a file that come before the other files' next one: those that ended before `until`, or,
    /// if it is named before that file, with it.
    fn hand_on<E>(
        &mut self,
        source: &mut Source,
        until: Option<(u64, bool)>,
        sink: &mut impl FnMut(&FlowBatch) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = |end: &u64| until.is_none_or(|(until, before)| *end < until || (before && *end == until));
        // It is this file's turn: one at least.
        let count = source.ends().iter().take_while(|end| before(end)).count().max(1);
        self.flows += count as u64;
        let Some((batch, from)) = source.take(count) else { return Ok(()) };
        let to = from + count;
        if let Some(raw) = batch.raw() {
            let version = raw.layout.version;
            if self.records.as_ref().is_some_and(|(gathered, _)| *gathered != version) {
                self.flush(sink)?;
            }
            let (_, records) = self.records.get_or_insert_with(|| (version, Vec::with_capacity(GATHERED)));
            append(&raw, from, to, records);
            return if records.len() < GATHERED { Ok(()) } else { self.flush(sink) };
        }
        batch.select((from as u32..to as u32).collect());
        self.flush(sink)?;
        sink(batch)
    }

    /// Hands on the records that have been gathered.
    fn flush<E>(&mut self, sink: &mut impl FnMut(&FlowBatch) -> Result<(), E>) -> Result<(), E> {
        match self.records.take() {
            Some((version, records)) => sink(&FlowBatch::from_raw(version, Order::HOST, records)),
            None => Ok(()),
        }
    }
}

/// Appends records of a batch, in host order.
fn append(raw: &RawRows<'_>, from: usize, to: usize, out: &mut Vec<u8>) {
    let (size, start) = (raw.layout.size, out.len());
    out.extend_from_slice(raw.bytes.get(from * size..to * size).unwrap_or_default());
    if raw.order != Order::HOST
        && let Some(added) = out.get_mut(start..)
    {
        raw.layout.swap(added);
    }
}
