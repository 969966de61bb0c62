//! What is read of a block: as few and as long pieces as what is wanted allows.

use std::io;

use crate::flow::{Buffer, room};

/// Where a block's octets come from.
pub(in crate::file) trait Source {
    /// The whole block, if it is in memory.
    fn whole(&self) -> Option<&[u8]>;

    /// Fills `out` with the octets from `offset` of the block on.
    fn read(&self, offset: u32, out: &mut [u8]) -> io::Result<()>;
}

/// A block in memory.
impl Source for Vec<u8> {
    fn whole(&self) -> Option<&[u8]> {
        Some(self)
    }

    fn read(&self, offset: u32, out: &mut [u8]) -> io::Result<()> {
        let start = offset as usize;
        let octets = self.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(octets);
        Ok(())
    }
}

/// A piece of a block: offset and length.
pub(super) type Piece = (u32, u32);

/// Pieces that are not further apart than this are read in one: it takes as long to read so many octets for nothing
/// as to ask once more.
const GAP: u32 = 8 << 10;

/// In order, near ones joined.
pub(super) fn join(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.retain(|(_, length)| *length > 0);
    pieces.sort_unstable();
    let mut joined: Vec<Piece> = Vec::new();
    for (offset, length) in pieces {
        match joined.last_mut() {
            Some((start, whole)) if offset <= start.saturating_add(*whole).saturating_add(GAP) => {
                *whole = (*whole).max(offset.saturating_add(length) - *start);
            }
            _ => joined.push((offset, length)),
        }
    }
    joined
}

/// What has been read of a block.
pub(super) struct Fetched<'a> {
    source: &'a dyn Source,
    pieces: Vec<(u32, Buffer)>,
    /// Octets of them.
    pub octets: u64,
}

impl<'a> Fetched<'a> {
    pub fn new(source: &'a dyn Source) -> Fetched<'a> {
        Fetched { source, pieces: Vec::new(), octets: 0 }
    }

    /// Reads these pieces, those that have been read already excepted.
    pub fn fetch(&mut self, mut pieces: Vec<Piece>) -> io::Result<()> {
        pieces.retain(|piece| self.get(piece.0, piece.1).is_none());
        for (offset, length) in join(pieces) {
            let mut octets = room(length as usize);
            self.source.read(offset, &mut octets)?;
            self.octets += u64::from(length);
            self.pieces.push((offset, Buffer::from(octets)));
        }
        Ok(())
    }

    /// A piece, if it has been read.
    pub fn get(&self, offset: u32, length: u32) -> Option<&[u8]> {
        if let Some(block) = self.source.whole() {
            return within(0, block, offset, length);
        }
        self.pieces.iter().find_map(|(start, octets)| within(*start, octets, offset, length))
    }
}

fn within(start: u32, octets: &[u8], offset: u32, length: u32) -> Option<&[u8]> {
    let at = offset.checked_sub(start)? as usize;
    octets.get(at..at + length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_pieces_are_read_in_one() {
        let joined = join(vec![(90_000, 10), (0, 100), (100, 50), (5000, 8), (200, 0)]);
        assert_eq!(joined, [(0, 5008), (90_000, 10)]);
        let block: Vec<u8> = (0..=255).collect();
        let mut fetched = Fetched::new(&block);
        fetched.fetch(vec![(3, 4)]).unwrap();
        assert_eq!(fetched.get(4, 2), Some(&[4, 5][..]));
        assert_eq!(fetched.get(250, 10), None);
    }
}
