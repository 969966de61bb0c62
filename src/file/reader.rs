//! One flow file being read, classic or modern.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::archive::is_unfinished;
use super::classic::{ClassicReader, Input};
use super::error::Error;
use super::header;
use super::modern::ModernReader;
use super::pipe::{Pipe, Stop};
use super::unit::{Plan, Unit};
use crate::flow::{FlowBatch, StreamInfo};

/// How often an empty file that is being written is looked at again, and how long after.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// One flow file being read.
pub struct FlowReader {
    body: Body,
    /// What was wrong with blocks that were left out.
    problem: Option<Error>,
}

/// Octets of a file that are read for its header: few headers are longer, many files are hardly so.
const FIRST: usize = 4 << 10;

enum Body {
    Classic(ClassicReader),
    Modern(ModernReader),
}

impl FlowReader {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> Result<FlowReader, Error> {
        let reader = FlowReader::open_if(path, &Stop::default(), |_| true)?;
        reader.ok_or_else(|| Error::format(path.display().to_string(), "", "not wanted"))
    }

    /// Opens a file if `wanted` says so of its header; if it is a pipe, it ends at the latest when `stop` is set.
    pub(super) fn open_if(
        path: &Path,
        stop: &Stop,
        wanted: impl FnOnce(&StreamInfo) -> bool,
    ) -> Result<Option<FlowReader>, Error> {
        if path.as_os_str() == "-" {
            return FlowReader::stdin(stop).map(Some);
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| Error::io(&name, e))?;
        match FlowReader::begun(path, &file, &name)? {
            Some(length) => FlowReader::file(file, length, name, wanted),
            None => FlowReader::new(Pipe::new(file, stop.clone()), name).map(Some),
        }
    }

    /// The length of a regular file. One that is being written has no header for a moment after it was made: that is
    /// worth a short wait.
    fn begun(path: &Path, file: &File, name: &str) -> Result<Option<u64>, Error> {
        let unfinished = path.file_name().is_some_and(|name| is_unfinished(&name.to_string_lossy()));
        let mut length = FlowReader::length(file, name)?;
        let mut tries = 0;
        while length == Some(0) && unfinished && tries < TRIES {
            std::thread::sleep(PAUSE);
            tries += 1;
            length = FlowReader::length(file, name)?;
        }
        Ok(length)
    }

    fn stdin(stop: &Stop) -> Result<FlowReader, Error> {
        use std::os::fd::AsFd;
        let name = "standard input";
        if io::stdin().is_terminal() {
            return Err(Error::format(name, "", "a terminal, expected a flow file: name files, or pipe flows in"));
        }
        let fd = io::stdin().as_fd().try_clone_to_owned().map_err(|e| Error::io(name, e))?;
        let mut file = File::from(fd);
        let Some(length) = FlowReader::length(&file, name)? else {
            return FlowReader::new(Pipe::new(file, stop.clone()), name);
        };
        // Others may have read from it already: then it is as good as a pipe.
        if file.stream_position().map_err(|e| Error::io(name, e))? > 0 {
            return FlowReader::new(file, name);
        }
        let reader = FlowReader::file(file, length, name.to_owned(), |_| true)?;
        reader.ok_or_else(|| Error::format(name, "", "not wanted"))
    }

    /// Reads flows from anything that gives octets; `name` is what messages call it.
    pub fn new(mut input: impl Read + Send + 'static, name: impl Into<String>) -> Result<FlowReader, Error> {
        let name = name.into();
        let info = header::read(&mut input, &name)?;
        let body = match info.stream_version {
            4 => Body::Modern(ModernReader::stream(Box::new(input), info, name)),
            _ => Body::Classic(ClassicReader::new(Input::Pipe(Box::new(input)), info, name, true)),
        };
        Ok(FlowReader { body, problem: None })
    }

    /// Octets of a regular file; `None` of a pipe.
    fn length(file: &File, name: &str) -> Result<Option<u64>, Error> {
        let kind = file.metadata().map_err(|e| Error::io(name, e))?;
        if kind.is_dir() {
            return Err(Error::format(name, "", "a folder, expected a flow file"));
        }
        Ok(kind.is_file().then_some(kind.len()))
    }

    /// A regular file: as few and as short pieces as will do are read.
    pub(super) fn file(
        mut file: File,
        length: u64,
        name: String,
        wanted: impl FnOnce(&StreamInfo) -> bool,
    ) -> Result<Option<FlowReader>, Error> {
        let mut first = vec![0; FIRST.min(usize::try_from(length).unwrap_or(FIRST))];
        let got = header::fill(&mut file, &mut first).map_err(|e| Error::io(&name, e))?;
        first.truncate(got);
        let info = header::read(&mut first.as_slice().chain(&file), &name)?;
        let start = header::length(&first);
        if !wanted(&info) {
            return Ok(None);
        }
        let body = match info.stream_version {
            4 => Body::Modern(ModernReader::file(file, length, first, start, info, name)?),
            _ => {
                file.seek(SeekFrom::Start(start)).map_err(|e| Error::io(&name, e))?;
                Body::Classic(ClassicReader::new(Input::File(file), info, name, false))
            }
        };
        Ok(Some(FlowReader { body, problem: None }))
    }

    /// Goes on where the flows ended when they were read last: more may have been appended since to a file that is being
    /// written.
    pub(super) fn resume(&mut self) {
        match &mut self.body {
            Body::Classic(reader) => reader.resume(),
            Body::Modern(reader) => reader.resume(),
        }
    }

    /// What the header says; of a modern file also what has been read of its facts.
    pub fn info(&self) -> &StreamInfo {
        match &self.body {
            Body::Classic(reader) => reader.info(),
            Body::Modern(reader) => reader.info(),
        }
    }

    /// The next flows: some thousands, or what a pipe holds. After an error or `None` there are no more; what could
    /// be read has been returned before.
    pub fn next_batch(&mut self) -> Result<Option<FlowBatch>, Error> {
        let plan = Plan::default();
        loop {
            let unit = match (self.next_unit(), &mut self.problem) {
                (Ok(Some(unit)), _) => unit,
                (Ok(None), problem) => return problem.take().map_or(Ok(None), Err),
                (Err(error), problem) => return Err(problem.take().unwrap_or(error)),
            };
            let outcome = unit.read(&plan);
            if let Some(problem) = outcome.problem {
                self.problem.get_or_insert(problem);
            }
            if outcome.batch.is_some() {
                return Ok(outcome.batch);
            }
        }
    }

    /// The next piece of work: read where that has to be done in order, but not decoded.
    pub(super) fn next_unit(&mut self) -> Result<Option<Unit>, Error> {
        match &mut self.body {
            Body::Classic(reader) => Ok(reader.next_batch()?.map(Unit::Batch)),
            Body::Modern(reader) => reader.next_unit(),
        }
    }
}
