//! Answers as tables, CSV and JSON.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Local};

use super::answer::{Answer, Row};
use super::columns::{By, Show, Sort, Sum};
use crate::flow::Order as ByteOrder;
use crate::flow::registry::Kind;
use crate::flow::symbols::{Kind as Names, Symbols};
use crate::report::words::Ranked;
use crate::report::{Counts, Entry, KeyLayout, text};

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Format {
    /// Columns with a line of titles above and one of totals below.
    #[default]
    Table,
    /// Comma-separated values (RFC 4180, with plain line ends) below a line of titles.
    Csv,
    /// One object a line.
    Json,
}

/// How answers are to look.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// As what.
    pub format: Format,
    /// Percentages of the totals instead of flows, octets, packets and duration.
    pub percent: bool,
    /// At most so many rows.
    pub top: usize,
    /// Names that are known; numbers stay numbers otherwise.
    pub names: &'a Symbols,
    /// Whether there are several answers, which JSON then tells apart by a member `by`.
    pub several: bool,
}

/// Between columns of a table.
const GAP: usize = 2;
/// More rows than this are written as they come, in columns as wide as they might need.
const HELD: usize = 65_536;

impl Text<'_> {
    /// Writes an answer, its rows in the order of `sort`, or by octets if it has no such column.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, answer: &mut Answer, sort: &Sort, out: &mut impl Write) -> io::Result<()> {
        let by = answer.spec.order(sort).unwrap_or_default();
        let held = (self.top.min(answer.len()) <= HELD || answer.groups.len() > 1).then(|| answer.rows(by, self.top));
        let words = std::mem::take(&mut answer.words);
        let mut lines = Lines::new(self, answer, &words);
        match &held {
            Some(rows) => rows.iter().for_each(|row| lines.measure(row)),
            None => lines.bound(),
        }
        lines.level();
        let mut text = Vec::new();
        lines.head(&mut text);
        match held {
            Some(rows) => rows.iter().for_each(|row| lines.row(row, &mut text)),
            None => {
                out.write_all(&std::mem::take(&mut text))?;
                stream(&lines, answer, by, self.top, out)?;
            }
        }
        lines.foot(&mut text);
        out.write_all(&text)
    }
}

/// Many rows of nothing but sums, written on all cores.
fn stream(lines: &Lines, answer: &mut Answer, by: By, top: usize, out: &mut impl Write) -> io::Result<()> {
    let Some(groups) = answer.groups.first_mut() else { return Ok(()) };
    let line = |entry: &Entry, text: &mut Vec<u8>| {
        lines.row(&Row { key: entry.key, counts: entry.counts, extras: Vec::new() }, text);
    };
    groups.render(by.order, top, line, |text| out.write_all(text))
}

