//! Comma-separated fields, as flow-export writes them.

use std::io::BufRead;
use std::net::{IpAddr, Ipv4Addr};

use super::{Import, Rows, Wrong};
use crate::flow::{Field, Version};
use crate::print::CsvFields;

/// No line of flows is longer, in octets.
const LONGEST: u64 = 64 * 1024;

/// Reads lines of fields as records of a version.
pub struct Reader<R> {
    input: R,
    rows: Rows,
    fields: Vec<Field>,
    /// Whether a heading says what the fields are.
    headed: bool,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// A reader that makes records of `version`. The fields are `fields`; without them those that a heading names, or
    /// else those that flow-export writes of the version. Lines that begin with `#` are comments.
    pub fn new(input: R, version: Version, fields: Option<CsvFields>) -> Reader<R> {
        let order = fields.unwrap_or_else(|| CsvFields::default_for(Some(version))).order();
        let headed = fields.is_none();
        Reader { input, rows: Rows::new(version), fields: order, headed, line: 0, text: Vec::new() }
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { place: format!("line {}", self.line), what: what.into() }
    }

    /// Reads a line; says whether there was one.
    fn line(&mut self) -> Result<bool, Wrong> {
        self.line += 1;
        self.text.clear();
        let mut input = std::io::Read::take(&mut self.input, LONGEST);
        match input.read_until(b'\n', &mut self.text) {
            Ok(0) => Ok(false),
            Ok(_) if self.text.len() as u64 == LONGEST => Err(self.wrong("the line is too long to be a flow")),
            Ok(_) => Ok(true),
            Err(error) => Err(self.wrong(error.to_string())),
        }
    }
}

impl<R: BufRead> Import for Reader<R> {
    fn flow(&mut self) -> Result<bool, Wrong> {
        while self.line()? {
            let text = String::from_utf8_lossy(&self.text);
            let text = text.trim();
            if text.starts_with('#') {
                if let Some(fields) = CsvFields::of_heading(text).filter(|_| self.headed) {
                    self.fields = fields;
                }
                continue;
            }
            if text.is_empty() {
                continue;
            }
            self.rows.begin();
            let mut values = text.split(',');
            for field in &self.fields {
                let done = values.next().ok_or_else(|| "the line ends too early".to_owned());
                let done = done.and_then(|word| put(&mut self.rows, *field, word.trim()));
                if let Err(why) = done {
                    self.rows.undo();
                    let what = format!("{}: {why}", field.short_name());
                    return Err(self.wrong(what));
                }
            }
            if values.next().is_some() {
                self.rows.undo();
                return Err(self.wrong(format!("more than {} fields", self.fields.len())));
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }
}

/// Puts a value that is written as text into the record begun last.
pub(super) fn put(rows: &mut Rows, field: Field, word: &str) -> Result<(), String> {
    let address = matches!(
        field,
        Field::SrcAddr | Field::DstAddr | Field::NextHop | Field::Exporter | Field::PeerNextHop | Field::RouterSc
    );
    let number = if address {
        match word.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => u64::from(address.to_bits()),
            Ok(IpAddr::V6(address)) if address.is_unspecified() => Ipv4Addr::UNSPECIFIED.to_bits().into(),
            Ok(IpAddr::V6(_)) => return Err(format!("'{word}': expected an IPv4 address")),
            Err(_) => return Err(format!("'{word}': expected an address")),
        }
    } else {
        word.parse().map_err(|_| format!("'{word}': expected a number"))?
    };
    field.candidates().iter().take(1).for_each(|element| rows.set(*element, number));
    Ok(())
}
