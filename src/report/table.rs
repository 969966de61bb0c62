//! A partition's groups: an open-addressing table small enough for the cache.

use super::rates::{self, PLACED, RATED};

/// A group: a key of `N` words, the flows and `M` sums: octets, packets, and the duration and
/// rates where those are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<const N: usize, const M: usize> {
    pub key: [u64; N],
    pub flows: u64,
    pub sums: [u64; M],
}

impl<const N: usize, const M: usize> Row<N, M> {
    #[inline]
    pub fn add(&mut self, flows: u64, sums: &[u64; M]) {
        self.flows = self.flows.saturating_add(flows);
        if M == RATED {
            return rates::fold(&mut self.sums, sums);
        }
        for (at, (sum, n)) in self.sums.iter_mut().zip(sums).enumerate() {
            *sum = if M == PLACED && at == PLACED - 1 { (*sum).min(*n) } else { sum.saturating_add(*n) };
        }
    }
}

/// A hash whose high bits choose the partition, the low ones the place in its table. `seed` differs from run to run,
/// so that nobody can send flows that all collide.
#[inline]
pub(super) fn hash<const N: usize>(key: &[u64; N], seed: u64) -> u64 {
    key.iter().fold(seed, |hash, word| {
        let product = u128::from(hash ^ word) * 0x9E37_79B9_7F4A_7C15;
        (product >> 64) as u64 ^ product as u64
    })
}

/// Bits of a slot that say which row; the others are bits of its hash, so that few rows are looked at in vain.
const INDEX_BITS: u32 = 26;
const INDEX: u32 = (1 << INDEX_BITS) - 1;
const EMPTY: u32 = u32::MAX;

/// Groups by key.
#[derive(Default)]
pub(super) struct Table<const N: usize, const M: usize> {
    pub rows: Vec<Row<N, M>>,
    slots: Vec<u32>,
}

impl<const N: usize, const M: usize> Table<N, M> {
    /// Adds to a key's group.
    #[inline]
    pub fn add(&mut self, hash: u64, key: &[u64; N], flows: u64, sums: &[u64; M], seed: u64) {
        if self.rows.len() * 4 >= self.slots.len() * 3 {
            self.grow(seed);
        }
        let mask = self.slots.len().wrapping_sub(1);
        let tag = tag(hash);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get_mut(at) {
            if *slot == EMPTY {
                *slot = tag | self.rows.len() as u32 & INDEX;
                return self.rows.push(Row { key: *key, flows, sums: *sums });
            }
            if *slot & !INDEX == tag
                && let Some(row) = self.rows.get_mut((*slot & INDEX) as usize)
                && row.key == *key
            {
                return row.add(flows, sums);
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room for the groups that so many flows more will make, if they make as many as the flows before did. Rows
    /// are what a report's memory is: they do not grow twofold.
    pub fn expect(&mut self, more: usize, before: usize) {
        let expected = (more * self.rows.len()).checked_div(before).unwrap_or(0);
        if self.rows.capacity() - self.rows.len() < expected {
            self.rows.reserve_exact(expected.max(self.rows.len() / 8));
        }
    }

    #[cold]
    fn grow(&mut self, seed: u64) {
        let size = (self.slots.len() * 2).max(32);
        self.slots.clear();
        self.slots.resize(size, EMPTY);
        for (index, row) in self.rows.iter().enumerate() {
            let hash = hash(&row.key, seed);
            let mut at = hash as usize & (size - 1);
            while let Some(slot) = self.slots.get_mut(at) {
                if *slot == EMPTY {
                    *slot = tag(hash) | index as u32 & INDEX;
                    break;
                }
                at = (at + 1) & (size - 1);
            }
        }
    }

    /// No more keys will be added: gives up what only that needs.
    pub fn seal(&mut self) {
        self.slots = Vec::new();
    }
}

/// Bits of the hash that choose neither the partition nor, in tables of up to millions of rows, the slot.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 22) as u32 & !INDEX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_sums_by_key() {
        let mut table = Table::<2, 2>::default();
        for round in 0..3u64 {
            for n in 0..5000u64 {
                let key = [n % 100, n];
                table.add(hash(&key, 7), &key, 1, &[n, round], 7);
            }
        }
        assert_eq!(table.rows.len(), 5000);
        for (n, row) in table.rows.iter().enumerate() {
            let n = n as u64;
            assert_eq!((row.key, row.flows, row.sums), ([n % 100, n], 3, [3 * n, 3]));
        }
    }
}
