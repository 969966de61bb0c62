//! From flow files to RRDs and scoreboards: each file is read once, in order of capture, and what it came to is kept in
//! the state until its steps of time are over; then RRDs are given it.
//!
//! What makes that exact, whenever the program is killed:
//!
//! - A file's counts and the note that it was read are saved in one text. Files that were read since the last saving
//!   are simply read again.
//! - Before RRDs are given steps, the state is saved with these steps closed: no later flow is counted in them. They
//!   stay in the state until they have been written, and an RRD takes each only once.
//! - rrdtool inherits the lock on the state, so that a new run waits until what was said to the last one's is done.

mod error;
mod files;
mod pages;
mod rrds;
mod store;

use std::net::IpAddr;
use std::time::{Duration, Instant};

pub use error::Error;
use files::DAY;
pub use files::{Found, Looking, watch};
pub use pages::Pages;
pub use rrds::{Rrds, STEP};
pub use store::{Store, kept, replace};

use super::board::Counting;
use super::count::{Plan, Steps, Tally, Times, Worker};
use super::state::Known;
use crate::file::{Inputs, Kind, Scan};

/// Steps that are over are given to RRDs so many at a time.
const BULK: usize = 12;
/// Files that lie longer before what has been written are not counted, in seconds.
const LATE: u64 = 3600;
/// How often the state is saved while files are read.
const SAVE: Duration = Duration::from_secs(1);

/// What became of a file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Done {
    /// Flows read.
    pub flows: u64,
    /// Flows that were inbound or outbound.
    pub hits: u64,
    /// Flows that were neither.
    pub neither: u64,
    /// What was wrong: as far as the file was good, it was counted.
    pub problems: Vec<String>,
}

/// Reads files, each once.
pub struct Scanner<'p> {
    plan: &'p Plan,
    times: Times,
    store: Store,
    rrds: Rrds,
    pages: Pages,
    saved: Instant,
    /// What was read whole and is not saved yet, and may be put away once it is.
    read: Vec<Found>,
}

