//! Router-clock time: exporters stamp flows with their uptime, and say beside it what the wall clock read.

use super::batch::FlowBatch;
use super::column::{Number, Rows};
use super::field::{Field, Projection};
use super::schema::Schema;

/// Absolute ms since 1970 of an uptime stamp, as flow-tools computes it: unsigned 64-bit arithmetic over 32-bit
/// operands, so a clock that wrapped between boot and export shows as it shows there.
#[inline]
pub fn absolute_ms(unix_secs: u32, unix_nsecs: u32, uptime: u32, stamp: u32) -> u64 {
    let export = u64::from(unix_secs) * 1000 + u64::from(unix_nsecs / 1_000_000);
    export.wrapping_sub(u64::from(uptime)).wrapping_add(u64::from(stamp))
}

/// Absolute ms since 1970 of an uptime stamp, where the stamp is within 24 days of the export: right across a wrap of
/// the uptime, and for flows from before the exporter was started.
#[inline]
fn nearest_ms(export: u64, uptime: u32, stamp: u32) -> u64 {
    export.saturating_add_signed(i64::from(stamp.wrapping_sub(uptime) as i32))
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

/// Where flows of a schema tell a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// Ms since 1970.
    Ms(Field),
    /// Seconds since 1970.
    Secs(Field),
    /// NTP's 64-bit format (RFC 7011 section 6.1.9).
    Ntp(Field),
    /// Microseconds before the export.
    Ago(Field),
    /// Ms of uptime, by the export time and uptime at the export: as flow-tools has it of classic records, which tell
    /// the nanoseconds of the export.
    Uptime(Field),
    /// The same of version 9's records.
    NearUptime(Field),
    /// Ms of uptime, by the time of boot.
    SinceBoot(Field),
}

impl Source {
    /// The best of what a schema has: candidates in order, with what each needs besides.
    fn of(schema: &Schema, candidates: [(Source, &[Field]); 7]) -> Option<Source> {
        let complete = |(_, needs): &(Source, &[Field])| needs.iter().all(|field| schema.has(*field));
        candidates.into_iter().find(complete).map(|(source, _)| source)
    }

    fn start(schema: &Schema) -> Option<Source> {
        use Field::{BootMs, First, StartAgo, StartMs, StartNtp, StartSecs, UnixNsecs, UnixSecs, Uptime};
        Source::of(
            schema,
            [
                (Source::Ms(StartMs), &[StartMs]),
                (Source::Secs(StartSecs), &[StartSecs]),
                (Source::Ntp(StartNtp), &[StartNtp]),
                (Source::Ago(StartAgo), &[StartAgo, UnixSecs]),
                (Source::Uptime(First), &[First, UnixSecs, UnixNsecs, Uptime]),
                (Source::NearUptime(First), &[First, UnixSecs, Uptime]),
                (Source::SinceBoot(First), &[First, BootMs]),
            ],
        )
    }

    fn end(schema: &Schema) -> Option<Source> {
        use Field::{BootMs, EndAgo, EndMs, EndNtp, EndSecs, Last, UnixNsecs, UnixSecs, Uptime};
        Source::of(
            schema,
            [
                (Source::Ms(EndMs), &[EndMs]),
                (Source::Secs(EndSecs), &[EndSecs]),
                (Source::Ntp(EndNtp), &[EndNtp]),
                (Source::Ago(EndAgo), &[EndAgo, UnixSecs]),
                (Source::Uptime(Last), &[Last, UnixSecs, UnixNsecs, Uptime]),
                (Source::NearUptime(Last), &[Last, UnixSecs, Uptime]),
                (Source::SinceBoot(Last), &[Last, BootMs]),
            ],
        )
    }

    /// Where both times are told. Where only one is, it is both; where none is, events of firewalls still say when
    /// they were seen.
    fn both(schema: &Schema) -> Option<(Source, Source)> {
        let seen = schema.has(Field::ObservedMs).then_some(Source::Ms(Field::ObservedMs));
        let (start, end) = (Source::start(schema), Source::end(schema).or(seen));
        start.or(end).zip(end.or(start))
    }

    /// Whether the element says the time only together with others.
    fn is_relative(self) -> bool {
        matches!(self, Source::Ago(_) | Source::Uptime(_) | Source::NearUptime(_) | Source::SinceBoot(_))
    }
}

/// Gathers absolute flow times, keeping its scratch space between batches.
///
/// Times are those of `flowStartMilliseconds` and its like; else seconds, microseconds or nanoseconds since 1970; else
/// relative to the export, or to the exporter's boot.
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
    wide: Vec<u64>,
}

