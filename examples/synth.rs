//! Made-up traffic for measurements: the same for the same arguments, on every machine.
//!
//!     cargo run --release --example synth -- flows COUNT OUT [SEED]
//!
//! writes a classic version 5 file of so many flows: few hosts have most of them, ports are those of a campus with a
//! tail of random ones, three exporters each count their own uptime. Flows come in runs of 30 of one exporter, engine
//! and clock, as datagrams bring them.
//!
//!     cargo run --release --example synth -- packets COUNT OUT [FLOWS [SEED]]
//!
//! writes a capture of so many TCP packets in the smallest Ethernet frames, at the spacing of a full gigabit link, that
//! belong to FLOWS (1000000) connections: few have most of them, and each has one.
//!
//!     cargo run --release --example synth -- flood COUNT OUT [SEED]
//!
//! writes a capture of so many packets that each are a connection of their own, chosen so that they would all fall into
//! one 64th of the flow cache if its hash had no seed.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{Element, StreamInfo, Version, flags, ie};
use flowtools::meter::packet::Address;
use flowtools::meter::{CacheHash, Ends};

/// 2026-01-01, and so many seconds of traffic from then on.
const BEGIN: u32 = 1_767_225_600;
const SECONDS: u64 = 3600;
/// Flows of one clock: a full datagram.
const RUN: u64 = 30;
/// Addresses inside, 10.0.0.0/16, and outside.
const INSIDE: usize = 65_536;
const OUTSIDE: usize = 400_000;
/// Each exporter's address, and for how many days it had been up.
const EXPORTERS: [(u32, u64); 3] = [(0xC0A8_0001, 30), (0xC0A8_0002, 9), (0xC0A8_0003, 1)];
/// Ports of services and how often they occur; the rest up to 1000 is random.
const PORTS: [(u16, u64); 20] = [
    (443, 320),
    (80, 120),
    (53, 144),
    (123, 32),
    (22, 16),
    (25, 16),
    (8080, 16),
    (6881, 16),
    (51_413, 16),
    (3389, 12),
    (445, 12),
    (161, 12),
    (993, 8),
    (5060, 8),
    (27_015, 8),
    (23, 8),
    (1935, 6),
    (3306, 5),
    (514, 5),
    (1433, 5),
];
/// Those of them that are UDP.
const UDP: [u16; 6] = [53, 123, 161, 514, 5060, 27_015];

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["flows", count, out, seed @ ..] if seed.len() <= 1 => flows(count.parse()?, out, number(seed.first(), 1)?),
        ["packets", count, out, rest @ ..] if rest.len() <= 2 => {
            packets(count.parse()?, out, number(rest.first(), 1_000_000)?, number(rest.get(1), 1)?)
        }
        ["flood", count, out, seed @ ..] if seed.len() <= 1 => flood(count.parse()?, out, number(seed.first(), 1)?),
        _ => Err("usage: synth flows COUNT OUT [SEED] | synth packets COUNT OUT [FLOWS [SEED]] | synth flood COUNT OUT [SEED]".into()),
    }
}

fn number(word: Option<&&str>, default: u64) -> Result<u64, std::num::ParseIntError> {
    word.map_or(Ok(default), |word| word.parse())
}

/// Numbers as good as random (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether something that happens `n` times in a thousand does.
    fn chance(&mut self, n: u64) -> bool {
        self.below(1000) < n
    }

    /// Above 0, up to 1.
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// One of `n`, the first ones far more often: a Pareto tail of this shape, folded back.
    fn rank(&mut self, n: usize, shape: f64) -> usize {
        let tail = self.unit().powf(-1.0 / shape) - 1.0;
        (tail * n as f64 / 200.0) as usize % n.max(1)
    }

    /// Log-normal: e to the power of a normal deviate.
    fn lognormal(&mut self, mean: f64, deviation: f64) -> f64 {
        let normal = (-2.0 * self.unit().ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos();
        (mean + deviation * normal).exp()
    }

    /// An address that may be anyone's.
    fn address(&mut self) -> u32 {
        (1 << 24) + self.below(222 << 24) as u32
    }

    /// A client's port.
    fn client(&mut self) -> u16 {
        1024 + self.below(64_511) as u16
    }

    /// A service's port.
    fn service(&mut self) -> u16 {
        let mut at = self.below(1000);
        for (port, weight) in PORTS {
            if at < weight {
                return port;
            }
            at -= weight;
        }
        self.client()
    }
}

/// A host outside: its address, prefix length and AS, which stay the same.
struct Host {
    address: u32,
    mask: u8,
    asn: u16,
}

