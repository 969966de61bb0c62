//! Flows as lines of columns: what a format is, and how a batch is written in one.
//!
//! A [`Table`] knows no data: it lists columns, each of a value, a width and what follows. A [`TableWriter`] writes a
//! batch some hundred rows at a time and those a column at a time, so that what is done for each value is one tight
//! loop a column.

use std::net::IpAddr;

use super::clock::{Clock, Style};
use super::digits::{self, Cell};
use super::page::{Page, Tail};
use super::router;
use super::value::{Value, width_of};
use super::window::Window;
use crate::flow::clock::{Clock as Stamper, Stamps, is_to_be_made};
use crate::flow::symbols::{self, Symbols};
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, InterfaceNames, Projection, Rows, Schema};

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub value: Value,
    /// Characters it takes at least.
    pub width: usize,
    /// What follows.
    pub tail: Tail,
    /// Whether values stand at the right of the column.
    pub right: bool,
}

impl Column {
    /// A column of values at the left.
    pub fn new(value: Value, width: usize, tail: &str) -> Column {
        Column { value, width, tail: Tail::new(tail), right: false }
    }

    /// The same at the right.
    pub fn right(self) -> Column {
        Column { right: true, ..self }
    }

    /// Writes the column's values: `write` puts one at the start of a cell and returns its length.
    fn write<V>(&self, page: &mut Page, values: impl Iterator<Item = V>, mut write: impl FnMut(&mut Cell, V) -> usize) {
        let Column { width, tail, right, .. } = *self;
        if right {
            page.column(values, width, tail, |cell, value| {
                let len = write(cell, value);
                to_right(cell, len, width)
            });
        } else {
            page.column(values, width, tail, write);
        }
    }
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
    /// A format of all flows with short times.
    pub(super) fn of(heading: impl Into<String>, columns: Vec<Column>) -> Table {
        Table { heading: heading.into(), lead: "", columns, times: Style::Short, only_syns: false }
    }

