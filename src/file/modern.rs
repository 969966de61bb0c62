//! A modern flow file being read: by its index, or block after block.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::block::{COMMON, Head, MAGIC, MAX_CHUNK, checksum, kind};
use super::error::{Error, Kind};
use super::index::{self, Index, Indexed, TRAILER, word};
use super::unit::{Block, Copied, Known, Place, Store, Unit};
use super::{facts, header};
use crate::flow::{StreamInfo, flags};

/// Octets of a file's end that are read at once: of a small file the index, and often all of it.
const TAIL: u64 = 16 << 10;
/// Octets read for a chunk's head where there is no index.
const HEAD: usize = 4 << 10;

/// A modern flow file being read, behind its header.
pub(super) struct ModernReader {
    name: Arc<str>,
    info: StreamInfo,
    input: Input,
    /// Where the next chunk begins.
    offset: u64,
    flows: u64,
    ended: bool,
    /// Something to be said at the end.
    problem: Option<Kind>,
}

enum Input {
    /// Octets as they come.
    Stream(Box<dyn Read + Send>),
    /// A file, chunk after chunk.
    Chunks(Arc<Place>),
    /// A file, by its index.
    Index(Arc<Place>, Box<dyn Iterator<Item = (u64, Indexed)> + Send>),
}

impl ModernReader {
    /// A stream, behind its header.
    pub fn stream(input: Box<dyn Read + Send>, info: StreamInfo, name: String) -> ModernReader {
        let offset = header::encode_modern(&info).len() as u64;
        ModernReader::new(Input::Stream(input), info, name, offset)
    }

    fn new(input: Input, info: StreamInfo, name: String, offset: u64) -> ModernReader {
        ModernReader { name: name.into(), info, input, offset, flows: 0, ended: false, problem: None }
    }

    /// A regular file of so many octets, the first of which have been read; its header ends at `start`.
    pub fn file(
        file: File,
        length: u64,
        first: Vec<u8>,
        start: u64,
        mut info: StreamInfo,
        name: String,
    ) -> Result<ModernReader, Error> {
        let place = Arc::new(place(file, length, first).map_err(|e| Error::io(&name, e))?);
        let complete = info.is(flags::DONE) || info.is(flags::STREAMING);
        let (input, problem) = match read_index(&place, length) {
            Ok(Some(index)) => {
                let chunks = index.chunks();
                let chunks: Vec<_> = chunks.inspect(|(_, octets)| add_facts(&mut info, octets)).collect();
                (Input::Index(place, Box::new(chunks.into_iter())), None)
            }
            Ok(None) if complete => (Input::Chunks(place), Some("the file ends without its index".to_string())),
            Ok(None) => (Input::Chunks(place), None),
            Err(what) => (Input::Chunks(place), Some(what)),
        };
        let mut reader = ModernReader::new(input, info, name, start);
        reader.problem = problem.map(Kind::Damaged);
        Ok(reader)
    }

