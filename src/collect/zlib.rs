//! A zlib stream (RFC 1950) made of segments that each end at an octet boundary, so that what has been written of it
//! can always be read, and so that the level can be changed from one segment to the next.

use std::io;

use flate2::{Compress, Compression, FlushCompress, Status};

/// What every segment ends with (a sync flush): a stored block of no octets, its length and the complement.
pub(super) const SYNC: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The end of a stream whose last segment has ended: a last block of no octets (RFC 1951 section 3.2.6), and the
/// checksum.
pub(super) fn end(sum: &Adler) -> [u8; 6] {
    let [a, b, c, d] = sum.value().to_be_bytes();
    [3, 0, a, b, c, d]
}

/// A zlib stream being made.
#[derive(Debug)]
pub(super) struct Zlib {
    /// Makes segments without zlib's frame.
    segments: Compress,
    level: u8,
    sum: Adler,
}

impl Zlib {
    /// Begins a stream in `out`.
    pub fn new(level: u8, out: &mut Vec<u8>) -> Zlib {
        // A window of 32 KiB, and how hard we try: a multiple of 31 both together.
        out.extend(match level {
            0..=1 => [0x78, 0x01],
            2..=5 => [0x78, 0x5E],
            6 => [0x78, 0x9C],
            _ => [0x78, 0xDA],
        });
        Zlib { segments: segments(level), level, sum: Adler::default() }
    }

    /// Compresses at another level from here on.
    pub fn set_level(&mut self, level: u8) {
        if level != self.level {
            // Segments refer back only to those of the same compressor: a new one does not need the old one's.
            self.segments = segments(level);
            self.level = level;
        }
    }

    /// Appends `octets` to the stream: a segment in `out`.
    pub fn append(&mut self, octets: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.sum.add(octets);
        deflate(&mut self.segments, octets, out)
    }

    /// Ends the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.extend(end(&self.sum));
    }
}

fn segments(level: u8) -> Compress {
    Compress::new(Compression::new(level.min(9).into()), false)
}

fn deflate(zlib: &mut Compress, octets: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    /// Room that a call is given at least.
    const ROOM: usize = 64 << 10;
    let mut rest = octets;
    loop {
        out.reserve(ROOM);
        let before = zlib.total_in();
        let status = zlib.compress_vec(rest, out, FlushCompress::Sync).map_err(io::Error::other)?;
        rest = rest.get((zlib.total_in() - before) as usize..).unwrap_or_default();
        // Room left over says that there is nothing more to come.
        if status == Status::StreamEnd || (rest.is_empty() && out.len() < out.capacity()) {
            return Ok(());
        }
    }
}

/// zlib's checksum, Adler-32 (RFC 1950 section 8.2).
#[derive(Debug)]
pub(super) struct Adler {
    a: u32,
    b: u32,
}

impl Default for Adler {
    fn default() -> Adler {
        Adler { a: 1, b: 0 }
    }
}

impl Adler {
    const MODULUS: u32 = 65_521;

    /// Adds octets.
    pub fn add(&mut self, octets: &[u8]) {
        // So many octets can be added before the sums have to be reduced.
        for part in octets.chunks(5552) {
            let sixteens = part.chunks_exact(16);
            let rest = sixteens.remainder();
            for sixteen in sixteens {
                // Sixteen steps in one: each octet is in `b` as often as steps are left.
                let (mut sum, mut weighted) = (0, 0);
                for (octet, weight) in sixteen.iter().zip((1..=16).rev()) {
                    sum += u32::from(*octet);
                    weighted += u32::from(*octet) * weight;
                }
                self.b += 16 * self.a + weighted;
                self.a += sum;
            }
            for octet in rest {
                self.a += u32::from(*octet);
                self.b += self.a;
            }
            self.a %= Adler::MODULUS;
            self.b %= Adler::MODULUS;
        }
    }

    /// The sum of what was added.
    pub fn value(&self) -> u32 {
        self.b << 16 | self.a
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    #[test]
    fn levels_change_within_a_stream_that_reads_as_one() {
        let data: Vec<u8> = (0..400_000u32).flat_map(|i| (i.wrapping_mul(i) / 1000).to_le_bytes()).collect();
        let mut out = Vec::new();
        let mut zlib = Zlib::new(6, &mut out);
        let mut sizes = Vec::new();
        for (part, level) in data.chunks(200_000).zip([6, 1, 0, 0, 1, 9, 6, 6]) {
            zlib.set_level(level);
            let before = out.len();
            zlib.append(part, &mut out).unwrap();
            assert!(out.ends_with(&SYNC));
            sizes.push(out.len() - before);
        }
        assert!(sizes[2] >= 200_000 && sizes[0] < 150_000, "{sizes:?}");
        let mut cut = Vec::new();
        assert!(ZlibDecoder::new(out.as_slice()).read_to_end(&mut cut).is_err(), "it has no end yet");
        assert_eq!(cut, data, "but everything can be read");
        zlib.finish(&mut out);
        let mut whole = Vec::new();
        ZlibDecoder::new(out.as_slice()).read_to_end(&mut whole).unwrap();
        assert_eq!(whole, data);
    }

    #[test]
    fn the_checksum_is_zlibs() {
        let sum = |octets: &[u8]| {
            let mut sum = Adler::default();
            sum.add(octets);
            sum.value()
        };
        assert_eq!(sum(b""), 1);
        assert_eq!(sum(b"Wikipedia"), 0x11E6_0398);
        let worst = vec![255; 1_000_003];
        let (mut a, mut b) = (1u64, 0u64);
        for octet in &worst {
            a = (a + u64::from(*octet)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!(u64::from(sum(&worst)), b << 16 | a);
    }
}
