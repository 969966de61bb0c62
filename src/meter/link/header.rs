//! The link headers of capture files.

use super::walk::Next;
use super::{LinkType, Unmetered, octet, word};

/// Where a frame's link header ends, and what follows it.
type Payload = (Next, usize);

/// What the link header of a frame announces, and where it begins.
pub(super) fn payload(link: LinkType, data: &[u8]) -> Result<Payload, Unmetered> {
    match link {
        // Headers in front of a frame of another type, one of them at most.
        LinkType::PPI => behind(little(data, 2, 2)?, little(data, 4, 4)?, data),
        LinkType::PKTAP => behind(little(data, 0, 4)?, little(data, 8, 4)?, data),
        LinkType::PPP_WITH_DIR => behind(1, 9, data),
        LinkType::C_HDLC_WITH_DIR => behind(1, 104, data),
        LinkType::FRELAY_WITH_DIR => behind(1, 107, data),
        _ => simple(link, data),
    }
}

/// What a frame of type `link` announces that begins at an offset.
fn behind(offset: usize, link: usize, data: &[u8]) -> Result<Payload, Unmetered> {
    let inner = data.get(offset..).ok_or(Unmetered::TooShort)?;
    let link = u16::try_from(link).map_err(|_| Unmetered::NotIp)?;
    let (next, at) = simple(LinkType(link), inner).map_err(|e| match e {
        Unmetered::UnknownLink => Unmetered::NotIp,
        e => e,
    })?;
    Ok((next, offset + at))
}

fn simple(link: LinkType, data: &[u8]) -> Result<Payload, Unmetered> {
    Ok(match link {
        LinkType::ETHERNET => (Next::of_type(word(data, 12)?), 14),
        LinkType::LINUX_SLL => (cooked(word(data, 14)?), 16),
        LinkType::LINUX_SLL2 => (cooked(word(data, 0)?), 20),
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 => (Next::Ip, 0),
        LinkType::IPV4 => (Next::IPV4, 0),
        LinkType::IPV6 => (Next::IPV6, 0),
        LinkType::NULL | LinkType::LOOP => (family(data)?, 4),
        LinkType::ENC => (family(data)?, 12),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(data)?,
        LinkType::PPP_ETHER => (Next::Pppoe, 0),
        LinkType::C_HDLC => (Next::Type(word(data, 2)?), 4),
        LinkType::FRELAY => frame_relay(data)?,
        LinkType::FDDI => (Next::Llc, 13),
        LinkType::ATM_RFC1483 => (Next::Llc, 0),
        LinkType::IP_OVER_FC => (Next::Llc, 16),
        LinkType::APPLE_1394 => (Next::Type(word(data, 16)?), 18),
        LinkType::IEEE802_11 => wifi(data, 0, false)?,
        LinkType::RADIOTAP => wifi(data, little(data, 2, 2)?, radiotap_pads(data)?)?,
        // 144 octets, or as many as the later format says.
        LinkType::PRISM | LinkType::AVS if word(data, 0)? == 0x8021 => wifi(data, usize::from(word(data, 6)?), false)?,
        LinkType::PRISM => wifi(data, 144, false)?,
        LinkType::AVS => return Err(Unmetered::NotIp),
        LinkType::PFLOG => (family_number(octet(data, 1)?)?, usize::from(octet(data, 0)?).next_multiple_of(4)),
        // Solaris counts 26 as IPv6.
        LinkType::IPNET => match octet(data, 1)? {
            2 => (Next::IPV4, 24),
            26 => (Next::IPV6, 24),
            _ => return Err(Unmetered::NotIp),
        },
        _ => return Err(Unmetered::UnknownLink),
    })
}

/// What Linux' cooked captures announce: an Ethernet type, or some numbers of their own.
fn cooked(number: u16) -> Next {
    const LLC: u16 = 4;
    if number == LLC { Next::Llc } else { Next::Type(number) }
}

/// The protocol that a BSD address family in four octets stands for, in either byte order.
fn family(data: &[u8]) -> Result<Next, Unmetered> {
    match data.get(..4) {
        Some([0, 0, 0, family] | [family, 0, 0, 0]) => family_number(*family),
        Some(_) => Err(Unmetered::NotIp),
        None => Err(Unmetered::TooShort),
    }
}

