//! From a batch to columns: what each flow counts, and the keys it counts under.

use super::key::{Key, KeyLayout, MAPPED};
use super::part::Part;
use super::rates::{bits_a_second, packets_a_second};
use super::words::{Known, Words};
use super::{Counts, Grouping};
use crate::flow::registry::is_number;
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field, FlowBatch, Order, Rows, View};

/// TCP and UDP.
const WITH_PORTS: [u8; 2] = [6, 17];

/// Where keys are gathered from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    batch: &'a FlowBatch,
    /// Not the flows, but the values of the dictionary that their columns share.
    values: bool,
}

impl<'a> Source<'a> {
    /// The flows of a batch.
    pub fn flows(batch: &'a FlowBatch) -> Source<'a> {
        Source { batch, values: false }
    }

    /// The values of a batch's dictionary.
    pub fn values(batch: &'a FlowBatch) -> Source<'a> {
        Source { batch, values: true }
    }

    fn view(self, field: Field) -> Option<View<'a>> {
        let view = self.batch.view(field)?;
        Some(match view {
            View::Dictionary { width, values, .. } if self.values => {
                View::Strided { bytes: values, offset: 0, stride: width, width, order: Order::HOST }
            }
            view => view,
        })
    }

    fn gather(self, field: Field, rows: Rows<'_>, out: &mut Vec<u64>) {
        match self.view(field) {
            Some(view) => view.gather(rows, out),
            None => {
                out.clear();
                out.resize(rows.len(), 0);
            }
        }
        // Version 5 has ICMP's type and code in the port, others beside it.
        if field == Field::DstPort
            && let Some(view) = self.view(Field::IcmpTypeCode)
        {
            let mut icmp = Vec::<u64>::new();
            view.gather(rows, &mut icmp);
            out.iter_mut().zip(icmp).filter(|(port, _)| **port == 0).for_each(|(port, icmp)| *port = icmp);
        }
    }
}

/// What each flow of a batch counts. Scratch space, kept between batches.
#[derive(Default)]
pub(super) struct Values {
    /// The rows that take part, where that is not all the batch has selected.
    picked: Option<Vec<u32>>,
    /// Empty where every record is one flow.
    pub flows: Vec<u64>,
    pub octets: Vec<u64>,
    pub packets: Vec<u64>,
    /// How often each flow's octets and packets counted.
    scale: u64,
    /// Empty where it is not asked for.
    pub duration: Vec<u64>,
    scratch: Vec<u64>,
    times: FlowTimes,
    sums: [u64; 4],
}

impl Values {
    /// Gathers a batch's values; adds them to `totals`.
    pub fn gather(&mut self, batch: &FlowBatch, grouping: &Grouping, totals: &mut Counts) {
        self.picked = grouping.is_ports_only().then(|| pick(batch));
        self.column(batch, Field::Octets, |s| &mut s.octets);
        self.column(batch, Field::Packets, |s| &mut s.packets);
        self.scale = grouping.scale();
        if self.scale > 1 {
            let scaled = |count: &mut u64| *count = count.saturating_mul(self.scale);
            self.octets.iter_mut().chain(&mut self.packets).for_each(scaled);
        }
        self.flows.clear();
        if batch.has(Field::Flows) {
            self.column(batch, Field::Flows, |s| &mut s.flows);
        }
        self.duration.clear();
        if grouping.has_duration() {
            self.durations(batch);
        }
        let flows = if self.flows.is_empty() { self.octets.len() as u64 } else { sum(&self.flows) };
        let (octets, packets, duration) = (sum(&self.octets), sum(&self.packets), sum(&self.duration));
        self.sums = [flows, octets, packets, duration];
        totals.add(&Counts { flows, octets, packets, duration });
    }

    /// The rows that take part.
    pub fn rows<'a>(&'a self, batch: &'a FlowBatch) -> Rows<'a> {
        self.picked.as_ref().map_or_else(|| batch.rows(), |rows| Rows::Some(rows))
    }

    /// What all flows come to.
    pub fn sums(&self) -> [u64; 4] {
        self.sums
    }

    /// One flow's counts.
    #[inline]
    pub fn get(&self, at: usize) -> Counts {
        let value = |column: &[u64]| column.get(at).copied().unwrap_or(0);
        Counts {
            flows: self.flows.get(at).copied().unwrap_or(1),
            octets: value(&self.octets),
            packets: value(&self.packets),
            duration: value(&self.duration),
        }
    }

    fn column(&mut self, batch: &FlowBatch, field: Field, out: impl Fn(&mut Values) -> &mut Vec<u64>) {
        let mut column = std::mem::take(out(self));
        Source::flows(batch).gather(field, self.rows(batch), &mut column);
        *out(self) = column;
    }

