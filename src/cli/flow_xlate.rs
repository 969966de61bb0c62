//! Arguments of flow-xlate.

use std::path::PathBuf;

use clap::Parser;

use super::Failure;
use super::common::{Files, Write};
use crate::flow::Form;

/// Convert flows to another version, modern files to classic ones and back
#[derive(Parser, Debug)]
#[command(
    name = "flow-xlate",
    version,
    after_help = "\
Examples:
  flow-xlate -V 10 ft-v05.2026-01-01.000000+0000 > modern
  flow-cat /flows/2026/2026-01 | flow-xlate -V 10 -o january
  flow-xlate -V 5 modern | flow-print -f5"
)]
pub struct Args {
    /// Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: as read). What a version has no field for is left
    /// out; flows that it cannot say at all are counted, as are numbers that it has no room for
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// Accepted for flow-tools' sake: no configuration is read
    #[arg(short = 'n', long)]
    pub no_config: bool,
    /// Keep the input's capture start and end in the header written
    #[arg(short = 'k', long)]
    pub keep_time: bool,
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Configuration of translations: not in this version
    #[arg(short = 'x', long, value_name = "FILE", hide = true)]
    pub config: Option<PathBuf>,
    /// Translation: not in this version
    #[arg(short = 'X', long, value_name = "NAME", hide = true)]
    pub definition: Option<String>,
    /// Variable of the configuration: not in this version
    #[arg(short = 'v', long, value_name = "NAME=VALUE", hide = true)]
    pub variable: Vec<String>,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

impl Args {
    /// What is asked for and cannot be had: one line.
    pub fn check(&self) -> Result<(), Failure> {
        if self.config.is_some() || self.definition.is_some() || !self.variable.is_empty() {
            return Err(Failure::Usage(
                "-x, -X, -v: translations by configuration are not in this version yet, expected -V".into(),
            ));
        }
        Ok(())
    }
}
