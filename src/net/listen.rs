//! Connections, the collector's side: IPFIX messages as they come over TCP and SCTP.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Socket};

use super::stream::socket;
use super::{Endpoint, Transport};

/// Octets read from a connection at a time: the longest message, at least.
const READ: usize = 1 << 16;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;
/// Octets of an IPFIX message's header.
const HEADER: usize = 16;
const IPFIX: u16 = 10;

/// What a listener puts up with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenOptions {
    /// Connections at a time; more are turned away.
    pub connections: usize,
    /// A connection that brings nothing for so long is closed.
    pub idle: Duration,
    /// So is one that leaves a message unfinished for so long.
    pub stalled: Duration,
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions { connections: 256, idle: Duration::from_secs(1800), stalled: Duration::from_secs(60) }
    }
}

/// Hears IPFIX exporters that connect to an endpoint. Nothing that one of them sends keeps others from being heard, or
/// takes more memory than two messages.
#[derive(Debug)]
pub struct StreamListener {
    listener: Socket,
    /// The only exporter to be heard, if there is one.
    only: Option<IpAddr>,
    options: ListenOptions,
    connections: Vec<Connection>,
    next: u64,
    scratch: Vec<u8>,
}

/// What happens on connections.
#[derive(Debug)]
pub enum Event<'a> {
    /// An exporter has connected.
    Opened(Peer),
    /// It has sent a message: a whole one, by its own word on its length, of IPFIX's version.
    Message(Peer, &'a [u8]),
    /// A connection has ended, and with it its templates.
    Closed(Peer, &'a Ending),
    /// Somebody has been turned away.
    Refused(SocketAddr, Refusal),
}

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Peer {
    /// The exporter; an IPv4 address is one, even where an IPv6 socket listens.
    pub address: SocketAddr,
    /// The connection's number, which no other of this listener has.
    pub connection: u64,
}

/// Why a connection ended.
#[derive(Debug)]
pub enum Ending {
    /// The exporter closed it, behind a whole message.
    Finished,
    /// The exporter closed it within a message, of which there were so many octets.
    Cut(usize),
    /// No message begins like this: the version and the length it says.
    Garbage(u16, u16),
    /// Nothing came for too long, in a message or between messages.
    Silent,
    /// The system says so.
    Failed(io::Error),
}

/// Why an exporter was turned away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// There are as many connections as there may be.
    Full,
    /// Only another address is to be heard.
    NotHeard,
}

#[derive(Debug)]
struct Connection {
    socket: Socket,
    peer: Peer,
    /// A message begun.
    rest: Vec<u8>,
    heard: Instant,
    /// When the message in `rest` was begun.
    begun: Instant,
}

