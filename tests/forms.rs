//! The same flows give the same answers, whatever they are stored as.

mod common;

use std::sync::Arc;

use common::{fine, flow_file, run};
use flowtools::file::{FlowWriter, WriteOptions};
use flowtools::flow::{
    Column, Element, FieldSpec, FlowBatch, Form, Order, RowLayout, Schema, StreamInfo, ie, registry,
};

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");
const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");
const GEN: &str = env!("CARGO_BIN_EXE_flow-gen");
const PRINT: &str = env!("CARGO_BIN_EXE_flow-print");
const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");

/// Everything that is asked of every form.
fn questions() -> Vec<(&'static str, Vec<String>)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut all = Vec::new();
    for report in 0..33 {
        all.push((STAT, words(&format!("-f{report}"))));
        all.push((STAT, words(&format!("-f{report} -w -P -S0 -t3"))));
    }
    for by in ["srcaddr", "srcaddr/24/48,dstport,duration", "pair(addr,port),prot", "first/1m,distinct(dstaddr)"] {
        all.push((STAT, words(&format!("--by {by} --format csv"))));
    }
    all.push((STAT, words("--by last,approx(srcaddr),input --sort last --top 7")));
    for format in 0..25 {
        all.push((PRINT, words(&format!("-f{format}"))));
        all.push((PRINT, words(&format!("-f{format} -w -6"))));
    }
    all.push((EXPORT, words("-f2")));
    all.push((EXPORT, words("-f2 -mFF31EF")));
    all.push((EXPORT, words("-fjson")));
    all
}

fn ask((program, args): &(&str, Vec<String>), input: &[u8]) -> Option<String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = run(program, &args, input);
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Asks everything of classic flows, and of what they become in modern files.
fn same(classic: &[u8], at_least: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("columns");
    fine(CAT, &["-V10", "-o", path.to_str().unwrap()], classic);
    let forms = [("columns", std::fs::read(path).unwrap()), ("rows", fine(CAT, &["-V10"], classic))];
    let mut compared = 0;
    for question in questions() {
        // What version 5 to 8 refuse, because the flows lack it, modern files do not know beforehand.
        let Some(want) = ask(&question, classic) else { continue };
        for (form, modern) in &forms {
            let got = ask(&question, modern);
            // Without -m the fields are those of the version.
            let own = question.0 == EXPORT && question.1 == ["-f2"] && classic_version(classic) != 5;
            assert!(own || got.as_ref() == Some(&want), "{question:?} of {form}:\n{got:?}\nexpected\n{want:?}");
        }
        compared += 1;
    }
    assert!(compared >= at_least, "{compared} answers");
}

/// The export version in a header that flow-gen or the library made.
fn classic_version(file: &[u8]) -> u64 {
    let info = flowtools::file::FlowReader::new(std::io::Cursor::new(file.to_vec()), "input").unwrap().info().clone();
    info.version.map_or(10, |version| version.number().into())
}

#[test]
fn version_5() {
    same(&flow_file(700, 0, Order::Little), 80);
}

#[test]
fn other_classic_versions() {
    for version in ["1", "1005", "8.14"] {
        same(&fine(GEN, &[&format!("-V{version}"), "-n40"], &[]), 30);
    }
}

const NET: u128 = 0x2001_0DB8 << 96;

/// An element, its width, and what a flow's value is made of its number by.
type Made = (Element, u16, fn(u128) -> u128);

/// Flows of IPv6 and of exporters that tell some things otherwise than version 5 does: wide counters, interfaces and
/// AS numbers, absolute times.
fn values() -> Vec<Made> {
    vec![
        (ie::SRC_ADDR6, 16, |i| NET | (i % 7)),
        (ie::DST_ADDR6, 16, |i| NET | (i % 3) << 64 | 0xFFFF_FFFF_FFFF_FFFF),
        (ie::NEXT_HOP6, 16, |_| NET | 9),
        (ie::OCTETS, 8, |i| (i % 5) << 33 | 77),
        (ie::PACKETS, 8, |i| 1 + i % 4),
        (ie::START_MS, 8, |i| 1_767_225_600_000 + i * 1001),
        (ie::END_MS, 8, |i| 1_767_225_600_500 + i * 1100),
        (ie::SRC_PORT, 2, |i| i % 9),
        (ie::DST_PORT, 2, |i| 443 + i % 2),
        (ie::PROTOCOL, 1, |i| [6, 17, 58][i as usize % 3]),
        (ie::TCP_FLAGS, 2, |i| i % 512),
        (ie::TOS, 1, |i| i % 4),
        (ie::SRC_AS, 4, |i| 4_200_000_000 + i % 3),
        (ie::INPUT, 4, |i| 100_000 + i % 2),
        (ie::SRC_MASK6, 1, |_| 64),
        (ie::DST_MASK6, 1, |_| 48),
    ]
}

