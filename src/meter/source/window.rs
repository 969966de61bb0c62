//! A window that slides over a file, in one allocation.

use std::io::{ErrorKind, Read};

use super::{Damage, MAX_FRAME};

/// Octets held: room for the longest frame and what is around it.
const SIZE: usize = 2 * MAX_FRAME;

/// Octets read at a time: so few that they are still in a core's nearest cache but one when they are looked at.
const READ: usize = 64 * 1024;

/// The part of a file that is in memory: what has been read and not yet consumed.
pub struct Window {
    input: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// The file's octet at `start`.
    offset: u64,
}

impl Window {
    pub fn new(input: Box<dyn Read + Send>) -> Window {
        Window { input, buffer: vec![0; SIZE].into_boxed_slice(), start: 0, end: 0, offset: 0 }
    }

    /// Where in the file the window begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Octets that are in memory.
    pub fn left(&self) -> usize {
        self.end - self.start
    }

    /// Makes `n` octets available; `false` if the file has not so many left. `n` is at most [`SIZE`].
    #[inline]
    pub fn fill(&mut self, n: usize) -> Result<bool, Damage> {
        if self.end - self.start >= n { Ok(true) } else { self.refill(n) }
    }

    #[cold]
    fn refill(&mut self, n: usize) -> Result<bool, Damage> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < n.min(SIZE) {
            let most = (self.end + READ).max(n).min(SIZE);
            let room = self.buffer.get_mut(self.end..most).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => return Ok(false),
                Ok(got) => self.end += got,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Damage::io(self.offset + self.end as u64, &e)),
            }
        }
        Ok(true)
    }

    /// Octets that [`Window::fill`] made available, not yet consumed; empty where it did not.
    #[inline]
    pub fn peek(&self, at: usize, len: usize) -> &[u8] {
        self.slice(self.start + at, len)
    }

    /// Octets by their place in the buffer, consumed ones too until the next fill.
    #[inline]
    pub fn slice(&self, at: usize, len: usize) -> &[u8] {
        self.buffer.get(at..at + len).unwrap_or_default()
    }

    /// Steps over octets that are available, and says where in the buffer they lie.
    #[inline]
    pub fn consume(&mut self, n: usize) -> usize {
        let at = self.start;
        self.start = (at + n).min(self.end);
        self.offset += n as u64;
        at
    }

    /// Steps over any number of octets; `false` if the file has not so many left.
    pub fn skip(&mut self, mut n: u64) -> Result<bool, Damage> {
        loop {
            let step = usize::try_from(n).unwrap_or(SIZE).min(self.left());
            self.consume(step);
            n -= step as u64;
            if n == 0 {
                return Ok(true);
            }
            if !self.fill(1)? {
                return Ok(false);
            }
        }
    }
}

/// Numbers of either byte order, from octets that are known to be there: 0 where they are not.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    pub big: bool,
}

impl Numbers {
    #[inline]
    pub fn u16(self, from: &[u8], at: usize) -> u16 {
        let n = from.get(at..at + 2).and_then(|b| b.try_into().ok()).unwrap_or_default();
        if self.big { u16::from_be_bytes(n) } else { u16::from_le_bytes(n) }
    }

    #[inline]
    pub fn u32(self, from: &[u8], at: usize) -> u32 {
        let n = from.get(at..at + 4).and_then(|b| b.try_into().ok()).unwrap_or_default();
        if self.big { u32::from_be_bytes(n) } else { u32::from_le_bytes(n) }
    }

    /// Four numbers of four octets each.
    #[inline]
    pub fn words(self, from: &[u8]) -> [u32; 4] {
        let octets = from.first_chunk::<16>().copied().unwrap_or_default();
        let words = u128::from_le_bytes(octets);
        let word = |at: u32| (words >> (32 * at)) as u32;
        [word(0), word(1), word(2), word(3)].map(|word| if self.big { word.swap_bytes() } else { word })
    }

    #[inline]
    pub fn u64(self, from: &[u8], at: usize) -> u64 {
        let n = from.get(at..at + 8).and_then(|b| b.try_into().ok()).unwrap_or_default();
        if self.big { u64::from_be_bytes(n) } else { u64::from_le_bytes(n) }
    }
}
