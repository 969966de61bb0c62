//! Modern flow files cut at every octet and with every bit flipped, one at a time: whole blocks as they were written are
//! all that ever comes of them, and what is missing is said. This takes minutes:
//!
//!     cargo test --profile quick --test every_bit -- --ignored --nocapture

mod common;

use std::fs::{self, File};
use std::io::Cursor;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;

use common::made::{BEGAN, KINDS, Kind, any, columns4, columns6, file, rows9};
use common::records;
use flowtools::file::{Error, FlowReader, Inputs, Scan, describe};
use flowtools::flow::time::FlowTimes;
use flowtools::flow::{BlockFacts, Field, FlowBatch, Order, Projection, Prune, Rows, Select, StreamInfo, Version};

fn raw5(flows: u64) -> FlowBatch {
    FlowBatch::from_raw(Version::V5, Order::HOST, records(flows as u32))
}

/// Whether two batches hold the same flows in the same way.
fn same(one: &FlowBatch, other: &FlowBatch) -> bool {
    let rows = |batch: &FlowBatch| {
        batch.stored_rows().map(|rows| (rows.size, rows.offsets.to_vec(), rows.order, rows.bytes.to_vec()))
    };
    one.schema() == other.schema()
        && one.len() == other.len()
        && one.columns() == other.columns()
        && rows(one) == rows(other)
}

/// Every field of a batch's selected flows, a line each.
fn lines(batch: &FlowBatch) -> Vec<String> {
    let line = |row: usize| {
        let values = (0..batch.schema().fields().len()).map(|at| match batch.column(at) {
            Some(view) => format!("{:?}", view.octets(row)),
            None => "-".into(),
        });
        values.collect::<Vec<_>>().join(" ")
    };
    match batch.rows() {
        Rows::All(n) => (0..n).map(line).collect(),
        Rows::Some(rows) => rows.iter().map(|row| line(*row as usize)).collect(),
    }
}

/// All batches a reader gives, the facts it met and what it complains of.
fn read(reader: Result<FlowReader, Error>) -> (Vec<FlowBatch>, StreamInfo, Option<Error>) {
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), StreamInfo::default(), Some(error)),
    };
    let mut all = Vec::new();
    loop {
        match reader.next_batch() {
            Ok(Some(batch)) => all.push(batch),
            Ok(None) => return (all, reader.info().clone(), None),
            Err(error) => return (all, reader.info().clone(), Some(error)),
        }
    }
}

/// Flows of an address, or of a time.
struct Search {
    address: Option<u32>,
    starts: Option<(u64, u64)>,
}

impl Prune for Search {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        let time = match (self.starts, block.bounds(Field::StartMs)) {
            (Some(wanted), Some(known)) => known.1 >= wanted.0 && known.0 <= wanted.1,
            _ => true,
        };
        time && self.address.is_none_or(|address| block.may_hold(IpAddr::V4(address.into())))
    }
}

impl Select for Search {
    fn needs(&self) -> Projection {
        Projection::of(&[Field::SrcAddr, Field::StartMs])
    }

    fn select(&self, batch: &mut FlowBatch) {
        let (mut addresses, mut times) = (Vec::<u32>::new(), FlowTimes::default());
        let has = batch.gather(Field::SrcAddr, &mut addresses);
        times.gather(batch);
        let timed = FlowTimes::known(batch.schema());
        let found = (0..batch.len() as u32).filter(|row| {
            let at = *row as usize;
            let found = self.address.is_none_or(|wanted| has && addresses.get(at) == Some(&wanted));
            let inside = |(from, to): (u64, u64)| timed && times.start.get(at).is_some_and(|t| (from..=to).contains(t));
            found && self.starts.is_none_or(inside)
        });
        batch.select(found.collect());
    }
}

/// What a search of a file finds, a list of lines for each block, and whether it complains.
fn search(path: &Path, select: &Search, fields: &Projection) -> (Vec<Vec<String>>, bool) {
    let scan = match Scan::open(&Inputs::of(&[path.to_path_buf()])) {
        Ok(scan) => scan.threads(1),
        Err(_) => return (Vec::new(), true),
    };
    let scan = scan.fields(fields.clone()).select(select);
    let (all, summary) = scan.fold(Vec::new, |all: &mut Vec<_>, batch| all.push(lines(batch)));
    (all.concat(), !summary.problems.is_empty())
}

/// Whether some come in the order of all, none otherwise than there.
fn among<T>(some: &[T], all: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    let mut rest = all.iter();
    some.iter().all(|one| rest.any(|other| same(one, other)))
}

/// A file as it was written, and what is damaged of it is judged by.
struct Whole {
    name: String,
    kind: Kind,
    octets: Vec<u8>,
    batches: Vec<FlowBatch>,
    facts: usize,
    searches: Vec<(Search, Projection, Vec<Vec<String>>)>,
    blocks: usize,
}

