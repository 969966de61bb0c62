//! A block's head: everything that is known of it without reading its columns.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::{COMMON, ColumnKind, Layout, MAGIC, MAX_CHUNK, MAX_ROWS, NONE, Transform, is_sum, kind};
use crate::flow::time::Span;
use crate::flow::{Codec, Element, FieldSpec, Order, Schema, VARIABLE};

/// Octets of the head before the columns' entries.
const FIXED: usize = 80;
/// Octets of a column's entry.
const COLUMN: usize = 40;
/// Octets of a part's entry.
const PART: usize = 48;
/// Values are octets, not numbers.
const OCTETS: u8 = 1;
/// Least and greatest value are known.
const BOUNDED: u8 = 2;
/// Octets that a block's columns may take when they are decoded: a guard against files made to exhaust memory.
const MAX_SIZE: u64 = 4 * MAX_CHUNK as u64;
/// Head flag: the span is known.
const SPANNED: u32 = 1;

/// A block's head.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::file) struct Head {
    /// Octets of the whole block.
    pub length: u32,
    /// Flows.
    pub rows: u32,
    /// When they were, where they say so.
    pub span: Option<Span>,
    /// Where the Bloom filter lies, if there is one.
    pub bloom: Option<Bloom>,
    /// How flows lie, where they lie one behind the other.
    pub row: Option<Rows>,
    /// The columns in order.
    pub columns: Vec<ColumnEntry>,
    /// The parts.
    pub parts: Vec<PartEntry>,
    /// The columns as a schema.
    pub schema: Arc<Schema>,
    /// The head's checksum; 0 of one that has not been read.
    pub sum: u32,
}

/// Where a Bloom filter lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::file) struct Bloom {
    /// From the block's start.
    pub offset: u32,
    /// How many lines it has; at least 1.
    pub lines: u32,
}

/// Flows that lie one behind the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::file) struct Rows {
    /// Octets of each.
    pub size: u32,
    /// Byte order of numbers.
    pub order: Order,
    /// The part they are.
    pub part: u16,
}

/// A column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::file) struct ColumnEntry {
    /// What it is.
    pub spec: FieldSpec,
    /// Whether its values are numbers (or addresses), little-endian; else octets as on the wire.
    pub number: bool,
    /// What it is made of.
    pub kind: ColumnKind,
    /// Parts, as [`ColumnKind`] says.
    pub a: u16,
    /// Likewise.
    pub b: u16,
    /// Likewise.
    pub c: u16,
    /// The column whose codes a table is for.
    pub parent: u16,
    /// Offset in the row.
    pub at: u32,
    /// Least and greatest value.
    pub bounds: Option<(u64, u64)>,
}

/// A part: numbers or octets, stored somewhere in the block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::file) struct PartEntry {
    /// How numbers are made.
    pub transform: Transform,
    /// How they lie.
    pub layout: Layout,
    /// Bits each, or planes.
    pub bits: u8,
    /// How they are compressed.
    pub codec: Codec,
    /// Octets a value.
    pub width: u16,
    /// The other column of a difference.
    pub reference: u16,
    /// How many.
    pub count: u32,
    /// Where, from the block's start.
    pub offset: u32,
    /// Octets stored.
    pub stored: u32,
    /// Octets when decompressed.
    pub raw: u32,
    /// CRC-32C of the octets stored and those behind them up to a multiple of 8.
    pub sum: u32,
    /// As [`Transform`] says.
    pub base: u64,
    /// Likewise.
    pub step: u64,
}

impl PartEntry {
    /// A part with nothing in it yet.
    pub fn new(width: u16, count: usize) -> PartEntry {
        PartEntry {
            transform: Transform::Absolute,
            layout: Layout::Zero,
            bits: 0,
            codec: Codec::None,
            width,
            reference: NONE,
            count: count as u32,
            offset: 0,
            stored: 0,
            raw: 0,
            sum: 0,
            base: 0,
            step: 0,
        }
    }

    /// Octets stored, with those up to a multiple of 8.
    pub fn padded(&self) -> usize {
        (self.stored as usize).next_multiple_of(8)
    }

    /// Octets its x take when decompressed; `None` if that, or what they stand for, is absurd.
    fn expected(&self) -> Option<u64> {
        let (count, width) = (u64::from(self.count), u64::from(self.width));
        if count * width > MAX_CHUNK as u64 {
            return None;
        }
        Some(match self.layout {
            Layout::Zero => 0,
            Layout::Packed => (count * u64::from(self.bits)).div_ceil(8),
            Layout::Planes => count * u64::from(self.bits),
            Layout::Octets => count * width,
        })
        .filter(|octets| *octets <= MAX_CHUNK as u64)
    }
}

