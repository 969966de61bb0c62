//! Flows and headers as text.

mod header;

pub use header::header;
