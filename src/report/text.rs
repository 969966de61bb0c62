//! Numbers and addresses as text, fast: straight into a buffer, padded as printf does it.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

/// More than the longest number and most columns.
const CELL: usize = 24;
const BLANK: [u8; 64] = [b' '; 64];

/// Appends a blank cell, lets `write` fill it and say how far, and cuts it off there or at `width`, whichever is more.
/// A copy of known size and stores into it are faster than text made elsewhere and copied.
#[inline]
fn cell(out: &mut Vec<u8>, width: usize, write: impl FnOnce(&mut [u8; CELL]) -> usize) {
    let start = out.len();
    out.extend_from_slice(&[b' '; CELL]);
    let len = out.get_mut(start..).and_then(|cell| cell.first_chunk_mut()).map_or(0, write);
    out.truncate(start + len.max(width.min(CELL)));
    if width > CELL {
        blanks(out, width - CELL);
    }
}

/// Appends a number, and blanks up to `width`.
#[inline]
pub fn number(out: &mut Vec<u8>, n: u64, width: usize) {
    cell(out, width, |cell| digits(n, cell));
}

/// Appends text, and blanks up to `width`.
#[inline]
pub fn padded(out: &mut Vec<u8>, text: &[u8], width: usize) {
    out.extend_from_slice(text);
    blanks(out, width.saturating_sub(text.len()));
}

/// Appends an address, and blanks up to `width`.
#[inline]
pub fn address(out: &mut Vec<u8>, address: IpAddr, width: usize) {
    match address {
        IpAddr::V4(address) => cell(out, width, |cell| ipv4(cell, address)),
        IpAddr::V6(address) => padded(out, address.to_string().as_bytes(), width),
    }
}

/// Appends an address without its last octets (or, IPv6, as ever) that are zero, and `/len`; blanks up to `width`.
pub fn network(out: &mut Vec<u8>, address: IpAddr, len: u64, width: usize) {
    let start = out.len();
    match address {
        IpAddr::V4(address) => {
            let octets = address.octets();
            let last = octets.iter().rposition(|octet| *octet != 0).unwrap_or(0);
            for (at, octet) in octets.iter().take(last + 1).enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                number(out, u64::from(*octet), 0);
            }
        }
        IpAddr::V6(address) => drop(write!(out, "{address}")),
    }
    out.push(b'/');
    number(out, len, 0);
    let len = out.len() - start;
    blanks(out, width.saturating_sub(len));
}

/// Appends so many blanks.
#[inline]
pub fn blanks(out: &mut Vec<u8>, count: usize) {
    match BLANK.get(..count) {
        Some(blank) => out.extend_from_slice(blank),
        None => out.resize(out.len() + count, b' '),
    }
}

/// Appends a number that is not negative with so many decimals, at most 6, as `%.3f` has it (the number's exact value,
/// half to even), and blanks up to `width`.
pub fn decimal(out: &mut Vec<u8>, n: f64, decimals: u32, width: usize) {
    let start = out.len();
    let unit = 10u64.pow(decimals.min(6));
    let scaled = scaled(n, unit);
    // Division of long numbers is slow, that by a constant is not.
    let (whole, fraction) = match u64::try_from(scaled) {
        Ok(short) if unit == 1_000_000 => (short / 1_000_000, short % 1_000_000),
        Ok(short) => (short / unit, short % unit),
        Err(_) => ((scaled / u128::from(unit)) as u64, (scaled % u128::from(unit)) as u64),
    };
    number(out, whole, 0);
    if decimals > 0 {
        out.push(b'.');
        let mut cell = [b'0'; CELL];
        let len = digits(fraction + unit, &mut cell);
        out.extend_from_slice(cell.get(1..len).unwrap_or_default());
    }
    let len = out.len() - start;
    blanks(out, width.saturating_sub(len));
}

