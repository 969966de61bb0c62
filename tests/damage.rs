//! Modern flow files that were cut or damaged: what is good of them is read, what is not is said, and no record is ever
//! other than it was written.

mod common;

use std::collections::HashSet;
use std::fs;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use common::{records, run, stderr};
use flowtools::file::{Error, FlowReader, FlowWriter, Inputs, Scan, WriteOptions};
use flowtools::flow::{
    About, BlockFacts, Codec, Column, Element, Fact, Field, FieldSpec, FlowBatch, Form, Order, Projection, Prune, Rows,
    Schema, Select, StreamInfo, VARIABLE, Version, flags, ie,
};

const CAT: &str = env!("CARGO_BIN_EXE_flow-cat");

/// How a file was written.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Finished, in place.
    Done,
    /// Into a pipe: blocks as they came.
    Streaming,
    /// Still being written: no index.
    Live,
}

/// A modern file of so many flows, some a block.
fn modern(count: u32, block: u32, kind: Kind, codec: Codec) -> Vec<u8> {
    let flag = match kind {
        Kind::Done => flags::DONE,
        Kind::Streaming => flags::STREAMING,
        Kind::Live => 0,
    };
    let flows = (kind == Kind::Done).then_some(count.into());
    let info = StreamInfo { flags: flag, flows, host: Some("test".into()), ..StreamInfo::default() };
    let quick = kind != Kind::Done;
    let options = WriteOptions { codec, quick, ..WriteOptions::new(Form::Modern, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    let size = Version::V5.layout().size;
    for (at, part) in records(count).chunks(size * block as usize).enumerate() {
        writer.write(&FlowBatch::from_raw(Version::V5, Order::HOST, part.to_vec())).unwrap();
        writer.flush().unwrap();
        if at == 0 {
            let (exporter, about) = (IpAddr::from([192, 0, 2, 254]), About::Interface(3));
            writer
                .facts(&[Fact { exporter, domain: 0, about, name: "uplink".into(), description: String::new() }])
                .unwrap();
        }
    }
    if kind != Kind::Live {
        return writer.finish().unwrap();
    }
    // What a killed writer leaves: all but the index.
    let whole = writer.finish().unwrap();
    let trailer = whole.len() - 24;
    let index = u64::from_le_bytes(whole[trailer..trailer + 8].try_into().unwrap());
    whole[..index as usize].to_vec()
}

/// Every field of a batch's flows, a line each.
fn lines(batch: &FlowBatch) -> Vec<String> {
    let fields = 0..batch.schema().fields().len();
    let line = |row| {
        let values = fields.clone().map(|at| batch.column(at).map_or(0, |view| view.number(row)).to_string());
        values.collect::<Vec<_>>().join(" ")
    };
    match batch.rows() {
        Rows::All(n) => (0..n).map(line).collect(),
        Rows::Some(rows) => rows.iter().map(|row| line(*row as usize)).collect(),
    }
}

/// What a reader makes of octets as they come.
fn streamed(octets: &[u8]) -> (Vec<String>, Option<Error>) {
    let mut reader = match FlowReader::new(Cursor::new(octets.to_vec()), "test") {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut all = Vec::new();
    loop {
        match reader.next_batch() {
            Ok(Some(batch)) => all.extend(lines(&batch)),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// What a scan of the file makes of it, and what it complains of.
fn scanned(path: &Path, select: Option<&dyn Select>) -> (Vec<String>, Vec<Error>) {
    let scan = match Scan::open(&Inputs::of(&[path.to_path_buf()])) {
        Ok(scan) => scan.threads(1),
        Err(error) => return (Vec::new(), vec![error]),
    };
    let scan = match select {
        Some(select) => scan.select(select),
        None => scan,
    };
    let (all, summary) = scan.fold(Vec::new, |all: &mut Vec<String>, batch| all.extend(lines(batch)));
    (all.concat(), summary.problems)
}

/// Flows with an address.
struct Holds(u32);

impl Prune for Holds {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        block.may_hold(IpAddr::V4(self.0.into()))
    }
}

impl Select for Holds {
    fn needs(&self) -> Projection {
        Projection::of(&[Field::SrcAddr])
    }

    fn select(&self, batch: &mut FlowBatch) {
        let mut addresses = Vec::<u32>::new();
        batch.gather(Field::SrcAddr, &mut addresses);
        let found = (0..).zip(addresses).filter(|(_, address)| *address == self.0).map(|(row, _)| row).collect();
        batch.select(found);
    }
}

/// Octets of the header.
fn header(file: &[u8]) -> usize {
    u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize
}

#[test]
fn a_file_cut_anywhere_is_read_to_its_last_whole_block() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut");
    let files = [
        (small(Codec::Lz4), Kind::Done, 8, 1),
        (modern(30, 10, Kind::Done, Codec::Lz4), Kind::Done, 10, 37),
        (modern(30, 10, Kind::Streaming, Codec::None), Kind::Streaming, 10, 11),
        (modern(30, 10, Kind::Live, Codec::None), Kind::Live, 10, 5),
    ];
    for (whole, kind, block, step) in files {
        let (want, problem) = streamed(&whole);
        assert!(want.len() >= 16 && problem.is_none(), "{problem:?}");
        let mut most = 0;
        for length in (0..whole.len()).step_by(step) {
            let cut = &whole[..length];
            fs::write(&path, cut).unwrap();
            let (from_pipe, said) = streamed(cut);
            let (from_file, also_said) = scanned(&path, None);
            assert_eq!(from_pipe, from_file, "{kind:?} {length}");
            assert!(want.starts_with(&from_file) && from_file.len() % block == 0, "{kind:?} {length}");
            assert!(from_file.len() >= most);
            most = from_file.len();
            // A file being written ends where it ends.
            let quiet = kind == Kind::Live && length >= header(&whole);
            assert_eq!(also_said.is_empty(), quiet, "{kind:?} {length}: {also_said:?}");
            assert_eq!(said.is_none(), quiet, "{kind:?} {length}: {said:?}");
        }
        assert_eq!(most, if kind == Kind::Live { 20 } else { want.len() });
    }
}

#[test]
fn a_larger_file_is_cut_at_many_places() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut");
    let whole = modern(2000, 500, Kind::Done, Codec::Zstd);
    let (want, _) = streamed(&whole);
    // Any places do, if they are other than the blocks' own.
    let step = whole.len() / 120 + 1;
    for length in (header(&whole)..whole.len()).step_by(step) {
        fs::write(&path, &whole[..length]).unwrap();
        let (got, said) = scanned(&path, None);
        assert!(want.starts_with(&got) && got.len() % 500 == 0 && said.len() == 1, "{length}: {said:?}");
    }
}

/// A small finished file: two blocks of eight flows of an address, a count and a text.
fn small(codec: Codec) -> Vec<u8> {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let schema = vec![spec(ie::SRC_ADDR4, 4), spec(ie::OCTETS, 8), spec(Element { enterprise: 0, id: 82 }, VARIABLE)];
    let schema = Arc::new(Schema::new(schema));
    let info = StreamInfo { flags: flags::DONE, flows: Some(16), ..StreamInfo::default() };
    let options = WriteOptions { codec, ..WriteOptions::new(Form::Modern, info) };
    let mut writer = FlowWriter::new(Vec::new(), &options).unwrap();
    for block in 0..2u32 {
        let flows = block * 8..block * 8 + 8;
        let columns = vec![
            Column::Plain { width: 4, data: flows.clone().flat_map(|n| (n * n).to_ne_bytes()).collect() },
            Column::Plain { width: 8, data: flows.clone().flat_map(|n| u64::from(n * 1000).to_ne_bytes()).collect() },
            Column::Variable { ends: (1..=8).map(|n| n * 2).collect(), data: b"aabbccddeeffgghh".to_vec() },
        ];
        writer.write(&FlowBatch::from_columns(schema.clone(), 8, columns)).unwrap();
        writer.flush().unwrap();
        let (exporter, about) = (IpAddr::from([192, 0, 2, 254]), About::Interface(3));
        writer
            .facts(&[Fact { exporter, domain: 0, about, name: "uplink".into(), description: String::new() }])
            .unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_flipped_bit_is_said_and_gives_no_wrong_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("flipped");
    let files = [
        (small(Codec::Zstd), 3),
        (small(Codec::None), 11),
        (modern(16, 8, Kind::Done, Codec::Lz4), 137),
        (modern(16, 8, Kind::Streaming, Codec::None), 97),
        (modern(16, 8, Kind::Live, Codec::None), 59),
    ];
    for (which, (mut file, step)) in files.into_iter().enumerate() {
        let (want, _) = streamed(&file);
        assert_eq!(want.len(), 16);
        let blocks: Vec<&[String]> = want.chunks(8).collect();
        let is_some = |got: &[String]| got.chunks(8).all(|block| blocks.contains(&block)) && got.len() <= 16;
        for bit in (0..file.len() * 8).step_by(step) {
            file[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &file).unwrap();
            let (got, said) = scanned(&path, None);
            assert!(is_some(&got), "file {which} bit {bit}: other flows");
            assert!(!said.is_empty(), "file {which} bit {bit} of {} is not noticed", file.len() * 8);
            if bit % 4 == 0 {
                let (got, said) = streamed(&file);
                assert!(is_some(&got) && said.is_some(), "file {which} bit {bit}: streamed");
            }
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn damage_hides_no_match_of_a_search() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("searched");
    let mut file = modern(24, 8, Kind::Done, Codec::None);
    let want = streamed(&file).0.remove(12);
    let wanted = Holds(0x0A00_000C);
    fs::write(&path, &file).unwrap();
    let (got, said) = scanned(&path, Some(&wanted));
    assert_eq!((got, said.len()), (vec![want.clone()], 0));
    let mut said_of_filter = 0;
    for at in (header(&file)..file.len()).step_by(5) {
        file[at] ^= 0x10;
        fs::write(&path, &file).unwrap();
        let (got, said) = scanned(&path, Some(&wanted));
        // Either it is found, or something is said of where it may have been.
        assert!(got == [want.clone()] || (got.is_empty() && !said.is_empty()), "octet {at}: {got:?} {said:?}");
        said_of_filter += usize::from(said.iter().any(|problem| problem.to_string().contains("filter of addresses")));
        file[at] ^= 0x10;
    }
    assert!(said_of_filter >= 12, "{said_of_filter}");
}

#[test]
fn the_good_blocks_of_a_damaged_file_are_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged");
    let mut file = modern(40, 10, Kind::Done, Codec::None);
    // In the second block, some way behind its head.
    let second = file.windows(5).skip(1).enumerate().filter(|(_, w)| *w == b"FlBk\x01").nth(1).unwrap().0 + 1;
    let head = u32::from_le_bytes(file[second + 12..second + 16].try_into().unwrap()) as usize;
    file[second + head + 1] ^= 1;
    fs::write(&path, &file).unwrap();
    let output = run(CAT, &[path.to_str().unwrap()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(streamed(&output.stdout).0.len(), 30);
    let said = stderr(&output);
    assert!(said.contains("10 flows are left out") && said.lines().count() == 1, "{said}");
}

#[test]
fn heads_that_promise_too_much_are_refused() {
    // Numbers of every place of a block's head that say how much there is, made huge, with a checksum that is right.
    let file = modern(8, 8, Kind::Done, Codec::None);
    let start = header(&file);
    let size = u32::from_le_bytes(file[start + 12..start + 16].try_into().unwrap()) as usize;
    let whole: HashSet<String> = streamed(&file).0.into_iter().collect();
    for at in (start + 20..start + size).step_by(2) {
        for value in [0xFFFFu16, 0x0100] {
            let mut crafted = file.clone();
            crafted[at..at + 2].copy_from_slice(&value.to_le_bytes());
            crafted[start + 16..start + 20].fill(0);
            let sum = crc32c::crc32c(&crafted[start..start + size]);
            crafted[start + 16..start + 20].copy_from_slice(&sum.to_le_bytes());
            let (got, _) = streamed(&crafted);
            assert!(got.len() <= 1 << 20 || got.iter().all(|line| whole.contains(line)), "offset {at}");
        }
    }
}
