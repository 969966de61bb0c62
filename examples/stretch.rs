//! Much traffic from little, for measurements: real flows over and over, each time at other addresses and later.
//!
//!     cargo run --release --example stretch -- repeat IN COUNT OUT
//!
//! writes a classic version 5 file of COUNT flows; IN is one of version 5 itself.
//!
//!     cargo run --release --example stretch -- archive IN FOLDER FILES FLOWS
//!
//! writes an archive of modern files of five minutes each, with FLOWS flows in all.
//!
//!     cargo run --release --example stretch -- places IN
//!
//! prints three addresses of a file: one that stands in two flows, one in a third of all runs of 65,536 flows, and one
//! in every run; less exactly if there is none such.

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::Path;

use flowtools::file::archive::{FileName, Nesting, State};
use flowtools::file::{FlowReader, FlowWriter, WriteOptions};
use flowtools::flow::{Element, Field, FlowBatch, Form, Order, StreamInfo, Version, flags, ie};

/// Seconds of a file of the archive.
const STEP: i64 = 300;
/// 2026-01-01: where the archive begins.
const BEGIN: i64 = 1_767_225_600;
/// Flows of a block.
const RUN: usize = 65_536;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["repeat", from, count, out] => repeat(from, count.parse()?, out),
        ["archive", from, folder, files, flows] => archive(from, folder, files.parse()?, flows.parse()?),
        ["places", from] => places(from),
        _ => Err("usage: stretch repeat IN COUNT OUT | archive IN FOLDER FILES FLOWS | places IN".into()),
    }
}

/// A file's records, and the seconds from its first to its last.
struct Source {
    records: Vec<u8>,
    span: u32,
    size: usize,
    secs: usize,
    addresses: [usize; 2],
}

impl Source {
    fn read(from: &str) -> Result<Source, Box<dyn Error>> {
        let mut reader = FlowReader::open(Path::new(from))?;
        let layout = Version::V5.layout();
        let mut records = Vec::new();
        while let Some(batch) = reader.next_batch()? {
            let raw = batch.raw().filter(|raw| raw.layout.version == Version::V5).ok_or("not a file of version 5")?;
            raw.copy(batch.rows(), Order::HOST, &mut records);
        }
        let at = |element: Element| layout.find(element).map(|(at, _)| at).ok_or("no such field");
        let secs = at(ie::UNIX_SECS)?;
        let times = || records.chunks_exact(layout.size).map(|record| word(record, secs));
        let span = times().max().ok_or("no flows")? - times().min().unwrap_or(0) + 1;
        let addresses = [at(ie::SRC_ADDR4)?, at(ie::DST_ADDR4)?];
        Ok(Source { records, span, size: layout.size, secs, addresses })
    }

    fn len(&self) -> usize {
        self.records.len() / self.size
    }

    /// A flow, at other addresses in each round, `later` seconds later.
    fn flow(&self, at: usize, later: u32, out: &mut Vec<u8>) {
        let (round, at) = (at / self.len(), at % self.len());
        let start = out.len();
        out.extend_from_slice(&self.records[at * self.size..(at + 1) * self.size]);
        let record = &mut out[start..];
        let time = word(record, self.secs).wrapping_add(later);
        record[self.secs..self.secs + 4].copy_from_slice(&time.to_ne_bytes());
        for place in self.addresses {
            let address = word(record, place);
            // The network stays, the host is another one.
            let moved = address & 0xFF00_0000 | address.wrapping_add(round as u32 * 40_503) & 0x00FF_FFFF;
            record[place..place + 4].copy_from_slice(&moved.to_ne_bytes());
        }
    }
}

fn word(record: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(record[at..at + 4].try_into().unwrap_or_default())
}

fn repeat(from: &str, count: usize, out: &str) -> Outcome {
    let source = Source::read(from)?;
    let info = StreamInfo { flags: flags::DONE, flows: Some(count as u64), ..StreamInfo::default() };
    let out = BufWriter::with_capacity(1 << 20, File::create(out)?);
    let mut writer = FlowWriter::new(out, &WriteOptions::new(Version::V5, info))?;
    let mut records = Vec::new();
    for at in 0..count {
        source.flow(at, (at / source.len()) as u32 * source.span, &mut records);
        if records.len() > 1 << 20 || at + 1 == count {
            writer.write_records(&records)?;
            records.clear();
        }
    }
    writer.finish()?;
    Ok(())
}

fn archive(from: &str, folder: &str, files: usize, flows: usize) -> Outcome {
    let source = Source::read(from)?;
    for file in 0..files {
        let start = BEGIN + file as i64 * STEP;
        let (begin, end) = (flows * file / files, flows * (file + 1) / files);
        let mut records = Vec::new();
        for at in begin..end {
            let base = word(&source.records, at % source.len() * source.size + source.secs);
            // Each file's flows lie within its five minutes.
            let within = ((at - begin) as i64 * STEP / (end - begin).max(1) as i64) as u32;
            source.flow(at, (start as u32 + within).wrapping_sub(base), &mut records);
        }
        write_file(folder, start, FlowBatch::from_raw(Version::V5, Order::HOST, records))?;
    }
    Ok(())
}

fn write_file(folder: &str, start: i64, batch: FlowBatch) -> Outcome {
    let name = FileName::local(Form::Modern, start);
    let path = Path::new(folder).join(Nesting::default().folder(&name)).join(name.text(State::Finished));
    fs::create_dir_all(path.parent().unwrap_or(Path::new(folder)))?;
    let info = StreamInfo {
        flags: flags::DONE,
        flows: Some(batch.len() as u64),
        start: Some(start as u32),
        end: Some((start + STEP) as u32),
        ..StreamInfo::default()
    };
    let mut options = WriteOptions::new(Form::Modern, info);
    let mut writer = FlowWriter::new(Vec::new(), &options)?;
    writer.write(&batch)?;
    writer.flush()?;
    options.info.span = writer.span();
    let mut octets = writer.finish()?;
    let header = options.header();
    octets[..header.len()].copy_from_slice(&header);
    File::create(path)?.write_all(&octets)?;
    Ok(())
}

fn places(from: &str) -> Outcome {
    let mut reader = FlowReader::open(Path::new(from))?;
    // Of each address the flows, the runs, and the last run seen.
    let mut known: HashMap<u64, (u32, u32, usize)> = HashMap::new();
    let (mut flows, mut column) = (0, Vec::<u64>::new());
    while let Some(batch) = reader.next_batch()? {
        for field in [Field::SrcAddr, Field::DstAddr] {
            batch.gather(field, &mut column);
            for (row, address) in column.iter().enumerate() {
                let run = (flows + row) / RUN + 1;
                let entry = known.entry(*address).or_default();
                entry.0 += 1;
                if entry.2 != run {
                    (entry.1, entry.2) = (entry.1 + 1, run);
                }
            }
        }
        flows += batch.len();
    }
    let runs = flows.div_ceil(RUN) as u32;
    let nearest = |distance: &dyn Fn(&(u32, u32, usize)) -> u32| {
        let best = known.iter().min_by_key(|(address, count)| (distance(count), **address));
        best.map(|(address, count)| {
            println!("{} {} flows in {} of {runs} runs", Ipv4Addr::from(*address as u32), count.0, count.1)
        })
    };
    nearest(&|count| count.0.abs_diff(2));
    nearest(&|count| count.1.abs_diff(runs / 3));
    nearest(&|count| runs - count.1);
    Ok(())
}
