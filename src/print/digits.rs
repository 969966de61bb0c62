//! Numbers and addresses as text, mostly without branches on their length.
//!
//! Every function writes at the start of a cell, leaves only spaces behind the text as far as it wrote, and returns the
//! text's length.

use std::io::Write;
use std::net::Ipv6Addr;

/// Octets a value may take, with what follows it.
pub(super) const ROOM: usize = 64;

/// Where a value goes: a window into a row.
pub(super) type Cell = [u8; ROOM];

const SPACES: u64 = 0x2020_2020_2020_2020;
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// 10^8: what eight digits hold.
const EIGHT: u64 = 100_000_000;

/// `n` below 10^8 as eight digits' values, one an octet, the first in the lowest octet.
#[inline]
fn eight_digits(n: u32) -> u64 {
    // Halves, then quarters, then digits, all lanes at once; the factors are reciprocals exact in their range.
    let n = u64::from(n / 10_000) | u64::from(n % 10_000) << 32;
    let hundreds = (n * 10_486) >> 20 & 0x7F_0000_007F;
    let n = hundreds | (n - hundreds * 100) << 16;
    let tens = (n * 103) >> 10 & 0x000F_000F_000F_000F;
    tens | (n - tens * 10) << 8
}

/// `n` below 10^8 without leading zeros, spaces behind it; and its length.
#[inline]
fn justified(n: u32) -> (u64, usize) {
    let digits = eight_digits(n);
    let zeros = (digits | 1 << 56).trailing_zeros() & !7;
    // Shifted in two steps: by 64 at once would be an overflow.
    let behind = SPACES << (63 - zeros) << 1;
    ((digits | ZEROS) >> zeros | behind, 8 - zeros as usize / 8)
}

#[inline]
fn store(cell: &mut Cell, at: usize, text: u64) {
    if let Some(to) = cell.get_mut(at..at + 8) {
        to.copy_from_slice(&text.to_le_bytes());
    }
}

/// A number, decimal.
#[inline]
pub(super) fn decimal(cell: &mut Cell, n: u64) -> usize {
    if n < EIGHT {
        let (text, len) = justified(n as u32);
        store(cell, 0, text);
        len
    } else if n < EIGHT * 100 {
        // Ten digits: what 32 bits hold.
        let head = (n / EIGHT) as u32;
        let len = 1 + usize::from(head >= 10);
        let [tens, ones] = [b'0' + (head / 10) as u8, b'0' + (head % 10) as u8];
        cell[0] = tens;
        cell[len - 1] = ones;
        store(cell, len, eight_digits((n % EIGHT) as u32) | ZEROS);
        len + 8
    } else {
        long_decimal(cell, n)
    }
}

/// A number of more than ten digits.
#[inline(never)]
fn long_decimal(cell: &mut Cell, n: u64) -> usize {
    let head = decimal(cell, n / EIGHT);
    store(cell, head, eight_digits((n % EIGHT) as u32) | ZEROS);
    head + 8
}

/// A number in lower-case hexadecimal of at least `digits` digits.
#[inline]
pub(super) fn hex(cell: &mut Cell, n: u64, digits: usize) -> usize {
    let needed = (67 - (n | 1).leading_zeros() as usize) / 4;
    let len = needed.max(digits).min(16);
    for (i, octet) in cell.iter_mut().take(len).enumerate() {
        *octet = b"0123456789abcdef"[(n >> ((len - 1 - i) * 4) & 15) as usize];
    }
    len
}

/// An octet's digits, spaces behind them, and how many they are.
#[derive(Clone, Copy)]
struct Octet {
    text: [u8; 4],
    len: u8,
}

static OCTETS: [Octet; 256] = octets();

const fn octets() -> [Octet; 256] {
    let mut table = [Octet { text: *b"    ", len: 0 }; 256];
    let mut n = 0;
    while n < 256 {
        let digits = [b'0' + (n / 100) as u8, b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8];
        let skip = if n < 10 { 2 } else { (n < 100) as usize };
        let mut i = skip;
        while i < 3 {
            table[n].text[i - skip] = digits[i];
            i += 1;
        }
        table[n].len = 3 - skip as u8;
        n += 1;
    }
    table
}

/// A number of one octet, decimal.
#[inline]
pub(super) fn octet(cell: &mut Cell, n: u8) -> usize {
    let octet = &OCTETS[usize::from(n)];
    cell[..4].copy_from_slice(&octet.text);
    usize::from(octet.len)
}

/// An IPv4 address in dotted notation.
#[inline]
pub(super) fn ipv4(cell: &mut Cell, address: u32) -> usize {
    dotted(cell, address, 4)
}

