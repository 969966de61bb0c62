//! Flows on their way to groups, where the order in which they came matters: to sums of fractions, which depend on it,
//! and to groups that are numbered as they came.
//!
//! Batches are keyed, and their flows sorted by partition, on any thread; what that makes is handed to the engine batch
//! by batch. Partitions are summed on all cores, each by itself in order: so sums are the same with any number of them.

use super::Counts;
use super::codes::{Coded, Codes};
use super::engine::{PARTITIONS, Record, partition_of};
use super::gather::{Keys, Source, Values};
use super::key::{Key, KeyLayout};
use super::table::hash;
use crate::flow::{FlowBatch, Rows};

/// A [`Parcel`] of some kind.
pub(super) type Any = Box<dyn std::any::Any + Send>;

/// A thread's part in what is done before flows are handed on.
pub(super) trait Stage: Send {
    /// A batch's flows, whose values have been gathered, under every key.
    fn stage(&mut self, batch: &FlowBatch, values: &Values, keys: &[Key]) -> Any;
}

/// Some flows.
pub(super) struct Parcel<const N: usize, const M: usize, const F: usize> {
    /// Sorted by partition; those of a partition as they came. All as they came, if some are large.
    records: Vec<Record<N, M, F>>,
    /// Where each partition's end.
    ends: Vec<u32>,
    /// Counts of records that have not the room for them.
    pub large: Vec<(usize, Counts)>,
}

impl<const N: usize, const M: usize, const F: usize> Parcel<N, M, F> {
    /// The records of each partition.
    pub fn runs(&self) -> impl Iterator<Item = &[Record<N, M, F>]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let runs = starts.zip(&self.ends).map(|(start, end)| *start as usize..*end as usize);
        runs.map(|run| self.records.get(run).unwrap_or_default())
    }

    /// Records with their counts, where some are large.
    pub fn whole(&self) -> impl Iterator<Item = (&Record<N, M, F>, Counts)> {
        let mut large = self.large.iter().peekable();
        self.records.iter().enumerate().map(move |(at, record)| {
            let counts = large.next_if(|(place, _)| *place == at).map(|(_, counts)| *counts);
            (record, counts.unwrap_or_else(|| record.counts()))
        })
    }
}

/// Makes parcels.
pub(super) struct Sorter<const N: usize, const M: usize, const F: usize> {
    layout: KeyLayout,
    seed: u64,
    /// One for each of the keys that a flow counts under.
    keys: Vec<Keys<N>>,
    codes: Codes,
    /// As they came, and the partition of each.
    records: Vec<(u16, Record<N, M, F>)>,
    large: Vec<(usize, Counts)>,
}

impl<const N: usize, const M: usize, const F: usize> Sorter<N, M, F> {
    /// One for keys of a layout, whose partitions depend on `seed`.
    pub fn new(layout: KeyLayout, seed: u64) -> Self {
        let (keys, codes) = (Vec::new(), Codes::default());
        Sorter { layout, seed, keys, codes, records: Vec::new(), large: Vec::new() }
    }

    #[inline]
    fn push(&mut self, key: &[u64; N], counts: &Counts, place: u64) {
        if !Record::<N, M, F>::fits(counts) {
            self.large.push((self.records.len(), *counts));
        }
        let partition = partition_of(hash(key, self.seed)) as u16;
        self.records.push((partition, Record::of(key, counts, place)));
    }

    /// The records, sorted.
    fn parcel(&mut self) -> Parcel<N, M, F> {
        let large = std::mem::take(&mut self.large);
        if !large.is_empty() {
            let records = self.records.iter().map(|(_, record)| *record).collect();
            return Parcel { records, ends: Vec::new(), large };
        }
        // Where each partition's begin; as records are put there, where they end.
        let mut ends = vec![0u32; PARTITIONS + 1];
        for (partition, _) in &self.records {
            if let Some(count) = ends.get_mut(usize::from(*partition) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        ends.iter_mut().for_each(|end| {
            sum += *end;
            *end = sum;
        });
        ends.pop();
        let empty = Record { key: [0; N], sums: [0; M], flows: [0; F] };
        let mut records = vec![empty; self.records.len()];
        for (partition, record) in &self.records {
            if let Some(end) = ends.get_mut(usize::from(*partition))
                && let Some(place) = records.get_mut(*end as usize)
            {
                *place = *record;
                *end += 1;
            }
        }
        Parcel { records, ends, large }
    }
}

impl<const N: usize, const M: usize, const F: usize> Stage for Sorter<N, M, F> {
    fn stage(&mut self, batch: &FlowBatch, values: &Values, keys: &[Key]) -> Any {
        self.records.clear();
        self.keys.resize_with(keys.len(), Keys::default);
        let mut gathered = std::mem::take(&mut self.keys);
        let rows = values.rows(batch);
        let mut plain = Vec::new();
        for (key, gathered) in keys.iter().zip(&mut gathered) {
            // Where nothing depends on single flows, those of the same code are one.
            match Coded::of(batch, rows, key).filter(|_| F > 0 && M < 4) {
                Some(coded) => {
                    let mut codes = std::mem::take(&mut self.codes);
                    codes.sum(&coded, rows, values);
                    gathered.gather(coded.source, Rows::All(coded.count), values, key, &self.layout);
                    let summed = gathered.keys.iter().enumerate();
                    summed.filter_map(|(code, key)| Some((key, codes.get(code)?))).for_each(|(key, counts)| {
                        self.push(key, &counts, 0);
                    });
                    self.codes = codes;
                }
                None => {
                    gathered.gather(Source::flows(batch), rows, values, key, &self.layout);
                    plain.push(&gathered.keys);
                }
            }
        }
        for at in 0..rows.len() {
            let counts = values.get(at);
            for (key, keys) in plain.iter().enumerate() {
                if let Some(key_words) = keys.get(at) {
                    self.push(key_words, &counts, (at * plain.len() + key) as u64);
                }
            }
        }
        let parcel = self.parcel();
        self.keys = gathered;
        Box::new(parcel)
    }
}
