//! Which flows: conditions on fields, combined, and compiled to one [`Predicate`] over a batch.
//!
//! A predicate is evaluated a column at a time, on all rows or on the few that are still in question. It implements
//! [`Select`](crate::flow::Select), so that a reader need not read what does not match, and [`Prune`](crate::flow::Prune), so that a reader passes over blocks
//! in which nothing can match.

mod acl;
mod address;
mod bits;
mod columns;
mod computed;
pub mod config;
mod evaluate;
pub mod expr;
mod moments;
pub mod nfilter;
mod numbers;
mod predicate;
mod prefix;
mod prune;
mod ranges;
mod source;

pub use acl::AccessLists;
pub use address::{Addresses, Net, Rule};
pub use computed::Computed;
pub use evaluate::Scratch;
pub use numbers::{Numbers, number};
pub use predicate::Predicate;
pub use prefix::prefix;
pub use ranges::{Point, Ranges};
pub use source::{Reading, Source};
