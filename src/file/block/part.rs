//! Parts: from octets to numbers and values.

use std::cell::RefCell;

use super::decode::Trouble;
use super::head::PartEntry;
use super::unpack::{Lane, add_to, join, sum_up, unpack};
use super::{Layout, Transform, is_sum};
use crate::flow::{Codec, Order, Rows, View, give_back, number_room, room};

thread_local! {
    /// A thread's decompressor: making one anew for each column costs as much as using it.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

impl PartEntry {
    /// Whether the part is as it was written: `stored` is what is stored of it, and behind it up to a multiple of 8.
    pub fn check(&self, stored: &[u8]) -> Result<(), Trouble> {
        match is_sum(crc32c::crc32c(stored), self.sum) {
            true => Ok(()),
            false => Err(Trouble::damaged("a column's checksum is wrong")),
        }
    }

    /// Decompresses what is stored of a part.
    pub fn decompress(&self, stored: &[u8]) -> Result<Vec<u8>, Trouble> {
        let stored = stored.get(..self.stored as usize).unwrap_or(stored);
        let mut out = room(self.raw as usize);
        let got = match self.codec {
            Codec::None => {
                out.clear();
                out.extend_from_slice(stored);
                Ok(stored.len())
            }
            Codec::Lz4 => lz4_flex::block::decompress_into(stored, &mut out).map_err(|e| e.to_string()),
            Codec::Zstd => zstd(stored, &mut out).map_err(|e| e.to_string()),
        };
        match got {
            Ok(octets) if octets == self.raw as usize => Ok(out),
            Ok(octets) => Err(Trouble::Damaged(format!("a column of {octets} octets, expected {}", self.raw))),
            Err(what) => Err(Trouble::Damaged(format!("a column cannot be decompressed: {what}"))),
        }
    }

    /// Fills `out` with the part's numbers; `reference` is the other column of a difference.
    fn fill<L: Lane>(&self, octets: &[u8], reference: Option<View<'_>>, out: &mut [L]) {
        let base = if self.transform == Transform::Delta { self.step } else { self.base };
        match self.layout {
            Layout::Packed => unpack(octets, self.bits, base, out),
            Layout::Planes => join(octets, self.bits, base, out),
            Layout::Zero | Layout::Octets => out.fill(L::of(base)),
        }
        match (self.transform, reference) {
            (Transform::Absolute, _) | (Transform::Difference, None) => {}
            (Transform::Delta, _) => sum_up(self.base, out),
            (Transform::Difference, Some(reference)) => difference(reference, out),
        }
    }

    /// The numbers of a part that is not octets and no difference: codes, lengths, rows.
    pub fn numbers(&self, octets: &[u8]) -> Result<Vec<u32>, Trouble> {
        let mut out = number_room(self.count as usize);
        self.fill(octets, None, &mut out);
        match self.width {
            1 => out.iter_mut().for_each(|n| *n &= 0xFF),
            2 => out.iter_mut().for_each(|n| *n &= 0xFFFF),
            4 => {}
            other => return Err(Trouble::Damaged(format!("codes of {other} octets, expected 1, 2 or 4"))),
        }
        Ok(out)
    }

    /// The values of a part, its width each, one behind the other.
    pub fn values(&self, octets: &[u8], reference: Option<View<'_>>) -> Vec<u8> {
        let (width, count) = (usize::from(self.width), self.count as usize);
        let mut out = room(count * width);
        match (self.layout, width) {
            (Layout::Octets, _) => {
                let whole = octets.len().min(out.len());
                out.truncate(whole);
                out.copy_from_slice(octets.get(..whole).unwrap_or_default());
                out.resize(count * width, 0);
            }
            (_, 1) => self.fill(octets, reference, out.as_chunks_mut::<1>().0),
            (_, 2) => self.fill(octets, reference, out.as_chunks_mut::<2>().0),
            (_, 4) => self.fill(octets, reference, out.as_chunks_mut::<4>().0),
            (_, 8) => self.fill(octets, reference, out.as_chunks_mut::<8>().0),
            (Layout::Planes, 9..) => interleave(octets, self.bits.into(), width, &mut out),
            _ => {
                let mut wide = room(count * 8);
                let numbers = wide.as_chunks_mut::<8>().0;
                self.fill(octets, reference, numbers);
                out.fill(0);
                for (value, number) in out.chunks_exact_mut(width.max(1)).zip(numbers) {
                    value.iter_mut().zip(number).for_each(|(to, from)| *to = *from);
                }
                give_back(wide);
            }
        }
        out
    }
}

fn zstd(stored: &[u8], out: &mut [u8]) -> std::io::Result<usize> {
    ZSTD.with_borrow_mut(|kept| match kept {
        Some(decompressor) => decompressor.decompress_to_buffer(stored, out),
        None => kept.insert(zstd::bulk::Decompressor::new()?).decompress_to_buffer(stored, out),
    })
}

/// Adds the numbers of another column, as wide as they are where they lie one behind the other.
fn difference<L: Lane>(reference: View<'_>, out: &mut [L]) {
    match reference {
        View::Strided { bytes, offset: 0, stride: 4, width: 4, order: Order::Little } => {
            add_to(out, bytes.as_chunks::<4>().0)
        }
        View::Strided { bytes, offset: 0, stride: 8, width: 8, order: Order::Little } => {
            add_to(out, bytes.as_chunks::<8>().0)
        }
        View::Strided { bytes, offset: 0, stride: 2, width: 2, order: Order::Little } => {
            add_to(out, bytes.as_chunks::<2>().0)
        }
        View::Strided { bytes, offset: 0, stride: 1, width: 1, .. } => add_to(out, bytes.as_chunks::<1>().0),
        other => {
            let mut numbers = Vec::<u64>::new();
            other.gather(Rows::All(out.len()), &mut numbers);
            out.iter_mut().zip(numbers).for_each(|(lane, n)| *lane = L::of(lane.get().wrapping_add(n)));
        }
    }
}

/// Values of more than 8 octets from planes of their octets, the lowest first; octets of no plane are zero.
fn interleave(octets: &[u8], planes: usize, width: usize, out: &mut [u8]) {
    let count = (out.len() / width).max(1);
    if planes < width {
        out.fill(0);
    }
    for (at, plane) in octets.chunks_exact(count).enumerate().take(planes.min(width)) {
        match width {
            // Addresses.
            16 => out.as_chunks_mut::<16>().0.iter_mut().zip(plane).for_each(|(value, octet)| {
                if let Some(place) = value.get_mut(at) {
                    *place = *octet;
                }
            }),
            _ => out.chunks_exact_mut(width).zip(plane).for_each(|(value, octet)| {
                if let Some(place) = value.get_mut(at) {
                    *place = *octet;
                }
            }),
        }
    }
}