impl Head {
    /// Octets of the head of a block with so many columns and parts.
    pub fn octets(columns: usize, parts: usize) -> usize {
        FIXED + columns * COLUMN + parts * PART
    }

    /// Writes the head to the front of `out`, which is the block.
    pub fn write(&self, out: &mut [u8]) {
        let size = Head::octets(self.columns.len(), self.parts.len());
        let Some(head) = out.get_mut(..size) else { return };
        let mut put = Put { out: head, at: 0 };
        put.octets(&MAGIC);
        put.octets(&[kind::BLOCK, 0, 0, 0]);
        put.u32(self.length);
        put.u32(size as u32);
        put.u32(0);
        put.u32(self.rows);
        put.u16(self.columns.len() as u16);
        put.u16(self.parts.len() as u16);
        put.u32(if self.span.is_some() { SPANNED } else { 0 });
        let span = self.span.unwrap_or(Span { start: (0, 0), end: (0, 0) });
        [span.start.0, span.start.1, span.end.0, span.end.1].into_iter().for_each(|time| put.u64(time));
        put.u32(self.bloom.map_or(0, |bloom| bloom.offset));
        put.u32(self.bloom.map_or(0, |bloom| bloom.lines));
        put.u32(self.row.map_or(0, |row| row.size));
        put.octets(&[self.row.map_or(0, |row| if row.order == Order::Big { 2 } else { 1 }), 0]);
        put.u16(self.row.map_or(NONE, |row| row.part));
        self.columns.iter().for_each(|column| column.write(&mut put));
        self.parts.iter().for_each(|part| part.write(&mut put));
        let sum = crc32c::crc32c(head);
        if let Some(place) = head.get_mut(16..20) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
    }

    /// Reads a head, which `octets` begin with. Says what is wrong with it.
    pub fn read(octets: &[u8]) -> Result<Head, String> {
        let size = octets.get(12..16).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
        let sum = octets.get(16..20).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
        match octets.get(..size as usize) {
            Some(head) if !is_sum(checksum(head), sum) => Err("the head's checksum is wrong".into()),
            _ => Head::parse(octets),
        }
    }

    /// Whether the block begins with this head.
    pub fn is_in(&self, block: &[u8]) -> bool {
        let size = Head::octets(self.columns.len(), self.parts.len());
        let stored = block.get(16..20).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
        block.get(..size).is_some_and(|head| stored == self.sum && is_sum(checksum(head), self.sum))
    }

    /// Reads a head that is known to be whole: from an index.
    pub fn parse(octets: &[u8]) -> Result<Head, String> {
        let early = || "the head ends early".to_string();
        let common = octets.get(..COMMON).ok_or_else(early)?;
        let mut get = Get { rest: common.get(8..).unwrap_or_default() };
        let (length, size, sum, rows) = (get.u32(), get.u32() as usize, get.u32(), get.u32());
        let head = octets.get(..size).ok_or_else(early)?;
        if size < FIXED || length as usize > MAX_CHUNK || (length as usize) < size || length % 8 != 0 {
            return Err(format!("a head of {size} octets in a block of {length}"));
        }
        let mut get = Get { rest: head.get(COMMON..).unwrap_or_default() };
        let (columns, parts, flags) = (get.u16(), get.u16(), get.u32());
        let span = Span { start: (get.u64(), get.u64()), end: (get.u64(), get.u64()) };
        let bloom = Bloom { offset: get.u32(), lines: get.u32() };
        let row = (get.u32(), get.u16(), get.u16());
        if Head::octets(columns.into(), parts.into()) != size || rows as usize > MAX_ROWS {
            return Err(format!("a head of {size} octets for {columns} columns, {parts} parts and {rows} flows"));
        }
        let columns = (0..columns).map(|_| ColumnEntry::read(&mut get)).collect::<Result<Vec<_>, _>>()?;
        let parts = (0..parts).map(|_| PartEntry::read(&mut get)).collect::<Result<Vec<_>, _>>()?;
        let schema = shared_schema(&columns);
        let row = (row.0 > 0).then_some(Rows {
            size: row.0,
            order: if row.1 == 2 { Order::Big } else { Order::Little },
            part: row.2,
        });
        let head = Head {
            length,
            rows,
            span: (flags & SPANNED != 0).then_some(span),
            bloom: (bloom.lines > 0).then_some(bloom),
            row,
            columns,
            parts,
            schema,
            sum,
        };
        head.check().map(|()| head)
    }

