//! Parts: from octets to numbers.

use std::borrow::Cow;

use super::decode::Trouble;
use super::head::PartEntry;
use super::{Layout, Transform, pack};
use crate::flow::Codec;

impl PartEntry {
    /// The octets of a part, from what is stored of it and behind it up to a multiple of 8.
    pub fn octets<'a>(&self, stored: Cow<'a, [u8]>) -> Result<Cow<'a, [u8]>, Trouble> {
        if crc32c::crc32c(&stored) != self.sum {
            return Err(Trouble::damaged("a column's checksum is wrong"));
        }
        let length = self.stored as usize;
        let cut = |stored: Cow<'a, [u8]>| match stored {
            Cow::Borrowed(octets) => Cow::Borrowed(octets.get(..length).unwrap_or_default()),
            Cow::Owned(mut octets) => {
                octets.truncate(length);
                Cow::Owned(octets)
            }
        };
        let (stored, raw) = (cut(stored), self.raw as usize);
        let unpacked = match self.codec {
            Codec::None => return Ok(stored),
            Codec::Lz4 => lz4_flex::block::decompress(&stored, raw).map_err(|e| e.to_string()),
            Codec::Zstd => zstd::bulk::decompress(&stored, raw).map_err(|e| e.to_string()),
        };
        match unpacked {
            Ok(octets) if octets.len() == raw => Ok(Cow::Owned(octets)),
            Ok(octets) => Err(Trouble::Damaged(format!("a column of {} octets, expected {raw}", octets.len()))),
            Err(what) => Err(Trouble::Damaged(format!("a column cannot be decompressed: {what}"))),
        }
    }

    /// The numbers of a part from its octets; `reference` are those of the other column of a difference.
    pub fn numbers(&self, octets: &[u8], reference: Option<&[u64]>) -> Vec<u64> {
        let count = self.count as usize;
        let mut numbers = Vec::with_capacity(count);
        match self.layout {
            Layout::Zero => numbers.resize(count, 0),
            Layout::Packed => pack::unpack(octets, self.bits, count, |n| numbers.push(n)),
            Layout::Planes => {
                numbers.resize(count, 0);
                for (plane, octets) in octets.chunks_exact(count.max(1)).enumerate().take(8) {
                    numbers.iter_mut().zip(octets).for_each(|(n, octet)| *n |= u64::from(*octet) << (8 * plane));
                }
            }
            Layout::Octets => {
                let width = usize::from(self.width).max(1);
                let fold = |value: &[u8]| value.iter().take(8).rev().fold(0, |n, octet| n << 8 | u64::from(*octet));
                numbers.extend(octets.chunks_exact(width).map(fold));
                numbers.resize(count, 0);
                return numbers;
            }
        }
        self.transform(&mut numbers, reference);
        numbers
    }

    /// From x to the numbers meant.
    fn transform(&self, numbers: &mut [u64], reference: Option<&[u64]>) {
        let mask = if self.width >= 8 { u64::MAX } else { (1 << (8 * self.width)) - 1 };
        match self.transform {
            Transform::Absolute => numbers.iter_mut().for_each(|n| *n = self.base.wrapping_add(*n) & mask),
            Transform::Delta => {
                let mut last = self.base;
                for n in numbers {
                    last = last.wrapping_add(self.step).wrapping_add(*n);
                    *n = last & mask;
                }
            }
            Transform::Difference => {
                let reference = reference.unwrap_or_default();
                for (n, other) in numbers.iter_mut().zip(reference) {
                    *n = other.wrapping_add(self.base).wrapping_add(*n) & mask;
                }
            }
        }
    }

    /// The values of a part, its width each, one behind the other.
    pub fn values(&self, octets: Cow<'_, [u8]>, reference: Option<&[u64]>) -> Vec<u8> {
        let width = usize::from(self.width);
        match self.layout {
            Layout::Octets => octets.into_owned(),
            Layout::Planes if width > 8 => {
                let count = self.count as usize;
                let mut values = vec![0; count * width];
                for (plane, octets) in octets.chunks_exact(count.max(1)).enumerate().take(width) {
                    for (value, octet) in values.chunks_exact_mut(width).zip(octets) {
                        if let Some(place) = value.get_mut(plane) {
                            *place = *octet;
                        }
                    }
                }
                values
            }
            _ => narrow(&self.numbers(&octets, reference), width),
        }
    }
}

/// Numbers as little-endian octets, so many each.
pub(super) fn narrow(numbers: &[u64], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(numbers.len() * width);
    match width {
        1 => out.extend(numbers.iter().map(|n| *n as u8)),
        2 => numbers.iter().for_each(|n| out.extend_from_slice(&(*n as u16).to_le_bytes())),
        4 => numbers.iter().for_each(|n| out.extend_from_slice(&(*n as u32).to_le_bytes())),
        8 => numbers.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes())),
        _ => numbers.iter().for_each(|n| {
            let octets = n.to_le_bytes();
            out.extend_from_slice(octets.get(..width).unwrap_or(&octets));
            out.resize(out.len() + width.saturating_sub(8), 0);
        }),
    }
    out
}
