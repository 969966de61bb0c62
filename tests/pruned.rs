//! What a reader passes over, because a block's head or a filter says so, never changes an answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Local};
use flowtools::file::{FlowWriter, Inputs, Scan, WriteOptions};
use flowtools::flow::{
    Codec, Column, Element, FieldSpec, FlowBatch, Form, Order, Projection, Schema, StreamInfo, Symbols, Version, ie,
};
use flowtools::select::{Predicate, Scratch, expr};
use proptest::prelude::*;

const EXPORTED: u32 = 1_767_225_600;

/// A flow of few possible values, so that conditions meet.
#[derive(Clone, Debug)]
struct Flow {
    src: u8,
    dst: u8,
    sport: u16,
    dport: u16,
    proto: u8,
    octets: u32,
    start: u16,
    lasting: u16,
}

impl Flow {
    fn number(&self, element: Element) -> u32 {
        match element {
            ie::SRC_ADDR4 => 0x0A00_0000 + u32::from(self.src),
            ie::DST_ADDR4 => 0x0A00_0000 + u32::from(self.dst),
            ie::SRC_PORT => self.sport.into(),
            ie::DST_PORT => self.dport.into(),
            ie::PROTOCOL => self.proto.into(),
            ie::TCP_FLAGS => u32::from(self.src & 0x1F),
            ie::PACKETS => 1,
            ie::OCTETS => self.octets,
            ie::UNIX_SECS => EXPORTED,
            ie::UPTIME => 0,
            ie::FIRST => u32::from(self.start) * 1000,
            ie::LAST => (u32::from(self.start) + u32::from(self.lasting)) * 1000,
            _ => 0,
        }
    }
}

fn classic(flows: &[Flow]) -> FlowBatch {
    let fields = Version::V5.layout().schema.fields();
    let octets = flows.iter().flat_map(|flow| {
        fields.iter().flat_map(|spec| flow.number(spec.element).to_be_bytes()[4 - usize::from(spec.width)..].to_vec())
    });
    FlowBatch::from_raw(Version::V5, Order::Big, octets.collect())
}

