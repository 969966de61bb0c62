//! Groups of small keys: an array, one place a key.

use super::Counts;
use super::gather::{Numbers, Source, Values};
use super::part::Part;
use crate::flow::FlowBatch;

/// Keys below this have a place.
const KEYS: usize = 1 << 16;

/// Counts of keys of up to 16 bits.
#[derive(Default)]
pub(super) struct Direct {
    /// Empty before the first flow.
    counts: Vec<Counts>,
    numbers: Numbers,
}

impl Direct {
    /// Whether the batch's keys, which are one part, are small.
    pub fn suits(batch: &FlowBatch, part: Part) -> bool {
        match part {
            Part::Number(field) => batch.view(field).is_some_and(|view| matches!(view.width(), 1 | 2)),
            _ => false,
        }
    }

    /// Adds a batch that it suits.
    pub fn add(&mut self, batch: &FlowBatch, values: &Values, part: Part) {
        self.counts.resize(KEYS, Counts::default());
        self.numbers.gather(Source::flows(batch), values.rows(batch), values, part);
        for (at, key) in self.numbers.values.iter().enumerate() {
            if let Some(counts) = self.counts.get_mut(*key as usize) {
                counts.add(&values.get(at));
            }
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: Direct) {
        if self.counts.is_empty() {
            self.counts = other.counts;
            return;
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(sum, counts)| sum.add(counts));
    }

    /// The keys that have flows, and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Counts)> {
        self.counts.iter().enumerate().filter(|(_, c)| c.flows > 0).map(|(key, c)| (key as u64, c))
    }
}
