//! Groups in order.
//!
//! Splitters drawn from a sample divide the groups into a few hundred buckets that follow each other. Each partition
//! moves its groups, within itself, to stand bucket by bucket; that is work in the cache. Then each bucket is put
//! together from a run of every partition, and sorted, when it is wanted, on whichever core is free. Memory is not
//! walked group by group, which would cost a miss each, and no second copy of the groups is made.

use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use super::engine::counts;
use super::key::KeyLayout;
use super::rates::{Rate, Rates};
use super::table::Row;
use super::top::first;
use super::{Entry, pool};

/// What groups are ordered by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortBy {
    /// A part of the key, by number.
    Part(usize),
    /// The sum of flows.
    Flows,
    /// The sum of octets.
    Octets,
    /// The sum of packets.
    Packets,
    /// The sum of durations.
    Duration,
    /// A rate of their flows; none is below 0.
    Rate(Rate),
    /// The order in which their first flows came, where rates are looked at and one thread was handed all flows.
    Seen,
    /// When its first flow came; for groups made in that order ([`Arrived`](super::Arrived)), and not put in another
    /// before.
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

/// About so many groups are a bucket: few enough to be sorted within the cache.
const BUCKET: usize = 8192;
const MAX_BUCKETS: usize = 2048;
/// Sampled groups a bucket.
const SAMPLES: usize = 16;

/// The groups of an engine, complete.
pub(super) struct Rows<const N: usize, const M: usize> {
    pub layout: KeyLayout,
    pub partitions: Vec<Vec<Row<N, M>>>,
}

/// Groups with keys of any width.
pub(super) trait Sorted: Send + Sync {
    fn layout(&self) -> &KeyLayout;
    /// How many groups.
    fn len(&self) -> usize;
    /// Calls with every group, in no order.
    fn each(&self, see: &mut dyn FnMut(&Entry));
    /// The same on several cores.
    fn each_on(&self, threads: usize, see: &(dyn Fn(&Entry) + Sync));
    /// Changes one part of every key, which may not make any two the same.
    fn renumber(&mut self, part: usize, number: &dyn Fn(u64) -> u64);
    /// The first `limit` groups in order, without putting the others in order.
    fn first(&self, order: Order, limit: usize, threads: usize) -> Vec<Entry>;
    /// Moves the groups into buckets.
    fn rank(&mut self, order: Order, threads: usize) -> Ranking;
    /// Calls with the first `limit` groups of a bucket, in order.
    fn bucket(&self, order: Order, ranking: &Ranking, bucket: usize, limit: usize, see: &mut dyn FnMut(&Entry));
}

/// Where buckets lie.
pub(super) struct Ranking {
    /// For each partition, where each bucket ends in it.
    ends: Vec<Vec<u32>>,
    /// Groups a bucket.
    pub sizes: Vec<usize>,
}

#[inline]
fn value<const N: usize, const M: usize>(layout: &KeyLayout, by: SortBy, row: &Row<N, M>, at: u32) -> u128 {
    match by {
        SortBy::Part(part) => layout.value(&row.key, part),
        SortBy::Flows => row.flows.into(),
        SortBy::Octets => row.sums[0].into(),
        SortBy::Packets => row.sums[1].into(),
        SortBy::Duration => row.sums.get(2).copied().unwrap_or(0).into(),
        SortBy::Rate(rate) => Rates::at(&row.sums).get(rate).to_bits().into(),
        SortBy::Seen => Rates::at(&row.sums).seen.into(),
        SortBy::Arrival => at.into(),
    }
}

impl Order {
    /// A number that never falls as groups go by in order, and nearly always rises: the high half of the value's bits,
    /// then those of the key.
    #[inline]
    pub(super) fn word<const N: usize, const M: usize>(self, layout: &KeyLayout, row: &Row<N, M>, at: u32) -> u128 {
        let value = value(layout, self.by, row, at);
        // Only parts of keys can be longer than 64 bits.
        let long = matches!(self.by, SortBy::Part(_)) && layout.is_wide();
        let value = if long { (value >> 64) as u64 } else { value as u64 };
        let value = if self.descending { !value } else { value };
        u128::from(value) << 64 | u128::from(row.key[0])
    }
    /// How two groups stand to each other, when their words are equal.
    pub(super) fn compare<const N: usize, const M: usize>(
        self,
        layout: &KeyLayout,
        a: &Row<N, M>,
        b: &Row<N, M>,
    ) -> Ordering {
        let by_value = value(layout, self.by, a, 0).cmp(&value(layout, self.by, b, 0));
        let by_value = if self.descending { by_value.reverse() } else { by_value };
        by_value.then_with(|| a.key.cmp(&b.key))
    }
}

