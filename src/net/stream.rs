//! Connections: IPFIX over TCP and SCTP (RFC 7011 sections 10.2 and 10.4), the sender's side.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::send::Pacer;
use super::{Endpoint, SendOptions};

/// IPPROTO_SCTP, which not every system has.
const SCTP: i32 = 132;
/// Octets of messages that are gathered for one write to a TCP connection.
const GATHER: usize = 1 << 16;
/// How long to wait for the collector to close its side at the end.
const LAST: Duration = Duration::from_secs(1);

/// What messages travel by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Transport {
    /// Datagrams, which may be lost.
    #[default]
    Udp,
    /// A TCP connection.
    Tcp,
    /// An SCTP association, where the system has it.
    Sctp,
}

impl Transport {
    /// Whether it is by connections: messages arrive all and in order, and templates are a connection's own.
    pub fn is_connected(self) -> bool {
        self != Transport::Udp
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Sctp => "sctp",
        })
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Transport, String> {
        let all = [Transport::Udp, Transport::Tcp, Transport::Sctp];
        let found = all.into_iter().find(|transport| transport.to_string() == text);
        found.ok_or_else(|| format!("'{text}' is not a transport: expected udp, tcp or sctp"))
    }
}

/// A stream socket of a family.
pub(super) fn socket(domain: Domain, transport: Transport) -> io::Result<Socket> {
    let protocol = if transport == Transport::Sctp { Protocol::from(SCTP) } else { Protocol::TCP };
    Socket::new(domain, Type::STREAM, Some(protocol)).map_err(|error| {
        let unknown = [Errno::EPROTONOSUPPORT, Errno::ESOCKTNOSUPPORT].map(|errno| Some(errno as i32));
        match transport == Transport::Sctp && unknown.contains(&error.raw_os_error()) {
            true => io::Error::new(ErrorKind::Unsupported, "this system has no SCTP (on Linux: modprobe sctp)"),
            false => error,
        }
    })
}

/// Sends messages to one collector over a connection. If that is lost, so is what was on its way: sending fails, and
/// whoever sends decides whether to begin anew, with templates again.
#[derive(Debug)]
pub struct StreamSender {
    socket: Socket,
    transport: Transport,
    pacer: Option<Pacer>,
    queue: Vec<u8>,
}

impl StreamSender {
    /// Connects to the endpoint's remote address, from its local one.
    pub fn connect(to: &Endpoint, transport: Transport, options: &SendOptions) -> io::Result<StreamSender> {
        let destination =
            to.destination().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "no remote address"))?;
        let socket = socket(Domain::for_address(destination), transport)?;
        if let Some(device) = &options.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
        if let Some(local) = to.local {
            socket.bind(&to.socket(local, 0).into())?;
        }
        if let Some(hops) = options.hops.or(to.ttl) {
            match destination {
                SocketAddr::V4(_) => socket.set_ttl_v4(hops.into())?,
                SocketAddr::V6(_) => socket.set_unicast_hops_v6(hops.into())?,
            }
        }
        socket.connect(&destination.into())?;
        let pacer = (!options.pace.is_zero()).then(|| Pacer::new(options.pace));
        Ok(StreamSender { socket, transport, pacer, queue: Vec::new() })
    }

    /// Fails, instead of waiting, when the collector takes nothing for so long.
    pub fn give_up_after(&self, stalled: Duration) -> io::Result<()> {
        self.socket.set_write_timeout(Some(stalled))
    }

    /// The address sent from.
    pub fn local(&self) -> io::Result<SocketAddr> {
        let unknown = || io::Error::new(ErrorKind::Unsupported, "an address of another family");
        self.socket.local_addr()?.as_socket().ok_or_else(unknown)
    }

    /// Sends a whole message: at its time if the sender is paced, else by TCP with others.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.queue.extend_from_slice(message);
        if let Some(pacer) = &mut self.pacer {
            pacer.wait();
            return self.flush();
        }
        // What is written to an SCTP association at once is one message of it, and must be one of ours.
        if self.transport == Transport::Sctp || self.queue.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    /// Sends what is queued.
    pub fn flush(&mut self) -> io::Result<()> {
        let result = (&self.socket).write_all(&self.queue);
        self.queue.clear();
        result.map_err(lost)
    }

    /// Sends what is queued and ends the connection. Fails also if the collector breaks it off rather than end it.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.socket.shutdown(Shutdown::Write).map_err(lost)?;
        self.socket.set_read_timeout(Some(LAST))?;
        match (&self.socket).read(&mut [0; 512]) {
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(lost(error)),
            // Collectors have nothing to say.
            _ => Ok(()),
        }
    }
}

/// A connection that the other side closed, in words; a closed pipe is something else to programs.
fn lost(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::NotConnected => {
            let why = "the collector closed the connection; what was on its way is lost";
            io::Error::new(ErrorKind::ConnectionReset, why)
        }
        _ => error,
    }
}
