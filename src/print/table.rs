//! Flows as lines of columns: what a format is, and how a batch is written in one.
//!
//! A [`Table`] knows no data: it lists columns, each of a value, a width and what follows. A [`TableWriter`] writes a
//! batch some hundred rows at a time and those a column at a time, so that what is done for each value is one tight
//! loop a column.

use super::clock::{Clock, Style};
use super::digits::{self, Cell};
use super::page::{Page, Tail};
use super::window::Window;
use crate::flow::clock::{Clock as Stamper, Stamps, is_to_be_made};
use crate::flow::symbols::{self, Symbols};
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Projection, Rows, Schema};

/// What is in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// A number, decimal.
    Number(Field),
    /// Always 0.
    Zero,
    /// A number, decimal, at the right of the column.
    Right(Field),
    /// A number in hexadecimal of at least so many digits.
    Hex(Field, usize),
    /// A number's name, as much of it as the column is wide; or the number.
    Named(Field, symbols::Kind),
    /// An address.
    Address(Field),
    /// An address and the length of its prefix, at most so many characters of it.
    Prefix(Field, Field, usize),
    /// A tag: `0x` and eight hexadecimal digits.
    Tag(Field),
    /// FIN, SYN and RST of the TCP flags, as a number.
    Flags,
    /// The first packet's time.
    Start,
    /// The last packet's time.
    End,
    /// Ms between them.
    Duration,
    /// Seconds between them, at the right of the column.
    Active,
    /// Octets a packet.
    OctetsPerPacket,
    /// A field that times are told by in classic records; made up of the times where a flow tells them otherwise.
    Clock(Field),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub value: Value,
    /// Characters it takes at least.
    pub width: usize,
    /// What follows.
    pub tail: Tail,
}

/// A format of lines: a heading, and the columns of each line.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) heading: String,
    /// What every line begins with.
    pub(super) lead: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) times: Style,
    /// Show only TCP flows that may be a SYN attack's: nothing but a bare SYN.
    pub(super) only_syns: bool,
}

/// Rows worked on at a time: their text fits the cache.
const ROWS: usize = 128;

impl Table {
    /// What stands before the first flow, ends of lines included.
    pub fn heading(&self) -> &str {
        &self.heading
    }

    /// The fields to read.
    pub fn fields(&self) -> Projection {
        let needs = self.needs();
        let icmp = needs.contains(&Field::DstPort).then_some(Field::IcmpTypeCode);
        let fields = needs.into_iter().chain(icmp).collect::<Projection>();
        if self.times_of_flows() { fields.union(&Projection::of(&FlowTimes::FIELDS)) } else { fields }
    }

    /// The fields that flows must have. Those that times are made of are not among them: see
    /// [`Table::times_of_flows`].
    pub fn needs(&self) -> Vec<Field> {
        let mut fields: Vec<Field> = self.columns.iter().flat_map(|column| column.value.fields()).collect();
        if self.only_syns {
            fields.extend([Field::Protocol, Field::TcpFlags, Field::Packets, Field::Octets]);
        }
        fields
    }

    /// Whether flows' times are shown, in whichever of the ways that batches tell them.
    pub fn times_of_flows(&self) -> bool {
        self.shows_times() || self.shows_stamps()
    }

    fn shows_times(&self) -> bool {
        let timed = |v| matches!(v, Value::Start | Value::End | Value::Duration | Value::Active);
        self.columns.iter().any(|column| timed(column.value))
    }

    fn shows_stamps(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.value, Value::Clock(_)))
    }

    /// The longest a line of flows of a schema can be.
    fn longest(&self, schema: &Schema) -> usize {
        let columns = self.columns.iter().map(|c| c.width.max(c.value.longest(schema)) + c.tail.len());
        self.lead.len() + columns.sum::<usize>()
    }
}

impl Value {
    pub(super) fn fields(self) -> Vec<Field> {
        match self {
            Value::Number(f) | Value::Right(f) | Value::Hex(f, _) | Value::Named(f, _) => vec![f],
            Value::Address(f) | Value::Tag(f) => vec![f],
            Value::Prefix(address, length, _) => vec![address, length],
            Value::Flags => vec![Field::TcpFlags],
            Value::OctetsPerPacket => vec![Field::Octets, Field::Packets],
            Value::Clock(_) | Value::Zero | Value::Start | Value::End | Value::Duration | Value::Active => Vec::new(),
        }
    }

    /// The longest it can be of flows of a schema.
    fn longest(self, schema: &Schema) -> usize {
        let width = |field| width_of(schema, field);
        match self {
            Value::Number(field) | Value::Clock(field) => match width(field) {
                Some(1) => 3,
                Some(2) => 5,
                Some(3 | 4) => 10,
                _ => 20,
            },
            Value::Start | Value::End => 23,
            Value::Address(field) if width(field) != Some(16) => 15,
            Value::Prefix(field, ..) if width(field) != Some(16) => 18,
            Value::Address(_) | Value::Prefix(..) => 43,
            _ => 20,
        }
    }
}

