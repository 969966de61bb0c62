//! Flows as rows of a database's table.
//!
//! Both databases take flows as the lines that [`CsvFields::rows`] makes, so that making them is everyone's work and
//! only putting them in is the database's: [`postgresql`] copies them, [`sqlite`] binds their values. Either way it is
//! one transaction: what fails leaves the table as it was. A table that is there is used as it is; one that is not is
//! made with a column a field.

mod password;
pub mod postgresql;
pub mod sqlite;
mod target;

use std::fmt;

pub use self::target::{DEFAULT_TABLE, Target};
use crate::flow::Field;
use crate::print::CsvFields;

/// Why flows could not be put into a table: which database and table, and what was wrong. Never a password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    place: String,
    what: String,
}

impl Error {
    fn new(place: impl fmt::Display, what: impl fmt::Display) -> Error {
        Error { place: place.to_string(), what: what.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for Error {}

/// What takes rows, while a transaction lasts.
pub trait Sink {
    /// Takes whole lines, each the values of a row with commas between.
    ///
    /// # Errors
    ///
    /// What the database has against them: the transaction is lost.
    fn lines(&mut self, lines: &[u8]) -> Result<(), Error>;
}

/// What a column holds: which type is made for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// An address of either IP.
    Address,
    /// Flows, packets, octets: up to 64 bits.
    Counter,
    /// A number of up to 32 bits.
    Long,
    /// A number of up to 16 bits.
    Short,
    /// A number of up to 8 bits.
    Octet,
}

impl Kind {
    fn of(field: Field) -> Kind {
        match field {
            Field::SrcAddr | Field::DstAddr | Field::NextHop | Field::Exporter => Kind::Address,
            Field::PeerNextHop | Field::RouterSc => Kind::Address,
            Field::Flows | Field::Packets | Field::Octets => Kind::Counter,
            Field::SrcPort | Field::DstPort | Field::TcpFlags => Kind::Short,
            Field::Protocol | Field::Tos | Field::MarkedTos | Field::SrcMask | Field::DstMask => Kind::Octet,
            Field::EngineType | Field::EngineId | Field::InEncaps | Field::OutEncaps => Kind::Octet,
            _ => Kind::Long,
        }
    }
}

/// The columns' names, with commas between.
fn names(fields: CsvFields) -> String {
    let names: Vec<String> = fields.columns().into_iter().map(|(name, _)| quoted(name)).collect();
    names.join(", ")
}

/// The columns with their types, as a table is made of them.
fn definitions(fields: CsvFields, type_of: impl Fn(Kind) -> &'static str) -> String {
    let column = |(name, field): (&'static str, Field)| format!("{} {}", quoted(name), type_of(Kind::of(field)));
    let columns: Vec<String> = fields.columns().into_iter().map(column).collect();
    columns.join(", ")
}

/// A name as SQL has it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"; drop table b --"), "\"a\"\"; drop table b --\"");
    }

    #[test]
    fn a_column_a_field() {
        let fields: CsvFields = "first,doctets,srcaddr,prot,dstport".parse().unwrap();
        assert_eq!(names(fields), r#""doctets", "first", "srcaddr", "dstport", "prot""#);
        let kinds = definitions(fields, |kind| match kind {
            Kind::Address => "a",
            Kind::Counter => "c",
            Kind::Long => "l",
            Kind::Short => "s",
            Kind::Octet => "o",
        });
        assert_eq!(kinds, r#""doctets" c, "first" l, "srcaddr" a, "dstport" s, "prot" o"#);
    }
}