    /// Milliseconds from first to last packet. Uptimes are differences of 32 bits: right across a wrap.
    fn durations(&mut self, batch: &FlowBatch) {
        let has = |fields: [Field; 2]| fields.iter().all(|field| batch.has(*field));
        let uptimes = !has([Field::StartMs, Field::EndMs]) && has([Field::First, Field::Last]);
        if uptimes {
            self.column(batch, Field::First, |s| &mut s.scratch);
            self.column(batch, Field::Last, |s| &mut s.duration);
            for (last, first) in self.duration.iter_mut().zip(&self.scratch) {
                *last = (*last as u32).wrapping_sub(*first as u32).into();
            }
            return;
        }
        let mut times = std::mem::take(&mut self.times);
        times.gather_rows(batch, self.rows(batch));
        let spans = times.start.iter().zip(&times.end);
        self.duration.extend(spans.map(|(start, end)| end.saturating_sub(*start)));
        self.times = times;
    }
}

/// The halves are summed by themselves: nothing overflows, so nothing need be looked at on the way.
fn sum(column: &[u64]) -> u64 {
    let low: u64 = column.iter().map(|n| n & u64::from(u32::MAX)).sum();
    let high: u64 = column.iter().map(|n| n >> 32).sum();
    high.saturating_mul(1 << 32).saturating_add(low)
}

fn pick(batch: &FlowBatch) -> Vec<u32> {
    let (mut protocols, mut picked) = (Vec::<u8>::new(), Vec::new());
    batch.gather(Field::Protocol, &mut protocols);
    let mut at = 0;
    batch.rows().each(|row| {
        if protocols.get(at).is_some_and(|p| WITH_PORTS.contains(p)) {
            picked.push(row as u32);
        }
        at += 1;
    });
    picked
}

/// Keys of a batch's flows. Scratch space, kept between batches.
#[derive(Default)]
pub(super) struct Keys<const N: usize> {
    /// The keys, one a flow.
    pub keys: Vec<[u64; N]>,
    pub numbers: Numbers,
    known: Known,
    longs: Vec<u128>,
    /// The keys, with source and destination changed over.
    turned: Vec<[u64; N]>,
}

impl<const N: usize> Keys<N> {
    /// Gathers the keys.
    pub fn gather(&mut self, source: Source<'_>, rows: Rows<'_>, values: &Values, key: &Key, layout: &KeyLayout) {
        self.gather_parts(source, rows, values, &key.parts, layout, &key.words);
        if let Some(turned) = &key.turned {
            std::mem::swap(&mut self.keys, &mut self.turned);
            self.gather_parts(source, rows, values, turned, layout, &key.words);
            self.keys.iter_mut().zip(&self.turned).for_each(|(one, other)| *one = (*one).min(*other));
        }
    }

    /// Gathers the keys made of `parts`.
    fn gather_parts(
        &mut self,
        source: Source<'_>,
        rows: Rows<'_>,
        values: &Values,
        parts: &[Part],
        layout: &KeyLayout,
        words: &Words,
    ) {
        self.keys.clear();
        self.keys.resize(rows.len(), [0; N]);
        for (part, slot) in parts.iter().zip(layout.slots()) {
            if slot.bits == 128 {
                self.long(source, rows, *part);
                self.keys.iter_mut().zip(&self.longs).for_each(|(key, value)| slot.put(*value, key));
            } else {
                match part {
                    Part::Word(element) => self.words(source, rows, *element, words),
                    part => self.numbers.gather(source, rows, values, *part),
                }
                let numbers = &self.numbers.values;
                self.keys.iter_mut().zip(numbers).for_each(|(key, value)| slot.put_number(*value, key));
            }
        }
    }

    /// Values that are no numbers.
    fn words(&mut self, source: Source<'_>, rows: Rows<'_>, element: Element, words: &Words) {
        let schema = source.batch.schema();
        let spec = schema.position(element, 0).and_then(|at| Some((at, schema.fields().get(at)?)));
        let numbers = &mut self.numbers.values;
        match spec.and_then(|(at, spec)| Some((source.batch.column(at)?, spec))) {
            Some((view, spec)) => {
                self.known.gather(words, view, is_number(element, spec.width), rows, numbers);
            }
            None => {
                numbers.clear();
                numbers.resize(rows.len(), 0);
            }
        }
    }

