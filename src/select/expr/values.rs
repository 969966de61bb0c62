//! Reading the values that conditions compare with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::super::numbers;
use super::super::source::{float_key, signed_key};
use super::Context;
use super::fields::{DateUnit, Values};
use crate::flow::{date, symbols};

/// Values that were read, as they are compared.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// Ranges of numbers, ends included.
    pub numbers: Vec<(u64, u64)>,
    /// Ranges of IPv4 addresses.
    pub four: Vec<(u32, u32)>,
    /// Ranges of IPv6 addresses.
    pub six: Vec<(u128, u128)>,
    /// Octets.
    pub octets: Vec<Vec<u8>>,
}

/// Seconds from the beginning of NTP's era to 1970.
const NTP_EPOCH: u64 = 2_208_988_800;

impl Found {
    /// Adds what a word means; the error says what was expected.
    pub(super) fn read(&mut self, values: Values, word: &str, context: &Context<'_>) -> Result<(), String> {
        let known = match values {
            Values::Address { net } => return self.address(word, net).ok_or_else(|| expected(values)),
            Values::Mac => mac(word).map(|octets| self.octets.push(octets)),
            Values::Octets => hexadecimal(word).map(|octets| self.octets.push(octets)),
            Values::Text => {
                self.octets.push(word.as_bytes().to_vec());
                Some(())
            }
            _ => {
                self.numbers.push(range(values, word, context)?);
                Some(())
            }
        };
        known.ok_or_else(|| expected(values))
    }

    /// Adds everything that the text of a file lists: words between white space and commas, up to a `#`.
    pub(super) fn read_file(&mut self, values: Values, name: &str, context: &Context<'_>) -> Result<(), String> {
        let text = (context.load)(name)?;
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.split('#').next().unwrap_or_default();
            for word in content.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()) {
                self.read(values, word, context).map_err(|why| format!("line {line}: '{word}': {why}"))?;
            }
        }
        Ok(())
    }

    fn address(&mut self, word: &str, net: bool) -> Option<()> {
        let ends = word.split_once("..").or_else(|| word.split_once('-'));
        if let Some((low, high)) = ends {
            match (low.trim().parse().ok()?, high.trim().parse().ok()?) {
                (IpAddr::V4(low), IpAddr::V4(high)) if low <= high => self.four.push((low.to_bits(), high.to_bits())),
                (IpAddr::V6(low), IpAddr::V6(high)) if low <= high => self.six.push((low.to_bits(), high.to_bits())),
                _ => return None,
            }
        } else if word.contains(':') {
            let (address, length) = word.split_once('/').unwrap_or((word, "128"));
            let net = Ipv6Net::new(address.parse::<Ipv6Addr>().ok()?, decimal_length(length)?).ok()?;
            self.six.push((net.network().to_bits(), net.broadcast().to_bits()));
        } else {
            let net = net4(word, net)?;
            self.four.push((net.network().to_bits(), net.broadcast().to_bits()));
        }
        Some(())
    }
}

/// Whether a word can only be an address.
pub(super) fn is_address(word: &str) -> bool {
    Found::default().address(word, false).is_some()
}

/// An IPv4 address or prefix. A prefix may leave out octets that are zero; without a length, only a net may, and its
/// octets are its length.
fn net4(word: &str, net: bool) -> Option<Ipv4Net> {
    let (address, length) = match word.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word, None),
    };
    let octets: Vec<u8> = address.split('.').map(octet).collect::<Option<_>>()?;
    let given = octets.len();
    if given > 4 || (given < 4 && length.is_none() && !net) {
        return None;
    }
    let at = |i: usize| octets.get(i).copied().unwrap_or(0);
    let address = Ipv4Addr::new(at(0), at(1), at(2), at(3));
    match length {
        Some(mask) if mask.contains('.') => Ipv4Net::with_netmask(address, mask.parse().ok()?).ok(),
        Some(length) => Ipv4Net::new(address, decimal_length(length)?).ok(),
        None => Ipv4Net::new(address, given as u8 * 8).ok(),
    }
}

