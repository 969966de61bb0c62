//! Ports for the fragments that do not have any: those of their packet's first fragment.
//!
//! A table of one fixed allocation remembers first fragments by what makes fragments one packet (RFC 791, RFC 8200).
//! Each place belongs to a set of four, found by a keyed hash; a new first fragment takes the place of the oldest in its
//! set. So a flood of them costs what they cost one by one, and loses some of the others, nothing more. A fragment that
//! comes before its first one is not held back: it goes without ports.

use std::hash::{BuildHasher, RandomState};

use super::packet::{Address, Fragment, Ip};

/// First fragments remembered, at most.
const PLACES: usize = 4096;
/// Places a first fragment may have.
const WAYS: usize = 4;
/// How long a first fragment is good for, in ns: as long as Linux waits for the others. IPv4's numbers come around.
const LIFE_NS: u64 = 30_000_000_000;

/// A first fragment.
#[derive(Clone, Copy, Default)]
struct First {
    /// The hash of what the packet's fragments have in common; nobody who does not know the seed can make two alike.
    /// 0: a free place.
    packet: u64,
    time_ns: u64,
    ports: [u16; 2],
    protocol: u8,
}

/// What first fragments said.
pub struct Fragments {
    /// `WAYS` places a set.
    places: Box<[First]>,
    seed: RandomState,
}

impl Default for Fragments {
    fn default() -> Fragments {
        Fragments { places: vec![First::default(); PLACES].into_boxed_slice(), seed: RandomState::new() }
    }
}

impl Fragments {
    /// The protocol and the ports of a fragment seen at a time, in ns since 1970: a first fragment's, `ports`, are
    /// remembered; a later one has those of its first, or its own protocol and none.
    #[cold]
    #[inline(never)]
    pub fn resolve(&mut self, ip: &Ip<'_>, ports: [u16; 2], time_ns: u64) -> (u8, [u16; 2]) {
        let own = (ip.protocol, ports);
        let packet = self.packet(ip);
        let set = self.set(packet);
        let known = set.iter_mut().find(|first| first.packet == packet);
        match ip.fragment {
            Fragment::Whole => own,
            Fragment::First => {
                let place = match known {
                    Some(place) => Some(place),
                    None => self.set(packet).iter_mut().min_by_key(|first| first.time_ns),
                };
                if let Some(place) = place {
                    *place = First { packet, time_ns, ports, protocol: ip.protocol };
                }
                own
            }
            Fragment::Later => match known {
                Some(first) if first.time_ns.abs_diff(time_ns) <= LIFE_NS => (first.protocol, first.ports),
                _ => own,
            },
        }
    }

    /// What the fragments of a packet have in common, in one number. IPv6's do not agree on the protocol: what a
    /// fragment header announces may be one more extension header, which only the first fragment has.
    fn packet(&self, ip: &Ip<'_>) -> u64 {
        let protocol = if matches!(ip.source, Address::V4(_)) { ip.protocol } else { 0 };
        self.seed.hash_one((ip.source, ip.destination, ip.id, protocol)).max(1)
    }

    fn set(&mut self, packet: u64) -> &mut [First] {
        let set = packet as usize % (PLACES / WAYS) * WAYS;
        self.places.get_mut(set..set + WAYS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