    /// Addresses in the width of IPv6.
    fn long(&mut self, source: Source<'_>, rows: Rows<'_>, part: Part) {
        let (Part::Address(field) | Part::Network(field, _) | Part::Prefix(field, ..)) = part else { return };
        self.longs.clear();
        self.longs.resize(rows.len(), 0);
        let short = source.view(field).is_none_or(|view| {
            view.gather(rows, &mut self.longs);
            view.width() <= 4
        });
        if let Part::Network(_, mask) = part {
            source.gather(mask, rows, &mut self.numbers.scratch);
            let width = if short { 32 } else { 128 };
            for (address, len) in self.longs.iter_mut().zip(&self.numbers.scratch) {
                *address &= mask_of(*len, width);
            }
        }
        if let Part::Prefix(_, four, six) = part {
            let mask = if short { first_bits(four, 32) } else { first_bits(six, 128) };
            self.longs.iter_mut().for_each(|address| *address &= mask);
        }
        if short {
            self.longs.iter_mut().for_each(|address| *address |= MAPPED);
        }
    }
}

/// One part of up to 64 bits of every flow.
#[derive(Default)]
pub(super) struct Numbers {
    pub values: Vec<u64>,
    scratch: Vec<u64>,
    times: FlowTimes,
}

impl Numbers {
    /// Gathers one part.
    pub fn gather(&mut self, source: Source<'_>, rows: Rows<'_>, values: &Values, part: Part) {
        match part {
            Part::Number(Field::Octets) if values.scale > 1 => self.values.clone_from(&values.octets),
            Part::Number(Field::Packets) if values.scale > 1 => self.values.clone_from(&values.packets),
            Part::Address(field) | Part::Number(field) => source.gather(field, rows, &mut self.values),
            Part::Masked(field, mask) => {
                source.gather(field, rows, &mut self.values);
                self.values.iter_mut().for_each(|value| *value &= u64::from(mask));
            }
            Part::PacketRate => self.rates(&values.packets, values, packets_a_second),
            Part::BitRate => self.rates(&values.octets, values, bits_a_second),
            Part::Duration => self.values.clone_from(&values.duration),
            Part::Stamp(field) if source.batch.has(field) => source.gather(field, rows, &mut self.values),
            Part::Stamp(field) => {
                self.times.gather_rows(source.batch, rows);
                let end = field == Field::Last;
                std::mem::swap(&mut self.values, if end { &mut self.times.end } else { &mut self.times.start });
            }
            Part::Class(field) => self.classes(source, rows, field),
            Part::Network(field, mask) => {
                source.gather(field, rows, &mut self.values);
                source.gather(mask, rows, &mut self.scratch);
                for (address, len) in self.values.iter_mut().zip(&self.scratch) {
                    *address &= mask_of(*len, 32) as u64;
                }
            }
            Part::Prefix(field, bits, _) => {
                source.gather(field, rows, &mut self.values);
                let mask = first_bits(bits, 32) as u64;
                self.values.iter_mut().for_each(|address| *address &= mask);
            }
            Part::Start(step) | Part::End(step) => {
                self.times.gather_rows(source.batch, rows);
                let end = matches!(part, Part::End(_));
                std::mem::swap(&mut self.values, if end { &mut self.times.end } else { &mut self.times.start });
                if step > 1 {
                    self.values.iter_mut().for_each(|time| *time -= *time % step);
                }
            }
            Part::Element(element) => self.element(source, rows, element, |n, _| n),
            Part::Signed(element) => self.element(source, rows, element, |n, width| {
                let unused = 64 - 8 * width.clamp(1, 8) as u32;
                ((n << unused) as i64 >> unused) as u64 ^ 1 << 63
            }),
            // Not a number: see Keys.
            Part::Word(_) => {
                self.values.clear();
                self.values.resize(rows.len(), 0);
            }
            Part::PacketSize => {
                self.values.clear();
                self.values
                    .extend(values.octets.iter().zip(&values.packets).map(|(o, p)| o.checked_div(*p).unwrap_or(0)));
            }
        }
    }
}

impl Numbers {
    /// Gathers what flows count a second, rounded down.
    fn rates(&mut self, counts: &[u64], values: &Values, rate: fn(u64, u64) -> f64) {
        self.values.clear();
        let both = counts.iter().zip(&values.duration);
        self.values.extend(both.map(|(count, duration)| rate(*count, *duration) as u64));
    }

    /// Gathers the classes that addresses are of.
    fn classes(&mut self, source: Source<'_>, rows: Rows<'_>, field: Field) {
        let Some(view) = source.view(field).filter(|view| view.width() > 4) else {
            source.gather(field, rows, &mut self.values);
            // A, B, C, D and E begin with no, one, two, three or more bits that are set.
            let class = |address: &mut u64| {
                let bits = (*address as u32).leading_ones();
                *address = u64::from(if bits < 4 { bits } else { 5 });
            };
            return self.values.iter_mut().for_each(class);
        };
        let mut longs = Vec::<u128>::new();
        view.gather(rows, &mut longs);
        self.values.clear();
        self.values.extend(longs.iter().map(|address| if address >> 120 == 0xFF { 3 } else { 6 }));
    }

    /// Gathers an element's numbers, read in some way that may depend on their width.
    fn element(&mut self, source: Source<'_>, rows: Rows<'_>, element: Element, read: impl Fn(u64, usize) -> u64) {
        let place = source.batch.schema().position(element, 0);
        match place.and_then(|at| source.batch.column(at)) {
            Some(view) => {
                view.gather(rows, &mut self.values);
                self.values.iter_mut().for_each(|n| *n = read(*n, view.width()));
            }
            None => {
                self.values.clear();
                self.values.resize(rows.len(), 0);
            }
        }
    }
}

/// The first so many bits of an address of `width` bits.
fn first_bits(count: u8, width: u32) -> u128 {
    let rest = width.saturating_sub(count.into());
    u128::MAX.checked_shl(rest).unwrap_or(0)
}

/// The bits that a prefix of `len` keeps of an address of `width` bits. A length of 0 says that it is not known: all.
fn mask_of(len: u64, width: u32) -> u128 {
    match len {
        0 => u128::MAX,
        len if len >= u64::from(width) => u128::MAX,
        len => u128::MAX << (width - len as u32),
    }
}