    /// Whether everything lies within the block, and columns are made of parts that fit.
    fn check(&self) -> Result<(), String> {
        let inside = |offset: u32, octets: usize| offset as usize + octets <= self.length as usize;
        for (at, part) in self.parts.iter().enumerate() {
            let whole = part.stored == 0 || inside(part.offset, part.padded());
            let fits =
                part.expected() == Some(part.raw.into()) && (part.codec != Codec::None || part.raw == part.stored);
            if !whole || !fits {
                return Err(format!("part {at} does not fit its block"));
            }
        }
        if self.bloom.is_some_and(|bloom| !inside(bloom.offset, bloom.lines as usize * super::LINE)) {
            return Err("the Bloom filter reaches past the block".into());
        }
        let mut size = 0;
        for (at, column) in self.columns.iter().enumerate() {
            size += self.check_column(column).ok_or_else(|| format!("column {at} does not fit its parts"))?;
        }
        if size > MAX_SIZE {
            return Err(format!("columns of {size} octets, expected at most {MAX_SIZE}"));
        }
        match self.row {
            Some(row) => {
                let whole = u64::from(row.size) * u64::from(self.rows);
                let fits = self.part(row.part).is_some_and(|part| u64::from(part.raw) == whole);
                if fits { Ok(()) } else { Err("the rows do not fit their part".into()) }
            }
            None => Ok(()),
        }
    }

    /// Octets a column takes when it is decoded; `None` if it cannot be.
    fn check_column(&self, column: &ColumnEntry) -> Option<u64> {
        let (width, rows) = (column.spec.width, u64::from(self.rows));
        let alone = |part: &&PartEntry| part.transform != Transform::Difference;
        let numbers = |at: u16, count: u32| {
            self.part(at).filter(|part| part.count == count && part.layout != Layout::Octets).filter(alone)
        };
        let values = |at: u16| self.part(at).filter(|part| part.width == width && width > 0);
        let size = |part: &PartEntry| u64::from(part.count) * u64::from(part.width);
        match column.kind {
            ColumnKind::Values => values(column.a).filter(|part| part.count == self.rows).map(size),
            ColumnKind::Codes => {
                numbers(column.a, self.rows)?;
                values(column.b).filter(alone).map(|part| size(part) + rows * 4)
            }
            ColumnKind::Table => {
                let parent = self.columns.get(usize::from(column.parent))?;
                let entries = self.part(parent.b).filter(|_| parent.kind == ColumnKind::Codes)?.count;
                let table = values(column.a).filter(alone).filter(|part| part.count == entries)?;
                if column.b == NONE {
                    return Some(size(table));
                }
                let exceptions = values(column.c).filter(alone).filter(|part| part.count <= self.rows)?;
                numbers(column.b, exceptions.count)?;
                Some(size(table) + size(exceptions) + rows * 4)
            }
            ColumnKind::Variable if width == VARIABLE => {
                numbers(column.a, self.rows)?;
                self.part(column.b).filter(|part| part.width == 1).filter(alone).map(|part| size(part) + rows * 4)
            }
            ColumnKind::Variable => None,
            ColumnKind::Row => {
                let row = self.row?;
                let inside = u64::from(column.at) + u64::from(width) <= u64::from(row.size);
                (width != VARIABLE && inside && column.at <= u16::MAX.into()).then_some(0)
            }
        }
    }

    /// A part by number.
    pub fn part(&self, at: u16) -> Option<&PartEntry> {
        self.parts.get(usize::from(at))
    }
}

thread_local! {
    /// Schemas that a thread met last: blocks of a file mostly have one and the same.
    static SCHEMAS: RefCell<VecDeque<Arc<Schema>>> = const { RefCell::new(VecDeque::new()) };
}

/// The schema of these columns; one that was made before if there is one.
fn shared_schema(columns: &[ColumnEntry]) -> Arc<Schema> {
    let specs = || columns.iter().map(|column| &column.spec);
    SCHEMAS.with_borrow_mut(|schemas| {
        if let Some(known) = schemas.iter().find(|schema| schema.fields().iter().eq(specs())) {
            return known.clone();
        }
        let schema = Arc::new(Schema::new(specs().copied().collect()));
        schemas.truncate(15);
        schemas.push_front(schema.clone());
        schema
    })
}

