//! Making reports: from batches, on any number of threads, to what is to be shown.

use super::config::{AddressFormat, Output, Report};
use super::fields::Field;
use super::hollow::Hollow;
use super::seconds::Seconds;
use super::totals::{Clock, Range, Totals};
use super::types::{Key, Kind, Side, What};
use crate::flow::symbols::Kind as Names;
use crate::flow::time::FlowTimes;
use crate::flow::{Field as Flow, FlowBatch, Projection, Schema, Select};
use crate::report::group::Outcome as Grouped;
use crate::report::{Aggregation, Counts, Grouping, Groups, Order, Part, Rates, SortBy, Worker as Grouper};
use crate::select::Predicate;

/// A report being made.
pub struct Making<'a> {
    pub(super) report: &'a Report,
    pub(super) filter: Option<Predicate>,
    pub(super) body: Body,
    /// What was taken in order.
    pub(super) taken: Outcome,
}

pub(super) enum Body {
    /// Groups, and groups of pairs where those are counted.
    Groups(Vec<Aggregation>),
    Totals,
    Seconds,
}

/// How a column of a key is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// The first part of the key that it is.
    pub part: usize,
    pub show: Show,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Show {
    Address,
    /// An address, and the length of its prefix in the next part.
    Network,
    Number(Option<Names>),
}

/// A thread's part in a report.
pub struct Worker<'m> {
    making: &'m Making<'m>,
    groups: Vec<Grouper<'m>>,
    totals: Option<Totals>,
    seconds: Option<Seconds>,
    clock: Clock,
    hollow: Hollow,
    ignored: u64,
}

/// What a thread's part came to.
#[derive(Default)]
pub struct Outcome {
    groups: Vec<Grouped>,
    pub(super) totals: Option<Totals>,
    pub(super) seconds: Option<Seconds>,
    /// Of all flows, where they came in order.
    pub(super) rates: Rates,
    pub(super) span: Range,
    /// Flows of no packets or no octets.
    pub(super) ignored: u64,
}

/// A report, made.
pub struct Made<'a> {
    pub(super) report: &'a Report,
    pub(super) groups: Option<Groups>,
    /// How many values the counted key has, where a flow stands for a value.
    pub(super) counted: Option<Groups>,
    pub(super) totals: Option<Totals>,
    pub(super) seconds: Option<Seconds>,
    /// Seconds since 1970.
    pub(super) span: Range,
    pub(super) counts: Counts,
    pub(super) rates: Rates,
    lacking: u64,
    ignored: u64,
}

