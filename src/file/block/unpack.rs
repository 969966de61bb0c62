//! From packed bits and planes of octets to numbers, as wide as they are wanted.
//!
//! Every number of bits has a loop of its own, made of one text: shifts and masks are constants there, and eight
//! numbers at a time begin at a whole octet.

/// A place for a number: so many octets, little-endian; or a `u32`.
pub(super) trait Lane: Copy {
    /// The low bits of a number.
    fn of(n: u64) -> Self;
    /// The number.
    fn get(self) -> u64;
}

macro_rules! lanes {
    ($($octets:literal $number:ty),+) => { $(impl Lane for [u8; $octets] {
        #[inline]
        fn of(n: u64) -> Self { (n as $number).to_le_bytes() }
        #[inline]
        fn get(self) -> u64 { <$number>::from_le_bytes(self).into() }
    })+ };
}
lanes!(1 u8, 2 u16, 4 u32, 8 u64);

impl Lane for u32 {
    #[inline]
    fn of(n: u64) -> Self {
        n as u32
    }

    #[inline]
    fn get(self) -> u64 {
        self.into()
    }
}

/// Fills `out` with `base` + numbers of `bits` bits each, the least significant bits first; zeros past the end of
/// `octets`.
pub(super) fn unpack<L: Lane>(octets: &[u8], bits: u8, base: u64, out: &mut [L]) {
    macro_rules! by_bits {
        ($($bits:literal)+) => { match bits {
            0 => out.fill(L::of(base)),
            8 => same::<L, [u8; 1]>(octets.as_chunks().0, base, out),
            16 => same::<L, [u8; 2]>(octets.as_chunks().0, base, out),
            32 => same::<L, [u8; 4]>(octets.as_chunks().0, base, out),
            64 => same::<L, [u8; 8]>(octets.as_chunks().0, base, out),
            $($bits => fixed::<L, $bits>(octets, base, out),)+
            _ => {}
        } };
    }
    by_bits!(1 2 3 4 5 6 7 9 10 11 12 13 14 15 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63);
}

/// Numbers of a whole number of octets.
fn same<L: Lane, S: Lane>(numbers: &[S], base: u64, out: &mut [L]) {
    let (whole, rest) = out.split_at_mut(numbers.len().min(out.len()));
    whole.iter_mut().zip(numbers).for_each(|(lane, n)| *lane = L::of(base.wrapping_add(n.get())));
    rest.fill(L::of(base));
}

fn fixed<L: Lane, const BITS: usize>(octets: &[u8], base: u64, out: &mut [L]) {
    let mask = (1u64 << BITS) - 1;
    let (groups, _) = out.as_chunks_mut::<8>();
    let (mut rest, mut done) = (octets, 0);
    for group in groups {
        // Eight numbers, and octets enough behind them that each can be had from a word.
        let Some(window) = rest.get(..BITS + 8) else { break };
        let word = |at: usize| match window.get(at..at + 8).and_then(|word| word.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => 0,
        };
        for (i, lane) in group.iter_mut().enumerate() {
            let (at, shift) = (i * BITS / 8, i * BITS % 8);
            let mut n = word(at) >> shift;
            if BITS > 57 && shift > 0 {
                n |= u64::from(window.get(at + 8).copied().unwrap_or(0)) << (64 - shift);
            }
            *lane = L::of(base.wrapping_add(n & mask));
        }
        rest = rest.get(BITS..).unwrap_or_default();
        done += 8;
    }
    let out = out.get_mut(done..).unwrap_or_default();
    for (i, lane) in out.iter_mut().enumerate() {
        *lane = L::of(base.wrapping_add(one(rest, i * BITS) & mask));
    }
}

/// The 64 bits from `bit` on; zeros past the end.
fn one(octets: &[u8], bit: usize) -> u64 {
    let mut wide = [0; 16];
    let tail = octets.get(bit / 8..).unwrap_or_default();
    wide.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
    (u128::from_le_bytes(wide) >> (bit % 8)) as u64
}

