//! Datagrams to flows.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::header::Header;
use super::layout::{MOST_STORED, Plan, plan};
use super::message::{IPFIX, Message, V9};
use super::records::Records;
use super::sampling::{Rate, rate5};
use super::sequence::{Counters, Numbered, Sequence, StreamKey, Streams, Tallied};
use super::session::Session;
use super::template::saved::{self, Damaged};
use super::templated::{Tally, Templated};
use super::v5;
use crate::flow::{Fact, Form, Version, ie};

/// Why a datagram, or the rest of one, is no export we know.
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
    /// An IPFIX message is not as long as it says it is.
    Length {
        /// Octets it says it has.
        says: u16,
        /// Octets there are.
        holds: usize,
    },
    /// A set is not as long as it says it is.
    Set {
        /// Its number.
        id: u16,
        /// Octets it says it has.
        says: u16,
        /// Octets left in the message.
        holds: usize,
    },
    /// A template is cut short, has a number less than 256, or too many fields.
    Template(u16),
    /// A data record of the template with this number runs past the end of its set.
    Record(u16),
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reject::Short { octets, need } => write!(f, "{octets} octets, expected a header of {need}"),
            Reject::Version(v) => write!(f, "export version {v}, expected 1, 5 to 8, 9 or 10 (IPFIX)"),
            Reject::Method(m) => write!(f, "version 8 aggregation method {m}, expected 1 to 14"),
            Reject::Empty => write!(f, "no records, expected at least one"),
            Reject::Count { says, holds } => write!(f, "says it has {says} records, has {holds}"),
            Reject::Length { says, holds } => write!(f, "says it has {says} octets, has {holds}"),
            Reject::Set { id, says, holds } => {
                write!(f, "set {id} says it has {says} octets, of {holds} that are left")
            }
            Reject::Template(id) => {
                write!(f, "template {id} is malformed, expected a number from 256 on and whole fields")
            }
            Reject::Record(id) => write!(f, "a record of template {id} runs past the end of its set"),
        }
    }
}

impl std::error::Error for Reject {}

/// A datagram, or message of a connection, that was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// The export version it has: 1, 5 to 8, 9 or 10 (IPFIX).
    pub protocol: u16,
    /// What its flows are stored as.
    pub form: Form,
    /// Where it stands among its stream's datagrams.
    pub sequence: Sequence,
    /// Flows added, those that had waited for a template in it included.
    pub flows: usize,
    /// Templates it defined or withdrew.
    pub templates: usize,
    /// Options records in it: they are no flows.
    pub options: usize,
    /// What was malformed in it. What came before that was used.
    pub damage: Option<Reject>,
}

/// Decodes datagrams of any number of exporters, and keeps count of what each sent.
#[derive(Debug, Default)]
pub struct Decoder {
    streams: Streams,
    templated: Templated,
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Multiplies packets and octets by the rate that the exporter says they were sampled at, as far as 64 bits (of
    /// version 5: 32) hold. To be called before anything is decoded.
    pub fn scale_sampling(mut self) -> Decoder {
        self.templated.shapes.scaled = true;
        self
    }

    /// Adds a datagram's flows to `out`. Each gets the datagram's clock and uptime, and `exporter` as its exporter
    /// (in classic records 0 if it has no IPv4 address). Octets behind the last record are ignored.
    ///
    /// # Errors
    /// If nothing of the datagram could be used.
    pub fn decode(
        &mut self,
        exporter: IpAddr,
        port: u16,
        datagram: &[u8],
        out: &mut Records,
    ) -> Result<Datagram, Reject> {
        self.decode_in(Session::datagrams(exporter, port), datagram, out)
    }

    /// As [`Decoder::decode`], of a session that need not be UDP's.
    ///
    /// # Errors
    /// If nothing of the message could be used.
    pub fn decode_in(&mut self, session: Session, message: &[u8], out: &mut Records) -> Result<Datagram, Reject> {
        let result = match claimed(message) {
            V9 | IPFIX => Message::read(message).map(|message| self.templated(session, &message, out)),
            _ => self.classic(session, message, out),
        };
        if result.is_err() {
            self.streams.corrupt(session.exporter, session.port, claimed(message));
        }
        result
    }

    /// Forgets a connection that has ended, and its templates.
    pub fn forget(&mut self, session: Session) {
        self.templated.forget(session);
        self.streams.ended(session.exporter, session.port);
    }

    /// What exporters have said of themselves, in no particular order. What is new since the last time is in
    /// [`Records::facts`].
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.templated.knowledge.each()
    }