/// Octets of a field's values in a schema that has it.
fn width_of(schema: &Schema, field: Field) -> Option<u16> {
    schema.resolve(field).and_then(|at| schema.fields().get(at)).map(|spec| spec.width)
}

/// Writes batches as a [`Table`]; has the scratch space that is kept from batch to batch.
pub struct TableWriter<'a> {
    table: &'a Table,
    names: &'a Symbols,
    scratch: Scratch,
    page: Page,
}

struct Scratch {
    octets: Vec<u8>,
    a: Vec<u64>,
    b: Vec<u64>,
    wide: Vec<u128>,
    times: FlowTimes,
    stamper: Stamper,
    stamps: Vec<Stamps>,
    clock: Clock,
}

impl<'a> TableWriter<'a> {
    /// A writer of a table, with names for [`Value::Named`].
    pub fn new(table: &'a Table, names: &'a Symbols) -> TableWriter<'a> {
        let clock = Clock::new(table.times);
        let scratch = Scratch {
            octets: vec![],
            a: vec![],
            b: vec![],
            wide: vec![],
            times: FlowTimes::default(),
            stamper: Stamper::default(),
            stamps: vec![],
            clock,
        };
        TableWriter { table, names, scratch, page: Page::default() }
    }

    /// Appends the batch's selected flows to `out`, a line each. What a flow lacks is 0.
    pub fn write(&mut self, batch: &FlowBatch, out: &mut Vec<u8>) {
        if self.table.only_syns {
            let mut picked = batch.clone();
            picked.select(syns(batch));
            self.write_all(&picked, out);
        } else {
            self.write_all(batch, out);
        }
    }

    fn write_all(&mut self, batch: &FlowBatch, out: &mut Vec<u8>) {
        if self.table.shows_times() {
            self.scratch.times.gather(batch);
        }
        if self.table.shows_stamps() && is_to_be_made(batch.schema()) {
            self.scratch.stamps.clear();
            self.scratch.stamps.extend(self.scratch.stamper.stamps(batch));
        }
        let longest = self.table.longest(batch.schema());
        for window in Window::all(batch, ROWS) {
            self.page.begin(window.len(), longest);
            self.page.literal(self.table.lead.as_bytes());
            for column in &self.table.columns {
                self.scratch.column(batch, &window, column, self.names, &mut self.page);
            }
            self.page.end(out);
        }
    }
}

/// The selected flows that are TCP and nothing but a bare SYN: 40 octets a packet, no other flag.
fn syns(batch: &FlowBatch) -> Vec<u32> {
    let mut columns: [Vec<u64>; 4] = Default::default();
    let fields = [Field::Protocol, Field::TcpFlags, Field::Packets, Field::Octets];
    for (field, column) in fields.into_iter().zip(&mut columns) {
        batch.gather(field, column);
    }
    let [protocol, flags, packets, octets] = columns;
    let values = protocol.iter().zip(&flags).zip(packets.iter().zip(&octets));
    let bare = values.map(|((p, f), (packets, octets))| (*p, *f, octets.checked_div(*packets)) == (6, 2, Some(40)));
    let mut rows: Vec<u32> = match batch.rows() {
        Rows::All(n) => (0..n as u32).collect(),
        Rows::Some(rows) => rows.to_vec(),
    };
    let mut bare = bare;
    rows.retain(|_| bare.next() == Some(true));
    rows
}

impl Scratch {
    /// Writes one column of the window's rows.
    fn column(&mut self, batch: &FlowBatch, window: &Window, column: &Column, names: &Symbols, page: &mut Page) {
        let Column { value, width, tail } = *column;
        match value {
            Value::Number(field) if width_of(batch.schema(), field) == Some(1) => {
                window.field(field, &mut self.octets);
                page.column(self.octets.iter(), width, tail, |cell, n| digits::octet(cell, *n));
            }
            Value::Number(field) => {
                window.field(field, &mut self.a);
                page.column(self.a.iter(), width, tail, |cell, n| digits::decimal(cell, *n));
            }
            Value::Zero => page.column(0..window.len(), width, tail, |cell, _| digits::decimal(cell, 0)),
            Value::Right(field) => {
                window.field(field, &mut self.a);
                page.column(self.a.iter(), width, tail, |cell, n| {
                    let len = digits::decimal(cell, *n);
                    to_right(cell, len, width)
                });
            }
            Value::Hex(field, least) => {
                window.field(field, &mut self.a);
                page.column(self.a.iter(), width, tail, |cell, n| digits::hex(cell, *n, least));
            }
            Value::Named(field, kind) => {
                window.field(field, &mut self.a);
                let table = names.table(kind);
                page.column(self.a.iter(), width, tail, |cell, n| {
                    let name = u32::try_from(*n).ok().and_then(|n| table.name(n)).map(str::as_bytes);
                    match name {
                        Some(name) => digits::text(cell, name.get(..width).unwrap_or(name)),
                        None if kind == symbols::Kind::Tag => tag(cell, *n),
                        None => digits::decimal(cell, *n),
                    }
                });
            }
            Value::Tag(field) => {
                window.field(field, &mut self.a);
                page.column(self.a.iter(), width, tail, |cell, n| tag(cell, *n));
            }
            Value::Flags => {
                window.field(Field::TcpFlags, &mut self.a);
                page.column(self.a.iter(), width, tail, |cell, n| digits::decimal(cell, n & 7));
            }
            Value::OctetsPerPacket => {
                window.field(Field::Octets, &mut self.a);
                window.field(Field::Packets, &mut self.b);
                let each = self.a.iter().zip(&self.b).map(|(octets, packets)| octets.checked_div(*packets));
                page.column(each, width, tail, |cell, n| digits::decimal(cell, n.unwrap_or(0)));
            }
            Value::Address(field) => self.addresses(batch, window, (field, None), column, page),
            Value::Prefix(field, length, _) => self.addresses(batch, window, (field, Some(length)), column, page),
            Value::Clock(field) => {
                if is_to_be_made(batch.schema()) {
                    self.clock_field(window, field);
                } else {
                    window.field(field, &mut self.a);
                }
                page.column(self.a.iter(), width, tail, |cell, n| digits::decimal(cell, *n));
            }
            Value::Start | Value::End | Value::Duration | Value::Active => self.times(window, column, page),
        }
    }

