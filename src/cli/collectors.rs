//! The collectors that a sensor sends to.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::flow_sensor::Args;
use super::run::complain;
use crate::net::{Endpoint, SendOptions, Sender, StreamSender, Transport};

/// Datagrams sent together when they are paced: few enough for a collector's socket buffer of the usual size.
const BURST: u32 = 16;

/// Sends messages to all collectors, or to one after the other.
pub struct Collectors {
    ways: Vec<Way>,
    share: bool,
    ipv6: bool,
    pace: Duration,
    due: Instant,
    messages: u64,
    failures: u64,
}

/// How messages get to a collector.
enum Way {
    Datagrams(Sender),
    /// `None` once it is lost.
    Connection(Option<StreamSender>),
}

impl Collectors {
    /// Connects to them.
    pub fn connect(args: &Args) -> Result<Collectors, Failure> {
        let options =
            SendOptions { hops: args.hop_limit, device: args.send_interface.clone(), ..SendOptions::default() };
        let endpoint = |text: &String| Endpoint::collector(text).map_err(|why| Failure::Usage(format!("-n {why}")));
        let endpoints = args.collectors.iter().map(endpoint).collect::<Result<Vec<_>, _>>()?;
        let connect = |(to, text): (&Endpoint, &String)| {
            let way = match args.transport {
                Transport::Udp => Sender::connect(to, &options).map(Way::Datagrams),
                other => StreamSender::connect(to, other, &options).map(Some).map(Way::Connection),
            };
            way.map_err(|e| Failure::io(text, &e))
        };
        let ways = endpoints.iter().zip(&args.collectors).map(connect).collect::<Result<_, _>>()?;
        Ok(Collectors {
            ways,
            share: args.share,
            ipv6: endpoints.iter().any(Endpoint::is_ipv6),
            pace: if args.transport.is_connected() { Duration::ZERO } else { Duration::from_micros(args.pace) },
            due: Instant::now(),
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
        if !self.pace.is_zero() && self.messages.is_multiple_of(u64::from(BURST)) {
            self.flush();
            thread::sleep(self.due.saturating_duration_since(Instant::now()));
            self.due = self.due.max(Instant::now()) + self.pace * BURST;
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

    fn flush(&mut self) {
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

    /// A connection that fails is lost: what is sent later fails too.
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
