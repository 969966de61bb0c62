//! Reports by any key: `srcaddr/24,dstport,distinct(dstaddr)`.
//!
//! A [`Spec`] is what one report is asked to be, parsed. [`Reports`] makes several of them in one reading; each comes
//! out as an [`Answer`], whose first rows are picked by any column and written by [`Text`] as a table, CSV or JSON.
//!
//! Distinct values are counted exactly by grouping by the key and the value, then by the key alone; or approximately,
//! by a sketch of some KiB a group at most (HyperLogLog).

mod answer;
mod approx;
mod columns;
mod names;
mod sketch;
mod spec;
#[cfg(test)]
mod tests;
mod text;

pub use answer::{Answer, ReportOutcomes, Reports, Workers};
pub use columns::{Sort, SortError};
pub use spec::{Spec, SpecError};
pub use text::{Format, Text};
