//! From batches to blocks.

use std::sync::Arc;

use super::head::{Bloom, ColumnEntry, Head, PartEntry, Rows};
use super::{ColumnKind, Layout, NONE, bloom, pack};
use crate::flow::registry::is_number;
use crate::flow::time::{FlowTimes, Span};
use crate::flow::{Codec, Element, FieldSpec, FlowBatch, Order, Schema, VARIABLE, ie};

/// The values of one column of a block that is being made.
#[derive(Clone, Debug)]
pub(in crate::file) enum Values {
    /// Numbers of up to 8 octets; addresses of IPv4 among them.
    Numbers(Vec<u64>),
    /// Values of one width, as they lie in memory.
    Octets(Vec<u8>),
    /// Values of any length.
    Variable { ends: Vec<u32>, data: Vec<u8> },
}

/// Makes blocks. What it learns of a schema's columns from one block it uses for the next.
#[derive(Debug)]
pub(in crate::file) struct BlockEncoder {
    codec: Codec,
    level: i32,
}

/// A block's parts being put together.
struct Assembly {
    out: Vec<u8>,
    parts: Vec<PartEntry>,
}

impl BlockEncoder {
    /// An encoder; `level` is Zstandard's.
    pub fn new(codec: Codec, level: i32) -> BlockEncoder {
        BlockEncoder { codec, level }
    }

    /// A block of these columns, one a field of `schema`, each of `rows` values.
    pub fn encode(&mut self, schema: &Arc<Schema>, rows: usize, columns: &[Values], span: Option<Span>) -> Vec<u8> {
        let mut entries = Vec::with_capacity(columns.len());
        let mut parts = Assembly { out: Vec::new(), parts: Vec::new() };
        for (spec, values) in schema.fields().iter().zip(columns) {
            entries.push(self.column(*spec, rows, values, &mut parts));
        }
        let probes = addresses(schema, columns);
        parts.finish(schema, rows, span, entries, None, probes)
    }

    /// A block of a batch's selected flows as they lie one behind the other, quick to make; `None` if they do not.
    pub fn rows(batch: &FlowBatch) -> Option<(Vec<u8>, Option<Span>)> {
        let stored = batch.stored_rows()?;
        let mut octets = Vec::new();
        stored.copy(batch.rows(), &mut octets);
        let mut parts = Assembly { out: Vec::new(), parts: Vec::new() };
        let part = parts.octets(1, octets.len(), &octets, Codec::None, 0);
        let row = Rows { size: stored.size as u32, order: stored.order, part };
        let specs = batch.schema().fields().iter().zip(stored.offsets);
        let entry = |(spec, at): (&FieldSpec, &u16)| ColumnEntry {
            number: is_number(spec.element, spec.width),
            kind: ColumnKind::Row,
            at: (*at).into(),
            ..blank(*spec)
        };
        let mut times = FlowTimes::default();
        times.gather(batch);
        let span = Span::of(&times.start, &times.end).filter(|_| FlowTimes::known(batch.schema()));
        let columns = specs.map(entry).collect();
        Some((parts.finish(&batch.shared_schema(), batch.len(), span, columns, Some(row), Vec::new()), span))
    }

    fn column(&self, spec: FieldSpec, rows: usize, values: &Values, parts: &mut Assembly) -> ColumnEntry {
        let number = is_number(spec.element, spec.width);
        match values {
            Values::Numbers(numbers) => {
                let bounds = numbers.iter().min().copied().zip(numbers.iter().max().copied());
                let a = parts.numbers(spec.width, numbers, self.codec, self.level);
                ColumnEntry { number, a, bounds, ..blank(spec) }
            }
            Values::Octets(octets) => {
                let a = parts.octets(spec.width, rows, octets, self.codec, self.level);
                ColumnEntry { number, a, ..blank(spec) }
            }
            Values::Variable { ends, data } => {
                let mut before = 0;
                let lengths: Vec<u64> =
                    ends.iter().map(|end| u64::from(end - std::mem::replace(&mut before, *end))).collect();
                let a = parts.numbers(4, &lengths, self.codec, self.level);
                let b = parts.octets(1, data.len(), data, self.codec, self.level);
                ColumnEntry { number, kind: ColumnKind::Variable, a, b, ..blank(spec) }
            }
        }
    }
}

fn blank(spec: FieldSpec) -> ColumnEntry {
    ColumnEntry {
        spec,
        number: true,
        kind: ColumnKind::Values,
        a: NONE,
        b: NONE,
        c: NONE,
        parent: NONE,
        at: 0,
        bounds: None,
    }
}

/// What the flows' addresses are looked up by, each once.
fn addresses(schema: &Schema, columns: &[Values]) -> Vec<bloom::Probe> {
    const ADDRESSES: [Element; 4] = [ie::SRC_ADDR4, ie::DST_ADDR4, ie::SRC_ADDR6, ie::DST_ADDR6];
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for (spec, values) in schema.fields().iter().zip(columns) {
        match values {
            _ if !ADDRESSES.contains(&spec.element) || spec.width == VARIABLE => {}
            Values::Numbers(numbers) => short.extend_from_slice(numbers),
            Values::Octets(octets) => {
                long.extend(octets.chunks_exact(16).map(|a| a.try_into().map_or(0, u128::from_le_bytes)));
            }
            Values::Variable { .. } => {}
        }
    }
    short.sort_unstable();
    short.dedup();
    long.sort_unstable();
    long.dedup();
    short.into_iter().map(bloom::Probe::number).chain(long.into_iter().map(bloom::Probe::long)).collect()
}