/// `n * unit`, exactly rounded, half to even. What is negative or no number is 0.
fn scaled(n: f64, unit: u64) -> u128 {
    if !(n > 0.0 && n.is_finite()) {
        return 0;
    }
    // n is mantissa * 2^exponent.
    let bits = n.to_bits();
    let (field, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let (mantissa, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let product = u128::from(mantissa) * u128::from(unit);
    match exponent {
        // Numbers of 2^75 and more are not numbers of anything here; 64 bits are the most a counter has.
        0.. => product << exponent.min(48),
        -127..0 => {
            let (whole, half) = (product >> -exponent, 1u128 << (-exponent - 1));
            let rest = product & ((half << 1) - 1);
            whole + u128::from(rest > half || rest == half && whole & 1 == 1)
        }
        _ => 0,
    }
}

/// Octets as text with a dot behind, and how long.
static OCTETS: LazyLock<[([u8; 4], u8); 256]> = LazyLock::new(|| {
    std::array::from_fn(|n| {
        let text = format!("{n}.");
        let mut cell = [b' '; 4];
        cell.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        (cell, text.len() as u8)
    })
});

#[inline]
fn ipv4(cell: &mut [u8; CELL], address: Ipv4Addr) -> usize {
    let (table, mut len) = (&*OCTETS, 0);
    for octet in address.octets() {
        let (text, width) = &table[usize::from(octet)];
        if let Some(to) = cell.get_mut(len..len + 4) {
            to.copy_from_slice(text);
        }
        len += usize::from(*width);
    }
    // Without the last dot.
    len -= 1;
    if let Some(dot) = cell.get_mut(len) {
        *dot = b' ';
    }
    len
}

/// Writes a number's digits at the start of a cell; says how many.
#[inline]
fn digits(n: u64, cell: &mut [u8; CELL]) -> usize {
    if n < EIGHT { short(n as u32, cell) } else { long(n, cell) }
}

const EIGHT: u64 = 100_000_000;

/// A number of more than eight digits.
#[cold]
fn long(n: u64, cell: &mut [u8; CELL]) -> usize {
    let (high, low) = (n / EIGHT, (n % EIGHT) as u32);
    let len = digits(high, cell);
    if let Some(to) = cell.get_mut(len..len + 8) {
        to.copy_from_slice(&(eight(low) | ZEROS).to_le_bytes());
    }
    // What was behind the high digits is over-written, but for blanks.
    len + 8
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// A number of up to eight digits.
#[inline]
fn short(n: u32, cell: &mut [u8; CELL]) -> usize {
    let digits = eight(n);
    let leading = (digits.trailing_zeros() / 8).min(7);
    // The digits move to the front; blanks come in from behind.
    let text = (digits | ZEROS) ^ 0x2020_2020_2020_2020;
    let text = (text >> (leading * 8)) ^ 0x2020_2020_2020_2020;
    if let Some(to) = cell.first_chunk_mut::<8>() {
        *to = text.to_le_bytes();
    }
    8 - leading as usize
}

/// Eight decimal digits, one an octet, the first one lowest.
#[inline]
fn eight(n: u32) -> u64 {
    // Halves, then pairs, then digits, side by side: each step divides all of them at once by multiplying.
    let (high, low) = (u64::from(n / 10_000), u64::from(n % 10_000));
    let halves = high | low << 32;
    let hundreds = ((halves * 5243) >> 19) & 0x0000_007F_0000_007F;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | (pairs - tens * 10) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = b"x".to_vec();
        write(&mut out);
        String::from_utf8(out[1..].to_vec()).unwrap()
    }

    #[test]
    fn numbers_are_as_printf_has_them() {
        let mut n = 1u64;
        let more = std::iter::from_fn(|| {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Some(n >> (n & 63))
        });
        let edges = (0..20).flat_map(|p| [10u64.pow(p) - 1, 10u64.pow(p), 10u64.pow(p) + 1]);
        for n in (0..20_000).chain(edges).chain(more.take(20_000)).chain([u64::MAX]) {
            assert_eq!(text(|out| number(out, n, 0)), n.to_string());
            assert_eq!(text(|out| number(out, n, 22)), format!("{n:<22}"));
            assert_eq!(text(|out| number(out, n, 40)), format!("{n:<40}"));
            assert_eq!(text(|out| number(out, n, 3)), format!("{n:<3}"));
        }
    }

    #[test]
    fn addresses_and_networks() {
        for address in ["0.0.0.0", "1.2.3.4", "255.255.255.255", "10.0.0.1", "2001:db8::1"] {
            let parsed = address.parse().unwrap();
            assert_eq!(text(|out| super::address(out, parsed, 17)), format!("{address:<17}"));
        }
        for (address, len, want) in [
            ("10.0.0.0", 8, "10/8"),
            ("0.0.0.0", 0, "0/0"),
            ("1.2.0.4", 32, "1.2.0.4/32"),
            ("2001:db8::", 32, "2001:db8::/32"),
        ] {
            assert_eq!(text(|out| network(out, address.parse().unwrap(), len, 20)), format!("{want:<20}"));
        }
    }

    #[test]
    fn decimals_round_exact_values_half_to_even() {
        for (n, decimals, want) in [
            (0.0625, 3, "0.062"),
            (0.1875, 3, "0.188"),
            (100.0, 3, "100.000"),
            (12.5, 0, "12"),
            (0.0005, 3, "0.001"),
            (22306.177734375, 4, "22306.1777"),
            (1e19, 3, "10000000000000000000.000"),
            (1e-300, 3, "0.000"),
            (f64::NAN, 3, "0.000"),
        ] {
            assert_eq!(text(|out| decimal(out, n, decimals, 0)), want);
        }
        assert_eq!(text(|out| decimal(out, 0.5, 3, 9)), "0.500    ");
    }
}
