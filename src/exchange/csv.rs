//! Comma-separated fields, as flow-export writes them.

use std::io::BufRead;
use std::net::IpAddr;

use super::{Import, Lines, Rows, Wrong};
use crate::flow::{Field, Form, Version};
use crate::print::CsvFields;

/// Reads lines of fields as flows.
pub struct Reader<R> {
    lines: Lines<R>,
    rows: Rows,
    six: Rows,
    fields: Vec<Field>,
    /// Whether a heading says what the fields are.
    headed: bool,
}

impl<R: BufRead> Reader<R> {
    /// A reader that makes flows for files of this form. The fields are `fields`; without them those that a heading
    /// names, or else those that flow-export writes of the version. Lines that begin with `#` are comments.
    pub fn new(input: R, form: Form, fields: Option<CsvFields>) -> Reader<R> {
        let version = form.classic().unwrap_or(Version::V1005);
        let order = fields.unwrap_or_else(|| CsvFields::default_for(Some(version))).order();
        let (rows, six) = (Rows::new(form), Rows::six());
        Reader { lines: Lines::new(input), rows, six, fields: order, headed: fields.is_none() }
    }
}

impl<R: BufRead> Import for Reader<R> {
    fn flow(&mut self) -> Result<bool, Wrong> {
        while let Some(text) = self.lines.next()? {
            if text.starts_with('#') {
                if let Some(fields) = CsvFields::of_heading(&text).filter(|_| self.headed) {
                    self.fields = fields;
                }
                continue;
            }
            if text.is_empty() {
                continue;
            }
            let address = |field: &Field| matches!(field, Field::SrcAddr | Field::DstAddr);
            let six = self.fields.iter().zip(text.split(',')).any(|(field, word)| address(field) && word.contains(':'));
            let rows = if six { &mut self.six } else { &mut self.rows };
            rows.begin();
            return record(rows, &self.fields, &text).map(|()| true).map_err(|what| {
                rows.undo();
                self.lines.wrong(what)
            });
        }
        Ok(false)
    }

    fn rows(&mut self) -> &mut Rows {
        &mut self.rows
    }

    fn six(&mut self) -> Option<&mut Rows> {
        Some(&mut self.six)
    }
}

/// Puts a line's fields into the record begun last.
fn record(rows: &mut Rows, fields: &[Field], text: &str) -> Result<(), String> {
    let mut values = text.split(',');
    for field in fields {
        let done = values.next().ok_or_else(|| "the line ends too early".to_owned());
        let done = done.and_then(|word| put(rows, *field, word.trim()));
        done.map_err(|why| format!("{}: {why}", field.short_name()))?;
    }
    if values.next().is_some() { Err(format!("more than {} fields", fields.len())) } else { Ok(()) }
}

/// Puts a value that is written as text into the record begun last.
pub(super) fn put(rows: &mut Rows, field: Field, word: &str) -> Result<(), String> {
    use Field::{DstAddr, Exporter, NextHop, PeerNextHop, RouterSc, SrcAddr};
    if !matches!(field, SrcAddr | DstAddr | NextHop | Exporter | PeerNextHop | RouterSc) {
        let number: u64 = word.parse().map_err(|_| unexpected(word, "a number"))?;
        rows.put(field, number);
        return Ok(());
    }
    let wide = rows.is_six() && matches!(field, SrcAddr | DstAddr | NextHop);
    match word.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => rows.put(field, 0u32),
        Ok(IpAddr::V6(address)) if wide => rows.put(field, address.to_bits()),
        Ok(IpAddr::V4(address)) if wide => rows.put(field, address.to_ipv6_mapped().to_bits()),
        Ok(IpAddr::V4(address)) => rows.put(field, address.to_bits()),
        Ok(IpAddr::V6(_)) => return Err(unexpected(word, "an IPv4 address")),
        Err(_) => return Err(unexpected(word, "an address")),
    }
    Ok(())
}

/// That a word is not what was expected. Words of what is no text can be long.
fn unexpected(word: &str, what: &str) -> String {
    const MOST: usize = 40;
    let rest = if word.chars().nth(MOST).is_some() { "..." } else { "" };
    let start: String = word.chars().take(MOST).collect();
    format!("'{start}{rest}': expected {what}")
}
