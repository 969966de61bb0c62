//! What flow files are made of: classic records of a version, or column blocks.

use std::fmt;
use std::str::FromStr;

use super::record::Version;

/// What a flow file's flows are stored as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// Classic records of one version.
    Classic(Version),
    /// Column blocks of any schemas (export version 10).
    Modern,
}

impl Form {
    /// The classic version, where it is one.
    pub fn classic(self) -> Option<Version> {
        match self {
            Form::Classic(version) => Some(version),
            Form::Modern => None,
        }
    }
}

impl From<Version> for Form {
    fn from(version: Version) -> Form {
        Form::Classic(version)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Classic(version) => version.fmt(f),
            Form::Modern => write!(f, "10"),
        }
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Form, String> {
        match text {
            "10" => Ok(Form::Modern),
            _ => text.parse().map(Form::Classic).map_err(|_| {
                format!("'{text}' is not an export version: expected 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10")
            }),
        }
    }
}

/// How the columns of a modern file are compressed, once they are encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Codec {
    /// Not at all.
    None,
    /// LZ4: quick to read.
    Lz4,
    /// Zstandard: small.
    #[default]
    Zstd,
}