/// What lines are made with.
struct Lines<'a> {
    text: &'a Text<'a>,
    by: String,
    keys: Vec<(String, Show)>,
    sums: Vec<(String, Sum)>,
    layout: KeyLayout,
    groups: usize,
    totals: Counts,
    words: &'a Ranked,
    /// Columns' widths: the key's, then the sums'.
    widths: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a Text<'a>, answer: &Answer, words: &'a Ranked) -> Lines<'a> {
        let spec = answer.spec;
        let title = |sum: &Sum| {
            let mark = if text.percent && !matches!(sum, Sum::Extra(_)) { "%" } else { "" };
            (format!("{}{mark}", spec.sum_title(*sum)), *sum)
        };
        let keys: Vec<_> = spec.titles.iter().map(|title| (title.text.clone(), title.show)).collect();
        let sums: Vec<_> = spec.sums().iter().map(title).collect();
        let widths = keys.iter().map(|(title, _)| title.len()).chain(sums.iter().map(|(title, _)| title.len()));
        Lines {
            text,
            by: spec.text.clone(),
            widths: widths.collect(),
            layout: answer.groups.first().map_or_else(KeyLayout::default, |groups| groups.layout().clone()),
            groups: answer.len(),
            totals: answer.totals(),
            words,
            keys,
            sums,
        }
    }

    fn total(&self) -> Row {
        Row { counts: self.totals, ..Row::default() }
    }

    /// Makes columns wide enough for a row.
    fn measure(&mut self, row: &Row) {
        if self.text.format != Format::Table {
            return;
        }
        let mut widths = std::mem::take(&mut self.widths);
        let mut cell = Vec::new();
        for (at, width) in widths.iter_mut().enumerate() {
            cell.clear();
            self.cell(row, at, &mut cell);
            *width = (*width).max(String::from_utf8_lossy(&cell).chars().count());
        }
        self.widths = widths;
    }

    /// Makes columns wide enough for any row.
    fn bound(&mut self) {
        let wide = self.layout.is_wide();
        for (width, (_, show)) in self.widths.iter_mut().zip(&self.keys) {
            *width = (*width).max(match show {
                Show::Address => {
                    if wide {
                        39
                    } else {
                        15
                    }
                }
                Show::Prefix(..) => {
                    if wide {
                        43
                    } else {
                        18
                    }
                }
                Show::Number(_) => 20,
                Show::Mac => 17,
                Show::Signed => 20,
                // Those are held: see HELD.
                Show::Word(_) => 39,
                Show::Time { .. } => 23,
            });
        }
    }

    /// Makes room for the totals and what stands before them.
    fn level(&mut self) {
        let label = self.label().len();
        self.measure_sums();
        let keys = self.keys.len();
        let room: usize = self.widths.iter().take(keys).map(|width| width + GAP).sum();
        if let Some(last) = self.widths.get_mut(keys.saturating_sub(1)) {
            *last += (label + GAP).saturating_sub(room);
        }
    }

    fn measure_sums(&mut self) {
        let total = self.total();
        for at in 0..self.sums.len() {
            let mut cell = Vec::new();
            self.sum(&total, at, &mut cell);
            if let Some(width) = self.widths.get_mut(self.keys.len() + at) {
                *width = (*width).max(cell.len());
            }
        }
    }

    fn label(&self) -> String {
        format!("total of {} groups", self.groups)
    }

    /// What stands above the rows.
    fn head(&self, out: &mut Vec<u8>) {
        let titles = self.keys.iter().map(|(title, _)| title).chain(self.sums.iter().map(|(title, _)| title));
        match self.text.format {
            Format::Json => return,
            Format::Csv => titles.enumerate().for_each(|(at, title)| {
                out.extend((at > 0).then_some(b','));
                quoted_csv(title.as_bytes(), out);
            }),
            Format::Table => titles.enumerate().for_each(|(at, title)| self.put(at, title.as_bytes(), out)),
        }
        out.push(b'\n');
    }

    /// What stands below the rows.
    fn foot(&self, out: &mut Vec<u8>) {
        if self.text.format != Format::Table {
            return;
        }
        let (label, total, keys) = (self.label(), self.total(), self.keys.len());
        let room: usize = self.widths.iter().take(keys).map(|width| width + GAP).sum();
        text::padded(out, label.as_bytes(), room.saturating_sub(GAP));
        for (at, (_, sum)) in self.sums.iter().enumerate() {
            let mut cell = Vec::new();
            // Values of different groups may be the same: there is no total of them.
            if !matches!(sum, Sum::Extra(_)) {
                self.sum(&total, at, &mut cell);
            }
            self.put(keys + at, &cell, out);
        }
        while out.last() == Some(&b' ') {
            out.pop();
        }
        out.push(b'\n');
    }

    /// A row.
    fn row(&self, row: &Row, out: &mut Vec<u8>) {
        match self.text.format {
            Format::Table => {
                let mut cell = Vec::new();
                for at in 0..self.widths.len() {
                    cell.clear();
                    self.cell(row, at, &mut cell);
                    self.put(at, &cell, out);
                }
            }
            Format::Csv => {
                let mut cell = Vec::new();
                for at in 0..self.widths.len() {
                    cell.clear();
                    self.cell(row, at, &mut cell);
                    out.extend((at > 0).then_some(b','));
                    quoted_csv(&cell, out);
                }
            }
            Format::Json => self.object(row, out),
        }
        out.push(b'\n');
    }

    fn object(&self, row: &Row, out: &mut Vec<u8>) {
        let (mut cell, keys) = (Vec::new(), self.keys.len());
        out.push(b'{');
        if self.text.several {
            out.extend_from_slice(b"\"by\":");
            quoted_json(self.by.as_bytes(), out);
        }
        let titles = self.keys.iter().map(|(title, _)| title).chain(self.sums.iter().map(|(title, _)| title));
        for (at, title) in titles.enumerate() {
            out.extend((at > 0 || self.text.several).then_some(b','));
            quoted_json(title.as_bytes(), out);
            out.push(b':');
            cell.clear();
            let number = self.cell(row, at, &mut cell) || at >= keys;
            if number { out.extend_from_slice(&cell) } else { quoted_json(&cell, out) }
        }
        out.push(b'}');
    }

    /// A cell of a table: keys to the left, sums to the right.
    fn put(&self, at: usize, cell: &[u8], out: &mut Vec<u8>) {
        let width = self.widths.get(at).copied().unwrap_or(0);
        let blank = width.saturating_sub(String::from_utf8_lossy(cell).chars().count());
        if at < self.keys.len() {
            out.extend_from_slice(cell);
            text::blanks(out, blank + if at + 1 < self.keys.len() { GAP } else { 0 });
        } else {
            text::blanks(out, blank + GAP);
            out.extend_from_slice(cell);
        }
    }

    /// Appends a cell's text; says whether it is a number.
    fn cell(&self, row: &Row, at: usize, out: &mut Vec<u8>) -> bool {
        match self.keys.get(at) {
            Some((_, show)) => self.key(row, at, *show, out),
            None => {
                self.sum(row, at - self.keys.len(), out);
                true
            }
        }
    }

    fn sum(&self, row: &Row, at: usize, out: &mut Vec<u8>) {
        let Some((_, sum)) = self.sums.get(at) else { return };
        let value = row.sum(*sum);
        if self.text.percent && !matches!(sum, Sum::Extra(_)) {
            text::decimal(out, value as f64 * 100.0 / self.total().sum(*sum) as f64, 3, 0);
        } else {
            text::number(out, value, 0);
        }
    }

    fn key(&self, row: &Row, part: usize, show: Show, out: &mut Vec<u8>) -> bool {
        match show {
            Show::Address => text::address(out, self.layout.address(&row.key, part), 0),
            Show::Prefix(four, six) => prefix(self.layout.address(&row.key, part), four, six, out),
            Show::Number(names) => {
                let number = self.layout.value(&row.key, part) as u64;
                let name = names.and_then(|names| self.name(names, number));
                match name {
                    Some(name) => out.extend_from_slice(name.as_bytes()),
                    None => text::number(out, number, 0),
                }
                return name.is_none();
            }
            Show::Mac => mac(self.layout.value(&row.key, part) as u64, out),
            Show::Signed => {
                let number = (self.layout.value(&row.key, part) as u64 ^ 1 << 63) as i64;
                out.extend_from_slice(number.to_string().as_bytes());
                return true;
            }
            Show::Word(kind) => word(self.words.value(self.layout.value(&row.key, part) as u64), kind, out),
            Show::Time { fraction } => return time(self.layout.value(&row.key, part) as u64, fraction, out),
        }
        false
    }

    fn name(&self, names: Names, number: u64) -> Option<&str> {
        self.text.names.table(names).name(u32::try_from(number).ok()?)
    }
}