/// What the flows of one datagram share.
struct Clock {
    exporter: u32,
    engine: u8,
    secs: u32,
    nsecs: u32,
    uptime: u32,
}

impl Clock {
    fn new(random: &mut Random, flow: u64, count: u64) -> Clock {
        let (exporter, days) = EXPORTERS[random.below(EXPORTERS.len() as u64) as usize];
        let ms = flow * SECONDS * 1000 / count.max(1);
        Clock {
            exporter,
            engine: random.below(2) as u8,
            secs: BEGIN + (ms / 1000) as u32,
            nsecs: (ms % 1000) as u32 * 1_000_000,
            uptime: (days * 86_400_000 + ms) as u32,
        }
    }
}

fn flows(count: u64, out: &str, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut random = Random(seed);
    let mut inside: Vec<u32> = (0..INSIDE as u32).map(|host| 0x0A00_0000 + host).collect();
    for at in (1..inside.len()).rev() {
        inside.swap(at, random.below(at as u64 + 1) as usize);
    }
    let outside: Vec<Host> = (0..OUTSIDE)
        .map(|_| Host {
            address: random.address(),
            mask: 12 + random.below(13) as u8,
            asn: 1 + random.below(64_999) as u16,
        })
        .collect();
    let info = StreamInfo {
        start: Some(BEGIN),
        end: Some(BEGIN + SECONDS as u32),
        flags: flags::DONE,
        flows: Some(count),
        ..StreamInfo::default()
    };
    let options = WriteOptions::new(Version::V5, info);
    let mut writer = FlowWriter::new(BufWriter::with_capacity(1 << 20, File::create(out)?), &options)?;
    let mut record = Record::new();
    let mut clock = Clock::new(&mut random, 0, count);
    for flow in 0..count {
        if flow % RUN == 0 {
            clock = Clock::new(&mut random, flow, count);
        }
        let inner = inside[random.rank(INSIDE, 1.1)];
        let outer = &outside[random.rank(OUTSIDE, 1.1)];
        fill(&mut record, &mut random, &clock, inner, outer);
        writer.write_records(&record.octets)?;
    }
    writer.finish()?.flush()?;
    Ok(())
}

/// Makes a flow between these two, in either direction.
fn fill(record: &mut Record, random: &mut Random, clock: &Clock, inner: u32, outer: &Host) {
    let (service, client) = (random.service(), random.client());
    let protocol = match () {
        () if random.chance(10) => 1,
        () if UDP.contains(&service) || random.chance(100) => 17,
        () => 6,
    };
    let (service, client) = if protocol == 1 { (0, 0) } else { (service, client) };
    let packets = random.lognormal(1.2, 1.6).clamp(1.0, 1e6) as u64;
    let octets = packets * (40 + random.below(1460));
    let lasted = if packets == 1 { 0 } else { random.lognormal(6.0, 2.5).min(1_800_000.0) as u32 };
    let last = clock.uptime - random.below(15_000) as u32;
    let tcp_flags = [0x1B, 0x1B, 0x1B, 0x1B, 0x1A, 0x02, 0x02, 0x12, 0x14, 0x10][random.below(10) as usize];
    let out = random.chance(500);
    // Each pair as it stands in a flow from inside to outside.
    let mut pair = |fields: [Element; 2], values: [u32; 2]| {
        let [first, second] = values;
        let values = if out { [first, second] } else { [second, first] };
        record.put(fields[0], values[0]);
        record.put(fields[1], values[1]);
    };
    pair([ie::SRC_ADDR4, ie::DST_ADDR4], [inner, outer.address]);
    pair([ie::INPUT, ie::OUTPUT], [1, 2]);
    pair([ie::SRC_PORT, ie::DST_PORT], [client.into(), service.into()]);
    pair([ie::SRC_AS, ie::DST_AS], [64_512, outer.asn.into()]);
    pair([ie::SRC_MASK, ie::DST_MASK], [16, outer.mask.into()]);
    record.put(ie::NEXT_HOP4, if out { 0xC0A8_00FE } else { 0x0A00_00FE });
    record.put(ie::UNIX_SECS, clock.secs);
    record.put(ie::UNIX_NSECS, clock.nsecs);
    record.put(ie::UPTIME, clock.uptime);
    record.put(ie::EXPORTER4, clock.exporter);
    record.put(ie::ENGINE_ID, clock.engine.into());
    record.put(ie::PACKETS, packets as u32);
    record.put(ie::OCTETS, octets as u32);
    record.put(ie::FIRST, last - lasted);
    record.put(ie::LAST, last);
    record.put(ie::PROTOCOL, protocol);
    record.put(ie::TCP_FLAGS, if protocol == 6 { tcp_flags } else { 0 });
    record.put(ie::TOS, if random.chance(900) { 0 } else { [0x28, 0xB8, 0x10][random.below(3) as usize] });
}

