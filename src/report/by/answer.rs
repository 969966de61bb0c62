//! Several reports in one reading.

use std::collections::HashMap;

use super::approx::{Approx, ApproxWorker, Seed};
use super::columns::{By, Sum};
use super::spec::Spec;
use crate::flow::{FlowBatch, Projection};
use crate::report::group::Outcome;
use crate::report::words::Ranked;
use crate::report::{Aggregation, Counts, Entry, Groups, KeyLayout, KeyWords, Worker};

/// Reports being made. Threads add to them through workers.
pub struct Reports<'a> {
    reports: Vec<Report<'a>>,
}

struct Report<'a> {
    spec: &'a Spec,
    /// The groups of the key, then those of the key and each value that is counted exactly.
    groups: Vec<Aggregation>,
    sketches: Vec<Approx>,
    fields: Projection,
}

impl<'a> Reports<'a> {
    /// No flows yet.
    pub fn new(specs: &'a [Spec]) -> Reports<'a> {
        Reports { reports: specs.iter().filter_map(Report::new).collect() }
    }

    /// The fields that are looked at.
    pub fn fields(&self) -> Projection {
        self.reports.iter().fold(Projection::NONE, |all, report| all.union(&report.fields))
    }

    /// A thread's part in all of them.
    pub fn worker(&self) -> Workers<'_> {
        let groups = self.reports.iter().flat_map(|report| &report.groups).map(Aggregation::worker).collect();
        let sketches = self.reports.iter().flat_map(|report| &report.sketches).map(Approx::worker).collect();
        Workers { groups, sketches }
    }

    /// What all workers together made: an answer each report.
    pub fn finish(self, outcomes: Vec<ReportOutcomes>) -> Vec<Answer<'a>> {
        // From one list a worker to one list an aggregation.
        let mut outcomes: Vec<_> = outcomes.into_iter().map(|all| all.0.into_iter()).collect();
        let mut next = || -> Vec<Outcome> { outcomes.iter_mut().filter_map(Iterator::next).collect() };
        self.reports.into_iter().map(|report| report.finish(&mut next)).collect()
    }
}

impl<'a> Report<'a> {
    /// `None` never happens to a spec that was parsed: what does not fit is refused there.
    fn new(spec: &'a Spec) -> Option<Report<'a>> {
        let key = spec.grouping(None)?;
        let mut fields = key.fields();
        let (mut groups, mut sketches) = (vec![Aggregation::new(key.clone())], Vec::new());
        for extra in &spec.extras {
            let grouping = spec.grouping(Some(extra))?;
            fields = fields.union(&grouping.fields());
            if extra.approx {
                sketches.push(Approx::new(key.clone().with_duration(false), extra.part));
            } else {
                groups.push(Aggregation::new(grouping));
            }
        }
        Some(Report { spec, groups, sketches, fields })
    }

    fn finish(self, next: &mut impl FnMut() -> Vec<Outcome>) -> Answer<'a> {
        let outcomes: Vec<_> = self.groups.iter().map(|_| next()).collect();
        let wide = outcomes.iter().flatten().any(Outcome::is_wide);
        let layout = KeyLayout::new(&self.spec.parts, wide).unwrap_or_default();
        let mut groups = self.groups.into_iter().zip(outcomes).map(|(group, made)| group.finish_as(made, wide));
        let mut all: Vec<Groups> = groups.next().into_iter().collect();
        let mut lacking: u64 = all.iter().map(Groups::lacking).sum();
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let mut sketches = self.sketches.into_iter();
        for extra in &self.spec.extras {
            let counted = match extra.approx {
                true => sketches.next().map(|sketch| sketch.finish(wide, threads)),
                false => groups.next().map(|groups| groups.count_by(layout.clone())),
            };
            lacking = lacking.max(counted.as_ref().map_or(0, Groups::lacking));
            all.extend(counted);
        }
        let words = self.spec.words.rank();
        if !words.is_empty() {
            all.iter_mut().for_each(|groups| groups.rank_words(&self.spec.parts, &words));
        }
        Answer { spec: self.spec, groups: all, words, lacking }
    }
}

