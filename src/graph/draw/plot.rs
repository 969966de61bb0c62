//! The plot: layers, the line of the total, the axes.

use chrono::TimeZone;

use super::calendar::ticks as times;
use super::scene::{Anchor, Group, Line, Point};
use super::stack::{Band, Stack};
use super::units::ticks;
use super::{Style, summary};
use crate::graph::view::{Axis, Colour, Picture, Rates, WAYS};

/// Where the plot is, and what a pixel of it means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Plot {
    /// Left, top, right and bottom.
    pub bounds: [f64; 4],
    /// Where zero is, from the top.
    pub zero: f64,
    /// Pixels a unit.
    pub scale: f64,
    period: [i64; 2],
    axis: Axis,
}

/// The least part of the plot that a direction has.
const LEAST: f64 = 0.14;

/// What the greatest value leaves free above it.
const HEAD: f64 = 1.06;

impl Plot {
    /// Room for values up to `greatest`, inbound and outbound, on one scale.
    pub fn of(picture: &Picture, bounds: [f64; 4], greatest: [f64; 2]) -> Plot {
        let height = (bounds[3] - bounds[1]).max(1.0);
        let all = greatest[0].max(greatest[1]);
        let some = all.is_finite() && all > 1e-200;
        let least = all * LEAST / (1.0 - LEAST);
        let [up, down] = if some { greatest.map(|value| value.clamp(least, all) * HEAD) } else { [1.1, 1.1] };
        let scale = height / (up + down);
        let zero = (bounds[1] + up * scale).round();
        Plot { bounds, zero, scale, period: picture.period, axis: picture.axis }
    }

    fn x(&self, time: i64) -> f64 {
        let [from, to] = self.period;
        let part = (time - from) as f64 / (to - from).max(1) as f64;
        self.bounds[0] + part.clamp(0.0, 1.0) * (self.bounds[2] - self.bounds[0])
    }

    /// Where a value is: inbound above zero, outbound below.
    fn y(&self, way: usize, value: f64) -> f64 {
        let length = value * self.scale;
        let y = if way == 0 { self.zero - length } else { self.zero + length };
        y.clamp(self.bounds[1], self.bounds[3])
    }

    /// From where to where a row goes.
    fn row(&self, row: usize) -> [f64; 2] {
        let end = self.axis.first + self.axis.step * row as i64;
        [self.x(end - self.axis.step), self.x(end)]
    }

    /// Everything within the plot and along it, from back to front.
    pub fn draw<Z: TimeZone>(&self, picture: &Picture, stack: &Stack, style: &Style, zone: &Z) -> Vec<Group>
    where
        Z::Offset: std::fmt::Display,
    {
        let mut groups = vec![self.unknown(stack, style)];
        let mut hair = Group::of("boundaries");
        let mut below: [Vec<f64>; 2] = WAYS.map(|_| vec![0.0; self.axis.count]);
        for (layer, bands) in picture.layers.iter().zip(&stack.layers) {
            let mut group = Group::of("layer");
            let name = picture.name(layer);
            group.attributes.push(("data-of", layer.of.clone()));
            group.attributes.push(("data-label", layer.label.clone()));
            group.title = Some(format!("{name}: {}", summary(picture, &layer.rates)));
            for way in WAYS {
                group.area(self.rings(way, &bands[way]), layer.colour);
                hair.stroke(self.boundary(way, &bands[way], &mut below[way]), style.colours.ground, 0.7);
            }
            groups.push(group);
        }
        groups.push(hair);
        if picture.layers.is_empty() {
            let mut group = Group::of("total-area");
            for way in WAYS {
                let band = |row| picture.total.at(way, row).map(|value| [0.0, value]);
                let bands: Vec<Band> = (0..self.axis.count).map(band).collect();
                group.area(self.rings(way, &bands), style.colours.total);
            }
            groups.push(group);
        }
        groups.extend([self.grid(style), self.total(&picture.total, picture, style)]);
        groups.push(self.times(style, zone));
        groups.push(self.values(picture, style));
        groups
    }

    /// The outlines of a layer in a direction, one for each stretch of rows in which it is known.
    fn rings(&self, way: usize, bands: &[Band]) -> Vec<Line> {
        let mut rings = Vec::new();
        for stretch in bands.iter().enumerate().collect::<Vec<_>>().split(|(_, band)| band.is_none()) {
            let edge = |place: usize| {
                let side = move |(row, band): &(usize, &Band)| {
                    let y = self.y(way, band.map_or(0.0, |band| band[place]));
                    self.row(*row).map(|x| (x, y))
                };
                stretch.iter().flat_map(side).collect::<Line>()
            };
            let (inner, outer) = (edge(0), edge(1));
            if inner.iter().zip(&outer).any(|(inner, outer)| (inner.1 - outer.1).abs() >= 0.005) {
                let mut ring = plain(outer);
                ring.extend(plain(inner.into_iter().rev().collect()));
                rings.push(ring);
            }
        }
        rings
    }

