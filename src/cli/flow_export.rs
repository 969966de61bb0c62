//! Arguments of flow-export.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-export", version, about, long_about = None)]
pub struct Args {}
