//! Numbers as bits.

/// How many bits hold a number.
pub(super) fn bits_of(n: u64) -> u8 {
    (64 - n.leading_zeros()) as u8
}

/// Appends numbers of `bits` bits each, the least significant bits first.
pub(super) fn pack(numbers: &[u64], bits: u8, out: &mut Vec<u8>) {
    let total = (numbers.len() * usize::from(bits)).div_ceil(8);
    let start = out.len();
    out.resize(start + total, 0);
    let Some(out) = out.get_mut(start..) else { return };
    let bits = u32::from(bits);
    let (mut have, mut count) = (0u64, 0u32);
    let (words, tail) = out.as_chunks_mut::<8>();
    let mut words = words.iter_mut();
    for number in numbers {
        have |= number << count;
        count += bits;
        if count >= 64 {
            if let Some(word) = words.next() {
                *word = have.to_le_bytes();
                have = 0;
            }
            count -= 64;
            // What of the number did not fit; all of it did if nothing is left over.
            have |= if count > 0 { number >> (bits - count) } else { 0 };
        }
    }
    tail.iter_mut().zip(have.to_le_bytes()).for_each(|(to, from)| *to = from);
}

/// Hands `count` numbers of `bits` bits each to `each`; zeros past the end of `octets`.
pub(super) fn unpack(octets: &[u8], bits: u8, count: usize, mut each: impl FnMut(u64)) {
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    for at in 0..count {
        let bit = at * usize::from(bits);
        let (start, shift) = (bit / 8, bit % 8);
        let number = match octets.get(start..).and_then(|tail| tail.first_chunk::<16>()) {
            Some(wide) => (u128::from_le_bytes(*wide) >> shift) as u64,
            None => {
                let mut wide = [0; 16];
                let tail = octets.get(start..).unwrap_or_default();
                wide.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
                (u128::from_le_bytes(wide) >> shift) as u64
            }
        };
        each(number & mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_unpacks(numbers in proptest::collection::vec(any::<u64>(), 0..200), bits in 1u8..=64) {
            let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            let numbers: Vec<u64> = numbers.iter().map(|n| n & mask).collect();
            let (mut octets, mut back) = (Vec::new(), Vec::new());
            pack(&numbers, bits, &mut octets);
            prop_assert_eq!(octets.len(), (numbers.len() * usize::from(bits)).div_ceil(8));
            unpack(&octets, bits, numbers.len(), |n| back.push(n));
            prop_assert_eq!(back, numbers);
        }
    }
}