    /// The inner edge of a layer, where it and the one below it are thick enough to be told apart with a line between
    /// them. `below` is how thick the one below is.
    fn boundary(&self, way: usize, bands: &[Band], below: &mut [f64]) -> Vec<Line> {
        const THICK: f64 = 2.5;
        let mut lines: Vec<Line> = Vec::new();
        for ((row, band), below) in bands.iter().enumerate().zip(below) {
            let Some([inner, outer]) = *band else { continue };
            let thick = (outer - inner) * self.scale;
            if thick >= THICK && *below >= THICK {
                let y = self.y(way, inner);
                let points = self.row(row).map(|x| (x, y));
                // Where it jumps, the layers' sides are enough.
                let near = |end: &Point| end.0 == points[0].0 && (end.1 - y).abs() < THICK;
                match lines.last_mut() {
                    Some(line) if line.last().is_some_and(near) => line.extend(points),
                    _ => lines.push(points.to_vec()),
                }
            }
            if thick > 0.0 {
                *below = thick;
            }
        }
        lines.into_iter().map(plain).collect()
    }

    /// The lines of the total.
    fn total(&self, total: &Rates, picture: &Picture, style: &Style) -> Group {
        let mut group = Group::of("total");
        group.title = Some(format!("Total: {}", summary(picture, total)));
        let pixels = (self.bounds[2] - self.bounds[0]) / self.axis.count.max(1) as f64;
        let width = if pixels < 3.0 { 0.9 } else { 1.2 };
        for way in WAYS {
            let mut lines: Vec<Line> = Vec::new();
            let mut broken = true;
            for row in 0..self.axis.count {
                let Some(value) = total.at(way, row) else {
                    broken = true;
                    continue;
                };
                let y = self.y(way, value);
                let points = self.row(row).map(|x| (x, y));
                match lines.last_mut() {
                    Some(line) if !broken => line.extend(points),
                    _ => lines.push(points.to_vec()),
                }
                broken = false;
            }
            group.stroke(lines.into_iter().map(plain).collect(), style.colours.ink, width);
        }
        group
    }

    /// What is unknown: paper that nobody has written on.
    fn unknown(&self, stack: &Stack, style: &Style) -> Group {
        let mut group = Group::of("unknown");
        let [ground, stroke] = style.colours.unknown;
        let [_, top, _, bottom] = self.bounds;
        let mut strokes = Vec::new();
        for [first, end] in &stack.unknown {
            let (left, right) = (self.row(*first)[0], self.row(end.saturating_sub(1))[1]);
            group.rectangle([left, top, right, bottom], ground);
            let mut sum = ((left + top) / 8.0).ceil() * 8.0;
            while sum < right + bottom {
                let (from, to) = (left.max(sum - bottom), right.min(sum - top));
                if to - from > 0.5 {
                    strokes.push(vec![(from, sum - from), (to, sum - to)]);
                }
                sum += 8.0;
            }
        }
        if !stack.unknown.is_empty() {
            group.title = Some("unknown".into());
        }
        group.stroke(strokes, stroke, 1.0);
        group
    }

    /// How far apart lines of the grid are at least, from below.
    fn least(&self, style: &Style) -> f64 {
        let height = self.bounds[3] - self.bounds[1];
        (style.size * 1.9).max(height / 9.0) / self.scale
    }

    /// The values of lines of the grid, with what is written at them.
    fn levels(&self, style: &Style) -> Vec<(usize, f64, String)> {
        let [_, top, _, bottom] = self.bounds;
        let up = (self.zero - top) / self.scale;
        let down = (bottom - self.zero) / self.scale;
        // One prefix and as many digits for both directions.
        let all = ticks(up.max(down), self.least(style));
        let fits = |way: usize| if way == 0 { up } else { down };
        let levels = WAYS.into_iter().flat_map(|way| {
            let within = all.iter().filter(move |(value, _)| *value <= fits(way));
            within.map(move |(value, label)| (way, *value, label.clone()))
        });
        levels.collect()
    }

    /// How wide what is written at the left is.
    pub fn margin(&self, picture: &Picture, style: &Style) -> f64 {
        let zero = style.width(&zero(picture));
        self.levels(style).iter().map(|(_, _, label)| style.width(label)).fold(zero, f64::max)
    }

