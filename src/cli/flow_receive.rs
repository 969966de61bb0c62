//! Arguments of flow-receive.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-receive", version, about, long_about = None)]
pub struct Args {}
