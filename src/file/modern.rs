//! A modern flow file being read: by its index, or block after block.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::block::{COMMON, Head, MAGIC, MAX_CHUNK, kind};
use super::error::{Error, Kind};
use super::index::{self, TRAILER};
use super::unit::{Block, Store};
use super::{facts, header};
use crate::flow::{StreamInfo, flags};

/// A modern flow file being read, behind its header.
pub(super) struct ModernReader {
    name: Arc<str>,
    info: StreamInfo,
    input: Input,
    /// Where the next chunk begins.
    offset: u64,
    flows: u64,
    blocks: u64,
    ended: bool,
    /// Something to be said at the end.
    problem: Option<Kind>,
}

enum Input {
    /// Octets as they come.
    Stream(Box<dyn Read + Send>),
    /// A file, chunk after chunk.
    Chunks(Arc<File>),
    /// A file, by its index.
    Index(Arc<File>, std::vec::IntoIter<(u64, Head)>),
}

impl ModernReader {
    /// A stream, behind its header.
    pub fn stream(input: Box<dyn Read + Send>, info: StreamInfo, name: String) -> ModernReader {
        let offset = header::encode_modern(&info).len() as u64;
        ModernReader::new(Input::Stream(input), info, name, offset)
    }

    fn new(input: Input, info: StreamInfo, name: String, offset: u64) -> ModernReader {
        let name = name.into();
        ModernReader { name, info, input, offset, flows: 0, blocks: 0, ended: false, problem: None }
    }

    /// A regular file, whose header has been read.
    pub fn file(mut file: File, mut info: StreamInfo, name: String) -> Result<ModernReader, Error> {
        let start = io::Seek::stream_position(&mut file).map_err(|e| Error::io(&name, e))?;
        let length = file.metadata().map_err(|e| Error::io(&name, e))?.len();
        let file = Arc::new(file);
        let complete = info.is(flags::DONE) || info.is(flags::STREAMING);
        let (input, problem) = match read_index(&file, length) {
            Ok(Some(entries)) => {
                let mut heads = Vec::with_capacity(entries.len());
                for entry in &entries {
                    match Head::read(&entry.head) {
                        Ok(head) if entry.head.get(4) == Some(&kind::BLOCK) => heads.push((entry.offset, head)),
                        _ => add_facts(&mut info, facts::read(&entry.head).unwrap_or_default()),
                    }
                }
                (Input::Index(file, heads.into_iter()), None)
            }
            Ok(None) if complete => (Input::Chunks(file), Some("the file ends without its index".to_string())),
            Ok(None) => (Input::Chunks(file), None),
            Err(what) => (Input::Chunks(file), Some(what)),
        };
        let mut reader = ModernReader::new(input, info, name, start);
        reader.problem = problem.map(Kind::Damaged);
        Ok(reader)
    }

    /// What the header says, and the facts read so far.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// The next block.
    pub fn next_block(&mut self) -> Result<Option<Block>, Error> {
        if !self.ended {
            match self.find() {
                Ok(Some(block)) => {
                    self.blocks += 1;
                    self.flows += u64::from(block.head.rows);
                    return Ok(Some(block));
                }
                Ok(None) => {}
                Err(kind) => self.problem = Some(kind),
            }
            self.ended = true;
        }
        match self.problem.take() {
            None => Ok(None),
            Some(kind) => {
                let at = format!("offset {}", self.offset);
                Err(Error { file: self.name.to_string(), at, kind, kept: self.flows })
            }
        }
    }

    fn find(&mut self) -> Result<Option<Block>, Kind> {
        match &mut self.input {
            Input::Index(file, heads) => {
                let Some((offset, head)) = heads.next() else { return Ok(None) };
                let store = Store::File(file.clone(), offset);
                Ok(Some(self.block(offset, head, store)))
            }
            Input::Chunks(file) => {
                let file = file.clone();
                self.chunk(&file)
            }
            Input::Stream(_) => self.streamed(),
        }
    }

    fn block(&self, offset: u64, head: Head, store: Store) -> Block {
        Block { name: self.name.clone(), offset, head: Arc::new(head), store, before: self.flows }
    }

