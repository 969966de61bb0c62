//! How fast datagrams are decoded and encoded, one core: `cargo bench --bench wire`.

use std::convert::Infallible;
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
        rate(version, "encoded", || {
            let _ = encoder.encode(&raw, batch.rows(), |export| -> Result<(), Infallible> {
                black_box(export);
                Ok(())
            });
        });
        let (mut decoder, mut records) = (Decoder::new(), Records::new());
        rate(version, "decoded", || {
            for datagram in &datagrams {
                let _ = black_box(decoder.decode(EXPORTER, 2055, datagram, &mut records));
            }
            black_box(&records);
            records.clear();
        });
    }
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
fn rate(version: Version, what: &str, mut work: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("version {version:4} {what} {:7.1} M flows/s", FLOWS as f64 / best / 1e6);
}
