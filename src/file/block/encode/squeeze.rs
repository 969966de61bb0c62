//! Compressing parts.

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, compress_bound};

use crate::flow::Codec;

/// Compression below this share of the octets, 31 of 32, is worth it.
const WORTH: usize = 32;
/// So few octets are left as they are.
const FEW: usize = 48;

/// A codec with its tables, used for part after part.
pub(super) struct Squeeze {
    pub codec: Codec,
    zstd: Option<CCtx<'static>>,
    out: Vec<u8>,
}

impl Squeeze {
    /// `level` is Zstandard's, 0 the quickest.
    pub fn new(codec: Codec, level: i32) -> Squeeze {
        let zstd = (codec == Codec::Zstd).then(|| {
            let mut context = CCtx::create();
            // Refused only where the level is absurd; then it is Zstandard's own.
            let _ = context.set_parameter(CParameter::CompressionLevel(level.max(1)));
            if level <= 1 {
                // What is packed this closely repeats by chance: short matches cost more than they save.
                let _ = context.set_parameter(CParameter::MinMatch(7));
            }
            context
        });
        Squeeze { codec, zstd, out: Vec::new() }
    }

    /// Compresses octets of which each `piece` has a distribution of its own; `None` if that is not worth it.
    pub fn squeeze(&mut self, octets: &[u8], piece: usize) -> Option<&[u8]> {
        if octets.len() < FEW {
            return None;
        }
        let size = match self.codec {
            Codec::None => return None,
            Codec::Lz4 => {
                self.out.resize(lz4_flex::block::get_maximum_output_size(octets.len()), 0);
                lz4_flex::block::compress_into(octets, &mut self.out).ok()?
            }
            Codec::Zstd => self.zstd(octets, piece.max(1))?,
        };
        self.out.get(..size).filter(|_| size < octets.len() - octets.len() / WORTH)
    }

    /// One frame; a block of it ends with each piece, so that each has its own Huffman code.
    fn zstd(&mut self, octets: &[u8], piece: usize) -> Option<usize> {
        let context = self.zstd.as_mut()?;
        context.reset(ResetDirective::SessionOnly).ok()?;
        context.set_pledged_src_size(Some(octets.len() as u64)).ok()?;
        let pieces = octets.len().div_ceil(piece);
        self.out.clear();
        self.out.reserve(compress_bound(octets.len()) + 32 * pieces);
        let mut out = OutBuffer::around(&mut self.out);
        for (at, piece) in octets.chunks(piece).enumerate() {
            let end = if at + 1 == pieces { ZSTD_EndDirective::ZSTD_e_end } else { ZSTD_EndDirective::ZSTD_e_flush };
            let mut input = InBuffer::around(piece);
            if context.compress_stream2(&mut out, &mut input, end).ok()? != 0 {
                return None;
            }
        }
        Some(out.pos())
    }
}

impl std::fmt::Debug for Squeeze {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.codec.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_one_frame() {
        let octets: Vec<u8> =
            (0..10_000u32).map(|n| if n < 5000 { (n % 3) as u8 } else { ((n * n) >> 7) as u8 }).collect();
        for (codec, piece) in [(Codec::Zstd, 5000), (Codec::Zstd, 10_000), (Codec::Lz4, 5000)] {
            let mut squeeze = Squeeze::new(codec, 0);
            for _ in 0..2 {
                let squeezed = squeeze.squeeze(&octets, piece).unwrap();
                let back = match codec {
                    Codec::Zstd => zstd::bulk::decompress(squeezed, octets.len()).unwrap(),
                    _ => lz4_flex::block::decompress(squeezed, octets.len()).unwrap(),
                };
                assert!(back == octets);
            }
        }
        assert!(Squeeze::new(Codec::None, 0).squeeze(&octets, 1).is_none());
    }
}
