//! Groups in the order in which their first flows came.
//!
//! Batches are grouped on any thread, and what they come to is merged in their order. That is for keys of few values,
//! such as sizes: the merging is one thread's work.

use super::engine::{counts, sums};
use super::gather::{Keys, Source, Values};
use super::rank::Rows;
use super::table::{Table, hash};
use super::{Counts, Grouping, Groups};
use crate::flow::FlowBatch;

/// Some flows grouped, in order of arrival.
pub struct Arrived {
    grouping: Grouping,
    table: Table<1, 3>,
    totals: Counts,
    lacking: u64,
}

impl Arrived {
    /// No flows yet. `None` if the key needs more than one word.
    pub fn new(grouping: Grouping) -> Option<Arrived> {
        let fits = grouping.layout(false).words() == 1 && !grouping.layout(true).is_wide();
        fits.then(|| Arrived { grouping, table: Table::default(), totals: Counts::default(), lacking: 0 })
    }

    /// A batch's selected flows, grouped as these are.
    pub fn batch(grouping: &Grouping, batch: &FlowBatch) -> Option<Arrived> {
        let mut arrived = Arrived::new(grouping.clone())?;
        if !grouping.suits(batch.schema()) {
            arrived.lacking = batch.len() as u64;
            return Some(arrived);
        }
        let (mut values, mut keys, layout) = (Values::default(), Keys::<1>::default(), grouping.layout(false));
        values.gather(batch, grouping, &mut arrived.totals);
        for key in grouping.keys() {
            keys.gather(Source::flows(batch), values.rows(batch), &values, key, &layout);
            for (at, key) in keys.keys.iter().enumerate() {
                arrived.add(key, &values.get(at));
            }
        }
        Some(arrived)
    }

    fn add(&mut self, key: &[u64; 1], counts: &Counts) {
        self.table.add(hash(key, 0), key, counts.flows, &sums(counts), 0);
    }

    /// Adds flows that came later.
    pub fn merge(&mut self, later: &Arrived) {
        later.table.rows.iter().for_each(|row| self.add(&row.key, &counts(row)));
        self.totals.add(&later.totals);
        self.lacking += later.lacking;
    }

    /// The groups; [`SortBy::Arrival`](super::SortBy::Arrival) keeps their order.
    pub fn finish(self) -> Groups {
        let rows = Rows { layout: self.grouping.layout(false), partitions: vec![self.table.rows] };
        Groups::new(Box::new(rows), self.totals, self.lacking)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flow, v5};
    use super::super::{Order, Part, SortBy};
    use super::*;
    use crate::flow::Field;

    #[test]
    fn groups_stand_as_they_came() {
        let grouping = Grouping::by(&[Part::Number(Field::Octets)]).unwrap();
        let mut all = Arrived::new(grouping.clone()).unwrap();
        for octets in [[900, 40], [40, 7], [900, 8]] {
            let batch = v5(&octets.map(|octets| flow([1, 2], [3, 4], 6, octets, 1)));
            all.merge(&Arrived::batch(&grouping, &batch).unwrap());
        }
        let mut groups = all.finish();
        let mut seen = Vec::new();
        let order = Order { by: SortBy::Arrival, descending: false };
        let see = |entries: &[super::super::Entry]| {
            seen.extend(entries.iter().map(|e| (e.key[0], e.counts.flows)));
            Ok::<_, ()>(())
        };
        groups.visit(order, usize::MAX, see).unwrap();
        assert_eq!(seen, [(900, 2), (40, 2), (7, 1), (8, 1)]);
        assert_eq!(groups.totals().flows, 6);
    }
}
