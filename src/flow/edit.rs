//! Changing the values of a batch where they lie.

use std::sync::Arc;

use super::batch::{Body, FlowBatch, RowLayout};
use super::column::{Column, Order, Rows};
use super::schema::{FieldSpec, Schema};

impl FlowBatch {
    /// Puts `change` of each number in the number's place, in the column at a place of the schema: in these rows, or
    /// in all, where those that are deselected may be left as they were. Equal values may be asked for only once.
    /// Numbers lose the high bits that the column has no room for; of a column wider than 64 bits, or of variable
    /// length, nothing is changed.
    pub fn update(&mut self, at: usize, rows: Option<&[u32]>, mut change: impl FnMut(u64) -> u64) {
        self.cells(at, rows, |cells| match cells.width {
            1 => cells.each(|[b]: [u8; 1], _| [change(b.into()) as u8]),
            2 => cells.each(|b: [u8; 2], order| octets(change(number(b, order)), order)),
            4 => cells.each(|b: [u8; 4], order| octets(change(number(b, order)), order)),
            8 => cells.each(|b: [u8; 8], order| octets(change(number(b, order)), order)),
            3 => cells.each(|b: [u8; 3], order| octets(change(number(b, order)), order)),
            5 => cells.each(|b: [u8; 5], order| octets(change(number(b, order)), order)),
            6 => cells.each(|b: [u8; 6], order| octets(change(number(b, order)), order)),
            7 => cells.each(|b: [u8; 7], order| octets(change(number(b, order)), order)),
            _ => {}
        });
    }

    /// The same of a column of 128 bits, such as IPv6 addresses.
    pub fn update_wide(&mut self, at: usize, rows: Option<&[u32]>, mut change: impl FnMut(u128) -> u128) {
        self.cells(at, rows, |cells| {
            if cells.width == 16 {
                cells.each(|b: [u8; 16], order| match order {
                    Order::Big => change(u128::from_be_bytes(b)).to_be_bytes(),
                    Order::Little => change(u128::from_le_bytes(b)).to_le_bytes(),
                });
            }
        });
    }

    /// Puts these numbers, one a flow of the batch (deselected ones included), into the column at a place of the
    /// schema, of at most 64 bits.
    pub fn put(&mut self, at: usize, values: &[u32]) {
        let Some(width) = self.schema.fields().get(at).map(|spec| spec.width) else { return };
        if let Body::Columns(columns) = &mut self.body
            && let Some(column) = columns.0.get_mut(at)
        {
            let each = usize::from(width).min(8);
            let mut data = Vec::with_capacity(values.len() * each);
            values.iter().for_each(|n| match Order::HOST {
                Order::Little => data.extend_from_slice(u64::from(*n).to_le_bytes().get(..each).unwrap_or_default()),
                Order::Big => data.extend_from_slice(u64::from(*n).to_be_bytes().get(8 - each..).unwrap_or_default()),
            });
            *column = Column::Plain { width: each as u16, data };
            return;
        }
        let mut values = values.iter();
        self.update(at, None, |old| values.next().map_or(old, |n| u64::from(*n)));
    }

    /// Puts these numbers, one a flow of the batch (deselected ones included), into a column of 128 bits.
    pub fn put_wide(&mut self, at: usize, values: &[u128]) {
        if let Body::Columns(columns) = &mut self.body
            && let Some(column) = columns.0.get_mut(at)
        {
            let data = values.iter().flat_map(|n| n.to_ne_bytes()).collect();
            *column = Column::Plain { width: 16, data };
            return;
        }
        let mut values = values.iter();
        self.update_wide(at, None, |old| values.next().copied().unwrap_or(old));
    }

    /// The batch with more columns behind those it has, in which everything is 0. Classic records are none then.
    pub fn extended(mut self, more: &[FieldSpec]) -> FlowBatch {
        let fields = self.schema.fields().iter().chain(more).copied().collect();
        let body = match &mut self.body {
            Body::Columns(columns) => {
                let zero = |spec: &FieldSpec| Column::Constant { value: vec![0; spec.width.into()] };
                columns.0.extend(more.iter().map(zero));
                None
            }
            Body::Rows { .. } | Body::Raw { .. } => self.stored_rows().map(|stored| {
                let (mut size, mut offsets) = (stored.size, stored.offsets.to_vec());
                for spec in more {
                    offsets.push(size as u16);
                    size += usize::from(spec.width);
                }
                let mut bytes = super::room(self.height() * size);
                for (row, old) in bytes.chunks_exact_mut(size).zip(stored.bytes.chunks_exact(stored.size)) {
                    let (kept, added) = row.split_at_mut(old.len());
                    kept.copy_from_slice(old);
                    added.fill(0);
                }
                let layout = RowLayout { size, offsets, order: stored.order };
                Body::Rows { layout: Arc::new(layout), bytes: bytes.into() }
            }),
        };
        if let Some(body) = body {
            self.body = body;
        }
        self.schema = Arc::new(Schema::new(fields));
        self
    }

