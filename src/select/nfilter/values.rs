//! Reading the values of primitives.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv6Net};

use super::Context;
use super::primitive::Type;
use crate::flow::date;
use crate::flow::symbols::Table;
use crate::select::config::{Mistake, Words};
use crate::select::source::float_key;
use crate::select::{Net, Ranges, number};

/// How a value is compared with a line's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compare {
    Less,
    Greater,
    Equal,
    Unequal,
    LessOrEqual,
    GreaterOrEqual,
}

const COMPARE: [(&str, Compare); 6] = [
    ("lt", Compare::Less),
    ("gt", Compare::Greater),
    ("eq", Compare::Equal),
    ("ne", Compare::Unequal),
    ("le", Compare::LessOrEqual),
    ("ge", Compare::GreaterOrEqual),
];

impl Compare {
    /// The numbers that compare so with a value that is any number from `low` to `high`.
    fn numbers(self, low: u64, high: u64) -> Ranges<u64> {
        let below = |n: u64| n.checked_sub(1).map(|n| (0, n));
        let above = |n: u64| n.checked_add(1).map(|n| (n, u64::MAX));
        match self {
            Compare::Less => Ranges::of(below(low)),
            Compare::Greater => Ranges::of(above(high)),
            Compare::Equal => Ranges::of([(low, high)]),
            Compare::Unequal => Ranges::of(below(low).into_iter().chain(above(high))),
            Compare::LessOrEqual => Ranges::of([(0, high)]),
            Compare::GreaterOrEqual => Ranges::of([(low, u64::MAX)]),
        }
    }
}

/// The numbers of a list such as `1,5-9,http`; `!` before it means all others.
pub(super) fn list(
    words: &mut Words<'_>,
    most: u64,
    name: &str,
    names: Option<&Table>,
) -> Result<Ranges<u64>, Mistake> {
    let or_name = if names.is_some() { ", its name" } else { "" };
    let expected = format!("a {name} up to {most}{or_name}, or a list such as 1,5-9");
    let word = words.take(&expected)?;
    let one = |text: &str| {
        let known = number(text).or_else(|| names?.number(text).map(u64::from));
        known.filter(|n| *n <= most)
    };
    let range = |text: &str| match (one(text), text.split_once('-')) {
        (Some(n), _) => Some((n, n)),
        (None, Some((low, high))) => Some((one(low)?, one(high)?)).filter(|(low, high)| low <= high),
        (None, None) => None,
    };
    let negated = word.text.strip_prefix('!');
    let found: Option<Vec<_>> = negated.unwrap_or(&word.text).split(',').map(range).collect();
    let numbers = Ranges::of(found.ok_or_else(|| word.expected(&expected))?);
    Ok(if negated.is_some() { numbers.complement() } else { numbers })
}

/// The numbers, as a source gives them, that a comparison holds for, and of a rate those by chance.
pub(super) fn compared(kind: Type, words: &mut Words<'_>, context: Context<'_>) -> Result<Ranges<u64>, Mistake> {
    if kind == Type::Rate {
        let rate = words.parse::<std::num::NonZeroU64>("a number N, to take one flow in N")?;
        return Ok(Ranges::of([(0, u64::MAX / rate)]));
    }
    let compare = words.keyword(&COMPARE, None)?;
    let (low, high) = match kind {
        Type::Double => {
            let expected = "a number such as 1000.0";
            let word = words.take(expected)?;
            let value = word.text.parse::<f64>().ok().filter(|value| !value.is_nan());
            let key = float_key(value.ok_or_else(|| word.expected(expected))?);
            (key, key)
        }
        Type::Time => time_of_day(words)?,
        Type::TimeDate => moment(words, context)?,
        _ => {
            let value = words.number("a number", u64::MAX)?;
            (value, value)
        }
    };
    Ok(compare.numbers(low, high))
}

/// Hour, minute and second, as seconds; a part that is left out is 0.
fn time_of_day(words: &mut Words<'_>) -> Result<(u64, u64), Mistake> {
    let expected = "a time of day such as 08:30:00";
    let word = words.take(expected)?;
    let parts: Vec<&str> = word.text.split(':').collect();
    let part = |at: usize, most: u64| {
        let text = parts.get(at).copied().unwrap_or("0");
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok().filter(|n| *n <= most))?
    };
    let seconds = match (part(0, 23), part(1, 59), part(2, 59)) {
        (Some(hour), Some(minute), Some(second)) if parts.len() <= 3 => Some(hour * 3600 + minute * 60 + second),
        _ => None,
    };
    seconds.map(|n| (n, n)).ok_or_else(|| word.expected(expected))
}

/// A date, up to the line's end: all milliseconds of its second.
fn moment(words: &mut Words<'_>, context: Context<'_>) -> Result<(u64, u64), Mistake> {
    let first = words.peek();
    let text = words.rest("a date such as January 1, 2026 00:30:00")?;
    let seconds = date::parse(text, context.now);
    let place = |what: String| first.map_or_else(|| words.ended("a date"), |word| word.wrong(what));
    let seconds = seconds.map_err(place)?;
    let ms = u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
    let ms = ms.ok_or_else(|| place("expected a date after 1970".to_owned()))?;
    Ok((ms, ms.saturating_add(999)))
}

/// `ADDRESS/LENGTH`; octets at the end of an IPv4 address that are zero may be left out, and without a length it is
/// one address.
pub(super) fn prefix(words: &mut Words<'_>) -> Result<Net, Mistake> {
    let expected = "a prefix such as 10.0.0.0/8 or 2001:db8::/32";
    let word = words.take(expected)?;
    let net = match word.text.split_once('/') {
        Some((address, length)) => address_of(address).and_then(|address| {
            let digits = length.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| IpNet::new(address, length.parse().ok()?).ok())?
        }),
        None => word.text.parse::<IpAddr>().ok().map(IpNet::from),
    };
    net.map(Net::Prefix).ok_or_else(|| word.expected(expected))
}

/// An address; of an IPv4 one, octets at the end may be left out.
fn address_of(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let mut octets = [0; 4];
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > octets.len() {
        return None;
    }
    for (octet, part) in octets.iter_mut().zip(parts) {
        *octet = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    Some(IpAddr::from(octets))
}

/// `ADDRESS MASK`: ones of the mask are the bits that count. Those of IPv6 have to come first in it.
pub(super) fn masked(words: &mut Words<'_>) -> Result<Net, Mistake> {
    let address = words.parse::<IpAddr>("an address")?;
    match address {
        IpAddr::V4(address) => {
            let mask = words.parse::<Ipv4Addr>("a mask such as 255.255.255.0")?;
            Ok(Net::Wildcard { address, wildcard: Ipv4Addr::from_bits(!mask.to_bits()) })
        }
        IpAddr::V6(address) => {
            let expected = "a mask such as ffff:ffff::";
            let word = words.take(expected)?;
            let mask = word.text.parse::<IpAddr>().ok();
            let length = mask.and_then(|mask| ipnet::ip_mask_to_prefix(mask).ok().filter(|_| mask.is_ipv6()));
            let net = length.and_then(|length| Ipv6Net::new(address, length).ok());
            net.map(|net| Net::Prefix(net.into())).ok_or_else(|| word.expected(expected))
        }
    }
}
