//! Numbers as bits.

/// How many bits hold a number.
pub(super) fn bits_of(n: u64) -> u8 {
    (64 - n.leading_zeros()) as u8
}

/// Appends numbers of `bits` bits each, the least significant bits first.
pub(super) fn pack(numbers: impl Iterator<Item = u64>, bits: u8, out: &mut Vec<u8>) {
    let (mut have, mut count) = (0u128, 0u32);
    for number in numbers {
        have |= u128::from(number) << count;
        count += u32::from(bits);
        while count >= 32 {
            out.extend_from_slice(&(have as u32).to_le_bytes());
            have >>= 32;
            count -= 32;
        }
    }
    let rest = have.to_le_bytes();
    out.extend_from_slice(rest.get(..count.div_ceil(8) as usize).unwrap_or_default());
}
