//! What is known of exporters as options data: names of interfaces, applications and virtual routers, samplers.

use std::net::IpAddr;

use super::Protocol;
use super::plan::{code, field};
use super::work::Key;
use crate::flow::{About, Element, Fact, VARIABLE};

/// Options templates have ids from here on, above those of flows.
pub(super) const FIRST: u16 = 0xFF00;
/// Version 9's scope of the whole system (RFC 3954 section 6.1), which is any four octets.
const SYSTEM: u16 = 1;
const NAME: u16 = 32;
const DESCRIPTION: u16 = 64;

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

/// A field of an options record: element, width in version 9, width in IPFIX, and the value: a number, or octets.
struct Cell<'a> {
    element: u16,
    widths: (u16, u16),
    value: Value<'a>,
}

enum Value<'a> {
    Number(u64),
    Octets(&'a [u8]),
}

/// The tables that say what is known of a key's exporters.
pub(super) fn tables(facts: &[Fact], key: Key, by_exporter: bool, protocol: Protocol) -> Vec<Table> {
    let ours = |fact: &&Fact| {
        fact.domain == key.domain && (!by_exporter || fact.exporter == IpAddr::from(key.exporter.to_be_bytes()))
    };
    let mut tables: Vec<Table> = Vec::new();
    for fact in facts.iter().filter(ours) {
        let cells = cells(fact, protocol);
        let shape = shape(&cells, protocol);
        let record = record(&cells, protocol);
        match tables.iter_mut().find(|table| table.template.get(2..) == Some(&shape)) {
            Some(table) => table.records.push(record),
            None => {
                // As many shapes as there are kinds of facts, and lengths of application ids.
                let Some(id) = u16::try_from(tables.len()).ok().and_then(|n| FIRST.checked_add(n)) else { break };
                tables.push(Table { id, template: [&id.to_be_bytes()[..], &shape].concat(), records: vec![record] });
            }
        }
    }
    tables
}

/// What a fact is made of; the first is the scope in IPFIX.
fn cells(fact: &Fact, protocol: Protocol) -> Vec<Cell<'_>> {
    let number = |element, width, value| Cell { element, widths: (width, width), value: Value::Number(value) };
    let octets = |element, width, value| Cell { element, widths: (width, VARIABLE), value: Value::Octets(value) };
    let name = |element| octets(element, NAME, fact.name.as_bytes());
    let described = |element| octets(element, DESCRIPTION, fact.description.as_bytes());
    match &fact.about {
        About::Interface(index) => vec![number(10, 4, (*index).into()), name(82), described(83)],
        About::Vrf(id) => vec![number(234, 4, (*id).into()), name(236)],
        About::Application(id) => {
            let width = id.len().min(usize::from(u8::MAX)) as u16;
            let id = Cell { element: 95, widths: (width, width), value: Value::Octets(id) };
            vec![id, name(96), described(94)]
        }
        About::Sampler { id, population, taken } => {
            let (population, taken) = ((*population).max(1), (*taken).max(1));
            match (protocol, id) {
                // samplerId, samplerMode (2: at random), samplerRandomInterval
                (Protocol::V9, Some(id)) => {
                    vec![number(48, 4, *id), number(49, 1, 2), number(50, 4, population / taken), name(84)]
                }
                // samplingInterval, samplingAlgorithm (2: at random)
                (Protocol::V9, None) => vec![number(34, 4, population / taken), number(35, 1, 2)],
                // selectorId, selectorAlgorithm (1: by count), samplingPacketInterval, samplingPacketSpace
                (Protocol::Ipfix, Some(id)) => vec![
                    number(302, 8, *id),
                    number(304, 2, 1),
                    number(305, 4, taken),
                    number(306, 4, population.saturating_sub(taken)),
                    octets(335, NAME, fact.name.as_bytes()),
                ],
                (Protocol::Ipfix, None) => {
                    vec![number(149, 4, fact.domain.into()), number(34, 4, population / taken), number(35, 1, 2)]
                }
            }
        }
    }
}

/// An options template record without its id (RFC 3954 section 6.1, RFC 7011 section 3.4.2.2).
fn shape(cells: &[Cell<'_>], protocol: Protocol) -> Vec<u8> {
    let mut octets = Vec::new();
    let count = cells.len() as u16;
    match protocol {
        Protocol::V9 => {
            [4, count * 4, SYSTEM, 4].iter().for_each(|word| octets.extend_from_slice(&word.to_be_bytes()));
        }
        Protocol::Ipfix => [count, 1].iter().for_each(|word| octets.extend_from_slice(&word.to_be_bytes())),
    }
    for cell in cells {
        let width = cell.width(protocol);
        // All are IANA's: there is a code for each.
        if let Some(code) = code(Element::iana(cell.element), width, protocol) {
            field(code, width, &mut octets);
        }
    }
    octets
}

fn record(cells: &[Cell<'_>], protocol: Protocol) -> Vec<u8> {
    let mut record = if protocol == Protocol::V9 { vec![0; 4] } else { Vec::new() };
    for cell in cells {
        let width = cell.width(protocol);
        match cell.value {
            Value::Number(value) => {
                let octets = value.to_be_bytes();
                record.extend(octets.get(8 - usize::from(width).min(8)..).unwrap_or_default());
            }
            Value::Octets(octets) if width == VARIABLE => {
                let octets = whole(octets, 254);
                record.push(octets.len() as u8);
                record.extend_from_slice(octets);
            }
            Value::Octets(octets) => {
                let end = record.len() + usize::from(width);
                record.extend_from_slice(whole(octets, width.into()));
                record.resize(end, 0);
            }
        }
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

impl Cell<'_> {
    fn width(&self, protocol: Protocol) -> u16 {
        match protocol {
            Protocol::V9 => self.widths.0,
            Protocol::Ipfix => self.widths.1,
        }
    }
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
        assert_eq!(ten[0].template, [255, 0, 0, 3, 0, 1, 0, 10, 0, 4, 0, 82, 255, 255, 0, 83, 255, 255]);
        assert_eq!(ten[0].records[0], b"\x00\x00\x00\x01\x04eth0\x01d");
        let nine = tables(&facts[..1], key, false, Protocol::V9);
        assert_eq!(nine[0].template[..10], [255, 0, 0, 4, 0, 12, 0, 1, 0, 4]);
        assert_eq!(nine[0].records[0].len(), 4 + 4 + 32 + 64);
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
