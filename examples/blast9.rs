//! A load generator for collectors: NetFlow 9 datagrams of 22 flows by a template of 20 fields, at a fixed rate, with
//! correct sequence numbers.
//!
//!     cargo run --release --example blast9 -- 127.0.0.1:2055 1000000 30 [SOURCES [TEMPLATES_EVERY]]
//!
//! sends a million flows a second for thirty seconds, in turn from so many source ids (1), each with its own sequence
//! numbers, and sends each one's template again after so many of its datagrams (1000; 0: only once). Says what was
//! sent.

mod pace;

use std::time::SystemTime;

use flowtools::net::{Endpoint, SendOptions, Sender};
use pace::Pace;

/// Elements and octets of the fields.
const FIELDS: [(u16, u16); 20] = [
    (8, 4),
    (12, 4),
    (15, 4),
    (10, 4),
    (14, 4),
    (2, 8),
    (1, 8),
    (22, 4),
    (21, 4),
    (7, 2),
    (11, 2),
    (4, 1),
    (6, 1),
    (5, 1),
    (16, 4),
    (17, 4),
    (9, 1),
    (13, 1),
    (61, 1),
    (48, 1),
];
/// Octets of a record.
const RECORD: usize = 63;
/// Flows a datagram.
const FLOWS: usize = 22;
/// Datagrams made once and sent over and over.
const DATAGRAMS: usize = 3000;
const HEADER: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [to, rate, seconds, rest @ ..] = words.as_slice() else {
        return Err("usage: blast9 HOST:PORT FLOWS_A_SECOND SECONDS [SOURCES [TEMPLATES_EVERY]]".into());
    };
    let (rate, seconds): (f64, f64) = (rate.parse()?, seconds.parse()?);
    let sources = rest.first().map_or(Ok(1), |n| n.parse::<usize>())?.max(1);
    let every = rest.get(1).map_or(Ok(1000), |n| n.parse::<usize>())?;
    let (template, mut datagrams) = (template(), made_up());
    let mut sender = Sender::connect(&Endpoint::collector(to)?, &SendOptions::default())?;
    let mut sequences = vec![0u32; sources];
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Pace { rate, seconds, flows: FLOWS }.keep(&mut sender, |sender, sent, since| {
        let uptime = 2_000_000 + since.as_millis() as u32;
        let secs = (began + since).as_secs() as u32;
        let (source, turn) = (sent % sources, sent / sources);
        if turn == 0 || (every > 0 && turn.is_multiple_of(every)) {
            let mut datagram = template.clone();
            stamp(&mut datagram, uptime, secs, &mut sequences[source], source);
            sender.send(&datagram)?;
        }
        let datagram = &mut datagrams[sent % DATAGRAMS];
        stamp(datagram, uptime, secs, &mut sequences[source], source);
        Ok(sender.send(datagram)?)
    })
}

/// Completes a header: clocks, sequence number, source id.
fn stamp(datagram: &mut [u8], uptime: u32, secs: u32, sequence: &mut u32, source: usize) {
    datagram[4..8].copy_from_slice(&uptime.to_be_bytes());
    datagram[8..12].copy_from_slice(&secs.to_be_bytes());
    datagram[12..16].copy_from_slice(&sequence.to_be_bytes());
    datagram[16..20].copy_from_slice(&(source as u32).to_be_bytes());
    *sequence = sequence.wrapping_add(1);
}

fn header(count: u16) -> Vec<u8> {
    let mut out = [9, count].iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    out.resize(HEADER, 0);
    out
}

/// A datagram that says what the records are.
fn template() -> Vec<u8> {
    let mut out = header(1);
    let words = [0, 8 + FIELDS.len() as u16 * 4, 256, FIELDS.len() as u16];
    let fields = FIELDS.iter().flat_map(|(element, octets)| [*element, *octets]);
    out.extend(words.into_iter().chain(fields).flat_map(u16::to_be_bytes));
    out
}

/// Datagrams of flows that compress about as real ones do.
fn made_up() -> Vec<Vec<u8>> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut datagram = || {
        let mut out = header(FLOWS as u16);
        let octets = (4 + FLOWS * RECORD).next_multiple_of(4);
        out.extend([256, octets as u16].iter().flat_map(|n| n.to_be_bytes()));
        for _ in 0..FLOWS {
            let packets = 1 + random() % 1000 / (1 + random() % 1000);
            let first = 1_000_000 + (random() % 600_000) as u32;
            out.extend((0x0A00_0000 + (random() % 65_536) as u32).to_be_bytes());
            out.extend((random() as u32).to_be_bytes());
            [0xC0A8_00FE, 1 + (random() % 4) as u32, 5].iter().for_each(|n: &u32| out.extend(n.to_be_bytes()));
            [packets, packets * (40 + random() % 1460)].iter().for_each(|n| out.extend(n.to_be_bytes()));
            [first, first + (random() % 60_000) as u32].iter().for_each(|n| out.extend(n.to_be_bytes()));
            out.extend((random() as u16).to_be_bytes());
            out.extend([443u16, 80, 53, 22][random() as usize % 4].to_be_bytes());
            out.extend([[6, 6, 17, 6][random() as usize % 4], 0x1B, 0]);
            [64_512, 64_600 + (random() % 50) as u32].iter().for_each(|n: &u32| out.extend(n.to_be_bytes()));
            out.extend([16, 24, 0, 1]);
        }
        out.resize(HEADER + octets, 0);
        out
    };
    (0..DATAGRAMS).map(|_| datagram()).collect()
}
