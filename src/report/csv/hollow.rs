//! Flows of no packets or no octets, which reports leave out, and only count.

use std::borrow::Cow;

use crate::flow::{Field, FlowBatch};

/// Leaves hollow flows out of batches. Scratch space, kept between batches.
#[derive(Default)]
pub(super) struct Hollow {
    values: Vec<u64>,
    rows: Vec<u32>,
}

impl Hollow {
    /// A batch's selected flows that have packets and octets, and how many have not. What a batch has no column of is
    /// nothing that its flows lack.
    pub fn leave_out<'b>(&mut self, batch: &'b FlowBatch) -> (Cow<'b, FlowBatch>, u64) {
        let counts = [Field::Packets, Field::Octets];
        if !counts.into_iter().fold(false, |any, field| self.has_zero(batch, field) || any) {
            return (Cow::Borrowed(batch), 0);
        }
        self.rows.clear();
        batch.rows().each(|row| self.rows.push(row as u32));
        for view in counts.into_iter().filter_map(|field| batch.view(field)) {
            self.rows.retain(|row| view.number(*row as usize) != 0);
        }
        let left = (batch.len() - self.rows.len()) as u64;
        let mut full = batch.clone();
        full.select(self.rows.clone());
        (Cow::Owned(full), left)
    }

    fn has_zero(&mut self, batch: &FlowBatch, field: Field) -> bool {
        // All values are looked at, not only up to the first zero: so it is done with many at once.
        let zeros = |values: &[u64]| values.iter().map(|value| u64::from(*value == 0)).sum::<u64>();
        batch.gather(field, &mut self.values) && zeros(&self.values) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{flow, v5};

    #[test]
    fn only_flows_of_packets_and_octets_are_left() {
        let mut batch = v5(&[(1, 40), (0, 40), (1, 0), (2, 80), (0, 0)]
            .map(|(packets, octets)| flow([1, 2], [3, 4], 6, octets, packets)));
        let mut hollow = Hollow::default();
        let (full, left) = hollow.leave_out(&batch);
        let mut packets = Vec::<u64>::new();
        assert!(full.gather(Field::Packets, &mut packets));
        assert_eq!((packets.as_slice(), left), (&[1, 2][..], 3));
        batch.select(vec![0, 2, 3]);
        let (full, left) = hollow.leave_out(&batch);
        assert_eq!((full.len(), left), (2, 1));
        batch.select(vec![0, 3]);
        assert!(matches!(hollow.leave_out(&batch), (Cow::Borrowed(_), 0)));
    }
}