    fn grid(&self, style: &Style) -> Group {
        let mut group = Group::of("grid");
        let [left, _, right, _] = self.bounds;
        let line = |(way, value, _): (usize, f64, String)| {
            let y = self.y(way, value).floor() + 0.5;
            vec![(left, y), (right, y)]
        };
        let lines = self.levels(style).into_iter().map(line).collect();
        group.faint(lines, style.colours.grid, 1.0, 0.13);
        group
    }

    /// The axis of values, with the zero line.
    fn values(&self, picture: &Picture, style: &Style) -> Group {
        let mut group = Group::of("values");
        let [left, top, right, bottom] = self.bounds;
        group.attributes.extend([("data-zero", self.zero.to_string()), ("data-scale", self.scale.to_string())]);
        let zero_line = self.zero.floor() + 0.5;
        group.stroke(vec![vec![(left, zero_line), (right, zero_line)]], style.colours.ink, 1.0);
        let middle = 0.36 * style.size;
        let mut write = |y: f64, text: String, colour: Colour| {
            group.text(style.text((left - 6.0, y + middle), Anchor::End, text, colour));
        };
        write(self.zero, zero(picture), style.colours.quiet);
        for (way, value, label) in self.levels(style) {
            write(self.y(way, value), label, style.colours.quiet);
        }
        for (y, word) in [((top + self.zero) / 2.0, "in"), ((self.zero + bottom) / 2.0, "out")] {
            group.text(style.text((right + 6.0, y + middle), Anchor::Start, word.into(), style.colours.ink));
        }
        group
    }

    /// The axis of time.
    fn times<Z: TimeZone>(&self, style: &Style, zone: &Z) -> Group
    where
        Z::Offset: std::fmt::Display,
    {
        let mut group = Group::of("times");
        let [left, top, right, bottom] = self.bounds;
        let [from, to] = self.period;
        group.attributes.extend([("data-from", from.to_string()), ("data-to", to.to_string())]);
        group.attributes.extend([("data-left", left.to_string()), ("data-right", right.to_string())]);
        let second = (to - from).max(1) as f64 / (right - left).max(1.0);
        let width = |text: &str| style.width(text) * second;
        let (marks, finer) = times(zone, self.period, 14.0 * second, width);
        let line = |time: i64, from: f64, to: f64| {
            let x = (self.x(time) - 0.5).round() + 0.5;
            vec![(x, from), (x, to)]
        };
        let (strong, weak): (Vec<_>, Vec<_>) = marks.iter().partition(|mark| mark.strong);
        group.faint(weak.iter().map(|mark| line(mark.time, top, bottom)).collect(), style.colours.grid, 1.0, 0.13);
        group.faint(strong.iter().map(|mark| line(mark.time, top, bottom)).collect(), style.colours.grid, 1.0, 0.32);
        let ticks = marks.iter().map(|mark| line(mark.time, bottom, bottom + 4.0));
        let finer = finer.iter().map(|time| line(*time, bottom, bottom + 2.0));
        group.faint(ticks.chain(finer).collect(), style.colours.grid, 1.0, 0.5);
        let mut free = 2.0;
        for mark in marks {
            let at = (self.x(mark.time), bottom + 5.0 + style.size);
            let half = style.width(&mark.label) / 2.0;
            // Where clocks are set forward two may be nearer to each other than elsewhere.
            if at.0 - half >= free && at.0 + half <= style.picture[0] - 2.0 {
                free = at.0 + half + 4.0;
                let colour = if mark.strong { style.colours.ink } else { style.colours.quiet };
                group.text(style.text(at, Anchor::Middle, mark.label, colour));
            }
        }
        group
    }
}

/// What is written at the zero line: the unit of all.
fn zero(picture: &Picture) -> String {
    format!("0 {}", picture.report.unit())
}

/// A stepped line without points that change nothing.
fn plain(line: Line) -> Line {
    let mut out: Line = Vec::with_capacity(line.len());
    for point in line {
        match out.as_slice() {
            [.., last] if *last == point => continue,
            [.., before, last] if before.1 == last.1 && last.1 == point.1 => {
                out.pop();
            }
            [.., before, last] if before.0 == last.0 && last.0 == point.0 => {
                out.pop();
            }
            _ => {}
        }
        out.push(point);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_no_points_in_vain() {
        let line = vec![(0.0, 1.0), (1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (2.0, 3.0), (3.0, 3.0)];
        assert_eq!(plain(line), [(0.0, 1.0), (2.0, 1.0), (2.0, 3.0), (3.0, 3.0)]);
    }
}