impl<const N: usize, const M: usize> Rows<N, M> {
    /// Words that divide the groups into about `buckets` equal parts.
    fn splitters(&self, order: Order, buckets: usize) -> Splitters {
        let step = (self.len() / (buckets * SAMPLES)).max(1);
        let (mut sample, mut skip) = (Vec::new(), 0);
        for rows in &self.partitions {
            let picked = rows.iter().enumerate().skip(skip).step_by(step);
            sample.extend(picked.map(|(at, row)| order.word(&self.layout, row, at as u32)));
            // The sample goes on in the next partition where it would have in one long list.
            skip = (step - rows.len().saturating_sub(skip) % step) % step;
        }
        sample.sort_unstable();
        let every = (sample.len() / buckets).max(1);
        Splitters::new(sample.into_iter().skip(every).step_by(every).collect())
    }
}

/// What divides one bucket from the next.
struct Splitters {
    lens: Lens,
    least: Vec<u64>,
}

impl Splitters {
    fn new(words: Vec<u128>) -> Splitters {
        let lens = Lens::over(&words);
        let mut least: Vec<u64> = words.iter().map(|word| lens.see(*word)).collect();
        least.dedup();
        Splitters { lens, least }
    }

    fn buckets(&self) -> usize {
        self.least.len() + 1
    }

    /// The bucket of a word.
    #[inline]
    fn bucket(&self, word: u128) -> u32 {
        let word = self.lens.see(word);
        self.least.partition_point(|least| *least <= word) as u32
    }
}

/// Words, as 64 bits of how far they are from the least of some: enough to tell most of these apart.
struct Lens {
    least: u128,
    shift: u32,
}

impl Lens {
    fn over(words: &[u128]) -> Lens {
        let least = words.iter().copied().min().unwrap_or(0);
        let range = words.iter().copied().max().unwrap_or(0) - least;
        Lens { least, shift: (u128::BITS - u64::BITS).saturating_sub(range.leading_zeros()) }
    }

    /// Never falls as words rise, also where a word is beyond the range.
    #[inline]
    fn see(&self, word: u128) -> u64 {
        u64::try_from(word.saturating_sub(self.least) >> self.shift).unwrap_or(u64::MAX)
    }
}

