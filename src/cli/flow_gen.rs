//! Arguments of flow-gen.

use clap::Parser;

use super::common::Write;
use crate::flow::Form;

/// Make test flows: numbers that count up in every field
#[derive(Parser, Debug)]
#[command(
    name = "flow-gen",
    version,
    after_help = "\
Examples:
  flow-gen | flow-print
  flow-gen -V8.5 -n 100 | flow-print
  flow-gen -V1005 -n 1000000 -z6 > test"
)]
pub struct Args {
    /// How many flows
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 1000)]
    pub count: u64,
    /// Their export version: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (the flows of version 5 in a modern file)
    #[arg(short = 'V', long = "export-version", value_name = "VERSION", default_value = "5")]
    pub export_version: Form,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
}
