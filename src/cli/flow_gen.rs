//! Arguments of flow-gen.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-gen", version, about, long_about = None)]
pub struct Args {}
