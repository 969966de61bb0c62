//! CUFlow.cf, as flow-scan and what shows its work read it.

use std::path::{Path, PathBuf};

use super::config::{located, text};
use super::run::complain;
use super::{Failure, symbols};
use crate::graph::config::{Categories, Config};
use crate::select::config::{Sources, Variables};

/// A configuration, and its folder of RRDs. Without categories it gets those that are built in. What is doubtful in it
/// is said in the program's name.
///
/// # Errors
///
/// It cannot be read, or makes no sense.
pub fn config(program: &str, file: &Path) -> Result<(Config, PathBuf), Failure> {
    let symbols = symbols::load()?;
    let mut sources = Sources::new(Variables::default(), text);
    let file = located(file).display().to_string();
    let mut config = Config::read(&mut sources, &file, &symbols)?;
    // As in CUFlow.
    let output = config.output.clone().unwrap_or_else(|| ".".into());
    if config.categories.list.is_empty() {
        config.categories = Categories::built_in();
    }
    config.warnings.iter().for_each(|warning| complain(program, warning));
    if config.subnets.is_empty() {
        complain(program, format!("{file}: no Subnet: no flow is inbound or outbound"));
    }
    Ok((config, output.into()))
}
