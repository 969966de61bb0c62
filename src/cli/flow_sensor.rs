//! Arguments of flow-sensor.

use clap::Parser;

/// (under construction)
#[derive(Parser, Debug)]
#[command(name = "flow-sensor", version, about, long_about = None)]
pub struct Args {}
