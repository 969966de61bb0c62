//! What each exporter sent: in the spirit of `show ip flow export`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::net::IpAddr;

use super::Counts;
use crate::flow::time::FlowTimes;
use crate::flow::{About, Fact, Field, FlowBatch, Projection, StreamInfo, Version, date};

/// Engines of an exporter that are listed.
const ENGINES: usize = 16;

/// What exporters sent.
#[derive(Default)]
pub struct Exporters {
    by: BTreeMap<u128, Sums>,
    six: bool,
    scratch: Columns,
}

/// What one exporter sent.
struct Sums {
    counts: Counts,
    /// Ms since 1970 at which flows began and ended, from the first to the last.
    first: u64,
    last: u64,
    /// Versions of the records; `None` is modern.
    versions: BTreeSet<Option<Version>>,
    engines: BTreeSet<(u8, u8)>,
}

#[derive(Default)]
struct Columns {
    exporters: Vec<u128>,
    flows: Vec<u64>,
    octets: Vec<u64>,
    packets: Vec<u64>,
    engines: [Vec<u8>; 2],
    times: FlowTimes,
}

impl Default for Sums {
    fn default() -> Sums {
        let (versions, engines) = (BTreeSet::new(), BTreeSet::new());
        Sums { counts: Counts::default(), first: u64::MAX, last: 0, versions, engines }
    }
}

impl Sums {
    fn merge(&mut self, other: Sums) {
        self.counts.add(&other.counts);
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        self.versions.extend(other.versions);
        self.engines.extend(other.engines);
    }
}

impl Columns {
    fn gather(&mut self, batch: &FlowBatch) {
        let put = |field, out: &mut Vec<u64>, lacking: u64| {
            if batch.has(field) {
                batch.gather(field, out);
            } else {
                out.clear();
                out.resize(batch.len(), lacking);
            }
        };
        put(Field::Flows, &mut self.flows, 1);
        put(Field::Octets, &mut self.octets, 0);
        put(Field::Packets, &mut self.packets, 0);
        batch.gather(Field::Exporter, &mut self.exporters);
        batch.gather(Field::EngineType, &mut self.engines[0]);
        batch.gather(Field::EngineId, &mut self.engines[1]);
        self.times.gather(batch);
    }
}

/// What is written of an address of 32 bits beside those of 128.
fn address(key: u128, six: bool) -> IpAddr {
    match u32::try_from(key) {
        Ok(four) if !six || four > 0xFFFF || four == 0 => IpAddr::from(four.to_be_bytes()),
        _ => IpAddr::from(key.to_be_bytes()),
    }
}

impl Exporters {
    /// The fields that are looked at.
    pub fn fields() -> Projection {
        let own = [Field::Exporter, Field::Flows, Field::Octets, Field::Packets, Field::EngineType, Field::EngineId];
        own.into_iter().chain(FlowTimes::FIELDS).collect()
    }

