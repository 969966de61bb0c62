//! IP and transport headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::link::{Network, Unmetered, network};
use super::source::Frame;

/// The number of ICMP for IPv4.
pub const ICMP: u8 = 1;
/// The number of TCP.
pub const TCP: u8 = 6;
/// The number of UDP.
pub const UDP: u8 = 17;
/// The number of ICMP for IPv6.
pub const ICMP6: u8 = 58;

/// Octets behind the header in Ethernet's shortest frame.
const SHORTEST: u32 = 46;

/// A UDP datagram in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: IpAddr,
    /// From which port.
    pub source_port: u16,
    /// To whom.
    pub destination: IpAddr,
    /// To which port.
    pub destination_port: u16,
    /// What it carries, as far as it was captured.
    pub payload: &'a [u8],
}

/// The UDP datagram in a frame; `None` if it holds something else, or a fragment.
pub fn udp_payload<'a>(frame: &Frame<'a>) -> Option<Datagram<'a>> {
    let ip = Ip::of(frame, false).ok()?;
    if ip.protocol != UDP || ip.fragment != Fragment::Whole {
        return None;
    }
    let [s0, s1, d0, d1, l0, l1, ..] = *ip.payload() else { return None };
    let len = usize::from(u16::from_be_bytes([l0, l1]));
    let captured = ip.payload().get(8..)?;
    Some(Datagram {
        source: ip.source.into(),
        source_port: u16::from_be_bytes([s0, s1]),
        destination: ip.destination.into(),
        destination_port: u16::from_be_bytes([d0, d1]),
        payload: captured.get(..len.saturating_sub(8)).unwrap_or(captured),
    })
}

/// Whether a packet is a fragment, and which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fragment {
    /// Not one.
    Whole,
    /// The first, with the transport header.
    First,
    /// A later one.
    Later,
}

/// An IP address in host order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Address {
    /// IPv4.
    V4(u32),
    /// IPv6.
    V6(u128),
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> IpAddr {
        match address {
            Address::V4(n) => Ipv4Addr::from(n).into(),
            Address::V6(n) => Ipv6Addr::from(n).into(),
        }
    }
}

/// What an IP header says.
#[derive(Clone, Copy, Debug)]
pub struct Ip<'a> {
    /// Source address.
    pub source: Address,
    /// Destination address, of the same version.
    pub destination: Address,
    /// The transport protocol, behind IPv6's extension headers.
    pub protocol: u8,
    /// What follows the fixed header: another than `protocol` where there are extension headers.
    pub announced: u8,
    /// Type of service, or traffic class.
    pub tos: u8,
    /// Whether it is a fragment.
    pub fragment: Fragment,
    /// What its packet's fragments have in common beside addresses, and protocol for IPv4; 0 in IPv6 packets that are
    /// whole.
    pub id: u32,
    /// Octets of the packet, header included, as the header has it.
    pub total_len: u32,
    /// Octets of the frame on the wire behind its link header.
    pub wire_len: u32,
    /// The outermost VLAN, 0 none.
    pub vlan: u16,
    /// What follows the headers, as far as it was captured; a frame's padding is part of it.
    pub rest: &'a [u8],
    /// Octets of the packet that follow the headers, as the header has it.
    pub rest_len: u32,
}

