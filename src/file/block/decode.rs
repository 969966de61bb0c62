//! From a block to a batch: only the columns that are asked for are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::head::{Head, Rows};
use super::{ColumnKind, Layout, NONE};
use crate::flow::registry::is_number;
use crate::flow::{Column, FlowBatch, Order, RowLayout, Version};

/// Where a block's octets come from.
pub(in crate::file) trait Source {
    /// Octets from `offset` of the block; as many as asked for.
    fn read(&self, offset: u32, octets: usize) -> io::Result<Cow<'_, [u8]>>;
}

/// A block in memory.
impl Source for Vec<u8> {
    fn read(&self, offset: u32, octets: usize) -> io::Result<Cow<'_, [u8]>> {
        let start = offset as usize;
        self.get(start..start + octets).map(Cow::Borrowed).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// What can go wrong with a block.
#[derive(Debug)]
pub(in crate::file) enum Trouble {
    /// The system refused.
    Io(io::Error),
    /// It is not as it was written.
    Damaged(String),
}

impl Trouble {
    /// Something is wrong with what is stored.
    pub fn damaged(what: &str) -> Trouble {
        Trouble::Damaged(what.into())
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::damaged("the file ends within a block"),
            _ => Trouble::Io(error),
        }
    }
}

/// A block being decoded, column by column.
pub(in crate::file) struct Decoding<'a> {
    head: &'a Head,
    source: &'a dyn Source,
    columns: Vec<Column>,
    /// Parts that several columns may need.
    values: HashMap<u16, Arc<Vec<u8>>>,
    codes: HashMap<u16, Arc<Vec<u32>>>,
    /// Octets read.
    pub read: u64,
}

/// So long may a chain of differences be.
const DEPTH: usize = 8;