    /// The same of columns with a title and a width each, two blanks between them.
    pub(super) fn list(columns: &[(&'static str, Value, usize)]) -> Table {
        let titles = columns.iter().map(|(title, _, width)| format!("{title:<width$}"));
        let heading = titles.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n";
        let last = columns.len().saturating_sub(1);
        let column = |(at, (_, value, width)): (usize, &(&str, Value, usize))| {
            Column::new(*value, *width, if at == last { "\n" } else { "  " })
        };
        Table::of(heading, columns.iter().enumerate().map(column).collect())
    }

    /// What stands before the first flow, ends of lines included.
    pub fn heading(&self) -> &str {
        &self.heading
    }

    /// The fields to read.
    pub fn fields(&self) -> Projection {
        let needs = self.needs();
        let icmp = needs.contains(&Field::DstPort).then_some(Field::IcmpTypeCode);
        let exporter = self.names_interfaces().then_some(Field::Exporter);
        let fields = needs.into_iter().chain(icmp).chain(exporter).collect::<Projection>();
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

    /// Whether interfaces are shown by name, for which a writer wants [`TableWriter::with_interfaces`].
    pub fn names_interfaces(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.value, Value::Interface(_)))
    }

    fn shows_times(&self) -> bool {
        let timed = |v| matches!(v, Value::Start | Value::End | Value::Duration | Value::Active(_));
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

/// Writes batches as a [`Table`]; has the scratch space that is kept from batch to batch.
pub struct TableWriter<'a> {
    table: &'a Table,
    names: &'a Symbols,
    interfaces: Option<&'a InterfaceNames>,
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
        TableWriter { table, names, interfaces: None, scratch, page: Page::default() }
    }

    /// The same with names of interfaces.
    pub fn with_interfaces(self, names: &'a InterfaceNames) -> TableWriter<'a> {
        TableWriter { interfaces: Some(names).filter(|names| !names.is_empty()), ..self }
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
                match (column.value, self.interfaces) {
                    (Value::Interface(field), Some(names)) => {
                        self.scratch.interfaces(&window, field, column, names, &mut self.page);
                    }
                    _ => self.scratch.column(batch, &window, column, self.names, &mut self.page),
                }
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
        let Column { value, width, .. } = *column;
        match value {
            Value::Number(field) if width_of(batch.schema(), field) == Some(1) => {
                window.field(field, &mut self.octets);
                column.write(page, self.octets.iter(), |cell, n| digits::octet(cell, *n));
            }
            Value::Number(field) => {
                window.field(field, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| digits::decimal(cell, *n));
            }
            Value::Zero => column.write(page, 0..window.len(), |cell, _| digits::decimal(cell, 0)),
            Value::Hex(field, least) => {
                window.field(field, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| digits::hex(cell, *n, least));
            }
            Value::Code(field, least) => {
                window.field(field, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| router::code(cell, *n, least));
            }
            Value::ShortCount(field) => {
                window.field(field, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| router::short_count(cell, *n));
            }
            Value::Interface(field) => {
                window.field(field, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| router::interface(cell, *n, None, width));
            }
            Value::Named(field, kind) => {
                window.field(field, &mut self.a);
                let table = names.table(kind);
                column.write(page, self.a.iter(), |cell, n| {
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
                column.write(page, self.a.iter(), |cell, n| tag(cell, *n));
            }
            Value::Flags => {
                window.field(Field::TcpFlags, &mut self.a);
                column.write(page, self.a.iter(), |cell, n| digits::decimal(cell, n & 7));
            }
            Value::OctetsPerPacket => {
                window.field(Field::Octets, &mut self.a);
                window.field(Field::Packets, &mut self.b);
                let each = self.a.iter().zip(&self.b).map(|(octets, packets)| octets.checked_div(*packets));
                column.write(page, each, |cell, n| digits::decimal(cell, n.unwrap_or(0)));
            }
            Value::Address(field) => self.addresses(batch, window, (field, None), column, page),
            Value::Prefix(field, length, _) => self.addresses(batch, window, (field, Some(length)), column, page),
            Value::Clock(field) => {
                if is_to_be_made(batch.schema()) {
                    self.clock_field(window, field);
                } else {
                    window.field(field, &mut self.a);
                }
                column.write(page, self.a.iter(), |cell, n| digits::decimal(cell, *n));
            }
            Value::Start | Value::End | Value::Duration | Value::Active(_) => self.times(window, column, page),
        }
    }

    /// Writes interfaces by their names.
    fn interfaces(&mut self, window: &Window, field: Field, column: &Column, names: &InterfaceNames, page: &mut Page) {
        window.field(field, &mut self.a);
        window.field(Field::Exporter, &mut self.wide);
        column.write(page, self.a.iter().zip(&self.wide), |cell, (index, exporter)| {
            let exporter = match u32::try_from(*exporter) {
                Ok(four) => IpAddr::from(four.to_be_bytes()),
                Err(_) => IpAddr::from(exporter.to_be_bytes()),
            };
            let name = u32::try_from(*index).ok().and_then(|index| names.name(exporter, index));
            router::interface(cell, *index, name, column.width)
        });
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
        let value = column.value;
        let most = if let Value::Prefix(_, _, most) = value { most } else { usize::MAX };
        let six = width_of(batch.schema(), address) == Some(16);
        if let Some(length) = length {
            window.field(length, &mut self.b);
        }
        if six {
            window.field(address, &mut self.wide);
            let values = self.wide.iter();
            match length {
                None => column.write(page, values, |cell, a| digits::ipv6(cell, *a)),
                Some(_) => column.write(page, values.zip(&self.b), |cell, (a, length)| {
                    let len = digits::prefix6(cell, *a, *length as u32);
                    clip(cell, len, most)
                }),
            }
            return;
        }
        window.field(address, &mut self.a);
        let values = self.a.iter();
        match length {
            None => column.write(page, values, |cell, a| digits::ipv4(cell, *a as u32)),
            Some(_) => column.write(page, values.zip(&self.b), |cell, (a, length)| {
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
        let value = column.value;
        let (start, end) = (window.of(&self.times.start).iter(), window.of(&self.times.end).iter());
        // Uptimes have 32 bits, and their difference too.
        let lasted = |(start, end): (&u64, &u64)| u64::from(end.wrapping_sub(*start) as u32);
        let clock = &mut self.clock;
        match value {
            Value::Start => column.write(page, start, |cell, ms| clock.write(cell, *ms)),
            Value::End => column.write(page, end, |cell, ms| clock.write(cell, *ms)),
            Value::Active(decimals) => column.write(page, start.zip(end).map(lasted), |cell, ms| {
                let len = digits::decimal(cell, ms / 1000);
                let [a, b, c] = digits::fixed((ms % 1000) as u32);
                let fraction = [b'.', a, b, c];
                let shown = fraction.get(..=decimals).unwrap_or(&fraction);
                if let Some(to) = cell.get_mut(len..len + shown.len()) {
                    to.copy_from_slice(shown);
                }
                len + shown.len()
            }),
            _ => column.write(page, start.zip(end).map(lasted), digits::decimal),
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
