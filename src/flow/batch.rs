//! Batches of flows: the one in-memory form that everything meets in.

use std::sync::Arc;

use super::buffer::{Buffer, give_back, give_numbers_back, spare};
use super::column::{Column, Order, Rows, View};
use super::field::Field;
use super::record::{Layout, Version};
use super::schema::Schema;

/// Up to some thousands of flows of one schema: either classic records as they were read, or columns. Rows may
/// be deselected without being moved; every consumer honours the selection.
#[derive(Clone, Debug)]
pub struct FlowBatch {
    pub(super) schema: Arc<Schema>,
    rows: usize,
    pub(super) body: Body,
    selection: Option<Vec<u32>>,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Raw { layout: &'static Layout, order: Order, bytes: Buffer },
    Rows { layout: Arc<RowLayout>, bytes: Buffer },
    Columns(Columns),
}

/// Columns whose room is given back when they are dropped.
#[derive(Clone, Debug)]
pub(super) struct Columns(pub(super) Vec<Column>);

impl Drop for Columns {
    fn drop(&mut self) {
        for column in &mut self.0 {
            match column {
                Column::Plain { data, .. } => give_back(std::mem::take(data)),
                Column::Dictionary { index, .. } => {
                    if let Some(index) = Arc::get_mut(index) {
                        give_numbers_back(std::mem::take(index));
                    }
                }
                Column::Constant { .. } | Column::Variable { .. } | Column::Unread => {}
            }
        }
    }
}

/// How the flows of a batch lie when they lie one behind the other: as classic records do, or as an exporter sends
/// them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowLayout {
    /// Octets a flow; at least 1.
    pub size: usize,
    /// Each column's offset in it, in the schema's order. Columns have fixed widths.
    pub offsets: Vec<u16>,
    /// The byte order of numbers; other octets are as they are.
    pub order: Order,
}

/// The flows of a batch, where they lie one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct StoredRows<'a> {
    /// Octets a flow.
    pub size: usize,
    /// Each column's offset in it.
    pub offsets: &'a [u16],
    /// The byte order of numbers.
    pub order: Order,
    /// All flows of the batch, deselected ones included.
    pub bytes: &'a [u8],
}

/// The classic records of a batch, as they lie in a file.
#[derive(Clone, Copy, Debug)]
pub struct RawRows<'a> {
    /// What they are.
    pub layout: &'static Layout,
    /// The byte order of their numbers.
    pub order: Order,
    /// All records of the batch, deselected ones included.
    pub bytes: &'a [u8],
}

impl FlowBatch {
    /// A batch of classic records; octets after the last whole record are not part of it.
    pub fn from_raw(version: Version, order: Order, bytes: Vec<u8>) -> FlowBatch {
        let layout = version.layout();
        let rows = bytes.len() / layout.size;
        FlowBatch {
            schema: layout.schema.clone(),
            rows,
            body: Body::Raw { layout, order, bytes: Buffer::from(bytes) },
            selection: None,
        }
    }

    /// A batch of columns, one a field of `schema`, each of `rows` values.
    pub fn from_columns(schema: Arc<Schema>, rows: usize, columns: Vec<Column>) -> FlowBatch {
        FlowBatch { schema, rows, body: Body::Columns(Columns(columns)), selection: None }
    }

    /// A batch of flows that lie one behind the other; octets after the last whole one are not part of it.
    pub fn from_rows(schema: Arc<Schema>, layout: Arc<RowLayout>, bytes: Vec<u8>) -> FlowBatch {
        let rows = bytes.len() / layout.size.max(1);
        FlowBatch { schema, rows, body: Body::Rows { layout, bytes: Buffer::from(bytes) }, selection: None }
    }

    /// What the columns are.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema, to be kept.
    pub fn shared_schema(&self) -> Arc<Schema> {
        self.schema.clone()
    }

    /// Flows of the batch, deselected ones included.
    pub fn height(&self) -> usize {
        self.rows
    }

