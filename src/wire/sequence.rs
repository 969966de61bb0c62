//! Sequence numbers: what each exporter sent that did not arrive.
//!
//! NetFlow 5 to 8 number flows, not datagrams: an engine's next datagram says how many flows were sent before it.
//! Version 1 has no numbers; version 9 numbers datagrams (RFC 3954 section 5.1), IPFIX data records (RFC 7011 section
//! 3.1), options records included, both by observation domain. The rules, of which the first three are the original's:
//!
//! - A stream is one exporter address and port, version, engine and aggregation method; its first datagram says
//!   where it stands.
//! - The number expected next is the last datagram's plus its count, modulo 2^32.
//! - A number further on says that so many flows were lost, up to [`MOST_LOST`]; a greater step is a reset: the
//!   exporter began anew, nothing is counted as lost, and counting goes on from the new number.
//! - A number a little behind (up to [`MOST_LATE`] flows), with an uptime near the last one, is a datagram that
//!   another overtook: its flows are misordered, and no longer lost. Any other number behind, and 0, is a reset.
//! - softflowd numbers its IPFIX messages by the flows up to their end: a number that is further than the last one by
//!   the message's own flows is in order, too.

use std::collections::HashMap;
use std::net::IpAddr;

use super::header::Header;

/// The greatest step forward that is taken for loss rather than for a new beginning, in flows.
const MOST_LOST: u32 = 1 << 24;
/// The greatest step back that is taken for a late datagram, in flows.
const MOST_LATE: u32 = 2048;
/// How far a late datagram's uptime may be from the last one's, in ms.
const NEAR: u32 = 60_000;
/// Streams kept at once; beyond, those heard least recently are forgotten. Anyone can send us datagrams.
const MOST_STREAMS: usize = 1 << 16;

/// Whose datagrams are numbered together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StreamKey {
    /// The exporter's address.
    pub exporter: IpAddr,
    /// The port it sends from.
    pub port: u16,
    /// Export version; 0 for datagrams of no known version.
    pub version: u16,
    /// Kind of the switching engine.
    pub engine_type: u8,
    /// Number of the switching engine.
    pub engine_id: u8,
    /// Version 8's aggregation method.
    pub method: u8,
    /// The observation domain of version 9 (its source id) and IPFIX.
    pub domain: u32,
}

impl StreamKey {
    /// The key of version 9 and IPFIX.
    pub(super) fn templated(exporter: IpAddr, port: u16, version: u16, domain: u32) -> StreamKey {
        StreamKey { exporter, port, version, engine_type: 0, engine_id: 0, method: 0, domain }
    }
}

/// Where a datagram stands among its stream's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequence {
    /// The version has no numbers.
    Unnumbered,
    /// The first of its stream, or after one whose records could not be counted.
    First,
    /// The one expected.
    InOrder,
    /// So many flows before it are missing (version 9: datagrams).
    Lost(u32),
    /// It comes after one that was sent later.
    Late,
    /// The exporter began anew.
    Reset,
}

/// What arrived, and what did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Datagrams decoded.
    pub packets: u64,
    /// Flows in them.
    pub flows: u64,
    /// Datagrams that could not be decoded, or not to their end.
    pub corrupt: u64,
    /// Flows sent that did not arrive. Version 9 does not tell flows: datagrams.
    pub lost: u64,
    /// Flows that arrived behind later ones. Of version 9: datagrams.
    pub misordered: u64,
    /// Times an exporter began anew.
    pub resets: u64,
    /// Templates that were defined, again or anew, or withdrawn.
    pub templates: u64,
    /// Options records, which are no flows.
    pub options: u64,
    /// Data sets that were dropped because their template did not come in time.
    pub dropped: u64,
}

/// What numbers a datagram in its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Numbered {
    /// The number of its first unit: a flow, a datagram or a data record.
    pub sequence: u32,
    /// The exporter's clock, in ms.
    pub clock: u32,
    /// Units in it; `None` if that cannot be said.
    pub units: Option<u32>,
    /// Flows in it, if it may be one of an exporter that numbers messages by the flows up to their end.
    pub flows: Option<u32>,
}

/// What was in a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tallied {
    pub flows: u64,
    pub templates: u64,
    pub options: u64,
    pub dropped: u64,
    pub corrupt: bool,
}

