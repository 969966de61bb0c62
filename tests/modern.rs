//! Modern files: nothing is lost on the way there and back, and folders of both kinds give the answers that either does.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{fine, flow_file, records, run, stderr};
use flowtools::file::{FlowReader, FlowWriter, WriteOptions};
use flowtools::flow::{Codec, FlowBatch, Form, Order, StreamInfo, Version, flags};
use flowtools::rewrite::Converter;
use proptest::prelude::*;

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");
const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");
const FILTER: &str = env!("CARGO_BIN_EXE_flow-filter");
const GEN: &str = env!("CARGO_BIN_EXE_flow-gen");
const HEADER: &str = env!("CARGO_BIN_EXE_flow-header");
const SENSOR: &str = env!("CARGO_BIN_EXE_flow-sensor");
const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");
const XLATE: &str = env!("CARGO_BIN_EXE_flow-xlate");

/// What stands behind a file's header.
fn body(file: &[u8]) -> &[u8] {
    let length: [u8; 4] = file[4..8].try_into().unwrap();
    let length = if file[2] == 1 { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
    &file[length as usize..]
}

/// A modern file of some records, quick blocks if no codec is given.
fn modern(version: Version, order: Order, records: &[u8], codec: Option<Codec>, piece: usize) -> Vec<u8> {
    let info = StreamInfo { flags: flags::STREAMING, ..StreamInfo::default() };
    let options = WriteOptions {
        codec: codec.unwrap_or(Codec::None),
        quick: codec.is_none(),
        ..WriteOptions::new(Form::Modern, info)
    };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    for piece in records.chunks(piece * version.layout().size) {
        writer.write(&FlowBatch::from_raw(version, order, piece.to_vec())).unwrap();
    }
    writer.finish().unwrap()
}

/// The flows of a modern file as records of a version, in host order.
fn back(file: Vec<u8>, version: Version) -> Vec<u8> {
    let mut reader = FlowReader::new(std::io::Cursor::new(file), "test").unwrap();
    let (mut converter, mut out) = (Converter::new(version), Vec::new());
    while let Some(batch) = reader.next_batch().unwrap() {
        match batch.raw() {
            Some(raw) if raw.layout.version == version => raw.copy(batch.rows(), Order::HOST, &mut out),
            _ => converter.convert(&batch, &mut out).unwrap(),
        }
    }
    assert_eq!(converter.clipped(), 0);
    out
}

/// Octets that look random, but only in the bits of a mask, so that values repeat.
fn noise(mut seed: u64, mask: u8, count: usize) -> Vec<u8> {
    let step = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8 & mask
    };
    (0..count).map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn any_records_are_the_same_there_and_back(
        which in 0usize..19,
        big in any::<bool>(),
        codec in prop_oneof![Just(None), Just(Some(Codec::None)), Just(Some(Codec::Lz4)), Just(Some(Codec::Zstd))],
        (seed, mask) in (any::<u64>(), prop_oneof![Just(0u8), Just(1), Just(0x83), Just(0xFF)]),
        (count, piece) in (0usize..700, 1usize..300),
    ) {
        let version = Version::ALL[which];
        // Records of the other byte order that are in no order throughout are turned round when they are read.
        let order = if version.layout().mixed { Order::HOST } else if big { Order::Big } else { Order::Little };
        let octets = noise(seed, mask, count * version.layout().size);
        let mut host = Vec::new();
        let batch = FlowBatch::from_raw(version, order, octets.clone());
        batch.raw().unwrap().copy(batch.rows(), Order::HOST, &mut host);
        let file = modern(version, order, &octets, codec, piece);
        prop_assert!(back(file, version) == host, "version {version} {order:?} {codec:?}");
    }
}

