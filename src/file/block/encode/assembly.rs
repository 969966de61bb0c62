//! A block being put together from its parts.

use std::sync::Arc;

use super::series::{Way, align, reduce};
use super::squeeze::Squeeze;
use crate::file::block::head::{Bloom, ColumnEntry, Head, PartEntry, Rows};
use crate::file::block::{Layout, bloom, pack};
use crate::flow::time::Span;
use crate::flow::{Codec, Schema};

/// How numbers lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Store {
    /// Bit-packed, not compressed.
    Packed,
    /// Octet by octet, compressed: bit-packed where that does not pay.
    Planes,
    /// Bit-packed, several in an octet, and compressed: what a Huffman code with its one bit at least cannot say of one
    /// number, it can of several. Just bit-packed where that does not pay.
    Squeezed,
}

/// How octets, and values wider than numbers, lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wide {
    /// As they are.
    Plain,
    /// As they are, compressed.
    Squeezed,
    /// Octet by octet, compressed: as they are where that does not pay.
    Planes,
}

/// Parts of a block.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    out: Vec<u8>,
    parts: Vec<PartEntry>,
    scratch: Vec<u8>,
}

/// Puts the planes of numbers into `out`.
pub(super) fn planes(numbers: &[u64], count: u8, out: &mut Vec<u8>) {
    out.clear();
    for plane in 0..u32::from(count) {
        out.extend(numbers.iter().map(|n| (n >> (8 * plane)) as u8));
    }
}

/// Bits of each number when several are to lie in an octet; `None` if only one does.
pub(super) fn shared_bits(bits: u8) -> Option<u8> {
    (1..=4).contains(&bits).then(|| bits.next_power_of_two())
}

/// Puts the planes of values of `width` octets into `out`.
pub(super) fn wide_planes(values: &[u8], width: usize, out: &mut Vec<u8>) {
    out.clear();
    for plane in 0..width {
        out.extend(values.get(plane..).unwrap_or_default().iter().step_by(width));
    }
}

impl Assembly {
    /// Adds numbers of `width` octets, which are lost.
    pub fn numbers(
        &mut self,
        width: u16,
        way: Way,
        store: Store,
        numbers: &mut [u64],
        reference: &[u64],
        squeeze: &mut Squeeze,
    ) -> u16 {
        let (mut part, mut top) = reduce(way, width, numbers, reference);
        let x = numbers;
        if store == Store::Planes {
            top = align(&mut part, top, x);
        }
        let bits = pack::bits_of(top);
        if bits == 0 {
            return self.plain(part, 0);
        }
        if let Some(added) = self.tight(part, bits, store, x, squeeze) {
            return added;
        }
        (part.layout, part.bits) = (Layout::Packed, bits);
        let start = self.out.len();
        pack::pack(x, bits, &mut self.out);
        self.plain(part, self.out.len() - start)
    }

    /// Adds what is left of numbers compressed, if it is to be and that pays.
    fn tight(&mut self, part: PartEntry, bits: u8, store: Store, x: &[u64], squeeze: &mut Squeeze) -> Option<u16> {
        let mut octets = std::mem::take(&mut self.scratch);
        let shape = match (store, shared_bits(bits)) {
            (Store::Squeezed, Some(bits)) => {
                octets.clear();
                pack::pack(x, bits, &mut octets);
                Some((Layout::Packed, bits, octets.len()))
            }
            (Store::Squeezed | Store::Planes, _) => {
                let count = bits.div_ceil(8);
                planes(x, count, &mut octets);
                Some((Layout::Planes, count, x.len()))
            }
            (Store::Packed, _) => None,
        };
        let added = shape.and_then(|(layout, bits, piece)| {
            self.squeezed(PartEntry { layout, bits, ..part }, &octets, piece, squeeze)
        });
        self.scratch = octets;
        added
    }

    /// Adds octets, `width` a value.
    pub fn octets(&mut self, width: u16, octets: &[u8], wide: Wide, squeeze: &mut Squeeze) -> u16 {
        let count = octets.len() / usize::from(width).max(1);
        let part = PartEntry { layout: Layout::Octets, ..PartEntry::new(width, count) };
        // More planes than an entry can say are none.
        let added = match wide {
            Wide::Plain => None,
            Wide::Planes if width <= 64 => self.wide_planes(part, octets, squeeze),
            _ => self.squeezed(part, octets, octets.len(), squeeze),
        };
        added.unwrap_or_else(|| {
            self.out.extend_from_slice(octets);
            self.plain(part, octets.len())
        })
    }

    fn wide_planes(&mut self, part: PartEntry, octets: &[u8], squeeze: &mut Squeeze) -> Option<u16> {
        let mut scratch = std::mem::take(&mut self.scratch);
        wide_planes(octets, part.width.into(), &mut scratch);
        let part = PartEntry { layout: Layout::Planes, bits: part.width as u8, ..part };
        let added = self.squeezed(part, &scratch, part.count as usize, squeeze);
        self.scratch = scratch;
        added
    }

    /// Adds a part compressed, if that is worth it.
    fn squeezed(&mut self, mut part: PartEntry, octets: &[u8], piece: usize, squeeze: &mut Squeeze) -> Option<u16> {
        let codec = squeeze.codec;
        let stored = squeeze.squeeze(octets, piece)?;
        (part.codec, part.raw) = (codec, octets.len() as u32);
        self.out.extend_from_slice(stored);
        Some(self.add(part, stored.len()))
    }

    /// Adds a part that is not compressed, whose octets are the last `stored` ones.
    fn plain(&mut self, mut part: PartEntry, stored: usize) -> u16 {
        (part.codec, part.raw) = (Codec::None, stored as u32);
        self.add(part, stored)
    }

    fn add(&mut self, mut part: PartEntry, stored: usize) -> u16 {
        let start = self.out.len() - stored;
        // Offsets are from the end of the head until that is known.
        (part.offset, part.stored) = (start as u32, stored as u32);
        self.out.resize(self.out.len().next_multiple_of(8), 0);
        part.sum = crc32c::crc32c(self.out.get(start..).unwrap_or_default());
        self.parts.push(part);
        (self.parts.len() - 1) as u16
    }

    /// The block: head, parts, Bloom filter.
    pub fn finish(
        mut self,
        schema: &Arc<Schema>,
        rows: usize,
        span: Option<Span>,
        columns: Vec<ColumnEntry>,
        row: Option<Rows>,
        probes: &[bloom::Probe],
    ) -> Vec<u8> {
        let size = Head::octets(columns.len(), self.parts.len());
        let mut block = Vec::with_capacity(size + self.out.len() + probes.len() * 2 + 64);
        block.resize(size, 0);
        block.append(&mut self.out);
        self.parts.iter_mut().for_each(|part| part.offset += size as u32);
        let offset = block.len() as u32;
        let lines = if probes.is_empty() { 0 } else { bloom::build(probes, &mut block) };
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
