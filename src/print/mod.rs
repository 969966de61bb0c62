//! Flows and headers as text.
//!
//! [`Format`] makes flow-print's numbered formats and [`Csv`] flow-export's comma-separated fields; both come to a
//! [`Table`], which a [`TableWriter`] writes batches in. [`JsonWriter`] writes whatever a batch has. None of them knows
//! a file: batches go in, octets come out.

mod clock;
mod digits;
mod format;
mod header;
mod page;
mod table;
mod window;

pub use format::Format;
pub use header::header;
pub use table::{Table, TableWriter};