impl Counters {
    /// Adds other counts to these.
    pub fn add(&mut self, other: &Counters) {
        self.packets += other.packets;
        self.flows += other.flows;
        self.corrupt += other.corrupt;
        self.lost += other.lost;
        self.misordered += other.misordered;
        self.resets += other.resets;
        self.templates += other.templates;
        self.options += other.options;
        self.dropped += other.dropped;
    }

    fn count(&mut self, tallied: &Tallied, units: u64, sequence: Sequence) {
        self.packets += 1;
        self.flows += tallied.flows;
        self.templates += tallied.templates;
        self.options += tallied.options;
        self.dropped += tallied.dropped;
        self.corrupt += u64::from(tallied.corrupt);
        match sequence {
            Sequence::Unnumbered | Sequence::First | Sequence::InOrder => {}
            Sequence::Lost(lost) => self.lost += u64::from(lost),
            Sequence::Late => {
                self.misordered += units;
                self.lost = self.lost.saturating_sub(units);
            }
            Sequence::Reset => self.resets += 1,
        }
    }
}

/// One stream: where it stands, and what it came to.
#[derive(Debug)]
struct Stream {
    key: StreamKey,
    /// The number expected next, and the clock of the datagram that said so.
    next: Option<(u32, u32)>,
    /// The last number.
    last: u32,
    counters: Counters,
    /// When it was heard last, in datagrams.
    heard: u64,
}

/// All streams.
#[derive(Debug, Default)]
pub(super) struct Streams {
    index: HashMap<StreamKey, usize>,
    streams: Vec<Stream>,
    /// The stream of the last datagram, which is likely the next one's too.
    last: usize,
    clock: u64,
    total: Counters,
}

impl Streams {
    /// Counts a datagram of versions 1 to 8.
    pub fn count_classic(&mut self, exporter: IpAddr, port: u16, header: &Header) -> Sequence {
        let Header { version, engine_type, engine_id, method, .. } = *header;
        let key = StreamKey { exporter, port, version, engine_type, engine_id, method, domain: 0 };
        let units = Some(header.count.into());
        let numbered = Numbered { sequence: header.sequence, clock: header.uptime, units, flows: None };
        self.count(key, numbered, Tallied { flows: header.count.into(), ..Tallied::default() })
    }

    /// Counts a datagram.
    pub fn count(&mut self, key: StreamKey, numbered: Numbered, tallied: Tallied) -> Sequence {
        let stream = self.stream(key);
        let sequence = if key.version == 1 { Sequence::Unnumbered } else { stream.follow(numbered) };
        let units = numbered.units.unwrap_or(0).into();
        stream.counters.count(&tallied, units, sequence);
        self.total.count(&tallied, units, sequence);
        sequence
    }

    /// A connection from here has ended: another one begins its numbers anew.
    pub fn ended(&mut self, exporter: IpAddr, port: u16) {
        for stream in self.streams.iter_mut().filter(|s| (s.key.exporter, s.key.port) == (exporter, port)) {
            stream.next = None;
        }
    }

    /// Counts a datagram that could not be decoded.
    pub fn corrupt(&mut self, exporter: IpAddr, port: u16, version: u16) {
        let key = StreamKey { exporter, port, version, engine_type: 0, engine_id: 0, method: 0, domain: 0 };
        self.stream(key).counters.corrupt += 1;
        self.total.corrupt += 1;
    }

    /// All that was counted, forgotten streams included.
    pub fn total(&self) -> &Counters {
        &self.total
    }

    /// Every stream that is remembered.
    pub fn each(&self) -> impl Iterator<Item = (&StreamKey, &Counters)> {
        self.streams.iter().map(|s| (&s.key, &s.counters))
    }

    fn stream(&mut self, key: StreamKey) -> &mut Stream {
        self.clock += 1;
        if self.streams.get(self.last).is_none_or(|s| s.key != key) {
            self.last = match self.index.get(&key) {
                Some(at) => *at,
                None => self.insert(key),
            };
        }
        let stream = &mut self.streams[self.last];
        stream.heard = self.clock;
        stream
    }

