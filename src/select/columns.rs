//! Testing the values of a column, as it lies: plain ones by loops the compiler can make compare many at once, those of
//! a dictionary once each, a constant once.

use super::address::Addresses;
use super::bits::{Bits, Word, keep};
use super::numbers::Numbers;
use super::predicate::{Compare, Set};
use crate::flow::{Order, Rows, View};

/// Codes of a dictionary are compared, rather than looked up, if the values that hold are so few ranges of them.
const FEW_CODES: usize = 2;

/// Buffers, kept between batches.
#[derive(Default, Debug)]
pub(super) struct Buffers {
    narrow: Vec<u32>,
    /// Numbers that were computed.
    pub wide: Vec<u64>,
    widest: Vec<u128>,
    /// Which values of a dictionary hold.
    held: Bits,
    /// The same, an octet each.
    table: Vec<u8>,
}

/// The verdict on the first `rows` rows.
pub(super) fn mark(view: &View<'_>, rows: usize, set: &Set, buffers: &mut Buffers, bits: &mut Bits) {
    match *view {
        View::Strided { stride: 0, .. } => bits.fill(rows, set.holds(view, 0)),
        View::Strided { bytes, offset: 0, stride, width, order } if stride == width && order == Order::HOST => {
            plain(bytes, width, rows, set, buffers, bits);
        }
        View::Dictionary { width, values, index } if width > 0 && values.len() / width <= rows.saturating_mul(2) => {
            dictionary(values, width, index, rows, set, buffers, bits);
        }
        _ => scattered(view, rows, set, buffers, bits),
    }
}

/// Appends those of some rows that hold.
pub(super) fn pick(view: &View<'_>, picked: &[u32], set: &Set, buffers: &mut Buffers, out: &mut Vec<u32>) {
    let rows = Rows::Some(picked);
    match *view {
        View::Strided { stride: 0, .. } => {
            if set.holds(view, 0) {
                out.extend_from_slice(picked);
            }
        }
        View::Dictionary { width, values, index } if width > 0 && values.len() / width <= picked.len() => {
            let held = held(values, width, set, buffers);
            let code = |row: &u32| index.get(*row as usize).map_or(usize::MAX, |code| *code as usize);
            keep(rows, picked.iter().map(|row| held.holds(code(row))), out);
            buffers.held = held;
        }
        View::Strided { .. } if matches!(set, Set::Numbers(_)) && (1..=8).contains(&view.width()) => {
            view.gather(rows, &mut buffers.wide);
            pick_numbers(&buffers.wide, picked, set, out);
        }
        _ => keep(rows, picked.iter().map(|row| set.holds(view, *row as usize)), out),
    }
}

/// The verdict on numbers, of which there is one a row.
pub(super) fn mark_numbers(numbers: &[u64], set: &Set, bits: &mut Bits) {
    match set {
        Set::Numbers(set) => words(numbers.len(), numbers, |n| n, u64::MAX, set, bits),
        Set::Masked { mask, numbers: set } => words(numbers.len(), numbers, |n| n, *mask, set, bits),
        Set::Addresses(_) | Set::Octets { .. } => bits.fill(numbers.len(), false),
    }
}

/// Appends those of some rows whose numbers, of which there is one for each, hold.
pub(super) fn pick_numbers(numbers: &[u64], picked: &[u32], set: &Set, out: &mut Vec<u32>) {
    let rows = Rows::Some(picked);
    match set {
        Set::Numbers(set) => keep(rows, numbers.iter().map(|n| set.contains(*n)), out),
        Set::Masked { mask, numbers: set } => keep(rows, numbers.iter().map(|n| set.contains(n & mask)), out),
        Set::Addresses(_) | Set::Octets { .. } => {}
    }
}

/// Values of this machine's order that lie one behind the other.
fn plain(bytes: &[u8], width: usize, rows: usize, set: &Set, buffers: &mut Buffers, bits: &mut Bits) {
    let (mask, numbers) = match set {
        Set::Numbers(numbers) => (u64::MAX, numbers),
        Set::Masked { mask, numbers } => (*mask, numbers),
        Set::Addresses(addresses) if width == 4 => {
            return four(rows, bytes.as_chunks::<4>().0, u32::from_ne_bytes, addresses, bits);
        }
        Set::Addresses(addresses) if width == 16 => {
            let values = bytes.as_chunks::<16>().0;
            return bits.test(rows, values, |value| addresses.contains6(u128::from_ne_bytes(value)));
        }
        Set::Addresses(_) | Set::Octets { .. } => {
            let view = View::Strided { bytes, offset: 0, stride: width, width, order: Order::HOST };
            return scattered(&view, rows, set, buffers, bits);
        }
    };
    match width {
        1 => words(rows, bytes, |v| v, mask, numbers, bits),
        2 => words(rows, bytes.as_chunks::<2>().0, u16::from_ne_bytes, mask, numbers, bits),
        4 => words(rows, bytes.as_chunks::<4>().0, u32::from_ne_bytes, mask, numbers, bits),
        8 => words(rows, bytes.as_chunks::<8>().0, u64::from_ne_bytes, mask, numbers, bits),
        _ => {
            let view = View::Strided { bytes, offset: 0, stride: width, width, order: Order::HOST };
            view.gather(Rows::All(rows), &mut buffers.wide);
            words(rows, &buffers.wide, |v| v, mask, numbers, bits);
        }
    }
}

