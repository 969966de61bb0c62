//! Where a sensor's flows go: a flow file or an archive of them, collectors, or both.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use super::archive::Archive;
use super::collectors::{Collectors, Lost};
use crate::cli::Failure;
use crate::cli::common::{Debug, Write};
use crate::cli::flow_send::ExportVersion;
use crate::cli::flow_sensor::Args;
use crate::cli::sink::{Sink, now};
use crate::flow::{FlowBatch, Form, Order, RawRows, Rows, Version, spare};
use crate::net::StreamSender;
use crate::wire::{
    Counters, DATAGRAM, Encoder, Metering, PacketEncoder, Protocol, Refresh, TemplateEncoder, TemplateOptions,
};

/// Octets of a message over a connection.
const MESSAGE: usize = 1 << 14;
/// Octets by which IPv6's header is longer than IPv4's.
const LONGER: usize = 20;

/// Writes flows to a file and sends them, as records of a classic version or with templates.
pub struct Exporter {
    /// The version of the records that are handed over.
    records: Version,
    file: Store,
    /// The file takes batches, not records.
    modern: bool,
    packer: Packer,
    collectors: Collectors,
    flows: u64,
}

/// Where flows are kept.
enum Store {
    Nowhere,
    File(Box<Sink>),
    /// `None` until its threads are started.
    Archive(Option<Box<Archive>>),
}

/// What has been exported.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sent {
    /// Records.
    pub flows: u64,
    /// Messages made of them.
    pub messages: u64,
    /// Messages that did not go out, for each collector.
    pub failures: u64,
}

/// Makes messages of what is sent.
enum Packer {
    /// Of records; the version 5 header's sampling field, where there is sampling.
    Classic(Box<Encoder>, Option<u16>),
    /// Of batches, by an encoder for each collector that gets messages of its own: all need the templates.
    Template { encoders: Vec<TemplateEncoder>, batches: usize },
    /// Of packets.
    Packets(Box<PacketEncoder>),
}

impl Exporter {
    /// Connects to the collectors and creates the flow file; `live` if packets come whether we wait or not. An archive
    /// is to be given by [`Exporter::keep`].
    pub fn open(args: &Args, live: bool) -> Result<Exporter, Failure> {
        let (sent, form) = (args.version()?, args.form()?);
        let collectors = Collectors::connect(args, live)?;
        let write = Write {
            codec: args.codec,
            byte_order: args.byte_order,
            comment: args.comment.clone(),
            debug: Debug::default(),
            level: args.level,
        };
        let file = match args.write.as_deref() {
            None => Store::Nowhere,
            Some(_) if args.folder().is_some() => Store::Archive(None),
            Some(path) => {
                Store::File(Box::new(Sink::open(Some(path).filter(|p| p.as_os_str() != "-"), write, Some(form))?))
            }
        };
        Ok(Exporter {
            records: args.records()?,
            file,
            modern: form == Form::Modern,
            packer: Packer::new(args, sent, &collectors),
            collectors,
            flows: 0,
        })
    }

    /// Whether records are to be made: to be sent, or for a classic file; or, where nothing goes anywhere, to be
    /// counted.
    pub fn wants_records(&self) -> bool {
        match self.packer {
            Packer::Classic(..) => !self.modern || !self.collectors.is_empty(),
            Packer::Template { .. } | Packer::Packets(_) => !self.modern && self.file.is_there(),
        }
    }

    /// Whether batches are to be made for a modern file.
    pub fn wants_batches(&self) -> bool {
        self.modern && self.file.is_there()
    }

    /// Whether batches are to be made for [`Exporter::export`].
    pub fn wants_exports(&self) -> bool {
        matches!(self.packer, Packer::Template { .. }) && (!self.file.is_there() || !self.collectors.is_empty())
    }

    /// Flows of a batch to be sent: few where several collectors share them.
    pub fn batch_size(&self, most: usize) -> usize {
        if self.collectors.shares() > 1 { 24 } else { most }
    }

    /// Writes flows to a modern file.
    pub fn batch(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        if self.collectors.is_empty() {
            self.flows += batch.len() as u64;
        }
        self.file.write(batch)
    }

