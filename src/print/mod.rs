//! Flows and headers as text.
//!
//! [`FORMATS`] are flow-print's and [`CsvFields`] flow-export's comma-separated fields; both come to a
//! [`Table`], which a [`TableWriter`] writes batches in. [`JsonWriter`] writes whatever a batch has. None of them knows
//! a file: batches go in, octets come out.

mod clock;
mod columns;
mod csv;
mod digits;
mod format;
mod header;
mod json;
mod json_values;
mod page;
mod router;
mod six;
mod table;
mod value;
mod window;

pub use csv::CsvFields;
pub use format::{FORMATS, Format};
pub use header::{header, header_and};
pub use json::JsonWriter;
pub use table::{Table, TableWriter};
