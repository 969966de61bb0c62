//! Reports with a line a group.

use std::io::{self, Write};

use super::catalog::{Column, Show, Table, Unsorted};
use super::heading::Sorting;
use crate::flow::symbols::{Kind as Names, Symbols};
use crate::report::{Counts, Entry, Groups, KeyLayout, Order, SortBy, text};

/// How a table is to look.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// Percentages instead of counts.
    pub percent: bool,
    /// A column more, the duration.
    pub wide: bool,
    /// The order; the report's own where there is none.
    pub sorting: Option<Sorting>,
    /// A line of running totals behind every so many groups.
    pub tally: Option<u64>,
}

/// The columns behind the key: flows, octets, packets, duration.
const TITLES: [&str; 4] = ["flows", "octets", "packets", "duration"];
/// Their width, the gap to the next included.
const WIDTH: usize = 22;
/// The width of a last column that is padded.
const LAST: usize = 20;
/// The width of percentages' titles.
const PERCENT: usize = 9;
/// Characters an IPv6 address needs, and the gap behind it.
const LONG_ADDRESS: usize = 41;
/// The same with a prefix length.
const LONG_NETWORK: usize = 45;

impl Table {
    /// How many columns a table has.
    pub fn columns(&self) -> usize {
        self.columns.len() + TITLES.len()
    }

    /// What the table is sorted by. `None` if it has no such column.
    pub fn order(&self, choices: &Choices) -> Option<Order> {
        let Some(Sorting { column, descending }) = choices.sorting else {
            let by = if self.unsorted == Unsorted::Arrival { SortBy::Arrival } else { SortBy::Part(0) };
            return Some(Order { by, descending: self.unsorted == Unsorted::Descending });
        };
        const COUNTS: [SortBy; 4] = [SortBy::Flows, SortBy::Octets, SortBy::Packets, SortBy::Duration];
        let by = match self.columns.get(column) {
            Some(key) => SortBy::Part(key.part),
            None => *COUNTS.get(column - self.columns.len())?,
        };
        Some(Order { by, descending })
    }

    /// Whether durations are looked at.
    pub fn needs_duration(&self, choices: &Choices) -> bool {
        choices.wide || self.order(choices).is_some_and(|order| order.by == SortBy::Duration)
    }
}

/// A table as text.
pub struct TableText<'a> {
    table: &'static Table,
    choices: &'a Choices,
    names: &'a Symbols,
    mark: &'a str,
    layout: KeyLayout,
    /// What percentages are of.
    totals: Counts,
    /// The width of each column of the key.
    widths: Vec<usize>,
}

