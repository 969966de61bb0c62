//! Large buffers that are used again: memory fresh from the system costs more, page by page, than reading a file into
//! it does.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// So many are kept for the next use.
const KEPT: usize = 96;
/// Smaller ones, octets, are no trouble to get, larger ones too much to keep.
const WORTH_KEEPING: std::ops::RangeInclusive<usize> = 64 << 10..=4 << 20;

/// Vectors that wait for their next use, with what was in them.
struct Pool<T>(Mutex<Vec<Vec<T>>>);

static OCTETS: Pool<u8> = Pool(Mutex::new(Vec::new()));
static NUMBERS: Pool<u32> = Pool(Mutex::new(Vec::new()));

impl<T: Copy + Default> Pool<T> {
    /// A vector of this length; what is in it is not said.
    fn room(&self, length: usize) -> Vec<T> {
        let kept = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // The one given back last is the likeliest to be in a cache.
            let fits = |vec: &Vec<T>| vec.capacity() >= length && vec.capacity() / 8 <= length;
            kept.iter().rposition(fits).map(|at| kept.remove(at))
        };
        let mut room = kept.unwrap_or_else(|| Vec::with_capacity(length.next_power_of_two()));
        room.resize(length, T::default());
        room
    }

    fn give_back(&self, vec: Vec<T>) {
        if WORTH_KEEPING.contains(&(vec.capacity() * size_of::<T>())) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push(vec);
        }
    }
}

/// An empty vector, with the room of one that was given back if there is one.
pub fn spare() -> Vec<u8> {
    let kept = OCTETS.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut octets = kept.unwrap_or_default();
    octets.clear();
    octets
}

/// So many octets to be written over: what is in them is not said.
pub fn room(octets: usize) -> Vec<u8> {
    match octets < *WORTH_KEEPING.start() / 2 {
        true => vec![0; octets],
        false => OCTETS.room(octets),
    }
}

/// So many numbers to be written over: what they are is not said.
pub fn number_room(numbers: usize) -> Vec<u32> {
    match numbers < *WORTH_KEEPING.start() / 8 {
        true => vec![0; numbers],
        false => NUMBERS.room(numbers),
    }
}

/// Gives the room of octets back for [`spare`] and [`room`].
pub fn give_back(octets: Vec<u8>) {
    OCTETS.give_back(octets);
}

/// Gives the room of numbers back for [`number_room`].
pub fn give_numbers_back(numbers: Vec<u32>) {
    NUMBERS.give_back(numbers);
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

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_as_long_as_it_was_asked_for_and_used_again() {
        give_back(vec![7; 200_000]);
        for length in [0, 10, 100_000, 300_000, 5 << 20] {
            let octets = room(length);
            assert_eq!(octets.len(), length);
            give_back(octets);
            assert_eq!(number_room(length).len(), length);
        }
        assert!(spare().is_empty());
    }
}