    fn insert(&mut self, key: StreamKey) -> usize {
        if self.streams.len() >= MOST_STREAMS {
            // The later-heard half stays: the cost, spread over as many arrivals, is small.
            self.streams.sort_by_key(|s| std::cmp::Reverse(s.heard));
            self.streams.truncate(MOST_STREAMS / 2);
            self.index = self.streams.iter().enumerate().map(|(at, s)| (s.key, at)).collect();
        }
        self.streams.push(Stream { key, next: None, last: 0, counters: Counters::default(), heard: 0 });
        self.index.insert(key, self.streams.len() - 1);
        self.streams.len() - 1
    }
}

impl Stream {
    fn follow(&mut self, numbered: Numbered) -> Sequence {
        let Numbered { sequence: number, clock, units, flows } = numbered;
        let sequence = match self.next {
            None => Sequence::First,
            Some((next, before)) => {
                let (ahead, behind) = (number.wrapping_sub(next), next.wrapping_sub(number));
                let apart = clock.wrapping_sub(before).min(before.wrapping_sub(clock));
                match ahead {
                    0 => Sequence::InOrder,
                    _ if flows.is_some_and(|flows| number == self.last.wrapping_add(flows)) => Sequence::InOrder,
                    1..=MOST_LOST => Sequence::Lost(ahead),
                    _ if behind <= MOST_LATE && apart <= NEAR && number != 0 => return Sequence::Late,
                    _ => Sequence::Reset,
                }
            }
        };
        self.last = number;
        self.next = units.map(|units| (number.wrapping_add(units), clock));
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const A: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn header(sequence: u32, uptime: u32) -> Header {
        Header { version: 5, count: 30, sequence, uptime, ..Header::default() }
    }

    #[test]
    fn a_gap_is_loss_and_a_step_back_a_reset() {
        let mut streams = Streams::default();
        let mut hear = |sequence, uptime| streams.count_classic(A, 9, &header(sequence, uptime));
        assert_eq!(hear(1000, 1), Sequence::First);
        assert_eq!(hear(1030, 2), Sequence::InOrder);
        assert_eq!(hear(1120, 3), Sequence::Lost(60));
        assert_eq!(hear(1060, 2), Sequence::Late);
        assert_eq!(hear(1150, 4), Sequence::InOrder);
        assert_eq!(hear(0, 5), Sequence::Reset);
        assert_eq!(hear(30, 6), Sequence::InOrder);
        // Far ahead, and a little behind but after a restart.
        assert_eq!(hear(60 + MOST_LOST + 1, 7_000_000), Sequence::Reset);
        assert_eq!(hear(60 + MOST_LOST, 8), Sequence::Reset);
        let total = streams.total();
        assert_eq!((total.packets, total.flows), (9, 270));
        assert_eq!((total.lost, total.misordered, total.resets), (30, 30, 3));
    }

    #[test]
    fn numbers_go_on_past_the_last_one() {
        let mut streams = Streams::default();
        streams.count_classic(A, 9, &header(u32::MAX - 9, 1));
        assert_eq!(streams.count_classic(A, 9, &header(20, 2)), Sequence::InOrder);
        assert_eq!(streams.count_classic(A, 9, &Header { version: 1, ..header(7, 3) }), Sequence::Unnumbered);
    }

    #[test]
    fn engines_ports_and_exporters_count_by_themselves() {
        let mut streams = Streams::default();
        for port in [1, 2] {
            for engine_id in [0, 1] {
                let header = Header { engine_id, ..header(0, 0) };
                assert_eq!(streams.count_classic(A, port, &header), Sequence::First);
            }
        }
        streams.corrupt(A, 1, 0);
        assert_eq!(streams.each().count(), 5);
        assert_eq!(streams.total().corrupt, 1);
    }

    #[test]
    fn a_flood_of_senders_is_forgotten() {
        let mut streams = Streams::default();
        for port in 0..=u16::MAX {
            streams.count_classic(A, port, &header(0, 0));
        }
        for port in 0..100 {
            streams.count_classic(A, port, &Header { version: 7, ..header(0, 0) });
            assert_eq!(streams.count_classic(A, u16::MAX, &header(30 * (1 + u32::from(port)), 0)), Sequence::InOrder);
        }
        assert_eq!(streams.each().count(), MOST_STREAMS / 2 + 100);
        assert_eq!(streams.total().packets, (1 << 16) + 200);
    }
}