/// Systems number IPv6 differently.
fn family_number(number: u8) -> Result<Next, Unmetered> {
    match number {
        2 => Ok(Next::IPV4),
        10 | 24 | 28 | 30 => Ok(Next::IPV6),
        _ => Err(Unmetered::NotIp),
    }
}

/// PPP with or without address and control octets (RFC 1662), or what Cisco made of it.
fn ppp(data: &[u8]) -> Result<Payload, Unmetered> {
    Ok(match data {
        [0xff, 3, ..] => (Next::Ppp, 2),
        [0x0f | 0x8f, 0, ..] => (Next::Type(word(data, 2)?), 4),
        _ => (Next::Ppp, 0),
    })
}

/// Frame relay (RFC 2427): an address of 2 to 4 octets, unnumbered information, and the protocol's number.
fn frame_relay(data: &[u8]) -> Result<Payload, Unmetered> {
    let last = data.iter().take(4).position(|octet| octet & 1 != 0);
    let mut at = last.filter(|last| *last > 0).ok_or(Unmetered::NotIp)? + 1;
    if octet(data, at)? != 3 {
        return Err(Unmetered::NotIp);
    }
    at += if octet(data, at + 1)? == 0 { 2 } else { 1 };
    match octet(data, at)? {
        0xcc => Ok((Next::IPV4, at + 1)),
        0x8e => Ok((Next::IPV6, at + 1)),
        // SNAP: an Ethernet type behind three octets of zero.
        0x80 if data.get(at + 1..at + 4) == Some(&[0; 3]) => Ok((Next::Type(word(data, at + 4)?), at + 6)),
        _ => Err(Unmetered::NotIp),
    }
}

/// 802.11: data frames that are not encrypted. Of several packets in one frame (A-MSDU) the first is found.
fn wifi(data: &[u8], start: usize, padded: bool) -> Result<Payload, Unmetered> {
    let [control, flags] = word(data, start)?.to_be_bytes();
    let (data_frame, empty, qos) = (control & 0x0f == 0x08, control & 0x40 != 0, control & 0x80 != 0);
    let (four_addresses, encrypted, more_control) = (flags & 3 == 3, flags & 0x40 != 0, flags & 0x80 != 0);
    if !data_frame || empty || encrypted {
        return Err(Unmetered::NotIp);
    }
    let fragment = octet(data, start + 22)? & 0x0f;
    let mut len = if four_addresses { 30 } else { 24 };
    let several = qos && octet(data, start + len)? & 0x80 != 0;
    len += match (qos, more_control) {
        (false, _) => 0,
        (true, false) => 2,
        (true, true) => 6,
    };
    len = if padded { len.next_multiple_of(4) } else { len };
    match (fragment, several) {
        (0, false) => Ok((Next::Llc, start + len)),
        (0, true) => Ok((Next::Llc, start + len + 14)),
        _ => Err(Unmetered::NotIp),
    }
}

/// Whether a radiotap header's flags say that what follows the 802.11 header begins at a multiple of four octets.
fn radiotap_pads(data: &[u8]) -> Result<bool, Unmetered> {
    const MORE: usize = 1 << 31;
    const TIME: usize = 1;
    const FLAGS: usize = 2;
    let present = little(data, 4, 4)?;
    if present & FLAGS == 0 {
        return Ok(false);
    }
    let mut at = 8;
    let mut last = present;
    while last & MORE != 0 {
        last = little(data, at, 4)?;
        at += 4;
    }
    at = if present & TIME != 0 { at.next_multiple_of(8) + 8 } else { at };
    Ok(octet(data, at)? & 0x20 != 0)
}

/// A number of `octets` octets, least significant first.
fn little(data: &[u8], at: usize, octets: usize) -> Result<usize, Unmetered> {
    let octets = data.get(at..at + octets).ok_or(Unmetered::TooShort)?;
    Ok(octets.iter().rev().fold(0, |n, octet| n << 8 | usize::from(*octet)))
}