/// Values that have to be brought together first.
fn scattered(view: &View<'_>, rows: usize, set: &Set, buffers: &mut Buffers, bits: &mut Bits) {
    let all = Rows::All(rows);
    let (mask, numbers) = match set {
        Set::Numbers(numbers) => (u64::MAX, numbers),
        Set::Masked { mask, numbers } => (*mask, numbers),
        Set::Addresses(addresses) if view.width() == 16 => {
            view.gather(all, &mut buffers.widest);
            return bits.test(rows, &buffers.widest, |value| addresses.contains6(value));
        }
        Set::Addresses(addresses) => {
            view.gather(all, &mut buffers.narrow);
            return four(rows, &buffers.narrow, |v| v, addresses, bits);
        }
        Set::Octets { .. } => {
            let mut hits = std::mem::take(&mut buffers.narrow);
            hits.clear();
            keep(all, (0..rows).map(|row| set.holds(view, row)), &mut hits);
            bits.of(rows, &hits);
            buffers.narrow = hits;
            return;
        }
    };
    // Values of varying length say 0.
    if (1..=4).contains(&view.width()) {
        view.gather(all, &mut buffers.narrow);
        words(rows, &buffers.narrow, |v| v, mask, numbers, bits);
    } else {
        view.gather(all, &mut buffers.wide);
        words(rows, &buffers.wide, |v| v, mask, numbers, bits);
    }
}

/// Numbers of one width.
#[inline]
fn words<E: Copy, W: Word>(
    rows: usize,
    values: &[E],
    read: impl Fn(E) -> W,
    mask: u64,
    numbers: &Numbers,
    bits: &mut Bits,
) {
    let ranges: Vec<(W, W)> = numbers.ranges().ranges().iter().filter_map(|range| W::clip(*range)).collect();
    if ranges.len() <= W::FEW {
        bits.ranges(rows, values, read, W::low(mask), &ranges);
    } else {
        bits.test(rows, values, |value| numbers.contains(read(value).wide() & mask));
    }
}

/// IPv4 addresses.
#[inline]
fn four<E: Copy>(rows: usize, values: &[E], read: impl Fn(E) -> u32, addresses: &Addresses, bits: &mut Bits) {
    match addresses.four().map(|four| four.ranges()) {
        Some(ranges) if ranges.len() <= u32::FEW => bits.ranges(rows, values, read, u32::MAX, ranges),
        _ => bits.test(rows, values, |value| addresses.contains4(read(value))),
    }
}

/// Which values of a dictionary hold.
fn held(values: &[u8], width: usize, set: &Set, buffers: &mut Buffers) -> Bits {
    let mut held = std::mem::take(&mut buffers.held);
    plain(values, width, values.len() / width.max(1), set, buffers, &mut held);
    held
}

fn dictionary(
    values: &[u8],
    width: usize,
    index: &[u32],
    rows: usize,
    set: &Set,
    buffers: &mut Buffers,
    bits: &mut Bits,
) {
    let held = held(values, width, set, buffers);
    let count = held.count();
    if count == 0 || count == held.len() {
        bits.fill(rows, count > 0);
    } else if let Some(runs) = held.runs(FEW_CODES) {
        bits.ranges(rows, index, |code| code, u32::MAX, &runs);
    } else {
        let table = &mut buffers.table;
        table.clear();
        table.extend((0..held.len()).map(|at| u8::from(held.holds(at))));
        bits.test(rows, index, |code| table.get(code as usize).is_some_and(|holds| *holds == 1));
    }
    buffers.held = held;
}

impl Set {
    /// Whether one row's value is in the set.
    fn holds(&self, view: &View<'_>, row: usize) -> bool {
        match self {
            Set::Numbers(numbers) => numbers.contains(view.number(row) as u64),
            Set::Masked { mask, numbers } => numbers.contains(view.number(row) as u64 & mask),
            Set::Addresses(addresses) if view.width() == 16 => addresses.contains6(view.number(row)),
            Set::Addresses(addresses) => addresses.contains4(view.number(row) as u32),
            Set::Octets { compare, values } => {
                // Octets lie as they came; only in classic records, which have none, would the order matter.
                let (octets, _) = view.octets(row);
                values.iter().any(|value| compare.holds(octets, value))
            }
        }
    }
}

impl Compare {
    fn holds(self, octets: &[u8], value: &[u8]) -> bool {
        let end = octets.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
        let text = octets.get(..end).unwrap_or(octets);
        match self {
            Compare::Whole => octets == value,
            Compare::Text => text == value,
            Compare::Within => {
                value.is_empty() || text.windows(value.len()).any(|part| part.eq_ignore_ascii_case(value))
            }
        }
    }
}