    /// Counts a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        let mut columns = std::mem::take(&mut self.scratch);
        columns.gather(batch);
        let version = batch.raw().map(|rows| rows.layout.version);
        self.six |= batch.view(Field::Exporter).is_some_and(|view| view.width() > 4);
        let mut from = 0;
        // Flows of one exporter mostly follow each other.
        for run in columns.exporters.chunk_by(|a, b| a == b) {
            let rows = from..from + run.len();
            from = rows.end;
            let Some(exporter) = run.first() else { continue };
            let sums = self.by.entry(*exporter).or_default();
            sums.versions.insert(version);
            for at in rows {
                let of = |values: &[u64]| values.get(at).copied().unwrap_or(0);
                let (flows, octets, packets) = (of(&columns.flows), of(&columns.octets), of(&columns.packets));
                sums.counts.add(&Counts { flows, octets, packets, duration: 0 });
                sums.first = sums.first.min(of(&columns.times.start));
                sums.last = sums.last.max(of(&columns.times.end));
                let [kind, number] = columns.engines.each_ref().map(|engines| engines.get(at).copied().unwrap_or(0));
                if sums.engines.len() <= ENGINES {
                    sums.engines.insert((kind, number));
                }
            }
        }
        self.scratch = columns;
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Exporters) {
        self.six |= other.six;
        other.by.into_iter().for_each(|(exporter, sums)| self.by.entry(exporter).or_default().merge(sums));
    }

    /// Writes some lines an exporter, and what the headers of all inputs say of losses together. `facts` are what
    /// exporters said of themselves.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write(&self, headers: &[StreamInfo], facts: &[Fact], out: &mut impl Write) -> io::Result<()> {
        for (key, sums) in &self.by {
            let exporter = address(*key, self.six);
            match exporter.is_unspecified() {
                true => writeln!(out, "Flow export of exporters that the flows do not name")?,
                false => writeln!(out, "Flow export of {exporter}")?,
            }
            sums.write(out)?;
            said(facts.iter().filter(|fact| fact.exporter == exporter), out)?;
        }
        losses(headers, out)
    }
}

impl Sums {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for version in &self.versions {
            match version {
                Some(version) => writeln!(out, "  Version {version} flow records")?,
                None => writeln!(out, "  Flow records of version 10 files")?,
            }
        }
        let Counts { flows, octets, packets, .. } = self.counts;
        writeln!(out, "  {flows} flows exported: {packets} packets, {octets} octets")?;
        if self.last > 0 {
            writeln!(out, "  First flow {}", date::local(self.first))?;
            writeln!(out, "  Last flow  {}", date::local(self.last))?;
        }
        let engines: Vec<String> =
            self.engines.iter().take(ENGINES).map(|(kind, number)| format!("{kind}/{number}")).collect();
        let more = if self.engines.len() > ENGINES { " and more" } else { "" };
        writeln!(out, "  Engines (type/number): {}{more}", engines.join(", "))
    }
}

/// What an exporter said of itself.
fn said<'f>(facts: impl Iterator<Item = &'f Fact>, out: &mut impl Write) -> io::Result<()> {
    let mut named = [0u64; 3];
    for fact in facts {
        match &fact.about {
            About::Sampler { id, population, taken } => {
                let id = id.map_or(String::new(), |id| format!(" by sampler {id}"));
                writeln!(out, "  Samples {taken} in {population} packets{id}")?;
            }
            About::Interface(_) => named[0] += 1,
            About::Application(_) => named[1] += 1,
            About::Vrf(_) => named[2] += 1,
        }
    }
    let words = named.iter().zip(["interfaces", "applications", "VRFs"]);
    let words: Vec<String> = words.filter(|(n, _)| **n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    if words.is_empty() { Ok(()) } else { writeln!(out, "  Names told of {}", words.join(", ")) }
}

/// What headers say of losses; nothing where none does.
fn losses(headers: &[StreamInfo], out: &mut impl Write) -> io::Result<()> {
    let sum = |count: fn(&StreamInfo) -> Option<u64>| -> u64 {
        headers.iter().filter_map(count).fold(0, |sum, n| sum.saturating_add(n))
    };
    let known = |info: &&StreamInfo| info.lost.or(info.misordered).or(info.corrupt).or(info.resets).is_some();
    let files = headers.iter().filter(known).count();
    let count = if headers.len() == 1 { "1 file".into() } else { format!("{} files", headers.len()) };
    writeln!(out, "{count} read, {files} with counts of what was lost")?;
    if files == 0 {
        return Ok(());
    }
    writeln!(out, "  {} flows lost", sum(|info| info.lost))?;
    writeln!(out, "  {} flows out of order", sum(|info| info.misordered))?;
    writeln!(out, "  {} corrupt packets", sum(|info| info.corrupt))?;
    writeln!(out, "  {} sequence resets", sum(|info| info.resets))
}