impl Whole {
    fn new(name: &str, kind: Kind, octets: Vec<u8>, dir: &Path) -> Whole {
        let path = dir.join("whole");
        fs::write(&path, &octets).unwrap();
        let (batches, info, problem) = read(FlowReader::open(&path));
        assert!(problem.is_none(), "{name} {kind:?}: {problem:?}");
        let searches = [
            Search { address: Some(0x0A00_0005), starts: None },
            Search { address: None, starts: Some((BEGAN + 300, BEGAN + 500)) },
        ];
        let fields = [Projection::ALL, Projection::of(&[Field::SrcAddr, Field::Octets])];
        let searches = searches.into_iter().zip(fields).map(|(select, fields)| {
            let (found, said) = search(&path, &select, &fields);
            assert!(!said);
            (select, fields, found)
        });
        let searches = searches.collect();
        let blocks = describe(&path).unwrap().blocks.len();
        Whole { name: name.into(), kind, octets, batches, facts: info.facts.len(), searches, blocks }
    }

    /// Looks at a damaged file in every way; `quiet` is whether nothing need be said of it.
    fn judge(&self, path: &Path, damaged: &[u8], quiet: bool, what: &str) {
        let place = format!("{} {:?} {what} of {} octets", self.name, self.kind, self.octets.len());
        let open = FlowReader::open(path);
        let pipe = FlowReader::new(Cursor::new(damaged.to_vec()), "pipe");
        for (how, reader) in [("file", open), ("pipe", pipe)] {
            let (batches, info, problem) = read(reader);
            assert!(among(&batches, &self.batches, same), "{place}: other flows by {how}");
            assert!(info.facts.len() <= self.facts, "{place}: other facts by {how}");
            assert_eq!(problem.is_none(), quiet, "{place}: by {how}: {problem:?}");
        }
        for (select, fields, want) in &self.searches {
            let (got, said) = search(path, select, fields);
            assert!(among(&got, want, |one, other| one == other), "{place}: a search finds other flows");
            assert!(got == *want || said || quiet, "{place}: a search misses flows and says nothing");
        }
        if let Ok(description) = describe(path) {
            let whole = description.blocks.len() == self.blocks || description.problem.is_some() || quiet;
            assert!(whole, "{place}: described with blocks missing");
        }
    }

    /// The length of the header.
    fn header(&self) -> usize {
        u32::from_le_bytes(self.octets[4..8].try_into().unwrap()) as usize
    }

    fn cut(&self, path: &Path, length: usize) {
        fs::write(path, &self.octets[..length]).unwrap();
        let quiet = self.kind == Kind::Live && length >= self.header();
        self.judge(path, &self.octets[..length], quiet, &format!("cut at {length}"));
    }

    fn flip(&mut self, file: &File, path: &Path, bit: usize) {
        let (at, was) = (bit / 8, self.octets[bit / 8]);
        self.octets[at] = was ^ 1 << (bit % 8);
        file.write_all_at(&self.octets[at..=at], at as u64).unwrap();
        self.judge(path, &self.octets, false, &format!("bit {bit} (octet {at})"));
        self.octets[at] = was;
        file.write_all_at(&[was], at as u64).unwrap();
    }
}

#[test]
#[ignore = "takes minutes"]
fn every_cut_and_every_bit_of_small_files() {
    let dir = tempfile::tempdir().unwrap();
    let contents = [
        ("mixed", vec![columns4(9, 0), columns6(8, 10), rows9(12, 0), columns4(5, 30), columns6(3, 60)]),
        ("rich", vec![columns4(150, 0)]),
        ("classic", vec![raw5(6), raw5(3)]),
    ];
    for (name, batches) in contents {
        for kind in KINDS {
            let mut whole = Whole::new(name, kind, file(kind, &batches), dir.path());
            let path = dir.path().join("damaged");
            let began = std::time::Instant::now();
            for length in 0..whole.octets.len() {
                whole.cut(&path, length);
            }
            fs::write(&path, &whole.octets).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            for bit in 0..whole.octets.len() * 8 {
                whole.flip(&file, &path, bit);
            }
            let (octets, found) = (whole.octets.len(), whole.searches.iter().map(|s| s.2.len()).collect::<Vec<_>>());
            println!("{name} {kind:?}: {octets} cuts, {} bits, {found:?}, {:?}", octets * 8, began.elapsed());
        }
    }
}

#[test]
#[ignore = "takes minutes"]
fn any_cuts_and_bits_of_large_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("damaged");
    let mut seed = 1;
    for kind in KINDS {
        let batches = [
            columns4(60_000, 0),
            rows9(30_000, 0),
            columns4(60_000, 60_000),
            columns6(20_000, 0),
            columns4(60_000, 120_000),
            columns4(20_000, 180_000),
        ];
        let mut whole = Whole::new("large", kind, file(kind, &batches), dir.path());
        let began = std::time::Instant::now();
        for _ in 0..250 {
            whole.cut(&path, any(&mut seed) as usize % whole.octets.len());
        }
        fs::write(&path, &whole.octets).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        for _ in 0..600 {
            let bit = any(&mut seed) as usize % (whole.octets.len() * 8);
            whole.flip(&file, &path, bit);
        }
        let (octets, blocks) = (whole.octets.len(), whole.blocks);
        println!("large {kind:?}: {octets} octets, {blocks} blocks, 250 cuts, 600 bits, {:?}", began.elapsed());
    }
}
