//! What waits in the sockets of a collector on this machine: who sends faster than it reads can wait for it.

use std::net::SocketAddr;
use std::path::Path;

/// Linux's tables of UDP sockets.
const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// The sockets of this machine that hear a UDP port.
#[derive(Clone, Copy, Debug)]
pub struct Backlog {
    port: u16,
    table: &'static str,
}

impl Backlog {
    /// Finds them, be there any or not; `None` if it is another machine that messages go to, or nothing is known.
    pub fn find(from: SocketAddr, to: SocketAddr) -> Option<Backlog> {
        let local = to.ip().is_loopback() || to.ip() == from.ip();
        let known = || TABLES.into_iter().filter(|table| local && Path::new(table).exists());
        let backlogs = || known().map(|table| Backlog { port: to.port(), table });
        backlogs().find(|backlog| backlog.octets().is_some()).or_else(|| backlogs().next())
    }

    /// Octets that wait, with what the system adds to each message, in the fullest of them; `None` if there is none
    /// any more.
    pub fn octets(&self) -> Option<u64> {
        waiting(&std::fs::read_to_string(self.table).ok()?, self.port)
    }
}

/// The longest of the receive queues of a port in a table of sockets.
fn waiting(table: &str, port: u16) -> Option<u64> {
    let queue = |row: &str| {
        let mut columns = row.split_ascii_whitespace().skip(1);
        let (_, own) = columns.next()?.rsplit_once(':')?;
        if u16::from_str_radix(own, 16).ok()? != port {
            return None;
        }
        let (_, received) = columns.nth(2)?.split_once(':')?;
        u64::from_str_radix(received, 16).ok()
    };
    table.lines().skip(1).filter_map(queue).max()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn what_waits_is_seen() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (from, to) = (sender.local_addr().unwrap(), socket.local_addr().unwrap());
        let Some(backlog) = Backlog::find(from, to) else {
            return eprintln!("passed over: no table of sockets in /proc");
        };
        assert_eq!(backlog.octets(), Some(0));
        sender.send_to(&[0; 1000], to).unwrap();
        assert!(backlog.octets().is_some_and(|octets| octets >= 1000));
        socket.recv(&mut [0; 1000]).unwrap();
        assert_eq!(backlog.octets(), Some(0));
        drop(socket);
        assert_eq!(backlog.octets(), None);
        assert!(Backlog::find(from, "192.0.2.1:9".parse().unwrap()).is_none());
    }

    #[test]
    fn tables_are_read_as_far_as_they_are_such() {
        let row =
            "  12: 0100007F:0807 00000000:0000 07 00000000:00000A00 00:00000000 00000000 0 0 77 2 0000000000000000 0";
        let table = format!("  sl  local_address\n{row}\n  13: 00000000:0807 0:0 07 0:1 0\nnonsense\n\n: :\n");
        assert_eq!((waiting(&table, 0x807), waiting(&table, 1), waiting("", 1)), (Some(0xA00), None, None));
    }
}
