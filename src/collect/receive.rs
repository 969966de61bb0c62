//! The receiving thread: hears, decodes, hands over, and does nothing that could make it wait.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::keeper::Task;
use super::log::{Bounded, Log};
use super::now;
use super::process::Signals;
use super::queue::{Block, Item, Queue};
use super::streams::{Heard, Streams};
use super::templates::Keeping;
use crate::file::archive::Rotation;
use crate::flow::{FlowBatch, Form};
use crate::net::{Inbox, Receiver};
use crate::wire::{Counters, Decoder, Records, Session};

/// Flows are handed over when there are so many octets of them,
const BLOCK: usize = 256 << 10;
/// or so often: a killed collector has lost no more than what it received since.
const HAND_OVER: Duration = Duration::from_millis(500);
/// A signal is heard within so long.
const WAIT: Duration = Duration::from_millis(200);
/// Where there may be connections, they are looked at so often.
const GLANCE: Duration = Duration::from_millis(10);
/// The clocks are looked at so often.
const LOOK: Duration = Duration::from_millis(50);
/// Told to end, what waits in the socket is still heard, for so long.
const LAST: Duration = Duration::from_secs(1);

/// What the receiving thread needs.
pub struct Receiving<'a> {
    /// The socket.
    pub receiver: &'a Receiver,
    /// Where flows go.
    pub queue: Queue,
    /// Who says how exporters do.
    pub keeper: Sender<Task>,
    /// When new files are begun.
    pub rotation: Rotation,
    /// Minutes between lines on how exporters do; 0 is none.
    pub stat: u32,
    /// What the collector is told.
    pub signals: &'a Signals,
    /// Where to say what happens.
    pub log: Log,
}

/// What is kept between batches of datagrams.
struct Desk {
    decoder: Decoder,
    records: Records,
    /// Flows for which the queue had no room.
    dropped: u64,
    handed_over: Instant,
    /// When the first of the records was received.
    since: Option<i64>,
    /// What the first datagram of all is stored as.
    first: Option<Form>,
    templates: Keeping,
    /// Connections, and whether they brought something when they were last looked at.
    streams: Option<Streams>,
    busy: bool,
    /// Facts that were handed over.
    facts: u64,
    corrupt: Bounded,
    full: Bounded,
}

/// What has a time.
struct Clock {
    startup: i64,
    local: SocketAddr,
    looked: Instant,
    /// The next file begins then.
    rotate: i64,
    /// The next lines on exporters are due then.
    stat: i64,
}

