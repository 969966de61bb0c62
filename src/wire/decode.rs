//! Datagrams to classic records.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::header::Header;
use super::layout::{MOST_STORED, Plan, plan};
use super::records::Records;
use super::sequence::{Counters, Sequence, StreamKey, Streams};
use super::v5;
use crate::flow::Version;

/// Why a datagram is no export we know. Nothing of it was used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reject {
    /// It ends before its header does.
    Short {
        /// Octets it has.
        octets: usize,
        /// Octets its header takes.
        need: usize,
    },
    /// An export version that is not known.
    Version(u16),
    /// A version 8 aggregation method that is not known.
    Method(u8),
    /// It says that it has no records.
    Empty,
    /// It ends before the last of the records it says it has.
    Count {
        /// Records it says it has.
        says: u16,
        /// Whole records it has room for.
        holds: usize,
    },
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reject::Short { octets, need } => write!(f, "{octets} octets, expected a header of {need}"),
            Reject::Version(v) => write!(f, "export version {v}, expected 1, 5, 6, 7 or 8"),
            Reject::Method(m) => write!(f, "version 8 aggregation method {m}, expected 1 to 14"),
            Reject::Empty => write!(f, "no records, expected at least one"),
            Reject::Count { says, holds } => write!(f, "says it has {says} records, has {holds}"),
        }
    }
}

impl std::error::Error for Reject {}

/// A datagram that was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// The version its records are stored as.
    pub version: Version,
    /// What its header says; `count` is how many records were added.
    pub header: Header,
    /// Where it stands among its stream's datagrams.
    pub sequence: Sequence,
}

/// Decodes datagrams of any number of exporters, and keeps count of what each sent.
#[derive(Debug, Default)]
pub struct Decoder {
    streams: Streams,
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Adds a datagram's flows to `out`. Each record gets the datagram's clock and uptime, and `exporter` as its
    /// exporter (0 if it has no IPv4 address). Octets behind the last record are ignored.
    pub fn decode(
        &mut self,
        exporter: IpAddr,
        port: u16,
        datagram: &[u8],
        out: &mut Records,
    ) -> Result<Datagram, Reject> {
        // A collector that hears on both families sees IPv4 exporters as mapped addresses.
        let exporter = exporter.to_canonical();
        match classic(exporter, datagram, out) {
            Ok((version, header)) => {
                let sequence = self.streams.count(exporter, port, &header);
                Ok(Datagram { version, header, sequence })
            }
            Err(reject) => {
                self.streams.corrupt(exporter, port, claimed(datagram));
                Err(reject)
            }
        }
    }

    /// Counts over all exporters since the beginning.
    pub fn total(&self) -> &Counters {
        self.streams.total()
    }

    /// Counts of each exporter and version.
    pub fn exporters(&self) -> BTreeMap<(IpAddr, u16), Counters> {
        let mut all = BTreeMap::<_, Counters>::new();
        for (key, counters) in self.streams() {
            all.entry((key.exporter, key.version)).or_default().add(counters);
        }
        all
    }

    /// Counts of each stream (an exporter's engine), in no particular order. At most 65,536 streams are remembered.
    pub fn streams(&self) -> impl Iterator<Item = (&StreamKey, &Counters)> {
        self.streams.each()
    }
}

/// The version a bad datagram claims, if that is one we know.
fn claimed(datagram: &[u8]) -> u16 {
    let version = datagram.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
    if matches!(version, 1 | 5..=8) { version } else { 0 }
}

fn classic(exporter: IpAddr, datagram: &[u8], out: &mut Records) -> Result<(Version, Header), Reject> {
    let header = Header::read(datagram)?;
    let method = Reject::Method(header.method);
    let version = header.stored().ok_or(method)?;
    let (plan, buffer) = plan(version).zip(out.buffer(version)).ok_or(method)?;
    let body = datagram.get(plan.header..).unwrap_or_default();
    let count = usize::from(header.count);
    let size = record_size(plan, count, body.len());
    if count == 0 {
        return Err(Reject::Empty);
    }
    let says = Reject::Count { says: header.count, holds: body.len() / size };
    let body = body.get(..count * size).ok_or(says)?;
    let address = match exporter {
        IpAddr::V4(v4) => v4.to_bits(),
        IpAddr::V6(_) => 0,
    };
    let mut template = [0; MOST_STORED];
    plan.clock.write(&header.head(address), &mut template);
    let template = template.get(..plan.stored).unwrap_or_default();
    let start = buffer.len();
    buffer.resize(start + count * plan.stored, 0);
    let records = buffer.get_mut(start..).unwrap_or_default();
    match template.first_chunk() {
        Some(template) if version == Version::V5 => v5::decode(body, template, records),
        _ => {
            for (wire, record) in body.chunks_exact(size).zip(records.chunks_exact_mut(plan.stored)) {
                record.copy_from_slice(template);
                plan.moves.decode(wire, record);
            }
        }
    }
    Ok((version, header))
}

/// Octets a record of a datagram takes. Version 1 has two forms: 48 octets, which the original and most others send,
/// and 52 with more reserved ones; only the datagram's length tells them apart.
fn record_size(plan: &Plan, count: usize, octets: usize) -> usize {
    const LONG_V1: usize = 52;
    if plan.version == Version::V1 && octets == count * LONG_V1 { LONG_V1 } else { plan.wire }
}
