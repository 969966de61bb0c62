//! The table below the plot: who is what colour, and how much it was.

use super::Style;
use super::scene::{Anchor, Group, Point};
use super::units::{percent, short};
use crate::graph::view::{Colour, Picture, Rates, WAYS};

/// What stands before a label.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Mark {
    Box(Colour),
    Line,
    Nothing,
}

/// A line of the table.
#[derive(Clone, Debug)]
struct Entry {
    mark: Mark,
    label: String,
    cells: [String; 6],
    /// How much it is, for what is left out if there is no room.
    weight: f64,
}

/// What stands above the cells.
const HEADS: [&str; 6] = ["in avg", "max", "%", "out avg", "max", "%"];

/// The same of shares that stand by themselves.
const SHARES: [&str; 2] = ["in %", "out %"];

/// The columns of cells, from the most to the least.
const DETAILS: [&[usize]; 3] = [&[0, 1, 2, 3, 4, 5], &[0, 2, 3, 5], &[2, 5]];

/// Lines that are read at a glance: rather than more of them, the table gets another column.
const FEW: usize = 6;

/// How a table is laid out.
#[derive(Clone, Debug)]
pub struct Legend {
    entries: Vec<Entry>,
    cells: &'static [usize],
    /// Lines a column of the table, without the head.
    lines: usize,
    label: f64,
    widths: [f64; 6],
    column: f64,
    unit: &'static str,
    row: f64,
}

/// Pixels between columns of the table.
const APART: f64 = 32.0;

/// Pixels between cells.
const GAP: f64 = 9.0;

impl Legend {
    /// The most telling table that has room, if there is room for any.
    pub fn of(picture: &Picture, style: &Style, [width, height]: [f64; 2]) -> Option<Legend> {
        let row = (style.size * 1.36).round();
        let lines = (height / row).floor() as usize;
        let lines = lines.checked_sub(1).filter(|lines| *lines >= 2)?;
        let all = entries(picture);
        let widths = widths(&all, style);
        let labels = all.iter().map(|entry| entry.label.as_str()).chain([picture.report.unit(), "and 99 more"]);
        let natural = labels.map(|label| style.width(label)).fold(0.0, f64::max);
        let mut best: Option<(usize, Legend)> = None;
        for (columns, cells) in layouts() {
            let column = (width - APART * (columns - 1) as f64) / columns as f64;
            let label = column - room(0.0, cells, &widths, style);
            // One column is cut rather than none.
            if label < natural.min(if columns == 1 { 60.0 } else { 110.0 }) {
                continue;
            }
            let shown = (lines * columns).min(all.len());
            let needed = all.len().div_ceil(columns).min(lines);
            let shorter = |best: &Legend| best.lines > FEW && needed < best.lines && best.cells == cells;
            if best.as_ref().is_none_or(|(most, best)| shown > *most || shown == *most && shorter(best)) {
                let label = label.min(natural);
                let entries = fold(picture, &all, lines * columns);
                let (unit, column) = (picture.report.unit(), room(label, cells, &widths, style));
                best = Some((shown, Legend { entries, cells, lines: needed, label, widths, column, unit, row }));
            }
        }
        best.map(|(_, legend)| legend)
    }

    /// How high it is.
    pub fn height(&self) -> f64 {
        self.row * (self.lines + 1) as f64
    }

    /// How wide its columns are together.
    pub fn width(&self) -> f64 {
        let columns = self.columns() as f64;
        self.column * columns + APART * (columns - 1.0)
    }

    fn columns(&self) -> usize {
        self.entries.len().div_ceil(self.lines.max(1)).max(1)
    }

    /// The table, with its left upper corner at a place.
    pub fn draw(&self, style: &Style, (left, top): Point) -> Group {
        let mut group = Group::of("legend");
        for (at, entries) in self.entries.chunks(self.lines.max(1)).enumerate() {
            let left = left + (self.column + APART) * at as f64;
            self.head(&mut group, style, (left, top + style.size));
            for (line, entry) in entries.iter().enumerate() {
                let base = top + self.row * (line + 1) as f64 + style.size;
                self.line(&mut group, style, (left, base), entry);
            }
        }
        group
    }

    /// Where each cell ends.
    fn ends(&self, left: f64, style: &Style) -> Vec<(usize, f64)> {
        let mut end = left + style.size + 6.0 + self.label;
        let place = |at: &usize| {
            end += gap(*at) + self.widths[*at];
            (*at, end)
        };
        self.cells.iter().map(place).collect()
    }

    fn head(&self, group: &mut Group, style: &Style, (left, base): Point) {
        let quiet = style.colours.quiet;
        let alone = !self.cells.contains(&0);
        if !alone {
            group.text(style.text((left + style.size + 6.0, base), Anchor::Start, self.unit.into(), quiet));
        }
        for (at, end) in self.ends(left, style) {
            let head = if alone { SHARES[at / 3] } else { HEADS[at] };
            group.text(style.text((end, base), Anchor::End, head.into(), quiet));
        }
    }

