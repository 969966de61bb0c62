//! How fast datagrams are decoded and encoded, one core: `cargo bench --bench wire`.

use std::convert::Infallible;
use std::fmt::Display;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use flowtools::flow::{FlowBatch, Order, Version};
use flowtools::wire::{Decoder, Encoder, Export, Records};

const FLOWS: usize = 8192;
const ROUNDS: usize = 1000;
const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

fn main() {
    for version in [Version::V5, Version::V1, Version::V7, Version::V8(5)] {
        let batch = batch(version);
        let raw = batch.raw().expect("classic records");
        let mut datagrams = Vec::new();
        let mut encoder = Encoder::new();
        let mut keep = |export: Export<'_>| -> Result<(), Infallible> {
            datagrams.push(export.octets.to_vec());
            Ok(())
        };
        let _ = encoder.encode(&raw, batch.rows(), &mut keep);
        let _ = encoder.finish(&mut keep);
        rate(format!("version {version}"), "encoded", || {
            let _ = encoder.encode(&raw, batch.rows(), |export| -> Result<(), Infallible> {
                black_box(export);
                Ok(())
            });
        });
        let (mut decoder, mut records) = (Decoder::new(), Records::new());
        rate(format!("version {version}"), "decoded", || {
            for datagram in &datagrams {
                let _ = black_box(decoder.decode(EXPORTER, 2055, datagram, &mut records));
            }
            black_box(&records);
            records.clear();
        });
    }
    templated("version 9, 20 fields", &FIELDS);
    let mut varying = FIELDS;
    varying[19] = (96, 0xFFFF);
    templated("version 9, one of 20 fields varies", &varying);
}

/// The fields of a usual template.
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
    (5, 1),
    (6, 1),
    (9, 1),
    (13, 1),
    (16, 4),
    (17, 4),
    (61, 1),
    (136, 1),
];

/// Decodes datagrams of a template's flows, taking them away as batches.
fn templated(what: &str, fields: &[(u16, u16)]) {
    let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let set = |id, body: &[u8]| [&words(&[id, body.len() as u16 + 4]), body].concat();
    let datagram = |sequence: usize, set: &[u8]| {
        let numbers = [0, 0, sequence as u32, 0].map(u32::to_be_bytes).concat();
        [&words(&[9, 1]), &numbers, set].concat()
    };
    let template: Vec<u16> = fields.iter().flat_map(|(id, width)| [*id, *width]).collect();
    let template = set(0, &[words(&[256, fields.len() as u16]), words(&template)].concat());
    let fixed: usize = fields.iter().filter(|(_, width)| *width != 0xFFFF).map(|(_, width)| usize::from(*width)).sum();
    let varies = fields.iter().any(|(_, width)| *width == 0xFFFF);
    let record = |flow: usize| {
        let mut record: Vec<u8> = (0..fixed).map(|at| (flow * at) as u8).collect();
        record.extend(if varies { &b"\x05https"[..] } else { &[] });
        record
    };
    let each = 1400 / record(0).len();
    let datagrams: Vec<Vec<u8>> = (0..FLOWS / each)
        .map(|at| datagram(at + 1, &set(256, &(0..each).flat_map(|i| record(at * each + i)).collect::<Vec<_>>())))
        .collect();
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let _ = decoder.decode(EXPORTER, 2055, &datagram(0, &template), &mut records);
    rate(what, "decoded", || {
        for datagram in &datagrams {
            let _ = black_box(decoder.decode(EXPORTER, 2055, datagram, &mut records));
        }
        records.drain().for_each(|batch| _ = black_box(batch));
    });
}

/// Flows of one clock and engine, so that datagrams are full.
fn batch(version: Version) -> FlowBatch {
    let size = version.layout().size;
    let records = (0..FLOWS).flat_map(|flow| (0..size).map(move |at| if at < 16 { 7 } else { (flow * at) as u8 }));
    let mut records: Vec<u8> = records.collect();
    for record in records.chunks_exact_mut(size) {
        for field in [flowtools::flow::ie::ENGINE_TYPE, flowtools::flow::ie::ENGINE_ID] {
            if let Some((at, _)) = version.layout().find(field) {
                record[at] = 0;
            }
        }
    }
    FlowBatch::from_raw(version, Order::HOST, records)
}

/// The best of many short rounds: others use the machine too.
fn rate(version: impl Display, what: &str, mut work: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{version:34} {what} {:7.1} M flows/s", FLOWS as f64 / best / 1e6);
}
