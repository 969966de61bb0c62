//! One destination: a thread that sends, and what waits for it. Whatever holds it up holds nobody else up: what finds no
//! room to wait is dropped, counted and said.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender as Queue, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::parcel::Parcel;
use crate::collect::log::{Bounded, Log};
use crate::net::{Endpoint, SendOptions, Sender, Spoofer};

/// Octets that wait for a destination at most: some seconds of a million flows a second.
const ROOM: usize = 64 << 20;
/// Where there is no way to a destination, one is looked for so often.
const AGAIN: Duration = Duration::from_secs(2);

/// A destination.
#[derive(Debug)]
pub struct Destination {
    name: String,
    queue: Queue<Arc<Parcel>>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
    full: Bounded,
    log: Log,
}

/// What a destination's work came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// Datagrams sent.
    pub datagrams: u64,
    /// Datagrams that the system refused to send.
    pub failed: u64,
    /// Flows for which there was no room to wait.
    pub dropped: u64,
}

/// What both threads know.
#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    datagrams: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    stop: AtomicBool,
}

/// A destination to which a way has been opened, or is to be looked for again.
pub struct Opened {
    to: Endpoint,
    options: SendOptions,
    spoof: bool,
    way: Option<Way>,
}

impl Opened {
    /// Opens the way to a destination.
    ///
    /// # Errors
    /// If the endpoint makes no sense, or what was asked for is not allowed. That there is no way to it at present is
    /// no error: one is looked for again.
    pub fn open(to: Endpoint, options: SendOptions, spoof: bool) -> io::Result<Opened> {
        let way = Way::open(&to, &options, spoof).map(Some).or_else(|error| match is_passing(&error) {
            true => Ok(None),
            false => Err(error),
        })?;
        Ok(Opened { to, options, spoof, way })
    }
}

impl Destination {
    /// Starts a destination's thread.
    pub fn start(opened: Opened, log: &Log) -> io::Result<Destination> {
        let name = opened.to.to_string();
        let (queue, parcels) = channel();
        let shared = Arc::<Shared>::default();
        let work = Work { opened, tried: Instant::now(), shared: shared.clone(), log: log.clone() };
        let thread = std::thread::Builder::new().name("send".into()).spawn(move || work.run(&parcels))?;
        Ok(Destination { name, queue, shared, thread, full: Bounded::default(), log: log.clone() })
    }

    /// The endpoint.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes datagrams to be sent, if there is room for them.
    pub fn offer(&mut self, parcel: &Arc<Parcel>) {
        let waiting = self.shared.waiting.load(Ordering::Relaxed);
        if waiting == 0 || waiting + parcel.room() <= ROOM {
            self.shared.waiting.fetch_add(parcel.room(), Ordering::Relaxed);
            if self.queue.send(parcel.clone()).is_ok() {
                return;
            }
        }
        let dropped = self.shared.dropped.fetch_add(parcel.flows(), Ordering::Relaxed) + parcel.flows();
        let (name, log) = (&self.name, &self.log);
        self.full.complain(|more| log.warn(format!("{name}: too slow: {dropped} flows dropped so far{more}")));
    }

    /// What it has come to so far.
    pub fn sent(&self) -> Sent {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { datagrams, failed, dropped, .. } = &*self.shared;
        Sent { datagrams: count(datagrams), failed: count(failed), dropped: count(dropped) }
    }

    /// Sends what waits, until a time at most; what then still waits is dropped. Says what all came to.
    pub fn end(self, until: Instant) -> Sent {
        let Destination { queue, shared, thread, .. } = self;
        drop(queue);
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        shared.stop.store(true, Ordering::Relaxed);
        // What is being sent may take one pause more.
        let last = Instant::now() + Duration::from_millis(200);
        while !thread.is_finished() && Instant::now() < last {
            std::thread::sleep(Duration::from_millis(5));
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Sent { datagrams: count(&shared.datagrams), failed: count(&shared.failed), dropped: count(&shared.dropped) }
    }
}

/// What the thread needs.
struct Work {
    opened: Opened,
    tried: Instant,
    shared: Arc<Shared>,
    log: Log,
}

impl Work {
    fn run(mut self, parcels: &Receiver<Arc<Parcel>>) {
        let (mut failures, mut refusals, mut refused) = (Bounded::default(), Bounded::default(), 0);
        for parcel in parcels {
            if let Err(error) = self.send(&parcel) {
                failures.complain(|more| self.log.warn(format!("{}: {error}{more}", self.opened.to)));
            }
            let now = self.opened.way.as_ref().map_or(0, Way::refused);
            if now > refused {
                refused = now;
                refusals.complain(|more| self.log.warn(format!("{}: nobody listens there{more}", self.opened.to)));
            }
            self.shared.waiting.fetch_sub(parcel.room(), Ordering::Relaxed);
        }
    }

