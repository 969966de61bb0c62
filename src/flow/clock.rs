//! Absolute flow times as a classic record says them: an export time, the uptime at it, and two uptime stamps.

use super::batch::FlowBatch;
use super::field::Field;
use super::schema::Schema;
use super::time::FlowTimes;

/// The five clock fields of a classic record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamps {
    /// When it was exported, seconds since 1970...
    pub unix_secs: u32,
    /// ... and nanoseconds.
    pub unix_nsecs: u32,
    /// The router's uptime then, in ms.
    pub uptime: u32,
    /// Its uptime when the flow began.
    pub first: u32,
    /// Its uptime when the flow ended.
    pub last: u32,
}

impl Stamps {
    /// Stamps that say a flow lasted from `start` to `end` (ms since 1970). `exported` (seconds, nanoseconds) and
    /// `uptime` (ms) are kept if the stamps can be told by them; else the flow is exported when it ends, by a
    /// router that booted when it began.
    pub fn of(start: u64, end: u64, exported: Option<(u32, u32)>, uptime: Option<u32>) -> Stamps {
        exported
            .and_then(|(secs, nsecs)| Stamps::exported(start, end, secs, nsecs, uptime))
            .unwrap_or_else(|| Stamps::at_end(start, end))
    }

    fn exported(start: u64, end: u64, secs: u32, nsecs: u32, uptime: Option<u32>) -> Option<Stamps> {
        let export = u64::from(secs) * 1000 + u64::from(nsecs / 1_000_000);
        let earliest = start.min(end).min(export);
        let told = uptime.and_then(|up| export.checked_sub(up.into())).filter(|boot| *boot <= earliest);
        let since = |boot: u64| {
            Some(Stamps {
                unix_secs: secs,
                unix_nsecs: nsecs,
                uptime: u32::try_from(export.checked_sub(boot)?).ok()?,
                first: u32::try_from(start.checked_sub(boot)?).ok()?,
                last: u32::try_from(end.checked_sub(boot)?).ok()?,
            })
        };
        told.and_then(since).or_else(|| since(earliest))
    }

    fn at_end(start: u64, end: u64) -> Stamps {
        let late = end.max(start);
        let fit = |ms: u64| u32::try_from(ms).unwrap_or(u32::MAX);
        let boot = start.min(end);
        Stamps {
            unix_secs: fit(late / 1000),
            unix_nsecs: (late % 1000) as u32 * 1_000_000,
            uptime: fit(late - boot),
            first: fit(start - boot),
            last: fit(end - boot),
        }
    }
}

/// Whether flows of a schema say when they were, but not by an uptime that stands beside the stamps, as a classic
/// record does: then their stamps have to be made.
pub fn is_to_be_made(schema: &Schema) -> bool {
    let told = [Field::First, Field::Last, Field::Uptime].iter().all(|field| schema.has(*field));
    !told && FlowTimes::known(schema)
}

/// Gathers the clock fields of batches that say absolute times, keeping its scratch space.
#[derive(Default, Debug)]
pub struct Clock {
    times: FlowTimes,
    secs: Vec<u32>,
    nsecs: Vec<u32>,
    uptime: Vec<u32>,
}

impl Clock {
    /// The stamps of each selected flow, in order.
    pub fn stamps(&mut self, batch: &FlowBatch) -> impl Iterator<Item = Stamps> + '_ {
        self.times.gather(batch);
        let exported = batch.gather(Field::UnixSecs, &mut self.secs);
        batch.gather(Field::UnixNsecs, &mut self.nsecs);
        let booted = batch.gather(Field::Uptime, &mut self.uptime);
        let spans = self.times.start.iter().zip(&self.times.end);
        let clocks = self.secs.iter().zip(&self.nsecs).zip(&self.uptime);
        spans.zip(clocks).map(move |((start, end), ((secs, nsecs), uptime))| {
            Stamps::of(*start, *end, exported.then_some((*secs, *nsecs)), booted.then_some(*uptime))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::time::absolute_ms;

    fn span(s: Stamps) -> (u64, u64) {
        let at = |stamp| absolute_ms(s.unix_secs, s.unix_nsecs, s.uptime, stamp);
        (at(s.first), at(s.last))
    }

    #[test]
    fn stamps_say_the_times_they_were_made_of() {
        let (start, end) = (1_767_225_600_123, 1_767_225_660_456);
        let export = Some((1_767_225_661, 999));
        for stamps in [
            Stamps::of(start, end, None, None),
            Stamps::of(start, end, export, None),
            Stamps::of(start, end, export, Some(3_600_000)),
            // Booted after the flow began, says the exporter.
            Stamps::of(start, end, export, Some(5)),
            // Exported a year later.
            Stamps::of(start, end, Some((1_798_761_600, 0)), None),
            Stamps::of(start, end, Some((0, 0)), Some(7)),
        ] {
            assert_eq!(span(stamps), (start, end), "{stamps:?}");
        }
        let kept = Stamps::of(start, end, export, Some(3_600_000));
        assert_eq!((kept.unix_secs, kept.unix_nsecs, kept.uptime), (1_767_225_661, 999, 3_600_000));
    }

    #[test]
    fn stamps_without_an_uptime_are_made_anew() {
        use crate::flow::{Element, FieldSpec, ie};
        let schema = |elements: &[Element]| {
            let spec = |element: &Element| FieldSpec { element: *element, occurrence: 0, width: 4 };
            Schema::new(elements.iter().map(spec).collect())
        };
        let boot = Field::BootMs.candidates()[0];
        assert!(is_to_be_made(&schema(&[ie::FIRST, ie::LAST, ie::UNIX_SECS, boot])));
        assert!(!is_to_be_made(&schema(&[ie::FIRST, ie::LAST, ie::UNIX_SECS, ie::UPTIME])));
        assert!(!is_to_be_made(&schema(&[ie::FIRST, ie::LAST])));
    }

    #[test]
    fn an_end_before_the_start_stays_one() {
        assert_eq!(span(Stamps::of(2000, 1000, None, None)), (2000, 1000));
    }
}
