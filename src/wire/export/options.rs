//! What is known of exporters as options data: names of interfaces, applications and virtual routers, samplers.

use std::net::IpAddr;

use super::Protocol;
use super::plan::{code, field};
use super::work::Key;
use crate::flow::{About, Element, Fact};

/// Options templates have ids from here on, above those of flows.
pub(super) const FIRST: u16 = 0xFF00;
/// The options template of what meters say of themselves.
const METERING: u16 = FIRST - 1;
/// Version 9's scope of an interface (RFC 3954 section 6.1).
const INTERFACE: u16 = 2;
/// Octets of an interface's name, as softflowd sends it.
const NAME: usize = 16;
/// Version 9's scope of the whole system (RFC 3954 section 6.1), which is any four octets.
const SYSTEM: u16 = 1;
/// Octets of the longest text that is sent.
const TEXT: usize = 255;

/// What a meter says of itself and of an interface, as softflowd does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metering {
    /// The number of its process.
    pub process: u32,
    /// When it was started, ms since 1970.
    pub started_ms: u64,
    /// The interface's number.
    pub interface: u32,
    /// The interface's name, of which 16 octets are sent, or the capture file's.
    pub name: String,
    /// One packet in so many is metered.
    pub sampling: u32,
}

/// An options template, and the records of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Table {
    /// Its id.
    pub id: u16,
    /// The options template record.
    pub template: Vec<u8>,
    /// The data records.
    pub records: Vec<Vec<u8>>,
}

/// A field of an options record.
struct Cell<'a> {
    element: u16,
    value: Value<'a>,
}

