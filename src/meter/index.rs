//! Where flows are: open addressing over numbers of flows, with enough of each hash to leave the flows alone.

use super::memory::Table;

/// Finds flows by their hashes. An entry is 0 or a flow's number under the upper half of its hash, which also says
/// where it would best be: who searches or closes a gap reads entries side by side, and no flow.
pub struct Index {
    entries: Table<u64>,
}

impl Index {
    /// An index for at most `flows` flows, half full then.
    pub fn new(flows: usize) -> Result<Index, String> {
        Ok(Index { entries: Table::new(flows.max(1) * 2)? })
    }

    /// The place where the search for a hash begins. By its high bits, spread over as many places as there are.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        (((hash >> 32) * self.entries.len() as u64) >> 32) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        if at + 1 < self.entries.len() { at + 1 } else { 0 }
    }

    /// Lets the entries for a hash come from memory.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        self.entries.prefetch(self.home(hash));
    }

    /// The first flow with this hash that `is_it` agrees to.
    #[inline]
    pub fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        // Ends, because half of the entries are free.
        while let Some(&entry) = self.entries.get(at)
            && entry != 0
        {
            if entry >> 32 == hash >> 32 && is_it(entry as u32) {
                return Some(entry as u32);
            }
            at = self.next(at);
        }
        None
    }

    /// Adds a flow; its number is not 0.
    #[inline]
    pub fn insert(&mut self, hash: u64, flow: u32) {
        let mut at = self.home(hash);
        while self.entries.get(at).is_some_and(|entry| *entry != 0) {
            at = self.next(at);
        }
        self.set(at, hash >> 32 << 32 | u64::from(flow));
    }

    /// Takes a flow out, and closes the gap: entries that lie behind it only because it was taken move up.
    #[inline]
    pub fn remove(&mut self, hash: u64, flow: u32) {
        let len = self.entries.len();
        let sought = hash >> 32 << 32 | u64::from(flow);
        let mut gap = self.home(hash);
        while let Some(&entry) = self.entries.get(gap)
            && entry != sought
        {
            if entry == 0 {
                return;
            }
            gap = self.next(gap);
        }
        let ahead = |from: usize, to: usize| if to >= from { to - from } else { to + len - from };
        let mut at = self.next(gap);
        while let Some(&entry) = self.entries.get(at)
            && entry != 0
        {
            if ahead(self.home(entry), at) >= ahead(gap, at) {
                self.set(gap, entry);
                gap = at;
            }
            at = self.next(at);
        }
        self.set(gap, 0);
    }

    /// Takes every flow out.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    #[inline]
    fn set(&mut self, at: usize, entry: u64) {
        if let Some(place) = self.entries.get_mut(at) {
            *place = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_is_a_map(steps in proptest::collection::vec((any::<bool>(), 0u64..24), 0..400)) {
            let mut index = Index::new(8).unwrap();
            let mut model = HashMap::new();
            let mut born = 0;
            for (add, n) in steps {
                // Few homes, the last among them.
                let hash = (n % 6 * 0x3000_0000 + n) << 32;
                if !add {
                    if let Some(flow) = model.remove(&hash) {
                        index.remove(hash, flow);
                    }
                } else if model.len() < 8 && !model.contains_key(&hash) {
                    born += 1;
                    index.insert(hash, born);
                    model.insert(hash, born);
                }
                for n in 0..24 {
                    let hash = (n % 6 * 0x3000_0000 + n) << 32;
                    prop_assert_eq!(index.find(hash, |_| true), model.get(&hash).copied());
                }
            }
            index.clear();
            prop_assert!(model.keys().all(|hash| index.find(*hash, |_| true).is_none()));
        }
    }
}
