//! Sets of numbers as ranges.

/// A number that ranges are made of: `u64` for the numbers of a flow, `u32` and `u128` for addresses.
pub trait Point: Copy + Ord {
    /// The least number.
    const LEAST: Self;
    /// The greatest.
    const GREATEST: Self;
    /// The next greater one, if there is.
    fn next(self) -> Option<Self>;
    /// The next smaller one, if there is.
    fn previous(self) -> Option<Self>;
}

macro_rules! point {
    ($($t:ty)+) => { $(impl Point for $t {
        const LEAST: $t = 0;
        const GREATEST: $t = <$t>::MAX;
        #[inline]
        fn next(self) -> Option<$t> { self.checked_add(1) }
        #[inline]
        fn previous(self) -> Option<$t> { self.checked_sub(1) }
    })+ };
}
point!(u32 u64 u128);

/// A set of numbers: ascending ranges, ends included, with gaps between them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ranges<T> {
    ranges: Vec<(T, T)>,
}

impl<T> Default for Ranges<T> {
    fn default() -> Ranges<T> {
        Ranges { ranges: Vec::new() }
    }
}

impl<T: Point> Ranges<T> {
    /// No number.
    pub fn none() -> Ranges<T> {
        Ranges::default()
    }

    /// Every number.
    pub fn all() -> Ranges<T> {
        Ranges { ranges: vec![(T::LEAST, T::GREATEST)] }
    }

    /// The numbers in any of these ranges, which may overlap and come in any order; one whose end is below its
    /// start holds nothing.
    pub fn of(ranges: impl IntoIterator<Item = (T, T)>) -> Ranges<T> {
        let mut sorted: Vec<(T, T)> = ranges.into_iter().filter(|(low, high)| low <= high).collect();
        sorted.sort_unstable();
        let mut ranges: Vec<(T, T)> = Vec::with_capacity(sorted.len());
        for (low, high) in sorted {
            match ranges.last_mut() {
                // Touching or overlapping: no number lies between.
                Some((_, end)) if end.next().is_none_or(|next| low <= next) => *end = high.max(*end),
                _ => ranges.push((low, high)),
            }
        }
        Ranges { ranges }
    }

    /// What an ordered list of rules lets in: the first range that holds a number decides, and no range means no.
    pub fn first_match(rules: &[(T, T, bool)]) -> Ranges<T> {
        // Every number from one boundary to the next meets the same rules.
        let mut edges: Vec<T> = vec![T::LEAST];
        for (low, high, _) in rules.iter().filter(|(low, high, _)| low <= high) {
            edges.push(*low);
            edges.extend(high.next());
        }
        edges.sort_unstable();
        edges.dedup();
        // Rules paint the stretches nobody has painted before; `skip` leads past those that are painted.
        let mut skip: Vec<usize> = (0..=edges.len()).collect();
        let mut permitted = Vec::new();
        for (low, high, permit) in rules.iter().filter(|(low, high, _)| low <= high) {
            let end = high.next().map_or(edges.len(), |next| edges.partition_point(|edge| *edge < next));
            let mut at = unpainted(&mut skip, edges.partition_point(|edge| edge < low));
            while at < end {
                let last = edges.get(at + 1).and_then(|edge| edge.previous()).unwrap_or(T::GREATEST);
                if *permit && let Some(first) = edges.get(at) {
                    permitted.push((*first, last));
                }
                if let Some(slot) = skip.get_mut(at) {
                    *slot = at + 1;
                }
                at = unpainted(&mut skip, at + 1);
            }
        }
        Ranges::of(permitted)
    }

    /// The numbers that are not in the set.
    pub fn complement(&self) -> Ranges<T> {
        let mut gaps = Vec::with_capacity(self.ranges.len() + 1);
        let mut from = Some(T::LEAST);
        for (low, high) in &self.ranges {
            if let (Some(start), Some(end)) = (from, low.previous()) {
                gaps.push((start, end));
            }
            from = high.next();
        }
        gaps.extend(from.map(|start| (start, T::GREATEST)));
        Ranges::of(gaps)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[(T, T)] {
        &self.ranges
    }

    /// Whether a number is in the set.
    #[inline]
    pub fn contains(&self, n: T) -> bool {
        let at = self.ranges.partition_point(|(_, high)| *high < n);
        self.ranges.get(at).is_some_and(|(low, _)| *low <= n)
    }

    /// Whether any number from `low` to `high` is in the set.
    pub fn intersects(&self, low: T, high: T) -> bool {
        let at = self.ranges.partition_point(|(_, end)| *end < low);
        self.ranges.get(at).is_some_and(|(start, _)| *start <= high)
    }
}

/// The first stretch from `at` on that is not painted, shortening the way for the next who asks.
fn unpainted(skip: &mut [usize], at: usize) -> usize {
    let mut end = at;
    while let Some(next) = skip.get(end).copied().filter(|next| *next != end) {
        end = next;
    }
    let mut step = at;
    while let Some(slot) = skip.get_mut(step).filter(|slot| **slot != end && step != end) {
        step = std::mem::replace(slot, end);
    }
    end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_joined_where_they_touch() {
        let set = Ranges::of([(5u64, 9), (1, 1), (10, 12), (2, 2), (9, 3), (7, 8)]);
        assert_eq!(set.ranges(), [(1, 2), (5, 12)]);
        assert_eq!(set.complement().ranges(), [(0, 0), (3, 4), (13, u64::MAX)]);
        assert_eq!(Ranges::<u64>::all().complement(), Ranges::none());
        assert_eq!(Ranges::<u64>::none().complement(), Ranges::all());
        assert!(set.intersects(0, 1) && set.intersects(12, 99) && set.intersects(0, 99) && !set.intersects(3, 4));
    }

    #[test]
    fn the_first_rule_that_holds_a_number_decides() {
        let set = Ranges::first_match(&[(5u32, 5, false), (0, 10, true), (8, 20, false), (15, u32::MAX, true)]);
        assert_eq!(set.ranges(), [(0, 4), (6, 10), (21, u32::MAX)]);
    }

    proptest! {
        #[test]
        fn a_set_holds_what_its_ranges_hold(ranges in prop::collection::vec((0u64..60, 0u64..60), 0..12), n in 0u64..64) {
            let want = ranges.iter().any(|(low, high)| (*low..=*high).contains(&n));
            let set = Ranges::of(ranges);
            prop_assert_eq!(set.contains(n), want);
            prop_assert_eq!(set.complement().contains(n), !want);
            prop_assert_eq!(set.intersects(n, n), want);
        }

        #[test]
        fn rules_decide_in_order(
            rules in prop::collection::vec((0u32..60, 0u32..60, any::<bool>()), 0..12),
            n in 0u32..64,
        ) {
            let first = rules.iter().find(|(low, high, _)| (*low..=*high).contains(&n));
            prop_assert_eq!(Ranges::first_match(&rules).contains(n), first.is_some_and(|rule| rule.2));
        }
    }
}
