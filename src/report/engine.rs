//! Grouping by hash, on all cores at once.
//!
//! A worker scatters (key, counts) over short rows of its own, one a partition. A full row goes to the partition, which
//! all workers share; when enough flows wait there, measured by the groups it has, they are summed into its table. So a
//! table comes into the cache once for thousands of flows, and what waits takes less memory than what is known.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::codes::{Coded, Codes};
use super::gather::{Keys, Source, Values};
use super::key::{Key, KeyLayout, MAX_WORDS};
use super::rank::{self, Sorted};
use super::rates::{RATED, Rates, SEEN};
use super::table::{Row, Table, hash};
use super::{Counts, Entry, pool};
use crate::flow::{FlowBatch, Rows};

/// Partitions are chosen by this many bits of the hash.
const BITS: u32 = 10;
const PARTITIONS: usize = 1 << BITS;
/// Octets of a worker's row for one partition.
const STAGE: usize = 4096;
/// Fewer waiting flows than this are not worth the partition's cache misses.
const WORTHWHILE: usize = 1024;
/// Flows are summed as they come in a partition that has fewer groups than so many times theirs.
const FEW: usize = 3;
/// More waiting flows than this, and than half the partition's groups, would be a waste of memory.
const PLENTY: usize = 4096;

/// An engine for keys of any width.
pub(super) trait Group: Send + Sync {
    /// A thread's part of it.
    fn worker(&self) -> Box<dyn Work + '_>;
    /// Adds a group by itself.
    fn insert(&self, entry: &Entry);
    /// All groups, when all workers have finished.
    fn seal(self: Box<Self>, threads: usize) -> Box<dyn Sorted>;
}

/// A thread's part of an engine.
pub(super) trait Work: Send {
    /// Adds a batch, whose values have been gathered, under a key.
    fn add(&mut self, batch: &FlowBatch, values: &Values, key: &Key);
    /// Hands over what it still holds.
    fn finish(&mut self);
}

/// An engine for keys of a layout; `coded` if they may be those of a dictionary.
pub(super) fn engine(layout: KeyLayout, sums: Sums, coded: bool) -> Box<dyn Group> {
    let duration = match (sums, layout.words()) {
        (Sums::Rates, 1) => return Box::new(Engine::<1, 4, 1, RATED>::new(layout)),
        (Sums::Rates, 2) => return Box::new(Engine::<2, 4, 1, RATED>::new(layout)),
        (Sums::Rates, 4) => return Box::new(Engine::<4, 4, 1, RATED>::new(layout)),
        (Sums::Rates, _) => return Box::new(Engine::<MAX_WORDS, 4, 1, RATED>::new(layout)),
        (sums, _) => sums == Sums::Duration,
    };
    match (layout.words(), duration, coded) {
        (1, false, false) => Box::new(Engine::<1, 2, 0, 2>::new(layout)),
        (1, false, true) => Box::new(Engine::<1, 2, 1, 2>::new(layout)),
        (1, true, _) => Box::new(Engine::<1, 3, 1, 3>::new(layout)),
        (2, false, false) => Box::new(Engine::<2, 2, 0, 2>::new(layout)),
        (2, false, true) => Box::new(Engine::<2, 2, 1, 2>::new(layout)),
        (2, true, _) => Box::new(Engine::<2, 3, 1, 3>::new(layout)),
        (4, false, false) => Box::new(Engine::<4, 2, 0, 2>::new(layout)),
        (4, false, true) => Box::new(Engine::<4, 2, 1, 2>::new(layout)),
        (4, true, _) => Box::new(Engine::<4, 3, 1, 3>::new(layout)),
        (_, false, _) => Box::new(Engine::<MAX_WORDS, 2, 1, 2>::new(layout)),
        (_, true, _) => Box::new(Engine::<MAX_WORDS, 3, 1, 3>::new(layout)),
    }
}

/// Groups by keys of `N` words, with `M` sums beside the flows in a record: octets, packets and perhaps the
/// duration.
/// `F` is 1 if records that wait have room for a number of flows, else 0. Tables have `T` sums: the same, or the rates
/// of each record's flow too.
struct Engine<const N: usize, const M: usize, const F: usize, const T: usize> {
    seed: u64,
    layout: KeyLayout,
    partitions: Vec<Mutex<Partition<N, M, F, T>>>,
}

/// What is summed beside flows, octets and packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sums {
    /// Nothing.
    Counts,
    /// The duration.
    Duration,
    /// The duration, and the rates of each flow.
    Rates,
}