    /// The next block of a file without an index.
    fn chunk(&mut self, file: &Arc<File>) -> Result<Option<Block>, Kind> {
        let length = file.metadata().map_err(Kind::Io)?.len();
        loop {
            let mut common = [0; COMMON];
            let got = read_some_at(file, &mut common, self.offset).map_err(Kind::Io)?;
            if got == 0 {
                return Ok(None);
            }
            if got < COMMON {
                return self.cut(got);
            }
            let chunk = Common::read(&common).map_err(Kind::Damaged)?;
            if self.offset + u64::from(chunk.length) > length {
                return self.cut(length.saturating_sub(self.offset) as usize);
            }
            let (offset, part) = (self.offset, if chunk.kind == kind::BLOCK { chunk.head } else { chunk.length });
            let mut octets = vec![0; part as usize];
            file.read_exact_at(&mut octets, offset).map_err(Kind::Io)?;
            let block = match chunk.kind {
                kind::BLOCK => {
                    let head = Head::read(&octets).map_err(Kind::Damaged)?;
                    Some(self.block(offset, head, Store::File(file.clone(), offset)))
                }
                _ => {
                    self.other(chunk.kind, &octets)?;
                    None
                }
            };
            self.offset += u64::from(chunk.length);
            if block.is_some() || chunk.kind == kind::INDEX {
                return Ok(block);
            }
        }
    }

    /// The next block of a stream.
    fn streamed(&mut self) -> Result<Option<Block>, Kind> {
        loop {
            let Input::Stream(input) = &mut self.input else { return Ok(None) };
            let mut octets = Vec::new();
            input.take(COMMON as u64).read_to_end(&mut octets).map_err(Kind::Io)?;
            if octets.is_empty() {
                let unfinished = !self.info.is(flags::DONE) && !self.info.is(flags::STREAMING);
                return if unfinished { Ok(None) } else { Err(Kind::Damaged("the flows end early".into())) };
            }
            if octets.len() < COMMON {
                return self.cut(octets.len());
            }
            let chunk = Common::read(&octets).map_err(Kind::Damaged)?;
            input.take(u64::from(chunk.length) - COMMON as u64).read_to_end(&mut octets).map_err(Kind::Io)?;
            if octets.len() < chunk.length as usize {
                return self.cut(octets.len());
            }
            let offset = self.offset;
            self.offset += u64::from(chunk.length);
            if chunk.kind == kind::BLOCK {
                let head = Head::read(&octets).map_err(Kind::Damaged)?;
                return Ok(Some(self.block(offset, head, Store::Memory(octets))));
            }
            self.other(chunk.kind, &octets)?;
            if chunk.kind == kind::INDEX {
                return Ok(None);
            }
        }
    }

    /// Facts, the index; kinds that are not known are skipped.
    fn other(&mut self, kind: u8, octets: &[u8]) -> Result<(), Kind> {
        match kind {
            kind::FACTS => add_facts(&mut self.info, facts::read(octets).map_err(Kind::Damaged)?),
            kind::INDEX => {
                index::read(octets).map_err(Kind::Damaged)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The file ends within a chunk: no damage if it is being written, or its writer was killed.
    fn cut(&self, octets: usize) -> Result<Option<Block>, Kind> {
        if self.info.is(flags::DONE) || self.info.is(flags::STREAMING) {
            return Err(Kind::Damaged(format!("ends within a block, {octets} octets of it")));
        }
        Ok(None)
    }
}

/// What all chunks begin with.
struct Common {
    kind: u8,
    length: u32,
    head: u32,
}

impl Common {
    fn read(octets: &[u8]) -> Result<Common, String> {
        let word =
            |at: usize| octets.get(at..at + 4).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
        let (length, head) = (word(8), word(12));
        if !octets.starts_with(&MAGIC) {
            return Err("no block begins here".into());
        }
        if (length as usize) < COMMON || length as usize > MAX_CHUNK || head > length || length % 8 != 0 {
            return Err(format!("a block of {length} octets with a head of {head}"));
        }
        Ok(Common { kind: octets.get(4).copied().unwrap_or(0), length, head })
    }
}

/// The index of a file; `None` if there is no trailer.
fn read_index(file: &File, length: u64) -> Result<Option<Vec<index::Entry>>, String> {
    let mut octets = [0; TRAILER];
    let Some(at) = length.checked_sub(TRAILER as u64) else { return Ok(None) };
    if file.read_exact_at(&mut octets, at).is_err() {
        return Ok(None);
    }
    let Some((offset, size)) = index::trailer(&octets) else { return Ok(None) };
    if offset.checked_add(size.into()) != Some(length) {
        return Err("the index is not where it should be".into());
    }
    let mut octets = vec![0; size as usize];
    file.read_exact_at(&mut octets, offset).map_err(|e| e.to_string())?;
    index::read(&octets).map(|(entries, _)| Some(entries))
}

fn read_some_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut got = 0;
    while let Some(room) = out.get_mut(got..).filter(|room| !room.is_empty()) {
        match file.read_at(room, offset + got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

fn add_facts(info: &mut StreamInfo, facts: Vec<crate::flow::Fact>) {
    for fact in facts {
        fact.add_to(&mut info.facts);
    }
}
