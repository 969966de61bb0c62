//! What is around an IP packet in a frame: link-layer headers, VLAN tags, MPLS labels, PPPoE.
//!
//! The first IP packet of a frame is the one that is metered. What it carries itself, be it another IP packet (GRE,
//! IP-in-IP, 6in4), is its payload. How a frame begins depends on its link type and is told by `header`; from there on
//! `walk` steps over what may come before an IP header, a bounded number of times.

mod header;
mod names;
mod walk;

use super::source::Frame;

/// What a captured frame begins with, by its number in capture files (LINKTYPE_...).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkType(pub u16);

/// The IP packet of a frame, and what the frame says beside it.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// 4 or 6, as the packet itself says in agreement with the frame.
    pub version: u8,
    /// The packet from its IP header on, as far as it was captured, with what follows it in the frame.
    pub packet: &'a [u8],
    /// Octets of the frame on the wire from the IP header to its end; softflowd counts MPLS labels too.
    pub wire_len: u32,
    /// The outermost VLAN tag's number, 0 where there is none.
    pub vlan: u16,
}

/// Why a frame holds no IP packet that could be metered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unmetered {
    /// Something other than IP.
    NotIp,
    /// Too little was captured of it, or its headers contradict one another.
    TooShort,
    /// Frames of this link type are not understood ([`LinkType::is_known`]).
    UnknownLink,
}

/// Octets of an Ethernet header.
const PLAIN: usize = 14;

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

/// Finds the IP packet of a frame. With `compat` as softflowd does: behind one 802.1Q tag and MPLS labels, which count as
/// octets, and behind nothing else.
pub fn network<'a>(frame: &Frame<'a>, compat: bool) -> Result<Network<'a>, Unmetered> {
    walk::Walk::new(frame, header::payload(frame.link, frame.data)?).find_ip(compat)
}

/// The 16 bits at an offset, most significant octet first.
#[inline]
fn word(data: &[u8], at: usize) -> Result<u16, Unmetered> {
    match data.get(at..).and_then(|data| data.first_chunk()) {
        Some(octets) => Ok(u16::from_be_bytes(*octets)),
        None => Err(Unmetered::TooShort),
    }
}

/// The octet at an offset.
#[inline]
fn octet(data: &[u8], at: usize) -> Result<u8, Unmetered> {
    data.get(at).copied().ok_or(Unmetered::TooShort)
}

#[cfg(test)]
mod tests;
