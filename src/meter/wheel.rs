//! A wheel of seconds: for each second to come, a list of the slots to be looked at then.
//!
//! Slots are put into the second their flow would be over if nothing more came, and are not moved when more comes: who
//! looks at them then puts them off. So a packet costs nothing here, and a flow is looked at about once a timeout.

use super::cache::filled;

/// Seconds ahead that are told apart; what is further off is looked at then, and put off again.
const SECONDS: usize = 4096;
/// No slot.
const NONE: u32 = u32::MAX;
/// In [`Link::previous`]: the slot is the first of the list of this number, less the mark.
const HEAD: u32 = 1 << 31;

/// Lists of slots, one a second.
pub struct Wheel {
    heads: Vec<u32>,
    /// A bit for each list that is not empty.
    busy: [u64; SECONDS / 64],
    links: Vec<Link>,
    /// The second before which all lists are empty.
    now: u64,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    previous: u32,
    next: u32,
}

const UNLINKED: Link = Link { previous: NONE, next: NONE };

impl Wheel {
    /// A wheel for so many slots, fewer than 2^31.
    pub fn new(slots: usize) -> Result<Wheel, String> {
        let links = filled(slots, UNLINKED)?;
        Ok(Wheel { heads: vec![NONE; SECONDS], busy: [0; SECONDS / 64], links, now: 0 })
    }

    /// Puts a slot that is in no list into that of `second`, or the nearest that there is.
    pub fn insert(&mut self, slot: usize, second: u64) {
        let list = (self.nearest(second) % SECONDS as u64) as usize;
        let Some(head) = self.heads.get_mut(list) else { return };
        let next = std::mem::replace(head, slot as u32);
        if let Some(busy) = self.busy.get_mut(list / 64) {
            *busy |= 1 << (list % 64);
        }
        self.set(slot, Link { previous: HEAD | list as u32, next });
        if let Some(link) = self.links.get_mut(next as usize) {
            link.previous = slot as u32;
        }
    }

    /// Takes a slot out of its list.
    pub fn remove(&mut self, slot: usize) {
        let link = self.get(slot);
        self.point(link.previous, link.next);
        if let Some(next) = self.links.get_mut(link.next as usize) {
            next.previous = link.previous;
        }
        self.set(slot, UNLINKED);
    }

    /// A slot's flow now lies in another slot, which is in no list.
    pub fn moved(&mut self, from: usize, to: usize) {
        let link = self.get(from);
        self.point(link.previous, to as u32);
        if let Some(next) = self.links.get_mut(link.next as usize) {
            next.previous = to as u32;
        }
        self.set(to, link);
        self.set(from, UNLINKED);
    }

    /// A slot that is to be looked at by `until`, the earliest first; it stays in its list. Time goes on to its second,
    /// or, when there is none, to `until`.
    pub fn due(&mut self, until: u64) -> Option<usize> {
        let found = self.earliest().filter(|(_, second)| *second <= until);
        self.now = found.map_or(until.max(self.now), |(_, second)| second);
        found.map(|(slot, _)| slot)
    }

    /// The second that a slot which is to be looked at in `second` would be found in.
    pub fn nearest(&self, second: u64) -> u64 {
        second.clamp(self.now, self.now.saturating_add(SECONDS as u64 - 1))
    }

    /// A slot of the earliest list, and that list's second.
    pub fn earliest(&self) -> Option<(usize, u64)> {
        let (second, list) = self.earliest_list()?;
        Some((self.heads.get(list).copied()? as usize, second))
    }

    fn earliest_list(&self) -> Option<(u64, usize)> {
        let start = (self.now % SECONDS as u64) as usize;
        let words = self.busy.len();
        // The word of now is looked at twice: from now on, and at the end its part before now.
        for i in 0..=words {
            let at = (start / 64 + i) % words;
            let mask = match i {
                0 => u64::MAX << (start % 64),
                _ if i == words => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = self.busy.get(at).copied().unwrap_or(0) & mask;
            if bits != 0 {
                let list = at * 64 + bits.trailing_zeros() as usize;
                let ahead = (list + SECONDS - start) % SECONDS;
                return Some((self.now.saturating_add(ahead as u64), list));
            }
        }
        None
    }

    fn get(&self, slot: usize) -> Link {
        self.links.get(slot).copied().unwrap_or(UNLINKED)
    }

    fn set(&mut self, slot: usize, link: Link) {
        if let Some(place) = self.links.get_mut(slot) {
            *place = link;
        }
    }

    /// Makes what came before a slot, a slot or a list's head, lead to `next`.
    fn point(&mut self, previous: u32, next: u32) {
        if previous == NONE {
            return;
        }
        if previous & HEAD == 0 {
            if let Some(link) = self.links.get_mut(previous as usize) {
                link.next = next;
            }
            return;
        }
        let list = (previous & !HEAD) as usize;
        if let Some(head) = self.heads.get_mut(list) {
            *head = next;
        }
        if let Some(busy) = self.busy.get_mut(list / 64)
            && next == NONE
        {
            *busy &= !(1 << (list % 64));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn drain(wheel: &mut Wheel, until: u64) -> Vec<(usize, u64)> {
        let mut out = Vec::new();
        while let Some(slot) = wheel.due(until) {
            wheel.remove(slot);
            out.push((slot, wheel.now));
        }
        out
    }

    #[test]
    fn slots_come_in_the_order_of_their_seconds() {
        let mut wheel = Wheel::new(10).unwrap();
        assert_eq!(drain(&mut wheel, 1_700_000_000), []);
        for (slot, second) in [(3, 1_700_000_100), (1, 1_700_000_005), (2, 0), (4, u64::MAX), (5, 1_700_000_100)] {
            wheel.insert(slot, second);
        }
        wheel.remove(5);
        wheel.moved(3, 9);
        assert_eq!(drain(&mut wheel, 1_700_000_050), [(2, 1_700_000_000), (1, 1_700_000_005)]);
        assert_eq!(drain(&mut wheel, 1_700_009_999), [(9, 1_700_000_100), (4, 1_700_004_095)]);
        assert_eq!((drain(&mut wheel, u64::MAX), wheel.now), (vec![], u64::MAX));
    }

    proptest! {
        #[test]
        fn the_wheel_is_a_priority_queue(
            steps in proptest::collection::vec((0u8..4, 0usize..32, 0u64..5000), 0..200),
        ) {
            let mut wheel = Wheel::new(32).unwrap();
            let mut model = HashMap::<usize, u64>::new();
            let mut now = 0;
            for (what, slot, by) in steps {
                match what {
                    0 if !model.contains_key(&slot) => {
                        wheel.insert(slot, now + by);
                        model.insert(slot, now + by.min(4095));
                    }
                    1 if model.remove(&slot).is_some() => wheel.remove(slot),
                    2 if model.contains_key(&slot) => {
                        let to = (slot + by as usize) % 32;
                        if !model.contains_key(&to) {
                            wheel.moved(slot, to);
                            let second = model.remove(&slot).unwrap();
                            model.insert(to, second);
                        }
                    }
                    _ => {
                        now += by / 8;
                        let mut due: Vec<_> = model.iter().map(|(k, v)| (*k, *v)).filter(|(_, v)| *v <= now).collect();
                        model.retain(|_, v| *v > now);
                        let mut got = drain(&mut wheel, now);
                        prop_assert!(got.is_sorted_by_key(|(_, second)| *second));
                        due.sort_unstable();
                        got.sort_unstable();
                        prop_assert_eq!(got, due);
                    }
                }
            }
        }
    }
}
