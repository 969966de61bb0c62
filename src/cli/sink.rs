//! A flow file whose version is known only when the first flows are there.

use std::fs::File;
use std::io::{self, Seek, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::common::Write;
use super::run::{Failure, stdout};
use crate::file::{FlowWriter, WriteOptions};
use crate::flow::{FlowBatch, Order, StreamInfo, Version, flags};
use crate::rewrite::Converter;
use crate::wire::{Counters, Records};

/// Writes received flows to one flow file: a stream on standard output or a pipe; in a file proper the header's
/// counts and times are completed at the end.
pub struct Sink {
    name: String,
    options: Write,
    out: Option<File>,
    is_file: bool,
    version: Option<Version>,
    start: Option<u32>,
    open: Option<Open>,
    converted: Vec<u8>,
    refused: usize,
    unflushed: bool,
}

/// What there is once the version is known.
struct Open {
    writer: FlowWriter<File>,
    options: WriteOptions,
    converter: Converter,
}

impl Sink {
    /// Opens the file, or standard output; `version` is what to write whatever comes.
    pub fn open(path: Option<&Path>, options: Write, version: Option<Version>) -> Result<Sink, Failure> {
        let name = path.map_or("standard output".to_owned(), |path| path.display().to_string());
        let out = match path {
            None => stdout()?,
            Some(path) => File::create(path).map_err(|e| Failure::io(&name, &e))?,
        };
        let is_file = path.is_some() && out.metadata().is_ok_and(|m| m.is_file());
        Ok(Sink {
            name,
            options,
            out: Some(out),
            is_file,
            version,
            start: None,
            open: None,
            converted: Vec::new(),
            refused: 0,
            unflushed: false,
        })
    }

    /// When the capture began, in seconds since 1970: the first to say so is believed.
    pub fn began(&mut self, start: u32) {
        self.start.get_or_insert(start);
    }

    /// A version to write if none was asked for: the first to say so is believed.
    pub fn suggest(&mut self, version: Version) {
        self.version.get_or_insert(version);
    }

    /// Flows that could not be converted to the version written.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Writes all records, and leaves `records` empty.
    pub fn write(&mut self, records: &mut Records) -> Result<(), Failure> {
        while let Some(version) = records.iter().next().map(|(version, _)| version) {
            let buffer = self.records(version, records.take(version))?;
            records.recycle(version, buffer);
        }
        Ok(())
    }

    /// Hands on what a compressed stream has held back.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.open {
            Some(open) if std::mem::take(&mut self.unflushed) => {
                open.writer.flush().map_err(|e| Failure::io(&self.name, &e))
            }
            _ => Ok(()),
        }
    }

    /// Ends the file. One without flows has a header all the same.
    pub fn finish(mut self, total: &Counters) -> Result<(), Failure> {
        let version = self.version.unwrap_or(Version::V5);
        self.begin(version)?;
        let Some(Open { writer, mut options, .. }) = self.open.take() else { return Ok(()) };
        let fail = |e: io::Error| Failure::io(&self.name, &e);
        let flows = writer.flows();
        let mut out = writer.finish().map_err(fail)?;
        if !self.is_file {
            return Ok(());
        }
        let number = |n: u64| Some(u32::try_from(n).unwrap_or(u32::MAX));
        let info = &mut options.info;
        info.flags |= flags::DONE;
        (info.end, info.flows) = (Some(now()), number(flows));
        (info.lost, info.misordered) = (number(total.lost), number(total.misordered));
        (info.corrupt, info.resets) = (number(total.corrupt), number(total.resets));
        out.rewind().and_then(|()| out.write_all(&options.header())).map_err(fail)
    }

    /// Writes records of one version, and gives their buffer back.
    fn records(&mut self, version: Version, records: Vec<u8>) -> Result<Vec<u8>, Failure> {
        let target = self.version.unwrap_or(version);
        self.begin(target)?;
        let Some(Open { writer, converter, .. }) = &mut self.open else { return Ok(records) };
        self.unflushed = true;
        let fail = |e| Failure::io(&self.name, &e);
        if version == target {
            writer.write_records(&records).map_err(fail)?;
            return Ok(records);
        }
        let batch = FlowBatch::from_raw(version, Order::HOST, records);
        self.converted.clear();
        match converter.convert(&batch, &mut self.converted) {
            Ok(()) => writer.write_records(&self.converted).map_err(fail)?,
            Err(_) => self.refused += batch.len(),
        }
        Ok(batch.into_buffer())
    }

    /// Writes the header, if that has not been done.
    fn begin(&mut self, version: Version) -> Result<(), Failure> {
        let Some(out) = self.out.take() else { return Ok(()) };
        self.version = Some(version);
        let mut info = StreamInfo { start: self.start, host: host(), ..StreamInfo::default() };
        if self.is_file {
            // Numbers to be completed at the end: a header's length does not change then.
            (info.start, info.end) = (Some(self.start.unwrap_or(0)), Some(0));
            (info.flows, info.lost, info.misordered) = (Some(0), Some(0), Some(0));
            (info.corrupt, info.resets) = (Some(0), Some(0));
        } else {
            info.flags = flags::STREAMING;
        }
        let options = self.options.options(version, info, 0);
        let writer = FlowWriter::new(out, &options).map_err(|e| Failure::io(&self.name, &e))?;
        self.open = Some(Open { writer, options, converter: Converter::new(version) });
        Ok(())
    }
}

/// Seconds since 1970.
pub fn now() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32)
}

fn host() -> Option<String> {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok())
}
