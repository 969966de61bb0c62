//! Adding flows up.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::plan::{NEITHER, NONE, Plan, TOTAL};
use super::scratch::{APPLICATION, Scratch};
use super::{Counts, IN, OUT, Steps, Times};
use crate::flow::{About, Fact, Field, FlowBatch, Projection, View};

/// What was heard of an exporter.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Seen {
    /// When its last flow ended, ms since 1970.
    pub last: u64,
    /// Its flows.
    pub flows: u64,
}

impl Seen {
    /// Adds what was heard elsewhere.
    pub fn add(&mut self, other: Seen) {
        self.last = self.last.max(other.last);
        self.flows = self.flows.saturating_add(other.flows);
    }
}

/// Where flows are counted: the step's beginning (seconds since 1970), and which of the plan's routers they came from,
/// if from one of them.
type Book = (u64, Option<u16>);

/// An application as flows carry it, and the category that their ports have.
type Application = (IpAddr, Vec<u8>, u16);

/// What flows came to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tally {
    /// By step and router, one for each of the plan's counters.
    pub books: BTreeMap<Book, Vec<Counts>>,
    /// What applications came to that have not been looked up yet.
    unnamed: BTreeMap<Book, HashMap<Application, Counts>>,
    /// Flows, packets and octets that were inbound or outbound.
    pub hits: [u64; 3],
    /// Those that were neither.
    pub neither: [u64; 3],
    /// What was heard of each exporter.
    pub exporters: BTreeMap<IpAddr, Seen>,
}

impl Tally {
    /// Adds another one of the same plan.
    pub fn merge(&mut self, other: Tally) {
        for (book, counts) in other.books {
            let known = self.books.entry(book).or_insert_with(|| vec![Counts::default(); counts.len()]);
            known.iter_mut().zip(&counts).for_each(|(known, counts)| known.add(counts));
        }
        for (book, applications) in other.unnamed {
            let known = self.unnamed.entry(book).or_default();
            applications.into_iter().for_each(|(name, counts)| known.entry(name).or_default().add(&counts));
        }
        for (exporter, seen) in other.exporters {
            self.exporters.entry(exporter).or_default().add(seen);
        }
        let sums = self.hits.iter_mut().chain(&mut self.neither);
        sums.zip(other.hits.iter().chain(&other.neither)).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
    }

    /// Counts applications under the categories that exporters' names for them have, by what is known of them once all
    /// has been read; those without are counted by their ports.
    pub fn name(&mut self, plan: &Plan, facts: &[Fact]) {
        let mut names: HashMap<(IpAddr, &[u8]), &str> = HashMap::new();
        let mut anywhere: HashMap<&[u8], &str> = HashMap::new();
        for fact in facts {
            if let About::Application(id) = &fact.about {
                names.insert((fact.exporter, id), &fact.name);
                anywhere.insert(id, &fact.name);
            }
        }
        for (book, applications) in std::mem::take(&mut self.unnamed) {
            let counters = self.books.entry(book).or_insert_with(|| vec![Counts::default(); plan.counters.len()]);
            for ((exporter, id, by_ports), counts) in applications {
                let name = names.get(&(exporter, id.as_slice())).or_else(|| anywhere.get(id.as_slice()));
                let counter = name.and_then(|name| plan.named(name)).unwrap_or(by_ports);
                counters.get_mut(usize::from(counter)).into_iter().for_each(|known| known.add(&counts));
            }
        }
    }
}

/// A thread's part in counting.
pub struct Worker<'p> {
    plan: &'p Plan,
    steps: Steps,
    times: Times,
    scratch: Scratch,
    tally: Tally,
    /// The book that was written in last, taken out of the tally.
    open: Option<(Book, Vec<Counts>)>,
    /// The counters of the flow at hand.
    counters: Vec<u16>,
}

/// One flow.
struct Flow {
    way: usize,
    router: Option<u16>,
    octets: u64,
    packets: u64,
    flows: u64,
}

