//! A wheel of seconds: for each second to come, a list of the flows to be looked at then.
//!
//! A flow is put into the second it would be over if nothing more came, and is not moved when more comes: who looks at
//! it then puts it in again. So a packet costs nothing here, and a flow is looked at about once a timeout. Nor is it
//! taken out when it ends early, or when its time comes nearer and it is put in once more: who looks at it finds that
//! it is gone, or not yet over. Lists are read from front to end, so that what is next can be fetched beforehand.

/// Seconds ahead that are told apart; what is further off is looked at then, and put in again.
const SECONDS: usize = 4096;

/// Flows that are looked at together.
pub const GLANCE: usize = 32;

/// Tickets that an empty list keeps room for: not for as many as it ever had.
const KEPT: usize = 64;

/// How to find a flow: where its key would have it, and a number that no other flow there has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Ticket {
    /// The slot that the flow's search begins at.
    pub home: u32,
    /// The flow's number.
    pub born: u32,
}

/// Lists of flows, one a second, each in the order in which its flows came.
pub struct Wheel {
    lists: Vec<List>,
    /// A bit for each list that is not empty.
    busy: [u64; SECONDS / 64],
    /// The second before which all lists are empty.
    now: u64,
}

#[derive(Clone, Default)]
struct List {
    tickets: Vec<Ticket>,
    /// Those before have been taken.
    taken: usize,
}

/// Some tickets of one list.
pub struct Glance {
    tickets: [Ticket; GLANCE],
    len: usize,
    /// The list's second.
    pub second: u64,
}

impl Glance {
    /// The tickets.
    pub fn tickets(&self) -> &[Ticket] {
        self.tickets.get(..self.len).unwrap_or_default()
    }
}

impl Wheel {
    /// A wheel without flows.
    pub fn new() -> Wheel {
        Wheel { lists: vec![List::default(); SECONDS], busy: [0; SECONDS / 64], now: 0 }
    }

    /// Puts a flow into the list of `second`, or the nearest that there is.
    #[inline]
    pub fn insert(&mut self, ticket: Ticket, second: u64) {
        let at = (self.nearest(second) % SECONDS as u64) as usize;
        if let (Some(list), Some(busy)) = (self.lists.get_mut(at), self.busy.get_mut(at / 64)) {
            list.tickets.push(ticket);
            *busy |= 1 << (at % 64);
        }
    }

    /// The second in whose list a flow would be that is to be looked at in `second`.
    #[inline]
    pub fn nearest(&self, second: u64) -> u64 {
        second.clamp(self.now, self.now.saturating_add(SECONDS as u64 - 1))
    }

    /// Time goes on: takes flows that are to be looked at by `until`, the earliest first. `None` if there are no more.
    pub fn due(&mut self, until: u64) -> Option<Glance> {
        let found = self.earliest().filter(|(second, _)| *second <= until);
        self.now = found.map_or(until.max(self.now), |(second, _)| second);
        found.map(|(second, at)| self.take(second, at, GLANCE))
    }

    /// Takes at most `most` of the earliest flows, before their time. `None` if there are none.
    pub fn first(&mut self, most: usize) -> Option<Glance> {
        self.earliest().map(|(second, at)| self.take(second, at, most))
    }

    fn take(&mut self, second: u64, at: usize, most: usize) -> Glance {
        let mut glance = Glance { tickets: [Ticket::default(); GLANCE], len: 0, second };
        let (Some(list), Some(busy)) = (self.lists.get_mut(at), self.busy.get_mut(at / 64)) else { return glance };
        let left = list.tickets.get(list.taken..).unwrap_or_default();
        for (to, from) in glance.tickets.iter_mut().zip(left.iter().take(most)) {
            *to = *from;
            glance.len += 1;
        }
        list.taken += glance.len;
        if list.taken >= list.tickets.len() {
            list.tickets.clear();
            list.tickets.shrink_to(KEPT);
            list.taken = 0;
            *busy &= !(1 << (at % 64));
        } else if list.taken >= KEPT.max(list.tickets.len() / 2) {
            list.tickets.drain(..list.taken);
            list.taken = 0;
        }
        glance
    }

    /// The earliest list that is not empty, and its second.
    fn earliest(&self) -> Option<(u64, usize)> {
        let start = (self.now % SECONDS as u64) as usize;
        let words = SECONDS / 64;
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticket(born: u32) -> Ticket {
        Ticket { home: 7, born }
    }

    fn drain(wheel: &mut Wheel, until: u64) -> Vec<(u32, u64)> {
        let mut out = Vec::new();
        while let Some(glance) = wheel.due(until) {
            assert!(!glance.tickets().is_empty());
            out.extend(glance.tickets().iter().map(|t| (t.born, glance.second)));
        }
        out
    }

    #[test]
    fn flows_come_in_the_order_of_their_seconds() {
        let mut wheel = Wheel::new();
        assert_eq!(drain(&mut wheel, 1_700_000_000), []);
        for (born, second) in [(3, 1_700_000_100), (1, 1_700_000_005), (2, 0), (4, u64::MAX), (5, 1_700_000_100)] {
            wheel.insert(ticket(born), second);
        }
        assert_eq!(drain(&mut wheel, 1_700_000_050), [(2, 1_700_000_000), (1, 1_700_000_005)]);
        let first = wheel.first(1).unwrap();
        assert_eq!((first.tickets(), first.second), (&[ticket(3)][..], 1_700_000_100));
        assert_eq!(drain(&mut wheel, 1_700_009_999), [(5, 1_700_000_100), (4, 1_700_004_095)]);
        assert!(drain(&mut wheel, u64::MAX).is_empty() && wheel.now == u64::MAX && wheel.first(9).is_none());
    }

    proptest! {
        #[test]
        fn the_wheel_is_a_priority_queue(steps in proptest::collection::vec((0u8..3, 0u64..5000), 0..300)) {
            let mut wheel = Wheel::new();
            let mut model = Vec::<(u32, u64)>::new();
            let mut now = 0;
            for (born, (what, by)) in steps.into_iter().enumerate() {
                match what {
                    0 | 1 => {
                        wheel.insert(ticket(born as u32), now + by);
                        model.push((born as u32, now + by.min(4095)));
                    }
                    _ => {
                        now += by / 8;
                        let mut due: Vec<_> = model.iter().copied().filter(|(_, second)| *second <= now).collect();
                        due.sort_by_key(|(_, second)| *second);
                        model.retain(|(_, second)| *second > now);
                        prop_assert_eq!(drain(&mut wheel, now), due);
                    }
                }
            }
        }
    }
}
