//! Exports in capture files.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Failure;
use super::run::complain;
use crate::meter::packet::{Datagram, udp_payload};
use crate::meter::source::Capture;

/// What an input is called: `-` is standard input.
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { path.display().to_string() }
}

/// Opens a capture; `-` is standard input. Says why that cannot be read.
pub fn open(path: &Path) -> Result<Capture, String> {
    let why = |error: &dyn Display| format!("{}: {error}", shown(path));
    let input: Box<dyn Read + Send> = match path.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|e| why(&e))?),
    };
    Capture::open(input).map_err(|damage| why(&damage))
}

/// Hands every UDP datagram of a capture (`-` is standard input) to `hear`, with its time in seconds since 1970. Says
/// whether all of it could be read; damage is reported in the program's name.
pub fn datagrams(
    program: &str,
    path: &Path,
    hear: impl FnMut(u32, Option<Datagram<'_>>) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    rest(program, path, open(path).map_err(Failure::Failed)?, hear)
}

/// The same of a capture that is open.
pub fn rest(
    program: &str,
    path: &Path,
    mut capture: Capture,
    mut hear: impl FnMut(u32, Option<Datagram<'_>>) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => hear((frame.time_ns / 1_000_000_000) as u32, udp_payload(&frame))?,
            Ok(None) => return Ok(true),
            Err(damage) => {
                complain(program, format!("{}: {damage}", shown(path)));
                return Ok(false);
            }
        }
    }
}
