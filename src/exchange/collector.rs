//! Text files of Cisco's NetFlow FlowCollector: a header, and lines of fields with `|` between.
//!
//! The header's first line says the format and the aggregation, such as
//! `SOURCE 192.0.2.1|FORMAT A|AGGREGATION DetailCallRecord|PERIOD 15|STARTTIME 881972378|...`. Aggregations that keep
//! both addresses are read.

use std::borrow::Cow;
use std::io::BufRead;
use std::net::Ipv4Addr;

use super::csv::put;
use super::{Import, Lines, Rows, Wrong};
use crate::flow::{Field, Form, ie};

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

/// Reads a collector's lines as flows.
pub struct Reader<R> {
    lines: Lines<R>,
    rows: Rows,
    exporter: u32,
    /// When the file's period began and ended, seconds since 1970.
    period: (u64, u64),
    fields: Option<Fields>,
}

impl<R: BufRead> Reader<R> {
    /// A reader that makes flows for files of this form.
    pub fn new(input: R, form: Form) -> Reader<R> {
        Reader { lines: Lines::new(input), rows: Rows::new(form), exporter: 0, period: (0, 0), fields: None }
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
                    return Err(self.lines.wrong("binary files are not read, expected FORMAT A"));
                }
                "AGGREGATION" => {
                    let known = AGGREGATIONS.iter().find(|(name, _)| value.eq_ignore_ascii_case(name));
                    let names: Vec<&str> = AGGREGATIONS.iter().map(|(name, _)| *name).collect();
                    let what = || format!("'{value}': expected an aggregation of {}", names.join(", "));
                    self.fields = Some(known.map(|(_, fields)| *fields).ok_or_else(|| self.lines.wrong(what()))?);
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
        while let Some(line) = self.lines.next()?.map(Cow::into_owned) {
            if line.is_empty() {
                continue;
            }
            if line.starts_with(|c: char| c.is_ascii_uppercase()) {
                self.head(&line)?;
                continue;
            }
            let Some(fields) = self.fields else {
                return Err(self.lines.wrong("expected a header with AGGREGATION before the flows"));
            };
            if let Err(why) = self.record(fields, &line) {
                self.rows.undo();
                return Err(self.lines.wrong(why));
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }
}
