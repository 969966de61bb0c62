//! Router-clock time: exporters stamp flows with their uptime, and say beside it what the wall clock read.

use super::batch::FlowBatch;
use super::column::{Number, Rows};
use super::field::Field;
use super::schema::Schema;

/// Absolute ms since 1970 of an uptime stamp, as flow-tools computes it: unsigned 64-bit arithmetic over 32-bit
/// operands, so a clock that wrapped between boot and export shows as it shows there.
#[inline]
pub fn absolute_ms(unix_secs: u32, unix_nsecs: u32, uptime: u32, stamp: u32) -> u64 {
    let export = u64::from(unix_secs) * 1000 + u64::from(unix_nsecs / 1_000_000);
    export.wrapping_sub(u64::from(uptime)).wrapping_add(u64::from(stamp))
}

/// When flows were, ms since 1970: of some flows the least and greatest start, and the least and greatest end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Least and greatest time of first packets.
    pub start: (u64, u64),
    /// Least and greatest time of last packets.
    pub end: (u64, u64),
}

impl Span {
    /// Of some flows' times; `None` where there are none.
    pub fn of(start: &[u64], end: &[u64]) -> Option<Span> {
        let bounds = |times: &[u64]| times.iter().min().copied().zip(times.iter().max().copied());
        Some(Span { start: bounds(start)?, end: bounds(end)? })
    }

    /// Of the flows of both.
    pub fn union(self, other: Span) -> Span {
        let both = |a: (u64, u64), b: (u64, u64)| (a.0.min(b.0), a.1.max(b.1));
        Span { start: both(self.start, other.start), end: both(self.end, other.end) }
    }
}

/// Gathers absolute flow times, keeping its scratch space between batches.
#[derive(Default, Debug)]
pub struct FlowTimes {
    /// First packet of each selected flow, ms since 1970.
    pub start: Vec<u64>,
    /// Last packet of each selected flow, ms since 1970.
    pub end: Vec<u64>,
    secs: Vec<u32>,
    nsecs: Vec<u32>,
    uptime: Vec<u32>,
    stamp: Vec<u32>,
}

impl FlowTimes {
    /// The fields that times are made of, for a projection.
    pub const FIELDS: [Field; 7] =
        [Field::StartMs, Field::EndMs, Field::First, Field::Last, Field::UnixSecs, Field::UnixNsecs, Field::Uptime];

    /// Whether flows of a schema say when they were.
    pub fn known(schema: &Schema) -> bool {
        let has = |fields: &[Field]| fields.iter().all(|field| schema.has(*field));
        has(&[Field::StartMs, Field::EndMs]) || has(&[Field::First, Field::Last, Field::UnixSecs, Field::Uptime])
    }

    /// Fills `start` and `end` with the selected flows' times; zeros where the batch says nothing of them.
    pub fn gather(&mut self, batch: &FlowBatch) {
        self.gather_rows(batch, batch.rows());
    }

    /// As [`FlowTimes::gather`], of some of the batch's rows.
    pub fn gather_rows(&mut self, batch: &FlowBatch, rows: Rows<'_>) {
        if batch.has(Field::StartMs) && batch.has(Field::EndMs) {
            gather(batch, rows, Field::StartMs, &mut self.start);
            gather(batch, rows, Field::EndMs, &mut self.end);
            return;
        }
        gather(batch, rows, Field::UnixSecs, &mut self.secs);
        gather(batch, rows, Field::UnixNsecs, &mut self.nsecs);
        gather(batch, rows, Field::Uptime, &mut self.uptime);
        for (field, out) in [(Field::First, &mut self.start), (Field::Last, &mut self.end)] {
            gather(batch, rows, field, &mut self.stamp);
            out.clear();
            let clock = self.secs.iter().zip(&self.nsecs).zip(&self.uptime).zip(&self.stamp);
            out.extend(clock.map(|(((secs, nsecs), uptime), stamp)| absolute_ms(*secs, *nsecs, *uptime, *stamp)));
        }
    }
}

/// A field of some rows; zeros where the batch lacks it.
fn gather<N: Number>(batch: &FlowBatch, rows: Rows<'_>, field: Field, out: &mut Vec<N>) {
    match batch.view(field) {
        Some(view) => view.gather(rows, out),
        None => {
            out.clear();
            out.resize(rows.len(), N::truncate(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uptime_stamp_is_relative_to_boot() {
        assert_eq!(absolute_ms(1000, 5_999_999, 3000, 2500), 999_505);
        // Booted "after" it exported: unsigned, as the original has it.
        assert_eq!(absolute_ms(0, 0, 1, 0), u64::MAX);
    }
}