    /// How many flows are selected.
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether no flow is selected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The selected rows.
    pub fn rows(&self) -> Rows<'_> {
        match &self.selection {
            None => Rows::All(self.rows),
            Some(rows) => Rows::Some(rows),
        }
    }

    /// Selects these rows, ascending, in the place of those that are selected now.
    pub fn select(&mut self, rows: Vec<u32>) {
        self.selection = Some(rows);
    }

    /// The columns, where the batch is made of them, and the rows that are selected, if not all are.
    pub fn into_columns(self) -> Option<(Vec<Column>, Option<Vec<u32>>)> {
        match self.body {
            Body::Columns(mut columns) => Some((std::mem::take(&mut columns.0), self.selection)),
            _ => None,
        }
    }

    /// Whether the batch has a logical field.
    pub fn has(&self, field: Field) -> bool {
        self.schema.has(field)
    }

    /// A logical field of every row, deselected ones included.
    pub fn view(&self, field: Field) -> Option<View<'_>> {
        self.column(self.schema.resolve(field)?)
    }

    /// The column at a place of the schema.
    pub fn column(&self, at: usize) -> Option<View<'_>> {
        match &self.body {
            Body::Columns(Columns(columns)) => columns.get(at).and_then(Column::view),
            Body::Rows { layout, bytes } => Some(View::Strided {
                bytes,
                offset: usize::from(*layout.offsets.get(at)?),
                stride: layout.size,
                width: usize::from(self.schema.fields().get(at)?.width),
                order: layout.order,
            }),
            Body::Raw { layout, order, bytes } => Some(View::Strided {
                bytes,
                offset: usize::from(*layout.offsets.get(at)?),
                stride: layout.size,
                width: usize::from(self.schema.fields().get(at)?.width),
                order: *order,
            }),
        }
    }

    /// A field of the selected rows as numbers in `out`; zeros where the batch lacks it. Says whether it has it.
    pub fn gather<N: super::column::Number>(&self, field: Field, out: &mut Vec<N>) -> bool {
        match self.view(field) {
            Some(view) => {
                view.gather(self.rows(), out);
                true
            }
            None => {
                out.clear();
                out.resize(self.len(), N::truncate(0));
                false
            }
        }
    }

    /// Moves the selected rows together, so that what was deselected takes no more room.
    pub fn compact(self) -> FlowBatch {
        match (&self.body, &self.selection) {
            (Body::Raw { layout, order, bytes }, Some(rows)) => {
                let mut kept = spare();
                RawRows { layout, order: *order, bytes }.copy(Rows::Some(rows), *order, &mut kept);
                FlowBatch::from_raw(layout.version, *order, kept)
            }
            (Body::Rows { layout, bytes }, Some(rows)) => {
                let mut kept = spare();
                copy_rows(bytes, layout.size, rows, &mut kept);
                FlowBatch::from_rows(self.schema, layout.clone(), kept)
            }
            _ => self,
        }
    }

    /// The rows from one to before another, selected or not, as a batch that shares nothing with this one. `None` if
    /// it has no such rows.
    pub fn part(&self, from: usize, to: usize) -> Option<FlowBatch> {
        let rows = to.checked_sub(from).filter(|_| to <= self.rows)?;
        let octets = |bytes: &Buffer, size: usize| bytes.get(from * size..to * size).map(<[u8]>::to_vec);
        Some(match &self.body {
            Body::Raw { layout, order, bytes } => {
                FlowBatch::from_raw(layout.version, *order, octets(bytes, layout.size)?)
            }
            Body::Rows { layout, bytes } => {
                FlowBatch::from_rows(self.schema.clone(), layout.clone(), octets(bytes, layout.size)?)
            }
            Body::Columns(columns) => {
                let columns = columns.0.iter().map(|column| column.part(from, to)).collect::<Option<_>>()?;
                FlowBatch::from_columns(self.schema.clone(), rows, columns)
            }
        })
    }

    /// Octets of memory it takes, or nearly so.
    pub fn room(&self) -> usize {
        match &self.body {
            Body::Raw { bytes, .. } | Body::Rows { bytes, .. } => bytes.room(),
            Body::Columns(columns) => columns.0.iter().map(Column::room).sum(),
        }
    }

    /// Moves a few flows out of a large buffer, so that they do not keep it busy while they wait.
    pub fn tight(mut self) -> FlowBatch {
        if let Body::Raw { bytes, .. } | Body::Rows { bytes, .. } = &mut self.body
            && bytes.len() < bytes.room() / 4
        {
            *bytes = Buffer::from(bytes.to_vec());
        }
        self
    }

    /// The columns, where the batch is made of them.
    pub fn columns(&self) -> Option<&[Column]> {
        match &self.body {
            Body::Columns(Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    /// The flows as they lie one behind the other, where they do.
    pub fn stored_rows(&self) -> Option<StoredRows<'_>> {
        let (size, offsets, order, bytes) = match &self.body {
            Body::Raw { layout, order, bytes } => (layout.size, &layout.offsets, *order, bytes),
            Body::Rows { layout, bytes } => (layout.size, &layout.offsets, layout.order, bytes),
            Body::Columns(_) => return None,
        };
        Some(StoredRows { size, offsets, order, bytes: bytes.get(..self.rows * size)? })
    }

    /// The classic records, where the batch still is what was read.
    pub fn raw(&self) -> Option<RawRows<'_>> {
        match &self.body {
            Body::Raw { layout, order, bytes } => {
                let whole = bytes.get(..self.rows * layout.size)?;
                Some(RawRows { layout, order: *order, bytes: whole })
            }
            Body::Rows { .. } | Body::Columns(_) => None,
        }
    }
}

