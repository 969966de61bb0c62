//! Verdicts on the rows of a batch, a bit each, and the loops that make them from plain values.

use crate::flow::Rows;

/// Which rows of a batch hold.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

/// A number that plain columns are made of.
pub(super) trait Word: Copy {
    /// The least and greatest number of a range that are words; `None` if none is.
    fn clip(range: (u64, u64)) -> Option<(Self, Self)>;
    /// Sets of more ranges are asked value by value; of fewer, range by range.
    const FEW: usize;
    /// The low bits.
    fn low(n: u64) -> Self;
    /// As 64 bits.
    fn wide(self) -> u64;
    /// Whether the number, less `from` and modulo its width, is at most `span`, once masked.
    fn is_within(self, mask: Self, from: Self, span: Self) -> bool;
    /// `self - other`.
    fn less(self, other: Self) -> Self;
}

macro_rules! word {
    ($($t:ty, $few:expr;)+) => { $(impl Word for $t {
        const FEW: usize = $few;
        fn clip((low, high): (u64, u64)) -> Option<($t, $t)> {
            Some((<$t>::try_from(low).ok()?, <$t>::try_from(high).unwrap_or(<$t>::MAX)))
        }
        fn low(n: u64) -> $t { n as $t }
        #[inline]
        fn wide(self) -> u64 { self.into() }
        #[inline]
        fn is_within(self, mask: $t, from: $t, span: $t) -> bool { (self & mask).wrapping_sub(from) <= span }
        fn less(self, other: $t) -> $t { self.wrapping_sub(other) }
    })+ };
}
word!(u8, 16; u16, 8; u32, 4; u64, 2;);

impl Bits {
    /// The same verdict on so many rows.
    pub(super) fn fill(&mut self, rows: usize, holds: bool) {
        self.words.clear();
        self.words.resize(rows.div_ceil(64), if holds { u64::MAX } else { 0 });
        self.rows = rows;
        self.trim();
    }

    /// One bit a value: whether `test` holds for it. `rows` beyond the values do not hold.
    #[inline]
    pub(super) fn test<E: Copy>(&mut self, rows: usize, values: &[E], test: impl Fn(E) -> bool) {
        self.blocks(rows, values, |chunk, flags| {
            flags.iter_mut().zip(chunk).for_each(|(flag, value)| *flag = u8::from(test(*value)));
        });
    }

    /// One bit a value: whether it is, masked, in one of a few ranges. The loops are such that the compiler makes them
    /// compare many values at once.
    #[inline]
    pub(super) fn ranges<E: Copy, W: Word>(
        &mut self,
        rows: usize,
        values: &[E],
        read: impl Fn(E) -> W,
        mask: W,
        ranges: &[(W, W)],
    ) {
        match ranges {
            [] => self.fill(rows, false),
            [(low, high)] => {
                let span = high.less(*low);
                self.test(rows, values, |value| read(value).is_within(mask, *low, span));
            }
            _ => self.blocks(rows, values, |chunk, flags| {
                for (low, high) in ranges {
                    let span = high.less(*low);
                    let within = |value: &E| u8::from(read(*value).is_within(mask, *low, span));
                    flags.iter_mut().zip(chunk).for_each(|(flag, value)| *flag |= within(value));
                }
            }),
        }
    }

    /// Makes a word of each 64 values.
    #[inline]
    fn blocks<E: Copy>(&mut self, rows: usize, values: &[E], mut judge: impl FnMut(&[E], &mut [u8; 64])) {
        let values = values.get(..rows).unwrap_or(values);
        self.words.clear();
        let (whole, rest) = values.as_chunks::<64>();
        self.words.extend(whole.iter().map(|chunk| {
            let mut flags = [0; 64];
            judge(chunk, &mut flags);
            pack(&flags)
        }));
        if !rest.is_empty() {
            let mut flags = [0; 64];
            judge(rest, &mut flags);
            self.words.push(pack(&flags));
        }
        self.words.resize(rows.div_ceil(64), 0);
        self.rows = rows;
    }

    /// These rows of so many hold.
    pub(super) fn of(&mut self, rows: usize, picked: &[u32]) {
        self.fill(rows, false);
        for row in picked {
            if let Some(word) = self.words.get_mut(*row as usize / 64) {
                *word |= 1 << (row % 64);
            }
        }
    }

