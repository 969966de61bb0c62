//! Making flows field by field.

use std::sync::Arc;

use crate::flow::clock::Stamps;
use crate::flow::{Element, Field, FieldSpec, FlowBatch, Form, Order, RowLayout, Schema, Version, ie};

/// Flows while they are made: records of a classic version, or rows of a schema.
pub struct Rows {
    version: Option<Version>,
    schema: Arc<Schema>,
    layout: Arc<RowLayout>,
    records: Vec<u8>,
    /// Numbers that had no room.
    clipped: u64,
    /// What was put into the records so far, in order, and where: one record is mostly made as the one before.
    known: Vec<(Element, Option<Cell>)>,
    /// How much of that was put into the record begun last.
    next: usize,
}

/// Where a record has a field.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    at: usize,
    width: usize,
}

/// What IPv6 flows have instead.
const SIX: [(Element, Element, u16); 5] = [
    (ie::SRC_ADDR4, ie::SRC_ADDR6, 16),
    (ie::DST_ADDR4, ie::DST_ADDR6, 16),
    (ie::NEXT_HOP4, ie::NEXT_HOP6, 16),
    (ie::SRC_MASK, ie::SRC_MASK6, 1),
    (ie::DST_MASK, ie::DST_MASK6, 1),
];

/// What is wider in modern files than in any record.
const WIDE: [(Element, u16); 6] =
    [(ie::OCTETS, 8), (ie::PACKETS, 8), (ie::INPUT, 4), (ie::OUTPUT, 4), (ie::SRC_AS, 4), (ie::DST_AS, 4)];

impl Rows {
    /// Records of a version; for a modern file, rows of all that any version has.
    pub(super) fn new(form: Form) -> Rows {
        let Some(version) = form.classic() else { return Rows::of(&modern()) };
        let own = version.layout();
        let layout = RowLayout { size: own.size, offsets: own.offsets.clone(), order: Order::HOST };
        Rows::with(Some(version), own.schema.clone(), layout)
    }

    /// Rows of IPv6 flows.
    pub(super) fn six() -> Rows {
        let mut fields = modern();
        for (element, width) in &mut fields {
            if let Some((_, six, wide)) = SIX.iter().find(|(four, ..)| four == element) {
                (*element, *width) = (*six, *wide);
            }
        }
        Rows::of(&fields)
    }

    /// Rows of these elements, each so many octets wide.
    pub(super) fn of(fields: &[(Element, u16)]) -> Rows {
        let (mut offsets, mut size) = (Vec::new(), 0);
        for (_, width) in fields {
            offsets.push(size);
            size += width;
        }
        let spec = |(element, width): &(Element, u16)| FieldSpec { element: *element, occurrence: 0, width: *width };
        let schema = Schema::new(fields.iter().map(spec).collect());
        let layout = RowLayout { size: size.into(), offsets, order: Order::HOST };
        Rows::with(None, Arc::new(schema), layout)
    }

    fn with(version: Option<Version>, schema: Arc<Schema>, layout: RowLayout) -> Rows {
        Rows { version, schema, layout: Arc::new(layout), records: Vec::new(), clipped: 0, known: Vec::new(), next: 0 }
    }

    /// Begins a record: everything in it is 0.
    pub(super) fn begin(&mut self) {
        self.records.resize(self.records.len() + self.layout.size, 0);
        self.next = 0;
    }

    /// Where a record has an element.
    fn cell(&mut self, element: Element) -> Option<Cell> {
        let known = self.known.get(self.next).filter(|(known, _)| *known == element).copied();
        if let Some((_, cell)) = known {
            self.next += 1;
            return cell;
        }
        let cell = self.find(element);
        self.known.truncate(self.next);
        self.known.push((element, cell));
        self.next += 1;
        cell
    }

    fn find(&self, element: Element) -> Option<Cell> {
        let place = self.schema.position(element, 0)?;
        let (at, spec) = (self.layout.offsets.get(place)?, self.schema.fields().get(place)?);
        Some(Cell { at: usize::from(*at), width: usize::from(spec.width) })
    }

    /// Puts a number into the record begun last, if it has the field: the greatest that fits of one that does not.
    pub(super) fn set(&mut self, element: Element, value: impl Into<u128>) {
        let cell = self.cell(element);
        self.fill(cell, value);
    }

    /// Where a record has the element that says a field, if it has one.
    pub(super) fn place(&self, field: Field) -> Option<Cell> {
        field.candidates().iter().find_map(|element| self.find(*element))
    }

    /// Puts a number into the field of the record begun last that says it, if there is one.
    pub(super) fn put(&mut self, field: Field, value: impl Into<u128>) {
        self.fill(self.place(field), value);
    }

    /// Puts a number into a place of the record begun last, if it is one: the greatest that fits of one that does not.
    pub(super) fn fill(&mut self, cell: Option<Cell>, value: impl Into<u128>) {
        let Some(Cell { at, width }) = cell else { return };
        let (value, most) = (value.into(), u128::MAX >> (128 - 8 * width.clamp(1, 16)));
        self.clipped += u64::from(value > most);
        let value = value.min(most);
        let start = self.records.len().saturating_sub(self.layout.size) + at;
        let Some(cell) = self.records.get_mut(start..start + width) else { return };
        match Order::HOST {
            Order::Little => cell.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from),
            Order::Big => cell.iter_mut().rev().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from),
        }
    }

    /// How many numbers had no room since this was asked last.
    pub(super) fn take_clipped(&mut self) -> u64 {
        std::mem::take(&mut self.clipped)
    }

    /// Says by the clocks of the record when its flow was, ms since 1970.
    pub(super) fn times(&mut self, start: u64, end: u64) {
        let stamps = Stamps::of(start, end, None, None);
        self.set(ie::UNIX_SECS, stamps.unix_secs);
        self.set(ie::UNIX_NSECS, stamps.unix_nsecs);
        self.set(ie::UPTIME, stamps.uptime);
        self.set(ie::FIRST, stamps.first);
        self.set(ie::LAST, stamps.last);
    }

    /// Forgets the record begun last.
    pub(super) fn undo(&mut self) {
        self.records.truncate(self.records.len().saturating_sub(self.layout.size));
    }

    pub(super) fn len(&self) -> usize {
        self.records.len() / self.layout.size
    }

    /// The records made so far, if there are any.
    pub(super) fn take(&mut self) -> Option<FlowBatch> {
        let records = std::mem::take(&mut self.records);
        (!records.is_empty()).then(|| match self.version {
            Some(version) => FlowBatch::from_raw(version, Order::HOST, records),
            None => FlowBatch::from_rows(self.schema.clone(), self.layout.clone(), records),
        })
    }
}

/// All that records of any version have, as wide as modern files have it.
fn modern() -> Vec<(Element, u16)> {
    let own = Version::V1005.layout();
    let wide = |spec: &FieldSpec| WIDE.iter().find(|(element, _)| *element == spec.element).map(|(_, width)| *width);
    own.schema.fields().iter().map(|spec| (spec.element, wide(spec).unwrap_or(spec.width))).collect()
}