impl Receiving<'_> {
    /// Receives until a signal says to end; returns what was counted, and how many flows found no room. `decoder` may
    /// know templates already, which `templates` keeps.
    pub fn run(self, decoder: Decoder, templates: Keeping, streams: Streams) -> io::Result<(Counters, u64)> {
        let mut inbox = Inbox::new();
        let known: Vec<_> = decoder.facts().cloned().collect();
        if !known.is_empty() {
            self.queue.tell(Item::Facts(known));
        }
        let mut desk = Desk {
            decoder,
            templates,
            streams: Some(streams).filter(|streams| !streams.is_empty()),
            busy: false,
            facts: 0,
            records: Records::new(),
            dropped: 0,
            handed_over: Instant::now(),
            since: None,
            first: None,
            corrupt: Bounded::default(),
            full: Bounded::default(),
        };
        let startup = now();
        let mut clock = Clock {
            startup,
            local: self.receiver.local()?,
            looked: Instant::now(),
            rotate: self.rotation.next(startup),
            stat: self.next_stat(startup),
        };
        let mut trouble = Bounded::default();
        while !self.signals.end() && !self.queue.is_broken() {
            if let Err(error) = self.hear(&mut inbox, &mut desk, WAIT) {
                trouble.complain(|more| self.log.warn(format!("receiving: {error}; trying again{more}")));
                std::thread::sleep(LOOK);
            }
            let at = Instant::now();
            if desk.records.octets() >= BLOCK || at.duration_since(desk.handed_over) >= HAND_OVER {
                self.hand_over(&mut desk);
            }
            if at.duration_since(clock.looked) >= LOOK {
                clock.looked = at;
                self.look(&mut clock, &mut desk);
            }
        }
        let until = Instant::now() + LAST;
        while self.hear(&mut inbox, &mut desk, Duration::ZERO).is_ok_and(|heard| heard > 0) && Instant::now() < until {
            self.hand_over(&mut desk);
        }
        self.hand_over(&mut desk);
        self.queue.tell(Item::Close { total: desk.total() });
        desk.templates.save(&desk.decoder);
        Ok((*desk.decoder.total(), desk.dropped))
    }

    /// Takes what has come, and if nothing has waits for it.
    fn hear(&self, inbox: &mut Inbox, desk: &mut Desk, wait: Duration) -> io::Result<usize> {
        let wait = match &desk.streams {
            None => wait,
            // Only datagrams wake us.
            Some(_) if desk.busy => Duration::ZERO,
            Some(_) => wait.min(GLANCE),
        };
        let mut heard = self.receiver.receive(inbox, wait, |from, datagram| {
            desk.take(Session::datagrams(from.ip(), from.port()), from, datagram, &self.log);
        })?;
        if let Some(mut streams) = desk.streams.take() {
            let messages = streams.hear(|heard| match heard {
                Heard::Message(session, from, message) => desk.take(session, from, message, &self.log),
                Heard::Ended(session) => desk.decoder.forget(session),
            });
            desk.streams = Some(streams);
            let messages = messages?;
            desk.busy = messages > 0;
            heard += messages;
        }
        if heard > 0 && desk.since.is_none() {
            desk.since = Some(now());
        }
        Ok(heard)
    }

    /// Hands the flows to the storing thread, or counts them if it has no room for them.
    fn hand_over(&self, desk: &mut Desk) {
        desk.handed_over = Instant::now();
        let facts: Vec<_> = desk.records.facts().collect();
        if !facts.is_empty() {
            desk.facts += facts.len() as u64;
            self.queue.tell(Item::Facts(facts));
        }
        let at = desk.since.take().unwrap_or_else(now);
        let Some(form) = desk.first else { return };
        // A few flows do not keep a large buffer busy.
        let batches: Vec<_> = desk.records.drain().map(FlowBatch::tight).collect();
        for batch in batches {
            let block = Block { batch, form, at, total: desk.total() };
            if let Err(flows) = self.queue.offer(block) {
                desk.dropped += flows;
                let dropped = desk.dropped;
                desk.full.complain(|more| {
                    self.log.warn(format!("the queue is full: {dropped} flows dropped so far, for want of room{more}"));
                });
            }
        }
    }

    /// Does what is due by the clock, or was asked for by a signal.
    fn look(&self, clock: &mut Clock, desk: &mut Desk) {
        let at = now();
        let asked = self.signals.rotate();
        if asked || at >= clock.rotate {
            self.hand_over(desk);
            // Late by more than a file, because the machine slept or its clock was set, the file begins now.
            let on_time = !asked && at - clock.rotate < self.rotation.period();
            let start = if on_time { clock.rotate } else { at };
            self.queue.tell(Item::Rotate { at: start, total: desk.total() });
            clock.rotate = self.rotation.next(at);
        } else if clock.rotate - at > 2 * self.rotation.period() + 7200 {
            // The clock was set back.
            clock.rotate = self.rotation.next(at);
        }
        desk.templates.look(&desk.decoder, desk.decoder.total().templates + desk.facts);
        if self.stat > 0 && (at >= clock.stat || clock.stat - at > i64::from(self.stat) * 60) {
            clock.stat = self.next_stat(at);
            let streams = desk.decoder.streams().map(|(key, counters)| (*key, *counters)).collect();
            let stat = Task::Stat { now: at, startup: clock.startup, local: clock.local, streams };
            // The keeper ends after us.
            let _ = self.keeper.send(stat);
        }
    }

    /// The next whole multiple of so many minutes.
    fn next_stat(&self, after: i64) -> i64 {
        let every = i64::from(self.stat.max(1)) * 60;
        (after.div_euclid(every) + 1) * every
    }
}

impl Desk {
    /// Decodes a datagram, or a message of a connection.
    fn take(&mut self, session: Session, from: SocketAddr, message: &[u8], log: &Log) {
        match self.decoder.decode_in(session, message, &mut self.records) {
            Ok(datagram) => {
                self.first.get_or_insert(datagram.form);
                if let Some(reject) = datagram.damage {
                    self.corrupt.complain(|more| log.warn(format!("{from}: a damaged datagram: {reject}{more}")));
                }
            }
            Err(reject) => {
                self.corrupt.complain(|more| log.warn(format!("{from}: a corrupt datagram: {reject}{more}")));
            }
        }
    }

    /// The decoder's counts, with the flows dropped here as lost.
    fn total(&self) -> Counters {
        let total = self.decoder.total();
        Counters { lost: total.lost + self.dropped, ..*total }
    }
}