    /// Sends flows with templates. What a collector does not get is only counted.
    pub fn export(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        let Packer::Template { encoders, batches } = &mut self.packer else { return Ok(()) };
        self.flows += batch.len() as u64;
        let turn = *batches % encoders.len().max(1);
        *batches += 1;
        if let Some(encoder) = encoders.get_mut(turn).filter(|_| !self.collectors.is_empty()) {
            let Ok(()) = encoder.encode(batch, now_ms(), |message| {
                self.collectors.send_to(turn, message.octets);
                Ok::<_, Infallible>(())
            });
        }
        Ok(())
    }

    /// Sends a packet, which was seen at a time in ns since 1970. What a collector does not get is only counted.
    pub fn packet(&mut self, time_ns: u64, packet: &[u8]) {
        if let Packer::Packets(encoder) = &mut self.packer {
            let Ok(()) = encoder.encode(time_ns, packet, |message| {
                self.collectors.send(message);
                Ok::<_, Infallible>(())
            });
        }
    }

    /// Writes and sends whole records, in this machine's byte order. What a collector does not get is only counted.
    pub fn records(&mut self, records: &[u8]) -> Result<(), Failure> {
        let layout = self.records.layout();
        let flows = records.len() / layout.size;
        if self.file.is_there() && !self.modern {
            let mut octets = spare();
            octets.extend_from_slice(records);
            self.file.write(&FlowBatch::from_raw(self.records, Order::HOST, octets))?;
        }
        match &mut self.packer {
            Packer::Packets(_) => {}
            Packer::Template { .. } if !self.collectors.is_empty() => {}
            Packer::Template { .. } => self.flows += flows as u64,
            Packer::Classic(encoder, sampling) => {
                self.flows += flows as u64;
                if !self.collectors.is_empty() {
                    let raw = RawRows { layout, order: Order::HOST, bytes: records };
                    let Ok(()) = encoder.encode(&raw, Rows::All(flows), |export| {
                        send(&mut self.collectors, export.octets, *sampling);
                        Ok::<_, Infallible>(())
                    });
                }
            }
        }
        Ok(())
    }

    /// Sends what is left and ends the file, whose capture lasted from the one time to the other, in seconds since
    /// 1970. Says what was exported in all.
    pub fn finish(&mut self, capture: Option<(u32, u32)>) -> Result<Sent, Failure> {
        self.pack();
        self.collectors.finish();
        let sent = self.sent();
        std::mem::replace(&mut self.file, Store::Nowhere).finish(capture)?;
        Ok(sent)
    }

    /// What was exported so far.
    pub fn sent(&self) -> Sent {
        let (messages, failures) = (self.collectors.messages(), self.collectors.failures());
        Sent { flows: self.flows, messages, failures }
    }

    /// Sends messages as full as they are: no flow waits for those to come.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.pack();
        self.collectors.flush();
        match &mut self.file {
            Store::File(file) => file.flush(),
            _ => Ok(()),
        }
    }

    /// Keeps flows in an archive from now on.
    pub fn keep(&mut self, archive: Archive) {
        self.file = Store::Archive(Some(Box::new(archive)));
    }

    /// Time goes on, to `now` in seconds since 1970; a new file of an archive may be `asked` for.
    pub fn tick(&mut self, now: i64, asked: bool) {
        if let Store::Archive(Some(archive)) = &mut self.file {
            archive.tick(now, asked);
        }
    }

    /// Where messages come from and go to.
    pub fn ends(&self) -> Vec<(SocketAddr, SocketAddr)> {
        self.collectors.ends()
    }

    /// Connections that are lost, if it is time to try them again.
    pub fn lost(&mut self) -> Vec<Lost> {
        self.collectors.lost()
    }

    /// Takes a connection that was made again: whoever is there has heard nothing yet.
    pub fn found(&mut self, lost: &Lost, stream: StreamSender) {
        self.collectors.found(lost, stream);
        self.send_templates();
    }

    /// Sends templates and options again before the next flows.
    pub fn send_templates(&mut self) {
        match &mut self.packer {
            Packer::Template { encoders, .. } => encoders.iter_mut().for_each(TemplateEncoder::announce_again),
            Packer::Packets(encoder) => encoder.announce_again(),
            Packer::Classic(..) => {}
        }
    }

    /// Has done with the templates so far: flows are told otherwise from now on.
    pub fn retire_templates(&mut self) {
        let Packer::Template { encoders, .. } = &mut self.packer else { return };
        for (turn, encoder) in encoders.iter_mut().enumerate() {
            let Ok(()) = encoder.retire(|message| {
                self.collectors.send_to(turn, message.octets);
                Ok::<_, Infallible>(())
            });
        }
    }

    /// Sends the messages that are not full.
    fn pack(&mut self) {
        let collectors = &mut self.collectors;
        match &mut self.packer {
            Packer::Classic(encoder, sampling) => {
                let Ok(()) = encoder.finish(|export| {
                    send(collectors, export.octets, *sampling);
                    Ok::<_, Infallible>(())
                });
            }
            Packer::Packets(_) => {}
            Packer::Template { encoders, .. } => {
                for (turn, encoder) in encoders.iter_mut().enumerate() {
                    let Ok(()) = encoder.finish(|message| {
                        collectors.send_to(turn, message.octets);
                        Ok::<_, Infallible>(())
                    });
                }
            }
        }
    }
}