    /// Appends the templates of exporters that send datagrams, and what they said of themselves, to `out`: for
    /// [`Decoder::load`] after a restart.
    pub fn save(&self, out: &mut Vec<u8>) {
        saved::save(&self.templated.book, &self.templated.knowledge, out);
    }

    /// Takes over what [`Decoder::save`] wrote.
    ///
    /// # Errors
    /// If it is damaged. Nothing of it is used then.
    pub fn load(&mut self, octets: &[u8]) -> Result<(), Damaged> {
        saved::load(&mut self.templated, octets)
    }

    fn classic(&mut self, session: Session, datagram: &[u8], out: &mut Records) -> Result<Datagram, Reject> {
        let rate = if self.templated.shapes.scaled { rate5(datagram) } else { Rate::ONE };
        let (version, header) = classic(session.exporter, datagram, rate, out)?;
        let sequence = self.streams.count_classic(session.exporter, session.port, &header);
        Ok(Datagram {
            protocol: header.version,
            form: version.into(),
            sequence,
            flows: header.count.into(),
            templates: 0,
            options: 0,
            damage: None,
        })
    }

    fn templated(&mut self, session: Session, message: &Message<'_>, out: &mut Records) -> Datagram {
        let Tally { flows, records, own, unknown, templates, options, dropped, damage } =
            self.templated.decode(session, message, out);
        let Session { exporter, port, .. } = session;
        let key = StreamKey::templated(exporter, port, message.protocol, message.domain);
        let numbered = match message.protocol {
            V9 => Numbered { sequence: message.sequence, clock: message.uptime, units: Some(1), flows: None },
            // How many records there were is unknown if their template is, or the message is damaged.
            _ => Numbered {
                sequence: message.sequence,
                clock: message.secs.wrapping_mul(1000),
                units: Some(records).filter(|_| unknown == 0 && damage.is_none()),
                flows: Some(own),
            },
        };
        let tallied = Tallied {
            flows: flows as u64,
            templates: templates.into(),
            options: options.into(),
            dropped,
            corrupt: damage.is_some(),
        };
        let sequence = self.streams.count(key, numbered, tallied);
        Datagram {
            protocol: message.protocol,
            form: Form::Modern,
            sequence,
            flows,
            templates: templates as usize,
            options: options as usize,
            damage,
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

/// The version a datagram claims to be of, if that is one we know; else 0.
fn claimed(datagram: &[u8]) -> u16 {
    let version = datagram.first_chunk().map_or(0, |b| u16::from_be_bytes(*b));
    if matches!(version, 1 | 5..=10) { version } else { 0 }
}

fn classic(exporter: IpAddr, datagram: &[u8], rate: Rate, out: &mut Records) -> Result<(Version, Header), Reject> {
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
    if version == Version::V5 && rate != Rate::ONE {
        scale(version, rate, records);
    }
    Ok((version, header))
}

/// Multiplies the counters of stored records; what does not fit is as much as does.
fn scale(version: Version, rate: Rate, records: &mut [u8]) {
    let layout = version.layout();
    for record in records.chunks_exact_mut(layout.size) {
        for (at, _) in [ie::PACKETS, ie::OCTETS].into_iter().filter_map(|element| layout.find(element)) {
            if let Some(number) = record.get_mut(at..).and_then(|r| r.first_chunk_mut::<4>()) {
                let scaled = rate.apply(u32::from_ne_bytes(*number).into());
                *number = u32::try_from(scaled).unwrap_or(u32::MAX).to_ne_bytes();
            }
        }
    }
}

/// Octets a record of a datagram takes. Version 1 has two forms: 48 octets, which the original and most others send,
/// and 52 with more reserved ones; only the datagram's length tells them apart.
fn record_size(plan: &Plan, count: usize, octets: usize) -> usize {
    const LONG_V1: usize = 52;
    if plan.version == Version::V1 && octets == count * LONG_V1 { LONG_V1 } else { plan.wire }
}
