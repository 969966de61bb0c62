//! cflowd's raw flow files: of each flow a mask of the fields that follow, and those, most significant octet first.

use std::io::{BufRead, ErrorKind, Read};

use super::{Import, Rows, Wrong};
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Form};

/// What a bit of the mask stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Field(Field),
    /// Seconds since 1970.
    Start,
    End,
}

/// Bit by bit from the lowest: what it stands for, and how many octets that takes.
const FIELDS: [(What, usize); 24] = [
    (What::Field(Field::Exporter), 4),
    (What::Field(Field::SrcAddr), 4),
    (What::Field(Field::DstAddr), 4),
    (What::Field(Field::Input), 2),
    (What::Field(Field::Output), 2),
    (What::Field(Field::SrcPort), 2),
    (What::Field(Field::DstPort), 2),
    (What::Field(Field::Packets), 4),
    (What::Field(Field::Octets), 4),
    (What::Field(Field::NextHop), 4),
    (What::Start, 4),
    (What::End, 4),
    (What::Field(Field::Protocol), 1),
    (What::Field(Field::Tos), 1),
    (What::Field(Field::SrcAs), 2),
    (What::Field(Field::DstAs), 2),
    (What::Field(Field::SrcMask), 1),
    (What::Field(Field::DstMask), 1),
    (What::Field(Field::TcpFlags), 1),
    (What::Field(Field::InEncaps), 1),
    (What::Field(Field::OutEncaps), 1),
    (What::Field(Field::PeerNextHop), 4),
    (What::Field(Field::EngineType), 1),
    (What::Field(Field::EngineId), 1),
];

/// Writes flows as cflowd does. Fields that flows lack are not written.
pub struct Writer {
    wanted: Option<u32>,
    times: FlowTimes,
    columns: Vec<Vec<u64>>,
}

impl Writer {
    /// A writer of every field; with `wanted`, of these only.
    pub fn new(wanted: Option<&[Field]>) -> Writer {
        let has = |what: What| match (wanted, what) {
            (None, _) => true,
            (Some(fields), What::Field(field)) => fields.contains(&field),
            (Some(fields), What::Start) => fields.contains(&Field::First),
            (Some(fields), What::End) => fields.contains(&Field::Last),
        };
        let bits = (0u32..).zip(FIELDS).filter(|(_, (what, _))| has(*what));
        let mask = bits.fold(0, |mask, (bit, _)| mask | 1 << bit);
        Writer { wanted: wanted.map(|_| mask), times: FlowTimes::default(), columns: vec![Vec::new(); FIELDS.len()] }
    }

    /// Appends a batch's selected flows. Says how many cannot be written, for they are of IPv6. Numbers that are too
    /// wide become the greatest that fit, AS numbers 23456 (RFC 6793).
    pub fn write(&mut self, batch: &FlowBatch, out: &mut Vec<u8>) -> usize {
        let wide = |field| batch.view(field).is_some_and(|view| view.width() == 16);
        if wide(Field::SrcAddr) || wide(Field::DstAddr) {
            return batch.len();
        }
        let timed = FlowTimes::known(batch.schema());
        if timed {
            self.times.gather(batch);
        }
        let mut mask = 0u32;
        for ((bit, (what, width)), column) in (0u32..).zip(FIELDS).zip(&mut self.columns) {
            let known = match what {
                What::Field(field) => !wide(field) && batch.gather(field, column),
                What::Start | What::End => timed,
            };
            if !known || self.wanted.is_some_and(|wanted| wanted >> bit & 1 == 0) {
                continue;
            }
            mask |= 1 << bit;
            match what {
                What::Field(Field::SrcAs | Field::DstAs) => fit(column, width, 23456),
                What::Field(Field::Tos | Field::TcpFlags) => column.iter_mut().for_each(|n| *n &= 0xFF),
                What::Field(_) => fit(column, width, u64::MAX >> (64 - 8 * width)),
                What::Start => seconds(&self.times.start, column),
                What::End => seconds(&self.times.end, column),
            }
        }
        for row in 0..batch.len() {
            out.extend_from_slice(&mask.to_be_bytes());
            for ((bit, (_, width)), column) in (0u32..).zip(FIELDS).zip(&self.columns) {
                if mask >> bit & 1 == 1 {
                    let value = column.get(row).copied().unwrap_or(0).to_be_bytes();
                    out.extend_from_slice(value.get(8 - width..).unwrap_or_default());
                }
            }
        }
        0
    }
}

fn fit(column: &mut [u64], width: usize, over: u64) {
    let most = u64::MAX >> (64 - 8 * width);
    column.iter_mut().filter(|n| **n > most).for_each(|n| *n = over);
}

fn seconds(times: &[u64], column: &mut Vec<u64>) {
    column.clear();
    column.extend(times.iter().map(|ms| (ms / 1000) & u64::from(u32::MAX)));
}

/// Reads cflowd's flows.
pub struct Reader<R> {
    input: R,
    rows: Rows,
    octets: u64,
}

impl<R: BufRead> Reader<R> {
    /// A reader that makes flows for files of this form.
    pub fn new(input: R, form: Form) -> Reader<R> {
        Reader { input, rows: Rows::new(form), octets: 0 }
    }

    /// Reads so many octets; fewer only at the end of the input.
    fn read(&mut self, octets: &mut [u8]) -> Result<usize, Wrong> {
        let mut read = 0;
        while let Some(rest) = octets.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match Read::read(&mut self.input, rest) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.wrong(error.to_string())),
            }
        }
        Ok(read)
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { place: format!("octet {}", self.octets), what: what.into() }
    }
}

impl<R: BufRead> Import for Reader<R> {
    fn flow(&mut self) -> Result<bool, Wrong> {
        let mut mask = [0; 4];
        match self.read(&mut mask)? {
            0 => return Ok(false),
            4 => {}
            _ => return Err(self.wrong("the file ends within a flow's mask")),
        }
        let mask = u32::from_be_bytes(mask);
        if mask == 0 || mask >> FIELDS.len() != 0 {
            return Err(self.wrong(format!("{mask:#010x} is no mask of cflowd's fields")));
        }
        let mut fields = [0; 64];
        let chosen = || (0u32..).zip(FIELDS).filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, field)| field);
        let size: usize = chosen().map(|(_, width)| width).sum();
        let Some(fields) = fields.get_mut(..size) else { return Ok(false) };
        if self.read(fields)? < size {
            return Err(self.wrong("the file ends within a flow"));
        }
        self.rows.begin();
        let (mut rest, mut start, mut end) = (&*fields, None, None);
        for (what, width) in chosen() {
            let (own, behind) = rest.split_at_checked(width).unwrap_or_default();
            rest = behind;
            let value = own.iter().fold(0, |n, octet| n << 8 | u64::from(*octet));
            match what {
                What::Field(field) => self.rows.put(field, value),
                What::Start => start = Some(value * 1000),
                What::End => end = Some(value * 1000),
            }
        }
        if let (Some(start), Some(end)) = (start.or(end), end.or(start)) {
            self.rows.times(start, end);
        }
        self.octets += 4 + size as u64;
        Ok(true)
    }

    fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }
}
