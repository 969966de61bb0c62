//! Flows of one version as records of another: what both have is copied by element, what only the target has is
//! zero, what it lacks is dropped.

use std::fmt;

use crate::flow::clock::{Clock, is_to_be_made};
use crate::flow::{Element, Field, FlowBatch, Layout, Order, RawRows, Schema, Version, ie};

/// Why flows cannot be records of a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The version asked for.
    pub to: Version,
    /// What stands in the way.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot be converted to version {}: {}", self.to, self.why)
    }
}

impl std::error::Error for Refusal {}

/// Turns batches into classic records of one version. The mapping from each schema is worked out once and kept.
#[derive(Debug)]
pub struct Converter {
    to: Version,
    known: Vec<(Schema, Result<Mapping, Refusal>)>,
    scratch: Scratch,
    clipped: u64,
}

#[derive(Default, Debug)]
struct Scratch {
    values: Vec<u64>,
    clock: Clock,
}

impl Converter {
    /// An exporter decides how many schemas there are: so many are kept.
    const KEEP: usize = 64;

    /// A converter to a version.
    pub fn new(to: Version) -> Converter {
        Converter { to, known: Vec::new(), scratch: Scratch::default(), clipped: 0 }
    }

    /// The version it converts to.
    pub fn version(&self) -> Version {
        self.to
    }

    /// How many numbers so far were too wide for the records.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Appends the batch's selected flows to `out` as records in host order. Numbers too wide for the record
    /// become its greatest, AS numbers AS_TRANS (RFC 6793), flags and ToS their low octet. Times that the
    /// batch says absolutely are told by an uptime that fits them. Fails, and appends nothing, if the flows' kind
    /// cannot be said in this version: IPv6 addresses, or an aggregate that lacks the target's keys.
    pub fn convert(&mut self, batch: &FlowBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let at = match self.known.iter().position(|(schema, _)| schema == batch.schema()) {
            Some(at) => at,
            None => {
                if self.known.len() >= Converter::KEEP {
                    self.known.clear();
                }
                self.known.push((batch.schema().clone(), Mapping::new(batch.schema(), self.to)));
                self.known.len() - 1
            }
        };
        match self.known.get(at).map(|(_, mapping)| mapping) {
            Some(Ok(mapping)) => self.clipped += mapping.run(batch, &mut self.scratch, out),
            Some(Err(refusal)) => return Err(refusal.clone()),
            None => {}
        }
        Ok(())
    }
}

/// Appends a batch's selected flows to `out` as records of version `to` in host order; see [`Converter::convert`].
pub fn convert(batch: &FlowBatch, to: Version, out: &mut Vec<u8>) -> Result<(), Refusal> {
    Converter::new(to).convert(batch, out)
}

/// Whether flows of a schema can be records of a version.
pub fn check(from: &Schema, to: Version) -> Result<(), Refusal> {
    Mapping::new(from, to).map(|_| ())
}

/// What a number does that is too wide for the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    /// The greatest that fits.
    Saturate,
    /// Its low octets.
    Low,
    /// AS_TRANS, the number that stands for those of four octets.
    AsTrans,
}

/// One column copied into the records.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    from: usize,
    at: usize,
    width: usize,
    fit: Fit,
    /// Only where the record still has 0 there.
    fill: bool,
}

/// How flows of one schema become records of one version.
#[derive(Debug)]
struct Mapping {
    to: &'static Layout,
    copies: Vec<Transfer>,
    /// Where a flow count of 1 goes: each flow is an aggregate of one.
    single: Option<usize>,
    /// Whether times are absolute and have to be told by uptime.
    clock: bool,
}

