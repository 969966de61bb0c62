//! What all config languages share (filters, reports, tags, masks, translations, access lists): lines of words, comments,
//! variables, files that include others, names, and what is said of a word that makes no sense.
//!
//! Words stand between white space; double quotes hold a word with spaces or `#` in it together. `#` begins a comment.
//! `@NAME`, `@{NAME}` and `@{NAME:-default}` are replaced by the variable's value before the line is taken apart.
//! Keywords and names may be written in any case.
//!
//! ```
//! use flowtools::select::config::{Sources, Variables};
//!
//! let mut sources = Sources::new(Variables::default(), |_| Ok("filter-primitive WEB\n  permit @{PORT:-80} # one\n".into()));
//! let lines = sources.open("filter.cfg").unwrap();
//! let mut words = lines[1].words();
//! assert!(words.take("permit or deny").unwrap().is("permit"));
//! assert_eq!(words.number("a port", 65535).unwrap(), 80);
//! words.end().unwrap();
//! let mistake = lines[0].words().number("a number", 9).unwrap_err();
//! assert_eq!(mistake.to_string(), "filter.cfg:1:1: 'filter-primitive': expected a number");
//! ```

mod line;
mod mistake;
mod names;
mod sources;
mod variables;

pub use line::{Line, Word, Words};
pub use mistake::{Mistake, Place};
pub use names::Names;
pub use sources::{Sources, plain};
pub use variables::Variables;

#[cfg(test)]
mod tests;