impl Report {
    /// How the columns of its key are shown.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let mut part = 0;
        let column = |key: &Key| {
            let parts = self.parts(key);
            let show = match (key.what, parts.as_slice()) {
                (What::Address(_), [_, _]) => Show::Network,
                (What::Address(_) | What::Host(_), _) => Show::Address,
                (What::Number(_, names), _) => Show::Number(names),
                (What::Tag(_), _) => Show::Number(Some(Names::Tag)),
                (What::Class(_) | What::Other(_), _) => Show::Number(None),
            };
            part += parts.len();
            Shown { part: part - parts.len(), show }
        };
        self.what.columns().iter().map(column).collect()
    }

    /// How addresses of a side are shown. Where flows count under either address, one way holds for both.
    fn format(&self, side: Side) -> AddressFormat {
        let [source, destination] = self.formats;
        match (self.what.kind, side) {
            (Kind::Either, _) if source == AddressFormat::Address => destination,
            (Kind::Either, _) | (_, Side::Source) => source,
            (_, Side::Destination) => destination,
        }
    }

    /// The parts of a key that a column is made of.
    fn parts(&self, key: &Key) -> Vec<Part> {
        match key.what {
            What::Address(side) => {
                let (address, mask) = (side.address(), side.mask());
                match self.format(side) {
                    AddressFormat::Address => vec![Part::Address(address)],
                    AddressFormat::PrefixLen => vec![Part::Address(address), Part::Number(mask)],
                    AddressFormat::PrefixMask => vec![Part::Network(address, mask), Part::Number(mask)],
                }
            }
            What::Host(field) => vec![Part::Address(field)],
            What::Number(field, _) => vec![Part::Number(field)],
            What::Tag(side) => vec![match self.tag_mask {
                Some([source, destination]) => {
                    Part::Masked(side.tag(), if side == Side::Source { source } else { destination })
                }
                None => Part::Number(side.tag()),
            }],
            What::Class(side) => vec![Part::Class(side.address())],
            What::Other(part) => vec![part],
        }
    }

    /// Whether rates are to be looked at.
    pub(super) fn has_rates(&self) -> bool {
        let rate = |sort: &(Field, bool)| matches!(sort.0, Field::Rate(_));
        self.outputs.iter().any(|output| output.fields.has_rates() || output.sort.as_ref().is_some_and(rate))
    }

    /// Whether an output shows the order in which groups were seen: as numbers of rows that nobody asked to sort.
    fn shows_arrival(&self) -> bool {
        let shows = |output: &Output| self.order_of(output).1.by == SortBy::Seen;
        matches!(self.what.kind, Kind::Groups | Kind::Either | Kind::Count) && self.outputs.iter().any(shows)
    }

    /// By which field an output's rows are ordered, and how. Those that nobody asked to sort are in order of the key;
    /// but if they are numbered, as they came, where the original has them so.
    pub(super) fn order_of(&self, output: &Output) -> (Field, Order) {
        let shown = self.shown();
        let by = |(field, descending): (Field, bool)| {
            let by = field.order(|key| shown.get(key).map_or(0, |shown| shown.part))?;
            Some((field, Order { by, descending }))
        };
        let seen = output.fields.has(Field::Index) && !self.what.is_array();
        let unsorted = if seen { SortBy::Seen } else { SortBy::Part(0) };
        output.sort.and_then(by).unwrap_or((Field::Key(0), Order { by: unsorted, descending: false }))
    }

    /// What flows are grouped by: the key; and the pairs that are counted.
    fn groupings(&self) -> Vec<Grouping> {
        let parts: Vec<Vec<Part>> = self.what.keys.iter().map(|key| self.parts(key)).collect();
        let key = |keys: usize| Grouping::by(&parts.iter().take(keys).flatten().copied().collect::<Vec<_>>());
        let made = match (self.what.kind, parts.as_slice()) {
            (Kind::Groups, parts) => vec![key(parts.len())],
            (Kind::Either, [one, other]) => vec![Grouping::by_either_of(one, other)],
            (Kind::Count, _) => vec![key(1), key(2)],
            _ => Vec::new(),
        };
        let sums = |(at, grouping): (usize, Grouping)| match at {
            0 if self.has_rates() => grouping.with_rates().scaled(self.scale),
            0 if self.shows_arrival() => grouping.with_places().scaled(self.scale),
            0 => grouping.with_duration(self.needs_duration()).scaled(self.scale),
            _ => grouping,
        };
        // No type has a key too long, even of IPv6 networks: a test looks.
        made.into_iter().flatten().enumerate().map(sums).collect()
    }

    fn needs_duration(&self) -> bool {
        self.outputs.iter().any(|output| {
            output.fields.has(Field::Duration) || output.sort.is_some_and(|(field, _)| field == Field::Duration)
        })
    }

    /// The fields that are looked at.
    pub fn fields(&self) -> Projection {
        let counts = [Flow::Flows, Flow::Octets, Flow::Packets, Flow::UnixSecs, Flow::Last];
        let all: Projection = counts.into_iter().collect();
        let all = if self.needs_times() { all.union(&FlowTimes::needs()) } else { all };
        self.groupings().iter().fold(all, |all, grouping| all.union(&grouping.fields()))
    }

    /// Whether times are to be looked at beside those that keys and durations are made of.
    fn needs_times(&self) -> bool {
        matches!(self.what.kind, Kind::Detail | Kind::Counters | Kind::Seconds) || self.needs_span()
    }

    /// Whether it matters when the first and the last flow were.
    pub(super) fn needs_span(&self) -> bool {
        self.outputs.iter().any(|output| {
            let fields = [Field::First, Field::Last];
            output.options.header || output.path.is_some() || fields.iter().any(|field| output.fields.has(*field))
        }) || self.what.kind == Kind::Detail
    }

    /// A field of the key that flows of this schema lack.
    pub fn lacks(&self, schema: &Schema) -> Option<Flow> {
        let lacks = || self.groupings().iter().find_map(|grouping| grouping.lacks(schema));
        let timed = self.what.kind == Kind::Seconds && !FlowTimes::known(schema);
        if timed { Some(Flow::First) } else { lacks() }
    }
}

impl<'a> Making<'a> {
    /// A report of no flows yet; only those that pass the filter will count.
    pub fn new(report: &'a Report, filter: Option<Predicate>) -> Making<'a> {
        let body = match report.what.kind {
            Kind::Detail | Kind::Counters => Body::Totals,
            Kind::Seconds => Body::Seconds,
            _ => Body::Groups(report.groupings().into_iter().map(Aggregation::new).collect()),
        };
        Making { report, filter, body, taken: Outcome::default() }
    }

    /// Whether it matters in which order flows come: groups are numbered as they came, and sums of fractions depend on
    /// it.
    pub fn is_ordered(&self) -> bool {
        matches!(self.body, Body::Seconds) || self.report.has_rates() || self.report.shows_arrival()
    }

    /// The fields that are looked at.
    pub fn fields(&self) -> Projection {
        let filter = self.filter.as_ref().map_or(Projection::NONE, Predicate::fields);
        self.report.fields().union(&filter)
    }

    /// A thread's part in it.
    pub fn worker(&self) -> Worker<'_> {
        let groups: &[Aggregation] = if let Body::Groups(groups) = &self.body { groups } else { &[] };
        let (totals, seconds) = (self.totals(), self.seconds());
        let groups = groups.iter().map(Aggregation::worker).collect();
        let (clock, hollow) = (Clock::default(), Hollow::default());
        Worker { making: self, groups, totals, seconds, clock, hollow, ignored: 0 }
    }

