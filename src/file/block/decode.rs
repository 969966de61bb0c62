//! From a block to a batch: only the columns that are asked for are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use super::bloom;
use super::fetch::{Fetched, Piece, Source};
use super::head::{Head, Rows};
use super::{ColumnKind, Layout, NONE, Transform};
use crate::flow::registry::is_number;
use crate::flow::{Column, FlowBatch, Order, RowLayout, Version, give_back, give_numbers_back};

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
    fetched: Fetched<'a>,
    columns: Vec<Column>,
    /// Parts that several columns may need.
    values: HashMap<u16, Arc<Vec<u8>>>,
    codes: HashMap<u16, Arc<Vec<u32>>>,
    /// All parts' checksums have been found right.
    checked: bool,
}

/// So long may a chain of differences be.
const DEPTH: usize = 8;

/// The pieces of a block that a column is made of.
fn pieces(head: &Head, at: usize) -> Vec<Piece> {
    let mut parts = Vec::new();
    gather_parts(head, at, DEPTH, &mut parts);
    let piece = |part: &super::PartEntry| (part.offset, part.padded() as u32);
    parts.iter().filter_map(|part| head.part(*part)).filter(|part| part.stored > 0).map(piece).collect()
}

fn gather_parts(head: &Head, at: usize, depth: usize, parts: &mut Vec<u16>) {
    let Some(entry) = head.columns.get(at) else { return };
    match entry.kind {
        ColumnKind::Values => {
            parts.push(entry.a);
            let part = head.part(entry.a).filter(|part| part.transform == Transform::Difference);
            if let Some(part) = part.filter(|_| depth > 0) {
                gather_parts(head, part.reference.into(), depth - 1, parts);
            }
        }
        ColumnKind::Codes | ColumnKind::Variable => parts.extend([entry.a, entry.b]),
        ColumnKind::Table => {
            parts.extend([entry.a, entry.b, entry.c]);
            parts.extend(head.columns.get(usize::from(entry.parent)).map(|parent| parent.a));
        }
        ColumnKind::Row => parts.extend(head.row.map(|row| row.part)),
    }
}