impl<'a> TableText<'a> {
    /// A table that suits these groups. Numbers that `names` knows are shown by name; `mark` begins lines of comment.
    pub fn new(
        table: &'static Table,
        choices: &'a Choices,
        groups: &Groups,
        names: &'a Symbols,
        mark: &'a str,
    ) -> TableText<'a> {
        let layout = groups.layout().clone();
        let width = |column: &Column| match column.show {
            Show::Address if layout.is_wide() => LONG_ADDRESS,
            Show::Network if layout.is_wide() => LONG_NETWORK,
            _ if choices.wide => column.wide,
            _ => column.width,
        };
        let (totals, shares) = (groups.totals(), table.shares());
        let totals = Counts {
            flows: totals.flows.saturating_mul(shares),
            octets: totals.octets.saturating_mul(shares),
            packets: totals.packets.saturating_mul(shares),
            duration: totals.duration.saturating_mul(shares),
        };
        let widths = table.columns.iter().map(width).collect();
        TableText { table, choices, names, mark, layout, totals, widths }
    }

    /// Writes the table of the groups.
    pub fn write(&self, groups: &mut Groups, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.titles())?;
        let Some(order) = self.table.order(self.choices) else { return Ok(()) };
        if let Some(every) = self.choices.tally.filter(|every| *every > 0) {
            return self.write_with_tallies(groups, order, every, out);
        }
        groups.render(order, usize::MAX, |entry, text| self.line(entry, text), |text| out.write_all(text))
    }

    fn write_with_tallies(
        &self,
        groups: &mut Groups,
        order: Order,
        every: u64,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (mut sum, mut lines, mut text) = (Counts::default(), 0, Vec::new());
        let width = self.widths.iter().sum();
        groups.visit(order, usize::MAX, |entries| {
            text.clear();
            for entry in entries {
                self.line(entry, &mut text);
                sum.add(&entry.counts);
                lines += 1;
                if lines % every == 0 {
                    text::padded(&mut text, format!("{} tally", self.mark).as_bytes(), width);
                    self.counts(&sum, &mut text);
                }
            }
            out.write_all(&text)
        })
    }

    fn titles(&self) -> Vec<u8> {
        let mut line = format!("{}\n", self.mark).into_bytes();
        for (at, (column, width)) in self.table.columns.iter().zip(&self.widths).enumerate() {
            // The mark and a blank stand in the first column; a title too long for it is cut off.
            let room = if at == 0 { width.saturating_sub(2) } else { *width };
            if at == 0 {
                line.extend_from_slice(format!("{} ", self.mark).as_bytes());
            }
            text::padded(&mut line, column.title.get(..room).unwrap_or(column.title).as_bytes(), room);
        }
        let shown = if self.choices.wide { 4 } else { 3 };
        for (at, title) in TITLES.iter().take(shown).enumerate() {
            let width = if self.choices.percent { PERCENT } else { WIDTH };
            text::padded(&mut line, title.as_bytes(), if at + 1 == shown { 0 } else { width });
        }
        line.extend_from_slice(format!("\n{}\n", self.mark).as_bytes());
        line
    }

    #[inline]
    fn line(&self, entry: &Entry, out: &mut Vec<u8>) {
        for (column, width) in self.table.columns.iter().zip(&self.widths) {
            match column.show {
                Show::Address => text::address(out, self.layout.address(&entry.key, column.part), *width),
                Show::Network => {
                    let len = self.layout.value(&entry.key, column.part + 1) as u64;
                    text::network(out, self.layout.address(&entry.key, column.part), len, *width);
                }
                Show::Number(names) => {
                    let number = self.layout.value(&entry.key, column.part) as u64;
                    match names.and_then(|names| self.name(names, number)) {
                        // A name too long for the column still stands apart from the next.
                        Some(name) => text::padded(out, name.as_bytes(), (*width).max(name.len() + 1)),
                        None => text::number(out, number, *width),
                    }
                }
            }
        }
        self.counts(&entry.counts, out);
    }

    /// The columns behind the key, and the end of the line.
    #[inline]
    fn counts(&self, counts: &Counts, out: &mut Vec<u8>) {
        let wide = self.choices.wide;
        if self.choices.percent {
            let totals = &self.totals;
            let all = [
                (counts.flows, totals.flows),
                (counts.octets, totals.octets),
                (counts.packets, totals.packets),
                (counts.duration, totals.duration),
            ];
            for (at, (part, whole)) in all.into_iter().take(if wide { 4 } else { 3 }).enumerate() {
                text::blanks(out, if at == 0 { 0 } else { 3 });
                text::decimal(out, part as f64 * 100.0 / whole as f64, 3, 6);
            }
        } else {
            text::number(out, counts.flows, WIDTH);
            text::number(out, counts.octets, WIDTH);
            match (wide, self.table.padded) {
                (true, _) => {
                    text::number(out, counts.packets, WIDTH);
                    text::number(out, counts.duration, 0);
                }
                (false, true) => text::number(out, counts.packets, LAST),
                (false, false) => text::number(out, counts.packets, 0),
            }
        }
        out.push(b'\n');
    }

    fn name(&self, names: Names, number: u64) -> Option<&str> {
        self.names.table(names).name(u32::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalog::{Kind, REPORTS};
    use super::*;
    use crate::report::Aggregation;
    use crate::report::tests::{flow, v5, v6};

    /// A report of two IPv4 flows and one between IPv6 hosts, without its titles' first and last line.
    fn report(number: usize, choices: &Choices) -> Vec<String> {
        let Kind::Table(table) = &REPORTS[number].kind else { panic!("no table") };
        let aggregation = Aggregation::new(table.grouping(table.needs_duration(choices)));
        let mut worker = aggregation.worker();
        worker.add(&v5(&[flow([0x0A00_0001, 0x0A00_0002], [80, 1024], 6, 50, 1), flow([1, 2], [3, 4], 6, 50, 1)]));
        worker.add(&v6(&[(0x2001_0DB8 << 96 | 1, 0x2001_0DB8 << 96 | 2, 1 << 33)]));
        let outcome = worker.finish();
        let mut groups = aggregation.finish(vec![outcome]);
        let names = Symbols::none();
        let text = TableText::new(table, choices, &groups, &names, "#");
        let mut out = Vec::new();
        text.write(&mut groups, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().filter(|line| *line != "#").map(str::to_owned).collect()
    }

    #[test]
    fn columns_of_addresses_grow_for_ipv6() {
        let sorting = Some(Sorting { column: 2, descending: true });
        let got = report(9, &Choices { sorting, ..Choices::default() });
        assert_eq!(got[0], format!("# {:<39}flows                 octets                packets", "IPaddr"));
        assert_eq!(got[1], format!("{:<41}{:<22}{:<22}0", "2001:db8::1", 1, 1u64 << 33));
        assert_eq!(got[2], format!("{:<41}{:<22}{:<22}1", "0.0.0.1", 1, 50));
        assert_eq!(got[3], format!("{:<41}{:<22}{:<22}1", "10.0.0.1", 1, 50));
    }

    #[test]
    fn percentages_are_of_all_flows() {
        let got = report(10, &Choices { percent: true, ..Choices::default() });
        let pair = |one: &str, other: &str| format!("{one:<41}{other:<41}");
        assert_eq!(got[1], format!("{}33.333   0.000    50.000", pair("0.0.0.1", "0.0.0.2")));
        assert_eq!(got[3], format!("{}33.333   100.000   0.000 ", pair("2001:db8::1", "2001:db8::2")));
    }

    #[test]
    fn a_title_too_long_for_its_column_is_cut_off() {
        assert_eq!(
            report(29, &Choices::default())[0],
            "# engine_typflows                 octets                packets"
        );
        let wide = report(29, &Choices { wide: true, ..Choices::default() });
        assert_eq!(
            wide[0],
            "# engine_type    flows                 octets                packets               duration"
        );
        assert_eq!(wide[1], "0                3                     8589934692            2                     2000");
    }

    #[test]
    fn a_column_that_is_not_there_sorts_nothing() {
        let Kind::Table(table) = &REPORTS[10].kind else { panic!("no table") };
        let by = |column| {
            table.order(&Choices { sorting: Some(Sorting { column, descending: false }), ..Choices::default() })
        };
        assert_eq!(by(1).map(|order| order.by), Some(SortBy::Part(1)));
        assert_eq!(by(5).map(|order| order.by), Some(SortBy::Duration));
        assert_eq!((by(6), by(usize::MAX)), (None, None));
    }
}
