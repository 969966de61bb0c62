//! Capture files: pcap and pcapng, read frame by frame without an allocation a frame.
//!
//! A [`Capture`] tells the format by itself. What comes before damage is handed out; the damage is reported once, with
//! its offset, and ends the capture.

mod pcap;
mod pcapng;
mod window;

use std::fmt;
use std::io::{self, Read};

use super::link::LinkType;
use pcap::Pcap;
use pcapng::Pcapng;
use window::Window;

/// The longest frame a capture file may hold, in octets: libpcap's own limit. A longer one is damage.
pub const MAX_FRAME: usize = 256 * 1024;

/// A frame as it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When, in ns since 1970.
    pub time_ns: u64,
    /// Its length on the wire in octets; `data` may be shorter.
    pub wire_len: u32,
    /// What it begins with.
    pub link: LinkType,
    /// What was captured of it.
    pub data: &'a [u8],
}

/// What is wrong with a capture, and where.
#[derive(Debug)]
pub struct Damage {
    /// Octets from the beginning of the file.
    pub offset: u64,
    /// What was wrong, and what was expected.
    pub what: String,
}

impl Damage {
    fn new(offset: u64, what: impl Into<String>) -> Damage {
        Damage { offset, what: what.into() }
    }

    fn io(offset: u64, error: &io::Error) -> Damage {
        Damage { offset, what: error.to_string() }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.what)
    }
}

impl std::error::Error for Damage {}

/// A frame's place in the window, from which a [`Frame`] is made once nothing moves any more.
struct Found {
    time_ns: u64,
    wire_len: u32,
    link: LinkType,
    at: usize,
    len: usize,
}

/// A capture file being read.
pub struct Capture {
    window: Window,
    format: Format,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
    /// Damage has been reported.
    Over,
}

impl Capture {
    /// Reads the beginning of a capture and tells its format.
    pub fn open(input: Box<dyn Read + Send>) -> Result<Capture, Damage> {
        let mut window = Window::new(input);
        let mut magic = [0; 4];
        if !window.fill(4)? {
            let what = format!("not a capture file: {} octets, expected a pcap or pcapng header", window.left());
            return Err(Damage::new(0, what));
        }
        magic.copy_from_slice(window.peek(0, 4));
        let format = if u32::from_be_bytes(magic) == pcapng::SECTION_HEADER {
            Format::Pcapng(Pcapng::default())
        } else {
            Format::Pcap(Pcap::open(&mut window, magic)?)
        };
        Ok(Capture { window, format })
    }

    /// The next frame; `None` at the end. After an error, which is told once, the capture is over.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Damage> {
        let found = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.window),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.window),
            Format::Over => Ok(None),
        };
        match found {
            Ok(Some(Found { time_ns, wire_len, link, at, len })) => {
                Ok(Some(Frame { time_ns, wire_len, link, data: self.window.slice(at, len) }))
            }
            Ok(None) => Ok(None),
            Err(damage) => {
                self.format = Format::Over;
                Err(damage)
            }
        }
    }
}

#[cfg(test)]
mod tests;