impl<'a> Decoding<'a> {
    /// A block of which nothing has been decoded.
    pub fn new(head: &'a Head, source: &'a dyn Source) -> Decoding<'a> {
        let columns = vec![Column::Unread; head.columns.len()];
        Decoding { head, source, columns, values: HashMap::new(), codes: HashMap::new(), read: 0 }
    }

    /// Decodes the columns that `wants` asks for and that have not been decoded yet.
    pub fn decode(&mut self, wants: impl Fn(usize) -> bool) -> Result<(), Trouble> {
        for at in 0..self.columns.len() {
            if wants(at) && self.columns.get(at) == Some(&Column::Unread) {
                let column = self.column(at, DEPTH)?;
                if let Some(place) = self.columns.get_mut(at) {
                    *place = column;
                }
            }
        }
        Ok(())
    }

    /// What has been decoded, as a batch. Rows that lie one behind the other are read whole.
    pub fn batch(&mut self) -> Result<FlowBatch, Trouble> {
        match self.head.row {
            Some(row) => self.rows(row),
            None => {
                let columns = self.columns.clone();
                Ok(FlowBatch::from_columns(self.head.schema.clone(), self.head.rows as usize, columns))
            }
        }
    }

    fn rows(&mut self, row: Rows) -> Result<FlowBatch, Trouble> {
        let octets = self.octets(row.part)?.into_owned();
        let offsets: Vec<u16> = self.head.columns.iter().map(|column| column.at as u16).collect();
        let size = row.size as usize;
        for version in Version::ALL {
            let layout = version.layout();
            if layout.size == size && layout.offsets == offsets && *layout.schema == *self.head.schema {
                return Ok(FlowBatch::from_raw(version, row.order, octets));
            }
        }
        let layout = Arc::new(RowLayout { size, offsets, order: row.order });
        Ok(FlowBatch::from_rows(self.head.schema.clone(), layout, octets))
    }

    fn column(&mut self, at: usize, depth: usize) -> Result<Column, Trouble> {
        let Some(entry) = self.head.columns.get(at).copied() else { return Err(Trouble::damaged("no such column")) };
        let width = entry.spec.width;
        Ok(match entry.kind {
            ColumnKind::Row => Column::Unread,
            ColumnKind::Values => {
                let part = self.part(entry.a)?;
                if part.layout == Layout::Zero && part.transform == super::Transform::Absolute && width <= 8 {
                    return Ok(Column::Constant { value: first(part.base, width) });
                }
                let reference = self.reference(entry.a, depth)?;
                let octets = self.octets(entry.a)?;
                let mut data = part.values(octets, reference.as_deref());
                self.turn(entry.number, at, &mut data);
                Column::Plain { width, data }
            }
            ColumnKind::Codes => {
                let (values, index) = (self.shared(entry.b)?, self.index(entry.a, entry.b)?);
                Column::Dictionary { width, values: self.turned(entry.number, at, values), index }
            }
            ColumnKind::Table => self.table(at, depth)?,
            ColumnKind::Variable => {
                let octets = self.octets(entry.a)?;
                let lengths = self.part(entry.a)?.numbers(&octets, None);
                let mut end = 0u32;
                let ends = lengths.iter().map(|length| {
                    end = end.saturating_add(u32::try_from(*length).unwrap_or(u32::MAX));
                    end
                });
                let ends: Vec<u32> = ends.collect();
                let data = self.octets(entry.b)?.into_owned();
                if ends.last().is_some_and(|end| *end as usize != data.len()) {
                    return Err(Trouble::damaged("a column's lengths do not fit its octets"));
                }
                Column::Variable { ends, data }
            }
        })
    }

    /// A column told by another one's codes.
    fn table(&mut self, at: usize, depth: usize) -> Result<Column, Trouble> {
        let Some(entry) = self.head.columns.get(at).copied() else { return Err(Trouble::damaged("no such column")) };
        let parent = self.head.columns.get(usize::from(entry.parent)).copied();
        let parent = parent.filter(|parent| parent.kind == ColumnKind::Codes);
        let Some(parent) = parent.filter(|_| depth > 0) else { return Err(Trouble::damaged("a table of nothing")) };
        let (values, index) = (self.shared(entry.a)?, self.index(parent.a, parent.b)?);
        let values = self.turned(entry.number, at, values);
        if entry.b == NONE {
            return Ok(Column::Dictionary { width: entry.spec.width, values, index });
        }
        // Exceptions are values of their own, behind the others.
        let width = usize::from(entry.spec.width);
        let octets = self.octets(entry.b)?;
        let rows = self.part(entry.b)?.numbers(&octets, None);
        let (mut values, mut index) = (values.to_vec(), index.to_vec());
        let mut next = (values.len() / width.max(1)) as u32;
        let exceptions = self.shared(entry.c)?;
        values.extend_from_slice(&self.turned(entry.number, at, exceptions));
        for row in rows {
            let place = usize::try_from(row).ok().and_then(|row| index.get_mut(row));
            *place.ok_or_else(|| Trouble::damaged("an exception is of no flow"))? = next;
            next += 1;
        }
        Ok(Column::Dictionary { width: entry.spec.width, values: Arc::new(values), index: Arc::new(index) })
    }

    fn part(&self, at: u16) -> Result<&'a super::PartEntry, Trouble> {
        self.head.part(at).ok_or_else(|| Trouble::damaged("no such part"))
    }

    fn octets(&mut self, at: u16) -> Result<Cow<'a, [u8]>, Trouble> {
        let part = self.part(at)?;
        if part.stored == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        self.read += part.stored as u64;
        part.octets(self.source.read(part.offset, part.padded())?)
    }

    /// The numbers that a part's are the difference to.
    fn reference(&mut self, at: u16, depth: usize) -> Result<Option<Vec<u64>>, Trouble> {
        let part = self.part(at)?;
        if part.transform != super::Transform::Difference {
            return Ok(None);
        }
        let at = usize::from(part.reference);
        let unread = self.columns.get(at) == Some(&Column::Unread);
        if unread && depth > 0 {
            let column = self.column(at, depth - 1)?;
            if let Some(place) = self.columns.get_mut(at) {
                *place = column;
            }
        }
        let view = self.columns.get(at).and_then(Column::view);
        let Some(view) = view else { return Err(Trouble::damaged("a difference to nothing")) };
        let mut numbers = Vec::new();
        view.gather(crate::flow::Rows::All(self.head.rows as usize), &mut numbers);
        Ok(Some(numbers))
    }

    /// A part's values, which several columns may share.
    fn shared(&mut self, at: u16) -> Result<Arc<Vec<u8>>, Trouble> {
        if let Some(values) = self.values.get(&at) {
            return Ok(values.clone());
        }
        let octets = self.octets(at)?;
        let values = Arc::new(self.part(at)?.values(octets, None));
        self.values.insert(at, values.clone());
        Ok(values)
    }

    /// Codes, each of which has a value in part `values`.
    fn index(&mut self, at: u16, values: u16) -> Result<Arc<Vec<u32>>, Trouble> {
        if let Some(codes) = self.codes.get(&at) {
            return Ok(codes.clone());
        }
        let octets = self.octets(at)?;
        let count = u64::from(self.part(values)?.count);
        let numbers = self.part(at)?.numbers(&octets, None);
        if numbers.iter().any(|code| *code >= count) {
            return Err(Trouble::damaged("a value that is not in its dictionary"));
        }
        let codes: Arc<Vec<u32>> = Arc::new(numbers.into_iter().map(|code| code as u32).collect());
        self.codes.insert(at, codes.clone());
        Ok(codes)
    }

    /// Whether values lie otherwise than batches have them: written when less was known of the element, or on a
    /// machine of the other byte order.
    fn is_turned(&self, number: bool, at: usize) -> bool {
        let spec = self.head.columns.get(at).map(|column| column.spec);
        spec.is_some_and(|spec| number != is_number(spec.element, spec.width)) != (number && Order::HOST == Order::Big)
    }

    fn turn(&self, number: bool, at: usize, values: &mut [u8]) {
        if self.is_turned(number, at) {
            let width = self.head.columns.get(at).map_or(1, |column| usize::from(column.spec.width).max(1));
            values.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
    }

    fn turned(&self, number: bool, at: usize, values: Arc<Vec<u8>>) -> Arc<Vec<u8>> {
        if !self.is_turned(number, at) {
            return values;
        }
        let mut turned = values.to_vec();
        self.turn(number, at, &mut turned);
        Arc::new(turned)
    }
}

fn first(number: u64, width: u16) -> Vec<u8> {
    number.to_le_bytes().get(..usize::from(width)).unwrap_or_default().to_vec()
}
