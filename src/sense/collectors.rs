//! The collectors that a sensor sends to.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::Failure;
use crate::cli::flow_sensor::Args;
use crate::cli::run::complain;
use crate::net::{Backlog, Endpoint, SendOptions, Sender, StreamSender, Transport};

/// Datagrams sent together when they are paced: few enough for a collector's socket buffer of the usual size.
const BURST: u32 = 16;
/// The usual pace, where nothing else is known of the collector.
const PACE: Duration = Duration::from_micros(50);
/// Datagrams sent together to a collector on this machine, when less than so many octets wait in its socket: the
/// smallest usual socket buffer, of 212,992 octets, holds both.
const LOCAL: u32 = 64;
const ROOM: u64 = 32 << 10;
/// A collector on this machine is looked at again after so long.
const GLANCE: Duration = Duration::from_micros(100);
/// A collector that takes nothing for so long is lost.
const STALL: Duration = Duration::from_secs(2);
/// A lost connection is tried again so often.
const AGAIN: Duration = Duration::from_secs(2);

/// Sends messages to all collectors, or to one after the other.
pub struct Collectors {
    ways: Vec<Way>,
    lost: Vec<Lost>,
    share: bool,
    ipv6: bool,
    pace: Pace,
    tried: Instant,
    messages: u64,
    failures: u64,
}

/// How fast messages are sent.
enum Pace {
    /// As fast as they come.
    Free,
    /// One so often; when the next are due.
    Steady(Duration, Instant),
    /// As fast as collectors on this machine read them, but no more slowly than usual.
    Local(Vec<Backlog>),
}

/// How messages get to a collector.
enum Way {
    Datagrams(Sender),
    /// `None` once it is lost.
    Connection(Option<StreamSender>),
}

/// How to connect to a collector: what to do again when the connection is lost.
#[derive(Clone)]
pub struct Lost {
    at: usize,
    endpoint: Endpoint,
    transport: Transport,
    options: SendOptions,
}

impl Lost {
    /// Tries to connect, which may take long.
    pub fn connect(&self) -> io::Result<StreamSender> {
        let stream = StreamSender::connect(&self.endpoint, self.transport, &self.options)?;
        stream.give_up_after(STALL)?;
        Ok(stream)
    }
}

