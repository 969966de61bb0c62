//! What an RRD is to hold.

use super::words::source_name;

/// What an RRD is made with.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    /// The time before which it holds nothing, seconds since 1970.
    pub start: i64,
    /// Seconds a step.
    pub step: u64,
    /// What is measured.
    pub sources: Vec<Source>,
    /// What is kept of it.
    pub archives: Vec<Archive>,
}

impl Layout {
    /// The steps that a row of flow-tools' archives consolidates: 5 minutes, half an hour, 2 hours, a day, where a step
    /// is 5 minutes.
    const STEPS: [u64; 4] = [1, 6, 24, 288];

    /// Archives of flow-tools' intervals with so many rows each: averages, and greatest values.
    pub fn archives(rows: &[u64]) -> Vec<Archive> {
        let sizes: Vec<(u64, u64)> = Layout::STEPS.into_iter().zip(rows.iter().copied()).collect();
        Layout::both(&sizes)
    }

    /// Archives of averages and of greatest values: steps a row, and rows.
    pub fn both(sizes: &[(u64, u64)]) -> Vec<Archive> {
        [Consolidation::Average, Consolidation::Max].into_iter().flat_map(|how| Layout::kept(how, sizes)).collect()
    }

    /// Archives of averages: steps a row, and rows.
    pub fn averages(sizes: &[(u64, u64)]) -> Vec<Archive> {
        Layout::kept(Consolidation::Average, sizes).collect()
    }

    fn kept(consolidation: Consolidation, sizes: &[(u64, u64)]) -> impl Iterator<Item = Archive> {
        sizes.iter().map(move |(steps, rows)| Archive { consolidation, steps: *steps, rows: *rows })
    }
}

/// A data source of an RRD.
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// What its values mean.
    pub sort: Sort,
    /// Seconds after which a value that has not come is unknown.
    pub heartbeat: u64,
}

impl Source {
    /// A source of values that are never below 0. Its name is made to be one that rrdtool takes.
    pub fn new(field: &str, sort: Sort, heartbeat: u64) -> Source {
        Source { name: source_name(field), sort, heartbeat }
    }
}

/// What the values of a source mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// What there is: kept as it is.
    Gauge,
    /// What was counted since the last value: kept a second.
    Absolute,
    /// A counter that goes on: its growth is kept, a second. What a counter lost when it began anew is unknown.
    Derive,
}

impl Sort {
    /// rrdtool's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Sort::Gauge => "GAUGE",
            Sort::Absolute => "ABSOLUTE",
            Sort::Derive => "DERIVE",
        }
    }
}

/// Rows of consolidated steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Archive {
    /// How steps become a row. Half of them may be unknown.
    pub consolidation: Consolidation,
    /// Steps a row.
    pub steps: u64,
    /// Rows kept.
    pub rows: u64,
}

/// How steps become a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consolidation {
    /// Their mean.
    Average,
    /// The greatest.
    Max,
}

impl Consolidation {
    /// rrdtool's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Consolidation::Average => "AVERAGE",
            Consolidation::Max => "MAX",
        }
    }
}
