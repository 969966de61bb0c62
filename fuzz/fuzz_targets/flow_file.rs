#![no_main]
//! The flow file readers: whatever they are given, they end, in flows or in an error. Checksums are not looked at while
//! fuzzing. Seeds: `cargo run --example seeds -- fuzz/corpus`.

use std::fs;
use std::io::Cursor;

use flowtools::file::{FlowReader, Inputs, Scan, describe};
use flowtools::flow::time::FlowTimes;
use flowtools::flow::{Field, FlowBatch, Projection};
use flowtools::print::JsonWriter;
use flowtools::select::{Addresses, Numbers, Predicate};
use libfuzzer_sys::fuzz_target;

/// A zlib stream, or a block of constants, may hold a thousand times its length: a bound keeps a run short.
const MOST: usize = 100_000;

fuzz_target!(|octets: &[u8]| {
    stream(octets);
    if octets.get(3) == Some(&4) {
        scan(octets);
    }
});

/// As a pipe, every column.
fn stream(octets: &[u8]) {
    let Ok(mut reader) = FlowReader::new(Cursor::new(octets.to_vec()), "fuzz") else { return };
    let (mut flows, mut times, mut json, mut text) = (0, FlowTimes::default(), JsonWriter::default(), Vec::new());
    while let Ok(Some(batch)) = reader.next_batch() {
        flows += batch.len();
        times.gather(&batch);
        if batch.len() < 1000 {
            json.write(&batch, &mut text);
            text.clear();
        }
        if flows > MOST {
            break;
        }
    }
}

/// As a file, by its index, some flows and columns.
fn scan(octets: &[u8]) {
    let path = std::env::temp_dir().join(format!("fuzz-{}", std::process::id()));
    if fs::write(&path, octets).is_err() {
        return;
    }
    let _ = describe(&path);
    let address = Predicate::addresses(Field::SrcAddr, Addresses::host([10, 0, 0, 5].into()));
    let question = Predicate::or(vec![address, Predicate::numbers(Field::DstPort, Numbers::one(53))]);
    let inputs = Inputs::of(&[path.clone()]);
    let fields = Projection::of(&[Field::Octets]);
    if let Ok(scan) = Scan::open(&inputs) {
        let count = |sum: &mut usize, batch: &FlowBatch| *sum += batch.len();
        scan.threads(1).fields(fields).select(&question).fold(|| 0, count);
    }
    let _ = fs::remove_file(&path);
}
