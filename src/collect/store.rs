//! The storing thread: takes flows from the queue, converts, writes, begins new files, and never gives up but when the
//! collector is told to end.

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::capture::{Capture, Making, Whereabouts};
use super::clients::{self, Clients};
use super::gather::Gathering;
use super::keeper::Task;
use super::log::{Bounded, Log};
use super::now;
use super::queue::{Block, Feed, Item};
use super::refine::Rough;
use super::treating::Treating;
use crate::flow::{FlowBatch, Form, Order, Rows, Version};
use crate::rewrite::{Converter, Refusal};
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
    /// Flows that a filter left out.
    pub filtered: u64,
    /// Flows that cannot be records of the archive's version.
    pub refused: u64,
    /// Flows that could not be written before the end.
    pub unwritten: u64,
}

/// What is stored, and how.
pub struct What {
    /// How files are made.
    pub making: Making,
    /// The form, if that has been said.
    pub form: Option<Form>,
    /// What is done to flows before.
    pub treating: Option<Treating>,
}

/// Whom the storing thread tells, and what it is told.
pub struct Told {
    /// Who is to know of finished files.
    pub keeper: Sender<Task>,
    /// Who makes full blocks of quick ones.
    pub refining: Sender<Rough>,
    /// When the collector was told to end.
    pub ending: Arc<OnceLock<Instant>>,
}

/// What the storing thread needs.
pub struct Store {
    making: Making,
    feed: Feed,
    clients: Clients,
    log: Log,
    keeper: Sender<Task>,
    refining: Sender<Rough>,
    /// When the collector was told to end.
    ending: Arc<OnceLock<Instant>>,
    /// What is stored: asked for, or the first that came.
    form: Option<Form>,
    treating: Option<Treating>,
    converter: Option<Converter>,
    /// Records on their way into a classic file, where they cannot be taken as they are.
    records: Vec<u8>,
    /// Flows on their way into a modern file.
    gathering: Gathering,
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
    pub fn new(what: What, feed: Feed, clients: Clients, log: Log, told: Told) -> Store {
        let What { making, form, treating } = what;
        let Told { keeper, refining, ending } = told;
        Store {
            making,
            feed,
            clients,
            log,
            keeper,
            refining,
            ending,
            form,
            treating,
            converter: None,
            records: Vec::new(),
            gathering: Gathering::default(),
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
            match self.feed.next(self.gathering.wait().unwrap_or(OFTEN)) {
                Some(Item::Flows(block)) => self.flows(block),
                Some(Item::Facts(facts)) => self.gathering.learn(facts),
                Some(Item::Rotate { at, total }) => {
                    self.put_gathered();
                    self.total = total;
                    self.rotate = Some(at);
                    self.begin(at);
                }
                Some(Item::Close { total }) => {
                    self.put_gathered();
                    self.total = total;
                    return self.close();
                }
                None => {}
            }
            if self.gathering.is_due() {
                self.put_gathered();
            }
            if self.checked.elapsed() >= OFTEN {
                self.checked = Instant::now();
                self.check();
            }
        }
    }

    /// Stores flows.
    fn flows(&mut self, block: Block) {
        self.total = block.total;
        let room = block.room();
        let Block { mut batch, mut form, at, .. } = block;
        if self.treating.is_some() {
            (batch, form) = self.treat(batch, form);
        }
        if !batch.is_empty() {
            match *self.form.get_or_insert(form) {
                Form::Modern => self.gathering.push(&batch, at),
                Form::Classic(version) => self.classic(&batch, version, at),
            }
        }
        self.feed.done(room);
    }

    /// Tags, filters and translates flows; says what they are stored as if nothing else has been said.
    fn treat(&mut self, batch: FlowBatch, form: Form) -> (FlowBatch, Form) {
        let Some(treating) = &mut self.treating else { return (batch, form) };
        let batch = treating.run(batch, |what| self.log.warn(what));
        self.stored.filtered = treating.out();
        (batch, treating.form(form))
    }

