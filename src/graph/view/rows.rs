//! Rows of time, and the values of RRDs in them.

use crate::graph::Fetched;

/// More rows than any picture has points.
const MOST: i64 = 100_000;

/// Rows of equal length that cover a period. Each ends at a multiple of its length, as rrdtool's do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axis {
    /// The end of the first row, seconds since 1970.
    pub first: i64,
    /// Seconds a row.
    pub step: i64,
    /// Rows.
    pub count: usize,
    /// The period, rounded to the steps of the finest values that there are for all of it.
    known: [i64; 2],
}

impl Axis {
    /// The rows of a period, of `step` seconds, or so many times it that there are at most `most`.
    pub fn of([from, to]: [i64; 2], step: i64, most: usize) -> Axis {
        let fine = step.max(1);
        let to = to.max(from.saturating_add(1));
        let most = i64::try_from(most).unwrap_or(MOST).clamp(1, MOST);
        let count = |step: i64| -> i64 { (to - 1).div_euclid(step) - from.div_euclid(step) + 1 };
        let mut times = (count(fine) - 1) / most + 1;
        // The first and the last row may reach out of the period.
        while count(fine.saturating_mul(times)) > most && times < i64::MAX / fine / 2 {
            times += 1;
        }
        let step = fine.saturating_mul(times);
        let known = [from.div_euclid(fine) * fine, ((to - 1).div_euclid(fine) + 1) * fine];
        let first = (from.div_euclid(step) + 1) * step;
        Axis { first, step, count: usize::try_from(count(step)).unwrap_or(1), known }
    }

    /// The ends of the rows.
    pub fn times(&self) -> impl Iterator<Item = i64> {
        let Axis { first, step, count, .. } = *self;
        (0..count).map(move |row| first + step * row as i64)
    }

    /// Values of rows of whatever length in these rows: a row's average, unknown if more than half of it is.
    pub fn fit(&self, values: &Values) -> [Vec<f64>; 2] {
        if values.step == self.step {
            return [0, 1].map(|way| self.times().map(|time| values.at(time, way)).collect());
        }
        [0, 1].map(|way| {
            let mut sums = vec![(0.0, 0); self.count];
            for (end, row) in &values.rows {
                let value = row[way];
                if !value.is_nan() {
                    self.spread([end - values.step, *end], value, &mut sums);
                }
            }
            let average = |((sum, secs), end): ((f64, i64), i64)| {
                let wanted = end.min(self.known[1]) - (end - self.step).max(self.known[0]);
                if secs > 0 && secs * 2 >= wanted { sum / secs as f64 } else { f64::NAN }
            };
            sums.into_iter().zip(self.times()).map(average).collect()
        })
    }

    /// Adds a value that holds from one time to another.
    fn spread(&self, [from, to]: [i64; 2], value: f64, sums: &mut [(f64, i64)]) {
        let start = self.first - self.step;
        let row = |time: i64| usize::try_from((time - start).div_euclid(self.step)).unwrap_or(0);
        for (at, (sum, secs)) in sums.iter_mut().enumerate().take(row(to - 1).saturating_add(1)).skip(row(from)) {
            let begin = start + self.step * at as i64;
            let overlap = to.min(begin + self.step) - from.max(begin);
            if overlap > 0 {
                *sum += value * overlap as f64;
                *secs += overlap;
            }
        }
    }
}

/// What an RRD holds of two of its sources, inbound and outbound.
#[derive(Clone, PartialEq, Debug)]
pub struct Values {
    /// Seconds a row.
    pub step: i64,
    /// The ends of rows, ascending, each with its values; not a number is unknown.
    pub rows: Vec<(i64, [f64; 2])>,
}

impl Values {
    /// The values of two sources, each multiplied; none if the RRD does not have them.
    pub fn of(fetched: &Fetched, sources: [&str; 2], factor: f64) -> Option<Values> {
        let place = |name: &str| fetched.sources.iter().position(|source| source == name);
        let [into, out] = [place(sources[0])?, place(sources[1])?];
        let value = |row: &[f64], at: usize| rate(row.get(at).copied().unwrap_or(f64::NAN) * factor);
        let rows: Vec<_> =
            fetched.rows.iter().map(|(time, row)| (*time, [value(row, into), value(row, out)])).collect();
        let step = match rows.as_slice() {
            [(one, _), (two, _), ..] => two - one,
            _ => 0,
        };
        Some(Values { step: step.max(1), rows })
    }

    fn at(&self, time: i64, way: usize) -> f64 {
        let row = self.rows.binary_search_by_key(&time, |(end, _)| *end).ok();
        row.and_then(|row| self.rows.get(row)).map_or(f64::NAN, |(_, values)| values[way])
    }
}

/// The greatest rate there can be: what is beyond is damage, and would only overflow.
const GREATEST: f64 = 1e30;

/// A rate: what cannot be one is unknown.
pub(super) fn rate(value: f64) -> f64 {
    if (0.0..=GREATEST).contains(&value) { value } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(step: i64, rows: &[(i64, f64)]) -> Values {
        Values { step, rows: rows.iter().map(|(time, value)| (*time, [*value, 2.0 * value])).collect() }
    }

    #[test]
    fn rows_cover_a_period() {
        let axis = Axis::of([600, 1200], 300, 100);
        assert_eq!(axis.times().collect::<Vec<_>>(), [900, 1200]);
        let axis = Axis::of([601, 1201], 300, 100);
        assert_eq!(axis.times().collect::<Vec<_>>(), [900, 1200, 1500]);
        let axis = Axis::of([0, 3000], 300, 5);
        assert_eq!((axis.step, axis.count), (600, 5));
        let axis = Axis::of([300, 3300], 300, 5);
        assert_eq!((axis.first, axis.step, axis.count), (900, 900, 4));
        assert!(Axis::of([0, i64::MAX / 4], 300, usize::MAX).count <= 100_000);
    }

    #[test]
    fn rows_of_the_same_length_are_taken_as_they_are() {
        let axis = Axis::of([0, 900], 300, 10);
        let [into, out] = axis.fit(&values(300, &[(300, 0.1), (900, 0.3), (1200, 7.0)]));
        assert_eq!((into[0], into[2], out[2]), (0.1, 0.3, 0.6));
        assert!(into[1].is_nan());
    }

    #[test]
    fn rows_of_other_lengths_are_averaged() {
        let axis = Axis::of([0, 1200], 300, 2);
        let nan = f64::NAN;
        let [into, _] = axis.fit(&values(300, &[(300, 1.0), (600, 3.0), (900, nan), (1200, 5.0)]));
        assert_eq!(into, [2.0, 5.0]);
        let [into, _] = axis.fit(&values(1200, &[(1200, 4.0)]));
        assert_eq!(into, [4.0, 4.0]);
        let [into, _] = axis.fit(&values(200, &[(200, nan), (400, nan), (600, 1.0), (800, 1.0)]));
        assert!(into[0].is_nan() && into[1].is_nan());
        // A row that the period's end cuts is not unknown for what is outside.
        let axis = Axis::of([1500, 3600], 300, 4);
        assert_eq!((axis.first, axis.step), (1800, 600));
        let [into, _] = axis.fit(&values(300, &[(1800, 9.0), (2100, nan), (2400, 1.0)]));
        assert_eq!(into[..2], [9.0, 1.0]);
    }

    #[test]
    fn what_cannot_be_a_rate_is_unknown() {
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert!(rate(wrong).is_nan(), "{wrong}");
        }
        assert_eq!([0.0, 1e-9, 1e30].map(rate), [0.0, 1e-9, 1e30]);
    }
}
