//! Values from where a batch has them to where a record has them, a column at a time.

use crate::flow::{Order, StoredRows, View};

/// Some rows of a batch, ascending.
#[derive(Clone, Copy, Debug)]
pub(super) enum Picked<'a> {
    /// So many from one on.
    Run(usize, usize),
    /// These.
    Some(&'a [u32]),
}

impl<'a> Picked<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Picked::Run(_, count) => *count,
            Picked::Some(rows) => rows.len(),
        }
    }

    /// The row at a place.
    pub fn row(&self, at: usize) -> usize {
        match self {
            Picked::Run(first, _) => first + at,
            Picked::Some(rows) => rows.get(at).map_or(0, |row| *row as usize),
        }
    }

    /// At most `count` of them from a place on.
    pub fn part(&self, at: usize, count: usize) -> Picked<'a> {
        let count = count.min(self.len().saturating_sub(at));
        match self {
            Picked::Run(first, _) => Picked::Run(first + at, count),
            Picked::Some(rows) => Picked::Some(rows.get(at..at + count).unwrap_or_default()),
        }
    }

    /// How many from the first on fulfil a condition.
    pub fn count_while(&self, mut good: impl FnMut(usize) -> bool) -> usize {
        (0..self.len()).take_while(|at| good(self.row(*at))).count()
    }

    /// Calls `f` with each record and the row it is of.
    #[inline]
    fn each(&self, out: &mut [u8], size: usize, mut f: impl FnMut(&mut [u8], usize)) {
        match self {
            Picked::Run(first, count) => {
                out.chunks_exact_mut(size).take(*count).enumerate().for_each(|(at, record)| f(record, first + at));
            }
            Picked::Some(rows) => {
                out.chunks_exact_mut(size).zip(*rows).for_each(|(record, row)| f(record, *row as usize));
            }
        }
    }
}

/// Where a field goes: the octets of a record, and an offset in it.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Octets a record.
    pub size: usize,
    /// The field's offset.
    pub at: usize,
    /// The field's width.
    pub width: usize,
}

/// Octets that lie in rows as they are to lie in records, of one field or several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// Their offset in the row.
    pub from: usize,
    /// Their offset in the record.
    pub to: usize,
    /// How many.
    pub len: usize,
}

/// Copies a run of octets from some rows to the records in `out`, of `size` octets each.
pub(super) fn run(stored: &StoredRows<'_>, run: Run, rows: Picked<'_>, out: &mut [u8], size: usize) {
    let from = stored.bytes.get(run.from..).unwrap_or_default();
    rows.each(out, size, |record, row| {
        let octets = from.get(row * stored.size..).and_then(|rest| rest.get(..run.len));
        if let (Some(to), Some(octets)) = (record.get_mut(run.to..run.to + run.len), octets) {
            to.copy_from_slice(octets);
        }
    });
}

/// Writes a column's values for some rows to the records in `out`, numbers most significant octet first.
pub(super) fn column(view: &View<'_>, number: bool, rows: Picked<'_>, out: &mut [u8], place: Place) {
    match (place.width, place.width == view.width()) {
        (1, true) => fixed::<1>(view, number, rows, out, place),
        (2, true) => fixed::<2>(view, number, rows, out, place),
        (4, true) => fixed::<4>(view, number, rows, out, place),
        (8, true) => fixed::<8>(view, number, rows, out, place),
        (16, true) => fixed::<16>(view, number, rows, out, place),
        _ => rows.each(out, place.size, |record, row| {
            let (octets, order) = view.octets(row);
            if let Some(to) = record.get_mut(place.at..place.at + place.width).filter(|to| to.len() == octets.len()) {
                to.copy_from_slice(octets);
                if number && order == Order::Little {
                    to.reverse();
                }
            }
        }),
    }
}

#[inline]
fn fixed<const W: usize>(view: &View<'_>, number: bool, rows: Picked<'_>, out: &mut [u8], place: Place) {
    match *view {
        View::Strided { bytes, offset, stride, order, .. } => {
            let from = bytes.get(offset..).unwrap_or_default();
            let get = |row: usize| from.get(row * stride..).and_then(|rest| rest.first_chunk::<W>());
            copy(number && order == Order::Little, rows, out, place, get);
        }
        View::Dictionary { values, index, .. } => {
            let get = |row: usize| values.get(*index.get(row)? as usize * W..).and_then(|rest| rest.first_chunk::<W>());
            copy(number && Order::HOST == Order::Little, rows, out, place, get);
        }
        View::Variable { .. } => {}
    }
}

