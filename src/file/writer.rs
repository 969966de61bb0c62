//! Writing flow files, classic and modern.

use std::io::{self, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::block::{self, BlockEncoder, FULL, Values};
use super::index::{self, Entry};
use super::{facts, header};
use crate::flow::time::{FlowTimes, Span};
use crate::flow::{Codec, Fact, FlowBatch, Form, Order, Schema, StreamInfo, Version, flags};

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
    /// What the header says; its form, order and compression are taken from above.
    pub info: StreamInfo,
}

impl WriteOptions {
    /// How flows are written, uncompressed, under a header that says `info`.
    pub fn new(form: impl Into<Form>, info: StreamInfo) -> WriteOptions {
        WriteOptions { form: form.into(), order: Order::HOST, level: 0, codec: Codec::default(), quick: false, info }
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
    Modern(Blocks<W>),
}

impl<W: Write> FlowWriter<W> {
    /// Writes the header.
    pub fn new(mut out: W, options: &WriteOptions) -> io::Result<FlowWriter<W>> {
        let header = options.header();
        out.write_all(&header)?;
        let body = match options.form {
            Form::Classic(version) => Body::Classic(Records::new(out, version, options)),
            Form::Modern => Body::Modern(Blocks::new(out, header.len() as u64, options)),
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

    /// When the flows written so far were; `None` if that is not known of all of them: readers skip whole files by it.
    pub fn span(&self) -> Option<Span> {
        match &self.body {
            Body::Classic(_) => None,
            Body::Modern(blocks) => blocks.span.filter(|_| !blocks.timeless),
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

/// A modern file's blocks: one open a schema, so that flows keep their order within a schema.
struct Blocks<W: Write> {
    out: W,
    offset: u64,
    encoder: BlockEncoder,
    quick: bool,
    open: Vec<Open>,
    entries: Vec<Entry>,
    flows: u64,
    span: Option<Span>,
    /// Of some flows it is not known when they were.
    timeless: bool,
    times: FlowTimes,
}

/// Flows waiting to become a block.
struct Open {
    schema: Arc<Schema>,
    columns: Vec<Values>,
    rows: usize,
    span: Option<Span>,
}

impl<W: Write> Blocks<W> {
    /// Flows of so many schemas wait; of more, the oldest are written.
    const SCHEMAS: usize = 256;

    fn new(out: W, offset: u64, options: &WriteOptions) -> Blocks<W> {
        let codec = if options.quick { Codec::None } else { options.codec };
        let encoder = BlockEncoder::new(codec, options.level.into());
        let (quick, open, entries) = (options.quick, Vec::new(), Vec::new());
        Blocks {
            out,
            offset,
            encoder,
            quick,
            open,
            entries,
            flows: 0,
            span: None,
            timeless: false,
            times: FlowTimes::default(),
        }
    }

    fn write(&mut self, batch: &FlowBatch) -> io::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.quick
            && let Some((block, span)) = BlockEncoder::rows(batch)
        {
            return self.put(&block, batch.len(), span);
        }
        let at = match self.open.iter().position(|open| *open.schema == *batch.schema()) {
            Some(at) => at,
            None => {
                if self.open.len() >= Blocks::<W>::SCHEMAS {
                    let oldest = self.open.remove(0);
                    self.close(oldest)?;
                }
                self.open.push(Open { schema: batch.shared_schema(), columns: Vec::new(), rows: 0, span: None });
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(at) else { return Ok(()) };
        block::append(batch, &mut open.columns);
        open.rows += batch.len();
        if FlowTimes::known(batch.schema()) {
            self.times.gather(batch);
            let span = Span::of(&self.times.start, &self.times.end);
            open.span = open.span.map_or(span, |known| span.map(|span| known.union(span)));
        }
        if open.rows >= FULL || self.quick {
            let full = self.open.remove(at);
            self.close(full)?;
        }
        Ok(())
    }

    fn close(&mut self, open: Open) -> io::Result<()> {
        let block = self.encoder.encode(&open.schema, open.rows, &open.columns, open.span);
        self.put(&block, open.rows, open.span)
    }

    fn put(&mut self, block: &[u8], rows: usize, span: Option<Span>) -> io::Result<()> {
        let head = block.get(12..16).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b)) as usize;
        self.flows += rows as u64;
        self.timeless |= span.is_none();
        if let Some(span) = span {
            self.span = Some(self.span.map_or(span, |known| known.union(span)));
        }
        self.chunk(block, head)
    }

    /// Writes a chunk, so much of which is repeated in the index.
    fn chunk(&mut self, octets: &[u8], head: usize) -> io::Result<()> {
        self.out.write_all(octets)?;
        self.entries.push(Entry { offset: self.offset, head: octets.get(..head).unwrap_or_default().to_vec() });
        self.offset += octets.len() as u64;
        Ok(())
    }

    fn facts(&mut self, facts: &[Fact]) -> io::Result<()> {
        let chunk = facts::write(facts);
        self.chunk(&chunk, chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        for open in std::mem::take(&mut self.open) {
            self.close(open)?;
        }
        self.out.flush()
    }

    fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        self.out.write_all(&index::write(&self.entries, self.offset, self.flows))?;
        Ok(self.out)
    }
}
