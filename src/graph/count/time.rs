//! Steps of time, and which of them flows are counted in.

/// Steps of a length that a file's flows may be counted in, beginnings in seconds since 1970, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Steps {
    /// Seconds a step.
    pub length: u64,
    /// The first that is open; what ended before is counted in it.
    pub first: u64,
    /// The last; what ended later is counted in it.
    pub last: u64,
}

/// How flows that lasted longer than a step are counted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Times {
    /// In the step in which they ended.
    #[default]
    End,
    /// In all steps that they lasted, as if they had been even; the flow itself in the last.
    Spread,
}

impl Steps {
    /// The steps of a file whose capture lasted from `start` to before `end` (seconds since 1970).
    pub fn of(length: u64, start: u64, end: u64) -> Steps {
        let length = length.max(1);
        let at = |time: u64| time / length * length;
        Steps { length, first: at(start), last: at(end.saturating_sub(1).max(start)) }
    }

    /// The beginning of the step a moment (ms since 1970) is counted in.
    #[inline]
    pub fn at(&self, ms: u64) -> u64 {
        (ms / 1000 / self.length * self.length).clamp(self.first, self.last.max(self.first))
    }

    /// Cuts what was counted from `start` to `end` (ms since 1970) into steps; `each` is given a step's beginning and
    /// its part of every amount. The parts add up to the amounts.
    pub fn spread<const N: usize>(&self, start: u64, end: u64, amounts: [u64; N], mut each: impl FnMut(u64, [u64; N])) {
        let lasted = end.saturating_sub(start);
        let (first, last) = (self.at(start), self.at(end));
        if lasted == 0 || first == last {
            return each(last, amounts);
        }
        let mut given = [0; N];
        let mut step = first;
        loop {
            // Up to the end of the step, from the beginning of the flow.
            let until = match step == last {
                true => lasted,
                false => (step + self.length).saturating_mul(1000).saturating_sub(start).min(lasted),
            };
            let share = |amount: u64| (u128::from(amount) * u128::from(until) / u128::from(lasted)) as u64;
            let so_far = amounts.map(share);
            let mut part = so_far;
            part.iter_mut().zip(&given).for_each(|(part, given)| *part -= given);
            each(step, part);
            given = so_far;
            if step >= last {
                return;
            }
            step += self.length;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_has_the_steps_of_its_capture() {
        assert_eq!(Steps::of(300, 900, 1200), Steps { length: 300, first: 900, last: 900 });
        assert_eq!(Steps::of(300, 1003, 1803), Steps { length: 300, first: 900, last: 1800 });
        assert_eq!(Steps::of(300, 900, 0), Steps { length: 300, first: 900, last: 900 });
        let steps = Steps::of(300, 900, 1500);
        assert_eq!([0, 899_999, 1_199_999, 1_200_000, u64::MAX].map(|ms| steps.at(ms)), [900, 900, 900, 1200, 1200]);
    }

    #[test]
    fn a_flow_is_spread_over_what_it_lasted() {
        let steps = Steps::of(300, 0, 3000);
        let mut parts = Vec::new();
        // A minute of the first step, all of the second, half a minute of the third.
        steps.spread(240_000, 630_000, [390, 13], |at, part| parts.push((at, part)));
        assert_eq!(parts, [(0, [60, 2]), (300, [300, 10]), (600, [30, 1])]);
    }

    proptest! {
        #[test]
        fn parts_add_up(start in 0u64..4_000_000, lasted in 0u64..4_000_000, amount: u64, from in 0u64..2000, to in 0u64..4000) {
            let steps = Steps::of(300, from, to);
            let (mut sum, mut before) = (0u64, None);
            steps.spread(start, start + lasted, [amount], |at, [part]| {
                assert!(before < Some(at) && (steps.first..=steps.last).contains(&at) && at % 300 == 0);
                before = Some(at);
                sum += part;
            });
            prop_assert_eq!(sum, amount);
        }
    }
}