#[derive(Default)]
struct Partition<const N: usize, const M: usize, const F: usize, const T: usize> {
    table: Table<N, T>,
    waiting: Vec<Record<N, M, F>>,
    /// Flows that waited here before.
    settled: usize,
}

/// A flow, or several, on the way to a partition. Counts of more bits do not wait, they are added at once.
#[derive(Clone, Copy)]
struct Record<const N: usize, const M: usize, const F: usize> {
    key: [u64; N],
    sums: [u32; M],
    /// Flows it stands for; one, where there is no room for them.
    flows: [u32; F],
}

impl<const N: usize, const M: usize, const F: usize> Record<N, M, F> {
    #[inline]
    fn sum(&self, at: usize) -> u64 {
        self.sums.get(at).map_or(0, |sum| u64::from(*sum))
    }

    /// What a row with rates sums up. The fourth of a record's sums is its place in the order in which flows came.
    #[inline]
    fn rated<const T: usize>(&self) -> [u64; T] {
        let counts = Counts { flows: 1, octets: self.sum(0), packets: self.sum(1), duration: self.sum(2) };
        let mut sums = sums(&counts);
        if let Some(seen) = sums.get_mut(SEEN) {
            *seen = self.sum(3);
        }
        sums
    }
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Partition<N, M, F, T> {
    fn settle(&mut self, seed: u64) {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.sum(&waiting, seed);
        waiting.clear();
        self.waiting = waiting;
    }

    fn sum(&mut self, records: &[Record<N, M, F>], seed: u64) {
        self.table.expect(records.len(), self.settled);
        self.settled += records.len();
        for record in records {
            let sums = if T == RATED { record.rated() } else { std::array::from_fn(|at| record.sum(at)) };
            let flows = record.flows.first().copied().map_or(1, u64::from);
            self.table.add(hash(&record.key, seed), &record.key, flows, &sums, seed);
        }
    }
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Engine<N, M, F, T> {
    fn new(layout: KeyLayout) -> Engine<N, M, F, T> {
        let partitions = (0..PARTITIONS).map(|_| Mutex::new(Partition::default())).collect();
        Engine { seed: random(), layout, partitions }
    }

    fn lock(&self, partition: usize) -> Option<MutexGuard<'_, Partition<N, M, F, T>>> {
        Some(self.partitions.get(partition)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, hash: u64, key: &[u64; N], flows: u64, sums: &[u64; T]) {
        if let Some(mut partition) = self.lock(partition_of(hash)) {
            partition.table.add(hash, key, flows, sums, self.seed);
        }
    }

    /// Lets flows wait in their partition, or sums those that do if they are many. The last ones only wait: sealing
    /// sums them on all cores.
    fn receive(&self, partition: usize, records: &[Record<N, M, F>], last: bool) {
        if let Some(mut partition) = self.lock(partition) {
            let groups = partition.table.rows.len();
            // So few groups are in the cache soon: to wait would cost more.
            if groups <= records.len() * FEW && partition.waiting.is_empty() {
                return partition.sum(records, self.seed);
            }
            partition.waiting.extend_from_slice(records);
            if !last && partition.waiting.len() >= groups.min(PLENTY.max(groups / 2)).max(WORTHWHILE) {
                partition.settle(self.seed);
            }
        }
    }
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Group for Engine<N, M, F, T> {
    fn worker(&self) -> Box<dyn Work + '_> {
        Box::new(Worker {
            engine: self,
            keys: Keys::default(),
            codes: Codes::default(),
            stage: Vec::new(),
            fill: vec![0; PARTITIONS],
        })
    }

    fn insert(&self, entry: &Entry) {
        let mut key = [0; N];
        key.iter_mut().zip(&entry.key).for_each(|(to, from)| *to = *from);
        let mut sums = sums(&entry.counts);
        if T == RATED {
            entry.rates.put(&mut sums);
        }
        self.add(hash(&key, self.seed), &key, entry.counts.flows, &sums);
    }

    fn seal(self: Box<Self>, threads: usize) -> Box<dyn Sorted> {
        pool::fold(
            threads,
            self.partitions.len(),
            || (),
            |(), at| {
                if let Some(mut partition) = self.lock(at) {
                    partition.settle(self.seed);
                    partition.waiting = Vec::new();
                    partition.table.seal();
                }
            },
        );
        let rows = |partition: Mutex<Partition<N, M, F, T>>| {
            partition.into_inner().unwrap_or_else(PoisonError::into_inner).table.rows
        };
        let partitions = self.partitions.into_iter().map(rows).collect();
        Box::new(rank::Rows { layout: self.layout, partitions })
    }
}

struct Worker<'a, const N: usize, const M: usize, const F: usize, const T: usize> {
    engine: &'a Engine<N, M, F, T>,
    keys: Keys<N>,
    codes: Codes,
    /// The rows of all partitions, one behind the other; none before the first flow.
    stage: Vec<Record<N, M, F>>,
    /// How full each row is.
    fill: Vec<u32>,
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Worker<'_, N, M, F, T> {
    /// Records a row. At least a few: handing over takes a lock.
    const ROW: usize = {
        let fit = STAGE / size_of::<Record<N, M, F>>();
        if fit < 32 { 32 } else { fit }
    };

    #[inline]
    fn count(&mut self, key: &[u64; N], counts: &Counts, place: u64) {
        let hash = hash(key, self.engine.seed);
        let all = counts.octets | counts.packets | counts.duration | counts.flows;
        if all <= u32::MAX.into() && (F > 0 || counts.flows == 1) {
            self.push(key, hash, counts, place);
        } else {
            let mut sums = sums(counts);
            if let Some(seen) = sums.get_mut(SEEN) {
                *seen = place;
            }
            self.engine.add(hash, key, counts.flows, &sums);
        }
    }

    #[inline]
    fn push(&mut self, key: &[u64; N], hash: u64, counts: &Counts, place: u64) {
        let partition = partition_of(hash);
        let Some(fill) = self.fill.get_mut(partition) else { return };
        let start = partition * Self::ROW;
        let Some(record) = self.stage.get_mut(start + *fill as usize) else { return };
        let mut sums = [counts.duration as u32; M];
        (sums[0], sums[1]) = (counts.octets as u32, counts.packets as u32);
        if let Some(seen) = sums.get_mut(3) {
            *seen = u32::try_from(place).unwrap_or(u32::MAX);
        }
        *record = Record { key: *key, sums, flows: [counts.flows as u32; F] };
        *fill += 1;
        if *fill as usize == Self::ROW {
            *fill = 0;
            self.engine.receive(partition, self.stage.get(start..start + Self::ROW).unwrap_or_default(), false);
        }
    }
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Work for Worker<'_, N, M, F, T> {
    fn add(&mut self, batch: &FlowBatch, values: &Values, key: &Key) {
        self.stage.resize(PARTITIONS * Self::ROW, Record { key: [0; N], sums: [0; M], flows: [0; F] });
        let (mut keys, rows) = (std::mem::take(&mut self.keys), values.rows(batch));
        let layout = &self.engine.layout;
        if let Some(coded) = Coded::of(batch, rows, key).filter(|_| F > 0 && T < RATED) {
            let mut codes = std::mem::take(&mut self.codes);
            codes.sum(&coded, rows, values);
            keys.gather(coded.source, Rows::All(coded.count), values, key, layout);
            for (code, key) in keys.keys.iter().enumerate() {
                if let Some(counts) = codes.get(code) {
                    self.count(key, &counts, 0);
                }
            }
            self.codes = codes;
        } else {
            keys.gather(Source::flows(batch), rows, values, key, layout);
            for (at, key) in keys.keys.iter().enumerate() {
                self.count(key, &values.get(at), values.place(at));
            }
        }
        self.keys = keys;
    }

    fn finish(&mut self) {
        for (partition, row) in self.stage.chunks(Self::ROW).enumerate() {
            let fill = self.fill.get(partition).map_or(0, |fill| *fill as usize);
            self.engine.receive(partition, row.get(..fill).unwrap_or_default(), true);
        }
        (self.stage, self.fill) = (Vec::new(), vec![0; PARTITIONS]);
    }
}

#[inline]
fn partition_of(hash: u64) -> usize {
    (hash >> (64 - BITS)) as usize
}

/// Counts as a row sums them up.
pub(super) fn sums<const M: usize>(counts: &Counts) -> [u64; M] {
    let mut sums = [counts.duration; M];
    (sums[0], sums[1]) = (counts.octets, counts.packets);
    if M == RATED {
        Rates::of(counts).put(&mut sums);
    }
    sums
}

/// A row's counts.
#[inline]
pub(super) fn counts<const N: usize, const M: usize>(row: &Row<N, M>) -> Counts {
    let [octets, packets] = [row.sums[0], row.sums[1]];
    Counts { flows: row.flows, octets, packets, duration: row.sums.get(2).copied().unwrap_or(0) }
}

/// A number that nobody outside can know.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0u8)
}
