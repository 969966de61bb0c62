//! The hashes that are compared, and how whoever knows them finds keys of one slot.

use flowtools::meter::packet::Address;
use flowtools::meter::{CacheHash, Ends};

use super::{KEY, Key};

/// A hash of keys.
pub enum Hash {
    /// CRC-32, most significant bit first, by a table of its polynomial.
    Crc { polynomial: u32, table: Box<[u32; 256]> },
    /// Bob Jenkins' lookup3 (`hashlittle`), initial value 0.
    Lookup3,
    /// Austin Appleby's MurmurHash3_x86_32, seed 0.
    Murmur3,
    /// The flow cache's, of keys as they are kept of IPv4 flows.
    OursIpv4(CacheHash),
    /// The same, of keys as they are kept of IPv6 flows.
    OursIpv6(CacheHash),
}

impl Hash {
    pub fn crc(polynomial: u32) -> Hash {
        let step = |state: u32| if state >> 31 == 1 { state << 1 ^ polynomial } else { state << 1 };
        let table = std::array::from_fn(|octet| (0..8).fold((octet as u32) << 24, |state, _| step(state)));
        Hash::Crc { polynomial, table: Box::new(table) }
    }

    pub fn name(&self) -> String {
        match self {
            Hash::Crc { polynomial, .. } => format!("CRC-32 {polynomial:08X}"),
            Hash::Lookup3 => "lookup3".into(),
            Hash::Murmur3 => "MurmurHash3".into(),
            Hash::OursIpv4(_) => "ours, IPv4".into(),
            Hash::OursIpv6(_) => "ours, IPv6".into(),
        }
    }

    /// The slot of a key in a table of `1 << bits`: by the low bits of a hash, by ours' high ones, as the cache does.
    pub fn slot(&self, key: &Key, bits: u32) -> usize {
        let low = |hash: u32| hash as usize & ((1 << bits) - 1);
        match self {
            Hash::Crc { table, .. } => low(crc(table, u32::MAX, key)),
            Hash::Lookup3 => low(lookup3(key)),
            Hash::Murmur3 => low(murmur3(key)),
            Hash::OursIpv4(hash) => (hash.of(&ipv4(key)) >> (64 - bits)) as usize,
            Hash::OursIpv6(hash) => (hash.of(&ipv6(key)) >> (64 - bits)) as usize,
        }
    }

    /// A key made of random numbers that has the same hash as all others from here. For ours, it is so under the seed
    /// that the adversary knows.
    pub fn of_one_slot(&self, mut random: impl FnMut() -> u64, known: [u64; 2]) -> Key {
        let mut key = [0; KEY];
        key.chunks_mut(8).for_each(|part| part.copy_from_slice(&random().to_le_bytes()[..part.len()]));
        match self {
            Hash::Crc { polynomial, table } => {
                // A step back from state 0 for each bit of the last four octets; what they must be is the difference.
                let back = |state: u32| match state & 1 {
                    1 => (state ^ polynomial) >> 1 | 1 << 31,
                    _ => state >> 1,
                };
                let wanted = (0..32).fold(0, |state, _| back(state));
                let last = crc(table, u32::MAX, &key[..KEY - 4]) ^ wanted;
                key[KEY - 4..].copy_from_slice(&last.to_be_bytes());
            }
            Hash::Lookup3 => lookup3_of_0(&mut key, random() as u32, random() as u32),
            Hash::Murmur3 => murmur3_of_0(&mut key),
            // One factor of a product is 0: the product is, whatever the other is.
            Hash::OursIpv4(_) => {
                let [address, rest] = [(known[0] >> 32) as u32, known[0] as u32];
                key[..4].copy_from_slice(&address.to_be_bytes());
                key[8..10].copy_from_slice(&rest.to_be_bytes()[..2]);
                key[13..15].copy_from_slice(&rest.to_be_bytes()[2..]);
                // The higher end has to be the other.
                key[4] |= 0x80;
            }
            Hash::OursIpv6(_) => {
                key[8..16].copy_from_slice(&known[0].to_be_bytes());
                key[16] = 6;
            }
        }
        key
    }
}

fn word(key: &[u8]) -> u32 {
    key.iter().rev().fold(0, |word, octet| word << 8 | u32::from(*octet))
}

fn crc(table: &[u32; 256], state: u32, key: &[u8]) -> u32 {
    key.iter().fold(state, |state, octet| state << 8 ^ table[(state >> 24 ^ u32::from(*octet)) as usize])
}

/// Rounds of lookup3's `mix`: (which is changed, by which, rotated by, then which is added to).
const MIX: [u32; 6] = [4, 6, 8, 16, 19, 4];
const FINAL: [u32; 7] = [14, 11, 25, 16, 4, 14, 24];

fn lookup3(key: &[u8]) -> u32 {
    let begin = 0xdead_beef_u32.wrapping_add(key.len() as u32);
    let (mut state, mut rest) = ([begin; 3], key);
    let add = |state: &mut [u32; 3], part: &[u8]| {
        state.iter_mut().zip(part.chunks(4)).for_each(|(s, octets)| *s = s.wrapping_add(word(octets)));
    };
    while rest.len() > 12 {
        add(&mut state, &rest[..12]);
        mix(&mut state);
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return state[2];
    }
    add(&mut state, rest);
    for (i, by) in FINAL.into_iter().enumerate() {
        let (to, from) = ((i + 2) % 3, (i + 1) % 3);
        state[to] = (state[to] ^ state[from]).wrapping_sub(state[from].rotate_left(by));
    }
    state[2]
}

