//! The lists of directives: prefixes, ports, numbers and ranges, with commas between them.

use super::{Label, Labelled, Ports};
use crate::flow::symbols::{Kind, Symbols};
use crate::select::config::{Mistake, Word, Words};

/// What ports are written as.
pub const PORTS: &str = "ports and their protocols, as in 80/tcp,8000-8010/tcp,domain/udp";

/// Reads the items of a word, between commas.
fn pieces<T>(word: &Word, expected: &str, read: impl Fn(&str) -> Option<T>, items: &mut Vec<T>) -> Result<(), Mistake> {
    for item in word.text.split(',').filter(|item| !item.is_empty()) {
        items.push(read(item).ok_or_else(|| word.expected(expected))?);
    }
    Ok(())
}

/// A list of items and the label behind it. White space may follow a comma.
pub fn labelled<T>(
    words: &mut Words<'_>,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<(Vec<T>, Label), Mistake> {
    let mut items = Vec::new();
    loop {
        let word = words.take(expected)?;
        pieces(word, expected, &read, &mut items)?;
        let goes_on = word.text.ends_with(',') || words.peek().is_some_and(|next| next.text.starts_with(','));
        if goes_on {
            continue;
        }
        if items.is_empty() {
            return Err(word.expected(expected));
        }
        let word = words.take("a label")?;
        return Ok((items, Label::read(word)?));
    }
}

/// Adds items to those of their label; a label may be given on several lines.
pub fn add<T>(all: &mut Vec<Labelled<T>>, label: Label, items: Vec<T>) {
    match all.iter_mut().find(|known| known.label == label) {
        Some(known) => known.items.extend(items),
        None => all.push(Labelled { label, items }),
    }
}

/// Ports of a protocol: `80/tcp`, `20-21/tcp`, `domain/udp`, `0-65535/132`.
pub fn ports(text: &str, symbols: &Symbols) -> Option<Ports> {
    let (ports, protocol) = text.split_once('/')?;
    let protocol = self::protocol(protocol, symbols)?;
    let port = |text: &str| number(text, symbols, Kind::Port).and_then(|n| u16::try_from(n).ok());
    // A service's name may have a hyphen in it.
    let (low, high) = match (port(ports), ports.split_once('-')) {
        (Some(one), _) => (one, one),
        (None, Some((low, high))) => (port(low)?, port(high)?),
        (None, None) => return None,
    };
    (low <= high).then_some(Ports { protocol, low, high })
}

/// A protocol's number, by number or name.
pub fn protocol(text: &str, symbols: &Symbols) -> Option<u8> {
    number(text, symbols, Kind::Protocol).and_then(|n| u8::try_from(n).ok())
}

/// A number or a name that stands for one.
fn number(text: &str, symbols: &Symbols, kind: Kind) -> Option<u32> {
    text.parse().ok().or_else(|| symbols.table(kind).number(text))
}

/// A number of 8 bits or a range, also hexadecimal: `16`, `0x20-0x3f`.
pub fn octets(text: &str) -> Option<(u8, u8)> {
    let octet = |text: &str| crate::select::number(text).and_then(|n| u8::try_from(n).ok());
    match text.split_once('-') {
        Some((low, high)) => Some((octet(low)?, octet(high)?)).filter(|(low, high)| low <= high),
        None => octet(text).map(|n| (n, n)),
    }
}

/// Items with commas between them, to the end of the line.
pub fn list<T>(words: &mut Words<'_>, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Mistake> {
    let mut items = Vec::new();
    let mut word = words.take(expected)?;
    loop {
        pieces(word, expected, &read, &mut items)?;
        match words.peek() {
            Some(_) => word = words.take(expected)?,
            None => return Ok(items),
        }
    }
}
