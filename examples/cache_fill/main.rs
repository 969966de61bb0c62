//! How full a table without collision resolution gets, by the hash that chooses the slots:
//!
//!     cargo run --release --example cache_fill -- [CAPTURE...] [--svg FILE]
//!
//! Keys of 17 octets, each once, are put into a table of 2^20 slots; a key whose slot is taken is lost. With a hash that
//! spreads them as chance would, n keys take 1 - e^(-n/m) of m slots. Four sets of keys: random ones; a scan, which
//! counts addresses up; the flows of captures, in a table of about their number; and those that an adversary chooses
//! who knows the hash. Ours has a seed: he knows that of another sensor. Results are the same on every machine.

mod hashes;
mod plot;

use std::collections::HashSet;
use std::convert::Infallible;
use std::error::Error;
use std::fs::File;

use flowtools::meter::packet::Address;
use flowtools::meter::source::Capture;
use flowtools::meter::{Biflow, CacheHash, Ends, Meter, Settings, Sink, Track};

use hashes::Hash;

/// Octets of a key.
pub const KEY: usize = 17;
/// A flow's: addresses, ports, protocol, VLAN, and two more.
pub type Key = [u8; KEY];

const BITS: u32 = 20;
/// Keys added, in tables of the slots; the last is the end of the plot.
const LOADS: [f64; 8] = [0.125, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0];
/// Points of a plot.
const POINTS: usize = 32;
/// Seeds tried, in a table of 2^16 slots.
const SEEDS: usize = 1000;
const SMALL: u32 = 16;
/// Of our sensor and of the other, of which the adversary knows it: as random as any.
const SEED: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];
const KNOWN: [u64; 2] = [0x2545_F491_4F6C_DD1D, 0x5851_F42D_4C95_7F2D];

/// What came of a set of keys.
pub struct Panel {
    pub title: String,
    /// Keys added, in tables of the slots, up to this.
    pub most: f64,
    pub curves: Vec<Curve>,
}

/// Slots taken, as a part of all.
pub struct Curve {
    pub name: String,
    /// (keys added, slots taken), both as parts of the slots.
    pub points: Vec<(f64, f64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut captures, mut svg) = (Vec::new(), None);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--svg" => svg = args.next(),
            _ => captures.push(arg),
        }
    }
    let slots = 1u64 << BITS;
    let most = LOADS[LOADS.len() - 1];
    let count = (slots as f64 * most) as u64;
    let mut panels = Vec::new();
    panels.push(panel("random keys", BITS, most, |_, add| {
        let mut random = random(1);
        (0..count).for_each(|_| add(random_key(&mut random)));
    }));
    panels.push(panel("a scan: addresses counted up", BITS, most, |_, add| (0..count).map(scan).for_each(add)));
    let flows = flows(&captures)?;
    if !flows.is_empty() {
        let bits = flows.len().next_power_of_two().ilog2();
        let title = format!("{} flows of captures, 2^{bits} slots", flows.len());
        let most = flows.len() as f64 / (1u64 << bits) as f64;
        panels.push(panel(&title, bits, most, |_, add| flows.iter().copied().for_each(add)));
    }
    panels.push(panel("an adversary's keys", BITS, most, |hash, add| {
        let mut random = random(2);
        (0..count).for_each(|_| add(hash.of_one_slot(&mut random, KNOWN)));
    }));
    panels.iter().for_each(print);
    seeds();
    if let Some(path) = svg {
        std::fs::write(path, plot::svg(&panels))?;
    }
    Ok(())
}

fn hashes() -> Vec<Hash> {
    let crcs = [0x04C1_1DB7, 0xEDB8_8321, 0x8260_8EDB].map(Hash::crc);
    let ours = CacheHash::new(SEED);
    crcs.into_iter().chain([Hash::Lookup3, Hash::Murmur3, Hash::OursIpv4(ours), Hash::OursIpv6(ours)]).collect()
}

/// Fills a table of `1 << bits` slots by each of the hashes, with the keys that `give` gives for it.
fn panel(title: &str, bits: u32, most: f64, give: impl Fn(&Hash, &mut dyn FnMut(Key))) -> Panel {
    let curve = |hash: Hash| {
        let mut table = Table::new(bits, most);
        give(&hash, &mut |key| table.add(hash.slot(&key, bits)));
        Curve { name: hash.name(), points: table.points }
    };
    Panel { title: title.to_owned(), most, curves: hashes().into_iter().map(curve).collect() }
}

/// A table without collision resolution.
struct Table {
    taken: Vec<bool>,
    added: usize,
    full: usize,
    /// After how many keys the next points are due.
    marks: Vec<usize>,
    points: Vec<(f64, f64)>,
}

impl Table {
    fn new(bits: u32, most: f64) -> Table {
        let slots = 1usize << bits;
        let mark = |i: usize| (slots as f64 * most * i as f64 / POINTS as f64) as usize;
        let marks = (1..=POINTS).map(mark).collect();
        Table { taken: vec![false; slots], added: 0, full: 0, marks, points: vec![(0.0, 0.0)] }
    }

