//! Export versions by their numbers.

use std::fmt;
use std::str::FromStr;

use super::export::Protocol;
use crate::flow::Version;

/// The version of exports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportVersion {
    /// One of fixed records.
    Classic(Version),
    /// One with templates.
    Template(Protocol),
}

impl FromStr for ExportVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<ExportVersion, String> {
        match text {
            "9" => Ok(ExportVersion::Template(Protocol::V9)),
            "10" => Ok(ExportVersion::Template(Protocol::Ipfix)),
            _ => text
                .parse()
                .map(ExportVersion::Classic)
                .map_err(|_| format!("'{text}' is not an export version: expected 1, 5, 6, 7, 8.1 to 8.14, 9 or 10")),
        }
    }
}

impl fmt::Display for ExportVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExportVersion::Classic(version) => version.fmt(f),
            ExportVersion::Template(protocol) => protocol.number().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_classic_or_have_templates() {
        for text in ["1", "5", "8.14", "1005", "9", "10"] {
            assert_eq!(text.parse::<ExportVersion>().unwrap().to_string(), text);
        }
        for wrong in ["", "8", "11", "09", "ipfix"] {
            assert!(wrong.parse::<ExportVersion>().is_err(), "{wrong}");
        }
    }
}
