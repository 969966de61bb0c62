//! JSON values whose length is not known beforehand: text, octets, MAC addresses, odd numbers and times.

use std::io::Write;

use crate::flow::registry::Kind;
use crate::flow::{Order, VARIABLE, View};

/// Texts one behind the other.
#[derive(Default, Debug)]
pub(super) struct Arena {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Arena {
    /// Fills the arena with the values of some rows, which are numbers to whoever stored them if `number`; returns the
    /// length of the longest.
    pub(super) fn make(
        &mut self,
        view: View<'_>,
        rows: impl Iterator<Item = usize>,
        kind: Kind,
        number: bool,
    ) -> usize {
        self.bytes.clear();
        self.ends.clear();
        let mut longest = 0;
        for row in rows {
            let start = self.bytes.len();
            let (octets, order) = view.octets(row);
            if number && kind == Kind::Octets && order == Order::Little {
                // Octets of unknown meaning are shown in the order of the wire.
                let turned: Vec<u8> = octets.iter().rev().copied().collect();
                value(&mut self.bytes, &turned, order, kind);
            } else {
                value(&mut self.bytes, octets, order, kind);
            }
            longest = longest.max(self.bytes.len() - start);
            self.ends.push(self.bytes.len());
        }
        longest
    }

    /// The texts in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(*start..*end).unwrap_or_default())
    }
}

/// The kind to read values of a width as: what does not fit its kind is shown as it lies.
pub(super) fn fitting(kind: Kind, width: u16) -> Kind {
    let fits = match kind {
        Kind::Text | Kind::Octets => true,
        Kind::Number | Kind::Signed | Kind::Seconds | Kind::Milliseconds => (1..=8).contains(&width),
        Kind::Float => matches!(width, 4 | 8),
        Kind::Boolean => width == 1,
        Kind::Ipv4 => width == 4,
        Kind::Ipv6 => width == 16,
        Kind::Mac => width == 6,
        Kind::Microseconds | Kind::Nanoseconds => width == 8,
    };
    // A number of varying length still is one.
    let number = matches!(kind, Kind::Number | Kind::Signed) && width == VARIABLE;
    if fits || number { kind } else { Kind::Octets }
}

/// Appends a value as JSON.
fn value(out: &mut Vec<u8>, octets: &[u8], order: Order, kind: Kind) {
    // Writing to a vector cannot fail.
    let _ = match kind {
        Kind::Text => return text(out, octets),
        Kind::Mac if octets.len() == 6 => return hexadecimal(out, octets, Some(b':')),
        Kind::Number | Kind::Seconds | Kind::Milliseconds if octets.len() <= 8 => {
            write!(out, "{}", number(octets, order))
        }
        Kind::Signed if octets.len() <= 8 => write!(out, "{}", signed(octets, order)),
        Kind::Float if octets.len() == 4 => {
            return float(out, f32::from_bits(number(octets, order) as u32).into());
        }
        Kind::Float if octets.len() == 8 => return float(out, f64::from_bits(number(octets, order))),
        Kind::Boolean => match number(octets, order) {
            1 => write!(out, "true"),
            2 => write!(out, "false"),
            _ => write!(out, "null"),
        },
        Kind::Microseconds => write!(out, "{}", since_1970(number(octets, order), 1_000_000)),
        Kind::Nanoseconds => write!(out, "{}", since_1970(number(octets, order), 1_000_000_000)),
        _ => return hexadecimal(out, octets, None),
    };
}

fn number(octets: &[u8], order: Order) -> u64 {
    let fold = |n: u64, b: &u8| n << 8 | u64::from(*b);
    match order {
        Order::Big => octets.iter().fold(0, fold),
        Order::Little => octets.iter().rev().fold(0, fold),
    }
}

fn signed(octets: &[u8], order: Order) -> i64 {
    let unused = 64 - 8 * octets.len().clamp(1, 8) as u32;
    (number(octets, order) << unused) as i64 >> unused
}

