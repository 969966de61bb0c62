//! What makes packets one flow: both directions of a conversation have the same key.

use std::hash::{BuildHasher, RandomState};

use zerocopy::FromZeros;

use super::packet::Address;

/// Who talks to whom: the fields of a flow's key, source first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// Source and destination address, both of one version.
    pub addresses: [Address; 2],
    /// Source and destination port.
    pub ports: [u16; 2],
    /// Source and destination MAC address, 0 where they are not tracked.
    pub macs: [u64; 2],
    /// Transport protocol.
    pub protocol: u8,
    /// VLAN, 0 where it is not tracked.
    pub vlan: u16,
}

impl Ends {
    /// The other direction.
    pub fn turned(self) -> Ends {
        let ([a, b], [p, q], [m, n]) = (self.addresses, self.ports, self.macs);
        Ends { addresses: [b, a], ports: [q, p], macs: [n, m], ..self }
    }
}

/// A key as a table stores it: the lower end first. The default is that of a free slot.
pub trait Key: Copy + Default + PartialEq + FromZeros {
    /// A number that nobody can foretell who does not know the seed.
    fn hash(&self, seed: Seed) -> u64;

    /// Whether this is no key.
    fn is_free(&self) -> bool;

    /// The transport protocol.
    fn protocol(&self) -> u8;

    /// The flow from the lower to the higher end.
    fn ends(&self) -> Ends;
}

/// Makes hashes differ from run to run, so that nobody can send packets that all fall into one place.
#[derive(Clone, Copy, Debug)]
pub struct Seed([u64; 2]);

impl Seed {
    /// A seed of the system's randomness.
    pub fn random() -> Seed {
        Seed([0u64, 1].map(|n| RandomState::new().hash_one(n)))
    }

