//! flow-gen: makes test flows.

use std::process::ExitCode;

use flowtools::cli::flow_gen::Args;
use flowtools::cli::{Exit, Failure, Output, program};
use flowtools::flow::{FlowBatch, Order, StreamInfo, Version, flags, pattern, spare};

/// Records made at a time.
const CHUNK: usize = 4096;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let info = StreamInfo {
        flags: flags::STREAMING,
        host: Some("flow-gen".into()),
        comments: Some("flow-gen".into()),
        ..StreamInfo::default()
    };
    let options = args.write.options(args.export_version, info, 0);
    let mut output = Output::open(None, &options)?;
    // The modern file's are version 5's.
    let version = args.export_version.classic().unwrap_or(Version::V5);
    let mut made = 0;
    while made < args.count {
        let count = (args.count - made).min(CHUNK as u64) as usize;
        let mut records = spare();
        // The pattern repeats itself with its widest numbers, those of 32 bits.
        pattern::records(version, made as u32, count, &mut records);
        output.write(&FlowBatch::from_raw(version, Order::HOST, records))?;
        made += count as u64;
    }
    output.finish(&mut Vec::new())?;
    Ok(Exit::Fine)
}
