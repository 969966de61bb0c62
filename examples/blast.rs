//! A load generator for collectors: NetFlow 5 datagrams of 30 flows at a fixed rate, with correct sequence numbers.
//!
//!     cargo run --release --example blast -- 127.0.0.1:2055 1000000 30 [ENGINES [FILE]]
//!
//! sends a million flows a second for thirty seconds, in turn from so many engines (1), each with its own sequence
//! numbers. The flows are the first 65,520 of a version 5 flow file, or made up. Says what was sent.

mod pace;

use std::path::PathBuf;
use std::time::SystemTime;

use flowtools::file::{Inputs, Scan};
use flowtools::flow::{FlowBatch, Order, Rows, Version};
use flowtools::net::{Endpoint, SendOptions, Sender};
use flowtools::wire::Encoder;
use pace::Pace;

/// Flows a datagram.
const FLOWS: usize = 30;
/// Datagrams made once and sent over and over.
const DATAGRAMS: usize = 2184;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [to, rate, seconds, rest @ ..] = words.as_slice() else {
        return Err("usage: blast HOST:PORT FLOWS_A_SECOND SECONDS [ENGINES [FILE]]".into());
    };
    let (rate, seconds): (f64, f64) = (rate.parse()?, seconds.parse()?);
    let engines = rest.first().map_or(Ok(1), |n| n.parse::<usize>())?.clamp(1, 256);
    let records = match rest.get(1) {
        Some(file) => from_file(file)?,
        None => made_up(),
    };
    let mut datagrams = datagrams(records)?;
    let mut sender = Sender::connect(&Endpoint::collector(to)?, &SendOptions::default())?;
    let mut sequences = vec![0u32; engines];
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Pace { rate, seconds, flows: FLOWS }.keep(&mut sender, |sender, turn, since| {
        let clock = began + since;
        let datagram = &mut datagrams[turn % DATAGRAMS];
        let engine = turn % engines;
        datagram[8..12].copy_from_slice(&(clock.as_secs() as u32).to_be_bytes());
        datagram[12..16].copy_from_slice(&clock.subsec_nanos().to_be_bytes());
        datagram[16..20].copy_from_slice(&sequences[engine].to_be_bytes());
        datagram[21] = engine as u8;
        sequences[engine] = sequences[engine].wrapping_add(FLOWS as u32);
        Ok(sender.send(datagram)?)
    })
}

/// Packs the records as one exporter's, of one moment: 30 a datagram.
fn datagrams(mut records: Vec<u8>) -> Result<Vec<Vec<u8>>, String> {
    let size = Version::V5.layout().size;
    for record in records.chunks_exact_mut(size) {
        // Clock, uptime, exporter; engine.
        record[..16].fill(0);
        record[56..58].fill(0);
    }
    let batch = FlowBatch::from_raw(Version::V5, Order::HOST, records);
    let mut made = Vec::new();
    let raw = batch.raw().ok_or("no records")?;
    Encoder::new().encode(&raw, Rows::All(batch.len()), |export| {
        made.push(export.octets.to_vec());
        Ok::<(), String>(())
    })?;
    if made.len() < DATAGRAMS - 1 || made.iter().any(|d| d.len() != 24 + FLOWS * 48) {
        return Err(format!("{} full datagrams, expected {DATAGRAMS}: too few flows", made.len()));
    }
    made.resize(DATAGRAMS, made[0].clone());
    Ok(made)
}

fn from_file(file: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let (mut records, want) = (Vec::new(), DATAGRAMS * FLOWS * Version::V5.layout().size);
    let scan = Scan::open(&Inputs::of(&[PathBuf::from(file)]))?.threads(1);
    let read = scan.ordered(
        || (),
        |(), batch| batch,
        |batch| {
            if let Some(raw) = batch.raw().filter(|raw| raw.layout.version == Version::V5) {
                raw.copy(batch.rows(), Order::HOST, &mut records);
            }
            if records.len() < want { Ok(()) } else { Err(()) }
        },
    );
    if let Ok(summary) = read
        && let Some(problem) = summary.problems.into_iter().next()
    {
        return Err(problem.into());
    }
    records.truncate(want);
    Ok(records)
}

/// Flows that compress about as real ones do.
fn made_up() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut records = Vec::new();
    for _ in 0..DATAGRAMS * FLOWS {
        let mut record = [0u8; 64];
        let mut put = |at: usize, n: u32| record[at..at + 4].copy_from_slice(&n.to_ne_bytes());
        let packets = 1 + (random() % 1000 / (1 + random() % 1000)) as u32;
        put(16, 0x0A00_0000 + (random() % 65_536) as u32);
        put(20, random() as u32);
        put(24, 0xC0A8_00FE);
        put(32, packets);
        put(36, packets * (40 + (random() % 1460) as u32));
        put(40, 1_000_000 + (random() % 60_000) as u32);
        put(44, 1_060_000 + (random() % 60_000) as u32);
        record[48..50].copy_from_slice(&(random() as u16).to_ne_bytes());
        record[50..52].copy_from_slice(&[443u16, 80, 53, 22][random() as usize % 4].to_ne_bytes());
        record[52] = [6, 6, 17, 6][random() as usize % 4];
        records.extend(record);
    }
    records
}