#[test]
fn every_version_is_the_same_there_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("modern");
    let path = path.to_str().unwrap();
    for (at, version) in Version::ALL.into_iter().enumerate() {
        let name = version.to_string();
        let order = ["little", "big"][at % 2];
        let classic = fine(GEN, &["-V", &name, "-b", order, "-n", "700"], b"");
        let piped = fine(XLATE, &["-n", "-V", "10"], &classic);
        let codec = ["zstd", "lz4", "none"][at % 3];
        fine(XLATE, &["-V10", "--codec", codec, "-o", path], &classic);
        for input in [piped, fs::read(path).unwrap()] {
            let back = fine(XLATE, &["-V", &name, "-b", order], &input);
            assert!(body(&back) == body(&classic), "{name} {order} {codec}");
        }
    }
}

#[test]
fn what_a_version_cannot_say_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mixed = dir.path().join("mixed");
    let sensed = run(SENSOR, &["-r", "-", "-V", "10", "-T", "ether", "-w", mixed.to_str().unwrap()], &two_packets());
    assert!(sensed.status.success(), "{}", stderr(&sensed));
    let flows = lines(&fine(EXPORT, &["-f", "json", mixed.to_str().unwrap()], b""));
    assert_eq!(flows.len(), 2);
    assert!(flows[0].contains("\"sourceIPv4Address\":\"10.0.0.1\""), "{}", flows[0]);
    assert!(flows[0].contains("\"flowStartMilliseconds\":1767225600250"), "{}", flows[0]);
    assert!(flows[1].contains("\"sourceIPv6Address\":\"2001:db8::1\""), "{}", flows[1]);
    assert!(flows[1].contains("\"sourceMacAddress\":\"02:02:02:02:02:02\""), "{}", flows[1]);
    let output = run(XLATE, &["-V5", mixed.to_str().unwrap()], b"");
    assert_eq!((output.status.code(), body(&output.stdout).len()), (Some(1), 64));
    let said = stderr(&output);
    assert!(said.starts_with("flow-xlate: standard output: 1 flows cannot be written as version 5"), "{said}");
    assert_eq!(said.lines().count(), 1);
    let header = String::from_utf8(fine(HEADER, &["-B", mixed.to_str().unwrap()], b"")).unwrap();
    for line in
        ["# export version:       10", "# capture flows:        2", "# blocks:               2, flows of 2 kinds"]
    {
        assert!(header.lines().any(|l| l == line), "{line:?} in {header}");
    }
    assert!(header.contains("\n# destinationIPv6Address") && header.contains("\n# first flow:           2026-01-01"));
}

#[test]
fn numbers_that_do_not_fit_are_counted() {
    let csv = fine(XLATE, &["-V10"], &flow_file(3, 0, Order::HOST));
    assert_eq!(fine(XLATE, &["-V5"], &csv).len(), body(&flow_file(3, 0, Order::HOST)).len() + 24);
    let output = run(XLATE, &["-x", "cfg", "-X", "d"], b"");
    assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1));
}

#[test]
fn a_folder_of_both_kinds_gives_the_answers_of_either() {
    let dir = tempfile::tempdir().unwrap();
    let (classic, both, columns) = (dir.path().join("classic"), dir.path().join("both"), dir.path().join("columns"));
    for folder in [&classic, &both, &columns] {
        fs::create_dir(folder).unwrap();
    }
    let all = records(9_000);
    for (at, piece) in all.chunks(3_000 * 64).enumerate() {
        let file = old(piece, [0, 6, 0][at]);
        let name = format!("ft.{at}");
        fs::write(classic.join(&name), &file).unwrap();
        convert(&file, &columns.join(&name), at);
        match at {
            1 => convert(&file, &both.join(&name), at),
            _ => fs::write(both.join(&name), &file).unwrap(),
        }
    }
    let commands: [(&str, &[&str]); 8] = [
        (EXPORT, &["-f", "json"]),
        (EXPORT, &["-f2", "-mFFF37EF"]),
        (STAT, &["-f9", "-S2"]),
        (STAT, &["-f0"]),
        (STAT, &["--by", "prot,dstport", "--format", "csv"]),
        (STAT, &["--by", "first/1h", "--format", "csv"]),
        (FILTER, &["-r17", "--count"]),
        (FILTER, &["-w", "src host 10.0.0.7 or proto udp and packets > 8000", "--count"]),
    ];
    for (program, args) in commands {
        let answer = |folder: &Path| {
            let args: Vec<&str> = args.iter().copied().chain([folder.to_str().unwrap()]).collect();
            // A report's head says how the program was called.
            let text = String::from_utf8(fine(program, &args, b"")).unwrap();
            text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
        };
        let want = answer(&classic);
        assert!(!want.is_empty());
        assert!(answer(&both) == want && answer(&columns) == want, "{program} {args:?}");
    }
    for (name, folder) in [("classic", &classic), ("both", &both), ("columns", &columns)] {
        let records = fine(CAT, &["-V5", folder.to_str().unwrap()], b"");
        assert!(body(&records) == all, "{name}");
        let passed = fine(FILTER, &["-r6", folder.to_str().unwrap()], b"");
        assert_eq!(body(&fine(CAT, &["-V5"], &passed)).len(), 6_000 * 64, "{name}");
    }
}

