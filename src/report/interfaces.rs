//! What went in and out by each interface: in the spirit of `show ip flow interface`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

use super::{Aggregation, Counts, Grouping, Part, Worker};
use crate::flow::{Field, FlowBatch, InterfaceNames, Projection};

/// Flows being counted by interface.
pub struct Interfaces {
    input: Aggregation,
    output: Aggregation,
}

/// A thread's part in it.
pub struct InterfaceWorker<'a> {
    input: Worker<'a>,
    output: Worker<'a>,
}

/// What each exporter's interface took in and gave out.
#[derive(Debug, Default)]
pub struct Traffic {
    by: BTreeMap<(IpAddr, u32), [Counts; 2]>,
}

/// By exporter and interface. An address and a number fit any key.
fn grouping(interface: Field) -> Grouping {
    Grouping::by(&[Part::Address(Field::Exporter), Part::Number(interface)]).unwrap_or_default()
}

impl Interfaces {
    /// None counted yet.
    pub fn new() -> Interfaces {
        let of = |interface| Aggregation::new(grouping(interface));
        Interfaces { input: of(Field::Input), output: of(Field::Output) }
    }

    /// The fields that are looked at.
    pub fn fields() -> Projection {
        grouping(Field::Input).fields().union(&grouping(Field::Output).fields())
    }

    /// A thread's part.
    pub fn worker(&self) -> InterfaceWorker<'_> {
        InterfaceWorker { input: self.input.worker(), output: self.output.worker() }
    }

    /// What all threads counted together. Flows that lack one of the interfaces count by the other.
    pub fn finish(self, outcomes: Vec<[super::group::Outcome; 2]>) -> Traffic {
        let mut traffic = Traffic::default();
        let (input, output) = outcomes.into_iter().map(|[input, output]| (input, output)).unzip();
        for (side, groups) in [self.input.finish(input), self.output.finish(output)].into_iter().enumerate() {
            let layout = groups.layout().clone();
            groups.each(&mut |entry| {
                let key = (layout.address(&entry.key, 0), layout.value(&entry.key, 1) as u32);
                if let Some(counts) = traffic.by.entry(key).or_default().get_mut(side) {
                    counts.add(&entry.counts);
                }
            });
        }
        traffic
    }
}

impl Default for Interfaces {
    fn default() -> Interfaces {
        Interfaces::new()
    }
}

impl InterfaceWorker<'_> {
    /// Counts a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        self.input.add(batch);
        self.output.add(batch);
    }

    /// Hands on what it still holds.
    pub fn finish(self) -> [super::group::Outcome; 2] {
        [self.input.finish(), self.output.finish()]
    }
}

impl Traffic {
    /// Writes a line an interface, in the order of exporters and numbers. Number 0, where flows come from or go to
    /// nowhere, is routers' `Null`.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write(&self, names: &InterfaceNames, out: &mut impl Write) -> io::Result<()> {
        let name = |exporter, index| names.name(exporter, index).unwrap_or(if index == 0 { "Null" } else { "-" });
        let keys = || self.by.keys().map(|(exporter, index)| (*exporter, *index));
        let width = |least: usize, widths: &mut dyn Iterator<Item = usize>| widths.fold(least, usize::max);
        let address = width(15, &mut keys().map(|(exporter, _)| exporter.to_string().len()));
        let named = width(12, &mut keys().map(|(exporter, index)| name(exporter, index).chars().count()));
        write!(out, "{:<address$} {:>9} {:<named$}", "exporter", "interface", "name")?;
        writeln!(
            out,
            " {:>12} {:>14} {:>18} {:>12} {:>14} {:>18}",
            "flows in", "packets in", "octets in", "flows out", "packets out", "octets out"
        )?;
        for ((exporter, index), [input, output]) in &self.by {
            write!(out, "{:<address$} {index:>9} {:<named$}", exporter.to_string(), name(*exporter, *index))?;
            for Counts { flows, packets, octets, .. } in [input, output] {
                write!(out, " {flows:>12} {packets:>14} {octets:>18}")?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
