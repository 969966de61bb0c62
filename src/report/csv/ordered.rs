//! Reports for which it matters in which order flows come.
//!
//! What does not depend on it is done batch by batch on any thread; what that makes is taken in order.

use super::hollow::Hollow;
use super::make::{Body, Making};
use super::totals::{Clock, Range};
use crate::flow::{FlowBatch, Select};
use crate::report::group;
use crate::report::{Aggregation, Counts, Rates};

/// A thread's part in preparing batches.
pub struct Stager<'m> {
    making: &'m Making<'m>,
    groups: Vec<group::Stager>,
    clock: Clock,
    hollow: Hollow,
}

/// A batch, prepared.
pub struct Staged {
    groups: Vec<group::Staged>,
    /// The flows themselves, where they are still to be summed.
    batch: Option<FlowBatch>,
    /// Packets and bits a second of those flows that lasted, as their bits.
    rates: Vec<[u64; 2]>,
    span: Range,
    ignored: u64,
}

impl<'a> Making<'a> {
    /// A thread's part in preparing batches.
    pub fn stager(&self) -> Stager<'_> {
        let groups: &[Aggregation] = if let Body::Groups(groups) = &self.body { groups } else { &[] };
        let groups = groups.iter().map(Aggregation::stager).collect();
        Stager { making: self, groups, clock: Clock::default(), hollow: Hollow::default() }
    }

    /// The same report of no flows yet; it can take what stagers of this one make.
    pub fn again(&self) -> Making<'a> {
        let body = match &self.body {
            Body::Groups(groups) => Body::Groups(groups.iter().map(Aggregation::again).collect()),
            Body::Totals => Body::Totals,
            Body::Seconds => Body::Seconds,
        };
        let mut making = Making { body, ..Making::new(self.report, self.filter.clone()) };
        (making.taken.totals, making.taken.seconds) = (making.totals(), making.seconds());
        making
    }

    /// Takes the next batch.
    pub fn take(&mut self, staged: Staged) {
        if let Body::Groups(groups) = &mut self.body {
            groups.iter_mut().zip(staged.groups).for_each(|(groups, staged)| groups.take(staged));
        }
        let taken = &mut self.taken;
        if let Some(batch) = &staged.batch {
            taken.totals.iter_mut().for_each(|totals| totals.add(batch));
            taken.seconds.iter_mut().for_each(|seconds| seconds.add(batch));
        }
        staged.rates.into_iter().for_each(|rates| taken.rates.add(&Rates::one(rates)));
        taken.span.add(staged.span);
        taken.ignored += staged.ignored;
    }
}

impl Stager<'_> {
    /// Prepares a batch's selected flows, those that pass the report's filter.
    pub fn stage(&mut self, batch: &FlowBatch) -> Staged {
        let Some(filter) = &self.making.filter else { return self.prepare(batch) };
        let mut own = batch.clone();
        Select::select(filter, &mut own);
        self.prepare(&own)
    }

    fn prepare(&mut self, batch: &FlowBatch) -> Staged {
        let (batch, ignored) = self.hollow.leave_out(batch);
        let batch = batch.as_ref();
        let report = self.making.report;
        let span = if report.needs_span() { self.clock.span_of(batch) } else { Range::default() };
        let mut rates = Vec::new();
        let mut groups = Vec::new();
        for (at, stager) in self.groups.iter_mut().enumerate() {
            groups.push(match at == 0 && report.has_rates() {
                true => stager.stage(batch, |counts: Counts| rates.extend(Rates::of(&counts).only())),
                false => stager.stage(batch, |_| ()),
            });
        }
        let batch = groups.is_empty().then(|| batch.clone());
        Staged { groups, batch, rates, span, ignored }
    }
}
