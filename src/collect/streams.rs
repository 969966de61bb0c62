//! IPFIX over connections, beside the datagrams: exporters that connect by TCP or SCTP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::log::{Bounded, Log};
use crate::net::{Event, Peer, StreamListener};
use crate::wire::Session;

/// What came over a connection.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A message.
    Message(Session, SocketAddr, &'a [u8]),
    /// The connection's end, and its templates'.
    Ended(Session),
}

/// Listeners for connections.
#[derive(Debug)]
pub struct Streams {
    listeners: Vec<StreamListener>,
    refusals: Bounded,
    failures: Bounded,
    log: Log,
}

impl Streams {
    /// Hears with these listeners.
    pub fn new(listeners: Vec<StreamListener>, log: Log) -> Streams {
        Streams { listeners, refusals: Bounded::default(), failures: Bounded::default(), log }
    }

    /// Whether there is nothing to listen to.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// Hands what has come to `each`, without waiting for more; says how many messages there were.
    pub fn hear(&mut self, mut each: impl FnMut(Heard<'_>)) -> io::Result<usize> {
        let Streams { listeners, refusals, failures, log } = self;
        let (count, mut messages) = (listeners.len() as u64, 0);
        for (at, listener) in listeners.iter_mut().enumerate() {
            // Connections of different listeners have different numbers.
            let session = |peer: Peer| {
                let number = peer.connection * count + at as u64;
                Session::connection(peer.address.ip(), peer.address.port(), number)
            };
            messages += listener.receive(Duration::ZERO, |event| match event {
                Event::Opened(peer) => log.debug(1, || format!("{} connected", peer.address)),
                Event::Message(peer, message) => each(Heard::Message(session(peer), peer.address, message)),
                Event::Closed(peer, ending) => {
                    match ending.is_fine() {
                        true => log.debug(1, || format!("{}: {ending}", peer.address)),
                        false => failures.complain(|more| log.warn(format!("{}: {ending}{more}", peer.address))),
                    }
                    each(Heard::Ended(session(peer)));
                }
                Event::Refused(address, why) => {
                    refusals.complain(|more| log.warn(format!("{address}: {why}{more}")));
                }
            })?;
        }
        Ok(messages)
    }
}
