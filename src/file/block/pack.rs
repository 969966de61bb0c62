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
    // What is left takes up to 8 octets: a whole word, or the tail.
    let rest = words.next().map_or(tail, |word| word.as_mut_slice());
    rest.iter_mut().zip(have.to_le_bytes()).for_each(|(to, from)| *to = from);
}
