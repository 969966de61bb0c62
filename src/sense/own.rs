//! The sensor's own exports, which are not metered where they cross an interface that is.

use std::net::SocketAddr;

use crate::meter::link::plain_ipv4;
use crate::meter::packet::{Address, Fragment, Ip};
use crate::meter::source::Frame;

/// Where the sensor's messages come from and go to.
#[derive(Clone, Default)]
pub struct Own {
    ends: Vec<(SocketAddr, SocketAddr)>,
    /// The collectors' IPv4 addresses, in network order: most packets are told apart by these.
    ipv4: Vec<[u8; 4]>,
    other: bool,
}

impl Own {
    /// Messages between these addresses, the sensor's before the collector's.
    pub fn new(ends: Vec<(SocketAddr, SocketAddr)>) -> Own {
        let ipv4 = ends.iter().filter_map(|(_, to)| match to {
            SocketAddr::V4(to) => Some(to.ip().octets()),
            SocketAddr::V6(_) => None,
        });
        let ipv4: Vec<_> = ipv4.collect();
        Own { other: ipv4.len() < ends.len(), ipv4, ends }
    }

    /// Whether a frame is one of the sensor's own, or a collector's answer to it.
    #[inline]
    pub fn is(&self, frame: &Frame<'_>) -> bool {
        if self.ends.is_empty() {
            return false;
        }
        if let Some(found) = plain_ipv4(frame)
            && let Some(Some(addresses)) = found.packet.get(12..20).map(|octets| octets.first_chunk::<8>())
        {
            let [a, b, c, d, e, f, g, h] = *addresses;
            return self.ipv4.iter().any(|to| *to == [a, b, c, d] || *to == [e, f, g, h]) && self.is_either_way(frame);
        }
        (self.other || !self.ipv4.is_empty()) && self.is_either_way(frame)
    }

    #[cold]
    fn is_either_way(&self, frame: &Frame<'_>) -> bool {
        let Ok(ip) = Ip::of(frame, false) else { return false };
        let [a, b, c, d, ..] = *ip.payload() else { return false };
        if ip.fragment == Fragment::Later {
            return false;
        }
        let end = |address: Address, port: [u8; 2]| SocketAddr::new(address.into(), u16::from_be_bytes(port));
        let (from, to) = (end(ip.source, [a, b]), end(ip.destination, [c, d]));
        self.ends.iter().any(|(own, collector)| {
            (same(own, &from) && same(collector, &to)) || (same(own, &to) && same(collector, &from))
        })
    }
}

/// Whether two addresses are one; scopes and flow labels are not compared.
fn same(a: &SocketAddr, b: &SocketAddr) -> bool {
    a.ip() == b.ip() && a.port() == b.port()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::link::LinkType;

    fn frame(data: &[u8]) -> Frame<'_> {
        Frame { time_ns: 0, wire_len: data.len() as u32, link: LinkType::ETHERNET, data }
    }

    #[test]
    fn only_its_own_messages_are() {
        let mut data = vec![0; 12];
        data.extend([8, 0, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        data.extend([0x9c, 0x40, 8, 7, 0, 12, 0, 0, 1, 2, 3, 4]);
        let own = |from: &str, to: &str| Own::new(vec![(from.parse().unwrap(), to.parse().unwrap())]);
        assert!(own("10.0.0.1:40000", "10.0.0.2:2055").is(&frame(&data)));
        assert!(own("10.0.0.2:2055", "10.0.0.1:40000").is(&frame(&data)));
        assert!(!own("10.0.0.1:40001", "10.0.0.2:2055").is(&frame(&data)));
        assert!(!own("10.0.0.3:40000", "10.0.0.4:2055").is(&frame(&data)));
        assert!(!Own::default().is(&frame(&data)));
        assert!(!own("10.0.0.1:40000", "10.0.0.2:2055").is(&frame(&data[..33])));
    }
}
