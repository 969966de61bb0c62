//! Arguments of flow-cat.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-cat", version, about, long_about = None)]
pub struct Args {}
