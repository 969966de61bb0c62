//! Numbers over time: round-robin databases (RRDs), kept and read by `rrdtool`.
//!
//! An RRD holds some data sources (flows, octets, packets) at steps of some seconds, the last so many steps as they
//! are, older ones consolidated. Nobody but rrdtool knows its files, so all is asked of rrdtool itself, one process a
//! run in its pipe mode:
//!
//! - [`Rrdtool`] is the process: RRDs are created with a [`Layout`] and updated in bulk, their last times and their
//!   values asked for. Commands are sent ahead of their answers, boundedly many.
//! - [`Shelf`] is a folder of RRDs, one a name: made as they are needed, updated in order of time; one that rrdtool
//!   refuses is left alone from then on, the others go on.
//!
//! What is put into them is counted from flow files as CUFlow did: [`config`] says what is inside and what flows are
//! counted under, [`count`] counts them by step of time, [`state`] remembers it between runs, [`board`] lists talkers,
//! and [`scan`] reads files and sees that each is counted once.
//!
//! What there is to see of it is [`view`]'s catalogue.
//!
//! - [`reports`] puts flow-report's reports on a shelf, an RRD a key; [`stats`] what collectors log of exporters.
//!
//! ```no_run
//! use flowtools::graph::{Layout, Rrdtool, Sort, Source, Update};
//!
//! let mut tool = Rrdtool::start()?;
//! let sources = vec![Source::new("octets", Sort::Absolute, 600)];
//! let layout = Layout { start: 1_767_225_600, step: 300, sources, archives: Layout::archives(&[600, 600]) };
//! tool.create("web.rrd", &layout)?;
//! tool.update("web.rrd", &["octets"], &[Update { time: 1_767_225_900, values: vec![1.5e9] }])?;
//! for refusal in tool.finish()? {
//!     eprintln!("{refusal}");
//! }
//! # Ok::<(), flowtools::graph::Error>(())
//! ```

pub mod board;
pub mod config;
pub mod count;
pub mod draw;
mod html;
mod layout;
mod pipe;
pub mod reports;
mod rrdtool;
pub mod scan;
mod shelf;
pub mod site;
pub mod state;
pub mod stats;
pub mod view;
mod words;

pub use layout::{Archive, Consolidation, Layout, Sort, Source};
pub use rrdtool::{Error, Fetched, Refusal, Rrdtool, Update};
pub use shelf::{Put, Shelf};
pub use words::file_name;
