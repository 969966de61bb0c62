//! flow-report's reports as RRDs, one a key.
//!
//! A report's time stands in its header (`options +header`), or in its columns `first` and `last`. RRDs have steps; a
//! report of flows of about one step counts in the step that the middle of its time lies in, so that a flow told of a
//! second before the file began does not move it. What a longer report counts is spread evenly over its steps.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::net::IpAddr;

use super::{Error, Layout, Shelf, Sort, Source, Update};
use crate::flow::Symbols;
use crate::report::csv::{Line, Lines, names};

/// The key that means a report's line of totals; `totals_` and anything does too.
pub const TOTALS: &str = "totals";

/// Stands between the values of keys of several columns.
const BETWEEN: &str = "-";

/// What is to be kept of reports.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The keys that get an RRD.
    pub keys: Vec<String>,
    /// Whether all others do, too.
    pub all: bool,
    /// The columns that are kept.
    pub fields: Vec<String>,
    /// What stands behind the key in a file's name.
    pub postfix: String,
    /// Seconds a step.
    pub step: u64,
    /// Rows of the archives.
    pub rows: Vec<u64>,
}

impl Plan {
    fn layout(&self) -> Layout {
        let heartbeat = self.step.saturating_mul(2);
        let source = |field: &String| Source::new(field, sort(field), heartbeat);
        let sources = self.fields.iter().map(source).collect();
        Layout { start: 0, step: self.step, sources, archives: Layout::archives(&self.rows) }
    }
}

/// What a column's values mean: counts of some time, or else what there was.
fn sort(field: &str) -> Sort {
    match field {
        "flows" | "octets" | "packets" | "duration" => Sort::Absolute,
        _ => Sort::Gauge,
    }
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Reports that were read.
    pub reports: u64,
    /// RRDs that were made.
    pub made: u64,
    /// Values put into RRDs.
    pub values: u64,
    /// Values left out: their RRDs have later ones.
    pub late: u64,
    /// The first of those: the key, and when.
    pub first_late: Option<(String, i64)>,
    /// What was wrong with the input, a line each.
    pub problems: Vec<String>,
}

/// Steps that a report is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Period {
    start: i64,
    steps: i64,
}

impl Period {
    /// The steps of flows told of from `first` to `last`, seconds since 1970.
    fn of(first: i64, last: i64, step: i64) -> Period {
        let (first, last) = (first.min(last), first.max(last));
        let steps = last.saturating_sub(first).saturating_add(step / 2).div_euclid(step).max(1);
        // The middle of the steps is to be that of the flows.
        let twice = first.saturating_add(last).saturating_sub(steps.saturating_mul(step)).saturating_add(step);
        Period { start: twice.div_euclid(step.saturating_mul(2)).saturating_mul(step), steps }
    }

    fn updates(self, step: i64, fields: &[String], values: &[f64]) -> Vec<Update> {
        let share = |(field, value): (&String, &f64)| match sort(field) {
            Sort::Gauge => *value,
            _ => value / self.steps as f64,
        };
        let values: Vec<f64> = fields.iter().zip(values).map(share).collect();
        let update = |at| Update { time: self.start.saturating_add(step.saturating_mul(at)), values: values.clone() };
        (1..=self.steps).map(update).collect()
    }
}

/// The columns of a table.
#[derive(Default, Debug)]
struct Columns {
    keys: Vec<(usize, String)>,
    /// The fields that are kept.
    fields: Vec<Option<usize>>,
    /// Those of the report's time.
    span: Option<[usize; 2]>,
    /// The keys that are wanted, as they are called here.
    wanted: HashSet<String>,
}

impl Columns {
    fn of(titles: &str, fields: &[String]) -> Columns {
        let titles: Vec<&str> = titles.split(',').collect();
        let place = |title: &str| titles.iter().position(|known| *known == title);
        let keys = titles.iter().enumerate().filter(|(_, title)| title.ends_with('*'));
        Columns {
            keys: keys.map(|(at, title)| (at, (*title).to_owned())).collect(),
            fields: fields.iter().map(|field| place(field)).collect(),
            span: place("first").zip(place("last")).map(|(first, last)| [first, last]),
            wanted: HashSet::new(),
        }
    }
}

/// A report as far as it has been read.
#[derive(Default, Debug)]
struct Report {
    span: Option<[i64; 2]>,
    totals: Option<Vec<f64>>,
    /// The table's titles, and its keys with their values.
    table: Option<(String, HashMap<String, Vec<f64>>)>,
    /// What is being read.
    columns: Option<Columns>,
}

/// Puts reports on a shelf.
struct Keeper<'a> {
    plan: &'a Plan,
    symbols: &'a Symbols,
    shelf: &'a mut Shelf,
    layout: Layout,
    report: Report,
    /// The keys that tables with some titles have had.
    seen: HashMap<String, Vec<String>>,
    /// Keys that a report lacked, of which another may tell at the same time.
    lacking: HashMap<String, Period>,
    say: &'a mut dyn FnMut(String),
    done: Summary,
}