impl StreamListener {
    /// Listens at the endpoint's local address. If neither of its addresses is given, to IPv6 and IPv4.
    pub fn bind(at: &Endpoint, transport: Transport, options: ListenOptions) -> io::Result<StreamListener> {
        let open = |address: IpAddr, both: bool| {
            let socket = socket(if address.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 }, transport)?;
            // A collector that is started again need not wait for its old connections to be forgotten.
            socket.set_reuse_address(true)?;
            if both {
                socket.set_only_v6(false)?;
            }
            socket.bind(&at.socket(address, at.port).into())?;
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>(socket)
        };
        let listener = match (at.local, at.remote) {
            (None, None) => open(Ipv6Addr::UNSPECIFIED.into(), true).or_else(|_| open(at.any(), false))?,
            (local, _) => open(local.unwrap_or(at.any()), false)?,
        };
        let only = at.remote.filter(|address| !address.is_unspecified());
        Ok(StreamListener { listener, only, options, connections: Vec::new(), next: 0, scratch: vec![0; READ] })
    }

    /// The address listened at.
    pub fn local(&self) -> io::Result<SocketAddr> {
        let address = self.listener.local_addr()?;
        address.as_socket().ok_or_else(|| ErrorKind::InvalidData.into())
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Hands what has happened to `each`; waits until something has, but not longer than `timeout`. Of each connection
    /// that has something, one read's worth is taken. Returns how many messages there were: 0 also when a signal came.
    pub fn receive(&mut self, timeout: Duration, mut each: impl FnMut(Event<'_>)) -> io::Result<usize> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let sockets = std::iter::once(&self.listener).chain(self.connections.iter().map(|c| &c.socket));
        let mut asked: Vec<PollFd> = sockets.map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        match poll(&mut asked, timeout) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(0),
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = asked.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        drop(asked);
        let mut messages = 0;
        let (now, options) = (Instant::now(), self.options);
        let mut ready_one = ready.iter().skip(1);
        let scratch = &mut self.scratch;
        self.connections.retain_mut(|connection| {
            let ready = ready_one.next().is_some_and(|ready| *ready);
            let ended = if ready { connection.read(scratch, now, &mut messages, &mut each) } else { None };
            let ending = ended.or_else(|| connection.is_silent(now, &options).then_some(Ending::Silent));
            if let Some(ending) = &ending {
                each(Event::Closed(connection.peer, ending));
            }
            ending.is_none()
        });
        if ready.first().is_some_and(|ready| *ready) {
            self.accept(now, &mut each);
        }
        Ok(messages)
    }

    fn accept(&mut self, now: Instant, each: &mut impl FnMut(Event<'_>)) {
        // What cannot be accepted (too many open files) stays, or is gone; neither ends the listening.
        while let Ok((socket, address)) = self.listener.accept() {
            let Some(address) = address.as_socket() else { continue };
            let address = SocketAddr::new(address.ip().to_canonical(), address.port());
            let refusal = if self.only.is_some_and(|only| only != address.ip()) {
                Some(Refusal::NotHeard)
            } else {
                (self.connections.len() >= self.options.connections).then_some(Refusal::Full)
            };
            if let Some(refusal) = refusal {
                each(Event::Refused(address, refusal));
                continue;
            }
            if socket.set_nonblocking(true).is_err() {
                continue;
            }
            // An exporter whose machine is gone is noticed in time; without this it is by its silence.
            let _ = socket.set_keepalive(true);
            let peer = Peer { address, connection: self.next };
            self.next += 1;
            each(Event::Opened(peer));
            self.connections.push(Connection { socket, peer, rest: Vec::new(), heard: now, begun: now });
        }
    }
}

impl Connection {
    /// Takes what has come, and says why there is no more to come if there is not.
    fn read(
        &mut self,
        scratch: &mut [u8],
        now: Instant,
        messages: &mut usize,
        each: &mut impl FnMut(Event<'_>),
    ) -> Option<Ending> {
        let count = match (&self.socket).read(scratch) {
            Ok(0) if self.rest.is_empty() => return Some(Ending::Finished),
            Ok(0) => return Some(Ending::Cut(self.rest.len())),
            Ok(count) => count,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return None,
            Err(error) => return Some(Ending::Failed(error)),
        };
        self.heard = now;
        let come = scratch.get(..count).unwrap_or_default();
        let peer = self.peer;
        let mut take = |octets: &[u8]| {
            whole(octets, |message| {
                *messages += 1;
                each(Event::Message(peer, message));
            })
        };
        let fresh = self.rest.is_empty();
        let taken = if fresh {
            let taken = take(come);
            let taken_octets = *taken.as_ref().unwrap_or(&0);
            self.rest.extend_from_slice(come.get(taken_octets..).unwrap_or_default());
            taken
        } else {
            self.rest.extend_from_slice(come);
            let taken = take(&self.rest);
            self.rest.drain(..*taken.as_ref().unwrap_or(&0));
            taken
        };
        if fresh || taken.as_ref().is_ok_and(|taken| *taken > 0) {
            self.begun = now;
        }
        taken.err()
    }

    fn is_silent(&self, now: Instant, options: &ListenOptions) -> bool {
        let since = |then| now.saturating_duration_since(then);
        since(self.heard) >= options.idle || (!self.rest.is_empty() && since(self.begun) >= options.stalled)
    }
}

/// Hands each whole message in front to `each`; returns how many octets they were.
fn whole(octets: &[u8], mut each: impl FnMut(&[u8])) -> Result<usize, Ending> {
    let mut at = 0;
    while let Some([v1, v2, l1, l2]) = octets.get(at..).and_then(|rest| rest.first_chunk()) {
        let (version, length) = (u16::from_be_bytes([*v1, *v2]), u16::from_be_bytes([*l1, *l2]));
        if version != IPFIX || usize::from(length) < HEADER {
            return Err(Ending::Garbage(version, length));
        }
        let Some(message) = octets.get(at..at + usize::from(length)) else { break };
        each(message);
        at += message.len();
    }
    Ok(at)
}

impl Ending {
    /// Whether it is how connections should end.
    pub fn is_fine(&self) -> bool {
        matches!(self, Ending::Finished)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Finished => f.write_str("the exporter closed the connection"),
            Ending::Cut(octets) => write!(f, "the connection ended within a message, after {octets} octets of it"),
            Ending::Garbage(IPFIX, length) => {
                write!(f, "a message of {length} octets, expected at least {HEADER}: the connection was closed")
            }
            Ending::Garbage(version, _) => {
                write!(f, "version {version}, expected IPFIX ({IPFIX}): the connection was closed")
            }
            Ending::Silent => f.write_str("nothing came for too long: the connection was closed"),
            Ending::Failed(error) => write!(f, "{error}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "too many connections: turned away",
            Refusal::NotHeard => "not the exporter that is to be heard: turned away",
        })
    }
}

#[cfg(test)]
mod tests;
