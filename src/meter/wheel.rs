//! A wheel of seconds: for each second to come, a list of the flows to be looked at then.
//!
//! A flow is put into the second it would be over if nothing more came, and is not moved when more comes: who looks at
//! it then puts it in again. So a packet costs nothing here, and a flow is looked at about once a timeout. The lists
//! run through the flows themselves: there is no memory but theirs, and a flow whose time comes nearer is moved.

use zerocopy::FromZeros;

/// Seconds ahead that are told apart, 64 times 64; what is further off is looked at then, and put in again.
const SECONDS: usize = 4096;

/// A flow's place in a list: the flows before and behind it, 0 at the ends.
#[derive(Clone, Copy, Default, Debug, FromZeros)]
pub struct Link {
    before: u32,
    behind: u32,
    list: u32,
}

impl Link {
    /// A place before a flow.
    pub fn to(behind: u32) -> Link {
        Link { behind, ..Link::default() }
    }

    /// The flow behind; 0 none.
    pub fn behind(self) -> u32 {
        self.behind
    }
}

/// What lists run through.
pub trait Linked {
    /// Its place.
    fn link(&self) -> &Link;

    /// Its place, to be changed.
    fn link_mut(&mut self) -> &mut Link;
}

/// Lists of flows, one a second, each in the order in which its flows came. Flows are numbers, places in a slice; 0 is
/// none.
pub struct Wheel {
    lists: Vec<List>,
    /// A bit for each list that is not empty.
    busy: [u64; 64],
    /// A bit for each word of those that is not 0.
    words: u64,
    /// The second before which all lists are empty.
    now: u64,
}

#[derive(Clone, Copy, Default)]
struct List {
    first: u32,
    last: u32,
}

/// A flow that is to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// Its number.
    pub flow: u32,
    /// Its list's second.
    pub second: u64,
    /// The flow that is next in that list; 0 none.
    pub next: u32,
}

impl Wheel {
    /// A wheel without flows.
    pub fn new() -> Wheel {
        Wheel { lists: vec![List::default(); SECONDS], busy: [0; 64], words: 0, now: 0 }
    }

    /// Puts a flow that is in no list into that of `second`, or the nearest that there is.
    #[inline]
    pub fn insert<F: Linked>(&mut self, flows: &mut [F], flow: u32, second: u64) {
        let at = (self.nearest(second) % SECONDS as u64) as usize;
        let (Some(list), Some(busy)) = (self.lists.get_mut(at), self.busy.get_mut(at / 64)) else { return };
        *busy |= 1 << (at % 64);
        self.words |= 1 << (at / 64);
        let before = std::mem::replace(&mut list.last, flow);
        match flows.get_mut(before as usize) {
            Some(last) if before != 0 => last.link_mut().behind = flow,
            _ => list.first = flow,
        }
        if let Some(this) = flows.get_mut(flow as usize) {
            *this.link_mut() = Link { before, behind: 0, list: at as u32 };
        }
    }

    /// Takes a flow out of its list.
    #[inline]
    pub fn remove<F: Linked>(&mut self, flows: &mut [F], flow: u32) {
        let Some(this) = flows.get(flow as usize) else { return };
        let Link { before, behind, list } = *this.link();
        let at = list as usize;
        let (Some(list), Some(busy)) = (self.lists.get_mut(at), self.busy.get_mut(at / 64)) else { return };
        match flows.get_mut(before as usize) {
            Some(other) if before != 0 => other.link_mut().behind = behind,
            _ => list.first = behind,
        }
        match flows.get_mut(behind as usize) {
            Some(other) if behind != 0 => other.link_mut().before = before,
            _ => list.last = before,
        }
        if list.first == 0 {
            *busy &= !(1 << (at % 64));
            self.words &= !(u64::from(*busy == 0) << (at / 64));
        }
    }

    /// The second in whose list a flow would be that is to be looked at in `second`.
    #[inline]
    pub fn nearest(&self, second: u64) -> u64 {
        second.clamp(self.now, self.now.saturating_add(SECONDS as u64 - 1))
    }