/// Moves a partition's rows to stand bucket by bucket; says where each ends.
fn spread<const N: usize, const M: usize>(
    rows: &mut [Row<N, M>],
    word: impl Fn(&Row<N, M>, u32) -> u128,
    splitters: &Splitters,
    scratch: &mut (Vec<Row<N, M>>, Vec<u32>),
) -> Vec<u32> {
    let (copy, buckets) = scratch;
    copy.clear();
    copy.extend_from_slice(rows);
    let bucket = |(at, row)| splitters.bucket(word(row, at));
    buckets.clear();
    buckets.extend((0u32..).zip(rows.iter()).map(bucket));
    // Where each bucket begins; as rows are put there, where it ends.
    let mut ends = vec![0u32; splitters.buckets() + 1];
    buckets.iter().for_each(|bucket| {
        if let Some(count) = ends.get_mut(*bucket as usize + 1) {
            *count += 1;
        }
    });
    let mut sum = 0;
    ends.iter_mut().for_each(|end| {
        sum += *end;
        *end = sum;
    });
    ends.pop();
    for (row, bucket) in copy.iter().zip(buckets) {
        if let Some(end) = ends.get_mut(*bucket as usize)
            && let Some(place) = rows.get_mut(*end as usize)
        {
            *place = *row;
            *end += 1;
        }
    }
    ends
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

    fn each_on(&self, threads: usize, see: &(dyn Fn(&Entry) + Sync)) {
        let rows = |partition: usize| self.partitions.get(partition).map_or(&[][..], Vec::as_slice);
        pool::fold(threads, self.partitions.len(), || (), |(), at| rows(at).iter().for_each(|row| see(&entry(row))));
    }

    fn renumber(&mut self, part: usize, number: &dyn Fn(u64) -> u64) {
        let Some(slot) = self.layout.slots().get(part).copied() else { return };
        for row in self.partitions.iter_mut().flatten() {
            let value = self.layout.value(&row.key, part) as u64;
            slot.clear(&mut row.key);
            slot.put_number(number(value), &mut row.key);
        }
    }

    fn first(&self, order: Order, limit: usize, threads: usize) -> Vec<Entry> {
        first(self, order, limit, threads)
    }

    fn rank(&mut self, order: Order, threads: usize) -> Ranking {
        let buckets = (self.len() / BUCKET).clamp(1, MAX_BUCKETS);
        // What stands in its order already must not be moved: there is one partition, and one bucket.
        let splitters = match order.by {
            SortBy::Arrival => Splitters::new(Vec::new()),
            _ if buckets == 1 => Splitters::new(Vec::new()),
            _ => self.splitters(order, buckets),
        };
        let (layout, pieces) = (&self.layout, self.partitions.len());
        let queue = Mutex::new(self.partitions.iter_mut().enumerate());
        let start = || ((Vec::new(), Vec::new()), Vec::new());
        let made = pool::fold(threads, pieces, start, |(scratch, made), _| {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            if let Some((partition, rows)) = next {
                let word = |row: &Row<N, M>, at| order.word(layout, row, at);
                made.push((partition, spread(rows, word, &splitters, scratch)));
            }
        });
        let mut ends = vec![Vec::new(); pieces];
        for (partition, bounds) in made.into_iter().flat_map(|(_, made)| made) {
            if let Some(place) = ends.get_mut(partition) {
                *place = bounds;
            }
        }
        let sizes = (0..splitters.buckets()).map(|bucket| ends.iter().map(|ends| run(ends, bucket).len()).sum());
        Ranking { sizes: sizes.collect(), ends }
    }

    fn bucket(&self, order: Order, ranking: &Ranking, bucket: usize, limit: usize, see: &mut dyn FnMut(&Entry)) {
        let layout = &self.layout;
        let mut rows: Vec<Row<N, M>> = Vec::with_capacity(ranking.sizes.get(bucket).map_or(0, |size| *size));
        for (partition, ends) in self.partitions.iter().zip(&ranking.ends) {
            rows.extend_from_slice(partition.get(run(ends, bucket)).unwrap_or_default());
        }
        let words: Vec<u128> = (0u32..).zip(&rows).map(|(at, row)| order.word(layout, row, at)).collect();
        // Groups of a bucket are much alike: 64 bits of their words will mostly do, but not always.
        let lens = Lens::over(&words);
        let mut sorted: Vec<(u64, u32)> = words.iter().zip(0u32..).map(|(word, at)| (lens.see(*word), at)).collect();
        sorted.sort_unstable_by(|a, b| {
            let (one, other) = (a.1 as usize, b.1 as usize);
            let rows = || rows.get(one).zip(rows.get(other));
            let by_word = || words.get(one).cmp(&words.get(other));
            let by_row = || rows().map_or(Ordering::Equal, |(a, b)| order.compare(layout, a, b));
            a.0.cmp(&b.0).then_with(by_word).then_with(by_row)
        });
        for row in sorted.iter().take(limit).filter_map(|(_, at)| rows.get(*at as usize)) {
            see(&entry(row));
        }
    }
}

/// A bucket's rows in a partition.
fn run(ends: &[u32], bucket: usize) -> std::ops::Range<usize> {
    let end = |bucket: usize| ends.get(bucket).map_or(0, |end| *end as usize);
    bucket.checked_sub(1).map_or(0, end)..end(bucket)
}

#[inline]
pub(super) fn entry<const N: usize, const M: usize>(row: &Row<N, M>) -> Entry {
    let mut entry = Entry { counts: counts(row), rates: Rates::at(&row.sums), ..Entry::default() };
    entry.key.iter_mut().zip(&row.key).for_each(|(to, from)| *to = *from);
    entry
}
