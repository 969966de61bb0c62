//! Labels: names that become parts of files' names.

use std::fmt;

use crate::graph::file_name;
use crate::select::config::{Mistake, Word};

/// The longest label, in octets as it is written in a file's name; with what stands around it that stays below 255.
const LONGEST: usize = 200;

/// A name that can stand in a file's name, in a command to rrdtool, and in a page.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Label(String);

impl Label {
    /// A label of some text, unless that would lead out of the output folder or could not be told apart there: letters,
    /// digits and punctuation without `/`, `\`, `:`, quotes, white space and control characters, not beginning with a
    /// dot.
    pub fn of(text: &str) -> Option<Label> {
        let fits = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | '\\' | ':' | '"' | '\'');
        let good =
            !text.is_empty() && file_name(text).len() <= LONGEST && !text.starts_with('.') && text.chars().all(fits);
        good.then(|| Label(text.to_owned()))
    }

    /// The label that a word is.
    pub(super) fn read(word: &Word) -> Result<Label, Mistake> {
        let good = "a label: a name without '/', ':', quotes or spaces that does not begin with a dot";
        Label::of(&word.text).ok_or_else(|| word.expected(good))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
