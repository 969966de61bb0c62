//! The headers of NetFlow 1 to 8.

use super::decode::Reject;
use super::layout::Head;
use crate::flow::Version;

/// What the header of a NetFlow 1, 5, 6, 7 or 8 datagram says. Fields that a version lacks are 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Export version.
    pub version: u16,
    /// Records that follow.
    pub count: u16,
    /// Exporter's uptime in ms.
    pub uptime: u32,
    /// Exporter's clock, seconds since 1970.
    pub unix_secs: u32,
    /// Nanoseconds beside them.
    pub unix_nsecs: u32,
    /// Flows the engine sent before this datagram (not in version 1).
    pub sequence: u32,
    /// Kind of the switching engine (not in version 1).
    pub engine_type: u8,
    /// Number of the switching engine (not in version 1).
    pub engine_id: u8,
    /// Version 8's aggregation method.
    pub method: u8,
}

/// The version of aggregation that version 8's headers name; there was only ever this one.
const AGGREGATION_VERSION: u8 = 2;

impl Header {
    /// Octets of a version's header.
    pub(super) fn size(version: u16) -> usize {
        match version {
            1 => 16,
            8 => 28,
            _ => 24,
        }
    }

    /// Reads a datagram's header; the records are what follows [`Header::size`] octets of it.
    pub(super) fn read(datagram: &[u8]) -> Result<Header, Reject> {
        let short = |need| Reject::Short { octets: datagram.len(), need };
        let version = datagram.first_chunk().map(|b| u16::from_be_bytes(*b)).ok_or(short(2))?;
        let common = |b: &[u8; 16]| Header {
            version,
            count: u16::from_be_bytes([b[2], b[3]]),
            uptime: u32::from_be_bytes([b[4], b[5], b[6], b[7]]),
            unix_secs: u32::from_be_bytes([b[8], b[9], b[10], b[11]]),
            unix_nsecs: u32::from_be_bytes([b[12], b[13], b[14], b[15]]),
            ..Header::default()
        };
        let sequenced = |b: &[u8; 24]| Header {
            sequence: u32::from_be_bytes([b[16], b[17], b[18], b[19]]),
            engine_type: b[20],
            engine_id: b[21],
            ..common(b.first_chunk().unwrap_or(&[0; 16]))
        };
        match version {
            1 => datagram.first_chunk().map(common).ok_or(short(16)),
            5..=7 => datagram.first_chunk().map(sequenced).ok_or(short(24)),
            8 => {
                let b: &[u8; 28] = datagram.first_chunk().ok_or(short(28))?;
                Ok(Header { method: b[22], ..sequenced(b.first_chunk().unwrap_or(&[0; 24])) })
            }
            other => Err(Reject::Version(other)),
        }
    }

    /// Writes the header to the front of `out`, which holds at least [`Header::size`] octets.
    pub(super) fn write(&self, out: &mut [u8]) {
        let mut b = [0; 28];
        b[0..2].copy_from_slice(&self.version.to_be_bytes());
        b[2..4].copy_from_slice(&self.count.to_be_bytes());
        b[4..8].copy_from_slice(&self.uptime.to_be_bytes());
        b[8..12].copy_from_slice(&self.unix_secs.to_be_bytes());
        b[12..16].copy_from_slice(&self.unix_nsecs.to_be_bytes());
        b[16..20].copy_from_slice(&self.sequence.to_be_bytes());
        (b[20], b[21]) = (self.engine_type, self.engine_id);
        if self.version == 8 {
            (b[22], b[23]) = (self.method, AGGREGATION_VERSION);
        }
        let size = Header::size(self.version);
        if let (Some(to), Some(from)) = (out.get_mut(..size), b.get(..size)) {
            to.copy_from_slice(from);
        }
    }

    /// What the header says of each record, which came from `exporter`.
    pub(super) fn head(&self, exporter: u32) -> Head {
        let Header { uptime, unix_secs, unix_nsecs, engine_type, engine_id, .. } = *self;
        Head { unix_secs, unix_nsecs, uptime, exporter, engine_type, engine_id }
    }

    /// The records' version as stored.
    pub fn stored(&self) -> Option<Version> {
        Version::from_numbers(self.version, self.method)
    }
}
