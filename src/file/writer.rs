//! Writing flow files.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::header;
use crate::flow::{FlowBatch, Order, StreamInfo, Version, flags};

/// How flows are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The records' version.
    pub version: Version,
    /// Byte order of header and records.
    pub order: Order,
    /// zlib level, 0 none.
    pub level: u8,
    /// What the header says; its version, order and compression are taken from above.
    pub info: StreamInfo,
}

impl WriteOptions {
    /// The header, as it stands at the beginning of the file. Rewritten in place when a capture is closed: its
    /// length depends on nothing but which entries and texts there are.
    pub fn header(&self) -> Vec<u8> {
        let compressed = if self.level > 0 { flags::COMPRESSED } else { 0 };
        let info = StreamInfo { flags: self.info.flags & !flags::COMPRESSED | compressed, ..self.info.clone() };
        header::encode(&info, self.version, self.order)
    }
}

/// Writes a flow file: a header, then records.
pub struct FlowWriter<W: Write> {
    out: Output<W>,
    version: Version,
    order: Order,
    scratch: Vec<u8>,
    flows: u64,
}

enum Output<W: Write> {
    Plain(W),
    Zlib(ZlibEncoder<W>),
}

impl<W: Write> FlowWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W, options: &WriteOptions) -> io::Result<FlowWriter<W>> {
        out.write_all(&options.header())?;
        let out = match options.level {
            0 => Output::Plain(out),
            level => Output::Zlib(ZlibEncoder::new(out, Compression::new(level.min(9).into()))),
        };
        Ok(FlowWriter { out, version: options.version, order: options.order, scratch: Vec::new(), flows: 0 })
    }

    /// Writes a batch's selected flows, which must be records of the writer's version: converting is `rewrite`'s work.
    pub fn write(&mut self, batch: &FlowBatch) -> io::Result<()> {
        let Some(raw) = batch.raw().filter(|raw| raw.layout.version == self.version) else {
            let what = format!("flows that are not version {} records cannot be written as such", self.version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        };
        self.flows += batch.len() as u64;
        if raw.order == self.order && raw.bytes.len() == batch.len() * raw.layout.size {
            return self.out.write_all(raw.bytes);
        }
        self.scratch.clear();
        raw.copy(batch.rows(), self.order, &mut self.scratch);
        self.out.write_all(&self.scratch)
    }

    /// Writes whole records of the writer's version, in host order.
    pub fn write_records(&mut self, records: &[u8]) -> io::Result<()> {
        let layout = self.version.layout();
        self.flows += (records.len() / layout.size) as u64;
        if self.order == Order::HOST {
            return self.out.write_all(records);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(records);
        layout.swap(&mut self.scratch);
        self.out.write_all(&self.scratch)
    }

    /// Flows written so far.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Hands everything written so far to the output: what is there then can be read to here.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Output::Plain(out) => out.flush(),
            Output::Zlib(zlib) => zlib.flush(),
        }
    }

    /// Ends the records and gives the output back. Without this a compressed file is cut short.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.out {
            Output::Plain(out) => out,
            Output::Zlib(zlib) => zlib.finish()?,
        };
        out.flush()?;
        Ok(out)
    }
}

impl<W: Write> Output<W> {
    fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Output::Plain(out) => out.write_all(octets),
            Output::Zlib(zlib) => zlib.write_all(octets),
        }
    }
}
