//! What is wrong with a configuration: which file, line and word, and what was expected there.

use std::fmt;

/// A word of a configuration that makes no sense where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The word; empty where the line ended too early.
    pub word: String,
    /// What was expected instead.
    pub expected: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: ", self.file, self.line)?;
        match self.word.as_str() {
            "" => write!(f, "expected {} at the end of the line", self.expected),
            word => write!(f, "'{word}': expected {}", self.expected),
        }
    }
}

impl std::error::Error for ConfigError {}
