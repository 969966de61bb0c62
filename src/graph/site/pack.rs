//! Numbers as text that can stand in a page: few octets a number, deflated, in base64.
//!
//! A number is what an IEEE single keeps of it without its sign and the last seven bits: 24 bits, exact to one part in
//! 131,072 (five digits). All its ones is what is unknown. The first octets of a column's numbers stand together, then
//! the second, then the third: the first ones hardly differ and take next to nothing once deflated.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The 24 bits of a number.
fn bits(value: f64) -> u32 {
    let value = value as f32;
    if value.is_finite() && value >= 0.0 { ((value.to_bits() + 0x40) >> 7).min(0x00FF_FFFE) } else { 0x00FF_FFFF }
}

/// Appends a column.
pub(super) fn column(out: &mut Vec<u8>, values: &[f64]) {
    for octet in 1..4 {
        out.extend(values.iter().filter_map(|value| bits(*value).to_be_bytes().get(octet).copied()));
    }
}

/// Octets as text: deflated (zlib's format), in base64.
pub(super) fn text(octets: &[u8]) -> io::Result<String> {
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(octets)?;
    Ok(base64(&deflate.finish()?))
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let group = chunk.iter().fold(0, |group, octet| group << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = (group >> (18 - 6 * at)) & 63;
            let digit = DIGITS.get(digit as usize).copied().map_or('=', char::from);
            text.push(if at > chunk.len() { '=' } else { digit });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_is_what_it_is_elsewhere() {
        let all = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(all, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    proptest! {
        #[test]
        fn five_digits_are_kept(value in prop_oneof![Just(0.0), 1e-9..1e15f64, 0.0..1000.0f64]) {
            let back = f32::from_bits(bits(value) << 7);
            prop_assert!((f64::from(back) - value).abs() <= value * 1e-5 + 1e-38, "{} {}", value, back);
        }
    }

    #[test]
    fn unknown_is_no_number() {
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(f32::from_bits(bits(value) << 7).is_nan());
        }
        let mut out = Vec::new();
        column(&mut out, &[0.0, f64::NAN, 1.0]);
        assert_eq!(out, [0, 255, 127, 0, 255, 0, 0, 255, 0]);
    }
}