impl Assembly {
    /// Adds numbers.
    fn numbers(&mut self, width: u16, numbers: &[u64], codec: Codec, level: i32) -> u16 {
        let base = numbers.iter().min().copied().unwrap_or(0);
        let bits = pack::bits_of(numbers.iter().max().copied().unwrap_or(0) - base);
        let mut part = PartEntry { base, ..PartEntry::new(width, numbers.len()) };
        let mut octets = Vec::new();
        if bits > 0 {
            (part.layout, part.bits) = (Layout::Packed, bits);
            pack::pack(numbers.iter().map(|n| n - base), bits, &mut octets);
        }
        self.add(part, &octets, codec, level)
    }

    /// Adds octets as they are.
    fn octets(&mut self, width: u16, count: usize, octets: &[u8], codec: Codec, level: i32) -> u16 {
        let part = PartEntry { layout: Layout::Octets, ..PartEntry::new(width, count) };
        self.add(part, octets, codec, level)
    }

    /// Adds a part; compresses it if that is worth it.
    fn add(&mut self, mut part: PartEntry, octets: &[u8], codec: Codec, level: i32) -> u16 {
        let squeezed = match codec {
            Codec::None => None,
            Codec::Lz4 => Some(lz4_flex::block::compress(octets)),
            Codec::Zstd => zstd::bulk::compress(octets, level).ok(),
        };
        let squeezed = squeezed.filter(|squeezed| squeezed.len() < octets.len() - octets.len() / 16);
        part.codec = if squeezed.is_some() { codec } else { Codec::None };
        let stored = squeezed.as_deref().unwrap_or(octets);
        // Offsets are from the end of the head until that is known.
        (part.offset, part.raw, part.stored) = (self.out.len() as u32, octets.len() as u32, stored.len() as u32);
        let start = self.out.len();
        self.out.extend_from_slice(stored);
        self.out.resize(self.out.len().next_multiple_of(8), 0);
        part.sum = crc32c::crc32c(self.out.get(start..).unwrap_or_default());
        self.parts.push(part);
        (self.parts.len() - 1) as u16
    }

    /// The block: head, parts, Bloom filter.
    fn finish(
        mut self,
        schema: &Arc<Schema>,
        rows: usize,
        span: Option<Span>,
        columns: Vec<ColumnEntry>,
        row: Option<Rows>,
        probes: Vec<bloom::Probe>,
    ) -> Vec<u8> {
        let size = Head::octets(columns.len(), self.parts.len());
        let mut block = vec![0; size];
        block.append(&mut self.out);
        self.parts.iter_mut().for_each(|part| part.offset += size as u32);
        let offset = block.len() as u32;
        let lines = if probes.is_empty() { 0 } else { bloom::build(&probes, &mut block) };
        let head = Head {
            length: block.len() as u32,
            rows: rows as u32,
            span,
            bloom: (lines > 0).then_some(Bloom { offset, lines }),
            row,
            columns,
            parts: self.parts,
            schema: schema.clone(),
            sum: 0,
        };
        head.write(&mut block);
        block
    }
}

/// Appends a batch's selected flows to columns, one a field of its schema.
pub(in crate::file) fn append(batch: &FlowBatch, columns: &mut Vec<Values>) {
    let fields = batch.schema().fields();
    if columns.is_empty() {
        columns.extend(fields.iter().map(|spec| match spec.width {
            VARIABLE => Values::Variable { ends: Vec::new(), data: Vec::new() },
            width if width <= 8 => Values::Numbers(Vec::new()),
            _ => Values::Octets(Vec::new()),
        }));
    }
    let mut scratch = Vec::new();
    for (at, (spec, values)) in fields.iter().zip(columns).enumerate() {
        let Some(view) = batch.column(at) else { continue };
        let number = is_number(spec.element, spec.width);
        match values {
            Values::Numbers(numbers) if number => {
                view.gather(batch.rows(), &mut scratch);
                numbers.extend_from_slice(&scratch);
            }
            // Octets in the order of the wire, as if they were a little-endian number.
            Values::Numbers(numbers) => batch.rows().each(|row| {
                numbers.push(view.octets(row).0.iter().rev().fold(0, |n, octet| n << 8 | u64::from(*octet)));
            }),
            Values::Octets(data) => batch.rows().each(|row| {
                let (octets, order) = view.octets(row);
                match number && order == Order::Big {
                    true => data.extend(octets.iter().rev()),
                    false => data.extend_from_slice(octets),
                }
            }),
            Values::Variable { ends, data } => batch.rows().each(|row| {
                data.extend_from_slice(view.octets(row).0);
                ends.push(data.len() as u32);
            }),
        }
    }
}
