//! What ends a run.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::graph;

/// Why a run cannot go on.
#[derive(Debug)]
pub enum Error {
    /// The system refused something on a file.
    Io(PathBuf, io::Error),
    /// A file of ours was changed: the first line that makes no sense.
    Text(PathBuf, usize),
    /// rrdtool did not make a file, and what it said then.
    Unmade(PathBuf, String),
    /// Another run is at work on the same state.
    Busy(PathBuf),
    /// A file is of steps of another length: of so many seconds, not of so many.
    Step(PathBuf, u64, u64),
    /// rrdtool.
    Rrdtool(graph::Error),
}

impl Error {
    /// The system refused something on a file.
    pub fn io(path: &Path, error: io::Error) -> Error {
        Error::Io(path.to_owned(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Error::Text(path, line) => {
                write!(
                    f,
                    "{}:{line}: expected what flow-scan wrote; it is made anew where it is missing",
                    path.display()
                )
            }
            Error::Step(path, has, wanted) => {
                write!(
                    f,
                    "{}: has steps of {has} seconds, not of {wanted}: expected --step {has}, or another OutputDir",
                    path.display()
                )
            }
            Error::Unmade(path, why) => {
                let path = path.display();
                write!(f, "{path}: rrdtool cannot make it: is the disk full? What was counted is kept ({why})")
            }
            Error::Busy(path) => write!(f, "{}: another flow-scan is at work", path.display()),
            Error::Rrdtool(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<graph::Error> for Error {
    fn from(error: graph::Error) -> Error {
        Error::Rrdtool(error)
    }
}
