//! A report as lines of comma-separated values.

use std::collections::HashMap;
use std::io::{self, Write};

use super::config::Output;
use super::fields::Field;
use super::head;
use super::make::{Made, Show, Shown};
use super::types::Kind;
use crate::flow::symbols::Symbols;
use crate::report::{Counts, Entry, Groups, KeyLayout, KeyWords, Order, Rates, text};

/// What a report is shown with.
pub struct Text<'a> {
    /// What is shown of it.
    pub output: &'a Output,
    /// Names for numbers.
    pub names: &'a Symbols,
    /// Lines on what was read, each begun by `#`.
    pub xheader: &'a [u8],
}

/// What stands in a row behind its key.
#[derive(Clone, Copy, Default)]
struct Sums {
    counts: Counts,
    rates: Rates,
    count: u64,
}

/// Rows that have been written, for running totals.
#[derive(Default)]
struct Piece {
    text: Vec<u8>,
    /// What each row comes to, and where it ends.
    sums: Vec<Sums>,
    ends: Vec<usize>,
}

/// How rows are written.
struct Rows<'a> {
    output: &'a Output,
    names: &'a Symbols,
    shown: Vec<Shown>,
    layout: KeyLayout,
    span: (u64, u64),
    /// What percentages are of.
    totals: Sums,
    columns: Vec<Field>,
    /// What the groups that are not walked through know of a group, where there are two kinds.
    other: HashMap<KeyWords, Sums>,
    /// Whether it is the counted values that are walked through.
    counted: bool,
}

impl Text<'_> {
    /// Writes the report.
    pub fn write(&self, made: &mut Made<'_>, out: &mut impl Write) -> io::Result<()> {
        head::write(self, made, out)?;
        if self.output.options.totals {
            self.totals(made, out)?;
        }
        match made.report.what.kind {
            Kind::Detail if self.output.fields.has(Field::Other) => head::detail(made, out),
            Kind::Detail => Ok(()),
            Kind::Counters if self.output.options.totals => Ok(()),
            Kind::Counters => self.totals(made, out),
            Kind::Seconds => self.seconds(made, out),
            Kind::Groups | Kind::Either | Kind::Count => self.groups(made, out),
        }
    }

    /// The line of totals, and its titles.
    fn totals(&self, made: &Made<'_>, out: &mut impl Write) -> io::Result<()> {
        let records = !made.report.what.columns().is_empty() || made.report.what.kind == Kind::Seconds;
        let columns: Vec<Field> = self.output.fields.columns().filter(|field| *field != Field::Count).collect();
        let titles = columns.iter().map(|field| title(*field).replace('-', "_"));
        let titles: Vec<String> =
            records.then(|| "records".into()).into_iter().chain(["ignores".into()]).chain(titles).collect();
        writeln!(out, "# rec1: {}", titles.join(","))?;
        let mut line = Vec::new();
        if records {
            text::number(&mut line, made.len() as u64, 0);
            line.push(b',');
        }
        text::number(&mut line, made.ignored(), 0);
        let sums = Sums { counts: made.counts, rates: made.rates, count: 0 };
        columns.iter().for_each(|field| sums.put(*field, None, &mut line));
        line.push(b'\n');
        out.write_all(&line)
    }

    /// The titles of the rows' columns.
    fn titles(&self, keys: &[&str]) -> String {
        let fields = self.output.fields;
        let before = [("index", Field::Index), ("first", Field::First), ("last", Field::Last)];
        let before = before.into_iter().filter(|(_, field)| fields.has(*field)).map(|(name, _)| name.to_owned());
        let keys = fields.keys().filter_map(|at| keys.get(at)).map(|key| format!("{key}*"));
        let titles: Vec<String> = before.chain(keys).chain(fields.columns().map(|f| title(f).to_owned())).collect();
        titles.join(",")
    }

    fn groups(&self, made: &mut Made<'_>, out: &mut impl Write) -> io::Result<()> {
        let report = made.report;
        let keys: Vec<&str> = report.what.columns().iter().map(|key| key.title).collect();
        let counting = report.what.keys.get(1).filter(|_| report.what.kind == Kind::Count);
        let count = counting.map(|key| format!("{}-count", key.title)).unwrap_or_default();
        writeln!(out, "# recn: {}", self.titles(&keys).replace("(count)", &count))?;
        let shown = report.shown();
        let (field, order) = report.order_of(self.output);
        let limit = self.output.records.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let counted = field == Field::Count;
        let rows = self.rows(made, shown, counted);
        let groups = if counted { &mut made.counted } else { &mut made.groups };
        let Some(groups) = groups else { return Ok(()) };
        if let Some(every) = self.output.tally {
            return rows.tallied(every, groups, order, limit, out);
        }
        if self.output.fields.has(Field::Index) {
            return rows.numbered(groups, order, limit, out);
        }
        groups.render(order, limit, |entry, line| rows.line(None, entry, line), |text| out.write_all(text))
    }

    fn rows<'t>(&'t self, made: &Made<'_>, shown: Vec<Shown>, counted: bool) -> Rows<'t> {
        let mut other = HashMap::new();
        let mut count = 0;
        if let Some((groups, counts)) = made.groups.as_ref().zip(made.counted.as_ref()) {
            counts.each(&mut |entry| count += entry.counts.flows);
            let rest = if counted { groups } else { counts };
            other.reserve(rest.len());
            rest.each(&mut |entry| _ = other.insert(entry.key, Sums::of(entry, !counted)));
        }
        Rows {
            output: self.output,
            names: self.names,
            shown,
            layout: made.groups.as_ref().map(|groups| groups.layout().clone()).unwrap_or_default(),
            span: made.span().unwrap_or_default(),
            totals: Sums { counts: made.counts, rates: made.rates, count },
            columns: self.output.fields.columns().collect(),
            other,
            counted,
        }
    }

    /// A row a second.
    fn seconds(&self, made: &Made<'_>, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# recn: {}", self.titles(&["unix-secs"]))?;
        let Some(seconds) = &made.seconds else { return Ok(()) };
        let mut rows = seconds.rows();
        let value = |row: &(u64, [f64; 3]), field| match field {
            Field::Octets => row.1[1],
            Field::Packets => row.1[2],
            Field::Flows => row.1[0],
            _ => row.0 as f64,
        };
        if let Some((field, descending)) = self.output.sort {
            let order = |a: &_, b: &_| value(a, field).total_cmp(&value(b, field));
            rows.sort_by(|a, b| if descending { order(b, a) } else { order(a, b) });
        }
        let most = self.output.records.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let (fields, counts, mut line) = (self.output.fields, made.counts, Vec::new());
        let share = |field, sum: f64| {
            let all = [(Field::Flows, counts.flows), (Field::Octets, counts.octets), (Field::Packets, counts.packets)];
            let all = all.into_iter().find(|(of, _)| *of == field).map_or(0, |(_, all)| all);
            if self.output.options.percent { sum * 100.0 / all as f64 } else { sum }
        };
        for (index, row) in rows.iter().take(most).enumerate() {
            line.clear();
            if fields.has(Field::Index) {
                value_of(index as u64, &mut line);
            }
            if fields.has(Field::Key(0)) {
                value_of(row.0, &mut line);
            }
            for field in fields.columns() {
                decimal_of(share(field, value(row, field)), &mut line);
            }
            end(&mut line);
            out.write_all(&line)?;
        }
        Ok(())
    }
}

