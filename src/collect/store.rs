//! The storing thread: takes records from the queue, converts, writes, begins new files, and never gives up but when
//! the collector is told to end.

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::capture::{Capture, Making, Whereabouts};
use super::clients::Clients;
use super::keeper::Task;
use super::log::{Bounded, Log};
use super::now;
use super::queue::{Block, Feed, Item};
use crate::flow::{Buffer, FlowBatch, Order, Version};
use crate::rewrite::Converter;
use crate::wire::Counters;

/// How often the file's whereabouts are checked, and what failed is tried again.
const OFTEN: Duration = Duration::from_secs(1);
/// Between attempts to write.
const PAUSE: Duration = Duration::from_millis(200);
/// Told to end, attempts that fail are given up after so long.
const PATIENCE: Duration = Duration::from_secs(2);
/// Files that could not be completed are tried again up to so many; the next start completes the others.
const CLOSING: usize = 64;

/// What storing came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// Flows written.
    pub flows: u64,
    /// Flows that cannot be records of the archive's version.
    pub refused: u64,
    /// Flows that could not be written before the end.
    pub unwritten: u64,
}

/// What the storing thread needs.
pub struct Store {
    making: Making,
    feed: Feed,
    clients: Clients,
    log: Log,
    keeper: Sender<Task>,
    /// When the collector was told to end.
    ending: Arc<OnceLock<Instant>>,
    /// The version stored: asked for, or the first that came.
    version: Option<Version>,
    converter: Option<Converter>,
    converted: Vec<u8>,
    current: Option<Capture>,
    /// Files that are to be completed, with their ends.
    closing: Vec<(Capture, i64, Counters)>,
    /// A new file is due, beginning then.
    rotate: Option<i64>,
    /// As the receiver counts.
    total: Counters,
    /// The totals up to which earlier files' headers have told.
    told: Counters,
    stored: Stored,
    /// The level compressed at while the queue is too long.
    eased: Option<u8>,
    checked: Instant,
    trouble: Bounded,
    naming: Bounded,
    refusals: Bounded,
    easings: Bounded,
}

impl Store {
    /// A store that has not stored anything.
    pub fn new(
        making: Making,
        version: Option<Version>,
        feed: Feed,
        clients: Clients,
        keeper: Sender<Task>,
        log: Log,
        ending: Arc<OnceLock<Instant>>,
    ) -> Store {
        Store {
            making,
            feed,
            clients,
            log,
            keeper,
            ending,
            version,
            converter: None,
            converted: Vec::new(),
            current: None,
            closing: Vec::new(),
            rotate: None,
            total: Counters::default(),
            told: Counters::default(),
            stored: Stored::default(),
            eased: None,
            checked: Instant::now(),
            trouble: Bounded::default(),
            naming: Bounded::default(),
            refusals: Bounded::default(),
            easings: Bounded::default(),
        }
    }

    /// Stores until told to close.
    pub fn run(mut self) -> Stored {
        loop {
            match self.feed.next(OFTEN) {
                Some(Item::Flows(block)) => self.flows(block),
                Some(Item::Rotate { at, total }) => {
                    self.total = total;
                    self.rotate = Some(at);
                    self.begin(at);
                }
                Some(Item::Close { total }) => {
                    self.total = total;
                    return self.close();
                }
                None => {}
            }
            if self.checked.elapsed() >= OFTEN {
                self.checked = Instant::now();
                self.check();
            }
        }
    }

    /// Stores records.
    fn flows(&mut self, block: Block) {
        self.total = block.total;
        let version = *self.version.get_or_insert(block.version);
        let (room, flows, at) = (block.room(), block.flows(), block.at);
        if block.version != version {
            self.convert(block, version);
        } else {
            let mut records = block.records;
            if self.making.write.order != Order::HOST {
                version.layout().swap(&mut records);
            }
            // The buffer is used again.
            let records = Buffer::from(records);
            self.append(version, &records, flows, at);
        }
        self.feed.done(room);
    }

