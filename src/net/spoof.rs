//! Sending in exporters' names: IPv4 datagrams whose source address we write ourselves. Needs the right to open raw
//! sockets (root, or CAP_NET_RAW).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::Endpoint;
use super::send::{Pacer, SendOptions};

const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
/// IPPROTO_RAW: we write the IP header.
const RAW: i32 = 255;
const HOPS: u8 = 64;

/// Sends datagrams to one collector, each as if its exporter had.
#[derive(Debug)]
pub struct Spoofer {
    socket: Socket,
    to: Ipv4Addr,
    port: u16,
    hops: u8,
    pacer: Option<Pacer>,
    packet: Vec<u8>,
}

impl Spoofer {
    /// A sender to the endpoint's remote address, which must be IPv4; its local one is not used.
    pub fn open(to: &Endpoint, options: &SendOptions) -> io::Result<Spoofer> {
        let Some(IpAddr::V4(address)) = to.remote else {
            let why = "exporters' addresses can be spoofed only to an IPv4 remote address";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        };
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(RAW)))?;
        socket.set_header_included_v4(true)?;
        if let Some(device) = &options.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
        let pacer = (!options.pace.is_zero()).then(|| Pacer::new(options.pace));
        let hops = options.hops.or(to.ttl).unwrap_or(HOPS);
        Ok(Spoofer { socket, to: address, port: to.port, hops, pacer, packet: Vec::new() })
    }

    /// Sends a datagram from `exporter`, and from the port it goes to.
    pub fn send(&mut self, exporter: Ipv4Addr, datagram: &[u8]) -> io::Result<()> {
        if let Some(pacer) = &mut self.pacer {
            pacer.wait();
        }
        compose(&mut self.packet, exporter, self.to, self.port, self.hops, datagram)?;
        self.socket.send_to(&self.packet, &SocketAddr::new(self.to.into(), self.port).into())?;
        Ok(())
    }
}

/// An IPv4 packet with a UDP datagram in it (RFC 791, RFC 768). The system fills in the IP header's checksum.
fn compose(packet: &mut Vec<u8>, from: Ipv4Addr, to: Ipv4Addr, port: u16, hops: u8, payload: &[u8]) -> io::Result<()> {
    let long = |_| io::Error::new(io::ErrorKind::InvalidInput, "datagram too long for one packet");
    let total = u16::try_from(IP_HEADER + UDP_HEADER + payload.len()).map_err(long)?;
    let length = total - IP_HEADER as u16;
    packet.clear();
    packet.extend_from_slice(&[0x45, 0]);
    packet.extend_from_slice(&total.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 0, hops, 17, 0, 0]);
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    packet.extend_from_slice(&port.to_be_bytes());
    packet.extend_from_slice(&port.to_be_bytes());
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&checksum(from, to, port, length, payload).to_be_bytes());
    packet.extend_from_slice(payload);
    Ok(())
}

/// UDP's checksum over its pseudo header, its header and the payload.
fn checksum(from: Ipv4Addr, to: Ipv4Addr, port: u16, length: u16, payload: &[u8]) -> u16 {
    let pair =
        |b: &[u8]| u64::from(u16::from_be_bytes([b.first().copied().unwrap_or(0), b.get(1).copied().unwrap_or(0)]));
    let heads = [from.octets(), to.octets()].concat();
    // Protocol 17, the length once in the pseudo header and once in the real one, the port as source and destination.
    let fixed = 17 + 2 * u64::from(length) + 2 * u64::from(port);
    let mut sum: u64 = fixed + heads.chunks(2).chain(payload.chunks(2)).map(pair).sum::<u64>();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    // 0 would mean that there is none.
    match !(sum as u16) {
        0 => 0xFFFF,
        sum => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_checks_against_its_checksum() {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(192, 168, 1, 2));
        let mut packet = Vec::new();
        compose(&mut packet, from, to, 2055, 64, b"odd").unwrap();
        assert_eq!(packet.len(), 31);
        assert_eq!(&packet[12..20], &[10, 0, 0, 1, 192, 168, 1, 2]);
        // Summed with its checksum, the datagram under its pseudo header comes to all ones.
        let mut bytes = packet[12..].to_vec();
        bytes.extend([0, 0, 17, 0, 11]); // padding to even, zero, protocol, length
        let sum: u64 = bytes.chunks(2).map(|b| u64::from(b[0]) << 8 | u64::from(*b.get(1).unwrap_or(&0))).sum();
        assert_eq!((sum & 0xFFFF) + (sum >> 16), 0xFFFF);
    }
}
