//! Which addresses a block may hold: a Bloom filter of lines that can be read, and checked, one by one.

use std::net::IpAddr;

/// Octets of a line: the bits, then their CRC-32C.
pub(in crate::file) const LINE: usize = 64;
/// Octets of a line's bits.
const BITS: usize = LINE - 4;
/// Addresses a line is meant for: 8 bits each.
const KEYS: usize = 60;
/// Bits an address sets in its line.
const PROBES: u32 = 5;

/// What an address is looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::file) struct Probe {
    hash: u64,
}

/// A line of a filter.
pub(in crate::file) type Line = [u8; LINE];

/// The last steps of splitmix64.
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

impl From<IpAddr> for Probe {
    fn from(address: IpAddr) -> Probe {
        match address {
            IpAddr::V4(v4) => Probe::number(v4.to_bits().into()),
            IpAddr::V6(v6) => Probe::long(v6.to_bits()),
        }
    }
}

impl Probe {
    /// Of an IPv4 address as a number.
    pub fn number(address: u64) -> Probe {
        Probe { hash: mix(address) }
    }

    /// Of an IPv6 address as a number.
    pub fn long(address: u128) -> Probe {
        Probe { hash: mix(mix((address >> 64) as u64) ^ address as u64) }
    }

    /// Which of so many lines it is in.
    pub fn line(self, lines: u32) -> u32 {
        (((self.hash >> 32) * u64::from(lines)) >> 32) as u32
    }

    /// Its bits in the line.
    fn bits(self) -> impl Iterator<Item = usize> {
        let slices = mix(self.hash.wrapping_add(0x9E37_79B9_7F4A_7C15));
        (0..PROBES).map(move |i| ((slices >> (12 * i) & 0xFFF) as usize * (8 * BITS)) >> 12)
    }

    /// Whether the line may hold it; `None` if the line is damaged.
    pub fn is_in(self, line: &Line) -> Option<bool> {
        if !is_whole(line) {
            return None;
        }
        let bits = line.get(..BITS).unwrap_or_default();
        Some(self.bits().all(|bit| bits.get(bit / 8).is_some_and(|octet| octet >> (bit % 8) & 1 == 1)))
    }
}

/// Whether a line's checksum is right.
pub(super) fn is_whole(line: &Line) -> bool {
    let (bits, sum) = line.split_at(BITS);
    crc32c::crc32c(bits).to_le_bytes() == *sum
}

/// Appends a filter of these addresses to `out`; says how many lines it has.
pub(super) fn build(probes: &[Probe], out: &mut Vec<u8>) -> u32 {
    let lines = probes.len().div_ceil(KEYS).max(1);
    let start = out.len();
    out.resize(start + lines * LINE, 0);
    let Some(filter) = out.get_mut(start..) else { return 0 };
    for probe in probes {
        let at = probe.line(lines as u32) as usize * LINE;
        let Some(line) = filter.get_mut(at..at + BITS) else { continue };
        for bit in probe.bits() {
            if let Some(octet) = line.get_mut(bit / 8) {
                *octet |= 1 << (bit % 8);
            }
        }
    }
    for line in filter.chunks_exact_mut(LINE) {
        let (bits, sum) = line.split_at_mut(BITS);
        sum.copy_from_slice(&crc32c::crc32c(bits).to_le_bytes());
    }
    lines as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_is_found_and_little_else() {
        let mut filter = Vec::new();
        let probes: Vec<Probe> = (0..10_000u64).map(|n| Probe::number(n * 7)).collect();
        let lines = build(&probes, &mut filter);
        let found = |n: u64| {
            let probe = Probe::number(n);
            let at = probe.line(lines) as usize * LINE;
            probe.is_in(filter[at..at + LINE].try_into().unwrap()).unwrap()
        };
        assert!((0..10_000).all(|n| found(n * 7)));
        let wrong = (0..10_000).filter(|n| found(1_000_000 + n)).count();
        assert!(wrong < 500, "{wrong} of 10000");
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let mut filter = Vec::new();
        build(&[Probe::from(IpAddr::from([0x2001, 0xDB8, 0, 0, 0, 0, 0, 7]))], &mut filter);
        let mut line: Line = filter.try_into().unwrap();
        assert_eq!(Probe::from(IpAddr::from([0x2001, 0xDB8, 0, 0, 0, 0, 0, 7])).is_in(&line), Some(true));
        line[7] ^= 4;
        assert_eq!(Probe::from(IpAddr::from([10, 0, 0, 1])).is_in(&line), None);
    }
}
