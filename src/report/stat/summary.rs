//! The summaries: totals, averages, distributions.

use std::io::{self, Write};

use super::distribution::{Counted, distributions};
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Projection};
use crate::report::text;

/// What all flows come to.
pub struct Summary {
    flows: u64,
    octets: u64,
    packets: u64,
    /// Milliseconds from first to last packet, summed over the flows.
    active: u64,
    /// Seconds at which records were exported.
    exported: Range,
    /// Milliseconds at which flows began and ended.
    lasted: Range,
    /// None in the short summary.
    distributions: Vec<Counted>,
    scratch: Columns,
}

#[derive(Default)]
struct Columns {
    flows: Vec<u64>,
    octets: Vec<u64>,
    packets: Vec<u64>,
    exported: Vec<u64>,
    times: FlowTimes,
}

/// From the least to the greatest value.
#[derive(Clone, Copy)]
struct Range {
    least: u64,
    greatest: u64,
}

impl Range {
    const EMPTY: Range = Range { least: u64::MAX, greatest: 0 };

    fn add(&mut self, least: u64, greatest: u64) {
        self.least = self.least.min(least);
        self.greatest = self.greatest.max(greatest);
    }

    fn len(self) -> u64 {
        self.greatest.saturating_sub(self.least)
    }
}

impl Default for Summary {
    fn default() -> Summary {
        Summary {
            flows: 0,
            octets: 0,
            packets: 0,
            active: 0,
            exported: Range::EMPTY,
            lasted: Range::EMPTY,
            distributions: distributions(),
            scratch: Columns::default(),
        }
    }
}

impl Summary {
    /// Only what the short summary shows.
    pub fn short() -> Summary {
        Summary { distributions: Vec::new(), ..Summary::default() }
    }

    /// The fields that are looked at.
    pub fn fields() -> Projection {
        let counts = [Field::Flows, Field::Octets, Field::Packets, Field::UnixSecs];
        counts.into_iter().chain(FlowTimes::FIELDS).collect()
    }

    /// Adds a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        let mut columns = std::mem::take(&mut self.scratch);
        columns.gather(batch);
        for (at, (octets, packets)) in columns.octets.iter().zip(&columns.packets).enumerate() {
            let flows = columns.flows.get(at).copied().unwrap_or(1);
            let (start, end) = columns.times.start.get(at).zip(columns.times.end.get(at)).unwrap_or((&0, &0));
            // Uptimes are 32 bits wide: a difference that spans a wrap of the clock is right in those.
            let active = if end >= start { end - start } else { u64::from(end.wrapping_sub(*start) as u32) };
            self.flows = self.flows.saturating_add(flows);
            self.octets = self.octets.saturating_add(*octets);
            self.packets = self.packets.saturating_add(*packets);
            self.active = self.active.saturating_add(active);
            self.lasted.add(*start, *end);
            let values = [octets.checked_div(*packets).unwrap_or(0), *packets, *octets, active];
            self.distributions.iter_mut().zip(values).for_each(|(counted, value)| counted.add(value, flows));
        }
        columns.exported.iter().for_each(|secs| self.exported.add(*secs, *secs));
        self.scratch = columns;
    }

    /// Adds what another thread summed.
    pub fn merge(&mut self, other: &Summary) {
        self.flows = self.flows.saturating_add(other.flows);
        self.octets = self.octets.saturating_add(other.octets);
        self.packets = self.packets.saturating_add(other.packets);
        self.active = self.active.saturating_add(other.active);
        self.exported.add(other.exported.least, other.exported.greatest);
        self.lasted.add(other.lasted.least, other.lasted.greatest);
        self.distributions.iter_mut().zip(&other.distributions).for_each(|(sum, counted)| sum.merge(counted));
    }

    /// Writes report 0: totals, averages and distributions.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let (real, lasted) = (self.exported.len(), self.lasted.len());
        writeln!(out, "Total Flows                     : {}", self.flows)?;
        writeln!(out, "Total Octets                    : {}", self.octets)?;
        writeln!(out, "Total Packets                   : {}", self.packets)?;
        writeln!(out, "Total Time (1/1000 secs) (flows): {}", self.active)?;
        writeln!(out, "Duration of data  (realtime)    : {real}")?;
        writeln!(out, "Duration of data (1/1000 secs)  : {lasted}")?;
        let kbits = self.octets as f64 * 8.0 / 1000.0;
        // Rates are over whole seconds, also where the duration is known better.
        let seconds = lasted / 1000;
        for (name, sum, over) in [
            ("Average flow time (1/1000 secs) ", self.active as f64, self.flows),
            ("Average packet size (octets)    ", self.octets as f64, self.packets),
            ("Average flow size (octets)      ", self.octets as f64, self.flows),
            ("Average packets per flow        ", self.packets as f64, self.flows),
            ("Average flows / second (flow)   ", self.flows as f64, seconds),
            ("Average flows / second (real)   ", self.flows as f64, real),
            ("Average Kbits / second (flow)   ", kbits, seconds),
            ("Average Kbits / second (real)   ", kbits, real),
        ] {
            let mut line = format!("{name}: ").into_bytes();
            text::decimal(&mut line, average(sum, over), 4, 0);
            line.push(b'\n');
            out.write_all(&line)?;
        }
        write!(out, "\n\n")?;
        self.distributions.iter().try_for_each(|counted| counted.write(self.flows.max(1), out))
    }

    /// Writes report 15: totals in one line.
    pub fn write_short(&self, mark: &str, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{mark}\n{mark} Octets            Packets             MBytes\n{mark}")?;
        let mut line = Vec::new();
        text::number(&mut line, self.octets, 20);
        text::number(&mut line, self.packets, 20);
        text::decimal(&mut line, self.octets as f64 / 1e6, 3, 0);
        line.push(b'\n');
        out.write_all(&line)
    }
}

impl Columns {
    fn gather(&mut self, batch: &FlowBatch) {
        batch.gather(Field::Octets, &mut self.octets);
        batch.gather(Field::Packets, &mut self.packets);
        self.times.gather(batch);
        self.flows.clear();
        if batch.has(Field::Flows) {
            batch.gather(Field::Flows, &mut self.flows);
        }
        self.exported.clear();
        if batch.has(Field::UnixSecs) {
            batch.gather(Field::UnixSecs, &mut self.exported);
        } else if FlowTimes::known(batch.schema()) {
            // Exported when it ended, as far as anyone can say.
            self.exported.extend(self.times.end.iter().map(|end| end / 1000));
        }
    }
}

/// A mean with the precision the original has, single; 0 over nothing.
fn average(sum: f64, over: u64) -> f64 {
    if over == 0 { 0.0 } else { f64::from((sum / over as f64) as f32) }
}
