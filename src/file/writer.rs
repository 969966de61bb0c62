//! Writing flow files, classic and modern.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::blocks::Blocks;
use super::header;
use crate::flow::time::Span;
use crate::flow::{Codec, Fact, FlowBatch, Form, Order, StreamInfo, Version, flags};

/// How flows are written.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// What flows are stored as.
    pub form: Form,
    /// Byte order of a classic file's header and records. Modern files are little-endian.
    pub order: Order,
    /// zlib level of a classic file, 0 none; level of Zstandard of a modern one, 0 its default.
    pub level: u8,
    /// How columns of a modern file are compressed.
    pub codec: Codec,
    /// Write blocks of a modern file as they come, quick to make and to read rather than small: for pipes, and for
    /// files that are to be rewritten.
    pub quick: bool,
    /// Threads that encode a modern file's blocks: 1 is the caller's own, 0 one for each core. What is written depends
    /// on it, for each learns by itself how columns are best stored; what is read does not.
    pub threads: usize,
    /// What the header says; its form, order and compression are taken from above.
    pub info: StreamInfo,
}

impl WriteOptions {
    /// How flows are written, uncompressed, under a header that says `info`.
    pub fn new(form: impl Into<Form>, info: StreamInfo) -> WriteOptions {
        let (form, codec) = (form.into(), Codec::default());
        WriteOptions { form, order: Order::HOST, level: 0, codec, quick: false, threads: 0, info }
    }

    /// The header, as it stands at the beginning of the file. Rewritten in place when a capture is closed: its
    /// length depends on nothing but which entries and texts there are.
    pub fn header(&self) -> Vec<u8> {
        let compressed = if self.level > 0 { flags::COMPRESSED } else { 0 };
        match self.form {
            Form::Classic(version) => {
                let info = StreamInfo { flags: self.info.flags & !flags::COMPRESSED | compressed, ..self.info.clone() };
                header::encode(&info, version, self.order)
            }
            Form::Modern => header::encode_modern(&self.info),
        }
    }
}

/// Writes a flow file: a header, then flows.
pub struct FlowWriter<W: Write> {
    body: Body<W>,
    flows: u64,
}

enum Body<W: Write> {
    Classic(Records<W>),
    Modern(Box<Blocks<W>>),
}

impl<W: Write> FlowWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W, options: &WriteOptions) -> io::Result<FlowWriter<W>> {
        let header = options.header();
        out.write_all(&header)?;
        let body = match options.form {
            Form::Classic(version) => Body::Classic(Records::new(out, version, options)),
            Form::Modern => Body::Modern(Box::new(Blocks::new(out, header.len() as u64, options))),
        };
        Ok(FlowWriter { body, flows: 0 })
    }

    /// Writes a batch's selected flows. Into a classic file they must be records of its version: converting is
    /// `rewrite`'s work.
    pub fn write(&mut self, batch: &FlowBatch) -> io::Result<()> {
        self.flows += batch.len() as u64;
        match &mut self.body {
            Body::Classic(records) => records.write(batch),
            Body::Modern(blocks) => blocks.write(batch),
        }
    }

    /// Writes whole records of a classic file's version, in host order.
    pub fn write_records(&mut self, records: &[u8]) -> io::Result<()> {
        match &mut self.body {
            Body::Classic(body) => {
                self.flows += (records.len() / body.version.layout().size) as u64;
                body.write_records(records)
            }
            Body::Modern(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "a modern file has no records")),
        }
    }

    /// Writes what exporters said of themselves; a classic file has no place for it.
    pub fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        match &mut self.body {
            Body::Modern(blocks) if !facts.is_empty() => blocks.facts(facts),
            _ => Ok(()),
        }
    }

    /// Flows written so far.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// When the flows written so far were, as far as a modern file's blocks know.
    pub fn span(&self) -> Option<Span> {
        match &self.body {
            Body::Classic(_) => None,
            Body::Modern(blocks) => blocks.span(),
        }
    }

    /// Hands everything written so far to the output: what is there then can be read to here.
    pub fn flush(&mut self) -> io::Result<()> {
        match &mut self.body {
            Body::Classic(records) => records.flush(),
            Body::Modern(blocks) => blocks.flush(),
        }
    }

    /// Ends the flows and gives the output back. Without this a compressed classic file is cut short, and a modern one
    /// lacks its last flows and its index.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.body {
            Body::Classic(records) => records.finish()?,
            Body::Modern(blocks) => blocks.finish()?,
        };
        out.flush()?;
        Ok(out)
    }
}

/// A classic file's records.
struct Records<W: Write> {
    out: Output<W>,
    version: Version,
    order: Order,
    scratch: Vec<u8>,
}

enum Output<W: Write> {
    Plain(W),
    Zlib(ZlibEncoder<W>),
}

impl<W: Write> Records<W> {
    fn new(out: W, version: Version, options: &WriteOptions) -> Records<W> {
        let out = match options.level {
            0 => Output::Plain(out),
            level => Output::Zlib(ZlibEncoder::new(out, Compression::new(level.min(9).into()))),
        };
        Records { out, version, order: options.order, scratch: Vec::new() }
    }

    fn write(&mut self, batch: &FlowBatch) -> io::Result<()> {
        let Some(raw) = batch.raw().filter(|raw| raw.layout.version == self.version) else {
            let what = format!("flows that are not version {} records cannot be written as such", self.version);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        };
        if raw.order == self.order && raw.bytes.len() == batch.len() * raw.layout.size {
            return self.out.write_all(raw.bytes);
        }
        self.scratch.clear();
        raw.copy(batch.rows(), self.order, &mut self.scratch);
        self.out.write_all(&self.scratch)
    }

    fn write_records(&mut self, records: &[u8]) -> io::Result<()> {
        if self.order == Order::HOST {
            return self.out.write_all(records);
        }
        self.scratch.clear();
        self.scratch.extend_from_slice(records);
        self.version.layout().swap(&mut self.scratch);
        self.out.write_all(&self.scratch)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Output::Plain(out) => out.flush(),
            Output::Zlib(zlib) => zlib.flush(),
        }
    }

    fn finish(self) -> io::Result<W> {
        match self.out {
            Output::Plain(out) => Ok(out),
            Output::Zlib(zlib) => zlib.finish(),
        }
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
