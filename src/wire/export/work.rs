//! A batch made ready to be sent: its columns, its times, and whose flows they are.

use std::collections::HashMap;

use super::plan::{Origin, Plan};
use super::rows::{Picked, Place, Run, column, numbers, run, variable};
use crate::flow::time::absolute_ms;
use crate::flow::{FlowBatch, Order, Rows, StoredRows, VARIABLE, View};

/// Whose message a flow belongs in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub(super) struct Key {
    /// The exporter's IPv4 address, where messages are by exporter; else 0.
    pub exporter: u32,
    /// The observation domain.
    pub domain: u32,
}

/// Space for the times of a batch's rows, used again.
#[derive(Default)]
pub(super) struct Times {
    /// When they were exported, ms since 1970; empty if the batch does not say.
    export: Vec<u64>,
    /// The plan's stamps as ms since 1970.
    stamps: Vec<Vec<u64>>,
    /// The least and the greatest of the stamps.
    bounds: (u64, u64),
    words: [Vec<u32>; 4],
}

/// A batch, seen as its plan needs it.
pub(super) struct Work<'a> {
    pub plan: &'a Plan,
    views: Vec<Option<View<'a>>>,
    times: &'a Times,
    /// Rows whose octets are in the order of messages, and what of them is copied as it is.
    stored: Option<(StoredRows<'a>, Vec<Run>)>,
}

impl Times {
    /// Works out the times of all rows of a batch.
    fn load(&mut self, plan: &Plan, batch: &FlowBatch) {
        let rows = Rows::All(batch.height());
        let [secs, nsecs, uptime, stamp] = &mut self.words;
        let gather = |at: Option<usize>, out: &mut Vec<u32>| match at.and_then(|at| batch.column(at)) {
            Some(view) => view.gather(rows, out),
            None => {
                out.clear();
                out.resize(rows.len(), 0);
            }
        };
        self.export.clear();
        if plan.clock[0].is_some() {
            gather(plan.clock[0], secs);
            gather(plan.clock[1], nsecs);
            let clock = secs.iter().zip(&*nsecs);
            self.export.extend(clock.map(|(secs, nsecs)| u64::from(*secs) * 1000 + u64::from(nsecs / 1_000_000)));
        }
        self.stamps.resize_with(plan.stamps.len(), Vec::new);
        self.bounds = (u64::MAX, 0);
        if !plan.stamps.is_empty() {
            gather(plan.clock[2], uptime);
        }
        for (at, out) in plan.stamps.iter().zip(&mut self.stamps) {
            gather(Some(*at), stamp);
            out.clear();
            let clock = secs.iter().zip(&*nsecs).zip(&*uptime).zip(&*stamp);
            out.extend(clock.map(|(((secs, nsecs), uptime), stamp)| absolute_ms(*secs, *nsecs, *uptime, *stamp)));
            self.bounds = out.iter().fold(self.bounds, |(least, most), t| (least.min(*t), most.max(*t)));
        }
    }
}

