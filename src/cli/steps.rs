//! Tags, filters and translations where flows arrive: `-t -T -f -F -x -X`, defined once for the programs that take them.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::config::{self, Defined};
use crate::collect::treating::Treating;
use crate::flow::Form;
use crate::rewrite::{self, tag::has_room};
use crate::select::Predicate;

/// `-f -F`: the flows that a filter lets through.
#[derive(Args, Clone, Debug, Default)]
pub struct Filtering {
    /// The file of filters, as flow-nfilter reads it [default: filter.cfg, with -F]
    #[arg(short = 'f', long, value_name = "FILE")]
    pub filter_file: Option<PathBuf>,
    /// Take only the flows that this filter-definition matches [default: default, with -f]
    #[arg(short = 'F', long, value_name = "NAME")]
    pub filter: Option<String>,
}

impl Filtering {
    /// The filter, if there is to be one.
    pub fn load(&self, defined: &Defined) -> Result<Option<Predicate>, Failure> {
        if self.filter_file.is_none() && self.filter.is_none() {
            return Ok(None);
        }
        let file = self.filter_file.as_deref().unwrap_or(Path::new("filter.cfg"));
        defined.filter(file, self.filter.as_deref().unwrap_or("default")).map(Some)
    }
}

/// `-x -X`: how flows are changed.
#[derive(Args, Clone, Debug, Default)]
pub struct Translating {
    /// The file of translations, as flow-xlate reads it [default: xlate.cfg, with -X]
    #[arg(short = 'x', long, value_name = "FILE")]
    pub xlate_file: Option<PathBuf>,
    /// The xlate-definition to apply; several with commas between are applied one behind the other [default: default,
    /// with -x]
    #[arg(short = 'X', long, value_name = "NAME[,NAME]", value_delimiter = ',')]
    pub translate: Vec<String>,
}

impl Translating {
    /// The translation, if there is to be one.
    pub fn load(&self, defined: &Defined) -> Result<Option<rewrite::xlate::Translation>, Failure> {
        let Some((file, names)) = named(self.xlate_file.as_deref(), &self.translate, "xlate.cfg") else {
            return Ok(None);
        };
        defined.translation(file, &names).map(Some)
    }
}

/// Tags, a filter, translations: what is done to flows as they arrive.
#[derive(Args, Clone, Debug, Default)]
pub struct Steps {
    /// The file of tags, as flow-tag reads it [default: tag.cfg, with -T]
    #[arg(short = 't', long, value_name = "FILE")]
    pub tag_file: Option<PathBuf>,
    /// Give flows the tags of this tag-definition; several with commas between are applied one behind the other
    /// [default: default, with -t]
    #[arg(short = 'T', long, value_name = "NAME[,NAME]", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Which flows are taken.
    #[command(flatten)]
    pub filtering: Filtering,
    /// How they are changed.
    #[command(flatten)]
    pub translating: Translating,
    /// Variables of these files.
    #[command(flatten)]
    pub defined: Defined,
}

impl Steps {
    /// Reads the configurations. `form` is what is written, if that was asked for; it must have room for tags. What is
    /// doubtful in a configuration is said in the program's name. `None` if nothing is to be done.
    pub fn load(&self, program: &str, form: Option<Form>) -> Result<Option<Treating>, Failure> {
        let tags = match named(self.tag_file.as_deref(), &self.tags, "tag.cfg") {
            Some((file, names)) => {
                form.map_or(Ok(()), tagged)?;
                Some(self.defined.tags(program, file, &names)?)
            }
            None => None,
        };
        let filter = self.filtering.load(&self.defined)?;
        let translation = self.translating.load(&self.defined)?;
        let steps = rewrite::Steps { tags, filter, translation };
        Ok((!steps.are_none()).then(|| Treating::new(steps, config::text)))
    }
}

/// That flows with tags can be written in a form.
pub fn tagged(form: Form) -> Result<(), Failure> {
    match has_room(form) {
        true => Ok(()),
        false => Err(Failure::Usage(format!("-V {form} has no room for tags: expected 1005 or 10"))),
    }
}

/// A file and definitions of it, either of which may be left to the default; `None` if both are.
fn named<'f>(file: Option<&'f Path>, names: &[String], usual: &'f str) -> Option<(&'f Path, Vec<String>)> {
    if file.is_none() && names.is_empty() {
        return None;
    }
    let names = if names.is_empty() { vec!["default".into()] } else { names.to_vec() };
    Some((file.unwrap_or(Path::new(usual)), names))
}
