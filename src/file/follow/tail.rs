//! One file of an archive that is read as it grows.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::file::{Error, FlowReader};
use crate::flow::{FlowBatch, StreamInfo, flags};

/// A file being read, as far as it has been written.
pub(super) struct Tail {
    reader: FlowReader,
    path: PathBuf,
    /// What tells it from another file of its name.
    inode: u64,
    /// Flows read, from the beginning on.
    flows: u64,
    /// Flows that have been handed on already, from another file that this one is a copy of.
    skip: u64,
    /// What keeps it from being read further.
    broken: Option<Error>,
    /// Nothing is appended to it any more.
    pub last: bool,
    /// Since when there is no file of its name.
    pub gone: Option<Instant>,
}

impl Tail {
    /// Opens a file; `None` if it is empty.
    pub fn open(path: &Path) -> Result<Option<Tail>, Error> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| Error::io(&name, e))?;
        let status = file.metadata().map_err(|e| Error::io(&name, e))?;
        if status.len() == 0 {
            return Ok(None);
        }
        let reader = FlowReader::file(file, status.len(), name, |_| true)?;
        let new = |reader: FlowReader| {
            let last = reader.info().is(flags::DONE);
            let (path, inode) = (path.to_owned(), status.ino());
            Tail { reader, path, inode, flows: 0, skip: 0, broken: None, last, gone: None }
        };
        Ok(reader.map(new))
    }

    /// What its header says, and what is known of exporters so far.
    pub fn info(&self) -> &StreamInfo {
        self.reader.info()
    }

    /// The next flows; `None` if there are no more for now.
    pub fn next(&mut self) -> Option<FlowBatch> {
        while self.broken.is_none() {
            let mut batch = match self.reader.next_batch() {
                Ok(Some(batch)) => batch,
                Ok(None) => {
                    self.reader.resume();
                    return None;
                }
                Err(error) => {
                    self.broken = Some(error);
                    return None;
                }
            };
            let flows = batch.len() as u64;
            self.flows += flows;
            if self.skip >= flows {
                self.skip -= flows;
                continue;
            }
            let skip = std::mem::take(&mut self.skip) as u32;
            if skip > 0 {
                batch.select((skip..batch.height() as u32).collect());
            }
            return Some(batch);
        }
        None
    }

    /// Whether it is the file of an inode.
    pub fn is(&self, inode: u64) -> bool {
        self.inode == inode
    }

    /// Another file with the same flows at its beginning, to go on with where this one was read to.
    pub fn again(&self, path: &Path) -> Result<Option<Tail>, Error> {
        let skip = self.flows;
        Ok(Tail::open(path)?.map(|tail| Tail { skip, ..tail }))
    }

    /// Whether a complete file has flows that could not be read from this one: a collector that was killed had its
    /// file completed by the next, or the file was read when it was damaged.
    pub fn lacks(&self, complete: &StreamInfo) -> bool {
        let classic = complete.stream_version != 4 && complete.is(flags::DONE);
        classic && (self.broken.is_some() || complete.flows.is_some_and(|flows| flows > self.flows))
    }

    /// What was wrong with it, at the end.
    pub fn problem(self) -> Option<Error> {
        self.broken
    }

    /// Where it was.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
