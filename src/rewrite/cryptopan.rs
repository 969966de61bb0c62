//! Crypto-PAn: addresses replaced by others such that two that share their first bits still share as many
//! (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, 2002).
//!
//! Bit n of an address is turned by the first bit of AES of its first n bits, filled up from a secret pad. An IPv6
//! address is treated alike over 128 bits.

use std::fmt;

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};

/// Octets of a key: 16 of AES, 16 of which the pad is made.
pub const KEY: usize = 32;

/// Anonymisation under one key.
#[derive(Clone)]
pub struct CryptoPan {
    key: [u8; KEY],
    cipher: Aes128,
    pad: u128,
}

impl fmt::Debug for CryptoPan {
    /// Keys stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptoPan")
    }
}

impl PartialEq for CryptoPan {
    fn eq(&self, other: &CryptoPan) -> bool {
        self.key == other.key
    }
}

impl CryptoPan {
    /// Under a key: 16 octets of AES's, 16 that are encrypted to be the pad.
    pub fn new(key: [u8; KEY]) -> CryptoPan {
        let number = u128::from_be_bytes(*key.first_chunk().unwrap_or(&[0; 16]));
        let cipher = Aes128::new(&Array::from(number.to_be_bytes()));
        let mut pad = Array::from(*key.last_chunk().unwrap_or(&[0; 16]));
        cipher.encrypt_block(&mut pad);
        CryptoPan { key, cipher, pad: u128::from_be_bytes(pad.into()) }
    }

    /// Reads a key: 64 hexadecimal digits, AES's key and what the pad is made of; or 32, the first alone (the pad is
    /// then made of zeros). `0x` may stand before them, white space around them.
    ///
    /// # Errors
    ///
    /// What was expected.
    pub fn parse(text: &str) -> Result<CryptoPan, String> {
        const EXPECTED: &str = "expected a key of 64 hexadecimal digits, or of 32";
        let text = text.trim();
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text).as_bytes();
        if digits.len() != KEY && digits.len() != KEY * 2 {
            return Err(EXPECTED.into());
        }
        let mut key = [0; KEY];
        for (octet, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let value = |digit: &u8| char::from(*digit).to_digit(16).ok_or(EXPECTED);
            *octet = pair.iter().try_fold(0, |n, digit| Ok::<_, &str>(n << 4 | value(digit)? as u8))?;
        }
        Ok(CryptoPan::new(key))
    }

    /// An IPv4 address, anonymised.
    pub fn four(&self, address: u32) -> u32 {
        (self.turned(u128::from(address) << 96, 0, 32) >> 96) as u32 ^ address
    }

    /// An IPv6 address, anonymised.
    pub fn six(&self, address: u128) -> u128 {
        self.turned(address, 0, 128) ^ address
    }

    /// Which of the bits of an address from `from` on and before `to`, counted from the first, are to be turned.
    fn turned(&self, address: u128, from: u32, to: u32) -> u128 {
        const AT_ONCE: usize = 32;
        let mut turned = 0;
        let mut bit = from;
        while bit < to {
            let mut blocks = [Array::from([0; 16]); AT_ONCE];
            let count = AT_ONCE.min((to - bit) as usize);
            let blocks = blocks.get_mut(..count).unwrap_or_default();
            for (n, block) in (bit..).zip(blocks.iter_mut()) {
                let known = u128::MAX.checked_shl(128 - n).unwrap_or(0);
                *block = Array::from((address & known | self.pad & !known).to_be_bytes());
            }
            self.cipher.encrypt_blocks(blocks);
            for (n, block) in (bit..).zip(blocks.iter()) {
                turned |= u128::from(block.first().map_or(0, |octet| octet >> 7)) << (127 - n);
            }
            bit += count as u32;
        }
        turned
    }
}

/// What has been worked out under a key, so that addresses and networks that come often are not worked out again: one
/// a thread, of bounded size.
#[derive(Debug, Default)]
pub struct Memory {
    under: Option<CryptoPan>,
    /// For the first half of an IPv4 address which of its bits are turned, and a bit that says that this is known.
    heads: Vec<u32>,
    /// An address and its stand-in, where the address's hash says.
    four: Vec<(u32, u32)>,
    /// An IPv6 network and what is turned in it, likewise.
    networks: Vec<(u64, u64)>,
    six: Vec<(u128, u128)>,
}

impl Memory {
    const HEADS: usize = 1 << 16;
    const KNOWN: u32 = 1 << 16;
    const FOUR_BITS: u32 = 15;
    const SIX_BITS: u32 = 13;

    /// Whether it was begun with this key.
    pub fn is_of(&self, pan: &CryptoPan) -> bool {
        self.under.as_ref() == Some(pan)
    }

    /// Forgets what is known of another key.
    pub fn begin(&mut self, pan: &CryptoPan) {
        if self.is_of(pan) {
            return;
        }
        *self = Memory {
            under: Some(pan.clone()),
            heads: vec![0; Memory::HEADS],
            // Of every place what it says is true from the start.
            four: vec![(0, pan.four(0)); 1 << Memory::FOUR_BITS],
            networks: vec![(0, (pan.turned(0, 0, 64) >> 64) as u64); 1 << Memory::SIX_BITS],
            six: vec![(0, pan.six(0)); 1 << Memory::SIX_BITS],
        };
    }

