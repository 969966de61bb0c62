//! flow-stat's reports.
//!
//! [`REPORTS`] says what each report is; [`Heading`] is what stands above any of them; [`TableText`], [`Summary`] and
//! [`PlotText`] write their bodies.

mod catalog;
mod distribution;
mod heading;
mod plot;
mod summary;
mod table;

pub use catalog::{Column, Keys, Kind, Plot, REPORTS, Report, Show, Table, Unsorted};
pub use distribution::{Counted, PACKET_SIZE, distributions};
pub use heading::{Heading, Sorting};
pub use plot::{PlotPoints, PlotText};
pub use summary::Summary;
pub use table::{Choices, TableText};
