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
use crate::file::archive::Rotation;
use crate::flow::{Version, spare};
use crate::net::{Inbox, Receiver};
use crate::wire::{Counters, Decoder, Records};

/// Records are handed over when there are so many octets of them,
const BLOCK: usize = 256 << 10;
/// or so often: a killed collector has lost no more than what it received since.
const HAND_OVER: Duration = Duration::from_millis(500);
/// A signal is heard within so long.
const WAIT: Duration = Duration::from_millis(200);
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
    /// The version of the first datagram of all.
    first: Option<Version>,
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
    /// Receives until a signal says to end; returns what was counted, and how many flows found no room.
    pub fn run(self) -> io::Result<(Counters, u64)> {
        let mut inbox = Inbox::new();
        let mut desk = Desk {
            decoder: Decoder::new(),
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
        Ok((*desk.decoder.total(), desk.dropped))
    }

    fn hear(&self, inbox: &mut Inbox, desk: &mut Desk, wait: Duration) -> io::Result<usize> {
        let Desk { decoder, records, corrupt, first, .. } = desk;
        let heard = self.receiver.receive(inbox, wait, |from, datagram| {
            match decoder.decode(from.ip(), from.port(), datagram, records) {
                Ok(datagram) if first.is_none() => *first = datagram.form.classic(),
                Ok(_) => {}
                Err(reject) => {
                    corrupt.complain(|more| self.log.warn(format!("{from}: a corrupt datagram: {reject}{more}")));
                }
            }
        })?;
        if heard > 0 && desk.since.is_none() {
            desk.since = Some(now());
        }
        Ok(heard)
    }

    /// Hands the records to the storing thread, or counts them if it has no room for them.
    fn hand_over(&self, desk: &mut Desk) {
        desk.handed_over = Instant::now();
        // Archives hold classic records so far.
        desk.dropped += desk.records.drain_modern().map(|batch| batch.len() as u64).sum::<u64>();
        let at = desk.since.take().unwrap_or_else(now);
        let mut versions: Vec<_> = desk.records.iter().map(|(version, _)| version).collect();
        // The very first one decides what is stored.
        versions.sort_by_key(|version| Some(*version) != desk.first);
        for version in versions {
            let records = desk.records.take(version);
            // A few records do not keep a large buffer busy.
            let (records, empty) = match records.len() < records.capacity() / 4 {
                true => (records.as_slice().to_vec(), records),
                false => (records, spare()),
            };
            desk.records.recycle(version, empty);
            let block = Block { version, records, at, total: desk.total() };
            if let Err(block) = self.queue.offer(block) {
                desk.dropped += block.flows();
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
    /// The decoder's counts, with the flows dropped here as lost.
    fn total(&self) -> Counters {
        let total = self.decoder.total();
        Counters { lost: total.lost + self.dropped, ..*total }
    }
}
