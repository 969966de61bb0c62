//! Hearing datagrams.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use super::Endpoint;

/// Datagrams a system call takes at most.
const BATCH: usize = 256;
/// Octets a datagram has room for: every one that UDP can carry. The odd remainder keeps the slots' beginnings from
/// falling on the same cache lines; pages that no datagram reaches are never touched.
const SLOT: usize = 65_536 + 23 * 64;
/// Octets of socket buffer asked for: a tenth of a second of ten million flows a second.
const SOCKET_BUFFER: usize = 64 << 20;

/// Hears what exporters send to an endpoint.
#[derive(Debug)]
pub struct Receiver {
    socket: UdpSocket,
    /// The only exporter to be heard, if there is one.
    only: Option<IpAddr>,
    inode: u64,
}

/// The room that datagrams are received into. It is made in, and stays in, the thread that receives.
pub struct Inbox {
    headers: MultiHeaders<SockaddrStorage>,
    octets: Vec<u8>,
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox::new()
    }
}

impl Inbox {
    /// Room for a batch.
    pub fn new() -> Inbox {
        Inbox { headers: MultiHeaders::preallocate(BATCH, None), octets: vec![0; BATCH * SLOT] }
    }
}

impl Receiver {
    /// Binds the endpoint's local address, or joins the group that its remote address is. If neither address is
    /// given, IPv6 and IPv4 are both heard. The socket's buffer is made as large as the system allows.
    pub fn bind(at: &Endpoint) -> io::Result<Receiver> {
        let group = at.remote.filter(IpAddr::is_multicast);
        let both = at.local.is_none() && at.remote.is_none();
        let socket = if both { dual_stack(at.port).or_else(|_| bound(at, at.any()))? } else { open(at, group)? };
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &SOCKET_BUFFER)
            .or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &SOCKET_BUFFER));
        let inode = nix::sys::stat::fstat(socket.as_fd())?.st_ino;
        let only = at.remote.filter(|address| group.is_none() && !address.is_unspecified());
        Ok(Receiver { socket: socket.into(), only, inode })
    }

    /// The address bound.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Octets of socket buffer the system granted (Linux counts its own bookkeeping in).
    pub fn buffer(&self) -> usize {
        nix::sys::socket::getsockopt(&self.socket, sockopt::RcvBuf).unwrap_or(0)
    }

    /// Hands each datagram that is waiting, with its sender, to `each`: at most `BATCH` of them; waits until there
    /// is one, but not longer than `timeout`. Returns how many there were: 0 also when a signal came.
    pub fn receive(
        &self,
        inbox: &mut Inbox,
        timeout: Duration,
        mut each: impl FnMut(SocketAddr, &[u8]),
    ) -> io::Result<usize> {
        match self.batch(inbox, &mut each)? {
            0 if self.wait(timeout)? => self.batch(inbox, &mut each),
            n => Ok(n),
        }
    }

    /// Datagrams that the system dropped because the socket's buffer was full; `None` where it does not say.
    pub fn drops(&self) -> Option<u64> {
        ["/proc/net/udp", "/proc/net/udp6"].iter().find_map(|table| {
            let table = std::fs::read_to_string(table).ok()?;
            drops_in(&table, self.inode)
        })
    }

    fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn batch(&self, inbox: &mut Inbox, each: &mut impl FnMut(SocketAddr, &[u8])) -> io::Result<usize> {
        let Inbox { headers, octets } = inbox;
        let mut slots: Vec<[IoSliceMut; 1]> = octets.chunks_exact_mut(SLOT).map(|s| [IoSliceMut::new(s)]).collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        let received = match recvmmsg(self.socket.as_raw_fd(), headers, slots.iter_mut(), flags, None) {
            Ok(received) => received,
            // Refusals are answers to something sent from this port; none of them is about receiving.
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(0),
            Err(error) => return Err(error.into()),
        };
        let mut count = 0;
        for message in received {
            count += 1;
            let Some(from) = message.address.as_ref().and_then(sender) else { continue };
            if self.only.is_some_and(|only| only != from.ip()) {
                continue;
            }
            each(from, message.iovs().next().unwrap_or_default());
        }
        Ok(count)
    }
}

/// Who sent a datagram; IPv4 exporters that an IPv6 socket heard have their IPv4 addresses.
fn sender(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(v4.ip().into(), v4.port()));
    }
    let v6 = address.as_sockaddr_in6()?;
    Some(SocketAddr::new(IpAddr::V6(v6.ip()).to_canonical(), v6.port()))
}

