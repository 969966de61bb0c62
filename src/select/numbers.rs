//! Sets of the numbers that flows carry, and the lists they are written as.

use super::ranges::Ranges;

/// A set of numbers up to 64 bits, quick to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbers {
    ranges: Ranges<u64>,
    /// Numbers below 65536, a bit each, where the set is more than a range or two.
    small: Option<Box<[u64; 1024]>>,
}

impl From<Ranges<u64>> for Numbers {
    fn from(ranges: Ranges<u64>) -> Numbers {
        let small = (ranges.ranges().len() > 1).then(|| bits(&ranges));
        Numbers { ranges, small }
    }
}

fn bits(ranges: &Ranges<u64>) -> Box<[u64; 1024]> {
    let mut bits = Box::new([0u64; 1024]);
    for (low, high) in ranges.ranges().iter().take_while(|(low, _)| *low < 65536) {
        for n in *low..=(*high).min(65535) {
            if let Some(word) = bits.get_mut((n / 64) as usize) {
                *word |= 1 << (n % 64);
            }
        }
    }
    bits
}

impl Numbers {
    /// One number.
    pub fn one(n: u64) -> Numbers {
        Ranges::of([(n, n)]).into()
    }

    /// The numbers that are not in the set.
    pub fn complement(&self) -> Numbers {
        self.ranges.complement().into()
    }

    /// The numbers as ranges.
    pub fn ranges(&self) -> &Ranges<u64> {
        &self.ranges
    }

    /// The set as a single range, if it is one.
    pub fn single(&self) -> Option<(u64, u64)> {
        match self.ranges.ranges() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Whether a number is in the set.
    #[inline]
    pub fn contains(&self, n: u64) -> bool {
        match (&self.small, u16::try_from(n)) {
            (Some(bits), Ok(n)) => bits.get(usize::from(n >> 6)).is_some_and(|word| word >> (n & 63) & 1 == 1),
            _ => self.ranges.contains(n),
        }
    }

    /// Reads a list of numbers and ranges up to `most`: `1,5-9`; `!` before the list means all others. Numbers may be
    /// hexadecimal (`0x1F`).
    ///
    /// # Errors
    ///
    /// Which word is not a number or a range, and what was expected.
    pub fn parse(list: &str, most: u64) -> Result<Numbers, String> {
        let (negated, words) = match list.trim().strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, list),
        };
        let ranges = words.split(',').map(|word| range(word.trim(), most)).collect::<Result<Vec<_>, _>>()?;
        let ranges = Ranges::of(ranges);
        Ok(if negated { ranges.complement().into() } else { ranges.into() })
    }
}

fn range(word: &str, most: u64) -> Result<(u64, u64), String> {
    let (low, high) = word.split_once('-').map_or((word, word), |(low, high)| (low.trim(), high.trim()));
    let (from, to) = (number_to(low, most)?, number_to(high, most)?);
    if from > to {
        return Err(format!("range '{word}' ends before it starts"));
    }
    Ok((from, to))
}

fn number_to(word: &str, most: u64) -> Result<u64, String> {
    number(word)
        .filter(|n| *n <= most)
        .ok_or_else(|| format!("'{word}': expected a number from 0 to {most}, or a list such as 1,5-9 or !1,5-9"))
}

/// Reads a decimal number, or a hexadecimal one after `0x`.
pub fn number(word: &str) -> Option<u64> {
    let hexadecimal = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    let (digits, radix) = hexadecimal.map_or((word, 10), |digits| (digits, 16));
    // from_str_radix() would take a sign.
    digits.starts_with(|c: char| c.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_are_read() {
        let set = Numbers::parse("1,5-9, 0x10", 65535).unwrap();
        assert_eq!(set.ranges().ranges(), [(1, 1), (5, 9), (16, 16)]);
        assert!(set.contains(7) && !set.contains(10) && set.contains(16) && !set.contains(1 << 40));
        let not = Numbers::parse("!53,443", 65535).unwrap();
        assert!(!not.contains(53) && !not.contains(443) && not.contains(0) && not.contains(70000));
        let wide = Numbers::parse("64512-4200000000", u32::MAX.into()).unwrap();
        assert!(wide.contains(4_199_999_999) && !wide.contains(64511));
        assert_eq!(number("017"), Some(17));
    }

    #[test]
    fn what_is_no_list_is_named() {
        for (list, names) in [("", "''"), ("5,x", "'x'"), ("9-5", "'9-5'"), ("70000", "65535"), ("1,!2", "'!2'")] {
            let error = Numbers::parse(list, 65535).unwrap_err();
            assert!(error.contains(names), "{list}: {error}");
        }
        for word in ["", "-1", "+1", "0x", "1x", "a", "99999999999999999999", "ü"] {
            assert_eq!(number(word), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*", most in any::<u64>()) {
            let _ = Numbers::parse(&text, most);
        }

        #[test]
        fn lists_mean_their_members(
            ranges in prop::collection::vec((0u64..300, 0u64..50), 1..8),
            negated in any::<bool>(),
            n in 0u64..400,
        ) {
            let words: Vec<String> = ranges.iter().map(|(low, more)| format!("{low}-{}", low + more)).collect();
            let list = format!("{}{}", if negated { "!" } else { "" }, words.join(","));
            let member = ranges.iter().any(|(low, more)| (*low..=low + more).contains(&n));
            prop_assert_eq!(Numbers::parse(&list, 65535).unwrap().contains(n), member != negated);
        }
    }
}
