//! Where a sensor's flows go: a flow file, collectors, or both.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Failure;
use super::collectors::Collectors;
use super::common::{Debug, Write};
use super::flow_send::ExportVersion;
use super::flow_sensor::Args;
use super::sink::Sink;
use crate::flow::{About, Fact, FlowBatch, Form, Order, RawRows, Rows, Version, spare};
use crate::wire::{Counters, DATAGRAM, Encoder, Protocol, Refresh, TemplateEncoder, TemplateOptions};

/// Octets of a message over a connection.
const MESSAGE: usize = 1 << 14;
/// Octets by which IPv6's header is longer than IPv4's.
const LONGER: usize = 20;

/// Writes flows to a file and sends them, as records of a classic version or with templates.
pub struct Exporter {
    /// The version of the records that are handed over.
    records: Version,
    file: Option<Sink>,
    /// The file takes batches, not records.
    modern: bool,
    packer: Packer,
    collectors: Collectors,
    flows: u64,
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
}

impl Exporter {
    /// Connects to the collectors and creates the flow file.
    pub fn open(args: &Args) -> Result<Exporter, Failure> {
        let (sent, form) = (args.version()?, args.form()?);
        let collectors = Collectors::connect(args)?;
        let write = Write {
            codec: args.codec,
            byte_order: args.byte_order,
            comment: args.comment.clone(),
            debug: Debug::default(),
            level: args.level,
        };
        let path = args.write.as_deref();
        let file = path.map(|path| Sink::open(Some(path).filter(|p| p.as_os_str() != "-"), write, Some(form)));
        Ok(Exporter {
            records: args.records()?,
            file: file.transpose()?,
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
            Packer::Template { .. } => !self.modern && self.file.is_some(),
        }
    }

    /// Whether batches are to be made for a modern file.
    pub fn wants_batches(&self) -> bool {
        self.modern && self.file.is_some()
    }

    /// Whether batches are to be made for [`Exporter::export`].
    pub fn wants_exports(&self) -> bool {
        matches!(self.packer, Packer::Template { .. }) && (self.file.is_none() || !self.collectors.is_empty())
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
        self.file.as_mut().map_or(Ok(()), |file| file.write_batch(batch))
    }

    /// Sends flows with templates. What a collector does not get is only counted.
    pub fn export(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        let Packer::Template { encoders, batches } = &mut self.packer else { return Ok(()) };
        self.flows += batch.len() as u64;
        let turn = *batches % encoders.len().max(1);
        *batches += 1;
        if let Some(encoder) = encoders.get_mut(turn).filter(|_| !self.collectors.is_empty()) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
            let Ok(()) = encoder.encode(batch, now, |message| {
                self.collectors.send_to(turn, message.octets);
                Ok::<_, Infallible>(())
            });
        }
        Ok(())
    }

    /// Writes and sends whole records, in this machine's byte order. What a collector does not get is only counted.
    pub fn records(&mut self, records: &[u8]) -> Result<(), Failure> {
        let layout = self.records.layout();
        let flows = records.len() / layout.size;
        if let Some(file) = self.file.as_mut().filter(|_| !self.modern) {
            let mut octets = spare();
            octets.extend_from_slice(records);
            file.write_batch(&FlowBatch::from_raw(self.records, Order::HOST, octets))?;
        }
        match &mut self.packer {
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
    pub fn finish(mut self, capture: Option<(u32, u32)>) -> Result<Sent, Failure> {
        let collectors = &mut self.collectors;
        match &mut self.packer {
            Packer::Classic(encoder, sampling) => {
                let Ok(()) = encoder.finish(|export| {
                    send(collectors, export.octets, *sampling);
                    Ok::<_, Infallible>(())
                });
            }
            Packer::Template { encoders, .. } => {
                for (turn, encoder) in encoders.iter_mut().enumerate() {
                    let Ok(()) = encoder.finish(|message| {
                        collectors.send_to(turn, message.octets);
                        Ok::<_, Infallible>(())
                    });
                }
            }
        }
        collectors.finish();
        if let Some(mut file) = self.file.take() {
            if let Some((first, last)) = capture {
                file.clock(first);
                file.clock(last);
            }
            file.finish(&Counters::default(), &mut Vec::new())?;
        }
        let (messages, failures) = (self.collectors.messages(), self.collectors.failures());
        Ok(Sent { flows: self.flows, messages, failures })
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
            ExportVersion::Template(protocol) => {
                let encoder = |_| encoder(args, protocol, collectors);
                Packer::Template { encoders: (0..collectors.shares()).map(encoder).collect(), batches: 0 }
            }
        }
    }
}

/// An encoder that tells of the sampling, if there is any.
fn encoder(args: &Args, protocol: Protocol, collectors: &Collectors) -> TemplateEncoder {
    let connected = args.transport.is_connected();
    let octets = if collectors.ipv6() { DATAGRAM - LONGER } else { DATAGRAM };
    let refresh = Refresh::default();
    let seconds = args.template_interval;
    let mut encoder = TemplateEncoder::new(TemplateOptions {
        protocol,
        octets: if connected { MESSAGE } else { octets },
        refresh: (!connected).then_some(Refresh { seconds, ..refresh }),
        ..TemplateOptions::default()
    });
    if args.sampling > 1 {
        encoder.set_facts(vec![Fact {
            exporter: args.exporter.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            domain: 0,
            about: About::Sampler { id: None, population: args.sampling.into(), taken: 1 },
            name: String::new(),
            description: String::new(),
        }]);
    }
    encoder
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
