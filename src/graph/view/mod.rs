//! What there is to see: RRDs as flow-scan lays them out, by what they tell flows apart by, each label with its colour.

mod catalogue;
mod colour;

pub use catalogue::{By, Catalogue, Group, Item, Report, TOTAL};
pub use colour::{Colour, OTHER, PALETTE};
