//! Datagrams that are passed on as they came, but for what would confuse their new collector: sent on from one address,
//! several exporters look like one.
//!
//! - Versions 5 to 8 number an engine's flows. Where engines of the same number meet, their datagrams are numbered anew,
//!   in one series; flows that were lost on the way here stay missing in it.
//! - Templates of version 9 and IPFIX are a domain's. Where domains of the same number meet, the second and any further
//!   one gets another number, which depends on nothing but who sends it.

use std::collections::HashMap;
use std::net::IpAddr;

use super::header::Header;
use super::message::{IPFIX, V9};
use super::sequence::Sequence;

/// Streams that are told apart; beyond, all are forgotten.
const MOST: usize = 1 << 16;
/// Where the headers of versions 5 to 8 have the sequence number.
const NUMBER: usize = 16;

/// Who sends: an exporter's address and port.
type Source = (IpAddr, u16);

/// What is known of the streams passed on.
#[derive(Debug, Default)]
pub struct Relay {
    by_exporter: bool,
    engines: HashMap<Engine, Series>,
    domains: HashMap<(Source, u16, u32), u32>,
    taken: HashMap<Domain, (Source, u32)>,
}

/// What a collector tells engines apart by; the exporter, where it sees that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Engine {
    exporter: Option<IpAddr>,
    version: u16,
    method: u8,
    engine_type: u8,
    engine_id: u8,
}

/// What a collector tells domains apart by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Domain {
    exporter: Option<IpAddr>,
    version: u16,
    domain: u32,
}

/// Where an engine's numbers stand.
#[derive(Clone, Copy, Debug)]
struct Series {
    first: Source,
    /// Whether anybody but the first has sent.
    shared: bool,
    next: u32,
}

impl Relay {
    /// For datagrams that all leave from one address.
    pub fn new() -> Relay {
        Relay::default()
    }

    /// For datagrams that go out in their exporters' names.
    pub fn by_exporter(mut self) -> Relay {
        self.by_exporter = true;
        self
    }

    /// Changes a datagram that can be decoded as far as it must be; `sequence` is where it stands among the datagrams of
    /// its exporter.
    pub fn pass(&mut self, exporter: IpAddr, port: u16, sequence: Sequence, datagram: &mut [u8]) {
        let version = datagram.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
        let source = (exporter.to_canonical(), port);
        match version {
            V9 => self.templated(source, version, 16, datagram),
            IPFIX => self.templated(source, version, 12, datagram),
            1 => {}
            _ => self.classic(source, sequence, datagram),
        }
    }

    fn classic(&mut self, source: Source, sequence: Sequence, datagram: &mut [u8]) {
        let Ok(header) = Header::read(datagram) else { return };
        let Header { version, method, engine_type, engine_id, .. } = header;
        if self.engines.len() >= MOST {
            self.engines.clear();
        }
        let engine = Engine { exporter: self.seen(source), version, method, engine_type, engine_id };
        let begun = Series { first: source, shared: false, next: header.sequence };
        let series = self.engines.entry(engine).or_insert(begun);
        series.shared |= series.first != source;
        let mut number = header.sequence;
        match (series.shared, sequence) {
            (true, Sequence::Lost(lost)) => number = series.next.wrapping_add(lost),
            (true, _) => number = series.next,
            (false, Sequence::Late) => return,
            (false, _) => {}
        }
        series.next = number.wrapping_add(header.count.into());
        put(datagram, NUMBER, number);
    }

    fn templated(&mut self, source: Source, version: u16, at: usize, datagram: &mut [u8]) {
        let Some(domain) = datagram.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_be_bytes(*b)) else {
            return;
        };
        let known = self.domains.get(&(source, version, domain)).copied();
        let name = known.unwrap_or_else(|| self.name(source, version, domain));
        if name != domain {
            put(datagram, at, name);
        }
    }

    /// A number for a domain that no other has.
    fn name(&mut self, source: Source, version: u16, domain: u32) -> u32 {
        if self.taken.len() >= MOST {
            self.taken.clear();
            self.domains.clear();
        }
        let exporter = self.seen(source);
        let (mut name, mut turn) = (domain, 0u32);
        // There are more numbers than can be taken.
        while self
            .taken
            .get(&Domain { exporter, version, domain: name })
            .is_some_and(|taken| *taken != (source, domain))
        {
            turn += 1;
            name = mixed(source, domain, turn);
        }
        self.taken.insert(Domain { exporter, version, domain: name }, (source, domain));
        self.domains.insert((source, version, domain), name);
        name
    }

    fn seen(&self, (exporter, _): Source) -> Option<IpAddr> {
        self.by_exporter.then_some(exporter)
    }
}

