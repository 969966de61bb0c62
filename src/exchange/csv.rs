//! Comma-separated fields, as flow-export writes them.

use std::io::BufRead;
use std::net::IpAddr;

use super::rows::Cell;
use super::{Import, Lines, Rows, Wrong};
use crate::flow::{Field, Form, Version};
use crate::print::CsvFields;

/// A field, and where flows of IPv4 and of IPv6 have it.
struct Place {
    field: Field,
    cell: Option<Cell>,
    six: Option<Cell>,
}

/// Reads lines of fields as flows.
pub struct Reader<R> {
    lines: Lines<R>,
    rows: Rows,
    six: Rows,
    fields: Vec<Place>,
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
        let places = places(&order, &rows, &six);
        Reader { lines: Lines::new(input), rows, six, fields: places, headed: fields.is_none() }
    }
}

impl<R: BufRead> Import for Reader<R> {
    fn flow(&mut self) -> Result<bool, Wrong> {
        while let Some(text) = self.lines.next()? {
            if text.starts_with('#') {
                if let Some(fields) = CsvFields::of_heading(&text).filter(|_| self.headed) {
                    self.fields = places(&fields, &self.rows, &self.six);
                }
                continue;
            }
            if text.is_empty() {
                continue;
            }
            let six = is_six(&self.fields, &text);
            let rows = if six { &mut self.six } else { &mut self.rows };
            rows.begin();
            return record(rows, &self.fields, six, &text).map(|()| true).map_err(|what| {
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

fn places(fields: &[Field], rows: &Rows, six: &Rows) -> Vec<Place> {
    let place = |field: &Field| Place { field: *field, cell: rows.place(*field), six: six.place(*field) };
    fields.iter().map(place).collect()
}

/// Whether a line's source or destination is an IPv6 address.
fn is_six(fields: &[Place], text: &str) -> bool {
    let address = |place: &Place| matches!(place.field, Field::SrcAddr | Field::DstAddr);
    // Most lines have no colon anywhere.
    text.contains(':') && fields.iter().zip(Words::of(text)).any(|(place, word)| address(place) && word.contains(':'))
}

/// Puts a line's fields into the record begun last, one of IPv6 or not.
fn record(rows: &mut Rows, fields: &[Place], six: bool, text: &str) -> Result<(), String> {
    let mut words = Words::of(text);
    for place in fields {
        let done = words.next().ok_or_else(|| "the line ends too early".to_owned());
        let done = done.and_then(|word| value(place.field, six, word.trim()));
        let value = done.map_err(|why| format!("{}: {why}", place.field.short_name()))?;
        rows.fill(if six { place.six } else { place.cell }, value);
    }
    if words.next().is_some() { Err(format!("more than {} fields", fields.len())) } else { Ok(()) }
}

/// What stands between commas. Words are short: looking at octet after octet is quicker than searching in strides.
struct Words<'a> {
    rest: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(text: &'a str) -> Words<'a> {
        Words { rest: Some(text) }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let Some(comma) = rest.bytes().position(|octet| octet == b',') else { return self.rest.take() };
        self.rest = rest.get(comma + 1..);
        rest.get(..comma)
    }
}

/// Puts a value of a flow of IPv4 that is written as text into the record begun last.
pub(super) fn put(rows: &mut Rows, field: Field, word: &str) -> Result<(), String> {
    rows.put(field, value(field, false, word)?);
    Ok(())
}

/// The number that a field has in records, of IPv6 flows or others, of its text.
fn value(field: Field, six: bool, word: &str) -> Result<u128, String> {
    use Field::{DstAddr, Exporter, NextHop, PeerNextHop, RouterSc, SrcAddr};
    if !matches!(field, SrcAddr | DstAddr | NextHop | Exporter | PeerNextHop | RouterSc) {
        return word.parse().map(u64::into).map_err(|_| unexpected(word, "a number"));
    }
    let wide = six && matches!(field, SrcAddr | DstAddr | NextHop);
    match word.parse::<IpAddr>() {
        Ok(address) if address.is_unspecified() => Ok(0),
        Ok(IpAddr::V6(address)) if wide => Ok(address.to_bits()),
        Ok(IpAddr::V4(address)) if wide => Ok(address.to_ipv6_mapped().to_bits()),
        Ok(IpAddr::V4(address)) => Ok(address.to_bits().into()),
        Ok(IpAddr::V6(_)) => Err(unexpected(word, "an IPv4 address")),
        Err(_) => Err(unexpected(word, "an address")),
    }
}

/// That a word is not what was expected. Words of what is no text can be long.
fn unexpected(word: &str, what: &str) -> String {
    const MOST: usize = 40;
    let rest = if word.chars().nth(MOST).is_some() { "..." } else { "" };
    let start: String = word.chars().take(MOST).collect();
    format!("'{start}{rest}': expected {what}")
}