impl<'p> Worker<'p> {
    /// Nothing counted yet. Flows are counted in these steps.
    pub fn new(plan: &'p Plan, steps: Steps, times: Times) -> Worker<'p> {
        let (scratch, tally) = (Scratch::default(), Tally::default());
        Worker { plan, steps, times, scratch, tally, open: None, counters: Vec::new() }
    }

    /// What has to be read of files.
    pub fn fields() -> Projection {
        Scratch::fields()
    }

    /// Counts a batch's selected flows. `way` is told each one's row and its direction, if it has one.
    pub fn add(&mut self, batch: &FlowBatch, mut way: impl FnMut(u32, Option<usize>)) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.gather(batch, self.plan);
        let exporters = batch.view(Field::Exporter);
        let applications = match self.plan.other {
            NONE => None,
            _ => batch.schema().position(APPLICATION, 0).and_then(|at| batch.column(at)),
        };
        let mut router = Routers { last: None, of: self.plan };
        let mut at = 0;
        batch.rows().each(|row| {
            let exporter = exporters.as_ref().map(|view| view.address(row));
            let seen = Seen {
                last: scratch.times.end.get(at).copied().unwrap_or(0),
                flows: scratch.flows.get(at).copied().unwrap_or(1),
            };
            let from = exporter.and_then(|exporter| router.find(exporter, seen, &mut self.tally.exporters));
            let direction = self.flow(&scratch, at, from, |worker, flow, counter| {
                let id = applications.as_ref().map(|view| application(view, row)).unwrap_or_default();
                if id.is_empty() {
                    worker.counters.push(counter);
                } else {
                    let who = exporter.unwrap_or(IpAddr::V4(0.into()));
                    worker.application(&scratch, at, flow, (who, id, counter));
                }
            });
            way(row as u32, direction);
            at += 1;
        });
        router.note(&mut self.tally.exporters);
        self.scratch = scratch;
    }

    /// What was counted.
    pub fn finish(mut self) -> Tally {
        self.close();
        self.tally
    }

    /// Counts a flow; `category` counts it under the category of its ports, or keeps it for its application's name.
    fn flow(
        &mut self,
        scratch: &Scratch,
        at: usize,
        router: Option<u16>,
        category: impl FnOnce(&mut Self, &Flow, u16),
    ) -> Option<usize> {
        let plan = self.plan;
        let place = |places: &[u16]| places.get(at).and_then(|place| plan.hosts.places().get(usize::from(*place)));
        let (source, destination) = (place(&scratch.sources)?, place(&scratch.destinations)?);
        let number = |column: &[u64]| column.get(at).copied().unwrap_or(0);
        let (octets, packets) = (number(&scratch.octets), number(&scratch.packets));
        let flows = scratch.flows.get(at).copied().unwrap_or(1);
        let (way, inner, asns) = match (source.inside, destination.inside) {
            (false, true) => (IN, destination, &scratch.source_asns),
            (true, false) => (OUT, source, &scratch.destination_asns),
            _ => {
                sum(&mut self.tally.neither, [flows, packets, octets]);
                self.counters.clear();
                self.counters.push(NEITHER);
                self.write(scratch, at, &Flow { way: IN, router, octets, packets, flows });
                return None;
            }
        };
        sum(&mut self.tally.hits, [flows, packets, octets]);
        let flow = Flow { way, router, octets, packets, flows };
        self.counters.clear();
        self.counters.push(TOTAL);
        self.counters.extend(inner.networks.iter().map(|network| plan.networks + network));
        let protocol = scratch.protocols.get(at).copied().unwrap_or(0);
        self.put(plan.protocols.get(usize::from(protocol)).copied(), 0);
        if scratch.groups.get(at) == Some(&true) {
            self.put(Some(plan.multicast), 0);
        }
        self.put(scratch.tos.get(at).and_then(|tos| plan.tos.get(usize::from(*tos))).copied(), 0);
        if !plan.asns.is_empty() {
            self.put(asns.get(at).and_then(|asn| plan.asns.get(asn)).copied(), 0);
        }
        let port = |ports: &[u16]| ports.get(at).copied().unwrap_or(0);
        let (from, to) = (port(&scratch.source_ports), port(&scratch.destination_ports));
        self.put(Some(plan.services.get(protocol, from)), 0);
        // The counter by destination stands behind the one by source.
        self.put(Some(plan.services.get(protocol, to)), 1);
        if plan.other != NONE {
            category(self, &flow, plan.category(protocol, from, to));
        }
        self.write(scratch, at, &flow);
        Some(way)
    }

