//! Distinct values and codes.

use std::hash::Hash;

/// What can be looked up.
pub(super) trait Key: Copy + Ord + Hash {
    /// Spread over 64 bits, the high ones best.
    fn spread(self) -> u64;
}

impl Key for u64 {
    fn spread(self) -> u64 {
        (self ^ (self >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Key for u128 {
    fn spread(self) -> u64 {
        let (low, high) = (self as u64, (self >> 64) as u64);
        (low.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ high).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }
}

/// A hash table that gives each value a number, and is used again and again.
#[derive(Debug)]
pub(super) struct Dictionary<K> {
    /// One more than the number of the key in each place; 0 where there is none. A power of two of them.
    places: Vec<u32>,
    /// The values, in the order of their numbers.
    pub keys: Vec<K>,
}

impl<K: Key> Default for Dictionary<K> {
    fn default() -> Self {
        Dictionary { places: vec![0; 1 << 10], keys: Vec::new() }
    }
}

impl<K: Key> Dictionary<K> {
    /// Puts the code of each of `values` into `codes`, and the values, ascending, into [`Dictionary::keys`]. `false`
    /// if there are more than `most`; neither is of use then.
    pub fn build(&mut self, values: impl Iterator<Item = K>, most: usize, codes: &mut Vec<u32>) -> bool {
        self.places.fill(0);
        self.keys.clear();
        codes.clear();
        let mut fits = true;
        codes.extend(values.map_while(|key| {
            fits = self.keys.len() <= most;
            fits.then(|| self.number(key))
        }));
        if !fits || self.keys.len() > most {
            return false;
        }
        let mut order: Vec<(K, u32)> = self.keys.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut moved = vec![0; order.len()];
        for (to, (key, from)) in order.into_iter().enumerate() {
            if let (Some(code), Some(place)) = (moved.get_mut(from as usize), self.keys.get_mut(to)) {
                (*code, *place) = (to as u32, key);
            }
        }
        codes.iter_mut().for_each(|code| *code = moved.get(*code as usize).copied().unwrap_or(0));
        true
    }

    fn number(&mut self, key: K) -> u32 {
        let mask = self.places.len() - 1;
        let mut at = (key.spread() >> 40) as usize & mask;
        loop {
            match self.places.get(at).copied().unwrap_or(0) {
                0 => break,
                number if self.keys.get(number as usize - 1) == Some(&key) => return number - 1,
                _ => at = (at + 1) & mask,
            }
        }
        self.keys.push(key);
        let number = self.keys.len() as u32;
        if let Some(place) = self.places.get_mut(at) {
            *place = number;
        }
        // At most half full, so that there always is an end to looking.
        if self.keys.len() * 2 > self.places.len() {
            self.grow();
        }
        number - 1
    }

    fn grow(&mut self) {
        let size = self.places.len() * 4;
        self.places.clear();
        self.places.resize(size, 0);
        for (key, number) in self.keys.iter().zip(1..) {
            let mut at = (key.spread() >> 40) as usize & (size - 1);
            while self.places.get(at).is_some_and(|place| *place != 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(place) = self.places.get_mut(at) {
                *place = number;
            }
        }
    }
}

/// Bits of a number that one pass of [`sort`] looks at.
const DIGIT: u32 = 11;

/// Sorts values of up to 32 bits, each with where it is: the quick way to a dictionary of many values. `pairs` are
/// `value << 32 | where`.
fn sort(pairs: &mut Vec<u64>, other: &mut Vec<u64>) {
    other.clear();
    other.resize(pairs.len(), 0);
    for pass in 0..3 {
        let digit = |pair: u64| (pair >> (32 + DIGIT * pass)) as usize & ((1 << DIGIT) - 1);
        let mut starts = [0u32; 1 << DIGIT];
        pairs.iter().for_each(|pair| starts[digit(*pair)] += 1);
        if starts.iter().any(|count| *count as usize == pairs.len()) {
            continue;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        for pair in pairs.iter() {
            let start = &mut starts[digit(*pair)];
            if let Some(place) = other.get_mut(*start as usize) {
                *place = *pair;
            }
            *start += 1;
        }
        std::mem::swap(pairs, other);
    }
}

/// Scratch space of [`Sorter::build`].
#[derive(Debug, Default)]
pub(super) struct Sorter {
    pairs: Vec<u64>,
    other: Vec<u64>,
}

impl Sorter {
    /// The distinct values, ascending, and each value's code. Values have up to 32 bits.
    pub fn build(&mut self, values: impl Iterator<Item = u64>, keys: &mut Vec<u64>, codes: &mut Vec<u32>) {
        self.pairs.clear();
        self.pairs.extend(values.zip(0..).map(|(value, at): (u64, u64)| value << 32 | at));
        sort(&mut self.pairs, &mut self.other);
        keys.clear();
        codes.clear();
        codes.resize(self.pairs.len(), 0);
        let mut last = None;
        for pair in &self.pairs {
            let key = pair >> 32;
            if last != Some(key) {
                keys.push(key);
                last = Some(key);
            }
            if let Some(code) = codes.get_mut(*pair as u32 as usize) {
                *code = keys.len() as u32 - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_lead_back_to_the_values(
            values in proptest::collection::vec(any::<u32>(), 0..3000), keep in 0u32..32,
        ) {
            let values: Vec<u64> = values.iter().map(|n| u64::from(n >> keep)).collect();
            let (mut hashed, mut codes) = (Dictionary::<u64>::default(), Vec::new());
            prop_assert!(hashed.build(values.iter().copied(), 4000, &mut codes));
            let back: Vec<u64> = codes.iter().map(|code| hashed.keys[*code as usize]).collect();
            prop_assert_eq!(&back, &values);
            let (mut keys, mut sorted) = (Vec::new(), Vec::new());
            Sorter::default().build(values.iter().copied(), &mut keys, &mut sorted);
            prop_assert_eq!((keys, sorted), (hashed.keys, codes));
        }
    }

    #[test]
    fn too_many_values_are_refused() {
        let (mut dictionary, mut codes) = (Dictionary::<u128>::default(), Vec::new());
        assert!(!dictionary.build((0..11u128).map(|n| n << 70), 10, &mut codes));
        assert!(dictionary.build((0..10u128).map(|n| n << 70), 10, &mut codes));
    }
}