    /// No totals yet, where they are the report.
    pub(super) fn totals(&self) -> Option<Totals> {
        let detail = self.report.what.kind == Kind::Detail;
        matches!(self.body, Body::Totals).then(|| Totals::new(self.report.scale, detail))
    }

    /// No seconds yet, where they are the report.
    pub(super) fn seconds(&self) -> Option<Seconds> {
        matches!(self.body, Body::Seconds).then(|| Seconds::new(self.report.scale))
    }

    /// The report, of what was taken in order, or of what all threads did.
    pub fn finish(mut self, all: Outcome) -> Made<'a> {
        self.taken.merge(all);
        let Outcome { groups: outcomes, totals, seconds, rates, span, ignored } = self.taken;
        let taken = |body: &Body| matches!(body, Body::Groups(groups) if groups.iter().any(Aggregation::is_wide));
        let wide = outcomes.iter().any(Grouped::is_wide) || taken(&self.body);
        let groups = if let Body::Groups(groups) = self.body { groups } else { Vec::new() };
        let mut outcomes = outcomes.into_iter();
        let made = |group: Aggregation| group.finish_as(outcomes.next().into_iter().collect(), wide);
        let mut made = groups.into_iter().map(made);
        let groups = made.next();
        let pairs = made.next();
        let counted = groups.as_ref().zip(pairs).map(|(groups, pairs)| pairs.count_by(groups.layout().clone()));
        let all = groups.as_ref().map(|groups| *groups.totals());
        let all = all.or(totals.as_ref().map(|totals| totals.counts)).or(seconds.as_ref().map(|s| s.counts));
        let rates = totals.as_ref().map_or(rates, |totals| totals.rates);
        let lacking = groups.as_ref().map_or(0, Groups::lacking);
        let counts = all.unwrap_or_default();
        Made { report: self.report, groups, counted, totals, seconds, span, counts, rates, lacking, ignored }
    }
}

impl Worker<'_> {
    /// Adds a batch's selected flows, those that pass the report's filter.
    pub fn add(&mut self, batch: &FlowBatch) {
        let Some(filter) = &self.making.filter else { return self.take(batch) };
        let mut own = batch.clone();
        Select::select(filter, &mut own);
        if !own.is_empty() {
            self.take(&own);
        }
    }

    fn take(&mut self, batch: &FlowBatch) {
        let (batch, ignored) = self.hollow.leave_out(batch);
        let batch = batch.as_ref();
        self.ignored += ignored;
        if self.making.report.needs_span() {
            self.clock.add(batch);
        }
        self.groups.iter_mut().for_each(|worker| worker.add(batch));
        self.totals.iter_mut().for_each(|totals| totals.add(batch));
        self.seconds.iter_mut().for_each(|seconds| seconds.add(batch));
    }

    /// Hands on what it still holds.
    pub fn finish(self) -> Outcome {
        let groups = self.groups.into_iter().map(Grouper::finish).collect();
        let (span, rates) = (self.clock.span, Rates::default());
        Outcome { groups, totals: self.totals, seconds: self.seconds, span, rates, ignored: self.ignored }
    }
}

impl Outcome {
    /// Adds what another thread did; or what came later, where order matters.
    pub fn merge(&mut self, later: Outcome) {
        if self.groups.is_empty() {
            self.groups = later.groups;
        } else {
            self.groups.iter_mut().zip(later.groups).for_each(|(all, more)| all.merge(more));
        }
        match (&mut self.totals, later.totals) {
            (Some(all), Some(more)) => all.merge(&more),
            (all, more) => *all = all.take().or(more),
        }
        match (&mut self.seconds, later.seconds) {
            (Some(all), Some(more)) => all.merge(&more),
            (all, more) => *all = all.take().or(more),
        }
        self.rates.add(&later.rates);
        self.span.add(later.span);
        self.ignored += later.ignored;
    }
}

impl<'a> Made<'a> {
    /// What was asked for.
    pub fn report(&self) -> &'a Report {
        self.report
    }

    /// Flows left out, because they had not the fields.
    pub fn lacking(&self) -> u64 {
        self.lacking
    }

    /// All flows left out: those, and those of no packets or no octets.
    pub fn ignored(&self) -> u64 {
        self.lacking + self.ignored
    }

    /// When the first and the last flow were told of, seconds since 1970; `None` if that was not asked for, or there
    /// was no flow.
    pub fn span(&self) -> Option<(u64, u64)> {
        (self.span.least <= self.span.greatest).then_some((self.span.least, self.span.greatest))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        let seconds = || self.seconds.as_ref().map_or(0, |seconds| seconds.rows().len());
        self.groups.as_ref().map_or_else(seconds, Groups::len)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