impl FlowTimes {
    /// The fields that times are made of, for a projection.
    pub const FIELDS: [Field; 15] = [
        Field::StartMs,
        Field::EndMs,
        Field::First,
        Field::Last,
        Field::UnixSecs,
        Field::UnixNsecs,
        Field::Uptime,
        Field::StartSecs,
        Field::EndSecs,
        Field::StartNtp,
        Field::EndNtp,
        Field::StartAgo,
        Field::EndAgo,
        Field::BootMs,
        Field::ObservedMs,
    ];

    /// What a reader has to read for them.
    pub fn needs() -> Projection {
        Projection::of(&FlowTimes::FIELDS)
    }

    /// Whether flows of a schema say when they were.
    pub fn known(schema: &Schema) -> bool {
        Source::both(schema).is_some()
    }

    /// Whether flows of a schema say when they were, but not in elements that say it by themselves.
    pub fn computed(schema: &Schema) -> bool {
        Source::both(schema).is_some_and(|(start, end)| start.is_relative() && end.is_relative())
    }

    /// Fills `start` and `end` with the selected flows' times; zeros where the batch says nothing of them.
    pub fn gather(&mut self, batch: &FlowBatch) {
        self.gather_rows(batch, batch.rows());
    }

    /// As [`FlowTimes::gather`], of some of the batch's rows.
    pub fn gather_rows(&mut self, batch: &FlowBatch, rows: Rows<'_>) {
        // Without a clock, uptimes are better than nothing.
        let bare = (Source::Uptime(Field::First), Source::Uptime(Field::Last));
        let (start, end) = Source::both(batch.schema()).unwrap_or(bare);
        if start.is_relative() || end.is_relative() {
            gather(batch, rows, Field::UnixSecs, &mut self.secs);
            gather(batch, rows, Field::UnixNsecs, &mut self.nsecs);
            gather(batch, rows, Field::Uptime, &mut self.uptime);
        }
        let (mut starts, mut ends) = (std::mem::take(&mut self.start), std::mem::take(&mut self.end));
        self.times(batch, rows, start, &mut starts);
        self.times(batch, rows, end, &mut ends);
        (self.start, self.end) = (starts, ends);
    }

    fn times(&mut self, batch: &FlowBatch, rows: Rows<'_>, source: Source, out: &mut Vec<u64>) {
        match source {
            Source::Ms(field) => gather(batch, rows, field, out),
            Source::Secs(field) => {
                gather(batch, rows, field, out);
                out.iter_mut().for_each(|time| *time = time.saturating_mul(1000));
            }
            Source::Ntp(field) => {
                gather(batch, rows, field, out);
                out.iter_mut().for_each(|time| *time = ntp_ms(*time));
            }
            Source::Ago(field) => {
                gather(batch, rows, field, &mut self.wide);
                out.clear();
                let clock = self.secs.iter().zip(&self.nsecs).zip(&self.wide);
                out.extend(clock.map(|((secs, nsecs), ago)| {
                    let export = u64::from(*secs) * 1_000_000 + u64::from(nsecs / 1000);
                    export.saturating_sub(*ago) / 1000
                }));
            }
            Source::Uptime(field) => {
                gather(batch, rows, field, &mut self.stamp);
                out.clear();
                let clock = self.secs.iter().zip(&self.nsecs).zip(&self.uptime).zip(&self.stamp);
                out.extend(clock.map(|(((secs, nsecs), uptime), stamp)| absolute_ms(*secs, *nsecs, *uptime, *stamp)));
            }
            Source::NearUptime(field) => {
                gather(batch, rows, field, &mut self.stamp);
                out.clear();
                let clock = self.secs.iter().zip(&self.uptime).zip(&self.stamp);
                let time = |((secs, uptime), stamp): ((&u32, &u32), &u32)| {
                    nearest_ms(u64::from(*secs) * 1000, *uptime, *stamp)
                };
                out.extend(clock.map(time));
            }
            Source::SinceBoot(field) => {
                gather(batch, rows, field, &mut self.stamp);
                gather(batch, rows, Field::BootMs, out);
                for ((time, secs), stamp) in out.iter_mut().zip(&self.secs).zip(&self.stamp) {
                    *time = since_boot(*time, u64::from(*secs) * 1000, *stamp);
                }
            }
        }
    }
}