/// A thread's part in reports.
pub struct Workers<'a> {
    groups: Vec<Worker<'a>>,
    sketches: Vec<ApproxWorker<'a>>,
}

/// What a thread's part came to.
pub struct ReportOutcomes(Vec<Outcome>);

impl Workers<'_> {
    /// Adds a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        self.groups.iter_mut().for_each(|worker| worker.add(batch));
        self.sketches.iter_mut().for_each(|worker| worker.add(batch));
    }

    /// Hands on what it still holds.
    pub fn finish(self) -> ReportOutcomes {
        ReportOutcomes(self.groups.into_iter().map(Worker::finish).collect())
    }
}

/// A report, made.
pub struct Answer<'a> {
    pub(super) spec: &'a Spec,
    /// Those with the sums, then one a count of distinct values, which stands in the place of the flows.
    pub(super) groups: Vec<Groups>,
    /// Values that are no numbers.
    pub(super) words: Ranked,
    lacking: u64,
}

/// A row of a report.
#[derive(Clone, Default, Debug)]
pub(super) struct Row {
    pub key: KeyWords,
    pub counts: Counts,
    /// Counts of distinct values.
    pub extras: Vec<u64>,
}

impl Row {
    pub fn sum(&self, sum: Sum) -> u64 {
        match sum {
            Sum::Flows => self.counts.flows,
            Sum::Octets => self.counts.octets,
            Sum::Packets => self.counts.packets,
            Sum::Duration => self.counts.duration,
            Sum::Extra(at) => self.extras.get(at).copied().unwrap_or(0),
        }
    }
}

impl Answer<'_> {
    /// What was asked for.
    pub fn spec(&self) -> &Spec {
        self.spec
    }

    /// Flows left out, because they had not the fields.
    pub fn lacking(&self) -> u64 {
        self.lacking
    }

    /// How many groups.
    pub fn len(&self) -> usize {
        self.groups.first().map_or(0, Groups::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all flows come to, each counted once.
    pub fn totals(&self) -> Counts {
        self.groups.first().map_or_else(Counts::default, |groups| *groups.totals())
    }

    /// The first `limit` rows in order.
    pub(super) fn rows(&mut self, by: By, limit: usize) -> Vec<Row> {
        let extras = self.groups.len() - 1;
        let mut rows = Vec::with_capacity(limit.min(self.len()));
        let Some(leader) = self.groups.get_mut(by.leader) else { return rows };
        let _ = leader.visit(by.order, limit, |entries| {
            rows.extend(entries.iter().map(|entry| row(by.leader, entry, extras)));
            Ok::<_, ()>(())
        });
        if extras == 0 {
            return rows;
        }
        let mut places = HashMap::with_capacity_and_hasher(rows.len(), Seed::random());
        places.extend(rows.iter().enumerate().map(|(at, row)| (row.key, at)));
        for (which, groups) in self.groups.iter().enumerate().filter(|(which, _)| *which != by.leader) {
            groups.each(&mut |entry| {
                if let Some(row) = places.get(&entry.key).and_then(|at| rows.get_mut(*at)) {
                    put(row, which, entry);
                }
            });
        }
        rows
    }
}

fn row(which: usize, entry: &Entry, extras: usize) -> Row {
    let mut row = Row { key: entry.key, extras: vec![0; extras], ..Row::default() };
    put(&mut row, which, entry);
    row
}

fn put(row: &mut Row, which: usize, entry: &Entry) {
    match which.checked_sub(1) {
        None => row.counts = entry.counts,
        Some(extra) => {
            if let Some(count) = row.extras.get_mut(extra) {
                *count = entry.counts.flows;
            }
        }
    }
}
