//! Where a sensor's records go: a flow file, collectors, or both.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::Failure;
use super::common::{Debug, Write};
use super::flow_sensor::Args;
use super::run::complain;
use super::sink::Sink;
use crate::flow::{FlowBatch, Form, Order, RawRows, Rows, Version, spare};
use crate::net::{Endpoint, SendOptions, Sender};
use crate::wire::{Counters, Encoder};

/// Datagrams sent together when they are paced: few enough for a collector's socket buffer of the usual size.
const BURST: u32 = 16;

/// Writes and sends records of one version.
pub struct Exporter {
    version: Version,
    file: Option<Sink>,
    /// The file takes batches, not records.
    modern: bool,
    encoder: Encoder,
    senders: Vec<Sender>,
    share: bool,
    sampling: u32,
    pace: Duration,
    due: Instant,
    sent: Sent,
}

/// What has been exported.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Sent {
    /// Records.
    pub flows: u64,
    /// Datagrams made of them.
    pub datagrams: u64,
    /// Datagrams that did not go out, for each collector.
    pub failures: u64,
}

impl Exporter {
    /// Connects to the collectors and creates the flow file.
    pub fn open(args: &Args, version: Version, form: Form) -> Result<Exporter, Failure> {
        let options =
            SendOptions { hops: args.hop_limit, device: args.send_interface.clone(), ..SendOptions::default() };
        let connect = |text: &String| {
            let to = Endpoint::collector(text).map_err(|why| Failure::Usage(format!("-n {why}")))?;
            Sender::connect(&to, &options).map_err(|e| Failure::io(text, &e))
        };
        let senders = args.collectors.iter().map(connect).collect::<Result<_, _>>()?;
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
            version,
            file: file.transpose()?,
            modern: form == Form::Modern,
            encoder: Encoder::new(),
            senders,
            share: args.share,
            sampling: args.sampling,
            pace: Duration::from_micros(args.pace),
            due: Instant::now(),
            sent: Sent::default(),
        })
    }

    /// Whether records are to be made: to be sent, or for a classic file.
    pub fn wants_records(&self) -> bool {
        !self.modern || !self.senders.is_empty()
    }

    /// Whether batches are to be made, for a modern file.
    pub fn wants_batches(&self) -> bool {
        self.modern && self.file.is_some()
    }

    /// Writes flows to a modern file.
    pub fn batch(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        if self.senders.is_empty() {
            self.sent.flows += batch.len() as u64;
        }
        self.file.as_mut().map_or(Ok(()), |file| file.write_batch(batch))
    }

    /// Writes and sends whole records, in this machine's byte order. What a collector does not get is only counted.
    pub fn records(&mut self, records: &[u8]) -> Result<(), Failure> {
        let layout = self.version.layout();
        let flows = records.len() / layout.size;
        self.sent.flows += flows as u64;
        if let Some(file) = self.file.as_mut().filter(|_| !self.modern) {
            let mut octets = spare();
            octets.extend_from_slice(records);
            file.write_batch(&FlowBatch::from_raw(self.version, Order::HOST, octets))?;
        }
        if !self.senders.is_empty() {
            let mut encoder = std::mem::take(&mut self.encoder);
            let raw = RawRows { layout, order: Order::HOST, bytes: records };
            encoder.encode(&raw, Rows::All(flows), |export| self.send(export.octets))?;
            self.encoder = encoder;
        }
        Ok(())
    }

    /// Sends what is left and ends the file, whose capture lasted from the one time to the other, in seconds since
    /// 1970. Says what was exported in all.
    pub fn finish(mut self, capture: Option<(u32, u32)>) -> Result<Sent, Failure> {
        let mut encoder = std::mem::take(&mut self.encoder);
        encoder.finish(|export| self.send(export.octets))?;
        self.flush();
        if let Some(mut file) = self.file.take() {
            if let Some((first, last)) = capture {
                file.clock(first);
                file.clock(last);
            }
            file.finish(&Counters::default(), &mut Vec::new())?;
        }
        Ok(self.sent)
    }

    /// Sends a datagram to every collector, or to the one whose turn it is.
    fn send(&mut self, datagram: &[u8]) -> Result<(), Failure> {
        let sampled = self.with_sampling(datagram);
        let datagram = sampled.as_deref().unwrap_or(datagram);
        let turn = self.sent.datagrams % self.senders.len().max(1) as u64;
        self.sent.datagrams += 1;
        let mut results = Vec::new();
        for (i, sender) in self.senders.iter_mut().enumerate() {
            if !self.share || i as u64 == turn {
                results.push(sender.send(datagram));
            }
        }
        results.into_iter().for_each(|result| self.note(result));
        if !self.pace.is_zero() && self.sent.datagrams.is_multiple_of(u64::from(BURST)) {
            self.flush();
            thread::sleep(self.due.saturating_duration_since(Instant::now()));
            self.due = self.due.max(Instant::now()) + self.pace * BURST;
        }
        Ok(())
    }

    fn flush(&mut self) {
        let results: Vec<_> = self.senders.iter_mut().map(Sender::flush).collect();
        results.into_iter().for_each(|result| self.note(result));
    }

    /// Counts a datagram that did not go out; the first is reported.
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            if self.sent.failures == 0 {
                complain("flow-sensor", format_args!("a datagram could not be sent: {error}"));
            }
            self.sent.failures += 1;
        }
    }

    /// The datagram with the sampling interval in its header, where there is one: in version 5, as packet interval
    /// sampling, as far as 14 bits tell the interval.
    fn with_sampling(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        if self.sampling < 2 || self.version != Version::V5 {
            return None;
        }
        let mut octets = datagram.to_vec();
        octets.get_mut(22..24)?.copy_from_slice(&(1 << 14 | self.sampling.min(0x3fff) as u16).to_be_bytes());
        Some(octets)
    }
}