    fn add(&mut self, slot: usize) {
        self.full += usize::from(!std::mem::replace(&mut self.taken[slot], true));
        self.added += 1;
        if self.marks.get(self.points.len() - 1) == Some(&self.added) {
            let part = |n: usize| n as f64 / self.taken.len() as f64;
            self.points.push((part(self.added), part(self.full)));
        }
    }
}

/// The part of the slots that chance would take.
pub fn ideal(load: f64) -> f64 {
    1.0 - (-load).exp()
}

/// What the seed does to ours: a scan of as many addresses as there are slots, under many seeds.
fn seeds() {
    let mut random = random(3);
    let fill = |_| {
        let hash = Hash::OursIpv4(CacheHash::new([random(), random()]));
        let slots = 1 << SMALL;
        let mut table = Table::new(SMALL, 1.0);
        (0..slots).for_each(|n| table.add(hash.slot(&scan(n), SMALL)));
        table.full as f64 / slots as f64 * 100.0
    };
    let mut all: Vec<f64> = (0..SEEDS).map(fill).collect();
    all.sort_unstable_by(f64::total_cmp);
    let at = |part: usize| all.get((SEEDS - 1) * part / 100).copied().unwrap_or(0.0);
    println!("ours, IPv4, {SEEDS} seeds: slots of 2^{SMALL} that a scan of 2^{SMALL} addresses takes, in percent");
    println!("(chance: {:.3})\n", ideal(1.0) * 100.0);
    println!("| least | 1 of 100 | 5 of 100 | median | most |\n|---:|---:|---:|---:|---:|");
    println!("| {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |", at(0), at(1), at(5), at(50), at(100));
}

/// Prints a panel as a table, in percent of the slots.
fn print(panel: &Panel) {
    println!("{}\n\n| keys/slots | ideal |{}", panel.title, row(panel, |curve| curve.name.clone()));
    println!("|---:|---:|{}", row(panel, |_| "---:".into()).replace(' ', ""));
    let Some(first) = panel.curves.first() else { return };
    for (at, (load, _)) in first.points.iter().enumerate() {
        let asked = LOADS.iter().any(|wanted| (wanted - load).abs() < 1e-9);
        if asked || at + 1 == first.points.len() || (panel.most < 1.0 && at > 0 && at % 8 == 0) {
            let percent =
                |curve: &Curve| curve.points.get(at).map_or(String::new(), |(_, y)| format!("{:.3}", y * 100.0));
            println!("| {load:.3} | {:.3} |{}", ideal(*load) * 100.0, row(panel, percent));
        }
    }
    println!();
}

fn row(panel: &Panel, cell: impl Fn(&Curve) -> String) -> String {
    panel.curves.iter().map(|curve| format!(" {} |", cell(curve))).collect()
}

/// Steele, Lea and Flood's SplitMix64.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

/// That two of so many were equal is as good as impossible.
fn random_key(random: &mut impl FnMut() -> u64) -> Key {
    let mut key = [0; KEY];
    key.chunks_mut(8).for_each(|part| part.copy_from_slice(&random().to_le_bytes()[..part.len()]));
    key
}

/// One host asks port 443 of one address after the other.
fn scan(n: u64) -> Key {
    key(&Ends {
        addresses: [Address::V4(0x0A00_0001), Address::V4(0x0B00_0000 + n as u32)],
        ports: [40_000, 443],
        macs: [0; 2],
        protocol: 6,
        vlan: 0,
    })
}

/// An IPv4 flow's key; of IPv6 addresses it has the last four octets.
fn key(ends: &Ends) -> Key {
    let mut key = [0; KEY];
    for (at, address) in [0, 4].into_iter().zip(ends.addresses) {
        let number = match address {
            Address::V4(number) => number,
            Address::V6(number) => number as u32,
        };
        key[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    key[8..10].copy_from_slice(&ends.ports[0].to_be_bytes());
    key[10..12].copy_from_slice(&ends.ports[1].to_be_bytes());
    key[12] = ends.protocol;
    key[13..15].copy_from_slice(&ends.vlan.to_be_bytes());
    key
}

/// The flows of some captures, each once.
fn flows(captures: &[String]) -> Result<Vec<Key>, Box<dyn Error>> {
    struct Keys(HashSet<Key>, Vec<Key>);
    impl Sink for Keys {
        type Error = Infallible;

        fn take(&mut self, flow: &Biflow) -> Result<(), Infallible> {
            let key = key(&flow.ends);
            if self.0.insert(key) {
                self.1.push(key);
            }
            Ok(())
        }
    }
    let mut keys = Keys(HashSet::new(), Vec::new());
    for path in captures {
        let mut capture = Capture::open(Box::new(File::open(path)?)).map_err(|e| format!("{path}: {e}"))?;
        let settings = Settings { track: Track::Vlan, max_flows: 1 << 16, ..Settings::default() };
        let mut meter = Meter::new(settings)?;
        while let Ok(Some(frame)) = capture.next_frame() {
            meter.frame(&frame, &mut keys)?;
        }
        meter.finish(&mut keys)?;
    }
    // The order in which flows end follows the cache's own, random hash.
    keys.1.sort_unstable();
    Ok(keys.1)
}