    /// Stores flows as records of a version, if that can be.
    fn classic(&mut self, batch: &FlowBatch, to: Version, at: i64) {
        let (flows, order) = (batch.len() as u64, self.making.classic.order);
        match batch.raw().filter(|raw| raw.layout.version == to) {
            Some(raw) if raw.order == order && matches!(batch.rows(), Rows::All(_)) => {
                return self.append(raw.bytes, flows, at);
            }
            Some(raw) => {
                self.records.clear();
                raw.copy(batch.rows(), order, &mut self.records);
            }
            None => {
                self.records.clear();
                let converter = self.converter.get_or_insert_with(|| Converter::new(to));
                if let Err(refusal) = converter.convert(batch, &mut self.records) {
                    return self.refuse(batch, &refusal);
                }
                if order != Order::HOST {
                    to.layout().swap(&mut self.records);
                }
            }
        }
        let records = mem::take(&mut self.records);
        self.append(&records, flows, at);
        self.records = records;
    }

    /// Counts flows that cannot be stored, and says so.
    fn refuse(&mut self, batch: &FlowBatch, refusal: &Refusal) {
        self.stored.refused += batch.len() as u64;
        let (log, refused) = (&self.log, self.stored.refused);
        let which = match batch.raw() {
            Some(raw) => format!("version {} flows", raw.layout.version),
            None => "NetFlow 9 or IPFIX flows".to_owned(),
        };
        self.refusals.complain(|more| {
            log.warn(format!("{which} are not stored: they {refusal}; {refused} flows so far{more}"));
        });
    }

    /// Stores the flows that were gathered as quick blocks.
    fn put_gathered(&mut self) {
        let (mut chunks, flows, at) = self.gathering.take();
        if flows > 0 || (!chunks.is_empty() && self.current.is_some()) {
            self.append(&chunks, flows, at);
        }
        chunks.clear();
        self.gathering.give_back(chunks);
    }

    /// Writes flows as they lie in the file, for as long as it takes.
    fn append(&mut self, octets: &[u8], flows: u64, at: i64) {
        let Some(form) = self.form else { return };
        self.clients.send(|| self.head(form), octets);
        let ready = match &self.current {
            None => self.insist(|store| store.first(form, at)),
            // Flows before these were given up: if they cannot be written, neither can these.
            Some(capture) => !capture.is_pending() || self.insist(Store::write_out),
        };
        if !ready {
            self.stored.unwritten += flows;
            return;
        }
        self.ease();
        if let Some(capture) = &mut self.current
            && let Err(error) = capture.append(octets, flows)
        {
            self.complain(&error);
            self.insist(Store::write_out);
        }
    }

    /// What a stream of flows to a client begins with.
    fn head(&self, form: Form) -> Vec<u8> {
        let mut head = clients::header(form, &self.making.write(form));
        head.extend(self.introduction());
        head
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
        let Some(capture) = self.current.as_mut().filter(|capture| !capture.is_rough()) else { return };
        capture.compress_at(level.unwrap_or(u8::MAX));
        if self.eased != level {
            self.eased = level;
            let (log, asked) = (&self.log, self.making.classic.level);
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
    fn first(&mut self, form: Form, at: i64) -> io::Result<()> {
        self.current = Some(Capture::create(&self.making, form, at, self.told, &self.introduction())?);
        Ok(())
    }

    /// What a file begins with, behind its header.
    fn introduction(&self) -> Vec<u8> {
        if self.form == Some(Form::Modern) { self.gathering.known() } else { Vec::new() }
    }

    /// Begins the file that is due, and completes the one before. If it cannot be begun, the one before goes on; if
    /// that cannot be completed, it is tried again later.
    fn begin(&mut self, start: i64) {
        let (Some(form), Some(_)) = (self.form, &self.current) else {
            // Nothing has been received yet: the first flows begin a file.
            self.rotate = None;
            return;
        };
        let total = self.totals();
        match Capture::create(&self.making, form, start, total, &self.introduction()) {
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
            match capture.finish(end, &total).and_then(|()| capture.name_finished()) {
                Ok(finished) => {
                    self.stored.flows += capture.flows();
                    match finished {
                        Some(path) => self.finished(path),
                        // The other end is there until we are gone.
                        None => _ = self.refining.send(capture.into_rough()),
                    }
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
        if let Some(form) = self.form {
            self.clients.greet(|| self.head(form));
        }
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
        self.clients.end(PATIENCE);
        self.stored
    }
}
