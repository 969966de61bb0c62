//! Grouping by hash, on all cores at once.
//!
//! A worker scatters (key, counts) over short rows of its own, one a partition. A full row goes to the partition, which
//! all workers share; when enough flows wait there, measured by the groups it has, they are summed into its table. So a
//! table comes into the cache once for thousands of flows, and what waits takes less memory than what is known.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::codes::{Coded, Codes};
use super::gather::{Keys, Source, Values};
use super::key::{Key, KeyLayout, MAX_WORDS};
use super::parcel::{self, Parcel, Sorter, Stage};
use super::rank::{self, Sorted};
use super::rates::{self, PLACED, RATED, Rates};
use super::table::{Row, Table, hash};
use super::{Counts, Entry, pool};
use crate::flow::{FlowBatch, Rows};

/// Partitions are chosen by this many bits of the hash.
const BITS: u32 = 10;
pub(super) const PARTITIONS: usize = 1 << BITS;
/// Octets of a worker's row for one partition.
const STAGE: usize = 4096;
/// Fewer waiting flows than this are not worth the partition's cache misses.
const WORTHWHILE: usize = 1024;
/// Flows are summed as they come in a partition that has fewer groups than so many times theirs.
const FEW: usize = 3;
/// More waiting flows than this, and than half the partition's groups, would be a waste of memory.
const PLENTY: usize = 4096;
/// So many partitions that have enough to be summed are worth all cores' while, or so many flows.
const RIPE: usize = PARTITIONS / 4;
const RIPE_FLOWS: usize = 1 << 18;