/// The first `count` octets of an IPv4 address.
#[inline]
fn dotted(cell: &mut Cell, address: u32, count: usize) -> usize {
    let mut at = 0;
    for (i, n) in address.to_be_bytes().into_iter().take(count).enumerate() {
        if i > 0 {
            cell[at & (ROOM - 1)] = b'.';
            at += 1;
        }
        let octet = &OCTETS[usize::from(n)];
        if let Some(to) = cell.get_mut(at..at + 4) {
            to.copy_from_slice(&octet.text);
        }
        at += usize::from(octet.len);
    }
    at
}

/// An IPv4 prefix as flow-tools writes it: octets of zero at the end are left out (all but the first), a length that
/// no IPv4 prefix has is 0, and the address is not masked.
#[inline]
pub(super) fn prefix4(cell: &mut Cell, address: u32, length: u32) -> usize {
    let count = 4 - (address.trailing_zeros() as usize / 8).min(3);
    let len = dotted(cell, address, count);
    slash(cell, len, if length > 32 { 0 } else { length })
}

/// An IPv6 prefix; a length that none has is 0.
pub(super) fn prefix6(cell: &mut Cell, address: u128, length: u32) -> usize {
    let len = ipv6(cell, address);
    slash(cell, len, if length > 128 { 0 } else { length })
}

fn slash(cell: &mut Cell, at: usize, length: u32) -> usize {
    let (text, len) = justified(length);
    store(cell, at, text << 8 | u64::from(b'/'));
    at + 1 + len
}

/// An IPv6 address (RFC 5952).
pub(super) fn ipv6(cell: &mut Cell, address: u128) -> usize {
    let mut rest = &mut cell[..];
    // The longest address has 39 characters: there is room.
    let _ = write!(rest, "{}", Ipv6Addr::from(address));
    ROOM - rest.len()
}

/// The digits of the last `n` digits of a number below 100 or 1000, with leading zeros.
#[inline]
pub(super) fn fixed<const N: usize>(n: u32) -> [u8; N] {
    let digits = (eight_digits(n) | ZEROS).to_be_bytes();
    // Big-endian: the last digit comes first.
    let mut text = [b'0'; N];
    for (i, octet) in text.iter_mut().enumerate() {
        *octet = digits[(N - 1 - i) & 7];
    }
    text
}

/// Text, as much as there is room for.
#[inline]
pub(super) fn text(cell: &mut Cell, text: &[u8]) -> usize {
    let len = text.len().min(ROOM);
    cell[..len].copy_from_slice(&text[..len]);
    len
}

/// What is written into a cell, with nothing but spaces behind it.
#[cfg(test)]
pub(super) fn written(write: impl FnOnce(&mut Cell) -> usize) -> String {
    let mut cell = [b' '; ROOM];
    let len = write(&mut cell);
    assert!(cell[len..].iter().all(|b| *b == b' '), "not only spaces behind {:?}", String::from_utf8_lossy(&cell));
    String::from_utf8(cell[..len].to_vec()).unwrap()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn numbers_at_the_edges_of_a_step() {
        for n in (0..20).map(|p| 10u64.saturating_pow(p)).flat_map(|n| [n - 1, n, n + 1]).chain([0, u64::MAX]) {
            assert_eq!(written(|c| decimal(c, n)), n.to_string());
            assert_eq!(written(|c| hex(c, n, 0)), format!("{n:x}"));
            assert_eq!(written(|c| hex(c, n, 4)), format!("{n:04x}"));
        }
        assert_eq!((fixed::<2>(7), fixed::<3>(45)), (*b"07", *b"045"));
    }

    #[test]
    fn prefixes_are_abbreviated() {
        let prefix = |a: [u8; 4], len| written(|c| prefix4(c, u32::from_be_bytes(a), len));
        assert_eq!(prefix([0, 0, 0, 0], 0), "0/0");
        assert_eq!(prefix([10, 0, 0, 0], 8), "10/8");
        assert_eq!(prefix([255, 255, 0, 0], 0), "255.255/0");
        assert_eq!(prefix([10, 0, 5, 0], 24), "10.0.5/24");
        assert_eq!(prefix([10, 0, 0, 37], 16), "10.0.0.37/16");
        assert_eq!(prefix([0, 0, 0, 1], 33), "0.0.0.1/0");
        assert_eq!(prefix([255; 4], 32), "255.255.255.255/32");
        assert_eq!(written(|c| prefix6(c, 1 << 125, 129)), "2000::/0");
        assert_eq!(written(|c| prefix6(c, u128::MAX, 128)), format!("{}/128", Ipv6Addr::from(u128::MAX)));
    }

    proptest! {
        #[test]
        fn every_number_and_address(n: u64, shift in 0u32..64, a: u32) {
            prop_assert_eq!(written(|c| decimal(c, n >> shift)), (n >> shift).to_string());
            prop_assert_eq!(written(|c| ipv4(c, a)), Ipv4Addr::from(a).to_string());
            prop_assert_eq!(written(|c| octet(c, a as u8)), (a as u8).to_string());
        }
    }
}
