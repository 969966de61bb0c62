//! Flows on their way out of a program: converted where they must be, written, and what could not be is counted.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::Failure;
use super::patient::Patient;
use super::run::stdout;
use crate::file::{Error, FlowWriter, WriteOptions};
use crate::flow::time::Span;
use crate::flow::{Fact, FlowBatch, Form};
use crate::rewrite::Converter;

/// A flow file being written: standard output, or a file.
pub struct Output {
    name: String,
    writer: Patient,
    form: Form,
    converter: Option<Converter>,
    records: Vec<u8>,
    refused: u64,
}

impl Output {
    /// Creates the file, or takes standard output, and writes the header.
    pub fn open(path: Option<&Path>, options: &WriteOptions) -> Result<Output, Failure> {
        match path {
            None => Output::of("standard output".to_owned(), stdout()?, options),
            Some(path) => {
                let file = File::create(path).map_err(|e| Failure::io(path.display(), &e))?;
                Output::of(path.display().to_string(), file, options)
            }
        }
    }

    /// Writes the header to a file that is open.
    pub fn of(name: String, file: File, options: &WriteOptions) -> Result<Output, Failure> {
        let fail = |e: io::Error| Failure::io(&name, &e);
        // A pipe is read at once: making blocks small would only take time.
        let quick = options.quick || !file.metadata().map_err(fail)?.is_file();
        let options = WriteOptions { quick, ..options.clone() };
        let mut writer = FlowWriter::new(file, &options).map_err(fail)?;
        writer.facts(&options.info.facts).map_err(fail)?;
        let form = options.form;
        // Only modern files' flows wait for others.
        let writer = Patient::new(writer, quick && form == Form::Modern).map_err(fail)?;
        let converter = form.classic().map(Converter::new);
        Ok(Output { name, writer, form, converter, records: Vec::new(), refused: 0 })
    }

    /// Writes a batch's selected flows. Those that the file's version has no room for are counted.
    pub fn write(&mut self, batch: &FlowBatch) -> Result<(), Failure> {
        let same = batch.raw().is_some_and(|raw| Some(raw.layout.version) == self.form.classic());
        let result = match &mut self.converter {
            Some(converter) if !same => {
                self.records.clear();
                match converter.convert(batch, &mut self.records) {
                    Ok(()) => self.writer.run(|writer| writer.write_records(&self.records)),
                    Err(_) => {
                        self.refused += batch.len() as u64;
                        Ok(())
                    }
                }
            }
            _ => self.writer.run(|writer| writer.write(batch)),
        };
        result.map_err(|e| Failure::io(&self.name, &e))
    }

    /// Writes what exporters say of themselves, if the file's form has room for it.
    pub fn facts(&mut self, facts: &[Fact]) -> Result<(), Failure> {
        self.writer.run(|writer| writer.facts(facts)).map_err(|e| Failure::io(&self.name, &e))
    }

    /// Hands on what has been written so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|e| Failure::io(&self.name, &e))
    }

    /// When the flows handed on were, as far as a modern file's blocks know.
    pub fn span(&self) -> Option<Span> {
        self.writer.span()
    }

    /// Flows that the file's version had no room for.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Ends the file. What could not be written, or not in full, is one more of the `problems`.
    pub fn finish(self, problems: &mut Vec<Error>) -> Result<(), Failure> {
        if self.refused > 0 {
            let what = format!("{} flows cannot be written as version {}", self.refused, self.form);
            problems.push(Error::format(&self.name, "", what));
        }
        let clipped = self.converter.as_ref().map_or(0, Converter::clipped);
        if clipped > 0 {
            let what = format!(
                "{clipped} numbers do not fit into version {}: its greatest were written, 23456 of AS numbers",
                self.form
            );
            problems.push(Error::format(&self.name, "", what));
        }
        let mut file = self.writer.finish().map_err(|e| Failure::io(&self.name, &e))?;
        file.flush().map_err(|e| Failure::io(&self.name, &e))
    }
}