    /// Hands the cells of a column that are to be changed to `work`.
    fn cells(&mut self, at: usize, rows: Option<&[u32]>, work: impl FnOnce(Cells<'_>)) {
        let Some(width) = self.schema.fields().get(at).map(|spec| usize::from(spec.width)) else { return };
        let height = self.height();
        let rows = rows.map_or(Rows::All(height), Rows::Some);
        match &mut self.body {
            Body::Raw { layout, order, bytes } => {
                let Some(offset) = layout.offsets.get(at).map(|o| usize::from(*o)) else { return };
                work(Cells { bytes, offset, stride: layout.size, width, order: *order, rows });
            }
            Body::Rows { layout, bytes } => {
                let Some(offset) = layout.offsets.get(at).map(|o| usize::from(*o)) else { return };
                work(Cells { bytes, offset, stride: layout.size, width, order: layout.order, rows });
            }
            Body::Columns(columns) => {
                if let Some(column) = columns.0.get_mut(at) {
                    column.cells(rows, height, work);
                }
            }
        }
    }
}

impl Column {
    /// Hands the values that rows have to `work`, and no other flow has them.
    fn cells(&mut self, rows: Rows<'_>, height: usize, work: impl FnOnce(Cells<'_>)) {
        if let (Column::Constant { value }, Rows::Some(_)) = (&*self, rows) {
            *self = Column::Plain { width: value.len() as u16, data: value.repeat(height) };
        }
        let cells = |bytes, width, rows| Cells { bytes, offset: 0, stride: width, width, order: Order::HOST, rows };
        match self {
            Column::Constant { value } => {
                let width = value.len();
                work(cells(value, width, Rows::All(1)));
            }
            Column::Plain { width, data } => work(cells(data, usize::from(*width), rows)),
            Column::Dictionary { width, values, index } => {
                let width = usize::from(*width);
                let distinct = values.len() / width.max(1);
                match rows {
                    Rows::All(_) => work(cells(Arc::make_mut(values).as_mut_slice(), width, Rows::All(distinct))),
                    Rows::Some(rows) => {
                        // Every value once more, for the rows that change.
                        let (old, new) = (Arc::make_mut(values), Arc::make_mut(index));
                        old.truncate(distinct * width);
                        old.extend_from_within(..);
                        for row in rows {
                            if let Some(place) = new.get_mut(*row as usize) {
                                *place += distinct as u32;
                            }
                        }
                        let changed = old.get_mut(distinct * width..).unwrap_or_default();
                        work(cells(changed, width, Rows::All(distinct)));
                    }
                }
            }
            Column::Variable { .. } | Column::Unread => {}
        }
    }
}

/// Values of one width, so many octets apart.
struct Cells<'a> {
    bytes: &'a mut [u8],
    offset: usize,
    stride: usize,
    width: usize,
    order: Order,
    rows: Rows<'a>,
}

impl Cells<'_> {
    fn each<const W: usize>(self, mut change: impl FnMut([u8; W], Order) -> [u8; W]) {
        let Cells { bytes, offset, stride, order, rows, .. } = self;
        let tail = bytes.get_mut(offset..).unwrap_or_default();
        match rows {
            Rows::All(n) => {
                for record in tail.chunks_mut(stride.max(1)).take(n) {
                    if let Some(cell) = record.first_chunk_mut() {
                        *cell = change(*cell, order);
                    }
                }
            }
            Rows::Some(rows) => {
                for row in rows {
                    if let Some(cell) = tail.get_mut(*row as usize * stride..).and_then(|at| at.first_chunk_mut()) {
                        *cell = change(*cell, order);
                    }
                }
            }
        }
    }
}

#[inline]
fn number<const W: usize>(octets: [u8; W], order: Order) -> u64 {
    let mut eight = [0; 8];
    match order {
        Order::Big => {
            eight.iter_mut().rev().zip(octets.iter().rev()).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(eight)
        }
        Order::Little => {
            eight.iter_mut().zip(octets).for_each(|(to, from)| *to = from);
            u64::from_le_bytes(eight)
        }
    }
}

