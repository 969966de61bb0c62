//! A collector's folder: names, nesting, rotation, expiry.
//!
//! A file is named `tmp-...` while it is written and `ft-...` when it is complete ([`FileName`]); it lies in the
//! archive's folder or in folders by date below it ([`Nesting`]); a new one is begun by the local clock
//! ([`Rotation`]); the oldest are deleted beyond a number or a size ([`Archive::expire`]).

mod name;
mod rotation;
mod shelf;

pub use name::{FileName, Nesting, State, is_unfinished};
pub use rotation::{Rotation, zone};
pub use shelf::{Archive, Limits, size};
