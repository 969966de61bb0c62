//! flow-expire: deletes the oldest files of an archive.

use std::io::Write;
use std::process::ExitCode;

use flowtools::cli::flow_expire::Args;
use flowtools::cli::run::{complain, report};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::archive::{Archive, Limits};

const NAME: &str = "flow-expire";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let some = |limit: u64| Some(limit).filter(|limit| *limit > 0);
    let limits = Limits { files: some(args.expire_count), octets: some(args.expire_size) };
    if limits.none() {
        return Err(Failure::Usage(
            "expected -e COUNT or -E SIZE, how much is to be kept; see flow-expire --help".into(),
        ));
    }
    let folder = args.folder.display();
    // A folder that is not there holds too little to expire, but hardly by intention.
    std::fs::read_dir(&args.folder).map_err(|e| Failure::io(&folder, &e))?;
    let (mut archive, mut problems) = Archive::read_any(&args.folder);
    if args.dry_run {
        let mut out = std::io::stdout().lock();
        for path in archive.expirable(limits) {
            writeln!(out, "{}", path.display()).map_err(Failure::stdout)?;
        }
        return Ok(report(NAME, &problems));
    }
    archive.expire(limits, |path, result| match result {
        Ok(octets) if args.debug.debug > 0 => complain(NAME, format!("{}: deleted, {octets} octets", path.display())),
        Ok(_) => {}
        Err(error) => problems.push(error),
    });
    if args.debug.debug > 0 {
        complain(NAME, format!("{folder}: {} files, {} octets", archive.len(), archive.octets()));
    }
    Ok(report(NAME, &problems))
}
