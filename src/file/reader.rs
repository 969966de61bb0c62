//! One flow file being read, classic or modern.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use super::classic::{ClassicReader, Input};
use super::error::Error;
use super::header;
use super::modern::ModernReader;
use super::pipe::{Pipe, Stop};
use super::unit::{Plan, Unit};
use crate::flow::{FlowBatch, StreamInfo};

/// One flow file being read.
pub struct FlowReader {
    body: Body,
}

enum Body {
    Classic(ClassicReader),
    Modern(ModernReader),
}

impl FlowReader {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> Result<FlowReader, Error> {
        FlowReader::open_until(path, &Stop::default())
    }

    /// Opens a file; if it is a pipe, it ends at the latest when `stop` is set.
    pub(super) fn open_until(path: &Path, stop: &Stop) -> Result<FlowReader, Error> {
        if path.as_os_str() == "-" {
            return FlowReader::stdin(stop);
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| Error::io(&name, e))?;
        FlowReader::file(file, name, stop)
    }

    fn stdin(stop: &Stop) -> Result<FlowReader, Error> {
        use std::os::fd::AsFd;
        let name = "standard input";
        if io::stdin().is_terminal() {
            return Err(Error::format(name, "", "a terminal, expected a flow file: name files, or pipe flows in"));
        }
        let fd = io::stdin().as_fd().try_clone_to_owned().map_err(|e| Error::io(name, e))?;
        FlowReader::file(File::from(fd), name.to_owned(), stop)
    }

    /// Reads flows from anything that gives octets; `name` is what messages call it.
    pub fn new(mut input: impl Read + Send + 'static, name: impl Into<String>) -> Result<FlowReader, Error> {
        let name = name.into();
        let info = header::read(&mut input, &name)?;
        let body = match info.stream_version {
            4 => Body::Modern(ModernReader::stream(Box::new(input), info, name)),
            _ => Body::Classic(ClassicReader::new(Input::Pipe(Box::new(input)), info, name, true)),
        };
        Ok(FlowReader { body })
    }

    fn file(mut file: File, name: String, stop: &Stop) -> Result<FlowReader, Error> {
        let kind = file.metadata().map_err(|e| Error::io(&name, e))?;
        if kind.is_dir() {
            return Err(Error::format(name, "", "a folder, expected a flow file"));
        }
        if !kind.is_file() {
            return FlowReader::new(Pipe::new(file, stop.clone()), name);
        }
        let info = header::read(&mut file, &name)?;
        let body = match info.stream_version {
            4 => Body::Modern(ModernReader::file(file, info, name)?),
            _ => Body::Classic(ClassicReader::new(Input::File(file), info, name, false)),
        };
        Ok(FlowReader { body })
    }

    /// What the header says; of a modern file also what has been read of its facts.
    pub fn info(&self) -> &StreamInfo {
        match &self.body {
            Body::Classic(reader) => reader.info(),
            Body::Modern(reader) => reader.info(),
        }
    }

    /// The next flows: some thousands, or what a pipe holds. After an error or `None` there are no more; what was
    /// read before an error has been returned.
    pub fn next_batch(&mut self) -> Result<Option<FlowBatch>, Error> {
        let plan = Plan::default();
        while let Some(unit) = self.next_unit()? {
            if let Some(batch) = unit.read(&plan)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// The next piece of work: read where that has to be done in order, but not decoded.
    pub(super) fn next_unit(&mut self) -> Result<Option<Unit>, Error> {
        match &mut self.body {
            Body::Classic(reader) => Ok(reader.next_batch()?.map(Unit::Batch)),
            Body::Modern(reader) => Ok(reader.next_block()?.map(Unit::Block)),
        }
    }
}