/// An engine for keys of any width.
pub(super) trait Group: Send + Sync {
    /// A thread's part of it.
    fn worker(&self) -> Box<dyn Work + '_>;
    /// Sorts flows for [`Group::deliver`]; on any thread, and for any engine with the same key and the same seed.
    fn stage(&self) -> Box<dyn Stage>;
    /// Adds flows in the order in which they came, of which `before` came before.
    fn deliver(&mut self, parcel: parcel::Any, before: u64, threads: usize);
    /// The number that hashes depend on.
    fn seed(&self) -> u64;
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
pub(super) fn engine(layout: KeyLayout, sums: Sums, coded: bool, seed: u64) -> Box<dyn Group> {
    let duration = match (sums, layout.words()) {
        (Sums::Rates, 1) => return Box::new(Engine::<1, 4, 1, RATED>::new(layout, seed)),
        (Sums::Rates, 2) => return Box::new(Engine::<2, 4, 1, RATED>::new(layout, seed)),
        (Sums::Rates, 4) => return Box::new(Engine::<4, 4, 1, RATED>::new(layout, seed)),
        (Sums::Rates, _) => return Box::new(Engine::<MAX_WORDS, 4, 1, RATED>::new(layout, seed)),
        (Sums::Places, 1) => return Box::new(Engine::<1, 4, 1, PLACED>::new(layout, seed)),
        (Sums::Places, 2) => return Box::new(Engine::<2, 4, 1, PLACED>::new(layout, seed)),
        (Sums::Places, 4) => return Box::new(Engine::<4, 4, 1, PLACED>::new(layout, seed)),
        (Sums::Places, _) => return Box::new(Engine::<MAX_WORDS, 4, 1, PLACED>::new(layout, seed)),
        (sums, _) => sums == Sums::Duration,
    };
    match (layout.words(), duration, coded) {
        (1, false, false) => Box::new(Engine::<1, 2, 0, 2>::new(layout, seed)),
        (1, false, true) => Box::new(Engine::<1, 2, 1, 2>::new(layout, seed)),
        (1, true, _) => Box::new(Engine::<1, 3, 1, 3>::new(layout, seed)),
        (2, false, false) => Box::new(Engine::<2, 2, 0, 2>::new(layout, seed)),
        (2, false, true) => Box::new(Engine::<2, 2, 1, 2>::new(layout, seed)),
        (2, true, _) => Box::new(Engine::<2, 3, 1, 3>::new(layout, seed)),
        (4, false, false) => Box::new(Engine::<4, 2, 0, 2>::new(layout, seed)),
        (4, false, true) => Box::new(Engine::<4, 2, 1, 2>::new(layout, seed)),
        (4, true, _) => Box::new(Engine::<4, 3, 1, 3>::new(layout, seed)),
        (_, false, _) => Box::new(Engine::<MAX_WORDS, 2, 1, 2>::new(layout, seed)),
        (_, true, _) => Box::new(Engine::<MAX_WORDS, 3, 1, 3>::new(layout, seed)),
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
    /// Partitions in which enough of the flows that were delivered wait.
    ripe: Vec<usize>,
    /// Flows that wait in them.
    ripe_flows: usize,
}

/// What is summed beside flows, octets and packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sums {
    /// Nothing.
    Counts,
    /// The duration.
    Duration,
    /// The duration; and which flow was the first.
    Places,
    /// The same, and the rates of each flow.
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
pub(super) struct Record<const N: usize, const M: usize, const F: usize> {
    pub key: [u64; N],
    pub sums: [u32; M],
    /// Flows it stands for; one, where there is no room for them.
    pub flows: [u32; F],
}

impl<const N: usize, const M: usize, const F: usize> Record<N, M, F> {
    #[inline]
    fn sum(&self, at: usize) -> u64 {
        self.sums.get(at).map_or(0, |sum| u64::from(*sum))
    }

    /// Whether there is room for these counts.
    #[inline]
    pub fn fits(counts: &Counts) -> bool {
        let all = counts.octets | counts.packets | counts.duration | counts.flows;
        all <= u32::MAX.into() && (F > 0 || counts.flows == 1)
    }

    /// A record of counts for which there is room. The fourth of its sums is for its place in the order in which flows
    /// came.
    #[inline]
    pub fn of(key: &[u64; N], counts: &Counts, place: u64) -> Self {
        let mut sums = [counts.duration as u32; M];
        (sums[0], sums[1]) = (counts.octets as u32, counts.packets as u32);
        if let Some(seen) = sums.get_mut(3) {
            *seen = u32::try_from(place).unwrap_or(u32::MAX);
        }
        Record { key: *key, sums, flows: [counts.flows as u32; F] }
    }

    /// What a row sums up.
    #[inline]
    fn sums<const T: usize>(&self) -> [u64; T] {
        if T != RATED {
            return std::array::from_fn(|at| self.sum(at));
        }
        let mut sums = sums(&Counts { flows: 1, ..self.counts() });
        rates::see(&mut sums, self.sum(3));
        sums
    }

    /// What it counts, where there was room.
    pub fn counts(&self) -> Counts {
        let duration = if M > 2 { self.sum(2) } else { 0 };
        Counts { flows: self.flows(), octets: self.sum(0), packets: self.sum(1), duration }
    }

    #[inline]
    fn flows(&self) -> u64 {
        self.flows.first().copied().map_or(1, u64::from)
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
            self.table.add(hash(&record.key, seed), &record.key, record.flows(), &record.sums(), seed);
        }
    }
}

impl<const N: usize, const M: usize, const F: usize, const T: usize> Engine<N, M, F, T> {
    fn new(layout: KeyLayout, seed: u64) -> Engine<N, M, F, T> {
        let partitions = (0..PARTITIONS).map(|_| Mutex::new(Partition::default())).collect();
        Engine { seed, layout, partitions, ripe: Vec::new(), ripe_flows: 0 }
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
            if !last && partition.waiting.len() >= enough(groups) {
                partition.settle(self.seed);
            }
        }
    }