/// The flows with IPv6 addresses, times in ms, a VLAN and a text.
fn wide(flows: &[Flow]) -> FlowBatch {
    let six = |n: u8| (0x2001_0db8u128 << 96 | u128::from(n)).to_ne_bytes().to_vec();
    let ms = |secs: u16| (u64::from(EXPORTED) * 1000 + u64::from(secs) * 1000).to_ne_bytes().to_vec();
    type Make<'m> = &'m dyn Fn(&Flow) -> Vec<u8>;
    let columns: [(Element, u16, Make<'_>); 9] = [
        (ie::SRC_ADDR6, 16, &|f| six(f.src)),
        (ie::DST_ADDR6, 16, &|f| six(f.dst)),
        (ie::SRC_PORT, 2, &|f| f.sport.to_ne_bytes().to_vec()),
        (ie::DST_PORT, 2, &|f| f.dport.to_ne_bytes().to_vec()),
        (ie::PROTOCOL, 1, &|f| vec![f.proto]),
        (ie::OCTETS, 8, &|f| u64::from(f.octets).to_ne_bytes().to_vec()),
        (ie::START_MS, 8, &|f| ms(f.start)),
        (ie::END_MS, 8, &|f| ms(f.start + f.lasting)),
        (ie::VLAN_ID, 2, &|f| u16::from(f.dst).to_ne_bytes().to_vec()),
    ];
    let spec = |element: &Element, width: &u16| FieldSpec { element: *element, occurrence: 0, width: *width };
    let mut specs: Vec<FieldSpec> = columns.iter().map(|(element, width, _)| spec(element, width)).collect();
    let mut data: Vec<Column> = columns
        .iter()
        .map(|(_, width, make)| Column::Plain { width: *width, data: flows.iter().flat_map(make).collect() })
        .collect();
    let mut name = Column::Variable { ends: Vec::new(), data: Vec::new() };
    if let Column::Variable { ends, data } = &mut name {
        for flow in flows {
            data.extend_from_slice(if flow.sport % 2 == 0 { b"dns" } else { b"" });
            ends.push(data.len() as u32);
        }
    }
    specs.push(spec(&Element::iana(96), &0xFFFF));
    data.push(name);
    FlowBatch::from_columns(Arc::new(Schema::new(specs)), flows.len(), data)
}

fn write(path: &Path, batches: &[FlowBatch], form: Form, codec: Codec, quick: bool) {
    let options = WriteOptions { codec, quick, ..WriteOptions::new(form, StreamInfo::default()) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
        // A block of its own.
        writer.flush().unwrap();
    }
    fs::write(path, writer.finish().unwrap()).unwrap();
}

fn compile(text: &str) -> Predicate {
    let now = DateTime::parse_from_rfc3339("2026-01-10T12:00:00Z").unwrap().with_timezone(&Local);
    let load = |_: &str| Err("no file".to_owned());
    let context = expr::Context { symbols: &Symbols::default(), now, load: &load };
    expr::parse(text, &context).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// How many flows of a file a reader finds that knows what is asked, and how many octets of those.
fn read(path: &Path, predicate: &Predicate) -> (usize, u64) {
    let scan = Scan::open(&Inputs::of(&[path.to_path_buf()])).unwrap().select(predicate);
    let octets = Projection::of(&[flowtools::flow::Field::Octets]);
    let (sums, summary) = scan.fields(octets).threads(1).fold(
        || (0, 0),
        |sum, batch| {
            let mut octets = Vec::<u64>::new();
            batch.gather(flowtools::flow::Field::Octets, &mut octets);
            *sum = (sum.0 + batch.len(), sum.1 + octets.iter().sum::<u64>());
        },
    );
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    sums[0]
}

/// The same by looking at every flow.
fn brute(batches: &[FlowBatch], predicate: &Predicate) -> (usize, u64) {
    let mut sum = (0, 0);
    for batch in batches {
        let mut batch = batch.clone();
        predicate.apply(&mut batch, &mut Scratch::default());
        let mut octets = Vec::<u64>::new();
        batch.gather(flowtools::flow::Field::Octets, &mut octets);
        sum = (sum.0 + batch.len(), sum.1 + octets.iter().sum::<u64>());
    }
    sum
}

fn flow() -> impl Strategy<Value = Flow> {
    let ports = || prop::sample::select(vec![53u16, 80, 443, 2048, 5353]);
    let proto = prop::sample::select(vec![1u8, 6, 17, 47]);
    (0u8..6, 0u8..6, ports(), ports(), proto, 40u32..2000, 0u16..1000, 0u16..20).prop_map(
        |(src, dst, sport, dport, proto, octets, start, lasting)| Flow {
            src,
            dst,
            sport,
            dport,
            proto,
            octets,
            start,
            lasting,
        },
    )
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "dst port 53",
        "port 80",
        "src port in (53, 443, 2000-3000)",
        "dstport 2048",
        "not port > 1000",
        "host 10.0.0.3",
        "src host 10.0.0.1 or host 2001:db8::2",
        "net 10.0.0.4/31",
        "not src net 10.0.0.0/30",
        "dst 10.0.0.77",
        "udp",
        "icmp-type 8",
        "ip6",
        "ip4",
        "not ip4",
        "bytes > 1000",
        "bytes <= 39",
        "flags SA",
        "duration >= 10s",
        "first before '2026-01-01 00:05:00 UTC'",
        "last after '2026-01-01 00:12:00 UTC'",
        "vlanId 3",
        "vlan != 3",
        "applicationName = dns",
        "not applicationName ~ 'd'",
        "src tag 0",
        "sourceIPv6Address 2001:db8::1",
        "bpp > 500 and pps < 1",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("not ({one})")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("({})", all.join(") and ("))),
            prop::collection::vec(inner, 1..4).prop_map(|all| format!("({})", all.join(") or ("))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_passed_over_has_no_matches(
        flows in prop::collection::vec(flow(), 1..120),
        size in 1usize..40,
        expressions in prop::collection::vec(expression(), 6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut sorted = flows;
        // As they would arrive, so that blocks differ in when their flows were.
        sorted.sort_by_key(|flow| flow.start);
        let records: Vec<FlowBatch> = sorted.chunks(size).map(classic).collect();
        let columns: Vec<FlowBatch> = sorted.chunks(size).map(wide).collect();
        let mixed: Vec<FlowBatch> = records.iter().zip(&columns).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
        let mut files: Vec<(PathBuf, &[FlowBatch])> = Vec::new();
        for (name, batches, form, codec, quick) in [
            ("v5", &records, Form::Classic(Version::V5), Codec::None, false),
            ("none", &mixed, Form::Modern, Codec::None, false),
            ("lz4", &mixed, Form::Modern, Codec::Lz4, false),
            ("zstd", &columns, Form::Modern, Codec::Zstd, false),
            ("quick", &mixed, Form::Modern, Codec::None, true),
        ] {
            let path = folder.path().join(name);
            write(&path, batches, form, codec, quick);
            files.push((path, batches));
        }
        for text in expressions {
            let predicate = compile(&text);
            for (path, batches) in &files {
                prop_assert_eq!(read(path, &predicate), brute(batches, &predicate), "{} of {}", text, path.display());
            }
        }
    }
}