fn batch(count: usize, form: &str) -> FlowBatch {
    let values = values();
    let spec = |(element, width, _): &(Element, u16, fn(u128) -> u128)| FieldSpec {
        element: *element,
        occurrence: 0,
        width: *width,
    };
    let schema = Arc::new(Schema::new(values.iter().map(spec).collect()));
    let native = |n: u128, width: u16| match Order::HOST {
        Order::Little => n.to_le_bytes()[..usize::from(width)].to_vec(),
        Order::Big => n.to_be_bytes()[16 - usize::from(width)..].to_vec(),
    };
    if form == "rows" {
        let size = values.iter().map(|(_, width, _)| usize::from(*width)).sum();
        let offsets = values.iter().scan(0, |at, (_, width, _)| Some(std::mem::replace(at, *at + width))).collect();
        let flow = |i: usize| {
            values
                .iter()
                .flat_map(move |(_, width, value)| value(i as u128).to_be_bytes()[16 - usize::from(*width)..].to_vec())
        };
        let bytes = (0..count).flat_map(flow).collect();
        return FlowBatch::from_rows(schema, Arc::new(RowLayout { size, offsets, order: Order::Big }), bytes);
    }
    let index = Arc::new((0..count as u32).collect::<Vec<_>>());
    let columns = values.iter().map(|(element, width, value)| {
        assert!(registry::is_number(*element, *width));
        let data: Vec<u8> = (0..count).flat_map(|i| native(value(i as u128), *width)).collect();
        match form {
            "dictionary" => Column::Dictionary { width: *width, values: Arc::new(data), index: index.clone() },
            _ => Column::Plain { width: *width, data },
        }
    });
    FlowBatch::from_columns(schema, count, columns.collect())
}

fn modern(batches: &[FlowBatch], quick: bool) -> Vec<u8> {
    let options = WriteOptions { quick, ..WriteOptions::new(Form::Modern, StreamInfo::default()) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap()
}

#[test]
fn flows_of_ipv6() {
    let want = modern(&[batch(500, "plain")], false);
    let forms = [
        modern(&[batch(500, "plain")], true),
        modern(&[batch(500, "rows")], true),
        modern(&[batch(500, "rows")], false),
        modern(&[batch(500, "dictionary")], false),
    ];
    for question in questions() {
        let want = ask(&question, &want);
        for (at, form) in forms.iter().enumerate() {
            assert_eq!(ask(&question, form), want, "{question:?} of form {at}");
        }
        let aggregates = ["-f30", "-f31", "-f32"].contains(&question.1[0].as_str());
        assert!(want.is_some() || question.0 == STAT && aggregates, "{question:?}");
    }
}

#[test]
fn both_families_in_one_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, octets: Vec<u8>| {
        let path = folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(&path, octets).unwrap();
        path
    };
    let four = path("4", flow_file(3, 0, Order::Big));
    let six = path("6", modern(&[batch(3, "plain")], false));
    let text = |program, args: &[&str]| String::from_utf8(fine(program, args, &[])).unwrap();
    let ranked = |files: [&str; 2]| {
        let text = text(STAT, &[&["-f9", "-S2"][..], &files].concat());
        text.lines().skip(8).map(str::to_owned).collect::<Vec<_>>()
    };
    let got = ranked([&four, &six]);
    assert_eq!(got, ranked([&six, &four]));
    let row = |address: &str, octets: u64, packets| format!("{address:<41}{:<22}{octets:<22}{packets}", 1);
    assert_eq!(got.get(4..6).unwrap(), [row("2001:db8::2", (2 << 33) + 77, 3), row("2001:db8::1", (1 << 33) + 77, 2)]);
    assert_eq!(got.last().unwrap(), &row("10.0.0.0", 0, 0));
    // Lines that programs split at blanks; with -6, columns.
    let both = text(PRINT, &["-f5", &four, &six]);
    let lines: Vec<&str> = both.lines().skip(2).collect();
    assert_eq!(
        lines[3],
        "0101.00:00:00.000 0101.00:00:00.500 100000 2001:db8::      0     0     2001:db8::ffff:ffff:ffff:ffff 443   6   0  1          77        "
    );
    let wide = text(PRINT, &["-6f6", &six, &four]);
    let lines: Vec<&str> = wide.lines().collect();
    assert_eq!(
        lines[0],
        "   Source                                   Destination                                      Packets               Bytes"
    );
    assert_eq!(
        lines[2],
        format!(" {:<41}{:<39}{:>19}{:>20}", "2001:db8::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", 2, (1u64 << 33) + 77)
    );
    assert_eq!(lines[4], format!(" {:<41}{:<39}{:>19}{:>20}", "10.0.0.0", "192.0.2.1", 0, 0));
}
