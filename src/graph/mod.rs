//! What flows come to over time: RRDs, scoreboards, pictures and pages, as FlowScan with CUFlow made them.
//!
//! A configuration ([`config`]) says what is inside and what flows are counted under; flows are counted by step of time
//! ([`count`]).

pub mod board;
pub mod config;
pub mod count;
mod html;
pub mod state;
