//! Grouping from batches to groups: [`Aggregation`], [`Worker`], [`Groups`].

use std::sync::atomic::{AtomicU64, Ordering};

use super::direct::Direct;
use super::engine::{Group, Sums, Work, engine};
use super::gather::Values;
use super::key::{Grouping, KeyLayout, KeyWords};
use super::part::Part;
use super::rank::{Order, SortBy, Sorted};
use super::rates::Rates;
use super::words::Ranked;
use super::{Counts, Entry, pool};
use crate::flow::FlowBatch;

/// So many groups of more are picked rather than all put in order.
const FEW: usize = 8192;

/// Groups being made. Threads add to it through workers.
pub struct Aggregation {
    grouping: Grouping,
    threads: usize,
    narrow: Box<dyn Group>,
    /// For keys with IPv6 addresses in them.
    wide: Box<dyn Group>,
    /// Flows that came so far, once for every key they count under.
    came: AtomicU64,
}

impl Aggregation {
    /// No flows yet.
    pub fn new(grouping: Grouping) -> Aggregation {
        let engine = |wide| engine(grouping.layout(wide), grouping.sums(), grouping.may_be_coded());
        let threads = cores();
        Aggregation { narrow: engine(false), wide: engine(true), threads, grouping, came: AtomicU64::new(0) }
    }

    /// Work is done on at most so many threads; on as many as there are cores if this is not called.
    pub fn threads(self, threads: usize) -> Aggregation {
        Aggregation { threads: threads.max(1), ..self }
    }

    /// A thread's part in it.
    pub fn worker(&self) -> Worker<'_> {
        Worker {
            aggregation: self,
            values: Values::default(),
            narrow: self.narrow.worker(),
            wide: self.wide.worker(),
            outcome: Outcome::default(),
        }
    }

    /// The groups that all workers together made.
    pub fn finish(self, outcomes: Vec<Outcome>) -> Groups {
        let wide = outcomes.iter().any(Outcome::is_wide);
        self.finish_as(outcomes, wide)
    }

    /// The same, with keys of the layout for IPv6 if that is asked for; it must be where an outcome is wide.
    pub(super) fn finish_as(self, outcomes: Vec<Outcome>, is_wide: bool) -> Groups {
        let threads = self.threads;
        let (mut totals, mut lacking) = (Counts::default(), 0);
        let (narrow, wide) = (self.grouping.layout(false), self.grouping.layout(true));
        for outcome in outcomes {
            totals.add(&outcome.totals);
            lacking += outcome.lacking;
            for (number, counts) in outcome.direct.iter() {
                let mut key = KeyWords::default();
                narrow.slots().iter().for_each(|slot| slot.put_number(number, &mut key));
                self.narrow.insert(&Entry { key, counts: *counts, rates: Rates::default() });
            }
        }
        let mut groups = self.narrow.seal(threads);
        if is_wide {
            groups.each_on(threads, &|entry| {
                self.wide.insert(&Entry { key: wide.widen(&narrow, &entry.key), ..*entry });
            });
            groups = self.wide.seal(threads);
        }
        Groups { groups, totals, lacking, threads }
    }
}

/// A thread's part in an aggregation.
pub struct Worker<'a> {
    aggregation: &'a Aggregation,
    values: Values,
    narrow: Box<dyn Work + 'a>,
    wide: Box<dyn Work + 'a>,
    outcome: Outcome,
}

/// What a worker did, beside the groups it handed on.
#[derive(Default)]
pub struct Outcome {
    totals: Counts,
    lacking: u64,
    direct: Direct,
    wide: bool,
}

impl Outcome {
    /// Whether there are keys with IPv6 addresses.
    pub(super) fn is_wide(&self) -> bool {
        self.wide
    }

    /// Adds what another worker did.
    pub(super) fn merge(&mut self, other: Outcome) {
        self.totals.add(&other.totals);
        self.lacking += other.lacking;
        self.direct.merge(other.direct);
        self.wide |= other.wide;
    }
}

impl Worker<'_> {
    /// Adds a batch's selected flows. A batch without the fields of the key is only counted.
    pub fn add(&mut self, batch: &FlowBatch) {
        if !self.aggregation.grouping.suits(batch.schema()) {
            self.outcome.lacking += batch.len() as u64;
            return;
        }
        let grouping = &self.aggregation.grouping;
        self.values.gather(batch, grouping, &mut self.outcome.totals);
        let wide = grouping.is_wide(batch);
        self.outcome.wide |= wide;
        let keys = grouping.keys().len() as u64;
        let came = self.aggregation.came.fetch_add(batch.len() as u64 * keys, Ordering::Relaxed);
        for (at, key) in (0..).zip(grouping.keys()) {
            self.values.stand(came + at, keys);
            match key.parts.as_slice() {
                [part] if !grouping.has_rates() && Direct::suits(batch, *part) => {
                    self.outcome.direct.add(batch, &self.values, *part)
                }
                _ if wide => self.wide.add(batch, &self.values, key),
                _ => self.narrow.add(batch, &self.values, key),
            }
        }
    }

    /// Hands on what it still holds.
    pub fn finish(mut self) -> Outcome {
        self.narrow.finish();
        self.wide.finish();
        self.outcome
    }
}