fn put(datagram: &mut [u8], at: usize, number: u32) {
    if let Some(to) = datagram.get_mut(at..).and_then(|b| b.first_chunk_mut()) {
        *to = number.to_be_bytes();
    }
}

/// Another number, by an exporter's address and port (FNV-1a).
fn mixed((exporter, port): Source, domain: u32, turn: u32) -> u32 {
    let address = match exporter {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let octets = address.octets().into_iter().chain(port.to_be_bytes());
    let octets = octets.chain(domain.to_be_bytes()).chain(turn.to_be_bytes());
    octets.fold(0x811C_9DC5u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::wire::{Decoder, Records};

    fn exporter(n: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, n).into()
    }

    fn v5(sequence: u32, count: u16) -> Vec<u8> {
        let header = Header { version: 5, count, sequence, uptime: 9, ..Header::default() };
        let mut datagram = vec![0; 24 + usize::from(count) * 48];
        header.write(&mut datagram);
        datagram
    }

    fn v9(domain: u32) -> Vec<u8> {
        let mut datagram = vec![0; 20];
        datagram[1] = 9;
        datagram[16..].copy_from_slice(&domain.to_be_bytes());
        datagram
    }

    /// Passes datagrams on, and says what a collector makes of them.
    fn relayed(datagrams: &[(u8, Vec<u8>)]) -> (Vec<Sequence>, Vec<Vec<u8>>) {
        let (mut relay, mut here, mut there) = (Relay::new(), Decoder::new(), Decoder::new());
        let mut passed = Vec::new();
        let sequences = datagrams.iter().map(|(from, datagram)| {
            let mut datagram = datagram.clone();
            let heard = here.decode(exporter(*from), 99, &datagram, &mut Records::new()).unwrap();
            relay.pass(exporter(*from), 99, heard.sequence, &mut datagram);
            let heard = there.decode(exporter(0), 1, &datagram, &mut Records::new()).unwrap();
            passed.push(datagram);
            heard.sequence
        });
        (sequences.collect(), passed)
    }

    #[test]
    fn a_lone_exporters_datagrams_stay_as_they_are() {
        let sent = [(1, v5(100, 30)), (1, v5(160, 30)), (1, v5(130, 30)), (1, v5(190, 1)), (1, v9(0)), (1, v9(7))];
        let (sequences, passed) = relayed(&sent);
        assert!(passed.iter().zip(&sent).all(|(passed, (_, sent))| passed == sent));
        use Sequence::{First, InOrder, Late, Lost};
        assert_eq!(sequences[..4], [First, Lost(30), Late, InOrder]);
    }

    #[test]
    fn engines_that_meet_are_numbered_in_one_series() {
        let sent = [(1, v5(100, 30)), (2, v5(7000, 10)), (1, v5(130, 30)), (2, v5(7015, 10)), (1, v5(0, 1))];
        let (sequences, _) = relayed(&sent);
        use Sequence::{First, InOrder, Lost};
        assert_eq!(sequences, [First, InOrder, InOrder, Lost(5), InOrder]);
    }

    #[test]
    fn domains_that_meet_get_numbers_of_their_own() {
        let sent = [(1, v9(0)), (2, v9(0)), (1, v9(5)), (2, v9(5)), (3, v9(0)), (2, v9(0)), (1, v9(0))];
        let (_, passed) = relayed(&sent);
        let domains: Vec<&[u8]> = passed.iter().map(|d| &d[16..]).collect();
        assert_eq!((domains[0], domains[2]), (&[0; 4][..], &[0, 0, 0, 5][..]));
        assert_eq!((domains[5], domains[6]), (domains[1], domains[0]));
        let different: std::collections::HashSet<_> = domains[..5].iter().collect();
        assert_eq!(different.len(), 5);
        let mut relay = Relay::new().by_exporter();
        let mut own = v9(0);
        for n in 1..5 {
            relay.pass(exporter(n), 1, Sequence::First, &mut own);
            assert_eq!(own, v9(0));
        }
    }
}
