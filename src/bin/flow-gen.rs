//! flow-gen: makes test flows.

use std::process::ExitCode;

use flowtools::cli::flow_gen::Args;
use flowtools::cli::run::stdout;
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::FlowWriter;
use flowtools::flow::{StreamInfo, flags, pattern};

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
    let mut writer = FlowWriter::new(stdout()?, &options).map_err(Failure::stdout)?;
    let (mut records, mut made) = (Vec::new(), 0);
    while made < args.count {
        let count = (args.count - made).min(CHUNK as u64) as usize;
        records.clear();
        // The pattern repeats itself with its widest numbers, those of 32 bits.
        pattern::records(args.export_version, made as u32, count, &mut records);
        writer.write_records(&records).map_err(Failure::stdout)?;
        made += count as u64;
    }
    writer.finish().map_err(Failure::stdout)?;
    Ok(Exit::Fine)
}
