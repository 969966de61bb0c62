//! What flow-fanout does: receive, change, send on.
//!
//! One thread receives, and every [destination] has its own, with a queue that is bounded: a slow or dead one is nobody
//! else's concern. Where nothing is to be changed datagrams go on as they came, but for what their new collectors would
//! take exporters for each other by ([`Relay`]); else their flows are decoded, changed and packed again ([change]).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::collect::log::{Bounded, Log};
use crate::collect::now;
use crate::collect::process::Signals;
use crate::collect::stat::{self, Filtered};
use crate::flow::Form;
use crate::net::{Inbox, Receiver};
use crate::wire::{Counters, Datagram, Decoder, Protocol, Records, Relay, Sequence};

pub mod change;
pub mod destination;
pub mod parcel;

use change::{Changer, Changes};
use destination::{Destination, Opened, Sent};
use parcel::Parcel;

/// A signal is heard within so long.
const WAIT: Duration = Duration::from_millis(200);
/// The clocks are looked at so often.
const LOOK: Duration = Duration::from_millis(250);
/// The system is asked so often what it dropped.
const ASK: Duration = Duration::from_secs(10);
/// Told to end, what waits in the socket is still heard, and what waits to be sent is sent, for so long each.
const LAST: Duration = Duration::from_secs(2);

/// What is to be done.
pub struct Config {
    /// Where datagrams go.
    pub destinations: Vec<Opened>,
    /// Whether they go out in their exporters' names.
    pub spoof: bool,
    /// What is changed.
    pub changes: Changes,
    /// Minutes between lines on how exporters and destinations do; 0 is none.
    pub stat: u32,
}

/// What the work came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// What was received.
    pub received: Counters,
    /// Flows that the filter did not let through.
    pub filtered: u64,
    /// Flows that the version sent has no room for.
    pub refused: u64,
    /// What each destination got.
    pub sent: Vec<(String, Sent)>,
}

/// Sends on what is received until a signal says to end.
///
/// # Errors
/// If threads cannot be started. Whatever goes wrong later is logged, counted and tried again.
pub fn run(config: Config, receiver: &Receiver, signals: &Signals, log: &Log) -> io::Result<Summary> {
    let destinations = config.destinations.into_iter().map(|opened| Destination::start(opened, log));
    let destinations = destinations.collect::<io::Result<_>>()?;
    let changer = config.changes.are_any().then(|| Changer::new(config.changes, config.spoof));
    let mut desk = Desk {
        decoder: Decoder::new(),
        records: Records::new(),
        relay: if config.spoof { Relay::new().by_exporter() } else { Relay::new() },
        changer,
        parcel: Parcel::default(),
        destinations,
        filtered: Filtered::default(),
        summary: Summary::default(),
        corrupt: Bounded::default(),
        refused: Bounded::default(),
        log: log.clone(),
    };
    let (mut inbox, mut trouble) = (Inbox::new(), Bounded::default());
    let mut clock = Clock::start(config.stat, receiver)?;
    while !signals.end() {
        if let Err(error) = desk.hear(receiver, &mut inbox, WAIT) {
            trouble.complain(|more| log.warn(format!("receiving: {error}; trying again{more}")));
            std::thread::sleep(LOOK);
        }
        clock.look(&desk, receiver, signals);
    }
    let until = Instant::now() + LAST;
    while desk.hear(receiver, &mut inbox, Duration::ZERO).is_ok_and(|heard| heard > 0) && Instant::now() < until {}
    clock.ask(receiver, log);
    Ok(desk.end())
}

/// What is kept between datagrams.
struct Desk {
    decoder: Decoder,
    records: Records,
    relay: Relay,
    changer: Option<Changer>,
    parcel: Parcel,
    destinations: Vec<Destination>,
    filtered: Filtered,
    summary: Summary,
    corrupt: Bounded,
    refused: Bounded,
    log: Log,
}

impl Desk {
    /// Takes what has come, waiting for it if nothing has, and sends it on. Says how many datagrams it was.
    fn hear(&mut self, receiver: &Receiver, inbox: &mut Inbox, wait: Duration) -> io::Result<usize> {
        let heard = receiver.receive(inbox, wait, |from, datagram| self.take(from, datagram))?;
        if let Some(changer) = &mut self.changer {
            changer.finish(&mut self.parcel);
        }
        if !self.parcel.is_empty() {
            let parcel = Arc::new(self.parcel.take());
            self.destinations.iter_mut().for_each(|destination| destination.offer(&parcel));
        }
        Ok(heard)
    }

