//! What is around an IP packet in a frame: link-layer headers, VLAN tags, MPLS labels.

use super::source::Frame;

/// What a captured frame begins with, by its number in capture files (LINKTYPE_...).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the capturing host's byte order.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// PPP, with or without address and control octets.
    pub const PPP: LinkType = LinkType(9);
    /// An IP packet, as some systems number it.
    pub const RAW_12: LinkType = LinkType(12);
    /// An IP packet, as OpenBSD numbers it.
    pub const RAW_14: LinkType = LinkType(14);
    /// An IP packet.
    pub const RAW: LinkType = LinkType(101);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// An IPv4 packet.
    pub const IPV4: LinkType = LinkType(228);
    /// An IPv6 packet.
    pub const IPV6: LinkType = LinkType(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// Whether frames of this type are understood.
    pub fn is_known(self) -> bool {
        let raw = [LinkType::RAW, LinkType::RAW_12, LinkType::RAW_14, LinkType::IPV4, LinkType::IPV6];
        let others = [LinkType::NULL, LinkType::LOOP, LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::LINUX_SLL2];
        self == LinkType::PPP || raw.contains(&self) || others.contains(&self)
    }
}

/// The IP packet of a frame, and what the frame says beside it.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// 4 or 6, as the packet itself says in agreement with the frame.
    pub version: u8,
    /// The packet from its IP header on, as far as it was captured, with what follows it in the frame.
    pub packet: &'a [u8],
    /// Octets of the frame on the wire from the end of its link header (MPLS labels included) to its end.
    pub wire_len: u32,
    /// The outermost VLAN tag's number, 0 where there is none.
    pub vlan: u16,
}

/// Why a frame holds no IP packet that could be metered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unmetered {
    /// Something other than IP, or a link type that is not understood.
    NotIp,
    /// Too little was captured of it, or its headers contradict one another.
    TooShort,
}

/// Octets of an Ethernet header.
const PLAIN: usize = 14;
const VLAN: u16 = 0x8100;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// Where a link header ends, and what follows it.
struct Payload {
    protocol: u16,
    offset: usize,
}

/// The IPv4 packet of an Ethernet frame without tags: what nearly every frame is.
#[inline]
pub fn plain_ipv4<'a>(frame: &Frame<'a>) -> Option<Network<'a>> {
    let packet = frame.data.get(PLAIN..)?;
    let plain = frame.link == LinkType::ETHERNET && frame.data.get(12..PLAIN)? == [0x08, 0x00];
    (plain && packet.first()? >> 4 == 4).then(|| Network {
        version: 4,
        packet,
        wire_len: frame.wire_len.saturating_sub(PLAIN as u32),
        vlan: 0,
    })
}

/// Finds the IP packet of a frame, behind at most `tags` VLAN tags.
pub fn network<'a>(frame: &Frame<'a>, tags: u8) -> Result<Network<'a>, Unmetered> {
    let mut payload = payload(frame)?;
    let mut vlan = None;
    for _ in 0..tags {
        // 802.1Q; unless only one tag is followed, also 802.1ad and the number it had before.
        let stacked = tags > 1 && matches!(payload.protocol, 0x88a8 | 0x9100);
        if payload.protocol != VLAN && !stacked {
            break;
        }
        vlan = vlan.or(Some(word(frame.data, payload.offset)? & 0xfff));
        payload = Payload { protocol: word(frame.data, payload.offset + 2)?, offset: payload.offset + 4 };
    }
    let wire_len = frame.wire_len.saturating_sub(payload.offset as u32);
    if matches!(payload.protocol, 0x8847 | 0x8848) {
        payload = labelled(frame.data, payload.offset)?;
    }
    let packet = frame.data.get(payload.offset..).unwrap_or_default();
    let Some(first) = packet.first() else { return Err(Unmetered::TooShort) };
    let version = match payload.protocol {
        IPV4 => 4,
        IPV6 => 6,
        _ => return Err(Unmetered::NotIp),
    };
    if first >> 4 != version {
        return Err(Unmetered::TooShort);
    }
    Ok(Network { version, packet, wire_len, vlan: vlan.unwrap_or(0) })
}

/// The octets of a link header, and the protocol it announces as an Ethernet type.
fn payload(frame: &Frame<'_>) -> Result<Payload, Unmetered> {
    let data = frame.data;
    Ok(match frame.link {
        LinkType::ETHERNET => Payload { protocol: word(data, 12)?, offset: 14 },
        LinkType::LINUX_SLL => Payload { protocol: word(data, 14)?, offset: 16 },
        LinkType::LINUX_SLL2 => Payload { protocol: word(data, 0)?, offset: 20 },
        LinkType::NULL | LinkType::LOOP => Payload { protocol: family(data)?, offset: 4 },
        LinkType::PPP => ppp(data)?,
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 => Payload { protocol: by_version(data, 0)?, offset: 0 },
        LinkType::IPV4 => Payload { protocol: IPV4, offset: 0 },
        LinkType::IPV6 => Payload { protocol: IPV6, offset: 0 },
        _ => return Err(Unmetered::NotIp),
    })
}

/// The protocol that a BSD address family stands for: systems number IPv6 differently, in either byte order.
fn family(data: &[u8]) -> Result<u16, Unmetered> {
    match data.get(..4) {
        Some([0, 0, 0, family] | [family, 0, 0, 0]) => match family {
            2 => Ok(IPV4),
            10 | 24 | 28 | 30 => Ok(IPV6),
            _ => Err(Unmetered::NotIp),
        },
        Some(_) => Err(Unmetered::NotIp),
        None => Err(Unmetered::TooShort),
    }
}

fn ppp(data: &[u8]) -> Result<Payload, Unmetered> {
    let at = if data.starts_with(&[0xff, 0x03]) { 2 } else { 0 };
    let protocol = match word(data, at)? {
        0x0021 => IPV4,
        0x0057 => IPV6,
        _ => return Err(Unmetered::NotIp),
    };
    Ok(Payload { protocol, offset: at + 2 })
}

/// Steps over MPLS labels (RFC 3032) to the bottom of the stack.
fn labelled(data: &[u8], mut offset: usize) -> Result<Payload, Unmetered> {
    loop {
        let bottom = word(data, offset + 2)? & 0x0100 != 0;
        offset += 4;
        if bottom {
            return Ok(Payload { protocol: by_version(data, offset)?, offset });
        }
    }
}

/// What an unannounced packet is, by its first four bits.
fn by_version(data: &[u8], at: usize) -> Result<u16, Unmetered> {
    match data.get(at).map(|first| first >> 4) {
        Some(4) => Ok(IPV4),
        Some(6) => Ok(IPV6),
        Some(_) => Err(Unmetered::NotIp),
        None => Err(Unmetered::TooShort),
    }
}

#[inline]
fn word(data: &[u8], at: usize) -> Result<u16, Unmetered> {
    match data.get(at..at + 2) {
        Some([high, low]) => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(Unmetered::TooShort),
    }
}