impl Store {
    fn is_there(&self) -> bool {
        !matches!(self, Store::Nowhere)
    }

    fn write(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        match self {
            Store::File(file) => return file.write_batch(batch),
            Store::Archive(Some(archive)) => archive.take(batch, i64::from(now())),
            Store::Nowhere | Store::Archive(None) => {}
        }
        Ok(())
    }

    /// Ends the file, whose capture lasted from the one time to the other.
    fn finish(self, capture: Option<(u32, u32)>) -> Result<(), Failure> {
        match self {
            Store::File(mut file) => {
                if let Some((first, last)) = capture {
                    file.clock(first);
                    file.clock(last);
                }
                file.finish(&Counters::default(), &mut Vec::new())
            }
            Store::Archive(Some(archive)) => {
                let stored = archive.end().map_err(|e| Failure::io("storing", &e))?;
                match stored.unwritten {
                    0 => Ok(()),
                    flows => Err(Failure::Failed(format!("{flows} flows could not be written"))),
                }
            }
            Store::Nowhere | Store::Archive(None) => Ok(()),
        }
    }
}

impl Packer {
    fn new(args: &Args, version: ExportVersion, collectors: &Collectors) -> Packer {
        match version {
            ExportVersion::Classic(version) => {
                // Packet interval sampling, as far as 14 bits tell the interval.
                let sampled = args.sampling > 1 && version == Version::V5;
                let field = sampled.then(|| 1 << 14 | args.sampling.min(0x3fff) as u16);
                Packer::Classic(Box::default(), field)
            }
            ExportVersion::Template(_) if args.sends_packets() => {
                let connected = args.transport.is_connected();
                let seconds = args.template_interval;
                let refresh = (!connected).then_some(Refresh { seconds, ..Refresh::default() });
                Packer::Packets(Box::new(PacketEncoder::new(refresh)))
            }
            ExportVersion::Template(protocol) => {
                let encoder = |_| encoder(args, protocol, collectors);
                Packer::Template { encoders: (0..collectors.shares()).map(encoder).collect(), batches: 0 }
            }
        }
    }
}

/// An encoder that says what softflowd does of itself.
fn encoder(args: &Args, protocol: Protocol, collectors: &Collectors) -> TemplateEncoder {
    let connected = args.transport.is_connected();
    let octets = if collectors.ipv6() { DATAGRAM - LONGER } else { DATAGRAM };
    let refresh = Refresh::default();
    let seconds = args.template_interval;
    let mut encoder = TemplateEncoder::new(TemplateOptions {
        protocol,
        octets: if connected { MESSAGE } else { octets },
        refresh: (!connected).then_some(Refresh { seconds, ..refresh }),
        // The fields of flows are the template's, be it the user's or the usual one.
        verbatim: true,
        ..TemplateOptions::default()
    });
    let (process, sampling, started_ms) = (std::process::id(), args.sampling, now_ms());
    let of = |interface, name: &str| Metering { process, started_ms, interface, name: name.to_owned(), sampling };
    encoder.set_metering(match args.interfaces.is_empty() {
        true => vec![of(0, "")],
        false => args.interfaces.iter().map(|interface| of(args.number(interface), &interface.name)).collect(),
    });
    encoder
}

/// Ms since 1970.
fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Sends a datagram, with the sampling field of version 5's header.
fn send(collectors: &mut Collectors, datagram: &[u8], sampling: Option<u16>) {
    let sampled = sampling.and_then(|field| {
        let mut octets = datagram.to_vec();
        octets.get_mut(22..24)?.copy_from_slice(&field.to_be_bytes());
        Some(octets)
    });
    collectors.send(sampled.as_deref().unwrap_or(datagram));
}