    /// Takes a datagram. One of which nothing can be understood is not sent on.
    fn take(&mut self, from: SocketAddr, octets: &[u8]) {
        let heard = match self.decoder.decode(from.ip(), from.port(), octets, &mut self.records) {
            Ok(heard) => heard,
            Err(reject) => {
                self.corrupt.complain(|more| self.log.warn(format!("{from}: a corrupt datagram: {reject}{more}")));
                return;
            }
        };
        if let Some(reject) = heard.damage {
            self.corrupt.complain(|more| self.log.warn(format!("{from}: a damaged datagram: {reject}{more}")));
        }
        if self.changer.is_some() {
            self.change(from, &heard, octets);
        } else {
            self.records.clear();
            self.records.facts().for_each(drop);
            self.parcel.push(name_of(from.ip()), heard.flows as u64, octets);
            self.relay.pass(from.ip(), from.port(), heard.sequence, self.parcel.last());
        }
    }

    fn change(&mut self, from: SocketAddr, heard: &Datagram, octets: &[u8]) {
        let Some(changer) = &mut self.changer else { return };
        if let (Form::Classic(version), Sequence::Lost(flows)) = (heard.form, heard.sequence) {
            let engine = |at: usize| octets.get(at).copied().unwrap_or(0);
            changer.skip(version, name_of(from.ip()), (engine(20), engine(21)), flows);
        }
        if self.records.facts().count() > 0 {
            let all: Vec<_> = self.decoder.facts().cloned().collect();
            changer.tell(&all);
        }
        let protocol = if heard.protocol == Protocol::V9.number() { Protocol::V9 } else { Protocol::Ipfix };
        let (mut filtered, mut refused) = (0, 0);
        for batch in self.records.drain() {
            let outcome = changer.change(batch, protocol, millis(), &mut self.parcel);
            filtered += outcome.filtered;
            refused += outcome.refused;
        }
        if filtered > 0 {
            self.summary.filtered += filtered;
            self.filtered.add(from.ip(), heard.protocol, filtered);
        }
        if refused > 0 {
            self.summary.refused += refused;
            let all = self.summary.refused;
            self.refused.complain(|more| {
                self.log.warn(format!("{from}: {all} flows so far have no place in the version sent{more}"));
            });
        }
    }

    /// Says how exporters and destinations do.
    fn tell(&self, at: i64, startup: i64, local: SocketAddr) {
        let streams: Vec<_> = self.decoder.streams().map(|(key, counters)| (*key, *counters)).collect();
        stat::lines(at, startup, local, &streams, &self.filtered).into_iter().for_each(|line| self.log.line(line));
        for destination in &self.destinations {
            let Sent { datagrams, failed, dropped } = destination.sent();
            let name = destination.name();
            self.log.line(format!("SENT: now={at} to={name} pkts={datagrams} failed={failed} dropped_flows={dropped}"));
        }
    }

    fn end(self) -> Summary {
        let missing = self.changer.map_or(0, |changer| changer.left_out().len());
        if missing > 0 {
            self.log.warn(format!("flows were sent without {missing} elements that the version sent cannot carry"));
        }
        let until = Instant::now() + LAST;
        let sent = self.destinations.into_iter().map(|d| (d.name().to_owned(), d.end(until))).collect();
        Summary { received: *self.decoder.total(), sent, ..self.summary }
    }
}

/// What has a time.
struct Clock {
    startup: i64,
    local: SocketAddr,
    minutes: i64,
    looked: Instant,
    asked: Instant,
    /// The next lines are due then, if any are.
    stat: i64,
    drops: u64,
}

impl Clock {
    fn start(minutes: u32, receiver: &Receiver) -> io::Result<Clock> {
        let (startup, looked, minutes) = (now(), Instant::now(), minutes.into());
        let mut clock = Clock { startup, local: receiver.local()?, minutes, looked, asked: looked, stat: 0, drops: 0 };
        clock.stat = clock.next(startup);
        Ok(clock)
    }

    /// The next whole multiple of so many minutes.
    fn next(&self, after: i64) -> i64 {
        let every = self.minutes.max(1) * 60;
        (after.div_euclid(every) + 1) * every
    }

    /// Does what is due by the clock, or was asked for by a signal.
    fn look(&mut self, desk: &Desk, receiver: &Receiver, signals: &Signals) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        if self.asked.elapsed() >= ASK {
            self.ask(receiver, &desk.log);
        }
        let at = now();
        let due = self.minutes > 0 && (at >= self.stat || self.stat - at > self.minutes * 60);
        if signals.rotate() || due {
            self.stat = self.next(at);
            desk.tell(at, self.startup, self.local);
        }
    }

    /// Says what the system dropped since it was last asked.
    fn ask(&mut self, receiver: &Receiver, log: &Log) {
        self.asked = Instant::now();
        let drops = receiver.drops().unwrap_or(0);
        if drops > self.drops {
            let new = drops - self.drops;
            log.warn(format!("{new} datagrams were dropped by the system: they came faster than they were received"));
        }
        self.drops = drops;
    }
}

/// The address that a datagram can be sent on in the name of: none of IPv6.
fn name_of(exporter: IpAddr) -> Ipv4Addr {
    match exporter.to_canonical() {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

/// Milliseconds since 1970.
fn millis() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
