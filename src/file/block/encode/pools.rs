//! Dictionaries that are made of every block: of its addresses, and of its exporters. They tell other columns, and the
//! Bloom filter is made of them.

use super::dictionary::{Dictionary, Sorter};
use super::gather::Values;
use super::series::widen;
use crate::file::block::bloom::Probe;
use crate::flow::{Element, Schema, ie};

/// Elements whose values share a dictionary; whether they are what the Bloom filter holds.
const POOLS: [(&[Element], bool); 4] = [
    (&[ie::SRC_ADDR4, ie::DST_ADDR4], true),
    (&[ie::SRC_ADDR6, ie::DST_ADDR6], true),
    (&[ie::EXPORTER4], false),
    (&[ie::EXPORTER6], false),
];

/// The values of a dictionary, ascending; or those of many flows, then the others, both ascending.
#[derive(Clone, Debug)]
pub(super) enum Keys {
    /// Of up to 8 octets.
    Numbers(Vec<u64>),
    /// Of 16 octets.
    Long(Vec<u128>),
}

/// A dictionary that columns share.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    /// Octets a value.
    pub width: u16,
    /// The columns, by number, ...
    pub columns: Vec<usize>,
    /// ... and the code of each flow in each.
    pub codes: Vec<Vec<u32>>,
    /// The values.
    pub keys: Keys,
    searched: bool,
}

/// A block's pools.
#[derive(Debug, Default)]
pub(super) struct Pools {
    pub all: Vec<Pool>,
    /// Whether an address lies so oddly that it cannot be looked up: the block has no Bloom filter then.
    odd: bool,
    /// Whether what is frequent is to come first, then the rest, both ascending: the codes' octets are then fewer
    /// different ones, and compress.
    tiers: bool,
    sorter: Sorter,
    short: Dictionary<u64>,
    long: Dictionary<u128>,
    numbers: Vec<u64>,
}

impl Pool {
    /// How many values it has.
    pub fn entries(&self) -> usize {
        match &self.keys {
            Keys::Numbers(keys) => keys.len(),
            Keys::Long(keys) => keys.len(),
        }
    }
}

/// Values of so many flows are frequent, ...
const FREQUENT: u32 = 8;
/// ... where there are more values than an octet can number.
const MANY: usize = 256;

/// Puts the values of many flows first, and changes the codes accordingly.
fn frequent_first(keys: Keys, codes: &mut [u32]) -> Keys {
    let entries = match &keys {
        Keys::Numbers(keys) => keys.len(),
        Keys::Long(keys) => keys.len(),
    };
    if entries <= MANY {
        return keys;
    }
    let mut counts = vec![0u32; entries];
    for code in codes.iter() {
        if let Some(count) = counts.get_mut(*code as usize) {
            *count += 1;
        }
    }
    let frequent = counts.iter().filter(|count| **count >= FREQUENT).count() as u32;
    let (mut first, mut second) = (0, frequent);
    for count in &mut counts {
        let next = if *count >= FREQUENT { &mut first } else { &mut second };
        *count = *next;
        *next += 1;
    }
    codes.iter_mut().for_each(|code| *code = counts.get(*code as usize).copied().unwrap_or(0));
    match keys {
        Keys::Numbers(keys) => Keys::Numbers(moved(&keys, &counts)),
        Keys::Long(keys) => Keys::Long(moved(&keys, &counts)),
    }
}

/// The values, each where `to` says.
fn moved<K: Copy>(keys: &[K], to: &[u32]) -> Vec<K> {
    let mut moved = keys.to_vec();
    for (key, to) in keys.iter().zip(to) {
        if let Some(place) = moved.get_mut(*to as usize) {
            *place = *key;
        }
    }
    moved
}

impl Pools {
    /// No pools yet. With `tiers` frequent values are to come first.
    pub fn new(tiers: bool) -> Pools {
        Pools { tiers, ..Pools::default() }
    }

    /// Makes the pools of a block.
    pub fn gather(&mut self, schema: &Schema, columns: &[Values]) {
        self.all.clear();
        self.odd = false;
        for (elements, searched) in POOLS {
            let mut members: Vec<(u16, Vec<usize>)> = Vec::new();
            for (at, spec) in schema.fields().iter().enumerate().filter(|(_, spec)| elements.contains(&spec.element)) {
                if !(1..=8).contains(&spec.width) && spec.width != 16 {
                    self.odd |= searched;
                    continue;
                }
                match members.iter_mut().find(|(width, _)| *width == spec.width) {
                    Some((_, columns)) => columns.push(at),
                    None => members.push((spec.width, vec![at])),
                }
            }
            for (width, members) in members {
                let pool = self.pool(width, members, columns, searched);
                self.all.push(pool);
            }
        }
    }

    fn pool(&mut self, width: u16, members: Vec<usize>, columns: &[Values], searched: bool) -> Pool {
        let data = |at: &usize| match columns.get(*at) {
            Some(Values::Fixed { data, .. }) => data.as_slice(),
            _ => &[],
        };
        let (mut codes, mut keys) = (Vec::new(), Vec::new());
        let keys = match width {
            16 => {
                let values = members.iter().flat_map(|at| data(at).as_chunks().0);
                self.long.build(values.map(|octets| u128::from_le_bytes(*octets)), usize::MAX, &mut codes);
                Keys::Long(self.long.keys.clone())
            }
            4 if searched => {
                let values = members.iter().flat_map(|at| data(at).as_chunks().0);
                self.sorter.build(values.map(|octets| u32::from_le_bytes(*octets).into()), &mut keys, &mut codes);
                Keys::Numbers(keys)
            }
            width => {
                for at in &members {
                    widen(data(at), width, &mut self.numbers);
                    keys.append(&mut self.numbers);
                }
                self.short.build(keys.iter().copied(), usize::MAX, &mut codes);
                Keys::Numbers(self.short.keys.clone())
            }
        };
        let keys = if searched && self.tiers { frequent_first(keys, &mut codes) } else { keys };
        let rows = codes.len() / members.len().max(1);
        let codes = codes.chunks_exact(rows.max(1)).map(<[u32]>::to_vec).collect();
        Pool { width, columns: members, codes, keys, searched }
    }

    /// What the addresses are looked up by.
    pub fn probes(&self) -> Vec<Probe> {
        if self.odd {
            return Vec::new();
        }
        let mut probes = Vec::new();
        for pool in self.all.iter().filter(|pool| pool.searched) {
            match &pool.keys {
                // What is not 16 octets is read as an IPv4 address.
                Keys::Numbers(keys) => probes.extend(keys.iter().map(|key| Probe::number(u64::from(*key as u32)))),
                Keys::Long(keys) => probes.extend(keys.iter().map(|key| Probe::long(*key))),
            }
        }
        probes
    }

    /// The pool of a column, and its place there.
    pub fn of(&self, column: usize) -> Option<(usize, usize)> {
        self.all
            .iter()
            .enumerate()
            .find_map(|(pool, known)| known.columns.iter().position(|at| *at == column).map(|place| (pool, place)))
    }

    /// Of two columns of one pool: how many values it has, and their codes.
    pub fn both(&self, one: usize, two: usize) -> Option<(usize, [&[u32]; 2])> {
        let ((pool, a), (other, b)) = (self.of(one)?, self.of(two)?);
        let pool = self.all.get(pool).filter(|_| pool == other)?;
        Some((pool.entries(), [pool.codes.get(a)?, pool.codes.get(b)?]))
    }
}