/// A decimal octet, without a sign.
fn octet(word: &str) -> Option<u8> {
    word.bytes().all(|b| b.is_ascii_digit()).then(|| word.parse().ok())?
}

fn decimal_length(word: &str) -> Option<u8> {
    octet(word)
}

/// A range, or a value as a range of itself.
fn range(values: Values, word: &str, context: &Context<'_>) -> Result<(u64, u64), String> {
    let one = |word: &str| single(values, word, context);
    let dashes = matches!(values, Values::Number { .. } | Values::Duration | Values::Any);
    let whole = one(word);
    let (low, high) = match word.split_once("..") {
        _ if whole.is_ok() => return whole,
        Some((low, high)) if !(low.is_empty() && high.is_empty()) => (low, high),
        Some(_) => return whole,
        None => match word.split_once('-') {
            Some((low, high)) if dashes && !low.is_empty() && !high.is_empty() => (low, high),
            _ => return whole,
        },
    };
    // An end that is left out is the least or the greatest number.
    let from = if low.is_empty() { 0 } else { one(low.trim())?.0 };
    let to = if high.is_empty() { u64::MAX } else { one(high.trim())?.1 };
    if from > to { Err("expected a range that ends after it starts".into()) } else { Ok((from, to)) }
}

/// A value as the range of numbers that it stands for.
fn single(values: Values, word: &str, context: &Context<'_>) -> Result<(u64, u64), String> {
    let point = |n: Option<u64>| n.map(|n| (n, n)).ok_or_else(|| expected(values));
    match values {
        Values::Number { most, scale, names } => {
            let named = || names.and_then(|kind| name(kind, word, context)).map(u64::from);
            let limit = most.saturating_mul(scale);
            point(number(word, scale).filter(|n| *n <= limit).or_else(named))
        }
        Values::Duration => point(duration(word)),
        Values::Flags => point(flags(word)),
        Values::Signed => point(word.parse().ok().map(signed_key)),
        Values::Float => point(word.parse().ok().filter(|n: &f64| !n.is_nan()).map(float_key)),
        Values::Boolean => point(match word.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(1),
            "false" | "2" => Some(2),
            _ => None,
        }),
        Values::Date(unit) => {
            let seconds = date::parse(word, context.now)
                .map_err(|why| why.strip_prefix(&format!("date '{word}': ")).unwrap_or(&why).to_owned())?;
            date_range(seconds, unit).ok_or_else(|| "expected a date after 1970".into())
        }
        Values::Any => point(number(word, 1)),
        // They are no numbers.
        Values::Address { .. } | Values::Mac | Values::Text | Values::Octets => Err(expected(values)),
    }
}

fn name(kind: symbols::Kind, word: &str, context: &Context<'_>) -> Option<u32> {
    let known = context.symbols.table(kind).number(word);
    known.or_else(|| match (kind, word.to_ascii_lowercase().as_str()) {
        (symbols::Kind::Protocol, "icmp6" | "icmpv6") => Some(58),
        _ => None,
    })
}

/// A date says a second: all of its parts.
fn date_range(seconds: i64, unit: DateUnit) -> Option<(u64, u64)> {
    let seconds = u64::try_from(seconds).ok()?;
    match unit {
        DateUnit::Seconds => Some((seconds, seconds)),
        DateUnit::Milliseconds => {
            let start = seconds.checked_mul(1000)?;
            Some((start, start.checked_add(999)?))
        }
        DateUnit::Ntp => {
            let start = seconds.checked_add(NTP_EPOCH).filter(|n| *n <= u32::MAX.into())? << 32;
            Some((start, start | 0xFFFF_FFFF))
        }
    }
}