impl Mapping {
    fn new(from: &Schema, to: Version) -> Result<Mapping, Refusal> {
        let layout = to.layout();
        refuse(from, layout).map_or(Ok(()), |why| Err(Refusal { to, why }))?;
        let mut mapping = Mapping { to: layout, copies: Vec::new(), single: None, clock: is_to_be_made(from) };
        for (spec, offset) in layout.schema.fields().iter().zip(&layout.offsets) {
            let (at, width) = (usize::from(*offset), usize::from(spec.width));
            let copy = |from| Transfer { from, at, width, fit: fit(spec.element), fill: false };
            match source(from, spec.element, spec.occurrence, spec.width) {
                Some(position) => mapping.copies.push(copy(position)),
                None if spec.element == ie::FLOWS => mapping.single = Some(at),
                None => {}
            }
            // Exporters that have a field for ICMP's type and code may leave the port 0; version 5 has them there.
            if let Some(position) = from.resolve(Field::IcmpTypeCode).filter(|_| spec.element == ie::DST_PORT) {
                mapping.copies.push(Transfer { fill: true, ..copy(position) });
            }
        }
        Ok(mapping)
    }

    /// Says how many numbers were too wide.
    fn run(&self, batch: &FlowBatch, scratch: &mut Scratch, out: &mut Vec<u8>) -> u64 {
        let (start, mut clipped) = (out.len(), 0);
        out.resize(start + batch.len() * self.to.size, 0);
        let Some(records) = out.get_mut(start..) else { return 0 };
        match batch.raw() {
            Some(raw) => self.copy_raw(&raw, batch, records),
            None => {
                for copy in &self.copies {
                    if let Some(view) = batch.column(copy.from) {
                        view.gather(batch.rows(), &mut scratch.values);
                        clipped += copy.scatter(&scratch.values, records, self.to.size);
                    }
                }
                if self.clock {
                    self.tell_times(batch, &mut scratch.clock, records);
                }
            }
        }
        if let Some(at) = self.single {
            records.chunks_exact_mut(self.to.size).for_each(|record| put(record, at, 4, 1));
        }
        clipped
    }

    /// From record to record: runs of octets, turned into host order when all are there.
    fn copy_raw(&self, raw: &RawRows<'_>, batch: &FlowBatch, records: &mut [u8]) {
        let runs = self.runs(raw.layout);
        let mut targets = records.chunks_exact_mut(self.to.size);
        batch.rows().each(|row| {
            let at = row * raw.layout.size;
            let record = raw.bytes.get(at..at + raw.layout.size);
            let (Some(record), Some(target)) = (record, targets.next()) else { return };
            for (from, to, len) in &runs {
                if let (Some(from), Some(to)) = (record.get(*from..from + len), target.get_mut(*to..to + len)) {
                    to.copy_from_slice(from);
                }
            }
        });
        if raw.order != Order::HOST {
            self.turn(records);
        }
    }

    /// Turns the numbers that were copied round. (Not the layout's way: what stands in files of the other order may
    /// differ from what is copied.)
    fn turn(&self, records: &mut [u8]) {
        for record in records.chunks_exact_mut(self.to.size) {
            for copy in self.copies.iter().filter(|copy| copy.width > 1) {
                if let Some(number) = record.get_mut(copy.at..copy.at + copy.width) {
                    number.reverse();
                }
            }
        }
    }

    /// Neighbouring fields that stay neighbours, as (from, to, octets).
    fn runs(&self, from: &Layout) -> Vec<(usize, usize, usize)> {
        let mut runs: Vec<(usize, usize, usize)> = Vec::new();
        for copy in &self.copies {
            let Some(offset) = from.offsets.get(copy.from).map(|o| usize::from(*o)) else { continue };
            match runs.last_mut() {
                Some((f, t, len)) if *f + *len == offset && *t + *len == copy.at => *len += copy.width,
                _ => runs.push((offset, copy.at, copy.width)),
            }
        }
        runs
    }

    fn tell_times(&self, batch: &FlowBatch, clock: &mut Clock, records: &mut [u8]) {
        let at = |element| self.to.find(element).map(|(at, _)| at);
        let places = [ie::UNIX_SECS, ie::UNIX_NSECS, ie::UPTIME, ie::FIRST, ie::LAST].map(at);
        for (record, s) in records.chunks_exact_mut(self.to.size).zip(clock.stamps(batch)) {
            let values = [s.unix_secs, s.unix_nsecs, s.uptime, s.first, s.last];
            for (at, value) in places.iter().zip(values) {
                at.iter().for_each(|at| put(record, *at, 4, value.into()));
            }
        }
    }
}

