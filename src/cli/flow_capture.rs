//! Arguments of flow-capture.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-capture", version, about, long_about = None)]
pub struct Args {}