impl<'p> Scanner<'p> {
    /// Goes on from where the last run ended: steps that it closed and did not write are written now.
    ///
    /// # Errors
    ///
    /// There are RRDs of other steps; rrdtool is gone, or the state cannot be saved.
    pub fn new(plan: &'p Plan, times: Times, store: Store, rrds: Rrds, pages: Pages) -> Result<Scanner<'p>, Error> {
        let mut scanner = Scanner { plan, times, store, rrds, pages, saved: Instant::now(), read: Vec::new() };
        scanner.rrds.check(plan, &scanner.store.state)?;
        scanner.write()?;
        Ok(scanner)
    }

    /// Whether a file that has been read was whole; nothing if it has not been read.
    pub fn knows(&self, name: &str) -> Option<Known> {
        self.store.state.files.get(name).copied()
    }

    /// Forgets files that are not there any more.
    pub fn forget(&mut self) {
        self.store.forget();
    }

    /// When an exporter's last flow ended (ms since 1970), for all that were heard.
    pub fn exporters(&self) -> impl Iterator<Item = (IpAddr, u64)> {
        self.store.state.exporters.iter().map(|(exporter, seen)| (*exporter, seen.last))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or the state cannot be saved. What is wrong with the file is told in what became of it.
    pub fn read(&mut self, found: &Found) -> Result<Done, Error> {
        let scan = match Scan::open(&Inputs::of(std::slice::from_ref(&found.path))) {
            Ok(scan) => scan,
            Err(error) => {
                // What the system refuses now it may give another time; what is no flow file stays what it is.
                if !matches!(error.kind, Kind::Io(_)) {
                    self.store.state.files.insert(found.name.clone(), Known::Foreign);
                }
                return Ok(Done { problems: vec![error.to_string()], ..Done::default() });
            }
        };
        let step = self.rrds.step();
        let mut steps = Steps::of(step, found.start, found.end.unwrap_or(found.start.saturating_add(DAY)));
        if steps.last.saturating_add(step + LATE) <= self.store.state.written {
            self.store.state.files.insert(found.name.clone(), Known::Partly);
            let problem = format!(
                "{}: not counted: it is more than an hour older than what has been written; expected files in order",
                found.path.display()
            );
            return Ok(Done { problems: vec![problem], ..Done::default() });
        }
        self.close(steps.first, BULK)?;
        steps.first = steps.first.max(self.store.state.written);
        steps.last = steps.last.max(steps.first);
        let (tally, mut done) = self.count(scan, found, steps);
        // Where no end is known, neither is it known that there were no flows.
        let until = found.end.map_or(steps.first, |_| steps.last + step);
        (steps.first..until).step_by(step as usize).for_each(|begin| self.store.state.cover(begin));
        self.store.state.add(self.plan, &tally);
        (done.hits, done.neither) = (tally.hits[0], tally.neither[0]);
        let whole = done.problems.is_empty();
        self.store.state.files.insert(found.name.clone(), if whole { Known::Whole } else { Known::Partly });
        self.read.push(Found { whole, ..found.clone() });
        if self.saved.elapsed() >= SAVE {
            self.save()?;
        }
        Ok(done)
    }

    /// Counts a file's flows in steps.
    fn count(&mut self, scan: Scan<'_>, found: &Found, steps: Steps) -> (Tally, Done) {
        let (plan, times) = (self.plan, self.times);
        let counting = self.pages.wanted().then(Counting::default);
        let start = || (Worker::new(plan, steps, times), counting.as_ref().map(Counting::share));
        let (workers, summary) = scan.fields(Worker::fields()).fold(start, |(worker, share), batch| match share {
            None => worker.add(batch, |_, _| ()),
            Some(share) => {
                worker.add(batch, |row, way| share.note(row, way));
                share.add(batch);
            }
        });
        let (mut tally, mut shares) = (Tally::default(), Vec::new());
        for (worker, share) in workers {
            tally.merge(worker.finish());
            shares.extend(share.map(super::board::Share::finish));
        }
        tally.name(plan, &summary.facts);
        let problems = summary.problems.iter().map(ToString::to_string).collect();
        let mut done = Done { flows: summary.flows, problems, ..Done::default() };
        if let Some(counting) = counting {
            let end = found.end.unwrap_or(steps.last + steps.length);
            let board = counting.finish(shares, self.pages.top(), [found.start, end]);
            done.problems.extend(self.pages.add(found, &board).err().map(|error| error.to_string()));
        }
        (tally, done)
    }

    /// Closes the steps that end by some time (seconds since 1970), gives RRDs what is closed, and saves.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or the state cannot be saved.
    pub fn settle(&mut self, until: u64) -> Result<(), Error> {
        let step = self.rrds.step();
        self.close(until / step * step, 1)?;
        self.save()
    }

    /// When the first step ends that RRDs have not been given, seconds since 1970.
    pub fn waiting(&self) -> Option<u64> {
        let first = self.store.state.steps(u64::MAX).next();
        first.map(|step| step.saturating_add(self.rrds.step()))
    }

    /// Closes the steps before this one, if there are at least so many, and gives them to RRDs.
    fn close(&mut self, until: u64, least: usize) -> Result<(), Error> {
        let (state, step) = (&mut self.store.state, self.rrds.step());
        let (steps, last) = state.steps(until).fold((0, 0), |(steps, _), step| (steps + 1, step));
        if steps < least.max(1) {
            return Ok(());
        }
        state.written = state.written.max(last + step);
        self.save()?;
        self.write()
    }

    /// Gives closed steps to RRDs.
    fn write(&mut self) -> Result<(), Error> {
        let written = self.store.state.written;
        if self.store.state.steps(written).next().is_some() {
            self.rrds.write(self.plan, &self.store.state, written)?;
            self.store.state.wrote(written);
        }
        Ok(())
    }

    fn save(&mut self) -> Result<(), Error> {
        self.store.save()?;
        self.saved = Instant::now();
        self.pages.saved();
        Ok(())
    }

    /// Files that were read and saved since this was last asked: they may be put away.
    ///
    /// # Errors
    ///
    /// The state cannot be saved.
    pub fn put_away(&mut self) -> Result<Vec<Found>, Error> {
        if !self.read.is_empty() {
            self.save()?;
        }
        Ok(std::mem::take(&mut self.read))
    }

    /// What rrdtool refused, since this was last asked.
    pub fn problems(&mut self) -> Vec<String> {
        self.rrds.problems()
    }

    /// Ends rrdtool.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or ended with an error.
    pub fn finish(self) -> Result<Vec<String>, Error> {
        let Scanner { rrds, store, .. } = self;
        let problems = rrds.finish();
        drop(store);
        problems
    }
}
