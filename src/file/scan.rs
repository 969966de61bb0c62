//! Reading on all cores: units of work in an ordered pool.
//!
//! The unit is a chunk of a file's records. A thread takes a file's lock, reads (or inflates) the file's next chunk,
//! gives the lock back and works on the chunk; so inside one file reading and work overlap, and files that are
//! work to read (compressed ones) are read side by side.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::ordered::Ordered;
use super::pipe::Stop;
use super::reader::FlowReader;
use super::unit::{Plan, Tally, Unit};
use super::{Error, Inputs};
use crate::flow::{Fact, FlowBatch, Form, Projection, Select, StreamInfo, flags};

/// A reading of inputs, opened: the first one's header has been read.
pub struct Scan<'p> {
    pub(super) slots: Vec<Mutex<Slot>>,
    /// What is asked of every unit.
    pub(super) plan: Plan<'p>,
    info: StreamInfo,
    threads: usize,
    problems: Vec<Error>,
    /// Inputs before this one have ended.
    front: AtomicUsize,
    /// Ends the wait for pipes when nobody wants more.
    pub(super) stop: Stop,
    progress: Arc<Progress>,
}

/// How far a reading has come, for those who watch it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Inputs in all.
    pub inputs: u64,
    /// Inputs that have been read to their end.
    pub ended: AtomicU64,
    /// Flows that have been read or passed over.
    pub flows: AtomicU64,
}

/// One input: still to be opened, being read, or done with.
pub(super) struct Slot {
    path: PathBuf,
    state: State,
    /// Chunks read so far.
    pub chunks: u64,
    records: u64,
    problems: Vec<Error>,
    facts: Vec<Fact>,
    stop: Stop,
    progress: Arc<Progress>,
}

enum State {
    Unopened,
    Open(Box<FlowReader>),
    Ended,
}

/// What a reading came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Files opened.
    pub files: u64,
    /// Files among them that were ruled out by their headers.
    pub files_skipped: u64,
    /// Flows read, those of blocks that were ruled out unread not among them.
    pub flows: u64,
    /// Blocks of modern files of which columns were read.
    pub blocks: u64,
    /// Blocks of modern files that were ruled out unread.
    pub skipped: u64,
    /// Octets of modern files' blocks that were read.
    pub octets: u64,
    /// What exporters said of themselves in the inputs that were read.
    pub facts: Vec<Fact>,
    /// What was wrong, in input order; everything before each damage was used.
    pub problems: Vec<Error>,
}

impl<'p> Scan<'p> {
    /// Opens the inputs. Fails only if not one of them can be read; with no input at all there is nothing to say.
    pub fn open(inputs: &Inputs) -> Result<Scan<'p>, Error> {
        let (files, mut problems) = inputs.files();
        let stop = Stop::default();
        let progress = Arc::new(Progress { inputs: files.len() as u64, ..Progress::default() });
        let slot = |path| Slot::new(path, stop.clone(), progress.clone());
        let mut slots: Vec<Slot> = files.into_iter().map(slot).collect();
        let plan = Plan::default();
        let first = slots.iter_mut().find_map(|slot| slot.open(&plan).map(|stream| stream.info().clone()));
        let Some(info) = first else {
            problems.extend(slots.into_iter().flat_map(|slot| slot.problems));
            return Err(problems
                .into_iter()
                .next()
                .unwrap_or_else(|| Error::format("input", "", "no flow file in it")));
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        Ok(Scan {
            slots: slots.into_iter().map(Mutex::new).collect(),
            plan,
            info,
            threads,
            problems,
            front: AtomicUsize::new(0),
            stop,
            progress,
        })
    }

