//! Batches to messages.

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::message::{Clock, Message, SET};
use super::options::Metering;
use super::plan::Plan;
use super::rows::Picked;
use super::work::{Key, Times, Work, sorted};
use super::{Protocol, TemplateOptions};
use crate::flow::{Element, Fact, FieldSpec, FlowBatch, Schema};
use crate::wire::Export;

/// The first id that templates may have.
pub(super) const FIRST: u16 = 256;
/// Schemas that are known at a time; after so many, numbering begins anew.
const SCHEMAS: usize = 8192;
/// Uptimes count from so long before the first flow, half of what they can tell.
const BEFORE: u64 = 1 << 31;

/// Packs flows of any schema into version 9 or IPFIX messages.
///
/// A message ends when it is full, and before a flow of another observation domain (or exporter, where messages are
/// by exporter). Flows of several schemas share one. A message that is not full stays open until
/// [`TemplateEncoder::finish`].
pub struct TemplateEncoder {
    pub(super) options: TemplateOptions,
    pub(super) known: HashMap<Vec<FieldSpec>, usize>,
    pub(super) last: Option<(Arc<Schema>, usize)>,
    pub(super) plans: Vec<Arc<Plan>>,
    pub(super) streams: HashMap<Key, Stream>,
    pub(super) facts: Vec<Fact>,
    pub(super) metering: Vec<Metering>,
    pub(super) message: Message,
    /// Whose the open message is, and what its header is to say.
    key: Key,
    stamp: Stamp,
    pub(super) now: u64,
    times: Times,
    one: Vec<u8>,
    left_out: LeftOut,
}

/// What could not be sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LeftOut {
    /// Elements that the protocol has no way to carry; flows went without them.
    pub elements: BTreeSet<Element>,
    /// Flows that are longer than a message, or have nothing that could be sent.
    pub flows: u64,
}

/// What the open message is to say of the time.
#[derive(Clone, Copy, Default)]
struct Stamp {
    /// The latest time its flows speak of, ms; that of the export where they speak of none.
    latest: Option<u64>,
    /// Its export second, where nothing else will do.
    exact: Option<u64>,
}

/// What has been sent of one observation domain.
#[derive(Default)]
pub(super) struct Stream {
    sequence: u32,
    pub messages: u32,
    /// When uptimes began, ms since 1970.
    pub boot: Option<u64>,
    /// Of each plan, when its template was sent.
    pub announced: Vec<Option<Sent>>,
    /// When the facts were.
    pub told: Option<Sent>,
}

/// When something was sent: after so many messages, at a time.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub messages: u32,
    pub at: u64,
}

/// A kind of record: its template, and how long its records are at least.
pub(super) struct Shape<'a> {
    pub id: u16,
    pub template: &'a [u8],
    pub options: bool,
    pub least: usize,
}

impl TemplateEncoder {
    /// An encoder whose sequence numbers begin at 0.
    pub fn new(options: TemplateOptions) -> TemplateEncoder {
        TemplateEncoder {
            message: Message::new(options.protocol, options.octets),
            options,
            known: HashMap::new(),
            last: None,
            plans: Vec::new(),
            streams: HashMap::new(),
            facts: Vec::new(),
            metering: Vec::new(),
            key: Key::default(),
            stamp: Stamp::default(),
            now: 0,
            times: Times::default(),
            one: Vec::new(),
            left_out: LeftOut::default(),
        }
    }

    /// What could not be sent so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Adds the selected flows, and hands every message that they complete to `send`, whose first error ends the work.
    /// `now`, in ms since 1970, is when flows are exported that do not say themselves when they were.
    pub fn encode<E>(
        &mut self,
        batch: &FlowBatch,
        now: u64,
        mut send: impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if batch.is_empty() {
            return Ok(());
        }
        self.now = now;
        let (at, plan) = self.plan(batch, &mut send)?;
        let alone = SET + if plan.variable { 1 } else { plan.size };
        if plan.size == 0 || alone.max(SET + plan.template.len()) > self.message.capacity() {
            self.left_out.flows += batch.len() as u64;
            return Ok(());
        }
        let mut times = std::mem::take(&mut self.times);
        let work = Work::new(&plan, batch, &mut times);
        let exporter = plan.exporter.filter(|_| self.options.by_exporter);
        let groups = sorted(batch, exporter, plan.domain);
        let result = groups.iter().try_for_each(|(key, rows)| self.group(at, &work, key, rows, &mut send));
        self.times = times;
        result
    }