/// Reads reports and puts what is planned on a shelf. Numbers that `symbols` knows count by their names; `say` is told
/// what is done.
///
/// # Errors
///
/// The input cannot be read; rrdtool is gone. What makes no sense is passed over, and among the problems.
pub fn keep(
    input: impl BufRead,
    plan: &Plan,
    symbols: &Symbols,
    shelf: &mut Shelf,
    say: &mut dyn FnMut(String),
) -> Result<Summary, Error> {
    let (layout, report) = (plan.layout(), Report::default());
    let (seen, lacking, done) = (HashMap::new(), HashMap::new(), Summary::default());
    let mut keeper = Keeper { plan, symbols, shelf, layout, report, seen, lacking, say, done };
    let mut lines = Lines::new(input);
    loop {
        match lines.next().map_err(Error::Input)? {
            Some(Line::Comment(text)) => keeper.comment(text)?,
            Some(Line::Titles(kind, titles)) => keeper.titles(kind, titles)?,
            Some(Line::Row(row)) => {
                if let Err(why) = keeper.row(row) {
                    let number = lines.number();
                    keeper.done.problems.push(format!("line {number}: {why}"));
                }
            }
            None => break,
        }
    }
    keeper.flush()?;
    for (key, period) in std::mem::take(&mut keeper.lacking) {
        keeper.nothing(&key, period)?;
    }
    keeper.shelf.settle()?;
    Ok(keeper.done)
}