impl<'a> Ip<'a> {
    /// Reads the IP header of a frame. With `compat` as softflowd does: behind one VLAN tag at most, whatever length an
    /// IPv4 header claims to have, and not behind the extension headers of mobile hosts.
    pub fn of(frame: &Frame<'a>, compat: bool) -> Result<Ip<'a>, Unmetered> {
        let found = network(frame, compat)?;
        if found.version == 4 { Ip::v4(&found, compat) } else { Ip::v6(&found, compat) }
    }

    /// Reads an IPv4 header.
    #[inline]
    pub(super) fn v4(found: &Network<'a>, compat: bool) -> Result<Ip<'a>, Unmetered> {
        let Some(header) = found.packet.first_chunk::<20>() else { return Err(Unmetered::TooShort) };
        let header_len = usize::from(header[0] & 0xf) * 4;
        if header_len < 20 && !compat {
            return Err(Unmetered::TooShort);
        }
        let Some(rest) = found.packet.get(header_len..) else { return Err(Unmetered::TooShort) };
        let total_len = match u32::from(u16::from_be_bytes([header[2], header[3]])) {
            // Left to the network card to fill in: a packet captured on its way out.
            0 => found.wire_len,
            n => n,
        };
        let fragment = match u16::from_be_bytes([header[6], header[7]]) & 0x3fff {
            0 => Fragment::Whole,
            0x2000 => Fragment::First,
            _ => Fragment::Later,
        };
        Ok(Ip {
            source: Address::V4(u32::from_be_bytes([header[12], header[13], header[14], header[15]])),
            destination: Address::V4(u32::from_be_bytes([header[16], header[17], header[18], header[19]])),
            protocol: header[9],
            announced: header[9],
            tos: header[1],
            fragment,
            id: u32::from(u16::from_be_bytes([header[4], header[5]])),
            total_len,
            wire_len: found.wire_len,
            vlan: found.vlan,
            rest,
            rest_len: total_len.saturating_sub(header_len as u32),
        })
    }

    fn v6(found: &Network<'a>, compat: bool) -> Result<Ip<'a>, Unmetered> {
        let Some((header, rest)) = found.packet.split_first_chunk::<40>() else { return Err(Unmetered::TooShort) };
        let address = |at: usize| {
            let octets = header.get(at..at + 16).and_then(|b| b.try_into().ok()).unwrap_or_default();
            Address::V6(u128::from_be_bytes(octets))
        };
        let rest_len = match u32::from(u16::from_be_bytes([header[4], header[5]])) {
            // Nothing but Ethernet's padding.
            0 if found.wire_len <= SHORTEST => 0,
            // A jumbogram, or left to the network card.
            0 => found.wire_len.saturating_sub(40),
            n => n,
        };
        let mut ip = Ip {
            source: address(8),
            destination: address(24),
            protocol: header[6],
            announced: header[6],
            tos: header[0] << 4 | header[1] >> 4,
            fragment: Fragment::Whole,
            id: 0,
            total_len: rest_len.saturating_add(40),
            wire_len: found.wire_len,
            vlan: found.vlan,
            rest,
            rest_len,
        };
        ip.skip_extensions(compat);
        Ok(ip)
    }

    /// Steps over IPv6's extension headers (RFC 8200 section 4) as far as they were captured. An authentication header
    /// is none of them here: what it protects is metered as protocol 51, as it is for IPv4. The headers of mobile hosts,
    /// of HIP and of Shim6 are protocols of their own where nothing follows them, as is the rule.
    fn skip_extensions(&mut self, compat: bool) {
        const HOP_BY_HOP: u8 = 0;
        const ROUTING: u8 = 43;
        const FRAGMENT: u8 = 44;
        const NOTHING: u8 = 59;
        const DESTINATION: u8 = 60;
        const MOBILITY: u8 = 135;
        const HIP: u8 = 139;
        const SHIM6: u8 = 140;
        while let [next, len, offset_high, offset_low, ..] = *self.rest {
            let octets = match self.protocol {
                HOP_BY_HOP | ROUTING | DESTINATION => (usize::from(len) + 1) * 8,
                MOBILITY | HIP | SHIM6 if next != NOTHING && !compat => (usize::from(len) + 1) * 8,
                FRAGMENT if self.fragment == Fragment::Whole => {
                    self.fragment = match u16::from_be_bytes([offset_high, offset_low]) & 0xfff9 {
                        0 => Fragment::Whole,
                        1 => Fragment::First,
                        _ => Fragment::Later,
                    };
                    self.id =
                        self.rest.get(4..).and_then(|id| id.first_chunk()).map_or(0, |id| u32::from_be_bytes(*id));
                    8
                }
                _ => return,
            };
            let Some(rest) = self.rest.get(octets..) else { return };
            (self.rest, self.protocol) = (rest, next);
            self.rest_len = self.rest_len.saturating_sub(octets as u32);
            if self.fragment == Fragment::Later {
                return;
            }
        }
    }

    /// What the packet carries, as far as it was captured, without a frame's padding.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.rest.get(..self.rest_len as usize).unwrap_or(self.rest)
    }
}

#[cfg(test)]
mod tests;