    /// Time goes on: the earliest flow that is to be looked at by `until`. `None` if there are no more.
    pub fn due<F: Linked>(&mut self, flows: &[F], until: u64) -> Option<Due> {
        let found = self.earliest().filter(|(second, _)| *second <= until);
        self.now = found.map_or(until.max(self.now), |(second, _)| second);
        found.and_then(|(second, at)| self.head(flows, second, at))
    }

    /// The earliest flow, before its time. `None` if there are none.
    #[inline]
    pub fn first<F: Linked>(&self, flows: &[F]) -> Option<Due> {
        self.earliest().and_then(|(second, at)| self.head(flows, second, at))
    }

    fn head<F: Linked>(&self, flows: &[F], second: u64, at: usize) -> Option<Due> {
        let flow = self.lists.get(at)?.first;
        Some(Due { flow, second, next: flows.get(flow as usize)?.link().behind })
    }

    /// The earliest list that is not empty, and its second.
    #[inline]
    fn earliest(&self) -> Option<(u64, usize)> {
        let start = (self.now % SECONDS as u64) as usize;
        let word = |at: usize| self.busy.get(at).copied().unwrap_or(0);
        let (mut at, mut bits) = (start / 64, word(start / 64) & u64::MAX << (start % 64));
        if bits == 0 {
            // The words behind that of now, and at the end its part before now.
            let behind = self.words.rotate_right((at as u32 + 1) % 64);
            at = (at + 1 + behind.trailing_zeros() as usize) % 64;
            bits = word(at);
        }
        let list = at * 64 + bits.trailing_zeros() as usize;
        let ahead = (list + SECONDS - start) % SECONDS;
        (bits != 0).then(|| (self.now.saturating_add(ahead as u64), list))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Linked for Link {
        fn link(&self) -> &Link {
            self
        }

        fn link_mut(&mut self) -> &mut Link {
            self
        }
    }

    fn drain(wheel: &mut Wheel, links: &mut [Link], until: u64) -> Vec<(u32, u64)> {
        let mut out = Vec::new();
        while let Some(due) = wheel.due(links, until) {
            wheel.remove(links, due.flow);
            out.push((due.flow, due.second));
        }
        out
    }

    #[test]
    fn flows_come_in_the_order_of_their_seconds() {
        let (mut wheel, mut links) = (Wheel::new(), [Link::default(); 6]);
        assert_eq!(drain(&mut wheel, &mut links, 1_700_000_000), []);
        for (flow, second) in [(3, 1_700_000_100), (1, 1_700_000_005), (2, 0), (4, u64::MAX), (5, 1_700_000_100)] {
            wheel.insert(&mut links, flow, second);
        }
        assert_eq!(drain(&mut wheel, &mut links, 1_700_000_050), [(2, 1_700_000_000), (1, 1_700_000_005)]);
        assert_eq!(wheel.first(&links), Some(Due { flow: 3, second: 1_700_000_100, next: 5 }));
        wheel.remove(&mut links, 3);
        assert_eq!(drain(&mut wheel, &mut links, 1_700_009_999), [(5, 1_700_000_100), (4, 1_700_004_095)]);
        assert!(drain(&mut wheel, &mut links, u64::MAX).is_empty() && wheel.now == u64::MAX);
        assert_eq!(wheel.first(&links), None);
    }

    proptest! {
        #[test]
        fn the_wheel_is_a_priority_queue(steps in proptest::collection::vec((0u8..4, 0u64..5000), 0..300)) {
            let (mut wheel, mut links) = (Wheel::new(), vec![Link::default(); 301]);
            let mut model = Vec::<(u32, u64)>::new();
            let mut now = 0;
            for (flow, (what, by)) in steps.into_iter().enumerate() {
                match what {
                    0 | 1 => {
                        wheel.insert(&mut links, flow as u32 + 1, now + by);
                        model.push((flow as u32 + 1, now + by.min(4095)));
                    }
                    2 if !model.is_empty() => {
                        let (flow, _) = model.remove(by as usize % model.len());
                        wheel.remove(&mut links, flow);
                    }
                    _ => {
                        now += by / 8;
                        let mut due: Vec<_> = model.iter().copied().filter(|(_, second)| *second <= now).collect();
                        due.sort_by_key(|(_, second)| *second);
                        model.retain(|(_, second)| *second > now);
                        prop_assert_eq!(drain(&mut wheel, &mut links, now), due);
                    }
                }
            }
        }
    }
}
