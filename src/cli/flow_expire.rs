//! Arguments of flow-expire.

use std::path::PathBuf;

use clap::Parser;

use super::common::Debug;
use crate::file::archive::size;

/// Delete the oldest files of an archive
#[derive(Parser, Debug)]
#[command(
    name = "flow-expire",
    version,
    after_help = "\
Flow files in the folder and in folders by date below it are counted, and the oldest are deleted
first: by the time in the name that flow-capture gives them, else in their header, else by when they
were last changed. Names that begin with tmp or a dot are left alone, and so is all that is no flow
file; the newest file stays. Folders by date that become empty go too. What was deleted is said with
-d 1.

Examples:
  flow-expire -w /flows -E 200G
  flow-expire -w /flows -e 2976 -d 1
  flow-expire -w /flows -E 200G --dry-run"
)]
pub struct Args {
    /// The archive's folder
    #[arg(short = 'w', long, value_name = "DIR")]
    pub folder: PathBuf,
    /// Keep no more than so many files (0: any number)
    #[arg(short = 'e', long, value_name = "COUNT", default_value_t = 0)]
    pub expire_count: u64,
    /// Keep no more than so many octets; K, M and G are powers of 1024 (0: any number)
    #[arg(short = 'E', long, value_name = "SIZE", value_parser = size, default_value = "0")]
    pub expire_size: u64,
    /// Print the files that would be deleted instead of deleting them
    #[arg(long)]
    pub dry_run: bool,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
}