impl Collectors {
    /// Connects to them. `live` if packets come whether we wait or not: nothing is paced then.
    pub fn connect(args: &Args, live: bool) -> Result<Collectors, Failure> {
        let options =
            SendOptions { hops: args.hop_limit, device: args.send_interface.clone(), ..SendOptions::default() };
        let endpoint = |text: &String| Endpoint::collector(text).map_err(|why| Failure::Usage(format!("-n {why}")));
        let endpoints = args.collectors.iter().map(endpoint).collect::<Result<Vec<_>, _>>()?;
        let transport = args.transport;
        let lost = |(at, endpoint): (usize, &Endpoint)| {
            let (endpoint, options) = (*endpoint, options.clone());
            Lost { at, endpoint, transport, options }
        };
        let lost: Vec<_> = endpoints.iter().enumerate().map(lost).collect();
        let connect = |(how, text): (&Lost, &String)| {
            let way = match transport {
                Transport::Udp => Sender::connect(&how.endpoint, &options).map(Way::Datagrams),
                _ => how.connect().map(Some).map(Way::Connection),
            };
            way.map_err(|e| Failure::io(text, &e))
        };
        let ways = lost.iter().zip(&args.collectors).map(connect).collect::<Result<Vec<_>, _>>()?;
        let free = transport.is_connected() || (live && args.pace.is_none());
        let pace = if free { Pace::Free } else { Pace::of(args.pace, &ways, &lost) };
        Ok(Collectors {
            pace,
            ways,
            lost,
            share: args.share,
            ipv6: endpoints.iter().any(Endpoint::is_ipv6),
            tried: Instant::now(),
            messages: 0,
            failures: 0,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// Whether any is reached over IPv6.
    pub fn ipv6(&self) -> bool {
        self.ipv6
    }

    /// How many of them get messages of their own: 1 if each gets all.
    pub fn shares(&self) -> usize {
        if self.share { self.ways.len().max(1) } else { 1 }
    }

    /// Messages sent.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Messages that did not go out, for each collector.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Where messages come from and go to.
    pub fn ends(&self) -> Vec<(SocketAddr, SocketAddr)> {
        let ends = |(way, how): (&Way, &Lost)| {
            let local = match way {
                Way::Datagrams(sender) => sender.local().ok(),
                Way::Connection(stream) => stream.as_ref().and_then(|stream| stream.local().ok()),
            };
            Some((local?, how.endpoint.destination()?))
        };
        self.ways.iter().zip(&self.lost).filter_map(ends).collect()
    }

    /// Lost connections, if it is time to try them again.
    pub fn lost(&mut self) -> Vec<Lost> {
        if self.tried.elapsed() < AGAIN {
            return Vec::new();
        }
        self.tried = Instant::now();
        let lost = self.ways.iter().zip(&self.lost).filter(|(way, _)| matches!(way, Way::Connection(None)));
        lost.map(|(_, how)| how.clone()).collect()
    }

    /// Takes a connection that was made again.
    pub fn found(&mut self, lost: &Lost, stream: StreamSender) {
        if let Some(way) = self.ways.get_mut(lost.at) {
            *way = Way::Connection(Some(stream));
        }
    }

    /// Sends a message to every collector; where they share, to the one whose turn it is.
    pub fn send(&mut self, message: &[u8]) {
        let turn = self.messages % self.shares() as u64;
        self.send_to(turn as usize, message);
    }

    /// Sends a message to every collector; where they share, to this one.
    pub fn send_to(&mut self, turn: usize, message: &[u8]) {
        self.messages += 1;
        let (share, mut results) = (self.share, Vec::new());
        let ours = self.ways.iter_mut().enumerate().filter(|(i, _)| !share || *i == turn);
        results.extend(ours.map(|(_, way)| way.send(message)));
        results.into_iter().for_each(|result| self.note(result));
        match &self.pace {
            Pace::Steady(..) if self.messages.is_multiple_of(BURST.into()) => self.pause(),
            Pace::Local(_) if self.messages.is_multiple_of(LOCAL.into()) => self.pause(),
            _ => {}
        }
    }

    /// Sends what waits, and waits until more may be sent.
    fn pause(&mut self) {
        self.flush();
        match &mut self.pace {
            Pace::Free => {}
            Pace::Steady(pace, due) => {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                *due = (*due).max(Instant::now()) + *pace * BURST;
            }
            Pace::Local(backlogs) => {
                let until = Instant::now() + PACE * LOCAL;
                loop {
                    // Where nobody listens there is nobody to wait for.
                    let mut full = false;
                    backlogs.retain(|backlog| {
                        let waiting = backlog.octets();
                        full |= waiting.is_some_and(|octets| octets > ROOM);
                        waiting.is_some()
                    });
                    if !full || Instant::now() >= until {
                        break;
                    }
                    thread::sleep(GLANCE);
                }
                if backlogs.is_empty() {
                    self.pace = Pace::Free;
                }
            }
        }
    }

    /// Sends what waits, and ends connections.
    pub fn finish(&mut self) {
        self.flush();
        for way in std::mem::take(&mut self.ways) {
            if let Way::Connection(Some(stream)) = way {
                self.note(stream.finish());
            }
        }
    }

    /// Sends what waits.
    pub fn flush(&mut self) {
        let results: Vec<_> = self.ways.iter_mut().map(Way::flush).collect();
        results.into_iter().for_each(|result| self.note(result));
    }

    /// Counts a message that did not go out; the first is reported.
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            if self.failures == 0 {
                complain("flow-sensor", format_args!("a message could not be sent: {error}"));
            }
            self.failures += 1;
        }
    }
}

impl Pace {
    /// The pace that was asked for, in microseconds, or what suits the collectors.
    fn of(asked: Option<u64>, ways: &[Way], lost: &[Lost]) -> Pace {
        let steady = |pace| Pace::Steady(pace, Instant::now());
        match asked {
            Some(0) => return Pace::Free,
            Some(pace) => return steady(Duration::from_micros(pace)),
            None => {}
        }
        let backlog = |(way, how): (&Way, &Lost)| match way {
            Way::Datagrams(sender) => Backlog::find(sender.local().ok()?, how.endpoint.destination()?),
            Way::Connection(_) => None,
        };
        let backlogs: Option<Vec<_>> = ways.iter().zip(lost).map(backlog).collect();
        backlogs.map_or(steady(PACE), Pace::Local)
    }
}

impl Way {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.by(|sender| sender.send(message), |stream| stream.send(message))
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            // What it lost has been counted.
            Way::Connection(None) => Ok(()),
            _ => self.by(Sender::flush, StreamSender::flush),
        }
    }

    /// A connection that fails is lost: what is sent fails too, until it is made again.
    fn by(
        &mut self,
        datagrams: impl FnOnce(&mut Sender) -> io::Result<()>,
        connection: impl FnOnce(&mut StreamSender) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Way::Datagrams(sender) => datagrams(sender),
            Way::Connection(open) => {
                let stream = open.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
                connection(stream).inspect_err(|_| *open = None)
            }
        }
    }
}