/// Flows grouped.
pub struct Groups {
    groups: Box<dyn Sorted>,
    totals: Counts,
    lacking: u64,
    threads: usize,
}

impl Groups {
    pub(super) fn new(groups: Box<dyn Sorted>, totals: Counts, lacking: u64) -> Groups {
        Groups { groups, totals, lacking, threads: cores() }
    }

    /// How many groups.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all flows come to, each counted once.
    pub fn totals(&self) -> &Counts {
        &self.totals
    }

    /// Flows left out, because their batch had not the fields of the key.
    pub fn lacking(&self) -> u64 {
        self.lacking
    }

    /// Calls with every group, in no order.
    pub(super) fn each(&self, see: &mut dyn FnMut(&Entry)) {
        self.groups.each(see);
    }

    /// Puts ranks in the place of numbers of values that are no numbers themselves.
    pub(super) fn rank_words(&mut self, parts: &[Part], ranked: &Ranked) {
        for (at, _) in parts.iter().enumerate().filter(|(_, part)| matches!(part, Part::Word(_))) {
            self.groups.renumber(at, &|number| ranked.rank(number));
        }
    }

    /// Groups of these groups: all whose keys begin with the parts of `layout`, counted as one flow each.
    pub(super) fn count_by(&self, layout: KeyLayout) -> Groups {
        let mask = layout.mask();
        let counted = engine(layout, Sums::Counts, false);
        self.groups.each_on(self.threads, &|entry| {
            let mut key = entry.key;
            key.iter_mut().zip(mask).for_each(|(word, mask)| *word &= mask);
            let counts = Counts { flows: 1, ..Counts::default() };
            counted.insert(&Entry { key, counts, rates: Rates::default() });
        });
        Groups { groups: counted.seal(self.threads), totals: self.totals, lacking: self.lacking, threads: self.threads }
    }

    /// Takes keys apart.
    pub fn layout(&self) -> &KeyLayout {
        self.groups.layout()
    }

    /// The first `limit` groups in order, as text: `line` appends a group's text, on any core; `sink` gets the texts of
    /// some groups each, in order.
    pub fn render<E>(
        &mut self,
        order: Order,
        limit: usize,
        line: impl Fn(&Entry, &mut Vec<u8>) + Sync,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.pieces(order, limit, line, |text: &mut Vec<u8>| {
            let end = sink(text);
            text.clear();
            end
        })
    }

    /// The first `limit` groups in order, some at a time: for what depends on those before, such as running totals.
    pub fn visit<E>(
        &mut self,
        order: Order,
        limit: usize,
        mut sink: impl FnMut(&[Entry]) -> Result<(), E>,
    ) -> Result<(), E> {
        let keep = |entry: &Entry, entries: &mut Vec<Entry>| entries.push(*entry);
        self.pieces(order, limit, keep, |entries: &mut Vec<Entry>| {
            let end = sink(entries);
            entries.clear();
            end
        })
    }

    /// Ranks, makes something of each bucket's groups within the limit, and hands that to `sink` in order.
    fn pieces<T: Default + Send, E>(
        &mut self,
        order: Order,
        limit: usize,
        add: impl Fn(&Entry, &mut T) + Sync,
        mut sink: impl FnMut(&mut T) -> Result<(), E>,
    ) -> Result<(), E> {
        if limit <= FEW && limit < self.len() / 4 && order.by != SortBy::Arrival {
            let mut made = T::default();
            self.groups.first(order, limit, self.threads).iter().for_each(|entry| add(entry, &mut made));
            return sink(&mut made);
        }
        let ranking = self.groups.rank(order, self.threads);
        let mut left = limit;
        let mut wanted = Vec::new();
        for size in &ranking.sizes {
            if left == 0 {
                break;
            }
            wanted.push(left.min(*size));
            left -= left.min(*size);
        }
        let groups = &self.groups;
        let piece = |(): &mut (), bucket: usize, made: &mut T| {
            let limit = wanted.get(bucket).map_or(0, |n| *n);
            groups.bucket(order, &ranking, bucket, limit, &mut |entry| add(entry, made));
        };
        pool::in_order(self.threads, wanted.len(), || (), piece, sink)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}
