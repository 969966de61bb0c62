//! Exports in capture files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Failure;
use super::run::complain;
use crate::meter::packet::{Datagram, udp_payload};
use crate::meter::source::Capture;

/// Hands every UDP datagram of a capture (`-` is standard input) to `hear`, with its time in seconds since 1970. Says
/// whether all of it could be read; damage is reported in the program's name.
pub fn datagrams(
    program: &str,
    path: &Path,
    mut hear: impl FnMut(u32, Option<Datagram<'_>>) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let input: Box<dyn Read + Send> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|e| Failure::io(path.display(), &e))?),
    };
    let damaged = |damage| Failure::Failed(format!("{}: {damage}", path.display()));
    let mut capture = Capture::open(input).map_err(damaged)?;
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => hear((frame.time_ns / 1_000_000_000) as u32, udp_payload(&frame))?,
            Ok(None) => return Ok(true),
            Err(damage) => {
                complain(program, format!("{}: {damage}", path.display()));
                return Ok(false);
            }
        }
    }
}
