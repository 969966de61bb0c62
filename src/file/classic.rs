//! A classic flow file being read: records in chunks.

use std::fs::File;
use std::io::{self, Read};

use super::error::{Error, Kind};
use super::{inflate::Inflate, legacy};
use crate::flow::{FlowBatch, Layout, Order, StreamInfo, Version, flags, spare};

/// Octets of records read at a time: a batch, its gathered columns and what is made of it fit a core's cache.
pub(super) const CHUNK: usize = 256 << 10;

/// A classic flow file being read, behind its header.
pub(super) struct ClassicReader {
    name: String,
    info: StreamInfo,
    layout: &'static Layout,
    order: Order,
    input: Input,
    /// The octets a record takes in the file: other than the layout's in stream version 1.
    stored: usize,
    /// A record begun at the end of the last chunk.
    rest: Vec<u8>,
    records: u64,
    ended: bool,
    /// What went wrong behind the records of the last chunk.
    failed: Option<Kind>,
}

/// Where octets come from.
pub(super) enum Input {
    /// A regular file: chunks are read whole.
    File(File),
    /// A pipe: what is there is handed on, so that flows come through as they arrive.
    Pipe(Box<dyn Read + Send>),
    Zlib(Box<Inflate>),
}

impl ClassicReader {
    /// A file whose header says `info`; `input` are its records. `live` if it may keep us waiting.
    pub fn new(input: Input, info: StreamInfo, name: String, live: bool) -> ClassicReader {
        let version = info.version.unwrap_or(Version::V5);
        let layout = version.layout();
        let stored = if info.stream_version == 1 { legacy::SIZE } else { layout.size };
        let input = match (input, info.is(flags::COMPRESSED)) {
            (Input::File(file), true) => Input::Zlib(Box::new(Inflate::new(Box::new(file), live))),
            (Input::Pipe(pipe), true) => Input::Zlib(Box::new(Inflate::new(pipe, live))),
            (plain, _) => plain,
        };
        let order = info.order.unwrap_or(Order::HOST);
        ClassicReader {
            name,
            info,
            layout,
            order,
            input,
            stored,
            rest: Vec::new(),
            records: 0,
            ended: false,
            failed: None,
        }
    }

    /// What the header says.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// The next records; some hundred KiB of them, or what a pipe holds. After an error or `None` there are no more;
    /// what was read before an error has been returned.
    pub fn next_batch(&mut self) -> Result<Option<FlowBatch>, Error> {
        if !self.ended {
            let mut buffer = spare();
            buffer.append(&mut self.rest);
            let limit = CHUNK / self.stored * self.stored;
            self.failed = self.fill(&mut buffer, limit).err();
            let whole = buffer.len() / self.stored * self.stored;
            self.rest.extend_from_slice(buffer.get(whole..).unwrap_or_default());
            buffer.truncate(whole);
            self.ended = whole == 0 || self.failed.is_some();
            if whole > 0 {
                self.records += (whole / self.stored) as u64;
                return Ok(Some(self.batch(buffer)));
            }
            self.failed = self.failed.take().or_else(|| self.wrong_end());
        }
        match self.failed.take() {
            None => Ok(None),
            Some(kind) => {
                let at = format!("record {}", self.records);
                Err(Error { file: self.name.clone(), at, kind, kept: self.records })
            }
        }
    }

    /// Reads on where the records ended, if more may have been appended.
    pub fn resume(&mut self) {
        self.ended &= !self.unfinished();
    }

    /// Reads up to `limit` octets into `buffer`, from a pipe at least a record if there is one.
    fn fill(&mut self, buffer: &mut Vec<u8>, limit: usize) -> Result<(), Kind> {
        let result = match &mut self.input {
            Input::File(file) => {
                let want = limit - buffer.len();
                buffer.reserve_exact(want);
                file.take(want as u64).read_to_end(buffer).map(|_| ())
            }
            Input::Pipe(pipe) => some(pipe, buffer, limit, self.stored),
            Input::Zlib(inflate) => inflate.fill(buffer, limit, self.stored),
        };
        match result {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(Kind::Damaged(e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && self.unfinished() => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(Kind::Damaged("zlib data ends early".into())),
            Err(e) => Err(Kind::Io(e)),
        }
    }

    /// A capture in progress, or one whose writer was killed: it may end anywhere.
    fn unfinished(&self) -> bool {
        self.info.stream_version == 3 && !self.info.is(flags::DONE) && !self.info.is(flags::STREAMING)
    }

    /// Whether the end is where it should not be.
    fn wrong_end(&self) -> Option<Kind> {
        if self.unfinished() {
            return None;
        }
        if !self.rest.is_empty() {
            let what = format!("ends within a record: {} octets of {}", self.rest.len(), self.stored);
            return Some(Kind::Damaged(what));
        }
        let counted = self.info.is(flags::DONE) && !self.info.is(flags::STREAMING | flags::PRELOADED);
        let flows = self.info.flows.filter(|_| counted)?;
        (flows > self.records).then(|| Kind::Damaged(format!("file ends early: the header counts {flows} flows")))
    }

    fn batch(&self, mut records: Vec<u8>) -> FlowBatch {
        let mut order = self.order;
        if self.info.stream_version == 1 {
            records = legacy::convert(&records, self.layout, self.order);
        } else if self.layout.mixed && self.order != Order::HOST {
            self.layout.swap(&mut records);
            order = Order::HOST;
        }
        FlowBatch::from_raw(self.layout.version, order, records)
    }
}

/// Reads until there is a whole record or the end.
fn some(pipe: &mut dyn Read, buffer: &mut Vec<u8>, limit: usize, record: usize) -> io::Result<()> {
    let mut have = buffer.len();
    buffer.resize(limit, 0);
    let result = loop {
        let Some(room) = buffer.get_mut(have..).filter(|room| have < record && !room.is_empty()) else {
            break Ok(());
        };
        match pipe.read(room) {
            Ok(0) => break Ok(()),
            Ok(n) => have += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => break Err(e),
        }
    };
    buffer.truncate(have);
    result
}
