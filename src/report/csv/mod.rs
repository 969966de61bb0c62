//! flow-report's reports: a configuration says which, of which flows, and in which form.
//!
//! [`TYPES`] is the table of all types of report. [`Config`] is a configuration, read; each of its reports is made by
//! a [`Making`], whose workers are handed batches, and written as [`Text`]. [`show`] makes that readable.

mod config;
mod fields;
mod head;
mod hollow;
mod make;
mod ordered;
mod periods;
mod read;
mod seconds;
mod show;
mod text;
mod totals;
mod types;

pub use config::{AddressFormat, Config, Definition, Output, Report, Time};
pub use fields::{Field, Fields, Options};
pub use make::{Made, Making, Outcome, Worker};
pub use ordered::{Staged, Stager};
pub use periods::{Periods, Times};
pub use read::{Line, Lines, names};
pub use show::{Choices, ShowError, show};
pub use text::Text;
pub use types::{Key, Kind, Side, TYPES, Type, What};