    /// Sends a parcel; of several errors the last is told.
    fn send(&mut self, parcel: &Parcel) -> io::Result<()> {
        if self.shared.stop.load(Ordering::Relaxed) {
            self.shared.dropped.fetch_add(parcel.flows(), Ordering::Relaxed);
            return Ok(());
        }
        let Opened { to, options, spoof, way } = &mut self.opened;
        if way.is_none() && self.tried.elapsed() >= AGAIN {
            self.tried = Instant::now();
            *way = Way::open(to, options, *spoof).ok();
        }
        let Some(way) = way else {
            self.shared.failed.fetch_add(parcel.datagrams().count() as u64, Ordering::Relaxed);
            return Err(ErrorKind::NetworkUnreachable.into());
        };
        let mut result = Ok(());
        let (mut sent, mut failed) = (0, 0);
        for (exporter, datagram) in parcel.datagrams() {
            if self.shared.stop.load(Ordering::Relaxed) {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            sent += 1;
            if let Err(error) = way.send(exporter, datagram) {
                failed += 1;
                result = Err(error);
            }
        }
        if let Err(error) = way.flush() {
            failed += 1;
            result = Err(error);
        }
        self.shared.datagrams.fetch_add(sent - failed.min(sent), Ordering::Relaxed);
        self.shared.failed.fetch_add(failed, Ordering::Relaxed);
        result
    }
}

/// Whether an error may go away by itself.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown)
}

/// How datagrams leave: as ours, or in their exporters' names where those have IPv4 addresses.
enum Way {
    Plain(Sender),
    Spoofed(Box<(Spoofer, Sender)>),
}

impl Way {
    fn open(to: &Endpoint, options: &SendOptions, spoof: bool) -> io::Result<Way> {
        match spoof {
            false => Sender::connect(to, options).map(Way::Plain),
            true => {
                let spoofer = Spoofer::open(to, options)?;
                Ok(Way::Spoofed(Box::new((spoofer, Sender::connect(to, options)?))))
            }
        }
    }

    fn send(&mut self, exporter: Ipv4Addr, datagram: &[u8]) -> io::Result<()> {
        match self {
            Way::Plain(sender) => sender.send(datagram),
            Way::Spoofed(both) if exporter.is_unspecified() => both.1.send(datagram),
            Way::Spoofed(both) => both.0.send(exporter, datagram),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Way::Plain(sender) => sender.flush(),
            Way::Spoofed(both) => both.1.flush(),
        }
    }

    fn refused(&self) -> u64 {
        match self {
            Way::Plain(sender) => sender.refused(),
            Way::Spoofed(both) => both.1.refused(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::collect::log::Sink;

    #[test]
    fn a_slow_destination_takes_no_more_than_its_room() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to: Endpoint = format!("0/127.0.0.1/{}", socket.local_addr().unwrap().port()).parse().unwrap();
        let (log, _writing) = Log::start("test", Sink::Syslog, 0).unwrap();
        let options = SendOptions { pace: Duration::from_secs(1), ..SendOptions::default() };
        let mut slow = Destination::start(Opened::open(to, options, false).unwrap(), &log).unwrap();
        let mut parcel = Parcel::default();
        (0..1000).for_each(|_| parcel.push(Ipv4Addr::LOCALHOST, 1, &[0; 1400]));
        let (parcel, begun) = (Arc::new(parcel.take()), Instant::now());
        (0..100).for_each(|_| slow.offer(&parcel));
        let sent = slow.sent();
        assert!((50_000..60_000).contains(&sent.dropped), "{sent:?}");
        drop(slow);
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
