//! Sending datagrams.

use std::io::{self, IoSlice};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, sendmmsg, sendmsg};
use socket2::{Domain, Protocol, Socket, Type};

use super::Endpoint;

/// Datagrams a system call sends at most.
const BATCH: usize = 64;
/// Octets after which it sends: what one segmented send takes.
const BATCH_OCTETS: usize = 63_000;
/// Further behind than this, the pace begins anew instead of catching up in a burst. Sleep ends some 60 microseconds
/// late, so that shorter pauses come as a few datagrams at a time.
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
    /// Whether the system can cut datagrams of one size out of a large buffer, which is several times as fast.
    segments: bool,
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
            socket.bind(&to.socket(local, 0).into())?;
            if let (IpAddr::V4(local), true) = (local, destination.ip().is_multicast()) {
                socket.set_multicast_if_v4(&local)?;
            }
        }
        if let Some(hops) = options.hops.or(to.ttl) {
            limit_hops(&socket, &destination, hops.into())?;
        }
        socket.connect(&destination.into())?;
        let pacer = (!options.pace.is_zero()).then(|| Pacer::new(options.pace));
        Ok(Sender { socket: socket.into(), pacer, queue: Vec::new(), ends: Vec::new(), refused: 0, segments: true })
    }

    /// Sends a datagram: at its time if the sender is paced, else with the next `BATCH` at the latest. An error is
    /// of this datagram or of one queued before it, which is gone then; more may be sent.
    pub fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        self.queue.extend_from_slice(datagram);
        self.ends.push(self.queue.len());
        if let Some(pacer) = &mut self.pacer {
            pacer.wait();
            return self.flush();
        }
        if self.ends.len() >= BATCH || self.queue.len() >= BATCH_OCTETS { self.flush() } else { Ok(()) }
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
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let datagrams = starts.zip(&self.ends).filter_map(|(start, end)| self.queue.get(start..*end));
        let slices: Vec<[IoSlice; 1]> = datagrams.map(|d| [IoSlice::new(d)]).collect();
        let mut rest = slices.as_slice();
        let mut result = Ok(());
        while !rest.is_empty() {
            let run = if self.segments { run(rest) } else { 1 };
            let sent = match run {
                0 | 1 => send_each(&self.socket, rest),
                _ => send_segments(&self.socket, rest.get(..run).unwrap_or_default()),
            };
            let gone = match sent {
                Ok(sent) => sent,
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
                // Whatever is wrong, it may be the segmenting: an old system, a device without checksums.
                Err(_) if run > 1 => {
                    self.segments = false;
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

/// How many datagrams from the first on have its size; a shorter one may end the run.
fn run(datagrams: &[[IoSlice; 1]]) -> usize {
    let sizes = || datagrams.iter().map(|[d]| d.len());
    let size = sizes().next().unwrap_or(0);
    let same = sizes().take_while(|s| *s == size).count().min((BATCH_OCTETS + size) / size.max(1));
    match sizes().nth(same) {
        Some(last) if last < size && last > 0 => same + 1,
        _ => same,
    }
}

/// Sends a run (see [`run`]) in one piece, which the system cuts. Returns how many datagrams have gone.
fn send_segments(socket: &UdpSocket, run: &[[IoSlice; 1]]) -> nix::Result<usize> {
    let slices: Vec<IoSlice> = run.iter().map(|[d]| IoSlice::new(d)).collect();
    let size = run.first().map_or(0, |[d]| d.len()) as u16;
    let cut = [ControlMessage::UdpGsoSegments(&size)];
    sendmsg::<()>(socket.as_raw_fd(), &slices, &cut, MsgFlags::empty(), None).map(|_| run.len())
}

/// Sends datagrams one by one in one system call. Returns how many have gone.
fn send_each(socket: &UdpSocket, datagrams: &[[IoSlice; 1]]) -> nix::Result<usize> {
    let mut headers = MultiHeaders::<()>::preallocate(datagrams.len(), None);
    let addresses = vec![None; datagrams.len()];
    sendmmsg(socket.as_raw_fd(), &mut headers, datagrams, &addresses, [], MsgFlags::empty()).map(Iterator::count)
}

fn limit_hops(socket: &Socket, to: &SocketAddr, hops: u32) -> io::Result<()> {
    match (to, to.ip().is_multicast()) {
        (SocketAddr::V4(_), false) => socket.set_ttl_v4(hops),
        (SocketAddr::V4(_), true) => socket.set_multicast_ttl_v4(hops),
        (SocketAddr::V6(_), false) => socket.set_unicast_hops_v6(hops),
        (SocketAddr::V6(_), true) => socket.set_multicast_hops_v6(hops),
    }
}

/// Lets one datagram go each so many microseconds, on average.
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
        std::thread::sleep(self.due.saturating_duration_since(now));
        let behind = now.saturating_duration_since(self.due);
        self.due = if behind > MOST_BEHIND { now } else { self.due } + self.pace;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_of_one_size_but_for_its_last() {
        let lengths = |sizes: &[usize]| {
            let octets = vec![0; 2000];
            run(&sizes.iter().map(|s| [IoSlice::new(&octets[..*s])]).collect::<Vec<_>>())
        };
        assert_eq!(lengths(&[]), 0);
        assert_eq!(lengths(&[72]), 1);
        assert_eq!(lengths(&[72, 72, 120]), 2);
        assert_eq!(lengths(&[72, 72, 40, 40]), 3);
        assert_eq!(lengths(&[72, 40, 40]), 2);
        assert_eq!(lengths(&[0, 72]), 1);
    }

    #[test]
    fn a_pace_is_kept_on_average() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Duration::from_micros(100));
        (0..200).for_each(|_| pacer.wait());
        assert!(start.elapsed() >= Duration::from_millis(19));
    }
}