/// The title of a column behind the key. That of a count is put in place of `(count)`.
fn title(field: Field) -> &'static str {
    match field {
        Field::Count => "(count)",
        field => field.name(false),
    }
}

/// Appends a number, and a comma before it if something stands there.
fn value_of(number: u64, line: &mut Vec<u8>) {
    comma(line);
    text::number(line, number, 0);
}

fn decimal_of(number: f64, line: &mut Vec<u8>) {
    comma(line);
    text::decimal(line, number, 6, 0);
}

/// A comma, unless the line begins here.
#[inline]
fn comma(line: &mut Vec<u8>) {
    if line.last().is_some_and(|last| *last != b'\n') {
        line.push(b',');
    }
}

fn end(line: &mut Vec<u8>) {
    line.push(b'\n');
}

impl Sums {
    /// What a group comes to; `count` if its flows stand for values.
    fn of(entry: &Entry, count: bool) -> Sums {
        match count {
            true => Sums { count: entry.counts.flows, ..Sums::default() },
            false => Sums { counts: entry.counts, rates: entry.rates, count: 0 },
        }
    }

    /// Appends a column; as a share of `all` in percent, if that is given.
    #[inline]
    fn put(&self, field: Field, all: Option<&Sums>, line: &mut Vec<u8>) {
        if let Field::Rate(rate) = field {
            let value = self.rates.get(rate);
            return decimal_of(all.map_or(value, |all| value / all.rates.get(rate) * 100.0), line);
        }
        let value = self.number(field);
        match all {
            None => value_of(value, line),
            Some(all) => decimal_of(value as f64 / all.number(field) as f64 * 100.0, line),
        }
    }

