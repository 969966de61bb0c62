//! Large buffers that are used again: memory fresh from the system costs more, page by page, than reading a file into
//! it does.

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

/// So many are kept for the next use.
const KEPT: usize = 96;
/// Smaller ones are no trouble to get, larger ones too much to keep.
const WORTH_KEEPING: std::ops::RangeInclusive<usize> = 64 << 10..=4 << 20;

static SPARE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// An empty vector, with the room of one that a [`Buffer`] gave back if there is one.
pub fn spare() -> Vec<u8> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
}

/// Octets whose room is given back for [`spare`] when they are dropped.
#[derive(Clone, Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// Octets of memory it takes.
    pub fn room(&self) -> usize {
        self.0.capacity()
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(octets: Vec<u8>) -> Buffer {
        Buffer(octets)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if WORTH_KEEPING.contains(&self.0.capacity()) {
            let mut octets = std::mem::take(&mut self.0);
            octets.clear();
            let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() < KEPT {
                spare.push(octets);
            }
        }
    }
}