#[inline]
fn copy<'a, const W: usize>(
    turned: bool,
    rows: Picked<'_>,
    out: &mut [u8],
    place: Place,
    get: impl Fn(usize) -> Option<&'a [u8; W]>,
) {
    let zeros = [0; W];
    let put = |record: &mut [u8], value: [u8; W]| {
        if let Some(to) = record.get_mut(place.at..).and_then(|rest| rest.first_chunk_mut::<W>()) {
            *to = value;
        }
    };
    match turned {
        true => rows.each(out, place.size, |record, row| {
            let mut value = *get(row).unwrap_or(&zeros);
            value.reverse();
            put(record, value);
        }),
        false => rows.each(out, place.size, |record, row| put(record, *get(row).unwrap_or(&zeros))),
    }
}

/// Writes a number a row, made by `value`, to the records in `out`: 8 octets, or the low 4.
pub(super) fn numbers(rows: Picked<'_>, out: &mut [u8], place: Place, value: impl Fn(usize) -> u64) {
    match place.width {
        4 => rows.each(out, place.size, |record, row| {
            if let Some(to) = record.get_mut(place.at..).and_then(|rest| rest.first_chunk_mut()) {
                *to = (value(row) as u32).to_be_bytes();
            }
        }),
        _ => rows.each(out, place.size, |record, row| {
            if let Some(to) = record.get_mut(place.at..).and_then(|rest| rest.first_chunk_mut()) {
                *to = value(row).to_be_bytes();
            }
        }),
    }
}

/// Appends a value of variable length with its length (RFC 7011 section 7).
pub(super) fn variable(view: Option<&View<'_>>, row: usize, out: &mut Vec<u8>) {
    let (octets, _) = view.map_or((&[][..], Order::Big), |view| view.octets(row));
    // Longer ones than this cannot be said, nor sent.
    let octets = octets.get(..usize::from(u16::MAX)).unwrap_or(octets);
    match u8::try_from(octets.len()) {
        Ok(length) if length < 255 => out.push(length),
        _ => {
            out.push(255);
            out.extend_from_slice(&(octets.len() as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(octets);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::flow::Column;

    /// Each row's field of four octets with one before and one behind it.
    fn written(view: &View<'_>, width: usize, rows: Picked<'_>) -> Vec<u8> {
        let size = width + 2;
        let mut out = vec![0xAA; rows.len() * size];
        column(view, true, rows, &mut out, Place { size, at: 1, width });
        assert!(out.chunks(size).all(|record| record[0] == 0xAA && record[size - 1] == 0xAA));
        out.chunks(size).flat_map(|record| record[1..=width].to_vec()).collect()
    }

    #[test]
    fn numbers_of_any_width_and_column_go_most_significant_first() {
        for width in [1usize, 2, 3, 4, 5, 6, 7, 8, 16] {
            let value = |n: u8| {
                let mut octets = vec![0; width];
                octets[0] = n;
                if Order::HOST == Order::Big {
                    octets.reverse();
                }
                octets
            };
            let expected = |list: &[u8]| -> Vec<u8> {
                list.iter().flat_map(|n| [vec![0; width - 1], vec![*n]].concat()).collect()
            };
            let plain = Column::Plain { width: width as u16, data: [value(7), value(7), value(9)].concat() };
            let dictionary = Column::Dictionary {
                width: width as u16,
                values: Arc::new([value(9), value(7)].concat()),
                index: Arc::new(vec![1, 1, 0]),
            };
            for kind in [plain, dictionary] {
                let view = kind.view().unwrap();
                assert_eq!(written(&view, width, Picked::Run(0, 3)), expected(&[7, 7, 9]), "{width}");
                assert_eq!(written(&view, width, Picked::Run(1, 2)), expected(&[7, 9]), "{width}");
                assert_eq!(written(&view, width, Picked::Some(&[0, 2])), expected(&[7, 9]), "{width}");
            }
            let constant = Column::Constant { value: value(5) };
            assert_eq!(written(&constant.view().unwrap(), width, Picked::Run(8, 2)), expected(&[5, 5]));
        }
    }

    #[test]
    fn lengths_are_said_in_one_octet_or_three() {
        for (length, head) in [(0, vec![0]), (254, vec![254]), (255, vec![255, 0, 255]), (300, vec![255, 1, 44])] {
            let column = Column::Variable { ends: vec![length], data: vec![7; length as usize] };
            let mut out = Vec::new();
            variable(column.view().as_ref(), 0, &mut out);
            assert_eq!(out, [head, vec![7; length as usize]].concat());
        }
    }
}
