//! Options that several programs share, defined once.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::file::{Inputs, WriteOptions};
use crate::flow::{Order, StreamInfo, Version};

/// `-b`: byte order written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ByteOrder {
    /// Least significant octet first.
    Little,
    /// Most significant octet first.
    Big,
}

impl From<ByteOrder> for Order {
    fn from(order: ByteOrder) -> Order {
        match order {
            ByteOrder::Little => Order::Little,
            ByteOrder::Big => Order::Big,
        }
    }
}

/// `-d`: for programs that only read.
#[derive(Args, Clone, Debug, Default)]
pub struct Debug {
    /// Log more: 0 nothing, 1 what is done, 2 and up in detail
    #[arg(short = 'd', long = "debug", value_name = "LEVEL", default_value_t = 0)]
    pub debug: u8,
}

/// `-b -C -d -z`: for programs that write flows.
#[derive(Args, Clone, Debug)]
pub struct Write {
    /// Byte order of what is written (default: this machine's)
    #[arg(short = 'b', long, value_name = "ORDER", value_enum)]
    pub byte_order: Option<ByteOrder>,
    /// Comment in the header written
    #[arg(short = 'C', long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// zlib level of what is written, 0 none to 9 smallest (default: 0 to standard output)
    #[arg(short = 'z', long = "level", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: Option<u8>,
}

impl Write {
    /// How flows are to be written as what they were read from; see [`Write::options`]. Where that names no version,
    /// they become the one that everything understands.
    pub fn like(&self, read: &StreamInfo, info: StreamInfo, level: u8) -> WriteOptions {
        self.options(read.version.unwrap_or(Version::V5), info, level)
    }

    /// How flows of `version` are to be written, under a header that says `info`; `level` where `-z` is not given.
    pub fn options(&self, version: Version, info: StreamInfo, level: u8) -> WriteOptions {
        let comments = self.comment.clone().or_else(|| info.comments.clone());
        WriteOptions {
            version,
            order: self.byte_order.map_or(Order::HOST, Order::from),
            level: self.level.unwrap_or(level),
            info: StreamInfo { comments, ..info },
        }
    }
}

/// Files to read, where flow-tools reads only standard input.
#[derive(Args, Clone, Debug, Default)]
pub struct Files {
    /// Flow files, and folders of them (recursively); `-` or nothing is standard input
    #[arg(value_name = "FILE|DIR")]
    pub files: Vec<PathBuf>,
}

impl Files {
    /// The inputs named.
    pub fn inputs(&self) -> Inputs {
        Inputs::of(&self.files)
    }
}
