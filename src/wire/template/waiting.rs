//! Data sets that came before their template: they wait for it, within bounds.

use std::collections::VecDeque;

use super::shape::Origin;

/// Octets that may wait of one observation domain; the oldest make room for new ones.
const MOST: usize = 8 << 20;
/// Octets that may wait in all; those of domains that were silent longest make room.
const MOST_IN_ALL: usize = 64 << 20;
/// What a set takes besides its own octets.
const EACH: usize = 96;

/// A data set without a template, and what its message's header said.
#[derive(Debug)]
pub(in crate::wire) struct Held {
    /// The template it waits for.
    pub template: u16,
    /// Where and when it was sent.
    pub origin: Origin,
    /// The data records.
    pub octets: Box<[u8]>,
}

impl Held {
    fn room(&self) -> usize {
        self.octets.len() + EACH
    }
}

/// What waits in all domains together.
#[derive(Debug, Default)]
pub(in crate::wire) struct Room {
    /// Octets taken.
    pub taken: usize,
    /// Data sets that had to be dropped.
    pub dropped: u64,
}

impl Room {
    /// Whether too much waits.
    pub fn is_short(&self) -> bool {
        self.taken > MOST_IN_ALL
    }

    /// Whether, once it was too much, enough has been dropped.
    pub fn is_ample(&self) -> bool {
        self.taken <= MOST_IN_ALL / 4 * 3
    }
}

/// What waits in one observation domain, oldest first.
#[derive(Debug, Default)]
pub(in crate::wire) struct Waiting {
    sets: VecDeque<Held>,
    taken: usize,
}

impl Waiting {
    /// Lets a set wait.
    pub fn push(&mut self, set: Held, room: &mut Room) {
        self.taken += set.room();
        room.taken += set.room();
        self.sets.push_back(set);
        while self.taken > MOST {
            let Some(oldest) = self.sets.pop_front() else { break };
            self.taken -= oldest.room();
            room.taken -= oldest.room();
            room.dropped += 1;
        }
    }

    /// Takes what waits for a template, in the order it came.
    pub fn take(&mut self, template: u16, room: &mut Room) -> Vec<Held> {
        if !self.sets.iter().any(|set| set.template == template) {
            return Vec::new();
        }
        let (ready, waiting): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.sets).into_iter().partition(|set| set.template == template);
        let taken: usize = ready.iter().map(Held::room).sum();
        self.taken -= taken;
        room.taken -= taken;
        self.sets = waiting;
        ready.into()
    }

    /// Drops everything.
    pub fn clear(&mut self, room: &mut Room) {
        room.dropped += self.sets.len() as u64;
        room.taken -= self.taken;
        *self = Waiting::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(template: u16, octets: usize) -> Held {
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        let origin = Origin { exporter, domain: 0, secs: 0, uptime: 0, boot: 0 };
        Held { template, origin, octets: vec![0; octets].into() }
    }

    #[test]
    fn sets_wait_in_order_and_the_oldest_make_room() {
        let (mut waiting, mut room) = (Waiting::default(), Room::default());
        for octets in 1..=3 {
            waiting.push(set(256, octets), &mut room);
            waiting.push(set(257, octets), &mut room);
        }
        let ready: Vec<_> = waiting.take(257, &mut room).iter().map(|set| set.octets.len()).collect();
        assert_eq!(ready, [1, 2, 3]);
        assert_eq!(room.taken, 6 + 3 * EACH);
        waiting.push(set(256, MOST - 2 * EACH - 5), &mut room);
        assert_eq!(room.dropped, 2);
        assert_eq!(waiting.take(256, &mut room).len(), 2);
        assert_eq!((room.taken, room.dropped, waiting.sets.is_empty()), (0, 2, true));
    }
}