/// The checksum of a head, its place for it taken as zero.
pub(in crate::file) fn checksum(head: &[u8]) -> u32 {
    let (before, rest) = head.split_at_checked(16).unwrap_or((head, &[]));
    let sum = crc32c::crc32c_append(crc32c::crc32c(before), &[0; 4]);
    crc32c::crc32c_append(sum, rest.get(4..).unwrap_or_default())
}

impl ColumnEntry {
    fn write(&self, put: &mut Put<'_>) {
        put.u32(self.spec.element.enterprise);
        put.u16(self.spec.element.id);
        put.u16(self.spec.occurrence);
        put.u16(self.spec.width);
        let form = if self.number { 0 } else { OCTETS } | if self.bounds.is_some() { BOUNDED } else { 0 };
        put.octets(&[form, self.kind as u8]);
        [self.a, self.b, self.c, self.parent].into_iter().for_each(|n| put.u16(n));
        put.u32(self.at);
        let (low, high) = self.bounds.unwrap_or((0, 0));
        put.u64(low);
        put.u64(high);
    }

    fn read(get: &mut Get<'_>) -> Result<ColumnEntry, String> {
        let element = Element { enterprise: get.u32(), id: get.u16() };
        let spec = FieldSpec { element, occurrence: get.u16(), width: get.u16() };
        let [form, kind] = get.u16().to_le_bytes();
        let kind = match kind {
            0 => ColumnKind::Values,
            1 => ColumnKind::Codes,
            2 => ColumnKind::Table,
            3 => ColumnKind::Variable,
            4 => ColumnKind::Row,
            other => return Err(format!("column kind {other}, expected 0 to 4")),
        };
        let (a, b, c, parent, at) = (get.u16(), get.u16(), get.u16(), get.u16(), get.u32());
        let bounds = (get.u64(), get.u64());
        let bounds = (form & BOUNDED != 0).then_some(bounds);
        Ok(ColumnEntry { spec, number: form & OCTETS == 0, kind, a, b, c, parent, at, bounds })
    }
}

impl PartEntry {
    fn write(&self, put: &mut Put<'_>) {
        let codec = match self.codec {
            Codec::None => 0,
            Codec::Lz4 => 1,
            Codec::Zstd => 2,
        };
        put.octets(&[self.transform as u8, self.layout as u8, self.bits, codec]);
        put.u16(self.width);
        put.u16(self.reference);
        [self.count, self.offset, self.stored, self.raw, self.sum, 0].into_iter().for_each(|n| put.u32(n));
        put.u64(self.base);
        put.u64(self.step);
    }

    fn read(get: &mut Get<'_>) -> Result<PartEntry, String> {
        let [transform, layout, bits, codec] = get.u32().to_le_bytes();
        let transform = match transform {
            0 => Transform::Absolute,
            1 => Transform::Delta,
            2 => Transform::Difference,
            other => return Err(format!("transform {other}, expected 0 to 2")),
        };
        let layout = match layout {
            0 => Layout::Zero,
            1 if bits <= 64 => Layout::Packed,
            2 => Layout::Planes,
            3 => Layout::Octets,
            other => return Err(format!("layout {other} of {bits} bits, expected 0 to 3")),
        };
        let codec = match codec {
            0 => Codec::None,
            1 => Codec::Lz4,
            2 => Codec::Zstd,
            other => return Err(format!("codec {other}, expected 0 to 2")),
        };
        let (width, reference) = (get.u16(), get.u16());
        let (count, offset, stored, raw, sum) = (get.u32(), get.u32(), get.u32(), get.u32(), get.u32());
        get.u32();
        let (base, step) = (get.u64(), get.u64());
        Ok(PartEntry { transform, layout, bits, codec, width, reference, count, offset, stored, raw, sum, base, step })
    }
}

/// Writing little-endian numbers one after the other.
struct Put<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Put<'_> {
    fn octets(&mut self, octets: &[u8]) {
        if let Some(place) = self.out.get_mut(self.at..self.at + octets.len()) {
            place.copy_from_slice(octets);
        }
        self.at += octets.len();
    }

    fn u16(&mut self, n: u16) {
        self.octets(&n.to_le_bytes());
    }

    fn u32(&mut self, n: u32) {
        self.octets(&n.to_le_bytes());
    }

    fn u64(&mut self, n: u64) {
        self.octets(&n.to_le_bytes());
    }
}

/// Reading little-endian numbers one after the other; zeros past the end.
pub(in crate::file) struct Get<'a> {
    pub rest: &'a [u8],
}

impl Get<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk::<N>() {
            Some((number, rest)) => {
                self.rest = rest;
                *number
            }
            None => [0; N],
        }
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}