/// A version 5 record, this machine's byte order.
struct Record {
    octets: Vec<u8>,
}

impl Record {
    fn new() -> Record {
        Record { octets: vec![0; Version::V5.layout().size] }
    }

    fn put(&mut self, field: Element, value: u32) {
        let (at, width) = Version::V5.layout().find(field).expect("a field of version 5");
        match width {
            1 => self.octets[at] = value as u8,
            2 => self.octets[at..at + 2].copy_from_slice(&(value as u16).to_ne_bytes()),
            _ => self.octets[at..at + 4].copy_from_slice(&value.to_ne_bytes()),
        }
    }
}

/// Packets a second of a full gigabit link, with frames of 64 octets.
const LINE_RATE: u64 = 1_488_095;
/// Of which a capture holds all but the checksum.
const FRAME: usize = 60;

/// Octets of a packet before its addresses and ports, which lie side by side: the capture's 16, Ethernet's 14, IP's 12.
const ENDS: usize = 16 + 14 + 12;

/// Both addresses and both ports, as in a packet.
fn ends(addresses: [u32; 2], ports: [u16; 2]) -> [u8; 12] {
    let mut ends = [0; 12];
    ends[..4].copy_from_slice(&addresses[0].to_be_bytes());
    ends[4..8].copy_from_slice(&addresses[1].to_be_bytes());
    ends[8..10].copy_from_slice(&ports[0].to_be_bytes());
    ends[10..].copy_from_slice(&ports[1].to_be_bytes());
    ends
}

fn packets(count: u64, out: &str, flows: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut random = Random(seed);
    let connections: Vec<[u8; 12]> = (0..flows.max(1))
        .map(|_| {
            let ports = [random.client(), [443, 80, 53, 22][random.below(4) as usize]];
            ends([random.address(), random.address()], ports)
        })
        .collect();
    // One packet in so many is the next connection's.
    let every = (count / flows.max(1)).max(1);
    capture(count, out, |number| {
        let next = (number % every == 0).then(|| connections.get((number / every) as usize)).flatten();
        let mut ends = *next.unwrap_or_else(|| &connections[random.rank(connections.len(), 0.9)]);
        if random.chance(500) {
            ends[..8].rotate_left(4);
            ends[8..].rotate_left(2);
        }
        ends
    })
}

fn flood(count: u64, out: &str, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut random = Random(seed);
    let unkeyed = CacheHash::new([0; 2]);
    capture(count, out, |_| {
        loop {
            let (addresses, ports) = ([random.address(), random.address()], [random.client(), 443]);
            let ends = Ends { addresses: addresses.map(Address::V4), ports, macs: [0; 2], protocol: 6, vlan: 0 };
            if unkeyed.of(&ends) >> 58 == 0 {
                return self::ends(addresses, ports);
            }
        }
    })
}

/// Writes a capture of packets with these addresses and ports.
fn capture(count: u64, out: &str, mut ends: impl FnMut(u64) -> [u8; 12]) -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(out)?);
    for word in [0xA1B2_C3D4, 2 | 4 << 16, 0, 0, 65_535, 1u32] {
        out.write_all(&word.to_le_bytes())?;
    }
    let mut packet = packet();
    for number in 0..count {
        let us = number * 1_000_000 / LINE_RATE;
        packet[..4].copy_from_slice(&(BEGIN + (us / 1_000_000) as u32).to_le_bytes());
        packet[4..8].copy_from_slice(&((us % 1_000_000) as u32).to_le_bytes());
        packet[ENDS..ENDS + 12].copy_from_slice(&ends(number));
        out.write_all(&packet)?;
    }
    out.flush()?;
    Ok(())
}

/// A capture's packet with neither time nor ends: its header, Ethernet, IPv4, TCP with ACK, padding.
fn packet() -> [u8; 16 + FRAME] {
    let mut packet = [0; 16 + FRAME];
    packet[8..12].copy_from_slice(&(FRAME as u32).to_le_bytes());
    packet[12..16].copy_from_slice(&(FRAME as u32).to_le_bytes());
    let frame = &mut packet[16..];
    frame[..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&40u16.to_be_bytes());
    frame[22..24].copy_from_slice(&[64, 6]);
    frame[46..48].copy_from_slice(&[0x50, 0x10]);
    packet
}
