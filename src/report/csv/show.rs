//! Comma-separated reports made readable: aligned text, or an HTML table.

use std::cmp::Ordering;
use std::fmt;
use std::io::{self, BufRead, Write};

use super::read::{Line, Lines, names as names_of};
use crate::flow::symbols::Symbols;

/// How reports are to be shown.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// As HTML instead of text.
    pub html: bool,
    /// Only these columns, in this order; all, if there are none.
    pub fields: Vec<String>,
    /// Lines of comment too.
    pub comments: bool,
    /// At most so many rows of each table.
    pub most: Option<usize>,
    /// Shares in percent of a column's sum, instead of the counts.
    pub percent: bool,
    /// The column that rows are sorted by, and whether greatest first.
    pub sort: Option<(String, bool)>,
}

/// Why a report cannot be shown.
#[derive(Debug)]
pub enum ShowError {
    /// It cannot be read.
    Read(io::Error),
    /// What is made of it cannot be written.
    Write(io::Error),
    /// It is no report: a line, from 1, that stands where none may; or it ends there without any titles.
    NoReport {
        /// The line's number.
        line: u64,
        /// What it begins with; `None` at the end.
        found: Option<String>,
    },
    /// A column that no table has, and those that they have.
    Column {
        /// The one that was asked for.
        wanted: String,
        /// All there are.
        known: Vec<String>,
    },
}

impl fmt::Display for ShowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXPECTED: &str = "expected a report of flow-report, whose rows stand below '# recn: COLUMN,...'";
        match self {
            ShowError::Read(error) | ShowError::Write(error) => error.fmt(f),
            ShowError::NoReport { line, found: Some(found) } => write!(f, "line {line}: '{found}': {EXPECTED}"),
            ShowError::NoReport { line, found: None } => write!(f, "line {line}: the end: {EXPECTED}"),
            ShowError::Column { wanted, known } => {
                write!(f, "'{wanted}' is not a column: expected one of {}", known.join(", "))
            }
        }
    }
}

impl std::error::Error for ShowError {}

/// One table of a report: the lines behind one line of titles.
#[derive(Default)]
struct Table {
    titles: Vec<String>,
    /// The first so many columns are the key, or stand before it: they are not counts.
    keys: usize,
    rows: Vec<String>,
}

/// Reads reports and shows them. Numbers that `names` knows are shown by name.
///
/// # Errors
///
/// What cannot be read or written; input that is no report; columns that no table has, of which nothing is written.
pub fn show(
    input: &mut impl BufRead,
    choices: &Choices,
    names: &Symbols,
    out: &mut impl Write,
) -> Result<(), ShowError> {
    let mut showing = Showing { choices, names, wanted: choices.columns(), known: Vec::new(), held: Vec::new() };
    let mut table: Option<Table> = None;
    let mut lines = Lines::new(input);
    loop {
        match (lines.next().map_err(ShowError::Read)?, &mut table) {
            (Some(Line::Titles(_, titles)), _) => {
                let new = Table::new(titles);
                showing.learn(&new);
                let before = table.replace(new).map(Piece::Table);
                showing.put(before, out)?;
            }
            (Some(Line::Comment(text)), _) if choices.comments => {
                showing.put(Some(Piece::Comment(text.to_owned())), out)?;
            }
            (Some(Line::Comment(_)), _) => {}
            (Some(Line::Row(row)), Some(table)) => table.rows.push(row.to_owned()),
            (Some(Line::Row(row)), None) => {
                let found = Some(row.chars().take(40).flat_map(char::escape_debug).collect());
                return Err(ShowError::NoReport { line: lines.number(), found });
            }
            (None, None) => return Err(ShowError::NoReport { line: lines.number() + 1, found: None }),
            (None, Some(_)) => break,
        }
    }
    if let Some(wanted) = showing.wanted.pop() {
        return Err(ShowError::Column { wanted, known: showing.known });
    }
    showing.put(table.map(Piece::Table), out)
}

