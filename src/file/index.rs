//! The index at the end of a modern file, and the trailer that says where it is.

use std::ops::{Deref, Range};
use std::sync::Arc;

use super::block::{COMMON, MAGIC, checksum, is_sum, kind};

/// Octets of the trailer, with which the index, and the file, ends.
pub(super) const TRAILER: usize = 24;
/// What the trailer ends with.
const END: [u8; 8] = *b"FlowEnd\n";

/// A chunk that the index knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// Where the chunk begins, from the file's start.
    pub offset: u64,
    /// Its head: of facts the whole chunk.
    pub head: Vec<u8>,
}

/// The index of a file in which it begins at `offset`.
pub(super) fn write(entries: &[Entry], offset: u64, flows: u64) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([kind::INDEX, 0, 0, 0]);
    out.extend([0; 12]);
    out.extend((entries.len() as u32).to_le_bytes());
    out.extend(flows.to_le_bytes());
    for entry in entries {
        out.extend(entry.offset.to_le_bytes());
        out.extend((entry.head.len() as u32).to_le_bytes());
        out.extend([0; 4]);
        out.extend(&entry.head);
        out.resize(out.len().next_multiple_of(8), 0);
    }
    let length = (out.len() + TRAILER) as u32;
    for place in [8..12, 12..16] {
        if let Some(place) = out.get_mut(place) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }
    let sum = checksum(&out);
    if let Some(place) = out.get_mut(16..20) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    let mut trailer = offset.to_le_bytes().to_vec();
    trailer.extend(length.to_le_bytes());
    let sum = crc32c::crc32c(&trailer);
    trailer.extend(sum.to_le_bytes());
    trailer.extend(END);
    out.extend(trailer);
    out
}

/// Where the index begins and how long it is, from a file's last octets; `None` if they are not a trailer.
pub(super) fn trailer(octets: &[u8; TRAILER]) -> Option<(u64, u32)> {
    let (head, rest) = octets.split_first_chunk::<12>()?;
    let (sum, end) = rest.split_first_chunk::<4>()?;
    if *end != END || !is_sum(crc32c::crc32c(head), u32::from_le_bytes(*sum)) {
        return None;
    }
    let (offset, length) = head.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*offset), u32::from_le_bytes(*length.first_chunk()?)))
}

/// An index that has been read.
#[derive(Debug)]
pub(super) struct Index {
    octets: Arc<[u8]>,
    /// Each chunk's offset in the file, and where in `octets` its head is.
    chunks: Vec<(u64, Range<usize>)>,
}

impl Index {
    /// Reads an index. Says what is wrong with it.
    pub fn read(octets: &[u8]) -> Result<Index, String> {
        let damaged = || "the index is damaged".to_string();
        let end = octets.len().checked_sub(TRAILER).ok_or_else(damaged)?;
        let (body, rest) = octets.split_at_checked(end).ok_or_else(damaged)?;
        let known = rest.first_chunk().and_then(trailer).map(|(_, length)| length as usize);
        if known != Some(octets.len()) {
            return Err(damaged());
        }
        let common = body.first_chunk::<COMMON>().ok_or_else(damaged)?;
        let whole = common.starts_with(&MAGIC) && common.get(4) == Some(&kind::INDEX);
        let sum = word(common, 16);
        if !whole || word(common, 8) as usize != octets.len() || !is_sum(checksum(body), sum) {
            return Err(damaged());
        }
        let mut chunks = Vec::new();
        let mut at = COMMON + 8;
        for _ in 0..word(common, 20) {
            let fixed = body.get(at..).and_then(<[u8]>::first_chunk::<16>).ok_or_else(damaged)?;
            let (offset, length) = fixed.split_first_chunk::<8>().ok_or_else(damaged)?;
            let head = at + 16..at + 16 + word(length, 0) as usize;
            if head.end > body.len() {
                return Err(damaged());
            }
            at = head.end.next_multiple_of(8);
            chunks.push((u64::from_le_bytes(*offset), head));
        }
        Ok(Index { octets: body.into(), chunks })
    }

    /// The chunks in order.
    pub fn chunks(self) -> impl Iterator<Item = (u64, Indexed)> {
        let octets = self.octets;
        self.chunks.into_iter().map(move |(offset, range)| (offset, Indexed { octets: octets.clone(), range }))
    }
}

/// What an index says of a chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexed {
    octets: Arc<[u8]>,
    range: Range<usize>,
}

impl Deref for Indexed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(self.range.clone()).unwrap_or_default()
    }
}

/// The number of four octets at a place; 0 past the end.
pub(super) fn word(octets: &[u8], at: usize) -> u32 {
    octets.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| u32::from_le_bytes(*b))
}
