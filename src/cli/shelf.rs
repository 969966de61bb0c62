//! What programs share that keep numbers in RRDs.

use std::path::Path;

use chrono::{DateTime, Local};

use super::run::{Exit, Failure, complain};
use crate::graph::{Error, Shelf};

/// A folder of RRDs, made if there is none.
///
/// # Errors
///
/// It cannot be made; there is no rrdtool.
pub fn open(folder: &Path) -> Result<Shelf, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::io(folder.display(), &e))?;
    Shelf::open(folder).map_err(failed)
}

/// An error of rrdtool's as a program's.
pub fn failed(error: Error) -> Failure {
    Failure::Failed(error.to_string())
}

/// Writes what is left, and reports what was wrong with the input and what rrdtool refused.
///
/// # Errors
///
/// rrdtool is gone.
pub fn finish(program: &str, shelf: Shelf, mut problems: Vec<String>) -> Result<Exit, Failure> {
    problems.append(&mut shelf.finish().map_err(failed)?);
    problems.iter().for_each(|problem| complain(program, problem));
    Ok(if problems.is_empty() { Exit::Fine } else { Exit::Partly })
}

/// Seconds since 1970 as a date of here.
pub fn time(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).map(|time| time.with_timezone(&Local));
    time.map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}