    /// The fields that will be asked of batches; all if this is not called. Classic records need no decoding, so it
    /// makes no difference to them.
    pub fn fields(mut self, fields: Projection) -> Scan<'p> {
        self.plan.fields = fields;
        self
    }

    /// Which flows are wanted: others are left out of batches, and batches without any are not seen. Of modern files
    /// only what `select` looks at is read of every block that may hold matches, and the rest of those that do.
    pub fn select(mut self, select: &'p dyn Select) -> Scan<'p> {
        self.plan.select = Some(select);
        self
    }

    /// At most so many threads; as many as there are cores if this is not called.
    pub fn threads(self, threads: usize) -> Scan<'p> {
        Scan { threads: threads.max(1), ..self }
    }

    /// How far the reading has come, to be looked at while it goes on.
    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }

    /// What can hold the flows of all inputs: what the first one's are stored as, but modern if another's are.
    pub fn form(&self) -> Form {
        let Some(version) = self.info.version else { return Form::Modern };
        let modern = |slot: &Mutex<Slot>| is_modern(&lock(slot).path);
        if self.slots.iter().skip(1).any(modern) { Form::Modern } else { version.into() }
    }

    /// The first readable input's header.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// Runs `work` on every batch, on all cores, and hands the results to `sink` in input order on the calling
    /// thread. `state` makes each thread's scratch space. Ends early, without complaint, when `sink` fails.
    pub fn ordered<S, T: Send, E>(
        self,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, FlowBatch) -> T + Sync,
        mut sink: impl FnMut(T) -> Result<(), E>,
    ) -> Result<Summary, E> {
        if self.threads == 1 {
            let mut scratch = state();
            for slot in &self.slots {
                loop {
                    let Some(unit) = lock(slot).next(&self.plan) else { break };
                    if let Some(batch) = self.read(slot, unit) {
                        sink(work(&mut scratch, batch))?;
                    }
                }
            }
            return Ok(self.summary());
        }
        let order = Ordered::new(&self);
        std::thread::scope(|threads| {
            for _ in 0..self.threads {
                threads.spawn(|| order.work(&state, &work));
            }
            order.drain(&mut sink)
        })?;
        Ok(self.summary())
    }

    /// Folds every batch into one accumulator a thread, in no particular order; returns the accumulators. A step may
    /// select among the batch's flows.
    pub fn fold<A: Send>(
        self,
        start: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, &mut FlowBatch) + Sync,
    ) -> (Vec<A>, Summary) {
        let work = || {
            let mut sum = start();
            while let Some((slot, unit)) = self.any() {
                if let Some(mut batch) = self.read(slot, unit) {
                    step(&mut sum, &mut batch);
                }
            }
            sum
        };
        let sums = match self.threads {
            1 => vec![work()],
            n => std::thread::scope(|scope| {
                let threads: Vec<_> = (0..n).map(|_| scope.spawn(work)).collect();
                threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            }),
        };
        (sums, self.summary())
    }

    /// What is wanted of a unit; what is wrong with it is noted in its slot.
    pub(super) fn read(&self, slot: &Mutex<Slot>, unit: Unit) -> Option<FlowBatch> {
        let outcome = unit.read(&self.plan);
        if let Some(problem) = outcome.problem {
            let mut slot = lock(slot);
            slot.records -= outcome.lost;
            slot.problems.push(problem);
        }
        outcome.batch
    }

    /// A unit of any input: the first that nobody is reading, or else the first there is.
    fn any(&self) -> Option<(&Mutex<Slot>, Unit)> {
        loop {
            let (mut busy, mut all_ended) = (None, true);
            let front = self.front.load(Ordering::Relaxed);
            for (at, slot) in self.slots.iter().enumerate().skip(front) {
                let Some(mut input) = free(slot) else {
                    busy = busy.or(Some(slot));
                    all_ended = false;
                    continue;
                };
                if !input.is_ended()
                    && let Some(unit) = input.next(&self.plan)
                {
                    return Some((slot, unit));
                }
                if all_ended {
                    self.front.fetch_max(at + 1, Ordering::Relaxed);
                }
            }
            let slot = busy?;
            if let Some(unit) = lock(slot).next(&self.plan) {
                return Some((slot, unit));
            }
        }
    }

    fn summary(self) -> Summary {
        let tally = self.plan.tally;
        let mut summary = Summary {
            files: tally.files.into_inner(),
            files_skipped: tally.files_skipped.into_inner(),
            flows: 0,
            blocks: tally.blocks.into_inner(),
            skipped: tally.skipped.into_inner(),
            octets: tally.octets.into_inner(),
            facts: Vec::new(),
            problems: self.problems,
        };
        for slot in self.slots {
            let slot = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            summary.flows += slot.records;
            summary.problems.extend(slot.problems);
            slot.facts.into_iter().for_each(|fact| {
                fact.add_to(&mut summary.facts);
            });
        }
        summary
    }
}

