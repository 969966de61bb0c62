//! What is wrong with a configuration, and where.

use std::fmt;
use std::sync::Arc;

/// A place in a configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file's name, as it was given.
    pub file: Arc<str>,
    /// The line, from 1; 0 means the file as a whole.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// A word of a configuration that makes no sense where it stands. Shown as
/// `FILE:LINE:COLUMN: 'word': expected ...`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// Where the word stands, or where the line ended too early.
    pub place: Place,
    /// The word; empty at the end of a line, and for a file as a whole.
    pub word: String,
    /// What was wrong, such as `expected a number`.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word.as_str() {
            "" => write!(f, "{}: {}", self.place, self.what),
            word => write!(f, "{}: '{}': {}", self.place, word.escape_debug(), self.what),
        }
    }
}

impl std::error::Error for Mistake {}
