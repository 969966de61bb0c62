//! Some neighbouring rows of a batch: as many as are worked on at a time.

use std::ops::Range;

use crate::flow::{Field, FlowBatch, Number, Rows, View};

/// The selected rows `range` of a batch, counted among the selected ones.
#[derive(Clone)]
pub(super) struct Window<'a> {
    batch: &'a FlowBatch,
    range: Range<usize>,
}

impl<'a> Window<'a> {
    /// A batch in windows of at most `rows` rows.
    pub(super) fn all(batch: &'a FlowBatch, rows: usize) -> impl Iterator<Item = Window<'a>> {
        let len = batch.len();
        (0..len).step_by(rows.max(1)).map(move |from| Window { batch, range: from..(from + rows).min(len) })
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// The first half and the second; `None` of a single row.
    pub(super) fn halves(&self) -> Option<(Window<'a>, Window<'a>)> {
        let middle = self.range.start + self.len() / 2;
        let (first, second) = (self.range.start..middle, middle..self.range.end);
        let part = |range| Window { batch: self.batch, range };
        (self.len() > 1).then(|| (part(first), part(second)))
    }

    /// The batch's rows that these are.
    pub(super) fn rows(&self) -> impl Iterator<Item = usize> + 'a {
        let picked: &[u32] = match self.batch.rows() {
            Rows::All(_) => &[],
            Rows::Some(rows) => rows,
        };
        self.range.clone().map(|at| picked.get(at).map_or(at, |row| *row as usize))
    }

    /// These rows' part of what was gathered from the whole batch.
    pub(super) fn of<'b, T>(&self, whole: &'b [T]) -> &'b [T] {
        whole.get(self.range.clone()).unwrap_or_default()
    }

    /// Puts a field's values into `out`; zeros where the batch lacks it. Version 5 has ICMP's type and code in the
    /// destination's port, others have a field for it and may leave the port 0.
    pub(super) fn field<N: Number + PartialEq>(&self, field: Field, out: &mut Vec<N>) {
        let schema = self.batch.schema();
        self.numbers(schema.resolve(field), out);
        let icmp = schema.resolve(Field::IcmpTypeCode).filter(|_| field == Field::DstPort);
        if icmp.is_some() {
            let (mut codes, zero) = (Vec::new(), N::from_u64(0));
            self.numbers(icmp, &mut codes);
            out.iter_mut().zip(codes).filter(|(port, _)| **port == zero).for_each(|(port, code)| *port = code);
        }
    }

    /// Puts a column's values into `out`; zeros where the batch has no such column.
    pub(super) fn numbers<N: Number>(&self, column: Option<usize>, out: &mut Vec<N>) {
        let Some(view) = column.and_then(|at| self.batch.column(at)) else {
            out.clear();
            out.resize(self.len(), N::from_u64(0));
            return;
        };
        match (self.batch.rows(), view) {
            (Rows::Some(rows), _) => view.gather(Rows::Some(self.of(rows)), out),
            // A value of these begins where the one before it ends: they cannot be cut off.
            (Rows::All(_), View::Variable { .. }) => {
                out.clear();
                out.extend(self.range.clone().map(|row| N::truncate(view.number(row))));
            }
            (Rows::All(_), _) => behind(view, self.range.start).gather(Rows::All(self.len()), out),
        }
    }
}

/// A view without its first rows.
fn behind(view: View<'_>, rows: usize) -> View<'_> {
    match view {
        View::Strided { bytes, offset, stride, width, order } => {
            let bytes = bytes.get(rows * stride..).unwrap_or_default();
            View::Strided { bytes, offset, stride, width, order }
        }
        View::Dictionary { width, values, index } => {
            View::Dictionary { width, values, index: index.get(rows..).unwrap_or_default() }
        }
        View::Variable { .. } => view,
    }
}