enum Value<'a> {
    /// A number of so many octets.
    Number(u16, u64),
    /// Octets as they are.
    Octets(&'a [u8]),
    /// A text, which has the width of the longest in its column and a NUL: many collectors know no other kind in
    /// options.
    Text(&'a str),
}

/// The tables that say what is known of a key's exporters.
pub(super) fn tables(facts: &[Fact], key: Key, by_exporter: bool, protocol: Protocol) -> Vec<Table> {
    let ours = |fact: &&Fact| {
        fact.domain == key.domain && (!by_exporter || fact.exporter == IpAddr::from(key.exporter.to_be_bytes()))
    };
    let mut kinds: Vec<Vec<Vec<Cell<'_>>>> = Vec::new();
    for fact in facts.iter().filter(ours) {
        let cells = cells(fact, protocol);
        match kinds.iter_mut().find(|rows| rows.first().is_some_and(|first| alike(first, &cells))) {
            Some(rows) => rows.push(cells),
            None => kinds.push(vec![cells]),
        }
    }
    // As many kinds as there are kinds of facts, and lengths of application ids: ids suffice.
    let tables = (FIRST..=u16::MAX).zip(&kinds).filter_map(|(id, rows)| {
        let widths: Vec<u16> = rows.first()?.iter().enumerate().map(|(at, _)| width(rows, at)).collect();
        let template = template(id, rows.first()?, &widths, protocol);
        Some(Table { id, template, records: rows.iter().map(|cells| record(cells, &widths, protocol)).collect() })
    });
    tables.collect()
}

/// What meters say of themselves; `boot` is since when uptimes count, if there are any.
///
/// Version 9: of an interface, samplingInterval, samplingAlgorithm (1: by count), interfaceName. IPFIX: of the metering
/// process and the interface, systemInitTimeMilliseconds, samplingPacketInterval, samplingPacketSpace,
/// selectorAlgorithm (1: by count), interfaceName.
pub(super) fn metering(all: &[Metering], boot: Option<u64>, protocol: Protocol) -> Option<Table> {
    const NAME_WIDTH: u16 = NAME as u16;
    let (head, fields): (Vec<u16>, &[(u16, u16)]) = match protocol {
        Protocol::V9 => (vec![METERING, 4, 3 * 4, INTERFACE, 4], &[(34, 4), (35, 1), (82, NAME_WIDTH)]),
        Protocol::Ipfix => {
            let fields = &[(143, 4), (10, 4), (160, 8), (305, 4), (306, 4), (304, 2), (82, NAME_WIDTH)];
            (vec![METERING, 7, 2], fields)
        }
    };
    let words = head.into_iter().chain(fields.iter().flat_map(|(element, width)| [*element, *width]));
    let record = |metering: &Metering| {
        let Metering { process, started_ms, interface, name, sampling } = metering;
        let sampling = (*sampling).max(1);
        let mut octets = match protocol {
            Protocol::V9 => [&interface.to_be_bytes()[..], &sampling.to_be_bytes(), &[1]].concat(),
            Protocol::Ipfix => {
                let started = boot.unwrap_or(*started_ms).to_be_bytes();
                let sampled = [1u32.to_be_bytes(), (sampling - 1).to_be_bytes()].concat();
                [&process.to_be_bytes()[..], &interface.to_be_bytes(), &started, &sampled, &[0, 1]].concat()
            }
        };
        let end = octets.len() + NAME;
        octets.extend_from_slice(whole(name.as_bytes(), NAME));
        octets.resize(end, 0);
        octets
    };
    let records: Vec<Vec<u8>> = all.iter().map(record).collect();
    (!records.is_empty()).then(|| Table { id: METERING, template: words.flat_map(u16::to_be_bytes).collect(), records })
}

/// Whether two records are of one template, once texts have one width.
fn alike(one: &[Cell<'_>], two: &[Cell<'_>]) -> bool {
    one.len() == two.len()
        && one.iter().zip(two).all(|(one, two)| match (&one.value, &two.value) {
            (Value::Octets(a), Value::Octets(b)) => one.element == two.element && a.len() == b.len(),
            _ => one.element == two.element,
        })
}

/// The width of a column.
fn width(rows: &[Vec<Cell<'_>>], at: usize) -> u16 {
    let of = |cell: &Cell<'_>| match cell.value {
        Value::Number(width, _) => width,
        Value::Octets(octets) => octets.len().min(TEXT) as u16,
        Value::Text(text) => text.len().min(TEXT) as u16 + 1,
    };
    rows.iter().filter_map(|cells| cells.get(at).map(of)).max().unwrap_or(0)
}

/// What a fact is made of; the first is the scope in IPFIX: the observation domain, except where collectors look for
/// the thing itself there.
fn cells<'a>(fact: &'a Fact, protocol: Protocol) -> Vec<Cell<'a>> {
    let number = |element, width, value| Cell { element, value: Value::Number(width, value) };
    let name = |element| Cell { element, value: Value::Text(&fact.name) };
    let described = |element| Cell { element, value: Value::Text(&fact.description) };
    let domain = (protocol == Protocol::Ipfix).then(|| number(149, 4, fact.domain.into()));
    let of_domain = |cells: Vec<Cell<'a>>| domain.into_iter().chain(cells).collect();
    match &fact.about {
        About::Interface(index) => of_domain(vec![number(10, 4, (*index).into()), name(82), described(83)]),
        About::Vrf(id) => of_domain(vec![number(234, 4, (*id).into()), name(236)]),
        About::Application(id) => vec![Cell { element: 95, value: Value::Octets(id) }, name(96), described(94)],
        About::Sampler { id, population, taken } => {
            let (population, taken) = ((*population).max(1), (*taken).max(1));
            match (protocol, id) {
                // samplerId, samplerMode (2: at random), samplerRandomInterval
                (Protocol::V9, Some(id)) => {
                    vec![number(48, 4, *id), number(49, 1, 2), number(50, 4, population / taken), name(84)]
                }
                // selectorId, selectorAlgorithm (1: by count), samplingPacketInterval, samplingPacketSpace
                (Protocol::Ipfix, Some(id)) => vec![
                    number(302, 8, *id),
                    number(304, 2, 1),
                    number(305, 4, taken),
                    number(306, 4, population.saturating_sub(taken)),
                    name(335),
                ],
                // samplingInterval, samplingAlgorithm (2: at random)
                (_, None) => of_domain(vec![number(34, 4, population / taken), number(35, 1, 2)]),
            }
        }
    }
}

