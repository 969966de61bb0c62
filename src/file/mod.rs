//! The on-disk flow file and folders of them.
//!
//! [`Inputs`] is what a program was told to read; [`Scan`] reads it on all cores, batch by batch; [`FlowWriter`]
//! writes. [`archive`] knows the names, nesting, rotation and expiry of a collector's folder.

pub mod archive;
mod block;
mod blocks;
mod classic;
mod describe;
mod error;
mod facts;
mod follow;
mod header;
mod index;
mod inflate;
mod inputs;
mod legacy;
mod live;
mod merge;
mod modern;
mod notice;
mod ordered;
mod pipe;
mod reader;
mod replace;
mod scan;
mod unit;
mod waiting;
mod workers;
mod writer;

pub use describe::{BlockSummary, ColumnSummary, Description, describe};
pub use error::{Error, Kind};
pub use follow::{Follow, News};
pub use inputs::{Inputs, read_info};
pub use live::{Live, append_facts};
pub use merge::Merge;
pub use notice::Notice;
pub use reader::FlowReader;
pub use replace::{beside, replace, replace_soon};
pub use scan::{Progress, Scan, Summary};
pub use writer::{FlowWriter, WriteOptions};