impl<'a> Decoding<'a> {
    /// A block of which nothing has been decoded.
    pub fn new(head: &'a Head, source: &'a dyn Source) -> Decoding<'a> {
        let columns = vec![Column::Unread; head.columns.len()];
        let fetched = Fetched::new(source);
        Decoding { head, fetched, columns, values: HashMap::new(), codes: HashMap::new(), checked: false }
    }

    /// Octets read.
    pub fn read(&self) -> u64 {
        self.fetched.octets
    }

    /// Reads the whole block and makes sure that all of it is as it was written.
    pub fn check(&mut self) -> Result<(), Trouble> {
        self.fetched.fetch(vec![(0, self.head.length)])?;
        let block = self.fetched.get(0, self.head.length).unwrap_or_default();
        if !self.head.is_in(block) {
            return Err(Trouble::damaged("the block's head is not what the index says"));
        }
        for part in self.head.parts.iter().filter(|part| part.stored > 0) {
            let stored = self.fetched.get(part.offset, part.padded() as u32);
            part.check(stored.unwrap_or_default())?;
        }
        if let Some(filter) = self.head.bloom {
            let octets = block.get(filter.offset as usize..).unwrap_or_default();
            let octets = octets.get(..filter.lines as usize * bloom::LINE).unwrap_or_default();
            if !octets.as_chunks().0.iter().all(bloom::is_whole) {
                return Err(Trouble::damaged("a checksum of the filter of addresses is wrong"));
            }
        }
        self.checked = true;
        Ok(())
    }

    /// Decodes the columns that `wants` asks for and that have not been decoded yet.
    pub fn decode(&mut self, wants: impl Fn(usize) -> bool) -> Result<(), Trouble> {
        let unread = |at: &usize| self.columns.get(*at) == Some(&Column::Unread);
        let wanted: Vec<usize> = (0..self.columns.len()).filter(|at| wants(*at)).filter(unread).collect();
        if self.head.row.is_none() {
            self.fetched.fetch(wanted.iter().flat_map(|at| pieces(self.head, *at)).collect())?;
        }
        for at in wanted {
            if self.columns.get(at) == Some(&Column::Unread) {
                let column = self.column(at, DEPTH)?;
                if let Some(place) = self.columns.get_mut(at) {
                    *place = column;
                }
            }
        }
        Ok(())
    }

    /// What has been decoded, as a batch, which takes it. Rows that lie one behind the other are read whole.
    pub fn batch(&mut self) -> Result<FlowBatch, Trouble> {
        match self.head.row {
            Some(row) => self.rows(row),
            None => {
                let columns = std::mem::take(&mut self.columns);
                Ok(FlowBatch::from_columns(self.head.schema.clone(), self.head.rows as usize, columns))
            }
        }
    }

    /// Takes back the columns of a batch that was made of the block, to decode further ones.
    pub fn resume(&mut self, columns: Vec<Column>) {
        self.columns = columns;
        self.columns.resize(self.head.columns.len(), Column::Unread);
    }

    fn rows(&mut self, row: Rows) -> Result<FlowBatch, Trouble> {
        let piece = self.part(row.part).map(|part| (part.offset, part.padded() as u32))?;
        self.fetched.fetch(vec![piece])?;
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
                if part.layout == Layout::Zero && part.transform == Transform::Absolute && width <= 8 {
                    return Ok(Column::Constant { value: first(part.base, width) });
                }
                if part.transform == Transform::Difference {
                    self.decode_reference(part.reference.into(), depth)?;
                }
                let reference = self.columns.get(usize::from(part.reference)).and_then(Column::view);
                let octets = self.octets(entry.a)?;
                let mut data = match octets {
                    // Octets as they are, decompressed into a vector of their own: that is the column.
                    Cow::Owned(octets) if part.layout == Layout::Octets => octets,
                    octets => {
                        let data = part.values(&octets, reference);
                        recycle(octets);
                        data
                    }
                };
                self.turn(entry.number, at, &mut data);
                Column::Plain { width, data }
            }
            ColumnKind::Codes => {
                let (values, index) = (self.shared(entry.b)?, self.index(entry.a, entry.b)?);
                Column::Dictionary { width, values: self.turned(entry.number, at, values), index }
            }
            ColumnKind::Table => self.table(at)?,
            ColumnKind::Variable => {
                let mut ends = self.numbers(entry.a)?;
                let mut end = 0u64;
                for length in &mut ends {
                    end += u64::from(*length);
                    *length = end as u32;
                }
                let data = self.octets(entry.b)?.into_owned();
                if end != data.len() as u64 {
                    return Err(Trouble::damaged("a column's lengths do not fit its octets"));
                }
                Column::Variable { ends, data }
            }
        })
    }

    /// Decodes the column that another one's numbers are the difference to.
    fn decode_reference(&mut self, at: usize, depth: usize) -> Result<(), Trouble> {
        if depth > 0 && self.columns.get(at) == Some(&Column::Unread) {
            let column = self.column(at, depth - 1)?;
            if let Some(place) = self.columns.get_mut(at) {
                *place = column;
            }
        }
        match self.columns.get(at).and_then(Column::view) {
            Some(_) => Ok(()),
            None => Err(Trouble::damaged("a difference to nothing")),
        }
    }

    /// A column told by another one's codes.
    fn table(&mut self, at: usize) -> Result<Column, Trouble> {
        let Some(entry) = self.head.columns.get(at).copied() else { return Err(Trouble::damaged("no such column")) };
        let parent = self.head.columns.get(usize::from(entry.parent)).copied();
        let parent = parent.filter(|parent| parent.kind == ColumnKind::Codes);
        let Some(parent) = parent else { return Err(Trouble::damaged("a table of nothing")) };
        let (values, index) = (self.shared(entry.a)?, self.index(parent.a, parent.b)?);
        let values = self.turned(entry.number, at, values);
        if entry.b == NONE {
            return Ok(Column::Dictionary { width: entry.spec.width, values, index });
        }
        // Exceptions are values of their own, behind the others.
        let width = usize::from(entry.spec.width);
        let rows = self.numbers(entry.b)?;
        let mut values = values.to_vec();
        let mut codes = crate::flow::number_room(index.len());
        codes.copy_from_slice(&index);
        let first = (values.len() / width.max(1)) as u32;
        let exceptions = self.shared(entry.c)?;
        values.extend_from_slice(&self.turned(entry.number, at, exceptions));
        for (code, row) in (first..).zip(&rows) {
            let place = usize::try_from(*row).ok().and_then(|row| codes.get_mut(row));
            *place.ok_or_else(|| Trouble::damaged("an exception is of no flow"))? = code;
        }
        give_numbers_back(rows);
        Ok(Column::Dictionary { width: entry.spec.width, values: Arc::new(values), index: Arc::new(codes) })
    }

    fn part(&self, at: u16) -> Result<&'a super::PartEntry, Trouble> {
        self.head.part(at).ok_or_else(|| Trouble::damaged("no such part"))
    }

    /// The octets of a part: checked, decompressed.
    fn octets(&self, at: u16) -> Result<Cow<'_, [u8]>, Trouble> {
        let part = self.part(at)?;
        if part.stored == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        let stored = self.fetched.get(part.offset, part.padded() as u32);
        let stored = stored.ok_or_else(|| Trouble::damaged("a part was not read"))?;
        if !self.checked {
            part.check(stored)?;
        }
        match part.codec {
            crate::flow::Codec::None => Ok(Cow::Borrowed(stored.get(..part.stored as usize).unwrap_or_default())),
            _ => part.decompress(stored).map(Cow::Owned),
        }
    }

    fn numbers(&self, at: u16) -> Result<Vec<u32>, Trouble> {
        let octets = self.octets(at)?;
        let numbers = self.part(at)?.numbers(&octets);
        recycle(octets);
        numbers
    }

    /// A part's values, which several columns may share.
    fn shared(&mut self, at: u16) -> Result<Arc<Vec<u8>>, Trouble> {
        if let Some(values) = self.values.get(&at) {
            return Ok(values.clone());
        }
        let octets = self.octets(at)?;
        let values = Arc::new(self.part(at)?.values(&octets, None));
        recycle(octets);
        self.values.insert(at, values.clone());
        Ok(values)
    }

    /// Codes, each of which has a value in part `values`.
    fn index(&mut self, at: u16, values: u16) -> Result<Arc<Vec<u32>>, Trouble> {
        let count = self.part(values)?.count;
        if let Some(codes) = self.codes.get(&at) {
            let codes = codes.clone();
            return known(&codes, count).map(|()| codes);
        }
        let codes = Arc::new(self.numbers(at)?);
        known(&codes, count)?;
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

/// Whether all codes are of one of `count` values.
fn known(codes: &[u32], count: u32) -> Result<(), Trouble> {
    match codes.iter().fold(0, |most, code| most.max(*code)) {
        most if most < count || codes.is_empty() => Ok(()),
        _ => Err(Trouble::damaged("a value that is not in its dictionary")),
    }
}

/// Gives the room of octets back that were decompressed.
fn recycle(octets: Cow<'_, [u8]>) {
    if let Cow::Owned(octets) = octets {
        give_back(octets);
    }
}

fn first(number: u64, width: u16) -> Vec<u8> {
    number.to_le_bytes().get(..usize::from(width)).unwrap_or_default().to_vec()
}
