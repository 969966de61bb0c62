//! Arguments of flow-split.

use std::num::NonZeroU64;

use clap::Parser;

use super::common::{Files, Write};

/// Split flows into several files
#[derive(Parser, Debug)]
#[command(
    name = "flow-split",
    version,
    after_help = "\
The files are called NAME.0, NAME.1 and so on; with -g or -G there is a sequence of them for each
tag, NAME.TAG.0, NAME.TAG.1 and so on (with both, NAME.SOURCETAG.DESTINATIONTAG.0).

Examples:
  flow-cat /flows/2026/2026-01-15 | flow-split -T3600 -o hour
  flow-split -N 1000000 -z6 -o part flows
  flow-tag -t tag.cfg -T site < flows | flow-split -g -n -o site"
)]
pub struct Args {
    /// Begin another file after so many flows
    #[arg(short = 'N', long = "flows", value_name = "FLOWS")]
    pub most: Option<NonZeroU64>,
    /// Begin another file with a flow that was exported so many seconds after the file's first or later (where flows
    /// do not say, that ended so much later)
    #[arg(short = 'T', long, value_name = "SECONDS")]
    pub seconds: Option<NonZeroU64>,
    /// Files of their own for each source tag
    #[arg(short = 'g', long)]
    pub source_tag: bool,
    /// Files of their own for each destination tag
    #[arg(short = 'G', long)]
    pub destination_tag: bool,
    /// Call tags by their names in tag.sym
    #[arg(short = 'n', long)]
    pub names: bool,
    /// What the files' names begin with
    #[arg(short = 'o', long, value_name = "NAME", default_value = "split")]
    pub output: String,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
