//! Numbers on their way to be stored: what is left of them when a base, the number before, or another column's number
//! has been taken off.

use crate::file::block::Transform;
use crate::file::block::head::PartEntry;
use crate::file::block::pack::bits_of;

/// What is taken off a column's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The least of them.
    Absolute,
    /// The one before.
    Delta,
    /// The same flow's number in another column.
    Difference(u16),
}

/// Puts values of up to 8 octets into `out` as numbers.
pub(super) fn widen(data: &[u8], width: u16, out: &mut Vec<u64>) {
    out.clear();
    match width {
        1 => out.extend(data.iter().map(|n| u64::from(*n))),
        2 => out.extend(data.as_chunks().0.iter().map(|b| u64::from(u16::from_le_bytes(*b)))),
        4 => out.extend(data.as_chunks().0.iter().map(|b| u64::from(u32::from_le_bytes(*b)))),
        8 => out.extend(data.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b))),
        width => {
            let fold = |value: &[u8]| value.iter().rev().fold(0, |n, octet| n << 8 | u64::from(*octet));
            out.extend(data.chunks_exact(usize::from(width).max(1)).map(fold));
        }
    }
}

/// The least and greatest number.
pub(super) fn bounds(numbers: &[u64]) -> Option<(u64, u64)> {
    let first = *numbers.first()?;
    Some(numbers.iter().fold((first, first), |(low, high), n| (low.min(*n), high.max(*n))))
}

/// Leaves in `numbers` what is to be stored of them. The part entry says how they are made of that; the greatest of
/// what is left comes with it. All ways are total: arithmetic is modulo the width.
pub(super) fn reduce(way: Way, width: u16, numbers: &mut [u64], reference: &[u64]) -> (PartEntry, u64) {
    let mut part = PartEntry::new(width, numbers.len());
    let shift = 64 - 8 * u32::from(width.clamp(1, 8));
    let signed = |n: u64| ((n << shift) as i64) >> shift;
    let top = match way {
        Way::Absolute => {
            let (low, high) = bounds(numbers).unwrap_or((0, 0));
            part.base = low;
            if low > 0 {
                numbers.iter_mut().for_each(|n| *n -= low);
            }
            high - low
        }
        Way::Delta => {
            part.transform = Transform::Delta;
            let Some((first, rest)) = numbers.split_first_mut() else { return (part, 0) };
            let (mut before, mut least, mut most) = (*first, i64::MAX, i64::MIN);
            for n in rest.iter_mut() {
                let delta = signed(n.wrapping_sub(before));
                (before, *n) = (*n, delta as u64);
                (least, most) = (least.min(delta), most.max(delta));
            }
            let least = if rest.is_empty() { 0 } else { least };
            part.step = least as u64;
            part.base = first.wrapping_sub(part.step);
            *first = 0;
            rest.iter_mut().for_each(|n| *n = n.wrapping_sub(least as u64));
            if rest.is_empty() { 0 } else { most.wrapping_sub(least) as u64 }
        }
        Way::Difference(column) => {
            (part.transform, part.reference) = (Transform::Difference, column);
            let (mut least, mut most) = (i64::MAX, i64::MIN);
            for (n, other) in numbers.iter_mut().zip(reference) {
                let difference = signed(n.wrapping_sub(*other));
                *n = difference as u64;
                (least, most) = (least.min(difference), most.max(difference));
            }
            if numbers.is_empty() {
                return (part, 0);
            }
            part.base = least as u64;
            numbers.iter_mut().for_each(|n| *n = n.wrapping_sub(least as u64));
            most.wrapping_sub(least) as u64
        }
    };
    (part, top)
}

/// Moves numbers that are to lie in planes so that all their planes but the highest are those of what was meant, not
/// of what is left: small values then have zeros there. Nothing is moved if that would take one more plane.
pub(super) fn align(part: &mut PartEntry, top: u64, x: &mut [u64]) -> u64 {
    let planes = u32::from(bits_of(top).div_ceil(8));
    if !(2..8).contains(&planes) {
        return top;
    }
    let base = if part.transform == Transform::Delta { &mut part.step } else { &mut part.base };
    // Differences that are never positive, as first packets' times to last ones', are counted down from all ones.
    let down = part.transform == Transform::Difference && (*base as i64) < 0 && base.wrapping_add(top) as i64 <= 0;
    let low = base.wrapping_sub(down.into()) & ((1 << (8 * (planes - 1))) - 1);
    if low == 0 || bits_of(top + low).div_ceil(8) as u32 > planes {
        return top;
    }
    *base = base.wrapping_sub(low);
    x.iter_mut().for_each(|n| *n += low);
    top + low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::block::{Layout, pack};
    use crate::flow::Column;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_taken_off_comes_back(
            numbers in proptest::collection::vec(any::<u64>(), 1..50), width in 1u16..=8, seed in any::<u64>(),
        ) {
            let mask = u64::MAX >> (64 - 8 * u32::from(width));
            let numbers: Vec<u64> = numbers.iter().map(|n| n & mask).collect();
            let other: Vec<u64> = numbers.iter().map(|n| n.wrapping_mul(seed)).collect();
            for way in [Way::Absolute, Way::Delta, Way::Difference(0)] {
                let mut x = numbers.clone();
                let (mut part, mut top) = reduce(way, width, &mut x, &other);
                prop_assert_eq!(x.iter().max(), Some(&top));
                if seed % 2 == 0 {
                    top = align(&mut part, top, &mut x);
                    prop_assert_eq!(x.iter().max(), Some(&top));
                }
                (part.layout, part.bits) = (Layout::Packed, pack::bits_of(top).max(1));
                let mut octets = Vec::new();
                pack::pack(&x, part.bits, &mut octets);
                let octets_of = |n: &[u64]| n.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
                let other = Column::Plain { width: 8, data: octets_of(&other) };
                let part = PartEntry { count: numbers.len() as u32, ..part };
                let short: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()[..width.into()].to_vec()).collect();
                prop_assert_eq!(part.values(&octets, other.view()), short);
            }
        }
    }
}
