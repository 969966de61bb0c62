//! Arguments of flow-header.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-header", version, about, long_about = None)]
pub struct Args {}