    /// What the header says, and the facts read so far.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// The next piece of work.
    pub fn next_unit(&mut self) -> Result<Option<Unit>, Error> {
        if !self.ended {
            match self.find() {
                Ok(Some(unit)) => {
                    self.flows += unit.rows();
                    return Ok(Some(unit));
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

    /// Reads on where the blocks ended, if more may have been appended.
    pub fn resume(&mut self) {
        let complete = self.info.is(flags::DONE) || self.info.is(flags::STREAMING);
        self.ended &= complete || !matches!(self.input, Input::Chunks(_));
    }

    fn find(&mut self) -> Result<Option<Unit>, Kind> {
        match &mut self.input {
            Input::Index(place, chunks) => {
                let Some((offset, octets)) = chunks.next() else { return Ok(None) };
                let store = Store::File(place.clone(), offset);
                if octets.get(4) == Some(&kind::BLOCK) {
                    return Ok(Some(self.block(offset, Known::Indexed(octets), store)));
                }
                Ok(Some(Unit::Copy(Copied { name: self.name.clone(), offset, octets, store })))
            }
            Input::Chunks(place) => {
                let place = place.clone();
                self.chunk(&place)
            }
            Input::Stream(_) => self.streamed(),
        }
    }

    fn block(&self, offset: u64, head: Known, store: Store) -> Unit {
        Unit::Block(Block { name: self.name.clone(), offset, head, store, before: self.flows })
    }

    /// The next block of a file without an index.
    fn chunk(&mut self, place: &Arc<Place>) -> Result<Option<Unit>, Kind> {
        let length = place.file.metadata().map_err(Kind::Io)?.len();
        loop {
            let mut octets = vec![0; HEAD];
            let got = place.read_some(self.offset, &mut octets).map_err(Kind::Io)?;
            octets.truncate(got);
            if got == 0 {
                return Ok(None);
            }
            if got < COMMON {
                return self.cut(got, Ok(()));
            }
            let chunk = Common::read(&octets).map_err(Kind::Damaged)?;
            let room = length.saturating_sub(self.offset);
            if u64::from(chunk.length) > room {
                octets.resize((chunk.head as usize).min(usize::try_from(room).unwrap_or(usize::MAX)), 0);
                let got = place.read_some(self.offset, &mut octets).map_err(Kind::Io)?;
                octets.truncate(got);
                return self.cut(room as usize, chunk.is_likely(&octets));
            }
            let (offset, part) = (self.offset, chunk.part());
            octets.resize(part, 0);
            if let Some(rest) = octets.get_mut(got..).filter(|rest| !rest.is_empty()) {
                place.file.read_exact_at(rest, offset + got as u64).map_err(Kind::Io)?;
            }
            let block = match chunk.kind {
                kind::BLOCK => {
                    let head = Box::new(Head::read(&octets).map_err(Kind::Damaged)?);
                    Some(self.block(offset, Known::Head(head), Store::File(place.clone(), offset)))
                }
                _ => {
                    self.other(&chunk, &octets)?;
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
    fn streamed(&mut self) -> Result<Option<Unit>, Kind> {
        loop {
            let Input::Stream(input) = &mut self.input else { return Ok(None) };
            let mut octets = Vec::new();
            input.take(COMMON as u64).read_to_end(&mut octets).map_err(Kind::Io)?;
            if octets.is_empty() {
                let unfinished = !self.info.is(flags::DONE) && !self.info.is(flags::STREAMING);
                return if unfinished { Ok(None) } else { Err(Kind::Damaged("the flows end early".into())) };
            }
            if octets.len() < COMMON {
                return self.cut(octets.len(), Ok(()));
            }
            let chunk = Common::read(&octets).map_err(Kind::Damaged)?;
            input.take(u64::from(chunk.length) - COMMON as u64).read_to_end(&mut octets).map_err(Kind::Io)?;
            if octets.len() < chunk.length as usize {
                return self.cut(octets.len(), chunk.is_likely(&octets));
            }
            let offset = self.offset;
            self.offset += u64::from(chunk.length);
            if chunk.kind == kind::BLOCK {
                let head = Box::new(Head::read(&octets).map_err(Kind::Damaged)?);
                return Ok(Some(self.block(offset, Known::Head(head), Store::Memory(octets))));
            }
            self.other(&chunk, &octets)?;
            if chunk.kind == kind::INDEX {
                return Ok(None);
            }
        }
    }

    /// Facts, the index; kinds that are not known are skipped.
    fn other(&mut self, chunk: &Common, octets: &[u8]) -> Result<(), Kind> {
        match chunk.kind {
            kind::FACTS => {
                let facts = facts::read(octets).map_err(Kind::Damaged)?;
                for fact in facts {
                    fact.add_to(&mut self.info.facts);
                }
            }
            kind::INDEX => {
                Index::read(octets).map_err(Kind::Damaged)?;
            }
            _ => {
                let head = octets.get(..chunk.head as usize).unwrap_or(octets);
                if checksum(head) != word(octets, 16) {
                    return Err(Kind::Damaged("a checksum is wrong".into()));
                }
            }
        }
        Ok(())
    }

    /// The file ends within a chunk, of which there are so many octets: no damage if it is being written, or its writer
    /// was killed, and if what there is of the chunk is `likely`.
    fn cut(&self, octets: usize, likely: Result<(), String>) -> Result<Option<Unit>, Kind> {
        if self.info.is(flags::DONE) || self.info.is(flags::STREAMING) {
            return Err(Kind::Damaged(format!("ends within a block, {octets} octets of it")));
        }
        likely.map(|()| None).map_err(Kind::Damaged)
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
        let (length, head) = (word(octets, 8), word(octets, 12));
        if !octets.starts_with(&MAGIC) {
            return Err("no block begins here".into());
        }
        if (length as usize) < COMMON || length as usize > MAX_CHUNK || head > length || length % 8 != 0 {
            return Err(format!("a block of {length} octets with a head of {head}"));
        }
        Ok(Common { kind: octets.get(4).copied().unwrap_or(0), length, head })
    }

    /// Whether a chunk that the file ends within begins as one does, as far as its first octets tell: a wrong length
    /// is no reason to take all behind it for not written yet.
    fn is_likely(&self, octets: &[u8]) -> Result<(), String> {
        match octets.get(..self.head as usize) {
            Some(head) if checksum(head) != word(octets, 16) => Err("the head's checksum is wrong".into()),
            None if self.part() > self.head as usize => Err(format!("a head of {} octets", self.head)),
            None if self.kind == kind::BLOCK && octets.len() >= COMMON + 4 => {
                let counts = word(octets, COMMON);
                let (columns, parts) = (counts & 0xFFFF, counts >> 16);
                match Head::octets(columns as usize, parts as usize) == self.head as usize {
                    true => Ok(()),
                    false => Err(format!("a head of {} octets for {columns} columns and {parts} parts", self.head)),
                }
            }
            _ => Ok(()),
        }
    }

    /// Octets of the chunk that make sense without the rest.
    fn part(&self) -> usize {
        let all = matches!(self.kind, kind::FACTS | kind::INDEX);
        (if all { self.length } else { self.head.max(COMMON as u32) }) as usize
    }
}

/// A file of so many octets, its end read.
fn place(file: File, length: u64, first: Vec<u8>) -> std::io::Result<Place> {
    let from = length.saturating_sub(TAIL);
    let mut place = Place { file, from: 0, tail: Vec::new() };
    if from <= first.len() as u64 {
        let start = first.len();
        let mut tail = first;
        tail.resize(length as usize, 0);
        let got = place.read_some(start as u64, tail.get_mut(start..).unwrap_or_default())?;
        tail.truncate(start + got);
        place.tail = tail;
    } else {
        let mut tail = vec![0; TAIL as usize];
        let got = place.read_some(from, &mut tail)?;
        tail.truncate(got);
        (place.from, place.tail) = (from, tail);
    }
    Ok(place)
}

/// The index of a file; `None` if there is no trailer.
fn read_index(place: &Place, length: u64) -> Result<Option<Index>, String> {
    let mut octets = [0; TRAILER];
    let Some(at) = length.checked_sub(TRAILER as u64) else { return Ok(None) };
    if place.read(at, &mut octets).is_err() {
        return Ok(None);
    }
    let Some((offset, size)) = index::trailer(&octets) else { return Ok(None) };
    if offset.checked_add(size.into()) != Some(length) || size as usize > MAX_CHUNK {
        return Err("the index is not where it should be".into());
    }
    // Most of it may have been read: only the rest is.
    let mut octets = vec![0; size as usize];
    place.read_behind(offset, &mut octets).map_err(|e| e.to_string())?;
    Index::read(&octets).map(Some)
}

/// Adds what a chunk says, if it is facts.
fn add_facts(info: &mut StreamInfo, octets: &[u8]) {
    if octets.get(4) == Some(&kind::FACTS) {
        for fact in facts::read(octets).unwrap_or_default() {
            fact.add_to(&mut info.facts);
        }
    }
}