/// An options template record (RFC 3954 section 6.1, RFC 7011 section 3.4.2.2).
fn template(id: u16, cells: &[Cell<'_>], widths: &[u16], protocol: Protocol) -> Vec<u8> {
    let count = cells.len() as u16;
    let head = match protocol {
        Protocol::V9 => vec![id, 4, count * 4, SYSTEM, 4],
        Protocol::Ipfix => vec![id, count, 1],
    };
    let mut octets: Vec<u8> = head.into_iter().flat_map(u16::to_be_bytes).collect();
    for (cell, width) in cells.iter().zip(widths) {
        // All are IANA's: there is a code for each.
        if let Some(code) = code(Element::iana(cell.element), *width, protocol) {
            field(code, *width, &mut octets);
        }
    }
    octets
}

fn record(cells: &[Cell<'_>], widths: &[u16], protocol: Protocol) -> Vec<u8> {
    let mut record = if protocol == Protocol::V9 { vec![0; 4] } else { Vec::new() };
    for (cell, width) in cells.iter().zip(widths) {
        let end = record.len() + usize::from(*width);
        match cell.value {
            Value::Number(width, value) => {
                record.extend(value.to_be_bytes().get(8 - usize::from(width).min(8)..).unwrap_or_default());
            }
            Value::Octets(octets) => record.extend_from_slice(octets),
            Value::Text(text) => {
                record.extend_from_slice(whole(text.as_bytes(), usize::from(*width).saturating_sub(1)))
            }
        }
        record.resize(end, 0);
    }
    record
}

/// As much of a text as has room, cut between characters.
fn whole(octets: &[u8], room: usize) -> &[u8] {
    if octets.len() <= room {
        return octets;
    }
    let boundary = |at: &usize| octets.get(*at).is_none_or(|octet| octet & 0xC0 != 0x80);
    let end = (0..=room).rev().find(boundary).unwrap_or(0);
    octets.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(about: About, name: &str) -> Fact {
        Fact { exporter: IpAddr::from([192, 0, 2, 1]), domain: 7, about, name: name.into(), description: "d".into() }
    }

    #[test]
    fn facts_are_tables_of_one_shape_each() {
        let facts = [
            fact(About::Interface(1), "eth0"),
            fact(About::Sampler { id: None, population: 100, taken: 1 }, ""),
            fact(About::Interface(2), "eth1"),
            fact(About::Application(vec![13, 0, 0, 1]), "dns"),
        ];
        let key = Key { exporter: 0xC000_0201, domain: 7 };
        for protocol in [Protocol::V9, Protocol::Ipfix] {
            let tables = tables(&facts, key, true, protocol);
            assert_eq!(
                tables.iter().map(|t| (t.id, t.records.len())).collect::<Vec<_>>(),
                [(0xFF00, 2), (0xFF01, 1), (0xFF02, 1)]
            );
        }
        let ten = tables(&facts[..1], key, false, Protocol::Ipfix);
        assert_eq!(ten[0].template, [255, 0, 0, 4, 0, 1, 0, 149, 0, 4, 0, 10, 0, 4, 0, 82, 0, 5, 0, 83, 0, 2]);
        assert_eq!(ten[0].records[0], b"\x00\x00\x00\x07\x00\x00\x00\x01eth0\0d\0");
        // Texts are as wide as the longest.
        let longer = [facts[0].clone(), fact(About::Interface(2), "wan-uplink-1")];
        let two = tables(&longer, key, false, Protocol::Ipfix);
        assert_eq!(two[0].records[0], b"\x00\x00\x00\x07\x00\x00\x00\x01eth0\0\0\0\0\0\0\0\0\0d\0");
        let nine = tables(&facts[..1], key, false, Protocol::V9);
        assert_eq!(nine[0].template[..10], [255, 0, 0, 4, 0, 12, 0, 1, 0, 4]);
        assert_eq!(nine[0].records[0].len(), 4 + 4 + 5 + 2);
        assert!(tables(&facts, Key { exporter: 1, domain: 7 }, true, Protocol::V9).is_empty());
        assert!(tables(&facts, Key { exporter: 0, domain: 8 }, false, Protocol::V9).is_empty());
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(whole("aé".as_bytes(), 2), b"a");
        assert_eq!(whole("aé".as_bytes(), 3), "aé".as_bytes());
        assert_eq!(whole(&[0x80; 9], 4), b"");
    }
}