/// Ms since 1970 of an uptime stamp, by when the exporter was started, and when it exported if that is known.
fn since_boot(boot: u64, export: u64, stamp: u32) -> u64 {
    match (boot, export) {
        // The flow was not long before it was exported.
        (0, export) => export,
        (boot, 0) => boot.saturating_add(stamp.into()),
        (boot, export) => nearest_ms(export, export.wrapping_sub(boot) as u32, stamp),
    }
}

/// Ms since 1970 of a time in NTP's format, whose seconds count from 1900, or from 2036 for times after that.
fn ntp_ms(ntp: u64) -> u64 {
    const UNTIL_1970: u32 = 2_208_988_800;
    let seconds = ((ntp >> 32) as u32).wrapping_sub(UNTIL_1970);
    // Rounded: fractions were made from whole numbers of units.
    if ntp == 0 { 0 } else { u64::from(seconds) * 1000 + (((ntp & 0xFFFF_FFFF) * 1000 + (1 << 31)) >> 32) }
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
    use std::sync::Arc;

    use super::super::{Column, Element, FieldSpec, ie};
    use super::*;

    /// The times of one flow that has these elements, eight octets each.
    fn times(elements: &[(Element, u64)]) -> Option<(u64, u64)> {
        let spec = |(element, _): &(Element, u64)| FieldSpec { element: *element, occurrence: 0, width: 8 };
        let schema = Arc::new(Schema::new(elements.iter().map(spec).collect()));
        let column = |(_, n): &(Element, u64)| Column::Constant { value: n.to_ne_bytes().to_vec() };
        let known = FlowTimes::known(&schema);
        let batch = FlowBatch::from_columns(schema, 1, elements.iter().map(column).collect());
        let mut times = FlowTimes::default();
        times.gather(&batch);
        known.then_some((times.start[0], times.end[0]))
    }

    #[test]
    fn an_uptime_stamp_is_relative_to_boot() {
        assert_eq!(absolute_ms(1000, 5_999_999, 3000, 2500), 999_505);
        // Booted "after" it exported: unsigned, as the original has it.
        assert_eq!(absolute_ms(0, 0, 1, 0), u64::MAX);
    }

    #[test]
    fn times_are_told_in_many_ways() {
        let ntp = |ms: u64| ((2_208_988_800 + ms / 1000) << 32) + ((ms % 1000) << 32) / 1000;
        for (elements, want) in [
            (&[(ie::START_MS, 1500), (ie::END_MS, 2500), (ie::START_SECS, 9)][..], (1500, 2500)),
            (&[(ie::START_SECS, 3), (ie::END_SECS, 4)], (3000, 4000)),
            (&[(ie::START_US, ntp(1234)), (ie::END_NS, ntp(5678))], (1234, 5678)),
            (&[(ie::START_AGO, 2_500_000), (ie::END_AGO, 500_000), (ie::UNIX_SECS, 10)], (7500, 9500)),
            (&[(ie::FIRST, 100), (ie::LAST, 200), (ie::UNIX_SECS, 10), (ie::UPTIME, 300)], (9800, 9900)),
            (&[(ie::FIRST, u64::MAX), (ie::LAST, 0), (ie::UNIX_SECS, 10), (ie::UPTIME, 300)], (9699, 9700)),
            (&[(ie::FIRST, 100), (ie::LAST, 200), (ie::BOOT_MS, 7000)], (7100, 7200)),
            (&[(ie::FIRST, 100), (ie::LAST, u64::MAX), (ie::BOOT_MS, 7000), (ie::UNIX_SECS, 9)], (7100, 6999)),
            (&[(ie::FIRST, 100), (ie::LAST, 200), (ie::BOOT_MS, 0), (ie::UNIX_SECS, 9)], (9000, 9000)),
            (&[(ie::START_MS, 1500), (ie::OBSERVED_MS, 2500)], (1500, 2500)),
            (&[(ie::OBSERVED_MS, 2500)], (2500, 2500)),
            (&[(ie::START_SECS, 3)], (3000, 3000)),
        ] {
            assert_eq!(times(elements), Some(want), "{elements:?}");
        }
        assert_eq!(times(&[(ie::FIRST, 100), (ie::LAST, 200), (ie::UNIX_SECS, 10)]), None);
        assert_eq!(times(&[(ie::START_AGO, 100)]), None);
    }

    #[test]
    fn ntp_goes_on_after_2036() {
        assert_eq!(ntp_ms(0), 0);
        assert_eq!(ntp_ms(1 << 32), 1000 * ((1 << 32) + 1 - 2_208_988_800));
    }
}