#[inline]
fn octets<const W: usize>(n: u64, order: Order) -> [u8; W] {
    let mut octets = [0; W];
    match order {
        Order::Big => octets.iter_mut().rev().zip(n.to_le_bytes()).for_each(|(to, from)| *to = from),
        Order::Little => octets.iter_mut().zip(n.to_le_bytes()).for_each(|(to, from)| *to = from),
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Field, Version, ie};

    /// Three flows with octets 1, 2, 2 in every kind of batch.
    fn batches() -> Vec<FlowBatch> {
        let layout = Version::V5.layout();
        let at = layout.find(ie::OCTETS).unwrap().0;
        let mut records = vec![0; layout.size * 3];
        for (record, n) in records.chunks_exact_mut(layout.size).zip([1u32, 2, 2]) {
            record[at..at + 4].copy_from_slice(&n.to_be_bytes());
        }
        let raw = FlowBatch::from_raw(Version::V5, Order::Big, records.clone());
        let rows = RowLayout { size: layout.size, offsets: layout.offsets.clone(), order: Order::Big };
        let rows = FlowBatch::from_rows(layout.schema.clone(), Arc::new(rows), records);
        let spec = FieldSpec { element: ie::OCTETS, occurrence: 0, width: 4 };
        let schema = Arc::new(Schema::new(vec![spec]));
        let octets = |n: &[u32]| n.iter().flat_map(|n| n.to_ne_bytes()).collect::<Vec<u8>>();
        let plain = Column::Plain { width: 4, data: octets(&[1, 2, 2]) };
        let (values, index) = (Arc::new(octets(&[2, 1])), Arc::new(vec![1, 0, 0]));
        let dictionary = Column::Dictionary { width: 4, values, index };
        let columns = |column| FlowBatch::from_columns(schema.clone(), 3, vec![column]);
        vec![raw, rows, columns(plain), columns(dictionary)]
    }

    fn gathered(batch: &FlowBatch, field: Field) -> Vec<u32> {
        let mut values = Vec::new();
        assert!(batch.gather(field, &mut values));
        values
    }

    #[test]
    fn numbers_change_in_all_rows_or_in_some() {
        for mut batch in batches() {
            let at = batch.schema().resolve(Field::Octets).unwrap();
            batch.update(at, None, |n| n * 10);
            assert_eq!(gathered(&batch, Field::Octets), [10, 20, 20]);
            batch.update(at, Some(&[1]), |n| n + 1);
            assert_eq!(gathered(&batch, Field::Octets), [10, 21, 20]);
            batch.put(at, &[5, 6, 7]);
            assert_eq!(gathered(&batch, Field::Octets), [5, 6, 7]);
        }
    }

    #[test]
    fn a_constant_becomes_many_where_only_some_change() {
        let schema = Arc::new(Schema::new(vec![FieldSpec { element: ie::SRC_ADDR6, occurrence: 0, width: 16 }]));
        let column = Column::Constant { value: 9u128.to_ne_bytes().to_vec() };
        let mut batch = FlowBatch::from_columns(schema, 3, vec![column]);
        batch.update_wide(0, None, |n| n + 1);
        batch.update_wide(0, Some(&[0, 2]), |n| n | 1 << 127);
        let values: Vec<u128> = (0..3).map(|row| batch.column(0).unwrap().number(row)).collect();
        assert_eq!(values, [10 | 1 << 127, 10, 10 | 1 << 127]);
        batch.update(0, None, |_| 0);
        assert_eq!(batch.column(0).unwrap().number(1), 10);
    }

    #[test]
    fn new_columns_are_zero_and_can_be_written() {
        let tag = FieldSpec { element: ie::SRC_TAG, occurrence: 0, width: 4 };
        for mut batch in batches() {
            batch.select(vec![0, 2]);
            let mut batch = batch.extended(&[tag, FieldSpec { element: ie::DST_MASK, width: 1, ..tag }]);
            assert!(batch.raw().is_none());
            assert_eq!(gathered(&batch, Field::SrcTag), [0, 0]);
            let at = batch.schema().resolve(Field::SrcTag).unwrap();
            batch.put(at, &[7, 8, u32::MAX]);
            assert_eq!(gathered(&batch, Field::SrcTag), [7, u32::MAX]);
            assert_eq!((gathered(&batch, Field::Octets), gathered(&batch, Field::DstMask)), (vec![1, 2], vec![0, 0]));
        }
    }

    #[test]
    fn numbers_of_any_width_and_order_are_read_as_they_are_written() {
        for order in [Order::Big, Order::Little] {
            assert_eq!(number(octets::<3>(0x0102_0304, order), order), 0x02_0304);
            assert_eq!(number(octets::<8>(u64::MAX - 1, order), order), u64::MAX - 1);
        }
        assert_eq!(octets::<2>(0x0102, Order::Big), [1, 2]);
    }
}
