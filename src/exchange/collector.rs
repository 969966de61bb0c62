//! Text files of Cisco's NetFlow FlowCollector: a header, and lines of fields with `|` between.
//!
//! The header's first line says the format and the aggregation, such as
//! `SOURCE 192.0.2.1|FORMAT A|AGGREGATION DetailCallRecord|PERIOD 15|STARTTIME 881972378|...`. Aggregations that keep
//! both addresses are read.

use std::io::BufRead;
use std::net::Ipv4Addr;

use super::csv::put;
use super::{Import, Rows, Wrong};
use crate::flow::{Field, Version, ie};

/// No line of flows is longer, in octets.
const LONGEST: u64 = 64 * 1024;

/// The fields of an aggregation's lines.
type Fields = &'static [What];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Field(Field),
    /// Seconds since 1970.
    Start,
    End,
    /// Of no use here.
    Skip,
}

use Field::{DstAddr, DstPort, Flows, Input, Octets, Output, Packets, Protocol, SrcAddr, SrcPort, Tos};

/// Aggregations, as the header names them.
const AGGREGATIONS: &[(&str, Fields)] = &[
    (
        "callrecord",
        &[
            What::Field(SrcAddr),
            What::Field(DstAddr),
            What::Field(SrcPort),
            What::Field(DstPort),
            What::Field(Protocol),
            What::Field(Tos),
            What::Field(Packets),
            What::Field(Octets),
            What::Field(Flows),
            What::Start,
            What::End,
            What::Skip,
        ],
    ),
    (
        "detailcallrecord",
        &[
            What::Field(SrcAddr),
            What::Field(DstAddr),
            What::Field(Input),
            What::Field(Output),
            What::Field(SrcPort),
            What::Field(DstPort),
            What::Field(Protocol),
            What::Field(Tos),
            What::Field(Packets),
            What::Field(Octets),
            What::Field(Flows),
            What::Start,
            What::End,
            What::Skip,
        ],
    ),
    (
        "detailhostmatrix",
        &[
            What::Field(SrcAddr),
            What::Field(DstAddr),
            What::Field(SrcPort),
            What::Field(DstPort),
            What::Field(Protocol),
            What::Field(Packets),
            What::Field(Octets),
            What::Field(Flows),
            What::Start,
            What::End,
            What::Skip,
        ],
    ),
    (
        "hostmatrix",
        &[What::Field(SrcAddr), What::Field(DstAddr), What::Field(Packets), What::Field(Octets), What::Field(Flows)],
    ),
];

/// Reads a collector's lines as records of a version.
pub struct Reader<R> {
    input: R,
    rows: Rows,
    exporter: u32,
    /// When the file's period began and ended, seconds since 1970.
    period: (u64, u64),
    fields: Option<Fields>,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// A reader that makes records of `version`.
    pub fn new(input: R, version: Version) -> Reader<R> {
        let rows = Rows::new(version);
        Reader { input, rows, exporter: 0, period: (0, 0), fields: None, line: 0, text: Vec::new() }
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { place: format!("line {}", self.line), what: what.into() }
    }

    /// Reads a line; `None` at the end.
    fn line(&mut self) -> Result<Option<String>, Wrong> {
        self.line += 1;
        self.text.clear();
        let mut input = std::io::Read::take(&mut self.input, LONGEST);
        match input.read_until(b'\n', &mut self.text) {
            Ok(0) => Ok(None),
            Ok(_) if self.text.len() as u64 == LONGEST => Err(self.wrong("the line is too long to be a flow")),
            Ok(_) => Ok(Some(String::from_utf8_lossy(&self.text).trim().to_owned())),
            Err(error) => Err(self.wrong(error.to_string())),
        }
    }

    /// A header's line.
    fn head(&mut self, line: &str) -> Result<(), Wrong> {
        for part in line.split('|') {
            let (name, value) = part.trim().split_once(' ').unwrap_or((part, ""));
            match name {
                "SOURCE" => self.exporter = value.parse().map_or(0, Ipv4Addr::to_bits),
                "STARTTIME" => self.period.0 = value.parse().unwrap_or(0),
                "ENDTIME" => self.period.1 = value.parse().unwrap_or(0),
                "FORMAT" if value.starts_with('B') => {
                    return Err(self.wrong("binary files are not read, expected FORMAT A"));
                }
                "AGGREGATION" => {
                    let known = AGGREGATIONS.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
                    let names: Vec<&str> = AGGREGATIONS.iter().map(|(name, _)| *name).collect();
                    let what = || format!("'{value}': expected an aggregation of {}", names.join(", "));
                    self.fields = Some(known.map(|(_, fields)| *fields).ok_or_else(|| self.wrong(what()))?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&mut self, fields: Fields, line: &str) -> Result<(), String> {
        self.rows.begin();
        self.rows.set(ie::EXPORTER4, self.exporter);
        let (mut start, mut end) = self.period;
        let mut words = line.split('|');
        for what in fields {
            let word = words.next().ok_or("the line ends too early")?.trim();
            match what {
                What::Field(field) => put(&mut self.rows, *field, word)?,
                What::Start => start = word.parse().map_err(|_| format!("'{word}': expected a time"))?,
                What::End => end = word.parse().map_err(|_| format!("'{word}': expected a time"))?,
                What::Skip => {}
            }
        }
        self.rows.times(start.saturating_mul(1000), end.saturating_mul(1000));
        Ok(())
    }
}

impl<R: BufRead> Import for Reader<R> {
    fn flow(&mut self) -> Result<bool, Wrong> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                continue;
            }
            if line.starts_with(|c: char| c.is_ascii_uppercase()) {
                self.head(&line)?;
                continue;
            }
            let Some(fields) = self.fields else {
                return Err(self.wrong("expected a header with AGGREGATION before the flows"));
            };
            if let Err(why) = self.record(fields, &line) {
                self.rows.undo();
                return Err(self.wrong(why));
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }
}
