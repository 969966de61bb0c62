//! Grouping from batches to groups: [`Aggregation`], [`Worker`], [`Groups`].

use super::direct::Direct;
use super::engine::{Group, Sums, Work, engine, random};
use super::gather::Values;
use super::key::{Grouping, KeyLayout, KeyWords};
use super::parcel::{self, Stage};
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
    /// What came in order.
    taken: Outcome,
    /// Flows that did, once for every key they count under.
    came: u64,
}

impl Aggregation {
    /// No flows yet.
    pub fn new(grouping: Grouping) -> Aggregation {
        Aggregation::seeded(grouping, random())
    }

    fn seeded(grouping: Grouping, seed: u64) -> Aggregation {
        let engine = |wide| engine(grouping.layout(wide), grouping.sums(), grouping.may_be_coded(), seed);
        let (narrow, wide, threads) = (engine(false), engine(true), cores());
        Aggregation { narrow, wide, threads, grouping, taken: Outcome::default(), came: 0 }
    }

    /// The same without flows: it may take what stagers of the other made.
    pub(super) fn again(&self) -> Aggregation {
        Aggregation { threads: self.threads, ..Aggregation::seeded(self.grouping.clone(), self.narrow.seed()) }
    }

    /// A thread's part in preparing batches that are to be taken in order.
    pub(super) fn stager(&self) -> Stager {
        let (narrow, wide) = (self.narrow.stage(), self.wide.stage());
        Stager { grouping: self.grouping.clone(), values: Values::default(), narrow, wide }
    }

    /// Takes what a stager made of the next batch.
    pub(super) fn take(&mut self, staged: Staged) {
        self.taken.merge(staged.outcome);
        let Some(parcel) = staged.parcel else { return };
        let engine = if staged.wide { &mut self.wide } else { &mut self.narrow };
        engine.deliver(parcel, self.came, self.threads);
        self.came += staged.flows * self.grouping.keys().len() as u64;
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
        let wide = self.is_wide() || outcomes.iter().any(Outcome::is_wide);
        self.finish_as(outcomes, wide)
    }

    /// Whether keys with IPv6 addresses were taken.
    pub(super) fn is_wide(&self) -> bool {
        self.taken.is_wide()
    }

    /// The same, with keys of the layout for IPv6 if that is asked for; it must be where an outcome is wide.
    pub(super) fn finish_as(self, outcomes: Vec<Outcome>, is_wide: bool) -> Groups {
        let threads = self.threads;
        let (mut totals, mut lacking) = (Counts::default(), 0);
        let (narrow, wide) = (self.grouping.layout(false), self.grouping.layout(true));
        for outcome in outcomes.into_iter().chain([self.taken]) {
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

/// A thread's part in preparing batches.
pub(super) struct Stager {
    grouping: Grouping,
    values: Values,
    narrow: Box<dyn Stage>,
    wide: Box<dyn Stage>,
}

/// A batch, prepared.
pub(super) struct Staged {
    parcel: Option<parcel::Any>,
    wide: bool,
    flows: u64,
    outcome: Outcome,
}

impl Stager {
    /// Prepares a batch's selected flows; with each flow's counts in their order given to `see`.
    pub fn stage(&mut self, batch: &FlowBatch, mut see: impl FnMut(Counts)) -> Staged {
        let (mut outcome, flows) = (Outcome::default(), batch.len() as u64);
        if !self.grouping.suits(batch.schema()) {
            outcome.lacking = flows;
            return Staged { parcel: None, wide: false, flows, outcome };
        }
        self.values.gather(batch, &self.grouping, &mut outcome.totals);
        (0..batch.len()).for_each(|at| see(self.values.get(at)));
        let wide = self.grouping.is_wide(batch);
        outcome.wide = wide;
        let stage = if wide { &mut self.wide } else { &mut self.narrow };
        let parcel = Some(stage.stage(batch, &self.values, self.grouping.keys()));
        Staged { parcel, wide, flows, outcome }
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
        for key in grouping.keys() {
            match key.parts.as_slice() {
                [part] if !grouping.is_ordered() && Direct::suits(batch, *part) => {
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
        let counted = engine(layout, Sums::Counts, false, random());
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
        self.pieces(
            order,
            limit,
            |_, entry, text| line(entry, text),
            |text: &mut Vec<u8>| {
                let end = sink(text);
                text.clear();
                end
            },
        )
    }

    /// The first `limit` groups in order, some at a time: for what depends on those before, such as running totals.
    pub fn visit<E>(
        &mut self,
        order: Order,
        limit: usize,
        mut sink: impl FnMut(&[Entry]) -> Result<(), E>,
    ) -> Result<(), E> {
        let keep = |_: u64, entry: &Entry, entries: &mut Vec<Entry>| entries.push(*entry);
        self.pieces(order, limit, keep, |entries: &mut Vec<Entry>| {
            let end = sink(entries);
            entries.clear();
            end
        })
    }

    /// Ranks, makes something of each bucket's groups within the limit, and hands that to `sink` in order. `add` is told
    /// how many groups stand before its own; `sink` empties what it is given.
    pub(super) fn pieces<T: Default + Send, E>(
        &mut self,
        order: Order,
        limit: usize,
        add: impl Fn(u64, &Entry, &mut T) + Sync,
        mut sink: impl FnMut(&mut T) -> Result<(), E>,
    ) -> Result<(), E> {
        if limit <= FEW && limit < self.len() / 4 && order.by != SortBy::Arrival {
            let mut made = T::default();
            let first = self.groups.first(order, limit, self.threads);
            (0..).zip(&first).for_each(|(number, entry)| add(number, entry, &mut made));
            return sink(&mut made);
        }
        let ranking = self.groups.rank(order, self.threads);
        // Groups before each bucket, and how many of it are wanted.
        let mut wanted: Vec<(usize, usize)> = Vec::new();
        let mut before = 0;
        for size in &ranking.sizes {
            if before >= limit {
                break;
            }
            wanted.push((before, *size.min(&(limit - before))));
            before += size;
        }
        let groups = &self.groups;
        let piece = |(): &mut (), bucket: usize, made: &mut T| {
            let (before, limit) = wanted.get(bucket).copied().unwrap_or_default();
            let mut number = before as u64;
            groups.bucket(order, &ranking, bucket, limit, &mut |entry| {
                add(number, entry, made);
                number += 1;
            });
        };
        pool::in_order(self.threads, wanted.len(), || (), piece, sink)
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}