    /// Whether a row holds.
    #[inline]
    pub(super) fn holds(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// How many hold.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows that hold in both.
    pub(super) fn and(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// The rows that hold in either.
    pub(super) fn or(&mut self, other: &Bits) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// The rows that do not hold.
    pub(super) fn flip(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
    }

    /// Appends the numbers of the rows that hold.
    pub(super) fn append_to(&self, out: &mut Vec<u32>) {
        for (word, start) in self.words.iter().zip((0u32..).step_by(64)) {
            let mut word = *word;
            while word != 0 {
                out.push(start + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    /// The rows that hold as ranges, if there are at most `most`.
    pub(super) fn runs(&self, most: usize) -> Option<Vec<(u32, u32)>> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (word, start) in self.words.iter().zip((0u32..).step_by(64)) {
            let mut word = *word;
            let mut at = start;
            while word != 0 {
                let skip = word.trailing_zeros();
                (word, at) = (word >> skip, at + skip);
                let length = word.trailing_ones();
                let last = at + length - 1;
                let full = runs.len() == most;
                match runs.last_mut() {
                    Some((_, end)) if *end + 1 == at => *end = last,
                    _ if full => return None,
                    _ => runs.push((at, last)),
                }
                if length == 64 {
                    break;
                }
                (word, at) = (word >> length, at + length);
            }
        }
        Some(runs)
    }

    /// Clears what is behind the last row.
    fn trim(&mut self) {
        let used = self.rows % 64;
        if used > 0
            && let Some(last) = self.words.last_mut()
        {
            *last &= (1 << used) - 1;
        }
    }
}

/// 64 octets that are 0 or 1 as bits. The product brings the lowest bits of eight octets together in the highest.
#[inline]
fn pack(flags: &[u8; 64]) -> u64 {
    let (eights, _) = flags.as_chunks::<8>();
    let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    eights.iter().rev().fold(0, |word, eight| word << 8 | bits(eight))
}

/// Appends the rows whose verdict is true. Every row is written and only those stay: matches come in no order that
/// a processor could foresee, so a branch on each would cost more.
#[inline]
pub(super) fn keep(rows: Rows<'_>, verdicts: impl Iterator<Item = bool>, out: &mut Vec<u32>) {
    let start = out.len();
    out.resize(start + rows.len(), 0);
    let Some(slots) = out.get_mut(start..) else { return };
    let mut kept = 0;
    let mut put = |row: u32, holds: bool| {
        if let Some(slot) = slots.get_mut(kept) {
            *slot = row;
        }
        kept += usize::from(holds);
    };
    match rows {
        Rows::All(n) => (0..n as u32).zip(verdicts).for_each(|(row, holds)| put(row, holds)),
        Rows::Some(picked) => picked.iter().zip(verdicts).for_each(|(row, holds)| put(*row, holds)),
    }
    out.truncate(start + kept);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(bits: &Bits) -> Vec<u32> {
        let mut out = Vec::new();
        bits.append_to(&mut out);
        out
    }

    #[test]
    fn whole_words_make_one_run() {
        let mut bits = Bits::default();
        bits.fill(200, true);
        assert_eq!((bits.count(), bits.runs(1)), (200, Some(vec![(0, 199)])));
        bits.flip();
        assert_eq!((bits.count(), bits.runs(1)), (0, Some(vec![])));
    }

    proptest! {
        #[test]
        fn bits_are_what_was_tested(values in prop::collection::vec(0u16..40, 0..300), ranges in prop::collection::vec((0u16..40, 0u16..9), 0..4)) {
            let ranges: Vec<(u16, u16)> = ranges.into_iter().map(|(low, more)| (low, low + more)).collect();
            let holds = |value: u16| ranges.iter().any(|(low, high)| (*low..=*high).contains(&value));
            let want: Vec<u32> = (0..).zip(&values).filter(|(_, v)| holds(**v)).map(|(row, _)| row).collect();
            let (mut bits, mut other) = (Bits::default(), Bits::default());
            bits.ranges(values.len(), &values, |v| v, u16::MAX, &ranges);
            prop_assert_eq!(rows(&bits), want.clone());
            prop_assert_eq!((bits.count(), bits.len()), (want.len(), values.len()));
            other.of(values.len(), &want);
            prop_assert_eq!(&bits, &other);
            let runs = bits.runs(usize::MAX).unwrap();
            let again: Vec<u32> = runs.iter().flat_map(|(low, high)| *low..=*high).collect();
            prop_assert_eq!(again, want);
            prop_assert!(runs.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            other.flip();
            prop_assert_eq!(other.count(), values.len() - bits.count());
            other.or(&bits);
            prop_assert_eq!(other.count(), values.len());
            other.and(&bits);
            prop_assert_eq!(other, bits);
        }
    }
}
