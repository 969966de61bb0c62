//! What can be wrong with a flow file: which file, where, what was expected.

use std::fmt;
use std::io;

/// What was wrong.
#[derive(Debug)]
pub enum Kind {
    /// The system refused.
    Io(io::Error),
    /// Not a flow file, or one that is not understood; says what was expected.
    Format(String),
    /// The records end early or are damaged.
    Damaged(String),
    /// Something is damaged that the rest could be read without; says what became of it.
    Part(String),
}

/// An error of reading or writing flows: its message names the file, the place and what was expected.
#[derive(Debug)]
pub struct Error {
    /// The file's name, `standard input` or `standard output`.
    pub file: String,
    /// Where: `record 1234`, `offset 8`; empty where it is the file as a whole.
    pub at: String,
    /// What.
    pub kind: Kind,
    /// Flows read before the damage, and used.
    pub kept: u64,
}

impl Error {
    /// The system refused something on a file.
    pub fn io(file: impl Into<String>, error: io::Error) -> Error {
        Error { file: file.into(), at: String::new(), kind: Kind::Io(error), kept: 0 }
    }

    /// A file is not what was expected, at a place.
    pub fn format(file: impl Into<String>, at: impl Into<String>, expected: impl Into<String>) -> Error {
        Error { file: file.into(), at: at.into(), kind: Kind::Format(expected.into()), kept: 0 }
    }

    /// Whether a reader of ours closed the pipe we write to: no error to the user.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(&self.kind, Kind::Io(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        match &self.kind {
            Kind::Io(error) => write!(f, "{error}"),
            Kind::Format(what) | Kind::Part(what) => write!(f, "{what}"),
            Kind::Damaged(what) => write!(f, "{what} (kept {} flows)", self.kept),
        }
    }
}

impl std::error::Error for Error {}