fn open(at: &Endpoint, group: Option<IpAddr>) -> io::Result<Socket> {
    // Bound to the group's own address, a socket hears the group and nothing else.
    let socket = bound(at, group.or(at.local).unwrap_or(at.any()))?;
    match (group, at.local) {
        (Some(IpAddr::V4(group)), Some(IpAddr::V4(local))) => socket.join_multicast_v4(&group, &local)?,
        (Some(IpAddr::V4(group)), _) => socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?,
        (Some(IpAddr::V6(group)), _) => socket.join_multicast_v6(&group, at.scope)?,
        (None, _) => {}
    }
    Ok(socket)
}

fn bound(at: &Endpoint, address: IpAddr) -> io::Result<Socket> {
    let domain = if address.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    // Several may listen to a group; to an address only one.
    socket.set_reuse_address(address.is_multicast())?;
    socket.bind(&at.socket(address, at.port).into())?;
    Ok(socket)
}

fn dual_stack(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_only_v6(false)?;
    socket.bind(&SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port).into())?;
    Ok(socket)
}

/// A socket's drops in the kernel's table of UDP sockets: the tenth column is the inode, the last one the drops.
fn drops_in(table: &str, inode: u64) -> Option<u64> {
    let mut rows = table.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.get(9).and_then(|i| i.parse().ok()) == Some(inode))?;
    row.last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{SendOptions, Sender};

    const WAIT: Duration = Duration::from_secs(5);

    fn at(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn free_port() -> u16 {
        UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }

    /// Sends, and returns who was heard saying what.
    fn heard(receiver: &Receiver, to: &Endpoint, datagrams: &[&[u8]]) -> Vec<(IpAddr, Vec<u8>)> {
        let mut sender = Sender::connect(to, &SendOptions::default()).unwrap();
        datagrams.iter().for_each(|d| sender.send(d).unwrap());
        sender.flush().unwrap();
        let (mut all, mut inbox) = (Vec::new(), Inbox::new());
        while all.len() < datagrams.len() {
            let n = receiver.receive(&mut inbox, WAIT, |from, d| all.push((from.ip(), d.to_vec()))).unwrap();
            assert!(n > 0, "heard {} of {}", all.len(), datagrams.len());
        }
        all
    }

    #[test]
    fn one_socket_hears_both_families() {
        let port = free_port();
        let receiver = Receiver::bind(&at(&format!("0/0/{port}"))).unwrap();
        for address in ["127.0.0.1", "::1"] {
            if UdpSocket::bind((address, 0)).is_err() {
                continue; // a machine without IPv6
            }
            let all = heard(&receiver, &at(&format!("{address}/{address}/{port}")), &[b"a", b"", b"longer"]);
            assert!(all.iter().all(|(from, _)| *from == address.parse::<IpAddr>().unwrap()));
            let said: Vec<&[u8]> = all.iter().map(|(_, d)| d.as_slice()).collect();
            assert_eq!(said, [&b"a"[..], b"", b"longer"]);
        }
        assert_eq!(receiver.drops(), Some(0));
        assert!(receiver.buffer() > 0);
        let quiet = receiver.receive(&mut Inbox::new(), Duration::from_millis(1), |_, _| panic!());
        assert_eq!(quiet.unwrap(), 0);
    }

    #[test]
    fn datagrams_of_any_size_arrive_whole() {
        let port = free_port();
        let receiver = Receiver::bind(&at(&format!("127.0.0.1/0/{port}"))).unwrap();
        let long = vec![7; 65_507];
        let datagrams = [&long[..1464], &long[..1464], &long[..1464], &long[..100], &long, &long[..9000], &long[..1]];
        let all = heard(&receiver, &at(&format!("0/127.0.0.1/{port}")), &datagrams);
        assert!(all.iter().zip(datagrams).all(|((_, got), sent)| got == sent));
    }

    #[test]
    fn two_collectors_cannot_have_one_port() {
        let port = free_port();
        let _first = Receiver::bind(&at(&format!("127.0.0.1/0/{port}"))).unwrap();
        assert!(Receiver::bind(&at(&format!("127.0.0.1/0/{port}"))).is_err());
    }

    #[test]
    fn the_kernels_table_says_what_was_dropped() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     12: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 4711 2 0 33\n";
        assert_eq!(drops_in(table, 4711), Some(33));
        assert_eq!(drops_in(table, 1), None);
        assert_eq!(drops_in("", 1), None);
    }
}