    /// Stores records of another version, if that can be.
    fn convert(&mut self, block: Block, to: Version) {
        let batch = FlowBatch::from_raw(block.version, Order::HOST, block.records);
        let mut converted = mem::take(&mut self.converted);
        converted.clear();
        let converter = self.converter.get_or_insert_with(|| Converter::new(to));
        match converter.convert(&batch, &mut converted) {
            Ok(()) => {
                if self.making.write.order != Order::HOST {
                    to.layout().swap(&mut converted);
                }
                self.append(to, &converted, batch.len() as u64, block.at);
            }
            Err(refusal) => {
                self.stored.refused += batch.len() as u64;
                let (log, from, refused) = (&self.log, block.version, self.stored.refused);
                self.refusals.complain(|more| {
                    log.warn(format!(
                        "version {from} flows are not stored: they {refusal}; {refused} flows so far{more}"
                    ));
                });
            }
        }
        self.converted = converted;
    }

    /// Writes records, for as long as it takes.
    fn append(&mut self, version: Version, records: &[u8], flows: u64, at: i64) {
        self.clients.send(version, &self.making.write, records);
        let ready = match &self.current {
            None => self.insist(|store| store.first(version, at)),
            // Records before these were given up: if they cannot be written, neither can these.
            Some(capture) => !capture.is_pending() || self.insist(Store::write_out),
        };
        if !ready {
            self.stored.unwritten += flows;
            return;
        }
        self.ease();
        if let Some(capture) = &mut self.current
            && let Err(error) = capture.append(records)
        {
            self.complain(&error);
            self.insist(Store::write_out);
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.current.as_mut().map_or(Ok(()), Capture::write_out)
    }

    /// Tries until it succeeds; `false` when the collector has to end first.
    fn insist(&mut self, attempt: impl Fn(&mut Store) -> io::Result<()>) -> bool {
        let since = Instant::now();
        let mut failed = false;
        loop {
            match attempt(self) {
                Ok(()) => break,
                Err(error) => self.complain(&error),
            }
            failed = true;
            if self.given_up() {
                return false;
            }
            self.locate();
            std::thread::sleep(PAUSE);
        }
        if failed {
            self.log.info(format!("writing again after {:.1} s", since.elapsed().as_secs_f64()));
        }
        true
    }

    fn given_up(&self) -> bool {
        self.ending.get().is_some_and(|since| since.elapsed() > PATIENCE)
    }

    fn complain(&mut self, error: &io::Error) {
        let name = self.current.as_ref().map_or(&*self.making.folder, Capture::path).display().to_string();
        let (log, full) = (&self.log, self.feed.percent());
        self.trouble.complain(|more| {
            log.warn(format!("{name}: {error}; trying again, with the queue of received flows {full} % full{more}"));
        });
    }

    /// Compresses less while flows come faster than they are compressed, rather than lose any.
    fn ease(&mut self) {
        let level = match self.feed.percent() {
            0..=2 => None,
            50.. => Some(0),
            20.. => Some(self.eased.unwrap_or(1)),
            _ => self.eased,
        };
        let Some(capture) = &mut self.current else { return };
        capture.compress_at(level.unwrap_or(u8::MAX));
        if self.eased != level {
            self.eased = level;
            let (log, asked) = (&self.log, self.making.write.level);
            if let Some(level) = level.filter(|level| *level < asked) {
                self.easings.complain(|more| {
                    log.warn(format!(
                        "flows come faster than level {asked} compresses: level {level} for a while{more}"
                    ));
                });
            }
        }
    }

    /// Begins the first file, or the first after the last one was lost.
    fn first(&mut self, version: Version, at: i64) -> io::Result<()> {
        self.current = Some(Capture::create(&self.making, version, at, self.told)?);
        Ok(())
    }

    /// Begins the file that is due, and completes the one before. If it cannot be begun, the one before goes on; if
    /// that cannot be completed, it is tried again later.
    fn begin(&mut self, start: i64) {
        let (Some(version), Some(_)) = (self.version, &self.current) else {
            // Nothing has been received yet: the first flows begin a file.
            self.rotate = None;
            return;
        };
        let total = self.totals();
        match Capture::create(&self.making, version, start, total) {
            Ok(next) => {
                self.rotate = None;
                self.told = total;
                self.eased = None;
                if let Some(before) = self.current.replace(next) {
                    self.closing.push((before, start, total));
                    self.complete();
                }
            }
            Err(error) => {
                let (log, folder) = (&self.log, self.making.folder.display());
                self.naming.complain(|more| {
                    log.warn(format!("{folder}: a new file cannot be begun: {error}; the one before goes on{more}"));
                });
            }
        }
    }

    /// Completes the files that are done with, as far as the system lets us.
    fn complete(&mut self) {
        for (mut capture, end, total) in mem::take(&mut self.closing) {
            match capture.finish(end, &total) {
                Ok(path) => {
                    self.stored.flows += capture.flows();
                    self.finished(path);
                }
                Err(error) => {
                    let (log, name) = (&self.log, capture.path().display().to_string());
                    self.naming.complain(|more| {
                        log.warn(format!("{name}: cannot be completed: {error}; trying again{more}"));
                    });
                    self.closing.push((capture, end, total));
                }
            }
        }
        while self.closing.len() > CLOSING {
            let (left, ..) = self.closing.remove(0);
            self.leave(&left);
        }
    }

    /// Gives up on a file.
    fn leave(&mut self, left: &Capture) {
        self.stored.flows += left.flows() - left.unwritten();
        self.stored.unwritten += left.unwritten();
        self.log.warn(format!("{}: left unfinished: the next start completes it", left.path().display()));
    }

    fn finished(&self, path: PathBuf) {
        self.log.debug(1, || format!("{}: complete", path.display()));
        // The keeper ends after us.
        let _ = self.keeper.send(Task::Finished(path));
    }

    /// What is done once in a while.
    fn check(&mut self) {
        self.locate();
        if self.rotate.is_some() {
            self.begin(now());
        }
        if !self.closing.is_empty() {
            self.complete();
        }
    }

    /// If somebody deleted the file being written, or moved it away, makes it anew.
    fn locate(&mut self) {
        let Some(capture) = &mut self.current else { return };
        let name = capture.path().display().to_string();
        let found = match capture.whereabouts() {
            Ok(Whereabouts::There) => return,
            Ok(whereabouts) => capture.rescue().map(|()| whereabouts),
            Err(error) => Err(error),
        };
        let log = &self.log;
        match found {
            Ok(whereabouts) => {
                let how = if whereabouts == Whereabouts::Deleted { "deleted" } else { "moved away" };
                log.warn(format!("{name}: was {how} while being written; made anew with all its flows"));
            }
            Err(error) => self.trouble.complain(|more| {
                log.warn(format!("{name}: is gone, and cannot be made anew: {error}; trying again{more}"));
            }),
        }
    }

    /// The receiver's counts, with the flows that this end left out as lost.
    fn totals(&self) -> Counters {
        Counters { lost: self.total.lost + self.stored.refused, ..self.total }
    }

    /// Completes everything and ends.
    fn close(mut self) -> Stored {
        let end = now();
        if let Some(mut capture) = self.current.take() {
            // What was being written when the system refused gets its last chance.
            let _ = capture.write_out();
            let total = self.totals();
            self.closing.push((capture, end, total));
        }
        self.complete();
        while !self.closing.is_empty() && !self.given_up() {
            std::thread::sleep(PAUSE);
            self.complete();
        }
        for (left, ..) in mem::take(&mut self.closing) {
            self.leave(&left);
        }
        self.stored.unwritten += self.feed.drain();
        self.stored
    }
}
