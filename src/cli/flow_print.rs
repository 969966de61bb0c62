//! Arguments of flow-print.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-print", version, about, long_about = None)]
pub struct Args {}
