//! From packets to flows.
//!
//! [`source`] reads captures frame by frame, [`live`] takes frames from a network interface, [`filter`] says which;
//! [`link`] finds the IP packet in a frame, [`packet`] and `transport` read its headers, and [`fragments`] has ports
//! for fragments without. A [`Meter`] counts packets in a `cache` and hands the flows that are over, by the timeouts
//! of `expiry`, to a [`Sink`], such as [`Classic`], which makes records of them, or [`Columns`].

mod biflow;
mod cache;
mod expiry;
mod export;
pub mod filter;
pub mod fragments;
mod index;
mod key;
pub mod link;
pub mod live;
mod manage;
mod memory;
pub mod packet;
mod plain;
mod sensor;
pub mod source;
mod stats;
mod transport;
mod wheel;

pub use biflow::{Biflow, Direction, Sink};
pub use cache::MAX_FLOWS;
pub use expiry::{Reason, Timeouts};
pub use export::{Classic, Columns, MAX_LIFE, Shape, Template, Times};
pub use key::{CacheHash, Ends};
pub use sensor::{Meter, Settings, Track};
pub use stats::Stats;