/// A finished classic file of these records.
fn old(records: &[u8], level: u8) -> Vec<u8> {
    let info = StreamInfo { flags: flags::DONE, ..StreamInfo::default() };
    let options = WriteOptions { level, ..WriteOptions::new(Version::V5, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    writer.write_records(records).unwrap();
    writer.finish().unwrap()
}

fn convert(file: &[u8], to: &Path, at: usize) {
    let codec = ["zstd", "lz4", "none"][at % 3];
    fine(XLATE, &["-V10", "--codec", codec, "-o", to.to_str().unwrap()], file);
}

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).lines().map(str::to_owned).collect()
}

/// A capture of a UDP packet of IPv4 and one of IPv6.
fn two_packets() -> Vec<u8> {
    let mut four = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let mut six = vec![0x60, 0, 0, 0, 0, 8, 17, 64];
    for last in [1, 2] {
        six.extend([0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    let datagram = [4, 0, 0, 53, 0, 8, 0, 0];
    let mut capture = vec![0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (packet, kind) in [(&mut four, [8, 0]), (&mut six, [0x86, 0xDD])] {
        packet.extend(datagram);
        let frame = [&[2; 12][..], &kind, packet].concat();
        for word in [1_767_225_600, 250_000, frame.len() as u32, frame.len() as u32] {
            capture.extend(word.to_le_bytes());
        }
        capture.extend(frame);
    }
    capture
}

/// The Python reader, where there is a Python, agrees with flow-export.
#[test]
fn the_python_reader_reads_what_we_write() {
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/flow-read.py");
    let dir = tempfile::tempdir().unwrap();
    let path: PathBuf = dir.path().join("flows");
    fine(XLATE, &["-V10", "--codec", "lz4", "-o", path.to_str().unwrap()], &flow_file(500, 0, Order::HOST));
    let read = |file: &Path| Command::new("python3").arg(&script).arg(file).output().unwrap();
    let output = read(&path);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lines(&output.stdout).len(), 500);
    // A file that is being written: no index, no mark that it is complete; it may end anywhere.
    let live = WriteOptions::new(Form::Modern, StreamInfo::default());
    let mut writer = FlowWriter::new(Vec::new(), &live).unwrap();
    for piece in records(500).chunks(100 * 64) {
        writer.write(&FlowBatch::from_raw(Version::V5, Order::HOST, piece.to_vec())).unwrap();
        writer.flush().unwrap();
    }
    let whole = writer.finish().unwrap();
    for (part, flows) in [(whole.len() / 3, 100..500), (whole.len(), 500..501), (40, 0..1)] {
        fs::write(&path, &whole[..part]).unwrap();
        let output = read(&path);
        assert!(output.status.success() && flows.contains(&lines(&output.stdout).len()), "{}", stderr(&output));
    }
    fine(XLATE, &["-V10", "--codec", "lz4", "-o", path.to_str().unwrap()], &flow_file(500, 0, Order::HOST));
    let mut octets = fs::read(&path).unwrap();
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(&path, octets).unwrap();
    assert_eq!(read(&path).status.code(), Some(1));
}