    /// Puts the flow at hand under the counters of a table's entry, or those so far behind them.
    #[inline]
    fn put(&mut self, entry: Option<u16>, behind: u16) {
        let (plan, counters) = (self.plan, &mut self.counters);
        plan.shared.each(entry.unwrap_or(NONE), |counter| counters.push(counter + behind));
    }

    /// Counts a flow under the counters at hand.
    fn write(&mut self, scratch: &Scratch, at: usize, flow: &Flow) {
        let counters = std::mem::take(&mut self.counters);
        self.each_step(scratch, at, flow, |worker, step, [octets, packets], flows| {
            let book = worker.book((step, flow.router));
            for counter in &counters {
                if let Some(counts) = book.get_mut(usize::from(*counter)) {
                    counts.count(flow.way, octets, packets, flows);
                }
            }
        });
        self.counters = counters;
    }

    /// Keeps what a flow comes to until its application has a name.
    fn application(&mut self, scratch: &Scratch, at: usize, flow: &Flow, name: Application) {
        self.each_step(scratch, at, flow, |worker, step, [octets, packets], flows| {
            let book = worker.tally.unnamed.entry((step, flow.router)).or_default();
            book.entry(name.clone()).or_default().count(flow.way, octets, packets, flows);
        });
    }

    /// The steps that a flow is counted in, and its octets and packets in each; the flow itself is in the last.
    fn each_step(
        &mut self,
        scratch: &Scratch,
        at: usize,
        flow: &Flow,
        mut each: impl FnMut(&mut Self, u64, [u64; 2], u64),
    ) {
        let steps = self.steps;
        let end = scratch.times.end.get(at).copied().unwrap_or(0);
        let last = steps.at(end);
        match self.times {
            Times::End => each(self, last, [flow.octets, flow.packets], flow.flows),
            Times::Spread => {
                let start = scratch.times.start.get(at).copied().unwrap_or(end);
                steps.spread(start, end, [flow.octets, flow.packets], |step, part| {
                    each(self, step, part, if step == last { flow.flows } else { 0 });
                });
            }
        }
    }

    /// The counters of a step and router.
    #[inline]
    fn book(&mut self, book: Book) -> &mut [Counts] {
        if self.open.as_ref().is_none_or(|(open, _)| *open != book) {
            self.close();
            let counts = self.tally.books.remove(&book);
            let counts = counts.unwrap_or_else(|| vec![Counts::default(); self.plan.counters.len()]);
            self.open = Some((book, counts));
        }
        self.open.as_mut().map_or(&mut [], |(_, counts)| counts)
    }

    fn close(&mut self) {
        self.tally.books.extend(self.open.take());
    }
}

/// Which router an exporter is, and what was heard of it; most flows come from the one the last came from.
struct Routers<'p> {
    last: Option<(IpAddr, Option<u16>, Seen)>,
    of: &'p Plan,
}

impl Routers<'_> {
    #[inline]
    fn find(&mut self, exporter: IpAddr, seen: Seen, all: &mut BTreeMap<IpAddr, Seen>) -> Option<u16> {
        if let Some((_, router, sum)) = self.last.as_mut().filter(|(last, ..)| *last == exporter) {
            sum.add(seen);
            return *router;
        }
        self.note(all);
        let router = self.of.exporters.get(&exporter).copied();
        self.last = Some((exporter, router, seen));
        router
    }

    /// Adds what was heard of the last one to what is known.
    fn note(&mut self, all: &mut BTreeMap<IpAddr, Seen>) {
        if let Some((exporter, _, seen)) = self.last.take() {
            all.entry(exporter).or_default().add(seen);
        }
    }
}

/// An application's id as it was sent; empty if it is none.
fn application(view: &View<'_>, row: usize) -> Vec<u8> {
    let (id, _) = view.octets(row);
    if id.iter().all(|octet| *octet == 0) { Vec::new() } else { id.to_vec() }
}

#[inline]
fn sum(sums: &mut [u64; 3], more: [u64; 3]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(more));
}