    fn line(&self, group: &mut Group, style: &Style, (left, base): Point, entry: &Entry) {
        let (size, ink) = (style.size, style.colours.ink);
        match entry.mark {
            Mark::Box(colour) => {
                let top = (base - 0.78 * size).round();
                let side = (0.85 * size).round();
                let bounds = [left, top, left + side, top + side];
                group.rectangle(bounds, colour);
            }
            Mark::Line => {
                let y = (base - 0.36 * size).round();
                group.stroke(vec![vec![(left, y), (left + (0.85 * size).round(), y)]], ink, 2.0);
            }
            Mark::Nothing => {}
        }
        let label = style.font.fit(&entry.label, size, self.label);
        group.text(style.text((left + size + 6.0, base), Anchor::Start, label, ink));
        let slot = style.width(SLOT);
        for (at, end) in self.ends(left, style) {
            let text = entry.cells[at].clone();
            if is_share(at) {
                group.text(style.text((end, base), Anchor::End, text, ink));
            } else {
                // Figures stand below each other, prefixes behind them.
                let number = text.split(' ').next().unwrap_or_default();
                let start = end - slot - style.width(number);
                group.text(style.text((start, base), Anchor::Start, text, ink));
            }
        }
    }
}

/// The room that a prefix takes.
const SLOT: &str = " M";

fn is_share(cell: usize) -> bool {
    cell % 3 == 2
}

/// How wide a column with labels of some width is.
fn room(label: f64, cells: &[usize], widths: &[f64; 6], style: &Style) -> f64 {
    style.size + 6.0 + label + cells.iter().map(|at| widths[*at] + gap(*at)).sum::<f64>()
}

/// What is left free before a cell.
fn gap(cell: usize) -> f64 {
    if cell == 3 { 2.0 * GAP } else { GAP }
}

/// Columns of the table and the cells in each, in the order in which they are tried.
fn layouts() -> impl Iterator<Item = (usize, &'static [usize])> {
    let [full, medium, least] = DETAILS;
    let some = |most: usize, cells| (1..=most).map(move |columns| (columns, cells));
    some(4, full).chain(some(4, medium)).chain(some(8, least))
}

/// The widths of cells: every number and what stands above it has room.
fn widths(entries: &[Entry], style: &Style) -> [f64; 6] {
    let slot = style.width(SLOT);
    let mut widths = HEADS.map(|head| style.width(head));
    for (at, head) in SHARES.iter().enumerate() {
        widths[3 * at + 2] = style.width(head);
    }
    for entry in entries {
        for (at, (width, text)) in widths.iter_mut().zip(&entry.cells).enumerate() {
            let number = text.split(' ').next().unwrap_or_default();
            let cell = style.width(number) + if is_share(at) { 0.0 } else { slot };
            *width = width.max(cell);
        }
    }
    widths
}

fn entries(picture: &Picture) -> Vec<Entry> {
    let entry = |mark, label, rates| entry(picture, mark, label, rates);
    let layers = picture.layers.iter().map(|layer| entry(Mark::Box(layer.colour), picture.name(layer), &layer.rates));
    let mut all: Vec<Entry> = layers.collect();
    all.push(entry(Mark::Line, "Total".into(), &picture.total));
    all
}

fn entry(picture: &Picture, mark: Mark, label: String, rates: &Rates) -> Entry {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let [into, out] = WAYS.map(|way| {
        let share = percent(picture.share(rates, way));
        [number(rates.average(way)), number(rates.maximum(way)), share]
    });
    let [[a, b, c], [d, e, f]] = [into, out];
    Entry { mark, label, cells: [a, b, c, d, e, f], weight: WAYS.iter().map(|way| rates.sum(*way)).sum() }
}

/// At most so many lines: the layers that are least are one line together, before the total.
fn fold(picture: &Picture, all: &[Entry], most: usize) -> Vec<Entry> {
    if all.len() <= most {
        return all.to_vec();
    }
    let layers = all.len() - 1;
    let kept = most.saturating_sub(2);
    let mut order: Vec<usize> = (0..layers).collect();
    order.sort_by(|a, b| all[*b].weight.total_cmp(&all[*a].weight));
    let mut rest = Rates::default();
    for at in order.iter().skip(kept) {
        rest.add(&picture.layers[*at].rates);
    }
    let mut stay: Vec<usize> = order.into_iter().take(kept).collect();
    stay.sort_unstable();
    let mut entries: Vec<Entry> = stay.into_iter().map(|at| all[at].clone()).collect();
    entries.push(entry(picture, Mark::Nothing, format!("and {} more", layers - kept), &rest));
    entries.extend(all.last().cloned());
    entries
}