/// Appends rows of `size` octets to `out`.
fn copy_rows(bytes: &[u8], size: usize, rows: &[u32], out: &mut Vec<u8>) {
    out.reserve(rows.len() * size);
    for row in rows {
        let at = *row as usize * size;
        out.extend_from_slice(bytes.get(at..at + size).unwrap_or_default());
    }
}

impl StoredRows<'_> {
    /// Appends the selected flows to `out` as they are.
    pub fn copy(&self, rows: Rows<'_>, out: &mut Vec<u8>) {
        match rows {
            Rows::All(n) => out.extend_from_slice(self.bytes.get(..n * self.size).unwrap_or(self.bytes)),
            Rows::Some(picked) => copy_rows(self.bytes, self.size, picked, out),
        }
    }
}

impl RawRows<'_> {
    /// Appends the selected records to `out` in `order`: what a writer of the same version stores.
    pub fn copy(&self, rows: Rows<'_>, order: Order, out: &mut Vec<u8>) {
        let (size, start) = (self.layout.size, out.len());
        match rows {
            Rows::All(n) => out.extend_from_slice(self.bytes.get(..n * size).unwrap_or(self.bytes)),
            Rows::Some(picked) => copy_rows(self.bytes, size, picked, out),
        }
        if order != self.order
            && let Some(added) = out.get_mut(start..)
        {
            self.layout.swap(added);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_what_is_copied_and_gathered() {
        let layout = Version::V5.layout();
        let (at, _) = layout.find(super::super::ie::OCTETS).unwrap();
        let mut bytes = vec![0; layout.size * 3];
        for (i, record) in bytes.chunks_exact_mut(layout.size).enumerate() {
            record[at..at + 4].copy_from_slice(&(i as u32 + 1).to_be_bytes());
        }
        let mut batch = FlowBatch::from_raw(Version::V5, Order::Big, bytes);
        assert_eq!((batch.len(), batch.has(Field::Octets), batch.has(Field::SrcTag)), (3, true, false));
        batch.select(vec![0, 2]);
        let mut octets = Vec::<u64>::new();
        assert!(batch.gather(Field::Octets, &mut octets));
        assert_eq!(octets, [1, 3]);
        let mut out = Vec::new();
        batch.raw().unwrap().copy(batch.rows(), Order::Little, &mut out);
        assert_eq!(out.len(), 2 * layout.size);
        assert_eq!(out[layout.size + at..layout.size + at + 4], 3u32.to_le_bytes());
    }
}
