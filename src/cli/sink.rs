//! A flow file whose version is known only when the first flows are there.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::SystemTime;

use super::common::Write;
use super::output::Output;
use super::run::{Failure, hostname};
use crate::file::{Error, WriteOptions};
use crate::flow::{Fact, FlowBatch, Form, StreamInfo, Version, flags};
use crate::wire::{Counters, Records};

/// Writes received flows to one flow file: a stream on standard output or a pipe; in a file proper the header's
/// counts and times are completed at the end.
pub struct Sink {
    /// The file and its name; none is standard output. It stays open: who began to write it may lose the right to.
    file: Option<(File, String)>,
    options: Write,
    /// Whether the header can be completed at the end.
    is_file: bool,
    form: Option<Form>,
    start: Option<u32>,
    end: Option<u32>,
    open: Option<(Output, WriteOptions)>,
    flows: u64,
    unflushed: bool,
}

impl Sink {
    /// A sink that writes to a file, which is made at once, or to standard output; `form` is what to write
    /// whatever comes.
    pub fn open(path: Option<&Path>, options: Write, form: Option<Form>) -> Result<Sink, Failure> {
        let made = |path: &Path| {
            let file = File::create(path).and_then(|file| Ok((file.metadata()?.is_file(), file)));
            file.map(|(is_file, file)| (is_file, (file, path.display().to_string())))
                .map_err(|e| Failure::io(path.display(), &e))
        };
        let (is_file, file) = path.map(made).transpose()?.map_or((false, None), |(is, file)| (is, Some(file)));
        Ok(Sink { file, options, is_file, form, start: None, end: None, open: None, flows: 0, unflushed: false })
    }

    /// The capture's time, in seconds since 1970: the first to be told is its start, the last its end.
    pub fn clock(&mut self, time: u32) {
        self.start.get_or_insert(time);
        self.end = Some(time);
    }

    /// A version to write if none was asked for: the first to say so is believed.
    pub fn suggest(&mut self, form: impl Into<Form>) {
        self.form.get_or_insert(form.into());
    }

    /// Writes all records, as `change` leaves them, and facts, and leaves `records` empty.
    pub fn write(
        &mut self,
        records: &mut Records,
        mut change: impl FnMut(FlowBatch) -> FlowBatch,
    ) -> Result<(), Failure> {
        records.drain().try_for_each(|batch| self.write_batch(&change(batch)))?;
        let facts: Vec<Fact> = records.facts().collect();
        self.facts(&facts)
    }

    /// Writes what exporters say of themselves, if the file's form has room for it.
    pub fn facts(&mut self, facts: &[Fact]) -> Result<(), Failure> {
        if facts.is_empty() { Ok(()) } else { self.begun(Form::Modern)?.0.facts(facts) }
    }

    /// Writes a batch's selected flows.
    pub fn write_batch(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let own = batch.raw().map_or(Form::Modern, |raw| raw.layout.version.into());
        self.flows += batch.len() as u64;
        self.unflushed = true;
        self.begun(own)?.0.write(batch)
    }

    /// Whether anything has been written.
    pub fn has_begun(&self) -> bool {
        self.open.is_some()
    }

    /// Hands on what a compressed stream has held back.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.open {
            Some((output, _)) if std::mem::take(&mut self.unflushed) => output.flush(),
            _ => Ok(()),
        }
    }

    /// Ends the file. One without flows has a header all the same. Flows that the version written had no room for
    /// are one more of the `problems`.
    pub fn finish(mut self, total: &Counters, problems: &mut Vec<Error>) -> Result<(), Failure> {
        self.begun(Version::V5.into())?;
        let Some((mut output, mut options)) = self.open.take() else { return Ok(()) };
        let flows = self.flows - output.refused();
        if options.form == Form::Modern {
            output.flush()?;
            options.info.span = output.span();
        }
        output.finish(problems)?;
        let Some((mut file, name)) = self.file.filter(|_| self.is_file) else { return Ok(()) };
        let info = &mut options.info;
        info.flags |= flags::DONE;
        (info.start, info.end, info.flows) = (self.start.or(info.start), self.end.or(info.end), Some(flows));
        (info.lost, info.misordered) = (Some(total.lost), Some(total.misordered));
        (info.corrupt, info.resets) = (Some(total.corrupt), Some(total.resets));
        file.rewind().and_then(|()| file.write_all(&options.header())).map_err(|e| Failure::io(name, &e))
    }

    /// The file with its header written; `form` where nothing else says which.
    fn begun(&mut self, form: Form) -> Result<&mut (Output, WriteOptions), Failure> {
        if self.open.is_none() {
            let mut info = StreamInfo { start: self.start, host: hostname(), ..StreamInfo::default() };
            if self.is_file {
                // Numbers to be completed at the end: the header's length does not change then.
                (info.start, info.end) = (Some(self.start.unwrap_or(0)), Some(0));
                (info.flows, info.lost, info.misordered) = (Some(0), Some(0), Some(0));
                (info.corrupt, info.resets) = (Some(0), Some(0));
            } else {
                info.flags = flags::STREAMING;
            }
            let options = self.options.options(*self.form.get_or_insert(form), info, 0);
            let output = match &self.file {
                Some((file, name)) => {
                    let file = file.try_clone().map_err(|e| Failure::io(name, &e))?;
                    Output::of(name.clone(), file, &options)?
                }
                None => Output::open(None, &options)?,
            };
            self.open = Some((output, options));
        }
        self.open.as_mut().ok_or_else(|| Failure::Failed("the output is not open".into()))
    }
}

/// Seconds since 1970.
pub fn now() -> u32 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as u32)
}
