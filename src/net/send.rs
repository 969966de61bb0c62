//! Sending datagrams.

use std::io::{self, IoSlice};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, sendmmsg};
use socket2::{Domain, Protocol, Socket, Type};

use super::Endpoint;

/// Datagrams a system call sends at most.
const BATCH: usize = 64;
/// Sleeping is this late at worst, on an idle machine; the rest of a pause is waited out awake.
const SLEEP_SLACK: Duration = Duration::from_micros(80);
/// Further behind than this, the pace begins anew instead of catching up in a burst.
const MOST_BEHIND: Duration = Duration::from_millis(1);

/// How datagrams are sent.
#[derive(Clone, Debug, Default)]
pub struct SendOptions {
    /// Time between two datagrams; none is full speed.
    pub pace: Duration,
    /// Hop limit (time to live); the endpoint's, else the system's.
    pub hops: Option<u8>,
    /// The network interface to send from.
    pub device: Option<String>,
}

/// Sends datagrams to one collector.
#[derive(Debug)]
pub struct Sender {
    socket: UdpSocket,
    pacer: Option<Pacer>,
    queue: Vec<u8>,
    ends: Vec<usize>,
    refused: u64,
}

impl Sender {
    /// A sender to the endpoint's remote address, from its local one.
    pub fn connect(to: &Endpoint, options: &SendOptions) -> io::Result<Sender> {
        let destination =
            to.destination().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no remote address"))?;
        let domain = if destination.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if let Some(device) = &options.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
        if let Some(local) = to.local {
            socket.bind(&SocketAddr::new(local, 0).into())?;
        }
        if let Some(hops) = options.hops.or(to.ttl) {
            limit_hops(&socket, &destination, hops.into())?;
        }
        socket.connect(&destination.into())?;
        let pacer = (!options.pace.is_zero()).then(|| Pacer::new(options.pace));
        Ok(Sender { socket: socket.into(), pacer, queue: Vec::new(), ends: Vec::new(), refused: 0 })
    }

    /// Sends a datagram: at its time if the sender is paced, else with the next [`BATCH`] at the latest. An error is
    /// of this datagram or of one queued before it, which is gone then; more may be sent.
    pub fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.queue.extend_from_slice(datagram);
        self.ends.push(self.queue.len());
        if let Some(pacer) = &mut self.pacer {
            pacer.wait();
            return self.flush();
        }
        if self.ends.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Sends what is queued.
    pub fn flush(&mut self) -> io::Result<()> {
        let result = self.send_queue();
        self.queue.clear();
        self.ends.clear();
        result
    }

    /// How often the collector's host answered that nobody listens there: each may stand for several datagrams.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The address sent from.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn send_queue(&mut self) -> io::Result<()> {
        let mut headers = MultiHeaders::<()>::preallocate(self.ends.len(), None);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let datagrams = starts.zip(&self.ends).filter_map(|(start, end)| self.queue.get(start..*end));
        let slices: Vec<[IoSlice; 1]> = datagrams.map(|d| [IoSlice::new(d)]).collect();
        let (mut rest, addresses) = (slices.as_slice(), vec![None; slices.len()]);
        let mut result = Ok(());
        while !rest.is_empty() {
            let sent = sendmmsg(self.socket.as_raw_fd(), &mut headers, rest, &addresses, [], MsgFlags::empty());
            let gone = match sent {
                Ok(sent) => sent.count(),
                // The answer to an earlier datagram; this one has not been tried yet.
                Err(Errno::ECONNREFUSED) => {
                    self.refused += 1;
                    0
                }
                Err(Errno::EINTR) => 0,
                Err(Errno::ENOBUFS | Errno::EAGAIN) => {
                    std::thread::sleep(Duration::from_millis(1));
                    0
                }
                Err(error) => {
                    result = Err(error.into());
                    1
                }
            };
            rest = rest.get(gone..).unwrap_or_default();
        }
        result
    }
}

fn limit_hops(socket: &Socket, to: &SocketAddr, hops: u32) -> io::Result<()> {
    match (to, to.ip().is_multicast()) {
        (SocketAddr::V4(_), false) => socket.set_ttl_v4(hops),
        (SocketAddr::V4(_), true) => socket.set_multicast_ttl_v4(hops),
        (SocketAddr::V6(_), false) => socket.set_unicast_hops_v6(hops),
        (SocketAddr::V6(_), true) => socket.set_multicast_hops_v6(hops),
    }
}

/// Lets one datagram go each so many microseconds.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Duration,
    due: Instant,
}

impl Pacer {
    pub fn new(pace: Duration) -> Pacer {
        Pacer { pace, due: Instant::now() }
    }

    /// Waits for the next datagram's time.
    pub fn wait(&mut self) {
        let now = Instant::now();
        let left = self.due.saturating_duration_since(now);
        if left > SLEEP_SLACK {
            std::thread::sleep(left - SLEEP_SLACK);
        }
        while Instant::now() < self.due {
            std::hint::spin_loop();
        }
        let behind = now.saturating_duration_since(self.due);
        self.due = if behind > MOST_BEHIND { now } else { self.due } + self.pace;
    }
}
