//! Configurations: files of filters, reports, tags, masks and translations, and the variables in them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Local;
use clap::Args;

use super::run::complain;
use super::{Failure, symbols};
use crate::rewrite::mask::{Mask, Masks};
use crate::rewrite::tag::{Tagging, Tags};
use crate::rewrite::xlate::{Translation, Translations};
use crate::select::Predicate;
use crate::select::config::{Mistake, Sources, Variables};
use crate::select::nfilter::{Context, Filters};

/// The folders in which configurations are looked for that are not here.
pub const FOLDERS: [&str; 2] = ["/usr/local/etc/flow-tools/cfg", "/etc/flow-tools/cfg"];

/// Where a configuration is: a file named without a folder that is not here is looked for in [`FOLDERS`].
pub fn located(file: &Path) -> PathBuf {
    let bare = file.file_name().is_some_and(|name| name == file.as_os_str());
    let found = || FOLDERS.iter().map(|folder| Path::new(folder).join(file)).find(|path| path.exists());
    if bare && !file.exists() { found() } else { None }.unwrap_or_else(|| file.to_owned())
}

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
        self.sources_of(text)
    }

    /// The same of files that `read` reads.
    pub fn sources_of<'r>(
        &self,
        read: impl FnMut(&str) -> Result<String, String> + 'r,
    ) -> Result<Sources<'r>, Failure> {
        let variables = Variables::of(&self.variables).map_err(|why| Failure::Usage(format!("-v: {why}")))?;
        Ok(Sources::new(variables, read))
    }

    /// The filter that `file` defines as `name`.
    pub fn filter(&self, file: &Path, name: &str) -> Result<Predicate, Failure> {
        let symbols = symbols::load()?;
        let context = Context { symbols: &symbols, now: Local::now() };
        let file = located(file).display().to_string();
        let filters = Filters::parse(&file, &mut self.sources()?, context)?;
        let found = filters.definition(name).cloned();
        found.ok_or_else(|| unknown(&file, name, filters.known()))
    }

    /// The tags that `file` defines under some names, one behind the other.
    /// What is doubtful in it is said in the program's name.
    pub fn tags(&self, program: &str, file: &Path, names: &[String]) -> Result<Tagging, Failure> {
        let symbols = symbols::load()?;
        let context = Context { symbols: &symbols, now: Local::now() };
        let file = located(file).display().to_string();
        let tags = Tags::parse(&file, &mut self.sources()?, context)?;
        tags.doubts().iter().for_each(|doubt| complain(program, doubt));
        let find = |name: &String| tags.definition(name).ok_or_else(|| unknown(&file, name, tags.known()));
        Ok(Tagging::all(names.iter().map(find).collect::<Result<Vec<_>, _>>()?))
    }

    /// The translations that `file` defines under some names, one behind the other.
    pub fn translation(&self, file: &Path, names: &[String]) -> Result<Translation, Failure> {
        let symbols = symbols::load()?;
        let context = Context { symbols: &symbols, now: Local::now() };
        let file = located(file).display().to_string();
        let all = Translations::parse(&file, &mut self.sources()?, context)?;
        let find = |name: &String| all.definition(name).ok_or_else(|| unknown(&file, name, all.known()));
        Ok(Translation::all(names.iter().map(find).collect::<Result<Vec<_>, _>>()?))
    }

    /// The prefixes' lengths that `file` defines as `name`.
    pub fn mask(&self, file: &Path, name: &str) -> Result<Mask, Failure> {
        let file = located(file).display().to_string();
        let masks = Masks::parse(&file, &mut self.sources()?)?;
        masks.definition(name).cloned().ok_or_else(|| unknown(&file, name, masks.known()))
    }
}

/// Reads again the keys of a translation whose time has come; says what is wrong with them.
pub fn refresh(translation: &Translation) -> Vec<String> {
    translation.refresh(Local::now(), text)
}

/// A file's text. Comments may be in any encoding.
pub fn text(name: &str) -> Result<String, String> {
    match fs::read(located(Path::new(name))) {
        Ok(octets) => Ok(String::from_utf8_lossy(&octets).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// That a configuration defines nothing of a name, and what it does define.
fn unknown(file: &str, name: &str, known: String) -> Failure {
    Failure::Usage(format!("{file}: '{name}': expected {known}"))
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Failure {
        Failure::Usage(mistake.to_string())
    }
}