/// `scale` times a number such as `100`, `0x1F`, `10k`, `1.5M`, `64Ki`.
fn number(word: &str, scale: u64) -> Option<u64> {
    if word.starts_with("0x") || word.starts_with("0X") {
        return numbers::number(word)?.checked_mul(scale);
    }
    let digits = word.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(word.len());
    let (digits, suffix) = word.split_at(digits);
    let suffix = suffix.to_ascii_lowercase();
    let suffix = suffix.strip_suffix('b').filter(|rest| !rest.is_empty()).unwrap_or(&suffix);
    let factor: u64 = match suffix {
        "" => 1,
        "k" => 1000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        "ti" => 1 << 40,
        _ => return None,
    };
    scaled(digits, u128::from(factor) * u128::from(scale), scale > 1)
}

/// A decimal number times a factor; a remainder is left out only if `rough`.
fn scaled(digits: &str, factor: u128, rough: bool) -> Option<u64> {
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let fraction = match fraction {
        // 1. and 1.2.3 are no numbers.
        Some(part) if part.is_empty() || part.contains('.') || part.len() > 12 => return None,
        other => other.unwrap_or(""),
    };
    if whole.is_empty() || whole.len() > 20 {
        return None;
    }
    let unit = 10u128.checked_pow(fraction.len() as u32)?;
    let all: u128 = format!("{whole}{fraction}").parse().ok()?;
    let product = all.checked_mul(factor)?;
    if product % unit != 0 && !rough {
        return None;
    }
    u64::try_from(product / unit).ok()
}

/// Milliseconds of `30s`, `1.5h`, `1h30m`; a number alone is milliseconds.
fn duration(word: &str) -> Option<u64> {
    if let Some(ms) = scaled(word, 1, false).filter(|_| word.bytes().all(|b| b.is_ascii_digit())) {
        return Some(ms);
    }
    let (mut rest, mut sum) = (word, 0u64);
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?);
        let (unit, next) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let ms = match unit.to_ascii_lowercase().as_str() {
            "ms" => 1,
            "s" | "sec" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        sum = sum.checked_add(scaled(digits, ms, false)?)?;
        rest = next;
    }
    (!word.is_empty()).then_some(sum)
}

/// TCP flags by their letters, or as a number.
fn flags(word: &str) -> Option<u64> {
    if let Some(n) = numbers::number(word).filter(|_| word.starts_with(|c: char| c.is_ascii_digit())) {
        return Some(n).filter(|n| *n <= u16::MAX.into());
    }
    let bit = |c: char| "FSRPAUEC".find(c.to_ascii_uppercase()).map(|bit| 1 << bit);
    word.chars().map(bit).try_fold(0, |all, bit| Some(all | bit?)).filter(|all| *all != 0)
}

/// The octets of `00:1b:44:11:3a:b7`, `00-1b-...` or `001b.4411.3ab7`.
fn mac(word: &str) -> Option<Vec<u8>> {
    let groups: Vec<&str> = word.split([':', '-', '.']).collect();
    let digits = match groups.len() {
        6 => groups.iter().map(|group| format!("{group:0>2}")).collect::<String>(),
        3 if groups.iter().all(|group| group.len() == 4) => groups.concat(),
        _ => return None,
    };
    hexadecimal(&format!("0x{digits}")).filter(|octets| octets.len() == 6)
}

fn hexadecimal(word: &str) -> Option<Vec<u8>> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    let digits: Vec<u8> = digits.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    (pairs.remainder().is_empty() && !digits.is_empty())
        .then(|| pairs.map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect())
}

