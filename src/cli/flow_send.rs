//! Arguments of flow-send.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-send", version, about, long_about = None)]
pub struct Args {}
