//! From packets to flows.
//!
//! [`source`] reads captures frame by frame; [`link`] finds the IP packet in a frame, [`packet`] and [`transport`] read
//! its headers. A [`Meter`] counts packets in a [`cache`] and hands the flows that are over, by the timeouts of
//! [`expiry`], to a [`Sink`], such as [`Classic`], which makes records of them, or [`Columns`].

mod biflow;
mod cache;
mod expiry;
mod export;
mod index;
mod key;
pub mod link;
mod manage;
mod memory;
pub mod packet;
mod sensor;
pub mod source;
mod stats;
mod transport;
mod wheel;

pub use biflow::{Biflow, Direction, Sink};
pub use cache::MAX_FLOWS;
pub use expiry::{Reason, Timeouts};
pub use export::{Classic, Columns, MAX_LIFE, Shape, Times};
pub use key::{CacheHash, Ends};
pub use sensor::{Meter, Settings, Track};
pub use stats::Stats;