    /// Hands over the message that is not full, if there is one.
    pub fn finish<E>(&mut self, mut send: impl FnMut(Export<'_>) -> Result<(), E>) -> Result<(), E> {
        if !self.message.is_open() {
            return Ok(());
        }
        let (key, flows) = (self.key, self.message.flows);
        let clock = self.clock();
        let stream = self.streams.entry(key).or_default();
        stream.messages = stream.messages.wrapping_add(1);
        let (octets, step) = self.message.end(clock, key.domain, stream.sequence);
        stream.sequence = stream.sequence.wrapping_add(step);
        let result = send(Export { exporter: Ipv4Addr::from_bits(key.exporter), flows, octets });
        self.message.clear();
        result
    }

    /// The plan of a batch's schema, and its number.
    fn plan<E>(
        &mut self,
        batch: &FlowBatch,
        send: &mut impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(usize, Arc<Plan>), E> {
        let schema = batch.shared_schema();
        let last = self.last.as_ref().filter(|(last, _)| Arc::ptr_eq(last, &schema)).map(|(_, at)| *at);
        let found = last.or_else(|| self.known.get(schema.fields()).copied());
        let found = found.and_then(|at| Some((at, self.plans.get(at)?.clone())));
        let (at, plan) = match found {
            Some(found) => found,
            None => {
                if self.plans.len() >= SCHEMAS {
                    self.forget(send)?;
                }
                let at = self.plans.len();
                let plan = Arc::new(Plan::new(&schema, FIRST + at as u16, &self.options));
                self.left_out.elements.extend(&plan.left_out);
                self.known.insert(schema.fields().to_vec(), at);
                self.plans.push(plan.clone());
                (at, plan)
            }
        };
        self.last = Some((schema, at));
        Ok((at, plan))
    }

    /// Adds flows of one observation domain.
    fn group<E>(
        &mut self,
        at: usize,
        work: &Work<'_>,
        key: Key,
        rows: Picked<'_>,
        send: &mut impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let plan = work.plan;
        let shape = Shape { id: FIRST + at as u16, template: &plan.template, options: false, least: plan.size };
        if self.message.is_open() && self.key != key {
            self.finish(&mut *send)?;
        }
        let mut done = 0;
        while done < rows.len() {
            let rest = rows.part(done, rows.len() - done);
            let boot = self.boot(key, work, rest, send)?;
            self.tell(key, send)?;
            let mut size = plan.size;
            if plan.variable {
                work.write_one(rest.row(0), boot, &mut self.one);
                size = self.one.len();
            }
            if size + SET > self.message.capacity() {
                self.left_out.flows += 1;
                done += 1;
                continue;
            }
            // Whether a template is due is a question of the message that the flow will be in.
            if self.message.is_open() && self.message.room_for(shape.id) < size {
                self.finish(&mut *send)?;
            }
            let due = self.due(key, at);
            self.place(key, &shape, due, size, send)?;
            if due {
                self.announced(key, at);
            }
            done += self.fill(work, rest, boot, size);
        }
        Ok(())
    }

    /// Writes as many records to the open set as there is room for, and as have their uptimes and export times in
    /// common with the first; of those with values of variable length one, which has been made. Says how many.
    fn fill(&mut self, work: &Work<'_>, rows: Picked<'_>, boot: u64, size: usize) -> usize {
        let plan = work.plan;
        let room = self.message.room_in_set() / size.max(1);
        let mut part = rows.part(0, if plan.variable { 1 } else { room });
        if self.counts_up(plan) {
            part = part.part(0, work.within(boot, part).max(1));
        }
        if plan.exact {
            part = part.part(0, work.in_one_second(part).max(1));
        }
        let count = part.len();
        let out = self.message.records(count, size, true);
        match plan.variable {
            true => out.copy_from_slice(&self.one),
            false => work.write(part, boot, out),
        }
        self.message.flows += count as u16;
        self.stamp.latest = self.stamp.latest.max(Some(work.latest(part, self.counts_up(plan)).unwrap_or(self.now)));
        count
    }

    /// Since when uptimes count (where there are none, 0: since 1970), such that it does for the first row; ends the open message
    /// if it does not for what is in there, or if that was exported at another time and this matters.
    fn boot<E>(
        &mut self,
        key: Key,
        work: &Work<'_>,
        rows: Picked<'_>,
        send: &mut impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        let (row, first) = (rows.row(0), rows.part(0, 1));
        if work.plan.exact || self.stamp.exact.is_some() {
            let exact = work.export(row).filter(|_| work.plan.exact).map(|ms| ms / 1000);
            if self.message.is_open() && self.stamp.exact != exact {
                self.finish(&mut *send)?;
            }
            self.stamp.exact = exact;
        }
        if !self.counts_up(work.plan) {
            return Ok(0);
        }
        let known = self.streams.get(&key).and_then(|stream| stream.boot);
        match (known, work.earliest(row)) {
            (Some(boot), _) if work.within(boot, first) > 0 => Ok(boot),
            (known, None) => Ok(known.unwrap_or(0)),
            (known, Some(earliest)) => {
                let boot = self.started(earliest).unwrap_or(earliest.saturating_sub(BEFORE));
                if known.is_some() {
                    self.finish(&mut *send)?;
                }
                let stream = self.streams.entry(key).or_default();
                stream.boot = Some(boot);
                if self.options.protocol == Protocol::Ipfix {
                    // Which is said in options data alone.
                    stream.told = None;
                }
                Ok(boot)
            }
        }
    }

    /// Whether flows have uptimes, which count from the stream's boot.
    fn counts_up(&self, plan: &Plan) -> bool {
        self.options.protocol == Protocol::V9 || self.options.verbatim && !plan.stamps.is_empty()
    }

    /// Begins a message of a key's.
    pub(super) fn begin(&mut self, key: Key) {
        self.key = key;
        self.stamp.latest = None;
        self.message.begin();
    }

    /// Makes room for a record: in the open message or in a new one, behind its template if that is due.
    pub(super) fn place<E>(
        &mut self,
        key: Key,
        shape: &Shape<'_>,
        mut due: bool,
        size: usize,
        send: &mut impl FnMut(Export<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.message.is_open() && self.key != key {
            self.finish(&mut *send)?;
        }
        // Padding between the two sets.
        let template = SET + shape.template.len().next_multiple_of(4);
        let mut fresh = false;
        loop {
            if !self.message.is_open() {
                self.begin(key);
                fresh = true;
            }
            let fits = match due {
                true => template + SET + size <= self.message.room(),
                false => size <= self.message.room_for(shape.id),
            };
            if fits {
                break;
            }
            if fresh && due {
                // Together they are too long for a message.
                self.template(shape);
                due = false;
            }
            self.finish(&mut *send)?;
        }
        if due {
            self.template(shape);
        }
        self.message.set(shape.id, shape.least);
        Ok(())
    }

    fn template(&mut self, shape: &Shape<'_>) {
        self.message.set(self.options.protocol.template_set() + u16::from(shape.options), SET);
        self.message.records(1, shape.template.len(), false).copy_from_slice(shape.template);
    }

    /// What the open message's header says of the time: not before anything its flows speak of.
    fn clock(&mut self) -> Clock {
        let stream = self.streams.entry(self.key).or_default();
        let latest = self.stamp.latest.unwrap_or(self.now);
        match (self.options.protocol, self.stamp.exact) {
            (Protocol::Ipfix, exact) => {
                Clock { secs: exact.unwrap_or(latest / 1000).min(u32::MAX.into()) as u32, uptime: 0 }
            }
            (Protocol::V9, exact) => {
                let boot = *stream.boot.get_or_insert(latest.saturating_sub(BEFORE));
                // Collectors take times behind the header's for such of before uptime last began anew.
                let latest = latest.clamp(boot, boot.saturating_add(u64::from(u32::MAX) - 999));
                let secs = exact.unwrap_or(latest.div_ceil(1000));
                Clock { secs: secs as u32, uptime: secs.wrapping_mul(1000).wrapping_sub(boot) as u32 }
            }
        }
    }
}