impl Keeper<'_> {
    fn comment(&mut self, text: &str) -> Result<(), Error> {
        if text.contains(" Report Information ") {
            return self.flush();
        }
        let time = |name| text.strip_prefix(name)?.split_whitespace().next()?.parse::<i64>().ok();
        if let Some(first) = time("# first-flow:") {
            self.report.span = Some([first, first]);
        } else if let (Some(last), Some([_, end])) = (time("# last-flow:"), &mut self.report.span) {
            *end = last;
        }
        Ok(())
    }

    fn titles(&mut self, kind: char, titles: &str) -> Result<(), Error> {
        let Report { totals, table, .. } = &self.report;
        if (kind == '1' && (totals.is_some() || table.is_some())) || (kind == 'n' && table.is_some()) {
            self.flush()?;
        }
        let mut columns = Columns::of(titles, &self.plan.fields);
        columns.wanted = self.plan.keys.iter().map(|key| self.called(key, &columns.keys)).collect();
        let lacks = columns.fields.iter().zip(&self.plan.fields).find(|(place, _)| place.is_none());
        self.report.columns = None;
        match (kind, lacks) {
            ('n', Some((_, field))) => {
                let problem = format!("'{titles}': no column '{field}': expected it, or other fields (-f)");
                self.done.problems.push(problem);
                self.report.table = Some(Default::default());
            }
            ('n', None) if columns.keys.is_empty() => {
                // One line on everything.
                self.report.table = Some(Default::default());
                self.report.columns = Some(columns);
            }
            ('n', None) => {
                self.report.table = Some((titles.to_owned(), HashMap::new()));
                self.report.columns = Some(columns);
            }
            ('1', _) => self.report.columns = Some(Columns { keys: Vec::new(), ..columns }),
            _ => {}
        }
        Ok(())
    }

    fn row(&mut self, row: &str) -> Result<(), String> {
        let Some(columns) = &self.report.columns else { return Ok(()) };
        let cells: Vec<&str> = row.split(',').collect();
        let number = |at: &Option<usize>| {
            let Some(at) = *at else { return Ok(f64::NAN) };
            let cell = cells.get(at).copied().unwrap_or_default();
            cell.parse::<f64>().map_err(|_| format!("'{cell}': expected a number"))
        };
        let values = columns.fields.iter().map(number).collect::<Result<Vec<f64>, String>>()?;
        if let Some([first, last]) = columns.span.map(|span| span.map(|at| cells.get(at).and_then(|c| c.parse().ok())))
            && self.report.span.is_none()
        {
            self.report.span = first.zip(last).map(|(first, last)| [first, last]);
        }
        if columns.keys.is_empty() {
            self.report.totals.get_or_insert(values);
            return Ok(());
        }
        let key = self.key(columns, &cells);
        let wanted = self.plan.all || columns.wanted.contains(&key);
        if let (true, Some((_, table))) = (wanted, &mut self.report.table) {
            let sums = table.entry(key).or_insert_with(|| vec![0.0; values.len()]);
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        Ok(())
    }

    /// A row's key.
    fn key(&self, columns: &Columns, cells: &[&str]) -> String {
        let part = |(at, title): &(usize, String)| self.name(title, cells.get(*at).copied().unwrap_or_default());
        columns.keys.iter().map(part).collect::<Vec<String>>().join(BETWEEN)
    }

    /// What a value of a column is called.
    fn name(&self, title: &str, cell: &str) -> String {
        let name = names(title).and_then(|kind| self.symbols.table(kind).name(cell.parse().ok()?));
        name.unwrap_or(cell).to_owned()
    }

    /// What a wanted key is called among those of some columns: it may be a number that has a name, or an address
    /// written otherwise.
    fn called(&self, wanted: &str, columns: &[(usize, String)]) -> String {
        match (columns, wanted.parse::<IpAddr>()) {
            (_, Ok(address)) => address.to_string(),
            ([(_, title)], _) => self.name(title, wanted),
            _ => wanted.to_owned(),
        }
    }

    /// Puts the report that has been read on the shelf.
    fn flush(&mut self) -> Result<(), Error> {
        let Report { span, totals, table, .. } = std::mem::take(&mut self.report);
        if totals.is_none() && table.is_none() {
            return Ok(());
        }
        self.done.reports += 1;
        let rows = table.as_ref().map_or(0, |(_, rows)| rows.len());
        let Some([first, last]) = span.filter(|span| *span != [0, 0]) else {
            // A report of no flows has no time.
            if span.is_none() && (rows > 0 || totals.is_some()) {
                let expected = "expected '# first-flow:' (options +header), or the columns first and last";
                self.done.problems.push(format!("a report without its time: {expected}"));
            }
            return Ok(());
        };
        let period = Period::of(first, last, i64::try_from(self.plan.step).unwrap_or(i64::MAX));
        let most = self.plan.rows.first().copied().unwrap_or(1).max(1);
        if period.steps.unsigned_abs() > most {
            let step = self.plan.step;
            let problem = format!("a report from {first} to {last}: expected at most {most} steps of {step} s");
            self.done.problems.push(problem);
            return Ok(());
        }
        let (of_totals, of_table): (Vec<&String>, Vec<&String>) = self.plan.keys.iter().partition(|key| is_totals(key));
        for key in of_totals {
            if let Some(totals) = &totals {
                self.put(key, period, totals)?;
            }
        }
        let Some((titles, rows)) = table.filter(|(titles, _)| !titles.is_empty()) else { return self.shelf.settle() };
        let columns = Columns::of(&titles, &[]).keys;
        let mut keys: Vec<String> = of_table.into_iter().map(|key| self.called(key, &columns)).collect();
        if self.plan.all {
            let mut new: Vec<String> = rows.keys().cloned().collect();
            keys.append(self.seen.entry(titles.clone()).or_default());
            keys.append(&mut new);
            keys.sort_unstable();
            keys.dedup();
            self.seen.insert(titles, keys.clone());
        }
        let files: Vec<String> = keys.iter().map(|key| self.file(key)).collect();
        self.shelf.look(files.iter().map(String::as_str))?;
        for key in keys {
            match rows.get(&key) {
                Some(values) => {
                    let before = self.lacking.remove(&key).filter(|before| *before != period);
                    before.map_or(Ok(()), |before| self.nothing(&key, before))?;
                    self.put(&key, period, values)?;
                }
                None => {
                    let before = self.lacking.insert(key.clone(), period).filter(|before| *before != period);
                    before.map_or(Ok(()), |before| self.nothing(&key, before))?;
                }
            }
        }
        self.shelf.settle()
    }

    fn file(&self, key: &str) -> String {
        format!("{key}{}", self.plan.postfix)
    }

    /// A report had no line for a key: there was nothing.
    fn nothing(&mut self, key: &str, period: Period) -> Result<(), Error> {
        self.put(key, period, &vec![0.0; self.plan.fields.len()])
    }

    fn put(&mut self, key: &str, period: Period, values: &[f64]) -> Result<(), Error> {
        let step = i64::try_from(self.plan.step).unwrap_or(i64::MAX);
        let updates = period.updates(step, &self.plan.fields, values);
        let name = self.file(key);
        let put = self.shelf.put(&name, &self.layout, true, period.start, &updates)?;
        (self.say)(format!("{name}: {} to {}: {values:?}", period.start, period.start + step * period.steps));
        self.done.made += u64::from(put.made);
        self.done.values += (updates.len() - put.late) as u64;
        self.done.late += put.late as u64;
        if let Some(update) = updates.first().filter(|_| put.late > 0) {
            self.done.first_late.get_or_insert((name, update.time));
        }
        Ok(())
    }
}

fn is_totals(key: &str) -> bool {
    key.strip_prefix(TOTALS).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_count_in_the_steps_they_are_about() {
        const T: i64 = 1_767_225_600;
        for (first, last, start, steps) in [
            (T, T + 299, T, 1),
            (T + 17, T + 17, T, 1),
            // A flow told of before the file began, or after its end.
            (T - 1, T + 298, T, 1),
            (T + 1, T + 300, T, 1),
            (T + 2, T + 898, T, 3),
            (T - 2, T + 86_401, T, 288),
            (T + 300, T + 1, T, 1),
        ] {
            assert_eq!(Period::of(first, last, 300), Period { start, steps }, "{first} {last}");
        }
    }

    #[test]
    fn counts_are_spread_and_means_are_not() {
        let fields = ["octets".to_owned(), "avg-pps".to_owned()];
        let updates = Period { start: 600, steps: 2 }.updates(300, &fields, &[90.0, 7.0]);
        let update = |time| Update { time, values: vec![45.0, 7.0] };
        assert_eq!(updates, [update(900), update(1200)]);
    }
}
