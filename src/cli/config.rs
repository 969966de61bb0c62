//! Configurations: files of filters, reports, tags, masks and translations, and the variables in them.

use std::fs;
use std::path::Path;

use chrono::Local;
use clap::Args;

use super::{Failure, symbols};
use crate::select::Predicate;
use crate::select::config::{Mistake, Sources, Variables};
use crate::select::nfilter::{Context, Filters};

/// `-v`: variables of a configuration.
#[derive(Args, Clone, Debug, Default)]
pub struct Defined {
    /// Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}
    #[arg(short = 'v', long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
}

impl Defined {
    /// What reads a configuration's files, variables replaced.
    pub fn sources(&self) -> Result<Sources<'static>, Failure> {
        let variables = Variables::of(&self.variables).map_err(|why| Failure::Usage(format!("-v: {why}")))?;
        Ok(Sources::new(variables, |name| match fs::read(name) {
            // Comments may be in any encoding.
            Ok(octets) => Ok(String::from_utf8_lossy(&octets).into_owned()),
            Err(error) => Err(error.to_string()),
        }))
    }

    /// The filter that `file` defines as `name`.
    pub fn filter(&self, file: &Path, name: &str) -> Result<Predicate, Failure> {
        let symbols = symbols::load()?;
        let context = Context { symbols: &symbols, now: Local::now() };
        let file = file.display().to_string();
        let filters = Filters::parse(&file, &mut self.sources()?, context)?;
        let found = filters.definition(name).cloned();
        found.ok_or_else(|| Failure::Usage(format!("{file}: '{name}': expected {}", filters.known())))
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Failure {
        Failure::Usage(mistake.to_string())
    }
}