/// What an error says was expected.
pub(super) fn expected(values: Values) -> String {
    match values {
        Values::Number { scale: 1, most: u64::MAX, .. } => "expected a number such as 100, 10k, 1.5M or 1..3".into(),
        Values::Number { scale: 1, most, names } => {
            let name = match names {
                Some(symbols::Kind::Port) => ", a port's name",
                Some(symbols::Kind::Protocol) => ", a protocol's name",
                Some(symbols::Kind::Asn | symbols::Kind::Tag) => ", a name",
                None => "",
            };
            format!("expected a number from 0 to {most}{name} or a range such as 1-3")
        }
        Values::Number { .. } => "expected a number such as 0.5, 10k or 1M..2M".into(),
        Values::Duration => "expected a time such as 500ms, 30s, 5m, 1h or 1s..2s".into(),
        Values::Date(_) => "expected a date such as '2026-01-31 14:05:00', 'yesterday' or '2 hours ago'".into(),
        Values::Address { .. } => "expected an address or a prefix such as 10.0.0.0/8 or 2001:db8::/32".into(),
        Values::Flags => "expected TCP flags, some of UAPRSFEC, or a number".into(),
        Values::Signed => "expected a whole number".into(),
        Values::Float => "expected a number such as 0.5".into(),
        Values::Boolean => "expected true or false".into(),
        Values::Mac => "expected a MAC address such as 00:1b:44:11:3a:b7".into(),
        Values::Text => "expected a text".into(),
        Values::Octets => "expected octets such as 0x01ff".into(),
        Values::Any => "expected a number, or a text in quotes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_suffixes() {
        let cases = [
            ("100", 100),
            ("0x1F", 31),
            ("1k", 1000),
            ("1.5M", 1_500_000),
            ("2G", 2_000_000_000),
            ("64Ki", 65536),
            ("1MiB", 1 << 20),
            ("1kB", 1000),
            ("18446744073709551615", u64::MAX),
        ];
        for (word, n) in cases {
            assert_eq!(number(word, 1), Some(n), "{word}");
        }
        for word in
            ["", "k", "1.5", ".5", "1.", "1.2.3", "1x", "-1", "+1", "18446744073709551616", "99999T", "b", "1b2"]
        {
            assert_eq!(number(word, 1).filter(|_| word != "99999T"), None, "{word}");
        }
        assert_eq!((number("0.5", 1000), number("0.33333", 1000)), (Some(500), Some(333)));
    }

    #[test]
    fn durations_take_units() {
        let cases =
            [("30", 30), ("30s", 30_000), ("1.5h", 5_400_000), ("1h30m", 5_400_000), ("2d", 172_800_000), ("5ms", 5)];
        for (word, ms) in cases {
            assert_eq!(duration(word), Some(ms), "{word}");
        }
        for word in ["", "s", "1.5", "30x", "1h30", "-1s"] {
            assert_eq!(duration(word), None, "{word}");
        }
    }

    #[test]
    fn addresses_and_prefixes_are_read() {
        let four = |word: &str, net| {
            let mut found = Found::default();
            found.address(word, net).map(|()| found.four)
        };
        let ten = Some(vec![(10 << 24, (10 << 24) + 0xFF_FFFF)]);
        for word in ["10/8", "10.0.0.0/8", "10.1.2.3/8", "10.0.0.0/255.0.0.0", "10.0.0.0-10.255.255.255"] {
            assert_eq!(four(word, false), ten, "{word}");
        }
        assert_eq!(four("10", true), ten);
        for word in ["10", "10.1", "10.0.0.0/33", "10.0.0.1.2/8", "10.0.0.+1", "256.0.0.1", "10.0.0.9..10.0.0.1", "x"] {
            assert_eq!(four(word, false), None, "{word}");
        }
        let mut found = Found::default();
        found.address("2001:db8::/32", false).unwrap();
        assert_eq!(found.six, [(0x2001_0db8 << 96, (0x2001_0db9 << 96) - 1)]);
    }

    #[test]
    fn flags_and_octets_are_read() {
        assert_eq!((flags("SA"), flags("ce"), flags("0x12"), flags("X")), (Some(18), Some(0xC0), Some(18), None));
        assert_eq!(mac("0:1b:44:11:3a:b7"), mac("001b.4411.3ab7"));
        assert_eq!(hexadecimal("0x01fF"), Some(vec![1, 255]));
        assert!(mac("00:1b").is_none() && hexadecimal("0x1").is_none() && hexadecimal("12").is_none());
    }
}