    /// Multiplies two words into one, each hidden behind half of the seed.
    #[inline]
    fn fold(self, a: u64, b: u64) -> u64 {
        let [s, t] = self.0;
        let product = u128::from(a ^ s) * u128::from(b ^ t);
        // Of words that count up the halves still do, in steps that may fit the table badly: multiplied once more, what
        // their low bits say reaches the high ones, which choose the slot (docs/cache-fill.md).
        (product as u64 ^ (product >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// The hash that the flow cache finds flows by, with a seed of one's own: to see what it does
/// (`examples/cache_fill`). A cache's own seed is random.
#[derive(Clone, Copy, Debug)]
pub struct CacheHash(Seed);

impl CacheHash {
    /// The hash with this seed.
    pub fn new(seed: [u64; 2]) -> CacheHash {
        CacheHash(Seed(seed))
    }

    /// The hash of a flow, of which the high bits choose the slot. Both directions have the same.
    pub fn of(&self, ends: &Ends) -> u64 {
        match ends.addresses {
            [Address::V4(source), Address::V4(destination)] if ends.macs == [0; 2] => {
                Narrow::new([source, destination], ends.ports, ends.protocol, ends.vlan).0.hash(self.0)
            }
            _ => Wide::new(*ends).0.hash(self.0),
        }
    }
}

/// An IPv4 flow without MAC addresses: (address, port, VLAN) of the lower end, (address, port, protocol, 4) of the
/// higher.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, FromZeros)]
pub struct Narrow {
    low: u64,
    high: u64,
}

impl Narrow {
    /// The key of a packet, and its direction: 0 from the lower to the higher end, 1 back.
    #[inline]
    pub fn new(addresses: [u32; 2], ports: [u16; 2], protocol: u8, vlan: u16) -> (Narrow, u8) {
        let source = u64::from(addresses[0]) << 16 | u64::from(ports[0]);
        let destination = u64::from(addresses[1]) << 16 | u64::from(ports[1]);
        let (low, high) = (source.min(destination), source.max(destination));
        let key = Narrow { low: low << 16 | u64::from(vlan), high: high << 16 | u64::from(protocol) << 8 | 4 };
        (key, u8::from(source > destination))
    }
}

impl Key for Narrow {
    #[inline]
    fn hash(&self, seed: Seed) -> u64 {
        seed.fold(self.low, self.high)
    }

    #[inline]
    fn is_free(&self) -> bool {
        self.high == 0
    }

    #[inline]
    fn protocol(&self) -> u8 {
        (self.high >> 8) as u8
    }

    fn ends(&self) -> Ends {
        Ends {
            addresses: [Address::V4((self.low >> 32) as u32), Address::V4((self.high >> 32) as u32)],
            ports: [(self.low >> 16) as u16, (self.high >> 16) as u16],
            macs: [0; 2],
            protocol: self.protocol(),
            vlan: self.low as u16,
        }
    }
}

/// Any flow: IPv6, or with MAC addresses.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, FromZeros)]
pub struct Wide {
    /// The halves of each, the lower first.
    addresses: [[u64; 2]; 2],
    /// Ports, VLAN, protocol and version.
    rest: u64,
    macs: [u64; 2],
}

impl Wide {
    /// The key of a packet, and its direction: 0 from the lower to the higher end, 1 back.
    pub fn new(ends: Ends) -> (Wide, u8) {
        let end = |i: usize| (ends.addresses[i], ends.ports[i], ends.macs[i]);
        let backward = end(0) > end(1);
        let ends = if backward { ends.turned() } else { ends };
        let number = |address| match address {
            Address::V4(n) => [n.into(), 0],
            Address::V6(n) => [n as u64, (n >> 64) as u64],
        };
        let version = if matches!(ends.addresses[0], Address::V4(_)) { 4 } else { 6 };
        let [low, high] = ends.ports.map(u64::from);
        let rest = low << 48 | high << 32 | u64::from(ends.vlan) << 16 | u64::from(ends.protocol) << 8 | version;
        (Wide { addresses: ends.addresses.map(number), rest, macs: ends.macs }, u8::from(backward))
    }
}

impl Key for Wide {
    fn hash(&self, seed: Seed) -> u64 {
        let [low, high] = self.addresses;
        let mut hash = seed.fold(low[0], low[1]);
        hash = seed.fold(hash ^ high[0], high[1]);
        hash = seed.fold(hash ^ self.macs[0], self.macs[1]);
        seed.fold(hash, self.rest)
    }

    fn is_free(&self) -> bool {
        self.rest == 0
    }

    fn protocol(&self) -> u8 {
        (self.rest >> 8) as u8
    }

    fn ends(&self) -> Ends {
        let address = |[low, high]: [u64; 2]| match self.rest as u8 {
            4 => Address::V4(low as u32),
            _ => Address::V6(u128::from(high) << 64 | u128::from(low)),
        };
        Ends {
            addresses: self.addresses.map(address),
            ports: [(self.rest >> 48) as u16, (self.rest >> 32) as u16],
            macs: self.macs,
            protocol: self.protocol(),
            vlan: (self.rest >> 16) as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key() {
        for (a, b, p, q) in [(1, 2, 80, 1024), (7, 7, 9, 5), (u32::MAX, 0, 0, u16::MAX), (3, 3, 4, 4)] {
            let (there, d) = Narrow::new([a, b], [p, q], 6, 0xfff);
            let (back, e) = Narrow::new([b, a], [q, p], 6, 0xfff);
            assert!(there == back && !there.is_free());
            assert_eq!(d != e, (a, p) != (b, q));
            let addresses = [Address::V4(a), Address::V4(b)];
            let ends = Ends { addresses, ports: [p, q], macs: [0; 2], protocol: 6, vlan: 0xfff };
            assert_eq!(if d == 0 { there.ends() } else { there.ends().turned() }, ends);
            for ends in [ends, Ends { addresses: [5, 4].map(Address::V6), macs: [1, 2], ..ends }] {
                let ((there, d), (back, _)) = (Wide::new(ends), Wide::new(ends.turned()));
                assert!(there == back && !there.is_free());
                assert_eq!(if d == 0 { there.ends() } else { there.ends().turned() }, ends);
            }
        }
        assert!(Narrow::default().is_free() && Wide::default().is_free());
    }

    #[test]
    fn a_scan_is_spread_as_by_chance_whatever_the_seed() {
        const BITS: u32 = 14;
        let mut seeds = 0u64;
        let mut random = || {
            seeds = seeds.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seeds ^ seeds >> 29
        };
        for _ in 0..200 {
            let hash = CacheHash::new([random(), random()]);
            let mut taken = vec![false; 1 << BITS];
            for n in 0..1 << BITS {
                let addresses = [Address::V4(0x0A00_0001), Address::V4(0x0B00_0000 + n)];
                let ends = Ends { addresses, ports: [40_000, 443], macs: [0; 2], protocol: 6, vlan: 0 };
                taken[(hash.of(&ends) >> (64 - BITS)) as usize] = true;
            }
            let full = taken.iter().filter(|taken| **taken).count() as f64 / f64::from(1 << BITS);
            // 1 - 1/e, and eight standard deviations.
            assert!((full - 0.632).abs() < 0.02, "{full}");
        }
    }

    #[test]
    fn hashes_differ_with_key_and_seed() {
        let key = |n: u16| Narrow::new([1, 2], [n, 80], 6, 0).0;
        let seed = Seed::random();
        let mut hashes: Vec<u64> = (0..1000).map(|n| key(n).hash(seed)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 1000);
        assert_ne!(key(1).hash(seed), key(1).hash(Seed::random()));
        let wide = |n: u64| {
            let addresses = [Address::V6(1), Address::V6(2)];
            Wide::new(Ends { addresses, ports: [1, 2], macs: [n, 0], protocol: 6, vlan: 0 }).0
        };
        assert_ne!(wide(1).hash(seed), wide(2).hash(seed));
    }
}
