//! Groups in order.
//!
//! Groups stay where they are. Their places are spread over a few hundred buckets by splitters drawn from a sample,
//! then each bucket is sorted by itself when it is wanted, on whichever core is free.

use std::cmp::Ordering;

use super::engine::counts;
use super::key::KeyLayout;
use super::table::Row;
use super::{Entry, pool};

/// What groups are ordered by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortBy {
    /// A part of the key, by number.
    Part(usize),
    Flows,
    Octets,
    Packets,
    Duration,
    /// When its first flow came; for groups made in that order.
    Arrival,
}

/// An order of groups. Those that are equal by it stand in ascending order of their keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// By what.
    pub by: SortBy,
    /// Greatest first.
    pub descending: bool,
}

/// So many groups are about a bucket: few enough to be sorted within the cache.
const BUCKET: usize = 8192;
const MAX_BUCKETS: usize = 4096;
/// Sampled groups a bucket.
const SAMPLES: usize = 16;

/// The groups of an engine, complete.
pub(super) struct Rows<const N: usize, const M: usize> {
    pub layout: KeyLayout,
    pub partitions: Vec<Vec<Row<N, M>>>,
}

/// Places of groups (partition, row) in buckets that follow each other in order. Each thread that made them has its own.
pub(super) struct Ranking {
    threads: Vec<Vec<Vec<(u32, u32)>>>,
    /// Groups a bucket.
    pub sizes: Vec<usize>,
}

/// Groups with keys of any width.
pub(super) trait Sorted: Send + Sync {
    fn layout(&self) -> &KeyLayout;
    /// How many groups.
    fn len(&self) -> usize;
    /// Calls with every group, in no order.
    fn each(&self, see: &mut dyn FnMut(&Entry));
    /// Spreads the groups over buckets.
    fn rank(&self, order: Order, threads: usize) -> Ranking;
    /// A bucket's groups in order.
    fn bucket(&self, order: Order, ranking: &Ranking, bucket: usize, scratch: &mut Scratch, out: &mut Vec<Entry>);
}

/// Scratch space for sorting a bucket: what groups are sorted by first, and their places.
pub(super) type Scratch = Vec<(u128, u32, u32)>;

impl<const N: usize, const M: usize> Rows<N, M> {
    fn row(&self, partition: u32, row: u32) -> Option<&Row<N, M>> {
        self.partitions.get(partition as usize)?.get(row as usize)
    }

    #[inline]
    fn value(&self, by: SortBy, row: &Row<N, M>, at: u32) -> u128 {
        match by {
            SortBy::Part(part) => self.layout.value(&row.key, part),
            SortBy::Flows => row.flows.into(),
            SortBy::Octets => row.sums[0].into(),
            SortBy::Packets => row.sums[1].into(),
            SortBy::Duration => row.sums.get(2).copied().unwrap_or(0).into(),
            SortBy::Arrival => at.into(),
        }
    }

    /// A number that never falls as groups go by in order, and nearly always rises: the high half of the value's bits,
    /// then those of the key.
    #[inline]
    fn word(&self, order: Order, row: &Row<N, M>, at: u32) -> u128 {
        let value = self.value(order.by, row, at);
        // Only parts of keys can be longer than 64 bits.
        let long = matches!(order.by, SortBy::Part(_)) && self.layout.is_wide();
        let value = if long { (value >> 64) as u64 } else { value as u64 };
        let value = if order.descending { !value } else { value };
        u128::from(value) << 64 | u128::from(row.key[0])
    }

    fn compare(&self, order: Order, a: (u32, u32), b: (u32, u32)) -> Ordering {
        let (Some(row_a), Some(row_b)) = (self.row(a.0, a.1), self.row(b.0, b.1)) else { return Ordering::Equal };
        let by_value = self.value(order.by, row_a, a.1).cmp(&self.value(order.by, row_b, b.1));
        let by_value = if order.descending { by_value.reverse() } else { by_value };
        by_value.then_with(|| row_a.key.cmp(&row_b.key))
    }

    /// The words that divide the groups into about `buckets` equal parts.
    fn splitters(&self, order: Order, buckets: usize) -> Vec<u128> {
        let step = (self.len() / (buckets * SAMPLES)).max(1);
        let (mut sample, mut skip) = (Vec::new(), 0);
        for rows in &self.partitions {
            let rows_at = rows.iter().enumerate().skip(skip).step_by(step);
            sample.extend(rows_at.map(|(at, row)| self.word(order, row, at as u32)));
            // The sample goes on in the next partition where it would have in one long list.
            skip = (step - rows.len().saturating_sub(skip) % step) % step;
        }
        sample.sort_unstable();
        let every = (sample.len() / buckets).max(1);
        let mut splitters: Vec<u128> = sample.into_iter().skip(every).step_by(every).collect();
        splitters.dedup();
        splitters
    }
}

impl<const N: usize, const M: usize> Sorted for Rows<N, M> {
    fn layout(&self) -> &KeyLayout {
        &self.layout
    }

    fn len(&self) -> usize {
        self.partitions.iter().map(Vec::len).sum()
    }

    fn each(&self, see: &mut dyn FnMut(&Entry)) {
        self.partitions.iter().flatten().for_each(|row| see(&entry(row)));
    }

    fn rank(&self, order: Order, threads: usize) -> Ranking {
        let buckets = (self.len() / BUCKET).clamp(1, MAX_BUCKETS);
        let splitters = if buckets > 1 { self.splitters(order, buckets) } else { Vec::new() };
        let expected = self.len() / (splitters.len() + 1) / threads.max(1);
        let start = || vec![Vec::with_capacity(expected + expected / 4); splitters.len() + 1];
        let threads = pool::fold(threads, self.partitions.len(), start, |lists, partition| {
            for (at, row) in self.partitions.get(partition).into_iter().flatten().enumerate() {
                let word = self.word(order, row, at as u32);
                let bucket = splitters.partition_point(|splitter| *splitter <= word);
                if let Some(list) = lists.get_mut(bucket) {
                    list.push((partition as u32, at as u32));
                }
            }
        });
        let size = |bucket| threads.iter().filter_map(|lists| lists.get(bucket)).map(Vec::len).sum();
        let sizes = (0..=splitters.len()).map(size).collect();
        Ranking { threads, sizes }
    }

    fn bucket(&self, order: Order, ranking: &Ranking, bucket: usize, scratch: &mut Scratch, out: &mut Vec<Entry>) {
        scratch.clear();
        for list in ranking.threads.iter().filter_map(|lists| lists.get(bucket)) {
            let word = |(p, r): (u32, u32)| self.row(p, r).map_or(0, |row| self.word(order, row, r));
            scratch.extend(list.iter().map(|(p, r)| (word((*p, *r)), *p, *r)));
        }
        scratch.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.compare(order, (a.1, a.2), (b.1, b.2))));
        out.clear();
        out.extend(scratch.iter().filter_map(|(_, p, r)| self.row(*p, *r)).map(entry));
    }
}

#[inline]
fn entry<const N: usize, const M: usize>(row: &Row<N, M>) -> Entry {
    let mut entry = Entry { counts: counts(row), ..Entry::default() };
    entry.key.iter_mut().zip(&row.key).for_each(|(to, from)| *to = *from);
    entry
}