impl Transfer {
    /// Puts each value into its record; says how many were too wide.
    fn scatter(&self, values: &[u64], records: &mut [u8], size: usize) -> u64 {
        let Transfer { at, width, fit, fill, .. } = *self;
        let most = if width < 8 { (1u64 << (8 * width)) - 1 } else { u64::MAX };
        let over = match fit {
            Fit::AsTrans => 23456,
            Fit::Saturate | Fit::Low => most,
        };
        let mut clipped = 0;
        for (record, value) in records.chunks_exact_mut(size).zip(values) {
            if fill && record.get(at..at + width).is_some_and(|old| old.iter().any(|b| *b != 0)) {
                continue;
            }
            let fitting = match fit {
                Fit::Low => *value & most,
                _ if *value > most => {
                    clipped += 1;
                    over
                }
                _ => *value,
            };
            put(record, at, width, fitting);
        }
        clipped
    }
}

/// Writes a number of 1, 2 or 4 octets in host order.
#[inline]
fn put(record: &mut [u8], at: usize, width: usize, value: u64) {
    let Some(slot) = record.get_mut(at..at + width) else { return };
    match width {
        1 => slot.copy_from_slice(&[value as u8]),
        2 => slot.copy_from_slice(&(value as u16).to_ne_bytes()),
        4 => slot.copy_from_slice(&(value as u32).to_ne_bytes()),
        _ => {}
    }
}

fn fit(element: Element) -> Fit {
    match element {
        ie::SRC_AS | ie::DST_AS => Fit::AsTrans,
        ie::TCP_FLAGS | ie::TOS | ie::MARKED_TOS | ie::PADDING => Fit::Low,
        _ => Fit::Saturate,
    }
}

/// The column an element of the record is copied from.
fn source(from: &Schema, element: Element, occurrence: u16, width: u16) -> Option<usize> {
    let direct = from.position(element, occurrence);
    if matches!(element, ie::PADDING | ie::RESERVED | ie::V7_FLAGS) {
        return direct.filter(|at| from.fields().get(*at).is_some_and(|spec| spec.width == width));
    }
    let logical = || {
        let field = Field::ALL.iter().find(|f| f.candidates().contains(&element))?;
        from.resolve(*field)
    };
    // An address of IPv6 is no number that could be cut to one of IPv4, and a MAC address is none at all.
    direct.or_else(logical).filter(|at| from.fields().get(*at).is_some_and(|spec| spec.width <= 8))
}

/// Why flows of a schema cannot be records of a layout at all.
fn refuse(from: &Schema, to: &Layout) -> Option<String> {
    let lacks = |field: &&Field| {
        let classic = field.candidates().first().filter(|e| to.find(**e).is_some());
        classic.is_some_and(|e| source(from, *e, 0, 4).is_none())
    };
    let aggregate = from.has(Field::Flows) || from.has(Field::ExtraPackets);
    if aggregate && from.has(Field::Flows) && !to.schema.has(Field::Flows) {
        return Some("it has no count of flows, which these aggregates carry".to_owned());
    }
    const ADDRESSES: &[Field] = &[Field::SrcAddr, Field::DstAddr];
    const KEYS: &[Field] = &[
        Field::SrcAddr,
        Field::DstAddr,
        Field::SrcPort,
        Field::DstPort,
        Field::Protocol,
        Field::SrcAs,
        Field::DstAs,
        Field::Input,
        Field::Output,
        Field::Tos,
    ];
    let needed = if aggregate { KEYS } else { ADDRESSES };
    let missing = needed.iter().find(lacks)?;
    let name = missing.candidates().first().and_then(|e| e.short_name()).unwrap_or("key");
    let six = matches!(missing, Field::SrcAddr | Field::DstAddr) && from.has(*missing);
    Some(if six { "the flows are of IPv6".to_owned() } else { format!("the flows have no {name}") })
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
