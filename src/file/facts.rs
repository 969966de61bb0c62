//! Chunks of facts: what exporters said of themselves.

use std::net::IpAddr;

use super::block::{COMMON, Get, MAGIC, checksum, is_sum, kind};
use crate::flow::{About, Fact};

/// Kinds of facts.
const INTERFACE: u8 = 1;
const APPLICATION: u8 = 2;
const SAMPLER: u8 = 3;
const VRF: u8 = 4;

/// A chunk of these facts.
pub(super) fn write(facts: &[Fact]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend([kind::FACTS, 0, 0, 0]);
    out.extend([0; 12]);
    let encoded: Vec<Vec<u8>> = facts.iter().filter_map(encode).collect();
    out.extend((encoded.len() as u32).to_le_bytes());
    out.extend(encoded.concat());
    out.resize(out.len().next_multiple_of(8), 0);
    let length = (out.len() as u32).to_le_bytes();
    for place in [8..12, 12..16] {
        if let Some(place) = out.get_mut(place) {
            place.copy_from_slice(&length);
        }
    }
    let sum = checksum(&out);
    if let Some(place) = out.get_mut(16..20) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
    out
}

/// Length, kind, octets of the address, address, domain, then key, name and description, each behind its length.
/// `None` where one is too long.
fn encode(fact: &Fact) -> Option<Vec<u8>> {
    let (kind, key) = match &fact.about {
        About::Interface(index) => (INTERFACE, index.to_le_bytes().to_vec()),
        About::Application(id) => (APPLICATION, id.clone()),
        About::Sampler { id, population, taken } => {
            let mut key = [population.to_le_bytes(), taken.to_le_bytes()].concat();
            key.extend(id.iter().flat_map(|id| id.to_le_bytes()));
            (SAMPLER, key)
        }
        About::Vrf(id) => (VRF, id.to_le_bytes().to_vec()),
    };
    let address = match fact.exporter {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    let mut out = vec![0, 0, kind, address.len() as u8];
    out.extend(address);
    out.extend(fact.domain.to_le_bytes());
    for text in [key.as_slice(), fact.name.as_bytes(), fact.description.as_bytes()] {
        out.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
        out.extend(text);
    }
    let length = u16::try_from(out.len()).ok()?;
    out.get_mut(..2)?.copy_from_slice(&length.to_le_bytes());
    Some(out)
}

/// The facts of a chunk; kinds that are not known are skipped. Says what is wrong with it.
pub(super) fn read(octets: &[u8]) -> Result<Vec<Fact>, String> {
    let damaged = || "names and samplers are damaged".to_string();
    let mut get = Get { rest: octets.get(8..).ok_or_else(damaged)? };
    let (length, _, sum, count) = (get.u32(), get.u32(), get.u32(), get.u32());
    if length as usize != octets.len() || !is_sum(checksum(octets), sum) {
        return Err(damaged());
    }
    let mut rest = octets.get(COMMON..).ok_or_else(damaged)?;
    let mut facts = Vec::new();
    for _ in 0..count {
        let length = rest.first_chunk().map_or(0, |b| u16::from_le_bytes(*b));
        let (fact, tail) = rest.split_at_checked(length.into()).filter(|_| length > 0).ok_or_else(damaged)?;
        facts.extend(decode(fact));
        rest = tail;
    }
    Ok(facts)
}

fn decode(octets: &[u8]) -> Option<Fact> {
    let (head, rest) = octets.split_first_chunk::<4>()?;
    let (address, rest) = rest.split_at_checked(head[3].into())?;
    let exporter = match address.len() {
        4 => IpAddr::from(*address.first_chunk::<4>()?),
        16 => IpAddr::from(*address.first_chunk::<16>()?),
        _ => return None,
    };
    let (domain, mut rest) = rest.split_first_chunk::<4>()?;
    let mut field = || {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (value, tail) = tail.split_at_checked(u16::from_le_bytes(*length).into())?;
        rest = tail;
        Some(value)
    };
    let (key, name, description) = (field()?, field()?, field()?);
    let word = || key.first_chunk().map(|b| u32::from_le_bytes(*b));
    let about = match head[2] {
        INTERFACE => About::Interface(word()?),
        APPLICATION => About::Application(key.to_vec()),
        VRF => About::Vrf(word()?),
        SAMPLER => {
            let mut numbers = key.chunks_exact(8).map(|b| b.first_chunk().map_or(0, |b| u64::from_le_bytes(*b)));
            About::Sampler { population: numbers.next()?, taken: numbers.next()?, id: numbers.next() }
        }
        _ => return None,
    };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let domain = u32::from_le_bytes(*domain);
    Some(Fact { exporter, domain, about, name: text(name), description: text(description) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let fact = |about| Fact {
            exporter: IpAddr::from([192, 0, 2, 1]),
            domain: 7,
            about,
            name: "name".into(),
            description: "what it is".into(),
        };
        let sampler = |id| About::Sampler { id, population: 1000, taken: 1 };
        let facts = vec![
            fact(About::Interface(3)),
            fact(About::Application(vec![3, 0, 0, 80])),
            fact(sampler(None)),
            Fact { exporter: IpAddr::from([0x2001, 0xDB8, 0, 0, 0, 0, 0, 1]), ..fact(sampler(Some(9))) },
            fact(About::Vrf(12)),
        ];
        let mut octets = write(&facts);
        assert_eq!(octets.len() % 8, 0);
        assert_eq!(read(&octets).unwrap(), facts);
        octets[40] ^= 1;
        assert!(read(&octets).is_err());
    }
}
