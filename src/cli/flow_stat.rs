//! Arguments of flow-stat.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-stat", version, about, long_about = None)]
pub struct Args {}