    #[inline]
    fn number(&self, field: Field) -> u64 {
        match field {
            Field::Count => self.count,
            Field::Flows => self.counts.flows,
            Field::Octets => self.counts.octets,
            Field::Packets => self.counts.packets,
            _ => self.counts.duration,
        }
    }
}

impl Rows<'_> {
    /// Writes rows that are numbered.
    fn numbered(&self, groups: &mut Groups, order: Order, limit: usize, out: &mut impl Write) -> io::Result<()> {
        let line = |number, entry: &Entry, text: &mut Vec<u8>| self.line(Some(number), entry, text);
        groups.pieces(order, limit, line, |text| {
            let end = out.write_all(text);
            text.clear();
            end
        })
    }

    /// Writes rows with sums of all that stand before behind every so many. Rows are written on all cores, and summed
    /// one by one in their order: so sums of fractions are the same each time.
    fn tallied(
        &self,
        every: u64,
        groups: &mut Groups,
        order: Order,
        limit: usize,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let line = |number, entry: &Entry, piece: &mut Piece| {
            self.line(Some(number), entry, &mut piece.text);
            piece.sums.push(self.sums(entry));
            piece.ends.push(piece.text.len());
        };
        let (mut lines, mut all, mut tally) = (0, Sums::default(), Vec::new());
        groups.pieces(order, limit, line, |piece: &mut Piece| {
            let mut written = 0;
            for (sums, end) in piece.sums.drain(..).zip(piece.ends.drain(..)) {
                lines += 1;
                all.counts.add(&sums.counts);
                all.rates.add(&sums.rates);
                if lines % every == 0 {
                    out.write_all(piece.text.get(written..end).unwrap_or_default())?;
                    self.tally(lines, &all, &mut tally);
                    out.write_all(&tally)?;
                    tally.clear();
                    written = end;
                }
            }
            let end = out.write_all(piece.text.get(written..).unwrap_or_default());
            piece.text.clear();
            end
        })
    }

    /// A comment on all rows so far: their shares of the totals in percent.
    fn tally(&self, lines: u64, sum: &Sums, out: &mut Vec<u8>) {
        out.extend_from_slice(b"# tally: ");
        text::number(out, lines, 0);
        let shown = self.columns.iter().filter(|field| **field != Field::Count);
        shown.for_each(|field| sum.put(*field, Some(&self.totals), out));
        end(out);
    }

    fn sums(&self, entry: &Entry) -> Sums {
        let mut sums = Sums::of(entry, self.counted);
        if let Some(other) = self.other.get(&entry.key) {
            if self.counted {
                (sums.counts, sums.rates) = (other.counts, other.rates);
            } else {
                sums.count = other.count;
            }
        }
        sums
    }

    #[inline]
    fn line(&self, index: Option<u64>, entry: &Entry, line: &mut Vec<u8>) {
        let fields = self.output.fields;
        if let Some(index) = index.filter(|_| fields.has(Field::Index)) {
            value_of(index, line);
        }
        for (field, time) in [(Field::First, self.span.0), (Field::Last, self.span.1)] {
            if fields.has(field) {
                value_of(time, line);
            }
        }
        for (_, shown) in self.shown.iter().enumerate().filter(|(at, _)| fields.has(Field::Key(*at))) {
            comma(line);
            self.key(shown, entry, line);
        }
        let all = self.output.options.percent.then_some(&self.totals);
        let sums = if self.other.is_empty() { Sums::of(entry, self.counted) } else { self.sums(entry) };
        self.columns.iter().for_each(|field| sums.put(*field, all, line));
        end(line);
    }

    #[inline]
    fn key(&self, shown: &Shown, entry: &Entry, line: &mut Vec<u8>) {
        match shown.show {
            Show::Address => text::address(line, self.layout.address(&entry.key, shown.part), 0),
            Show::Network => {
                let len = self.layout.value(&entry.key, shown.part + 1) as u64;
                text::network(line, self.layout.address(&entry.key, shown.part), len, 0);
            }
            Show::Number(names) => {
                let number = self.layout.value(&entry.key, shown.part) as u64;
                let names = names.filter(|_| self.output.options.names);
                let name = names.and_then(|names| self.names.table(names).name(u32::try_from(number).ok()?));
                match name {
                    Some(name) => line.extend_from_slice(name.as_bytes()),
                    None => text::number(line, number, 0),
                }
            }
        }
    }
}
