//! Arguments of flow-filter.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-filter", version, about, long_about = None)]
pub struct Args {}
