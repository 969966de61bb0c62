//! Arguments of flow-mask.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Keep, Write};
use super::config::Defined;

/// Set the lengths of flows' prefixes by their addresses
#[derive(Parser, Debug)]
#[command(
    name = "flow-mask",
    version,
    after_help = "\
The file says which addresses get which lengths of prefixes, source and destination alike. Of
several prefixes that hold an address the longest counts; what is in none keeps the length it has.

  mask-definition site
    prefix 10.0.0.0/8 24
    prefix 10.0.0.0/27 32
    prefix 2001:db8::/32 48

@NAME and @{NAME:-DEFAULT} stand for what -v NAME=VALUE says; # begins a comment. Modern files'
flows without lengths get them; classic versions that have no room for lengths are refused.

Examples:
  flow-mask -m mask.cfg -M site < flows | flow-stat -f9
  flow-cat /flows/2026 | flow-mask -M site | flow-xlate -x xlate.cfg -X to-network | flow-print"
)]
pub struct Args {
    /// The file of lengths; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg
    #[arg(short = 'm', long, value_name = "FILE", default_value = "mask.cfg")]
    pub mask_file: PathBuf,
    /// The mask-definition to apply
    #[arg(short = 'M', long = "mask", value_name = "NAME", default_value = "default")]
    pub definition: String,
    /// The header written.
    #[command(flatten)]
    pub keep: Keep,
    /// Variables of the file.
    #[command(flatten)]
    pub defined: Defined,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