/// Fills `out` with `base` + numbers of which all lowest octets come first, then all second ones, and so on; zeros
/// where there are fewer octets than that.
pub(super) fn join<L: Lane>(octets: &[u8], count: u8, base: u64, out: &mut [L]) {
    // Higher octets are of no number.
    let count = usize::from(count.min(8));
    let numbers = out.len();
    let plane = |at: usize| octets.get(at * numbers..(at + 1) * numbers).unwrap_or_default();
    let wide = |octet: &u8, at: usize| u64::from(*octet) << (8 * at);
    if count == 0 || octets.len() < numbers * count {
        return out.fill(L::of(base));
    }
    // Up to four at a time: one pass over the numbers.
    match count {
        1 => same::<L, [u8; 1]>(plane(0).as_chunks().0, base, out),
        2 => out.iter_mut().zip(plane(0)).zip(plane(1)).for_each(|((lane, a), b)| {
            *lane = L::of(base.wrapping_add(wide(a, 0) | wide(b, 1)));
        }),
        3 => out.iter_mut().zip(plane(0)).zip(plane(1)).zip(plane(2)).for_each(|(((lane, a), b), c)| {
            *lane = L::of(base.wrapping_add(wide(a, 0) | wide(b, 1) | wide(c, 2)));
        }),
        _ => out.iter_mut().zip(plane(0)).zip(plane(1)).zip(plane(2)).zip(plane(3)).for_each(
            |((((lane, a), b), c), d)| {
                *lane = L::of(base.wrapping_add(wide(a, 0) | wide(b, 1) | wide(c, 2) | wide(d, 3)));
            },
        ),
    }
    for at in 4..count {
        let lanes = out.iter_mut().zip(plane(at));
        lanes.for_each(|(lane, octet)| *lane = L::of(lane.get().wrapping_add(wide(octet, at))));
    }
}

/// Makes sums of differences: each lane has `step` + x already, before the first there was `base`.
pub(super) fn sum_up<L: Lane>(base: u64, out: &mut [L]) {
    let mut last = base;
    for lane in out {
        last = last.wrapping_add(lane.get());
        *lane = L::of(last);
    }
}

/// Adds the numbers of another column.
pub(super) fn add_to<L: Lane, R: Lane>(out: &mut [L], others: &[R]) {
    out.iter_mut().zip(others).for_each(|(lane, other)| *lane = L::of(lane.get().wrapping_add(other.get())));
}

#[cfg(test)]
mod tests {
    use super::super::pack::pack;
    use super::*;
    use proptest::prelude::*;

    fn check<L: Lane + PartialEq + std::fmt::Debug>(octets: &[u8], bits: u8, base: u64, numbers: &[u64]) {
        let mut out = vec![L::of(99); numbers.len()];
        unpack(octets, bits, base, &mut out);
        let want: Vec<L> = numbers.iter().map(|n| L::of(base.wrapping_add(*n))).collect();
        assert_eq!(out, want);
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks_at_any_width(
            numbers in proptest::collection::vec(any::<u64>(), 0..300),
            bits in 0u8..=64,
            base in any::<u64>(),
        ) {
            let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            let numbers: Vec<u64> = numbers.iter().map(|n| n & mask).collect();
            let mut octets = Vec::new();
            pack(&numbers, bits, &mut octets);
            check::<[u8; 1]>(&octets, bits, base, &numbers);
            check::<[u8; 2]>(&octets, bits, base, &numbers);
            check::<[u8; 4]>(&octets, bits, base, &numbers);
            check::<[u8; 8]>(&octets, bits, base, &numbers);
            check::<u32>(&octets, bits, base, &numbers);
            // What follows is of no matter, what is missing is zero.
            octets.extend([255; 40]);
            check::<[u8; 8]>(&octets, bits, base, &numbers);
            check::<[u8; 8]>(&[], bits, base, &vec![0; numbers.len()]);
        }

        #[test]
        fn planes_are_joined(numbers in proptest::collection::vec(any::<u64>(), 0..100), planes in 0u8..=8, base in any::<u64>()) {
            let mask = if planes == 8 { u64::MAX } else { (1 << (8 * planes)) - 1 };
            let octets: Vec<u8> =
                (0..planes).flat_map(|plane| numbers.iter().map(move |n| (n >> (8 * plane)) as u8)).collect();
            let mut out = vec![[9u8; 8]; numbers.len()];
            join(&octets, planes, base, &mut out);
            for (lane, n) in out.iter().zip(&numbers) {
                prop_assert_eq!(lane.get(), base.wrapping_add(n & mask));
            }
        }
    }
}