    /// An IPv4 address, anonymised under the key begun with.
    pub fn four(&mut self, address: u32) -> u32 {
        let Some(pan) = &self.under else { return 0 };
        let at = spread(address.into()) >> (64 - Memory::FOUR_BITS);
        let Some(place) = self.four.get_mut(at as usize) else { return pan.four(address) };
        if place.0 != address {
            let wide = u128::from(address) << 96;
            let Some(head) = self.heads.get_mut((address >> 16) as usize) else { return pan.four(address) };
            if *head == 0 {
                *head = (pan.turned(wide, 0, 16) >> 112) as u32 | Memory::KNOWN;
            }
            let tail = (pan.turned(wide, 16, 32) >> 96) as u32;
            *place = (address, address ^ (*head << 16 | tail));
        }
        place.1
    }

    /// An IPv6 address, anonymised under the key begun with.
    pub fn six(&mut self, address: u128) -> u128 {
        let Some(pan) = &self.under else { return 0 };
        let network = (address >> 64) as u64;
        let at = spread(network ^ spread(address as u64)) >> (64 - Memory::SIX_BITS);
        let Some(place) = self.six.get_mut(at as usize) else { return pan.six(address) };
        if place.0 != address {
            let at = spread(network) >> (64 - Memory::SIX_BITS);
            let Some(head) = self.networks.get_mut(at as usize) else { return pan.six(address) };
            if head.0 != network {
                *head = (network, (pan.turned(address, 0, 64) >> 64) as u64);
            }
            let turned = u128::from(head.1) << 64 | pan.turned(address, 64, 128);
            *place = (address, address ^ turned);
        }
        place.1
    }
}

fn spread(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    /// The key of the authors' sample program.
    const SAMPLE: [u8; KEY] = [
        21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121, 121, 101, 39,
        98, 87, 76, 45, 42, 132, 34, 2,
    ];

    /// Addresses of the authors' sample trace, and what they become.
    const TRACE: [(&str, &str); 12] = [
        ("128.11.68.132", "135.242.180.132"),
        ("129.118.74.4", "134.136.186.123"),
        ("130.132.252.244", "133.68.164.234"),
        ("141.223.7.43", "141.167.8.160"),
        ("141.233.145.108", "141.129.237.235"),
        ("152.163.225.39", "151.140.114.167"),
        ("156.29.3.236", "147.225.12.42"),
        ("165.247.96.84", "162.9.99.234"),
        ("166.107.77.190", "160.132.178.185"),
        ("192.102.249.13", "252.138.62.131"),
        ("192.215.32.125", "252.43.47.189"),
        ("192.233.80.103", "252.25.108.8"),
    ];

    fn four(text: &str) -> u32 {
        text.parse::<Ipv4Addr>().unwrap().to_bits()
    }

    #[test]
    fn the_published_sample_comes_out() {
        let pan = CryptoPan::new(SAMPLE);
        for (from, to) in TRACE {
            assert_eq!(Ipv4Addr::from(pan.four(four(from))), to.parse::<Ipv4Addr>().unwrap(), "{from}");
        }
        // An IPv6 address that begins with these bits begins as they do.
        let six = pan.six(u128::from(four(TRACE[0].0)) << 96 | 0xABCD);
        assert_eq!((six >> 96) as u32, four(TRACE[0].1));
    }

    #[test]
    fn keys_are_hexadecimal() {
        let text: String = SAMPLE.iter().map(|octet| format!("{octet:02x}")).collect();
        assert_eq!(CryptoPan::parse(&format!(" 0x{text}\n")), Ok(CryptoPan::new(SAMPLE)));
        let mut short = SAMPLE;
        short[16..].fill(0);
        assert_eq!(CryptoPan::parse(&text[..32]), Ok(CryptoPan::new(short)));
        for wrong in ["", "0x", "12", &text[1..], &format!("{}g", &text[1..]), &format!("{text}00")] {
            assert!(CryptoPan::parse(wrong).unwrap_err().contains("64"), "{wrong}");
        }
        assert_eq!(format!("{:?}", CryptoPan::new(SAMPLE)), "CryptoPan");
    }

    #[test]
    fn what_is_remembered_is_of_one_key() {
        let (one, other) = (CryptoPan::new(SAMPLE), CryptoPan::new([7; KEY]));
        let mut memory = Memory::default();
        for pan in [&one, &other, &one] {
            memory.begin(pan);
            for address in [0, four("10.0.0.1"), four("10.0.0.2"), u32::MAX, four("10.0.0.1")] {
                assert_eq!(memory.four(address), pan.four(address));
            }
            for text in ["::", "2001:db8::1", "2001:db8::2", "fe80::1", "2001:db8::1"] {
                let address = text.parse::<Ipv6Addr>().unwrap().to_bits();
                assert_eq!(memory.six(address), pan.six(address));
            }
        }
    }

    proptest! {
        #[test]
        fn prefixes_stay_as_long_as_they_were(a in any::<u32>(), b in any::<u32>(), c in any::<u128>(), shift in 0u32..128) {
            let pan = CryptoPan::new(SAMPLE);
            prop_assert_eq!((pan.four(a) ^ pan.four(b)).leading_zeros(), (a ^ b).leading_zeros());
            let d = c ^ (1 << shift);
            prop_assert_eq!((pan.six(c) ^ pan.six(d)).leading_zeros(), (c ^ d).leading_zeros());
        }
    }
}