impl Choices {
    /// The columns that are named.
    fn columns(&self) -> Vec<String> {
        self.fields.iter().chain(self.sort.as_ref().map(|(field, _)| field)).rev().cloned().collect()
    }
}

/// What is written in one go.
enum Piece {
    Comment(String),
    Table(Table),
}

/// Pieces on their way out: they are held back until all columns that were asked for have been seen.
struct Showing<'a> {
    choices: &'a Choices,
    names: &'a Symbols,
    /// Columns that were asked for and not seen yet.
    wanted: Vec<String>,
    known: Vec<String>,
    held: Vec<Piece>,
}

impl Showing<'_> {
    /// Takes note of a table's columns.
    fn learn(&mut self, table: &Table) {
        if !self.wanted.is_empty() {
            self.wanted.retain(|wanted| table.column(wanted).is_none());
            let new = table.titles.iter().filter(|title| !self.known.contains(title));
            let new: Vec<String> = new.cloned().collect();
            self.known.extend(new);
        }
    }

    fn put(&mut self, piece: Option<Piece>, out: &mut impl Write) -> Result<(), ShowError> {
        self.held.extend(piece);
        if !self.wanted.is_empty() {
            return Ok(());
        }
        self.held
            .drain(..)
            .try_for_each(|piece| match piece {
                Piece::Comment(text) if self.choices.html => {
                    writeln!(out, "<!-- {} -->", escaped(&text).replace("--", "- -"))
                }
                Piece::Comment(text) => writeln!(out, "{text}"),
                Piece::Table(table) => table.show(self.choices, self.names, out),
            })
            .map_err(ShowError::Write)
    }
}

impl Table {
    fn new(titles: &str) -> Table {
        let all: Vec<&str> = titles.split(',').collect();
        let keys = all.iter().rposition(|title| title.ends_with('*')).map_or(0, |last| last + 1);
        let titles = all.iter().map(|title| title.trim_end_matches('*').to_owned()).collect();
        Table { titles, keys, rows: Vec::new() }
    }

    /// The place of a column.
    fn column(&self, title: &str) -> Option<usize> {
        self.titles.iter().position(|known| known.eq_ignore_ascii_case(title))
    }

    fn show(mut self, choices: &Choices, names: &Symbols, out: &mut impl Write) -> io::Result<()> {
        if let Some((field, descending)) = &choices.sort
            && let Some(at) = self.column(field)
        {
            self.rows.sort_by(|a, b| {
                let order = compare(cell(a, at), cell(b, at));
                if *descending { order.reverse() } else { order }
            });
        }
        let chosen: Vec<usize> = choices.fields.iter().filter_map(|field| self.column(field)).collect();
        let columns = if chosen.is_empty() { (0..self.titles.len()).collect() } else { chosen };
        let sums: Vec<f64> = columns.iter().map(|at| self.sum(*at)).collect();
        let shown = self.rows.iter().take(choices.most.unwrap_or(usize::MAX)).map(|row| {
            let cell = |(at, sum): (&usize, &f64)| self.cell(row, *at, choices.percent.then_some(*sum), names);
            columns.iter().zip(&sums).map(cell).collect::<Vec<String>>()
        });
        let titles = columns.iter().filter_map(|at| self.titles.get(*at).cloned()).collect();
        let lines: Vec<Vec<String>> = [titles].into_iter().chain(shown).collect();
        if choices.html { html(&lines, out) } else { aligned(&lines, out) }
    }

    fn sum(&self, at: usize) -> f64 {
        self.rows.iter().filter_map(|row| cell(row, at).parse::<f64>().ok()).sum()
    }

    /// What stands in a place of a row; as a share of `all`, if it is a count and that is given.
    fn cell(&self, row: &str, at: usize, all: Option<f64>, names: &Symbols) -> String {
        let text = cell(row, at);
        if at < self.keys {
            let kind = self.titles.get(at).and_then(|title| names_of(title));
            let name = kind.and_then(|kind| names.table(kind).name(text.parse().ok()?));
            return name.unwrap_or(text).to_owned();
        }
        match (all, text.parse::<f64>()) {
            (Some(all), Ok(number)) if all != 0.0 => format!("{:.3}", number / all * 100.0),
            _ => text.to_owned(),
        }
    }
}

