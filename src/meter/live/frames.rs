//! The frames of a block, as the kernel leaves them (`linux/if_packet.h`, version 3), and as they were on the wire.

use nix::libc::{TP_STATUS_VLAN_TPID_VALID, TP_STATUS_VLAN_VALID};

use super::super::source::Frame;
use super::interface::Framing;

/// Octets of a block before what we are given of it: its version, an offset that is not used, its status.
pub(super) const BEHIND_STATUS: usize = 12;

/// Octets to be left before each frame, for a cooked header and a tag.
pub(super) const RESERVE: u32 = (COOKED + TAG) as u32;

/// The header of Linux cooked captures, version 2.
const COOKED: usize = 20;
/// Behind both addresses of an Ethernet frame, where tags stand.
const ADDRESSES: usize = 12;
const TAG: usize = 4;
/// 802.1Q, where the kernel does not say.
const VLAN: u16 = 0x8100;

/// A frame's own header, and behind it the address it was received with (`struct sockaddr_ll`).
const HEADER: usize = 48;

/// Walks over the frames of a block.
pub(super) struct Frames<'a> {
    /// The block, from [`BEHIND_STATUS`] on.
    block: &'a mut [u8],
    /// Where the next frame's header is.
    next: usize,
    left: u32,
}

/// A number as this machine has it.
macro_rules! number {
    ($kind:ty, $octets:expr, $at:expr) => {
        $octets.get($at..).and_then(|rest| rest.first_chunk()).map(|octets| <$kind>::from_ne_bytes(*octets))
    };
}

impl<'a> Frames<'a> {
    pub(super) fn new(block: &'a mut [u8]) -> Frames<'a> {
        let left = number!(u32, block, 0).unwrap_or(0);
        let first = number!(u32, block, 4).unwrap_or(0);
        Frames { next: (first as usize).saturating_sub(BEHIND_STATUS), left, block }
    }

    /// The next frame. What would reach beyond the block ends it.
    #[inline]
    pub(super) fn next(&mut self, framing: Framing) -> Option<Frame<'_>> {
        self.left = self.left.checked_sub(1)?;
        let rest = self.block.get_mut(self.next..)?;
        let header = Header::read(rest)?;
        self.next += header.next;
        let end = header.start.checked_add(header.captured)?;
        rest.get(header.start..end)?;
        // There is room, for it was asked for; if there were not, a tag would be missing, a cooked frame empty.
        let start = match framing {
            Framing::Cooked => cook(rest, &header).unwrap_or(end),
            Framing::Ethernet if header.tag.is_some() => put_back(rest, &header).unwrap_or(header.start),
            Framing::Ethernet | Framing::Raw => header.start,
        };
        let grown = header.start as i64 - start as i64;
        Some(Frame {
            time_ns: header.time_ns,
            wire_len: (i64::from(header.wire_len) + grown).clamp(0, u32::MAX.into()) as u32,
            link: framing.link(),
            data: rest.get(start..end)?,
        })
    }
}

/// What the kernel says of a frame (`struct tpacket3_hdr`).
struct Header {
    /// Octets from this header to the next one.
    next: usize,
    time_ns: u64,
    captured: usize,
    wire_len: u32,
    /// Where the frame is, from this header on.
    start: usize,
    /// Where the packet behind its link header is.
    network: usize,
    /// The tag that was taken out: its Ethernet type, and what follows it.
    tag: Option<[u16; 2]>,
}

impl Header {
    #[inline]
    fn read(octets: &[u8]) -> Option<Header> {
        let header: &[u8; HEADER] = octets.first_chunk()?;
        let status = number!(u32, header, 20)?;
        let tag = (status & TP_STATUS_VLAN_VALID != 0).then(|| {
            let kind = number!(u16, header, 36).filter(|_| status & TP_STATUS_VLAN_TPID_VALID != 0);
            [kind.unwrap_or(VLAN), number!(u32, header, 32).unwrap_or(0) as u16]
        });
        Some(Header {
            next: number!(u32, header, 0)? as usize,
            time_ns: u64::from(number!(u32, header, 4)?) * 1_000_000_000 + u64::from(number!(u32, header, 8)?),
            captured: number!(u32, header, 12)? as usize,
            wire_len: number!(u32, header, 16)?,
            start: number!(u16, header, 24)?.into(),
            network: number!(u16, header, 26)?.into(),
            tag,
        })
    }
}

/// Puts a tag back between a frame's addresses and its type, by moving the addresses; says where the frame begins now.
fn put_back(octets: &mut [u8], header: &Header) -> Option<usize> {
    let [kind, tag] = header.tag?;
    let start = header.start.checked_sub(TAG).filter(|start| *start >= HEADER)?;
    if header.captured < ADDRESSES {
        return None;
    }
    let room = octets.get_mut(start..header.start + ADDRESSES)?;
    room.copy_within(TAG.., 0);
    let (_, place) = room.split_last_chunk_mut::<TAG>()?;
    let ([k0, k1], [t0, t1]) = (kind.to_be_bytes(), tag.to_be_bytes());
    *place = [k0, k1, t0, t1];
    Some(start)
}

/// Replaces a frame's link header by that of a cooked capture, with a tag that was taken out behind it; says where the
/// frame begins now.
///
/// The kernel would take link headers off by itself for a socket of type SOCK_DGRAM, but hides tags then: it says what is
/// behind all of them where it leaves some in place.
fn cook(octets: &mut [u8], header: &Header) -> Option<usize> {
    // sockaddr_ll: family, protocol (big-endian), interface, device type, packet type, address length, address.
    let address: [u8; COOKED] = *octets.get(HEADER..)?.first_chunk()?;
    let [_, _, p0, p1, i0, i1, i2, i3, d0, d1, rest @ ..] = address;
    let device = u16::from_ne_bytes([d0, d1]);
    let (protocol, payload) = if Framing::of(device) == Framing::Ethernet {
        let at = header.start.checked_add(ADDRESSES)?;
        (*octets.get(at..)?.first_chunk::<2>()?, at + 2)
    } else {
        ([p0, p1], header.network)
    };
    if payload > header.start.checked_add(header.captured)? {
        return None;
    }
    let mut start = payload;
    let mut kind = protocol;
    if let Some([tagged, tag]) = header.tag {
        let ([t0, t1], [p0, p1]) = (tag.to_be_bytes(), protocol);
        start = start.checked_sub(TAG)?;
        *octets.get_mut(start..)?.first_chunk_mut()? = [t0, t1, p0, p1];
        kind = tagged.to_be_bytes();
    }
    start = start.checked_sub(COOKED)?;
    let ([k0, k1], [d0, d1]) = (kind, device.to_be_bytes());
    let [i0, i1, i2, i3] = u32::from_ne_bytes([i0, i1, i2, i3]).to_be_bytes();
    let cooked = octets.get_mut(start..)?.first_chunk_mut::<COOKED>()?;
    let (before, behind) = cooked.split_at_mut(10);
    before.copy_from_slice(&[k0, k1, 0, 0, i0, i1, i2, i3, d0, d1]);
    behind.copy_from_slice(&rest);
    Some(start)
}

#[cfg(test)]
mod tests;
