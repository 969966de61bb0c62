//! Options that several programs share, defined once.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::file::{Inputs, WriteOptions};
use crate::flow::{Codec, Form, Order, StreamInfo};

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

/// `--codec`: how modern files are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CodecName {
    /// Zstandard: small.
    Zstd,
    /// LZ4: quick.
    Lz4,
    /// Not at all.
    None,
}

impl From<CodecName> for Codec {
    fn from(name: CodecName) -> Codec {
        match name {
            CodecName::Zstd => Codec::Zstd,
            CodecName::Lz4 => Codec::Lz4,
            CodecName::None => Codec::None,
        }
    }
}

/// How columns of modern files are compressed: as named, else, where level 0 was asked for, not at all.
pub fn codec(name: Option<CodecName>, level: Option<u8>) -> Codec {
    match (name, level) {
        (Some(name), _) => name.into(),
        (None, Some(0)) => Codec::None,
        (None, _) => Codec::default(),
    }
}

/// `-d`: for programs that only read.
#[derive(Args, Clone, Debug, Default)]
pub struct Debug {
    /// Log more: 0 nothing, 1 what is done, 2 and up in detail
    #[arg(short = 'd', long = "debug", value_name = "LEVEL", default_value_t = 0)]
    pub debug: u8,
}

/// `-k`: for programs that change or choose flows.
#[derive(Args, Clone, Copy, Debug)]
pub struct Keep {
    /// Keep the input's capture start and end in the header written
    #[arg(short = 'k', long)]
    pub keep_time: bool,
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
    /// Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)
    #[arg(short = 'z', long = "level", value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=9))]
    pub level: Option<u8>,
    /// How the columns of modern files are compressed (default: zstd, in pipes none)
    #[arg(long, value_name = "CODEC", value_enum)]
    pub codec: Option<CodecName>,
}

impl Write {
    /// How flows are to be written, under a header that says `info`; `level` where `-z` is not given. Of a modern
    /// file `-z 0` means no compression; `info`'s interface names and facts are written as such.
    pub fn options(&self, form: impl Into<Form>, info: StreamInfo, level: u8) -> WriteOptions {
        let comments = self.comment.clone().or_else(|| info.comments.clone());
        let codec = codec(self.codec, self.level);
        WriteOptions {
            form: form.into(),
            order: self.byte_order.map_or(Order::HOST, Order::from),
            level: self.level.unwrap_or(level),
            codec,
            quick: false,
            threads: 0,
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

/// Where a program that listens at a port writes its process number: flow-tools has always added the port to the name.
/// `-` is nowhere; in the foreground it is written only where it was asked for.
pub fn pid_path(given: Option<&Path>, program: &str, foreground: bool, port: u16) -> Option<PathBuf> {
    let mut name = match given {
        Some(file) if file.as_os_str() == "-" => return None,
        Some(file) => file.as_os_str().to_owned(),
        None if foreground => return None,
        None => format!("/var/run/{program}.pid").into(),
    };
    name.push(format!(".{port}"));
    Some(name.into())
}