fn float(out: &mut Vec<u8>, n: f64) {
    // JSON has no infinities and no "not a number".
    let _ = if n.is_finite() { write!(out, "{n}") } else { write!(out, "null") };
}

/// A time in NTP's format (RFC 7011 section 6.1.9) in units since 1970.
fn since_1970(ntp: u64, unit: i64) -> i64 {
    const UNTIL_1970: i64 = 2_208_988_800;
    let (seconds, fraction) = ((ntp >> 32) as i64, (ntp & 0xFFFF_FFFF) as i64);
    // Rounded: a fraction was made from a whole number of units.
    (seconds - UNTIL_1970) * unit + ((fraction * unit + (1 << 31)) >> 32)
}

fn hexadecimal(out: &mut Vec<u8>, octets: &[u8], between: Option<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for (i, octet) in octets.iter().enumerate() {
        out.extend(between.filter(|_| i > 0));
        out.extend([DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]]);
    }
    out.push(b'"');
}

/// Text without the NULs that pad it; what is not UTF-8 is replaced.
fn text(out: &mut Vec<u8>, octets: &[u8]) {
    let padding = octets.iter().rev().take_while(|b| **b == 0).count();
    let octets = octets.get(..octets.len() - padding).unwrap_or_default();
    out.push(b'"');
    for c in String::from_utf8_lossy(octets).chars() {
        let _ = match c {
            '"' => out.write_all(b"\\\""),
            '\\' => out.write_all(b"\\\\"),
            '\n' => out.write_all(b"\\n"),
            c if c < ' ' || c == '\u{7F}' => write!(out, "\\u{:04x}", u32::from(c)),
            c => out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes()),
        };
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(octets: &[u8], kind: Kind) -> String {
        let mut out = Vec::new();
        value(&mut out, octets, Order::Big, kind);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_json() {
        assert_eq!(written(b"a \"b\"\\\n\x01\xFF\0\0", Kind::Text), "\"a \\\"b\\\"\\\\\\n\\u0001\u{FFFD}\"");
        assert_eq!(written(&[0, 0x1B, 0x21, 0xAB, 0xCD, 0xEF], Kind::Mac), "\"00:1b:21:ab:cd:ef\"");
        assert_eq!(written(&[], Kind::Octets), "\"\"");
        assert_eq!(written(&[1, 0xFE], Kind::Octets), "\"01fe\"");
        assert_eq!(written(&[0xFF, 0xFE], Kind::Signed), "-2");
        assert_eq!(written(&[0x80, 0, 0, 0, 0, 0, 0, 0], Kind::Signed), i64::MIN.to_string());
        assert_eq!(written(&1.5f32.to_be_bytes(), Kind::Float), "1.5");
        assert_eq!(written(&f64::NAN.to_be_bytes(), Kind::Float), "null");
        assert_eq!([1, 2, 0].map(|b| written(&[b], Kind::Boolean)), ["true", "false", "null"]);
    }

    #[test]
    fn ntp_times_count_from_1970() {
        let ntp = |seconds: u64, fraction: u64| ((seconds + 2_208_988_800) << 32 | fraction).to_be_bytes();
        assert_eq!(written(&ntp(1, 1 << 31), Kind::Microseconds), "1500000");
        // 999,999,999 ns and 1 us as fractions of 2^32, cut as an encoder cuts them.
        assert_eq!(written(&ntp(0, (999_999_999 << 32) / 1_000_000_000), Kind::Nanoseconds), "999999999");
        assert_eq!(written(&ntp(0, (1 << 32) / 1_000_000), Kind::Microseconds), "1");
        assert_eq!(written(&[0; 8], Kind::Microseconds), "-2208988800000000");
    }

    #[test]
    fn what_does_not_fit_its_kind_is_shown_as_it_lies() {
        assert_eq!(fitting(Kind::Mac, 8), Kind::Octets);
        assert_eq!(fitting(Kind::Number, 16), Kind::Octets);
        assert_eq!(fitting(Kind::Signed, 3), Kind::Signed);
        assert_eq!(written(&[0; 9], Kind::Number), "\"000000000000000000\"");
    }
}
