//! Flows whose counters are longer than a record's: several records, whose counters sum to the flow's.

/// The largest number that so many octets hold.
pub(super) fn largest(octets: u16) -> u64 {
    match octets {
        0 => 0,
        1..8 => (1 << (8 * octets)) - 1,
        _ => u64::MAX,
    }
}

/// How many records counters need, where each is given with the most that a record can say of it.
pub(super) fn parts<const N: usize>(counters: [(u64, u64); N]) -> u64 {
    counters.into_iter().map(|(count, most)| count.div_ceil(most.max(1))).max().unwrap_or(1).max(1)
}

/// What the record at a place of so many has of a counter: as good as the same in each, so that none of them is
/// without packets while there are enough.
pub(super) fn part(count: u64, at: u64, parts: u64) -> u64 {
    let up_to = |at: u64| (u128::from(count) * u128::from(at) / u128::from(parts.max(1))) as u64;
    up_to(at + 1) - up_to(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_as_many_octets_as_they_need() {
        assert_eq!(
            [0, 1, 2, 4, 7, 8, 9].map(largest),
            [0, 255, 65_535, u32::MAX.into(), (1 << 56) - 1, u64::MAX, u64::MAX]
        );
        assert_eq!(parts([(0, 0), (0, 255)]), 1);
        assert_eq!(parts([(256, 255), (65_536, 65_535)]), 2);
        assert_eq!(parts([(1 << 40, u32::MAX.into())]), 257);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_none_is_too_large(count: u64, other: u64, octets in 4u16..=8, scale in 0u32..40) {
            let (count, other, most) = (count >> (scale + 8), other >> 40, largest(octets));
            let parts = parts([(count, most), (other, most)]);
            prop_assume!(parts < 100_000);
            let all: Vec<u64> = (0..parts).map(|at| part(count, at, parts)).collect();
            prop_assert!(all.iter().all(|part| *part <= most));
            prop_assert_eq!(all.iter().sum::<u64>(), count);
            prop_assert!(count < parts || all.iter().all(|part| *part > 0));
        }
    }
}
