//! What there is to see: RRDs as flow-scan lays them out, by what they tell flows apart by, each label with its colour.
//!
//! A [`Catalogue`] is all that there is, a [`View`] what is wanted of it, a [`Picture`] the numbers of a view.

mod catalogue;
mod choice;
mod colour;
mod json;
mod picture;
mod rows;

pub use crate::graph::count::{NEITHER_STEM as NEITHER, TOTAL_STEM as TOTAL};
pub use catalogue::{By, Catalogue, Group, Item, Report};
pub use choice::{Choice, Labels, Routers, Unknown, View, Wanted};
pub use colour::{Colour, OTHER, PALETTE};
pub use picture::{Layer, Picture, Rates, WAYS};
pub use rows::{Axis, Values};