    /// Lets flows wait in their partitions, behind those that came before.
    fn wait(&mut self, parcel: &Parcel<N, M, F>, before: u64) {
        let partitions = self.partitions.iter_mut().zip(parcel.runs()).enumerate();
        for (at, (partition, run)) in partitions.filter(|(_, (_, run))| !run.is_empty()) {
            let partition = partition.get_mut().unwrap_or_else(PoisonError::into_inner);
            let start = partition.waiting.len();
            partition.waiting.extend_from_slice(run);
            let new = partition.waiting.get_mut(start..).unwrap_or_default();
            for seen in new.iter_mut().filter_map(|record| record.sums.get_mut(3)) {
                *seen = u32::try_from(before + u64::from(*seen)).unwrap_or(u32::MAX);
            }
            let (enough, waiting) = (enough(partition.table.rows.len()), partition.waiting.len());
            if start < enough && waiting >= enough {
                self.ripe.push(at);
                self.ripe_flows += waiting;
            } else if waiting >= enough {
                self.ripe_flows += waiting - start;
            }
        }
    }

    /// Sums what waits in some partitions, on all cores.
    fn settle(&self, partitions: &[usize], threads: usize) {
        pool::fold(
            threads,
            partitions.len(),
            || (),
            |(), at| {
                if let Some(mut partition) = partitions.get(at).and_then(|at| self.lock(*at)) {
                    partition.settle(self.seed);
                }
            },
        );
    }
}

/// So many waiting flows are worth summing, in a partition of so many groups.
fn enough(groups: usize) -> usize {
    groups.min(PLENTY.max(groups / 2)).max(WORTHWHILE)
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

    fn stage(&self) -> Box<dyn Stage> {
        Box::new(Sorter::<N, M, F>::new(self.layout.clone(), self.seed))
    }

    fn deliver(&mut self, parcel: parcel::Any, before: u64, threads: usize) {
        let Ok(parcel) = parcel.downcast::<Parcel<N, M, F>>() else { return };
        if !parcel.large.is_empty() {
            // Counts that have no room where others wait are summed behind all of those.
            self.settle(&(0..PARTITIONS).collect::<Vec<_>>(), threads);
            for (record, counts) in parcel.whole() {
                let mut sums = sums(&counts);
                rates::see(&mut sums, before + record.sum(3));
                self.add(hash(&record.key, self.seed), &record.key, counts.flows, &sums);
            }
            return;
        }
        self.wait(&parcel, before);
        if self.ripe.len() >= RIPE || self.ripe_flows >= RIPE_FLOWS {
            self.settle(&self.ripe, threads);
            self.ripe.clear();
            self.ripe_flows = 0;
        }
    }

    fn seed(&self) -> u64 {
        self.seed
    }

    fn insert(&self, entry: &Entry) {
        let mut key = [0; N];
        key.iter_mut().zip(&entry.key).for_each(|(to, from)| *to = *from);
        let mut sums = sums(&entry.counts);
        if T == RATED {
            entry.rates.put(&mut sums);
        }
        rates::see(&mut sums, entry.rates.seen);
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
    fn count(&mut self, key: &[u64; N], counts: &Counts) {
        let hash = hash(key, self.engine.seed);
        if Record::<N, M, F>::fits(counts) {
            self.push(hash, Record::of(key, counts, 0));
        } else {
            self.engine.add(hash, key, counts.flows, &sums(counts));
        }
    }

    #[inline]
    fn push(&mut self, hash: u64, record: Record<N, M, F>) {
        let partition = partition_of(hash);
        let Some(fill) = self.fill.get_mut(partition) else { return };
        let start = partition * Self::ROW;
        let Some(place) = self.stage.get_mut(start + *fill as usize) else { return };
        *place = record;
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
        if let Some(coded) = Coded::of(batch, rows, key).filter(|_| F > 0 && M < 4) {
            let mut codes = std::mem::take(&mut self.codes);
            codes.sum(&coded, rows, values);
            keys.gather(coded.source, Rows::All(coded.count), values, key, layout);
            for (code, key) in keys.keys.iter().enumerate() {
                if let Some(counts) = codes.get(code) {
                    self.count(key, &counts);
                }
            }
            self.codes = codes;
        } else {
            keys.gather(Source::flows(batch), rows, values, key, layout);
            for (at, key) in keys.keys.iter().enumerate() {
                self.count(key, &values.get(at));
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
pub(super) fn partition_of(hash: u64) -> usize {
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
pub(super) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0u8)
}
