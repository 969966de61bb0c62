//! Who has sent to whom within the window.

use std::collections::HashMap;

use super::Limits;

/// The table is swept after so many flows, or half the window if that is more.
const SWEEP: u64 = 1 << 16;

/// Sources, and whom each has sent to.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub sources: HashMap<u128, Source>,
    /// Flows seen.
    pub clock: u64,
    swept: u64,
    /// Octets of memory it takes, about.
    room: usize,
    /// How often the window was cut short.
    pub cuts: u64,
}

/// What a source has done lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// The last flow of it.
    pub last: u64,
    pub found: Found,
    /// Whom it has sent to. Of one that has been found, no more than would have it found again.
    pub pairs: Vec<Pair>,
}

/// A host that a source has sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub host: u128,
    pub last: u64,
    pub ports: Ports,
}

/// Ports below 1024. Most pairs know one or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Ports {
    #[default]
    None,
    One(u16),
    Many(Box<[u64; 16]>),
}

/// What a source has been found to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub hosts: bool,
    pub ports: bool,
}

/// Octets that a source takes: its place in the table, of which up to half is free.
const SOURCE: usize = 2 * (size_of::<u128>() + size_of::<Source>());
/// Octets that the ports of a pair take.
const PORTS: usize = 144;

impl Table {
    /// Counts a flow; says what its source is found to do by it.
    pub fn meet(&mut self, source: u128, host: u128, port: Option<u16>, limits: &Limits) -> Found {
        self.clock += 1;
        if self.clock - self.swept >= SWEEP.max(limits.age / 2) || self.room > limits.room {
            self.make_room(limits);
        }
        let (clock, room) = (self.clock, &mut self.room);
        let from = self.sources.entry(source).or_insert_with(|| {
            *room += SOURCE;
            Source { last: clock, ..Source::default() }
        });
        if clock - from.last > limits.age {
            *room = room.saturating_sub(from.room());
            *from = Source::default();
        }
        from.last = clock;
        let before = from.room();
        let found = from.meet(host, port, clock, limits);
        *room = (*room + from.room()).saturating_sub(before);
        found
    }

    /// Takes back what was saved.
    pub fn put(&mut self, host: u128, source: Source) {
        self.room += SOURCE + source.room();
        self.sources.insert(host, source);
    }

    /// Forgets what is older than the window; and if that makes too little room, than half of it, and so on.
    fn make_room(&mut self, limits: &Limits) {
        self.swept = self.clock;
        let (mut age, full) = (limits.age, self.room > limits.room);
        loop {
            self.forget(age);
            // Half is left free, so that not every flow comes here.
            if !full || self.room <= limits.room / 2 || age == 0 {
                return;
            }
            if age == limits.age {
                self.cuts += 1;
            }
            age /= 2;
        }
    }

    fn forget(&mut self, age: u64) {
        let clock = self.clock;
        self.sources.retain(|_, source| {
            if clock - source.last > age {
                return false;
            }
            source.forget(clock, age);
            source.pairs.shrink_to_fit();
            true
        });
        if self.sources.capacity() > 4 * self.sources.len() {
            self.sources.shrink_to_fit();
        }
        self.room = self.sources.values().map(|source| SOURCE + source.room()).sum();
    }
}

impl Source {
    fn meet(&mut self, host: u128, port: Option<u16>, clock: u64, limits: &Limits) -> Found {
        let mut found = Found::default();
        let known = self.pairs.iter().position(|pair| pair.host == host);
        if known.is_none() {
            if self.pairs.len() >= limits.hosts {
                self.forget(clock, limits.age);
            }
            found.hosts = !self.found.hosts && self.pairs.len() >= limits.hosts;
            self.found.hosts |= found.hosts;
            if self.pairs.len() >= limits.hosts {
                return found;
            }
            if self.pairs.capacity() == 0 {
                self.pairs.reserve_exact(1);
            }
            self.pairs.push(Pair { host, last: clock, ports: Ports::None });
        }
        let at = known.unwrap_or(self.pairs.len() - 1);
        let Some(pair) = self.pairs.get_mut(at) else { return found };
        if clock - pair.last > limits.age {
            pair.ports = Ports::None;
        }
        pair.last = clock;
        if let Some(port) = port
            && pair.ports.add(port) > limits.ports
            && !self.found.ports
        {
            (found.ports, self.found.ports) = (true, true);
        }
        found
    }

    fn forget(&mut self, clock: u64, age: u64) {
        self.pairs.retain(|pair| clock - pair.last <= age);
    }

    /// Octets of memory it takes besides its place in the table.
    fn room(&self) -> usize {
        let many = self.pairs.iter().filter(|pair| matches!(pair.ports, Ports::Many(_))).count();
        self.pairs.capacity() * size_of::<Pair>() + many * PORTS
    }
}

impl Ports {
    /// Adds a port; says how many there are.
    pub fn add(&mut self, port: u16) -> u32 {
        match self {
            Ports::None => {
                *self = Ports::One(port);
                1
            }
            Ports::One(one) if *one == port => 1,
            Ports::One(one) => {
                let mut bits = Box::new([0; 16]);
                [*one, port].into_iter().for_each(|port| set(&mut bits, port));
                *self = Ports::Many(bits);
                2
            }
            Ports::Many(bits) => {
                set(bits, port);
                bits.iter().map(|word| word.count_ones()).sum()
            }
        }
    }

    /// The ports, ascending.
    pub fn each(&self) -> Vec<u16> {
        match self {
            Ports::None => Vec::new(),
            Ports::One(port) => vec![*port],
            Ports::Many(bits) => {
                let is_set =
                    |port: &u16| bits.get(usize::from(port / 64)).is_some_and(|word| word >> (port % 64) & 1 == 1);
                (0..1024).filter(is_set).collect()
            }
        }
    }
}

fn set(bits: &mut [u64; 16], port: u16) {
    if let Some(word) = bits.get_mut(usize::from(port / 64)) {
        *word |= 1 << (port % 64);
    }
}