impl<'a> Work<'a> {
    /// A batch to be sent by this plan; `times` is filled.
    pub fn new(plan: &'a Plan, batch: &'a FlowBatch, times: &'a mut Times) -> Work<'a> {
        times.load(plan, batch);
        let stored = batch.stored_rows().filter(|stored| stored.order == Order::Big && !plan.variable);
        let stored = stored.map(|stored| (stored, runs(plan, &stored)));
        Work { plan, views: (0..batch.schema().fields().len()).map(|at| batch.column(at)).collect(), times, stored }
    }

    /// When a row was exported, ms since 1970, if the batch says so.
    pub fn export(&self, row: usize) -> Option<u64> {
        self.times.export.get(row).copied()
    }

    /// The latest time that rows speak of: of their export and, if asked for, of their flows' uptimes.
    pub fn latest(&self, rows: Picked<'_>, uptimes: bool) -> Option<u64> {
        let all = std::iter::once(&self.times.export).chain(self.times.stamps.iter().filter(|_| uptimes));
        all.filter_map(|times| (0..rows.len()).filter_map(|at| times.get(rows.row(at)).copied()).max()).max()
    }

    /// The earliest of a row's uptimes, if it has any.
    pub fn earliest(&self, row: usize) -> Option<u64> {
        self.times.stamps.iter().filter_map(|stamp| stamp.get(row).copied()).min()
    }

    /// How many rows, from the first on, have uptimes that 32 bits tell, counted from `boot`.
    pub fn within(&self, boot: u64, rows: Picked<'_>) -> usize {
        let fits = |time: u64| time.wrapping_sub(boot) <= u64::from(u32::MAX);
        let (least, most) = self.times.bounds;
        if least > most || (fits(least) && fits(most)) {
            return rows.len();
        }
        rows.count_while(|row| self.times.stamps.iter().all(|stamp| stamp.get(row).is_none_or(|time| fits(*time))))
    }

    /// How many rows, from the first on, were exported in the same second as it.
    pub fn in_one_second(&self, rows: Picked<'_>) -> usize {
        let second = |row| self.export(row).map(|ms| ms / 1000);
        let first = second(rows.row(0));
        rows.count_while(|row| second(row) == first)
    }

    /// Writes some rows' records, of the plan's size, to `out`. Uptimes count from `boot`.
    pub fn write(&self, rows: Picked<'_>, boot: u64, out: &mut [u8]) {
        if let Some((stored, all)) = &self.stored {
            all.iter().for_each(|one| run(stored, *one, rows, out, self.plan.size));
        }
        for field in &self.plan.moves {
            let place = Place { size: self.plan.size, at: field.to, width: usize::from(field.width) };
            match field.from {
                Origin::Column(..) if self.stored.is_some() => {}
                Origin::Column(at, number) => {
                    if let Some(view) = self.views.get(at).and_then(Option::as_ref) {
                        column(view, number, rows, out, place);
                    }
                }
                Origin::Stamp(at) => {
                    let stamp = self.times.stamps.get(at).map_or(&[][..], Vec::as_slice);
                    numbers(rows, out, place, |row| stamp.get(row).map_or(0, |time| time.wrapping_sub(boot)));
                }
            }
        }
    }

    /// One row's record into `out`, which is emptied first; for records with values of variable length.
    pub fn write_one(&self, row: usize, boot: u64, out: &mut Vec<u8>) {
        out.clear();
        for field in &self.plan.moves {
            let view = |at: usize| self.views.get(at).and_then(Option::as_ref);
            if let (VARIABLE, Origin::Column(at, _)) = (field.width, field.from) {
                variable(view(at), row, out);
                continue;
            }
            let (start, width) = (out.len(), usize::from(field.width));
            out.resize(start + width, 0);
            let to = out.get_mut(start..).unwrap_or_default();
            let (place, rows) = (Place { size: width, at: 0, width }, Picked::Run(row, 1));
            match field.from {
                Origin::Column(at, number) => {
                    if let Some(view) = view(at) {
                        column(view, number, rows, to, place);
                    }
                }
                Origin::Stamp(at) => {
                    let time = self.times.stamps.get(at).and_then(|stamp| stamp.get(row)).copied().unwrap_or(0);
                    numbers(rows, to, place, |_| time.wrapping_sub(boot));
                }
            }
        }
    }
}

/// What rows in the order of messages have that is copied as it is: fields side by side in both at once.
fn runs(plan: &Plan, stored: &StoredRows<'_>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for field in &plan.moves {
        let Origin::Column(at, _) = field.from else { continue };
        let Some(from) = stored.offsets.get(at).copied().map(usize::from) else { continue };
        let (to, len) = (field.to, usize::from(field.width));
        match runs.last_mut() {
            Some(last) if (last.from + last.len, last.to + last.len) == (from, to) => last.len += len,
            _ => runs.push(Run { from, to, len }),
        }
    }
    runs
}

/// Whose messages the flows of a batch belong in: of each its rows.
pub(super) fn sorted(batch: &FlowBatch, exporter: Option<usize>, domain: Option<usize>) -> Groups<'_> {
    let all = match batch.rows() {
        Rows::All(count) => Picked::Run(0, count),
        Rows::Some(rows) => Picked::Some(rows),
    };
    let mut keys = vec![Key::default(); if exporter.or(domain).is_some() { all.len() } else { 0 }];
    let mut column = Vec::<u32>::new();
    let mut fill = |at: Option<usize>, set: fn(&mut Key, u32)| {
        if let Some(view) = at.and_then(|at| batch.column(at)) {
            view.gather(batch.rows(), &mut column);
            keys.iter_mut().zip(&column).for_each(|(key, value)| set(key, *value));
        }
    };
    fill(exporter, |key, value| key.exporter = value);
    fill(domain, |key, value| key.domain = value);
    let first = keys.first().copied().unwrap_or_default();
    if keys.iter().all(|key| *key == first) {
        return Groups { one: Some((first, all)), several: Vec::new() };
    }
    let mut places = HashMap::new();
    let mut several: Vec<(Key, Vec<u32>)> = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        let place = *places.entry(key).or_insert(several.len());
        if place == several.len() {
            several.push((key, Vec::new()));
        }
        if let Some((_, rows)) = several.get_mut(place) {
            rows.push(all.row(at) as u32);
        }
    }
    Groups { one: None, several }
}

/// The rows of a batch by what messages they belong in, each one's in their order.
pub(super) struct Groups<'a> {
    one: Option<(Key, Picked<'a>)>,
    several: Vec<(Key, Vec<u32>)>,
}

impl Groups<'_> {
    /// Them all, in the order of their first rows.
    pub fn iter(&self) -> impl Iterator<Item = (Key, Picked<'_>)> {
        let several = self.several.iter().map(|(key, rows)| (*key, Picked::Some(rows)));
        self.one.iter().copied().chain(several)
    }
}
