//! Points for gnuplot: a line from each flow's start to its end.

use std::io::{self, Write};

use super::catalog::Plot;
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Projection};
use crate::report::text;

/// A batch's points, as text.
#[derive(Default)]
pub struct PlotPoints {
    /// The lines.
    pub text: Vec<u8>,
    starts: Vec<u64>,
    ends: Vec<u64>,
    octets: Vec<u64>,
    shown: Vec<u64>,
}

/// A plot's text, and the extent of its points.
pub struct PlotText<'a> {
    plot: &'a Plot,
    mark: &'a str,
    x: (u64, u64),
    y: (u64, u64),
}

/// Columns are padded to this.
const WIDTH: usize = 10;

impl Plot {
    /// The fields that are looked at.
    pub fn fields(&self) -> Projection {
        FlowTimes::FIELDS.into_iter().chain([Field::Octets, self.field]).collect()
    }

    /// A batch's points. Abscissas are router uptimes; where flows have none, ms since 1970.
    pub fn points(&self, batch: &FlowBatch) -> PlotPoints {
        let mut points = PlotPoints::default();
        if batch.has(Field::First) && batch.has(Field::Last) {
            batch.gather(Field::First, &mut points.starts);
            batch.gather(Field::Last, &mut points.ends);
        } else {
            let mut times = FlowTimes::default();
            times.gather(batch);
            (points.starts, points.ends) = (times.start, times.end);
        }
        batch.gather(Field::Octets, &mut points.octets);
        batch.gather(self.field, &mut points.shown);
        let text = &mut points.text;
        for ((start, end), shown) in points.starts.iter().zip(&points.ends).zip(&points.shown) {
            for x in [start, end] {
                text::number(text, *x, WIDTH);
                text::blanks(text, self.gap);
                text::number(text, *shown, WIDTH);
                text.push(b'\n');
            }
            text.push(b'\n');
        }
        points
    }
}

impl<'a> PlotText<'a> {
    /// No points yet.
    pub fn new(plot: &'a Plot, mark: &'a str) -> PlotText<'a> {
        PlotText { plot, mark, x: (u64::MAX, 0), y: (u64::MAX, 0) }
    }

    /// Writes what stands above the points.
    pub fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        let (mark, [start, end]) = (self.mark, self.plot.titles);
        writeln!(out, "{mark}\n{mark} {start}\n{mark} {end}\n{mark}")
    }

    /// Writes a batch's points.
    pub fn add(&mut self, points: &PlotPoints, out: &mut impl Write) -> io::Result<()> {
        for ((start, end), (octets, shown)) in
            points.starts.iter().zip(&points.ends).zip(points.octets.iter().zip(&points.shown))
        {
            self.x = (self.x.0.min(*start), self.x.1.max(*end));
            // The original compares octets, also where it shows packets: there the extent is that of the first and the
            // last flow, more or less. Scripts that read it expect no other.
            if *octets < self.y.0 {
                self.y.0 = *shown;
            }
            if *octets > self.y.1 {
                self.y.1 = *shown;
            }
        }
        out.write_all(&points.text)
    }

    /// Writes the extent of all points.
    pub fn end(&self, out: &mut impl Write) -> io::Result<()> {
        let (x, y) = if self.x.0 > self.x.1 { ((0, 0), (0, 0)) } else { (self.x, self.y) };
        let mark = self.mark;
        writeln!(out, "{mark} xmin={:<10}   ymin={:<10}   xmax={:<10}   ymax={:<10}", x.0, y.0, x.1, y.1)
    }
}