/// One value of a row.
fn cell(row: &str, at: usize) -> &str {
    row.split(',').nth(at).unwrap_or_default()
}

/// Numbers by size, before all else, which is in order of its characters.
fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// Columns as wide as the widest of their values, a blank between them.
fn aligned(lines: &[Vec<String>], out: &mut impl Write) -> io::Result<()> {
    let mut widths = Vec::new();
    for line in lines {
        widths.resize(line.len().max(widths.len()), 0);
        widths.iter_mut().zip(line).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    for line in lines {
        let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", cells.join(" ").trim_end())?;
    }
    Ok(())
}

fn html(lines: &[Vec<String>], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<table border=\"1\">")?;
    for (at, line) in lines.iter().enumerate() {
        let tag = if at == 0 { "th" } else { "td" };
        let cells: Vec<String> = line.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect();
        writeln!(out, " <tr>{}</tr>", cells.concat())?;
    }
    writeln!(out, "</table>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPORT: &str =
        "# name: x<y\n# rec1: records,flows\n2,4\n# recn: ip-source-port*,flows,octets\n80,1,10\n443,3,30\n";

    fn shown(choices: &Choices) -> String {
        let mut out = Vec::new();
        show(&mut REPORT.as_bytes(), choices, &Symbols::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_sorted_and_picked() {
        let sort = Some(("flows".to_owned(), true));
        let got = shown(&Choices { sort: sort.clone(), comments: true, ..Choices::default() });
        assert_eq!(
            got,
            "# name: x<y\nrecords flows\n2       4\nip-source-port flows octets\nhttps          3     30\nhttp           1     10\n"
        );
        let fields = vec!["octets".to_owned(), "ip-source-port".to_owned()];
        let got = shown(&Choices { sort, fields, most: Some(1), percent: true, ..Choices::default() });
        assert!(got.ends_with("octets ip-source-port\n75.000 https\n"), "{got}");
    }

    #[test]
    fn html_is_escaped() {
        let got = shown(&Choices { html: true, comments: true, ..Choices::default() });
        assert!(got.starts_with("<!-- # name: x&lt;y -->\n<table border=\"1\">\n <tr><th>records</th>"), "{got}");
        assert!(got.ends_with("<tr><td>https</td><td>3</td><td>30</td></tr>\n</table>\n"), "{got}");
    }

    #[test]
    fn what_is_no_report_and_columns_it_has_not_are_named() {
        let said = |text: &str, fields: &[&str]| {
            let fields = fields.iter().map(ToString::to_string).collect();
            let mut out = Vec::new();
            let choices = Choices { fields, comments: true, ..Choices::default() };
            let error = show(&mut text.as_bytes(), &choices, &Symbols::none(), &mut out).unwrap_err().to_string();
            (error, out.len())
        };
        let expected = "expected a report of flow-report, whose rows stand below '# recn: COLUMN,...'";
        assert_eq!(said("\n80,\t1\n# recn: a\n", &[]), (format!("line 2: '80,\\t1': {expected}"), 0));
        assert_eq!(said("# a comment\n", &[]).0, format!("line 2: the end: {expected}"));
        assert_eq!(said("", &[]).0, format!("line 1: the end: {expected}"));
        let column = "'hosts' is not a column: expected one of records, flows, ip-source-port, octets";
        assert_eq!(said(REPORT, &["octets", "hosts"]), (column.into(), 0));
    }

    proptest! {
        #[test]
        fn any_octets_are_shown(input in proptest::collection::vec(any::<u8>(), 0..300), html: bool) {
            let choices = Choices { html, comments: true, sort: Some(("A".into(), true)), ..Choices::default() };
            let text = [b"# recn: a*,b\n", input.as_slice()].concat();
            show(&mut text.as_slice(), &choices, &Symbols::none(), &mut Vec::new()).unwrap();
        }
    }
}