    /// Writes addresses or prefixes.
    fn addresses(
        &mut self,
        batch: &FlowBatch,
        window: &Window,
        (address, length): (Field, Option<Field>),
        column: &Column,
        page: &mut Page,
    ) {
        let Column { value, width, tail } = *column;
        let most = if let Value::Prefix(_, _, most) = value { most } else { usize::MAX };
        let six = width_of(batch.schema(), address) == Some(16);
        if let Some(length) = length {
            window.field(length, &mut self.b);
        }
        if six {
            window.field(address, &mut self.wide);
            let values = self.wide.iter();
            match length {
                None => page.column(values, width, tail, |cell, a| digits::ipv6(cell, *a)),
                Some(_) => page.column(values.zip(&self.b), width, tail, |cell, (a, length)| {
                    let len = digits::prefix6(cell, *a, *length as u32);
                    clip(cell, len, most)
                }),
            }
            return;
        }
        window.field(address, &mut self.a);
        let values = self.a.iter();
        match length {
            None => page.column(values, width, tail, |cell, a| digits::ipv4(cell, *a as u32)),
            Some(_) => page.column(values.zip(&self.b), width, tail, |cell, (a, length)| {
                let len = digits::prefix4(cell, *a as u32, *length as u32);
                clip(cell, len, most)
            }),
        }
    }

    /// A field of times as a classic record would have it.
    fn clock_field(&mut self, window: &Window, field: Field) {
        self.a.clear();
        self.a.extend(window.of(&self.stamps).iter().map(|stamps| {
            u64::from(match field {
                Field::UnixSecs => stamps.unix_secs,
                Field::UnixNsecs => stamps.unix_nsecs,
                Field::Uptime => stamps.uptime,
                Field::First => stamps.first,
                _ => stamps.last,
            })
        }));
    }

    /// Writes a column made of flows' times.
    fn times(&mut self, window: &Window, column: &Column, page: &mut Page) {
        let Column { value, width, tail } = *column;
        let (start, end) = (window.of(&self.times.start).iter(), window.of(&self.times.end).iter());
        // Uptimes have 32 bits, and their difference too.
        let lasted = |(start, end): (&u64, &u64)| u64::from(end.wrapping_sub(*start) as u32);
        let clock = &mut self.clock;
        match value {
            Value::Start => page.column(start, width, tail, |cell, ms| clock.write(cell, *ms)),
            Value::End => page.column(end, width, tail, |cell, ms| clock.write(cell, *ms)),
            Value::Active => page.column(start.zip(end).map(lasted), width, tail, |cell, ms| {
                let len = digits::decimal(cell, ms / 1000);
                let [a, b, c] = digits::fixed((ms % 1000) as u32);
                if let Some(to) = cell.get_mut(len..len + 4) {
                    to.copy_from_slice(&[b'.', a, b, c]);
                }
                to_right(cell, len + 4, width)
            }),
            _ => page.column(start.zip(end).map(lasted), width, tail, digits::decimal),
        }
    }
}

#[inline]
fn tag(cell: &mut Cell, n: u64) -> usize {
    let len = digits::hex(cell, n, 8);
    cell.copy_within(0..len, 2);
    cell[0] = b'0';
    cell[1] = b'x';
    len + 2
}

/// Moves a text to the right end of a column.
#[inline]
fn to_right(cell: &mut Cell, len: usize, width: usize) -> usize {
    let before = width.min(cell.len()).saturating_sub(len);
    cell.copy_within(0..len, before);
    cell.iter_mut().take(before).for_each(|b| *b = b' ');
    len + before
}

/// Cuts a text to at most `most` characters.
#[inline]
fn clip(cell: &mut Cell, len: usize, most: usize) -> usize {
    cell.iter_mut().take(len).skip(most).for_each(|b| *b = b' ');
    len.min(most)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