fn mix(state: &mut [u32; 3]) {
    for (i, by) in MIX.into_iter().enumerate() {
        let (to, from, third) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        state[to] = state[to].wrapping_sub(state[from]) ^ state[from].rotate_left(by);
        state[from] = state[from].wrapping_add(state[third]);
    }
}

/// Every step of lookup3 can be undone: from a result of 0, and any two numbers beside it, back to the key.
fn lookup3_of_0(key: &mut Key, one: u32, two: u32) {
    let mut state = [one, two, 0];
    for (i, by) in FINAL.into_iter().enumerate().rev() {
        let (to, from) = ((i + 2) % 3, (i + 1) % 3);
        state[to] = state[to].wrapping_add(state[from].rotate_left(by)) ^ state[from];
    }
    state[0] = state[0].wrapping_sub(word(&key[12..16]));
    state[1] = state[1].wrapping_sub(word(&key[16..]));
    for (i, by) in MIX.into_iter().enumerate().rev() {
        let (to, from, third) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        state[from] = state[from].wrapping_sub(state[third]);
        state[to] = (state[to] ^ state[from].rotate_left(by)).wrapping_add(state[from]);
    }
    let begin = 0xdead_beef_u32.wrapping_add(KEY as u32);
    for (octets, s) in key.chunks_mut(4).zip(state) {
        octets.copy_from_slice(&s.wrapping_sub(begin).to_le_bytes());
    }
}

const MURMUR: [u32; 2] = [0xcc9e_2d51, 0x1b87_3593];

fn scrambled(word: u32) -> u32 {
    word.wrapping_mul(MURMUR[0]).rotate_left(15).wrapping_mul(MURMUR[1])
}

fn murmur3_block(state: u32, block: u32) -> u32 {
    (state ^ scrambled(block)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn murmur3(key: &[u8]) -> u32 {
    let blocks = key.chunks_exact(4);
    let tail = word(blocks.remainder());
    let state = blocks.map(word).fold(0, murmur3_block);
    let mut hash = state ^ scrambled(tail) ^ key.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

/// The end of MurmurHash3 keeps 0, so the state before it must be what tail and length make 0; the last block does that.
fn murmur3_of_0(key: &mut Key) {
    let before = key[..12].chunks_exact(4).map(word).fold(0, murmur3_block);
    let after = scrambled(word(&key[16..])) ^ KEY as u32;
    let mixed = after.wrapping_sub(0xe654_6b64).wrapping_mul(inverse(5)).rotate_right(13) ^ before;
    let block = mixed.wrapping_mul(inverse(MURMUR[1])).rotate_right(15).wrapping_mul(inverse(MURMUR[0]));
    key[12..16].copy_from_slice(&block.to_le_bytes());
}

/// What an odd number times is 1: each round of Newton's doubles the bits that are right.
fn inverse(odd: u32) -> u32 {
    (0..5).fold(odd, |x, _| x.wrapping_mul(2u32.wrapping_sub(odd.wrapping_mul(x))))
}

fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet))
}

/// A key as an IPv4 flow: addresses, ports, protocol and VLAN. The last two octets have no place.
fn ipv4(key: &Key) -> Ends {
    let addresses = [0, 4].map(|at| Address::V4(number(&key[at..at + 4]) as u32));
    let ports = [8, 10].map(|at| number(&key[at..at + 2]) as u16);
    Ends { addresses, ports, macs: [0; 2], protocol: key[12], vlan: number(&key[13..15]) as u16 }
}

/// A key as an IPv6 flow: an address and the protocol. The other address is always the same.
fn ipv6(key: &Key) -> Ends {
    let address = u128::from(number(&key[..8])) << 64 | u128::from(number(&key[8..16]));
    let addresses = [address, u128::MAX].map(Address::V6);
    Ends { addresses, ports: [0; 2], macs: [0; 2], protocol: key[16], vlan: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_what_their_authors_say() {
        let Hash::Crc { table, .. } = Hash::crc(0x04C1_1DB7) else { unreachable!() };
        assert_eq!(crc(&table, u32::MAX, b"123456789"), 0x0376_E6E7);
        assert_eq!((lookup3(b""), lookup3(b"Four score and seven years ago")), (0xdead_beef, 0x1777_0551));
        assert_eq!((murmur3(b""), murmur3(b"hello")), (0, 0x248b_fa47));
        assert_eq!(murmur3(b"The quick brown fox jumps over the lazy dog"), 0x2e4f_f723);
    }

    #[test]
    fn who_knows_a_hash_finds_keys_of_one_slot() {
        let known = [0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210];
        let hashes = [
            Hash::crc(0x04C1_1DB7),
            Hash::crc(0xEDB8_8321),
            Hash::crc(0x8260_8EDB),
            Hash::Lookup3,
            Hash::Murmur3,
            Hash::OursIpv4(CacheHash::new(known)),
            Hash::OursIpv6(CacheHash::new(known)),
        ];
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state
        };
        for hash in hashes {
            let first = hash.of_one_slot(&mut random, known);
            for _ in 0..100 {
                let key = hash.of_one_slot(&mut random, known);
                assert!(key != first && hash.slot(&key, 20) == hash.slot(&first, 20), "{}", hash.name());
            }
        }
    }
}