impl Slot {
    fn new(path: PathBuf, stop: Stop, progress: Arc<Progress>) -> Slot {
        Slot {
            path,
            state: State::Unopened,
            chunks: 0,
            records: 0,
            problems: Vec::new(),
            facts: Vec::new(),
            stop,
            progress,
        }
    }

    fn open(&mut self, plan: &Plan<'_>) -> Option<&mut FlowReader> {
        if let State::Unopened = self.state {
            Tally::add(&plan.tally.files, 1);
            match FlowReader::open_if(&self.path, &self.stop, |info| may_match(info, plan)) {
                Ok(Some(stream)) => self.state = State::Open(Box::new(stream)),
                Ok(None) => {
                    Tally::add(&plan.tally.files_skipped, 1);
                    self.end(None);
                }
                Err(problem) => self.end(Some(problem)),
            }
        }
        match &mut self.state {
            State::Open(stream) => Some(stream),
            _ => None,
        }
    }

    /// The next unit; `None` when the input has ended, for good or in error.
    pub fn next(&mut self, plan: &Plan<'_>) -> Option<Unit> {
        let before = self.chunks;
        let stream = self.open(plan)?;
        // The first input was opened before anything was asked.
        if before == 0 && !may_match(stream.info(), plan) {
            Tally::add(&plan.tally.files_skipped, 1);
            self.end(None);
            return None;
        }
        match self.open(plan)?.next_unit() {
            Ok(Some(unit)) => {
                self.chunks += 1;
                self.records += unit.rows();
                self.progress.flows.fetch_add(unit.rows(), Ordering::Relaxed);
                Some(unit)
            }
            Ok(None) => {
                self.end(None);
                None
            }
            Err(problem) => {
                self.end(Some(problem));
                None
            }
        }
    }

    fn end(&mut self, problem: Option<Error>) {
        if let State::Open(stream) = &self.state {
            self.facts = stream.info().facts.clone();
        }
        self.state = State::Ended;
        self.progress.ended.fetch_add(1, Ordering::Relaxed);
        self.problems.extend(problem);
    }

    fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// Whether a regular file begins as modern ones do.
fn is_modern(path: &Path) -> bool {
    let mut start = [0; 4];
    let regular = path.metadata().is_ok_and(|file| file.is_file());
    let mut read = || std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    regular && read().is_ok() && matches!(start, [0xCF, 0x10, _, 4])
}

/// Whether flows of a file may match, as its header says: `true` where that says nothing.
fn may_match(info: &StreamInfo, plan: &Plan<'_>) -> bool {
    // A file that is being written has more than its header says.
    let span = info.span.filter(|_| info.stream_version == 4 && info.is(flags::DONE));
    match (plan.select, span) {
        (Some(select), Some(span)) => select.may_match(&span),
        _ => true,
    }
}

/// A lock whose holder panicked is as good as any: the panic itself ends the program.
pub(super) fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock, if nobody holds it.
pub(super) fn free(slot: &Mutex<Slot>) -> Option<MutexGuard<'_, Slot>> {
    match slot.try_lock() {
        Ok(slot) => Some(slot),
        Err(TryLockError::Poisoned(slot)) => Some(slot.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
