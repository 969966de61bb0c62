//! The classic capture file (libpcap's savefile format): a header of 24 octets, then records.

use super::window::{Numbers, Window};
use super::{Damage, Found, MAX_FRAME};
use crate::meter::link::LinkType;

const HEADER: usize = 24;

/// What a pcap file's header says.
pub struct Pcap {
    numbers: Numbers,
    /// ns a unit of the second half of a time stamp.
    fraction_ns: u64,
    /// Octets before each frame.
    record: usize,
    link: LinkType,
}

impl Pcap {
    /// Reads the header, of which the first four octets have been seen.
    pub fn open(window: &mut Window, magic: [u8; 4]) -> Result<Pcap, Damage> {
        // Microseconds; microseconds with the longer records of an old Linux patch; nanoseconds.
        let known = |magic| match magic {
            0xa1b2_c3d4u32 => Some((1000, 16)),
            0xa1b2_cd34 => Some((1000, 24)),
            0xa1b2_3c4d => Some((1, 16)),
            _ => None,
        };
        let (big, little) = (known(u32::from_be_bytes(magic)), known(u32::from_le_bytes(magic)));
        let Some((fraction_ns, record)) = big.or(little) else {
            let [a, b, c, d] = magic;
            let what =
                format!("not a capture file: begins with {a:02x} {b:02x} {c:02x} {d:02x}, expected pcap or pcapng");
            return Err(Damage::new(0, what));
        };
        let numbers = Numbers { big: big.is_some() };
        if !window.fill(HEADER)? {
            let what = format!("pcap header cut short: {} octets, expected {HEADER}", window.left());
            return Err(Damage::new(0, what));
        }
        let major = numbers.u16(window.peek(0, HEADER), 4);
        if major != 2 {
            return Err(Damage::new(4, format!("pcap format {major}, expected 2")));
        }
        // The upper half says whether frames end with a check sequence.
        let link = LinkType(numbers.u32(window.peek(0, HEADER), 20) as u16);
        window.consume(HEADER);
        Ok(Pcap { numbers, fraction_ns, record, link })
    }

    #[inline]
    pub fn next(&mut self, window: &mut Window) -> Result<Option<Found>, Damage> {
        if !window.fill(self.record)? {
            return match window.left() {
                0 => Ok(None),
                n => {
                    let what = format!("record cut short: {n} octets of its header, expected {}", self.record);
                    Err(Damage::new(window.offset(), what))
                }
            };
        }
        let [secs, fraction, captured, wire_len] = self.numbers.words(window.peek(0, 16));
        let len = captured as usize;
        if len > MAX_FRAME {
            return Err(too_long(window.offset(), captured));
        }
        if !window.fill(self.record + len)? {
            let there = window.left() - self.record;
            let what = format!("record cut short: {there} octets of a frame of {len}");
            return Err(Damage::new(window.offset(), what));
        }
        let at = window.consume(self.record + len) + self.record;
        let time_ns = u64::from(secs) * 1_000_000_000 + u64::from(fraction) * self.fraction_ns;
        Ok(Some(Found { time_ns, wire_len, link: self.link, at, len }))
    }
}

/// A length that no capture has.
pub fn too_long(offset: u64, captured: u32) -> Damage {
    Damage::new(offset, format!("a frame of {captured} octets, expected at most {MAX_FRAME}"))
}