/// An address with the bits that were kept of it, if not all were.
fn prefix(address: IpAddr, four: u8, six: u8, out: &mut Vec<u8>) {
    text::address(out, address, 0);
    let (bits, all) = match address {
        IpAddr::V4(_) => (four, 32),
        IpAddr::V6(_) => (six, 128),
    };
    if bits < all {
        out.push(b'/');
        text::number(out, bits.into(), 0);
    }
}

/// A MAC address, whose octets were read as a number as they lay.
fn mac(number: u64, out: &mut Vec<u8>) {
    let octets = match ByteOrder::HOST {
        ByteOrder::Little => number.to_le_bytes(),
        ByteOrder::Big => (number << 16).to_be_bytes(),
    };
    for (at, octet) in octets.iter().take(6).enumerate() {
        out.extend((at > 0).then_some(b':'));
        let _ = write!(out, "{octet:02x}");
    }
}

/// A value that is no number.
fn word(octets: &[u8], kind: Kind, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = match (kind, octets.len()) {
        (Kind::Ipv4, 4) => write!(out, "{}", Ipv4Addr::from(octets.first_chunk().copied().unwrap_or_default())),
        (Kind::Ipv6, 16) => write!(out, "{}", Ipv6Addr::from(octets.first_chunk().copied().unwrap_or_default())),
        (Kind::Float, 4) => write!(out, "{}", f32::from_be_bytes(octets.first_chunk().copied().unwrap_or_default())),
        (Kind::Float, 8) => write!(out, "{}", f64::from_be_bytes(octets.first_chunk().copied().unwrap_or_default())),
        (Kind::Text, _) => return plain(octets, out),
        (Kind::Mac, _) => octets.iter().enumerate().try_for_each(|(at, octet)| {
            out.extend((at > 0).then_some(b':'));
            write!(out, "{octet:02x}")
        }),
        _ => octets.iter().try_for_each(|octet| write!(out, "{octet:02x}")),
    };
}

/// Text without the NULs that pad it. It sends the terminal no commands: control characters are written out, and what
/// is not UTF-8 is replaced.
fn plain(octets: &[u8], out: &mut Vec<u8>) {
    let padding = octets.iter().rev().take_while(|octet| **octet == 0).count();
    let octets = octets.get(..octets.len() - padding).unwrap_or_default();
    for c in String::from_utf8_lossy(octets).chars() {
        let _ = if c.is_control() { write!(out, "{}", c.escape_default()) } else { write!(out, "{c}") };
    }
}

/// Local time; a number of ms, and true, where no calendar goes so far.
fn time(ms: u64, fraction: bool, out: &mut Vec<u8>) -> bool {
    let time = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    // Years of five digits come of clocks that are wrong.
    let Some(time) = time.filter(|_| ms < 253_370_764_800_000) else {
        text::number(out, ms, 0);
        return true;
    };
    let format = if fraction { "%Y-%m-%d %H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S" };
    let _ = write!(out, "{}", time.with_timezone(&Local).format(format));
    false
}

/// RFC 4180: what holds a comma, a quote or a line's end stands in quotes, and its quotes are doubled.
fn quoted_csv(text: &[u8], out: &mut Vec<u8>) {
    if !text.iter().any(|b| matches!(b, b',' | b'"' | b'\r' | b'\n')) {
        return out.extend_from_slice(text);
    }
    out.push(b'"');
    for octet in text {
        out.extend((*octet == b'"').then_some(b'"'));
        out.push(*octet);
    }
    out.push(b'"');
}

fn quoted_json(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for octet in text {
        let _ = match octet {
            b'"' | b'\\' => out.write_all(&[b'\\', *octet]),
            0..0x20 => write!(out, "\\u{octet:04x}"),
            _ => out.write_all(&[*octet]),
        };
    }
    out.push(b'"');
}
