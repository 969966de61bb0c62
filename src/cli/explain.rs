//! What a question would have read, and why not the rest.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::question::Question;
use super::run::report;
use super::{Exit, Failure};
use crate::file::{Inputs, Scan, Summary, read_info};
use crate::flow::{BlockFacts, Field, FlowBatch, Projection, Prune, Schema, Select};
use crate::select::Predicate;

/// What a reading of modern files came to, in one line.
pub fn reading(summary: &Summary) -> String {
    let all = summary.blocks + summary.skipped;
    format!("{} of {all} blocks read, {} octets; {} flows", summary.blocks, summary.octets, summary.flows)
}

/// Says what a question would read of its inputs, without reading more than headers and indexes; `columns` is what is
/// asked of the flows that match.
///
/// # Errors
///
/// Standard output's.
pub fn explain(program: &str, question: &Question, columns: Projection) -> Result<Exit, Failure> {
    let (files, mut problems) = question.inputs().files();
    let named = question.inputs().every_file().0.len();
    let predicate = question.predicate();
    let mut plan = Plan { named, ..Plan::default() };
    let mut modern: Vec<PathBuf> = Vec::new();
    for path in files {
        plan.files += 1;
        if path == Path::new("-") {
            plan.streams += 1;
            continue;
        }
        match read_info(&path) {
            Err(problem) => problems.push(problem),
            Ok(info) if info.version.is_some() => {
                plan.classic += 1;
                plan.classic_octets += path.metadata().map_or(0, |data| data.len());
            }
            Ok(_) => modern.push(path),
        }
    }
    let blocks = Blocks::of(predicate, columns);
    if !modern.is_empty() {
        let (_, summary) = Scan::open(&Inputs::of(&modern))?.select(&blocks).fold(|| (), |(), _| ());
        plan.other_times = summary.files_skipped as usize;
        plan.modern = modern.len() - plan.other_times;
        problems.extend(summary.problems);
    }
    plan.write(&blocks, &mut io::stdout().lock()).map_err(Failure::stdout)?;
    Ok(report(program, &problems))
}

/// What would be done with files.
#[derive(Default)]
struct Plan {
    named: usize,
    files: usize,
    streams: usize,
    classic: usize,
    classic_octets: u64,
    other_times: usize,
    modern: usize,
}

impl Plan {
    fn write(&self, blocks: &Blocks<'_>, out: &mut impl Write) -> io::Result<()> {
        let number = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let opened = self.streams + self.classic + self.modern;
        writeln!(out, "files    {opened} of {} are read", self.named)?;
        let by_name = self.named - self.files;
        for (count, why) in [(by_name, "their names"), (self.other_times, "the times in their headers")] {
            if count > 0 {
                writeln!(out, "         {count} ruled out by {why}")?;
            }
        }
        if self.streams > 0 {
            writeln!(out, "         standard input is read whole")?;
        }
        if self.classic > 0 {
            writeln!(out, "         {} classic, read whole: {} octets", self.classic, self.classic_octets)?;
        }
        if self.modern == 0 {
            return Ok(());
        }
        writeln!(out, "blocks   {} of {} are read", number(&blocks.read), number(&blocks.all))?;
        for (count, why) in [
            (&blocks.times, "when their flows were"),
            (&blocks.bounds, "their least and greatest values"),
            (&blocks.lacking, "what their flows have no field for"),
            (&blocks.bloom, "the Bloom filters of their addresses"),
        ] {
            if number(count) > 0 {
                writeln!(out, "         {} ruled out by {why}", number(count))?;
            }
        }
        writeln!(out, "flows    {} of {} are looked at", number(&blocks.read_flows), number(&blocks.flows))?;
        let (asked, rest) = (number(&blocks.asked_octets), number(&blocks.rest_octets));
        writeln!(out, "octets   {asked} of {} are read", number(&blocks.octets))?;
        if rest > 0 {
            writeln!(out, "         {rest} more if every one of these blocks has matches")?;
        }
        Ok(())
    }
}

/// Looks at all blocks and lets none be read.
struct Blocks<'p> {
    predicate: &'p Predicate,
    needs: Projection,
    both: Projection,
    all: AtomicU64,
    flows: AtomicU64,
    octets: AtomicU64,
    times: AtomicU64,
    bounds: AtomicU64,
    lacking: AtomicU64,
    bloom: AtomicU64,
    read: AtomicU64,
    read_flows: AtomicU64,
    /// What the selection looks at.
    asked_octets: AtomicU64,
    /// What else is asked of flows that match.
    rest_octets: AtomicU64,
}

impl Blocks<'_> {
    fn of(predicate: &Predicate, columns: Projection) -> Blocks<'_> {
        let needs = predicate.fields();
        let [all, flows, octets, times, bounds, lacking, bloom, read, read_flows, asked_octets, rest_octets] =
            [(); 11].map(|()| AtomicU64::new(0));
        let both = needs.clone().union(&columns);
        Blocks {
            predicate,
            needs,
            both,
            all,
            flows,
            octets,
            times,
            bounds,
            lacking,
            bloom,
            read,
            read_flows,
            asked_octets,
            rest_octets,
        }
    }

    /// Whether the block could match if only some of what it says were known.
    fn may_match(&self, block: &dyn BlockFacts, known: Known) -> bool {
        self.predicate.may_match(&Partly { block, known })
    }
}

impl Prune for Blocks<'_> {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        // What says nothing of columns is a whole file; its blocks will be asked if its times will do.
        if block.schema().is_none() {
            return self.predicate.may_match(block);
        }
        let add = |to: &AtomicU64, n: u64| to.fetch_add(n, Ordering::Relaxed);
        add(&self.all, 1);
        add(&self.flows, block.flows());
        add(&self.octets, block.octets(&Projection::ALL));
        if self.may_match(block, Known::All) {
            add(&self.read, 1);
            add(&self.read_flows, block.flows());
            let asked = block.octets(&self.needs);
            add(&self.asked_octets, asked);
            add(&self.rest_octets, block.octets(&self.both).saturating_sub(asked));
        } else if !self.may_match(block, Known::Times) {
            add(&self.times, 1);
        } else if !self.may_match(block, Known::Schema) {
            add(&self.lacking, 1);
        } else if !self.may_match(block, Known::Bounds) {
            add(&self.bounds, 1);
        } else {
            add(&self.bloom, 1);
        }
        false
    }
}

impl Select for Blocks<'_> {
    fn needs(&self) -> Projection {
        Projection::NONE
    }

    fn select(&self, batch: &mut FlowBatch) {
        batch.select(Vec::new());
    }
}

/// How much of what a block says is looked at; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Known {
    Times,
    Schema,
    Bounds,
    All,
}

/// A block that says only some of what it could.
struct Partly<'b> {
    block: &'b dyn BlockFacts,
    known: Known,
}

impl BlockFacts for Partly<'_> {
    fn bounds(&self, field: Field) -> Option<(u64, u64)> {
        let time = matches!(field, Field::StartMs | Field::EndMs);
        (time || self.known >= Known::Bounds).then(|| self.block.bounds(field))?
    }

    fn schema(&self) -> Option<&Schema> {
        (self.known >= Known::Schema).then(|| self.block.schema())?
    }

    fn column_bounds(&self, at: usize) -> Option<(u64, u64)> {
        (self.known >= Known::Bounds).then(|| self.block.column_bounds(at))?
    }

    fn may_hold(&self, address: IpAddr) -> bool {
        self.known < Known::All || self.block.may_hold(address)
    }
}
