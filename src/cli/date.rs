//! Free-form dates in arguments, as cvs takes them; the reading itself is [`crate::flow::date`]'s.

pub use crate::flow::date::parse;
