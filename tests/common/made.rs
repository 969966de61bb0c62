//! Modern files of every kind, made up.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use flowtools::file::{FlowWriter, Live, WriteOptions, append_facts};
use flowtools::flow::{
    About, Codec, Column, Element, Fact, FieldSpec, FlowBatch, Form, Order, RowLayout, Schema, StreamInfo, VARIABLE,
    flags, ie,
};

/// How a file was written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Finished, in place.
    Done(Codec),
    /// Into a pipe: blocks as they came.
    Streaming,
    /// Still being written.
    Live,
}

/// When the first flow was, milliseconds.
pub const BEGAN: u64 = 1_700_000_000_000;

fn spec(element: Element, width: u16) -> FieldSpec {
    FieldSpec { element, occurrence: 0, width }
}

fn iana(id: u16) -> Element {
    Element { enterprise: 0, id }
}

/// Any number that is always the same.
pub fn any(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    *seed >> 33
}

/// Flows with IPv4 addresses, a few of each, whose columns are told in many ways.
pub fn columns4(flows: u64, first: u64) -> FlowBatch {
    let schema = vec![
        spec(ie::SRC_ADDR4, 4),
        spec(iana(12), 4),
        spec(ie::OCTETS, 8),
        spec(iana(2), 8),
        spec(iana(152), 8),
        spec(iana(153), 8),
        spec(iana(11), 2),
        spec(iana(4), 1),
        spec(iana(10), 4),
    ];
    let mut seed = first;
    let mut columns = vec![Vec::new(); schema.len()];
    for n in first..first + flows {
        let (start, peer, packets) = (BEGAN + n * 40, any(&mut seed) % 16, any(&mut seed) % 50 + 1);
        let numbers = [
            0x0A00_0000 + any(&mut seed) % 16,
            0xC000_0200 + peer,
            packets * 90 + any(&mut seed) % 40,
            packets,
            start,
            start + any(&mut seed) % 1000,
            [53, 80, 443][any(&mut seed) as usize % 3],
            if peer % 2 == 0 { 6 } else { 17 },
            peer / 4,
        ];
        for ((column, number), spec) in columns.iter_mut().zip(numbers).zip(&schema) {
            column.extend(&number.to_le_bytes()[..usize::from(spec.width)]);
        }
    }
    let columns = columns.into_iter().zip(&schema).map(|(data, spec)| Column::Plain { width: spec.width, data });
    let columns = columns.collect();
    FlowBatch::from_columns(Arc::new(Schema::new(schema)), flows as usize, columns)
}

/// Flows with IPv6 addresses and a text.
pub fn columns6(flows: u64, first: u64) -> FlowBatch {
    let schema = vec![spec(ie::SRC_ADDR6, 16), spec(ie::OCTETS, 4), spec(iana(82), VARIABLE), spec(iana(152), 8)];
    let (mut addresses, mut octets, mut ends, mut text, mut starts) = (vec![], vec![], vec![], vec![], vec![]);
    for n in first..first + flows {
        let address = Ipv6Addr::from(0x2001_0DB8_0000_0000_0000_0000_0000_0000 + u128::from(n % 7));
        addresses.extend(u128::from(address).to_le_bytes());
        octets.extend((n as u32 * 77).to_le_bytes());
        text.extend("eth0-uplink".bytes().take(n as usize % 12));
        ends.push(text.len() as u32);
        starts.extend((BEGAN + n * 40).to_le_bytes());
    }
    let columns = vec![
        Column::Plain { width: 16, data: addresses },
        Column::Plain { width: 4, data: octets },
        Column::Variable { ends, data: text },
        Column::Plain { width: 8, data: starts },
    ];
    FlowBatch::from_columns(Arc::new(Schema::new(schema)), flows as usize, columns)
}

/// Flows as NetFlow 9 sends them: source address, octets, input interface, one behind the other.
pub fn rows9(flows: u64, first: u64) -> FlowBatch {
    let schema = vec![spec(ie::SRC_ADDR4, 4), spec(ie::OCTETS, 4), spec(iana(10), 2)];
    let layout = RowLayout { size: 10, offsets: vec![0, 4, 8], order: Order::Big };
    let mut octets = Vec::new();
    for n in first..first + flows {
        octets.extend((0x0A00_0000 + n as u32 % 16).to_be_bytes());
        octets.extend((n as u32 * 99).to_be_bytes());
        octets.extend((n as u16 % 5).to_be_bytes());
    }
    FlowBatch::from_rows(Arc::new(Schema::new(schema)), Arc::new(layout), octets)
}

fn fact(about: About) -> Fact {
    Fact { exporter: IpAddr::from([192, 0, 2, 254]), domain: 7, about, name: "up".into(), description: "link".into() }
}

/// A file of these batches, a block each, with facts after the first and the last.
pub fn file(kind: Kind, batches: &[FlowBatch]) -> Vec<u8> {
    let (flag, codec) = match kind {
        Kind::Done(codec) => (flags::DONE, codec),
        Kind::Streaming => (flags::STREAMING, Codec::None),
        Kind::Live => (0, Codec::None),
    };
    let total: usize = batches.iter().map(FlowBatch::len).sum();
    let flows = (flag == flags::DONE).then_some(total as u64);
    let info = StreamInfo { flags: flag, flows, host: Some("test".into()), ..StreamInfo::default() };
    let quick = !matches!(kind, Kind::Done(_));
    let options = WriteOptions { codec, quick, ..WriteOptions::new(Form::Modern, info) };
    let facts = [fact(About::Interface(3)), fact(About::Sampler { id: Some(1), population: 1000, taken: 1 })];
    if kind == Kind::Live {
        let (mut live, mut out) = (Live::default(), options.header());
        for (at, batch) in batches.iter().enumerate() {
            live.push(batch);
            let mut octets = Vec::new();
            live.take(&mut octets);
            out.extend(octets);
            if at % 2 == 0 {
                append_facts(&facts, &mut out);
            }
        }
        return out;
    }
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    for (at, batch) in batches.iter().enumerate() {
        writer.write(batch).unwrap();
        writer.flush().unwrap();
        if at == 0 || at + 1 == batches.len() {
            writer.facts(&facts).unwrap();
        }
    }
    writer.finish().unwrap()
}

/// All of them.
pub const KINDS: [Kind; 5] =
    [Kind::Done(Codec::None), Kind::Done(Codec::Lz4), Kind::Done(Codec::Zstd), Kind::Streaming, Kind::Live];
