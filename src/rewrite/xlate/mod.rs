//! Translations: fields changed as flow-tools' `xlate.cfg` says.
//!
//! - `xlate-action NAME`, then `type TYPE` and what the type needs: `mask SOURCE DESTINATION`, `scale N`, `as N`, or how
//!   addresses are anonymised.
//! - `xlate-definition NAME`, then `term`s, one behind the other, each of lines `filter NAME` (of an
//!   `include-filter`), `action NAME`, and `stop`: flows that the term was for are not for those behind it.

mod action;
mod config;
mod key;

use std::sync::Arc;

use chrono::{DateTime, Local};

use self::action::Action;
pub use self::key::Key;
use super::scratch::Scratch;
use crate::flow::{Field, FlowBatch, Rows, Version};
use crate::select::Predicate;
use crate::select::config::Names;

/// The definitions of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Translations {
    definitions: Names<Translation>,
}

/// What a definition says: which flows are changed how.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    terms: Vec<Term>,
}

/// Actions, and the flows they are for.
#[derive(Clone, Debug)]
struct Term {
    condition: Option<Predicate>,
    actions: Vec<Arc<Action>>,
    stop: bool,
}

impl Translations {
    /// The definition of a name.
    pub fn definition(&self, name: &str) -> Option<&Translation> {
        self.definitions.get(name)
    }

    /// What definitions there are, for errors.
    pub fn known(&self) -> String {
        self.definitions.known("an xlate-definition")
    }
}

impl Translation {
    /// Several definitions, one applied behind the other; a `stop` in one ends them all.
    pub fn all<'t>(definitions: impl IntoIterator<Item = &'t Translation>) -> Translation {
        Translation { terms: definitions.into_iter().flat_map(|one| one.terms.clone()).collect() }
    }

    /// A field that flows of a classic version lack and an action cannot do without.
    pub fn lacks(&self, version: Version) -> Option<Field> {
        let schema = &version.layout().schema;
        let actions = self.terms.iter().flat_map(|term| &term.actions);
        actions.flat_map(|action| action.needs()).find(|field| !schema.has(*field))
    }

    /// Reads again the files of keys for which it is time, by `read`, which gives a file's text or why it cannot be
    /// read. What is wrong with one is said, and the key there was stays.
    pub fn refresh(&self, now: DateTime<Local>, mut read: impl FnMut(&str) -> Result<String, String>) -> Vec<String> {
        let actions = self.terms.iter().flat_map(|term| &term.actions);
        actions.filter_map(|action| action.key()).filter_map(|key| key.refresh(now, &mut read).err()).collect()
    }

    /// The flows, changed. Classic records stay such.
    pub fn apply(&self, mut batch: FlowBatch, scratch: &mut Scratch) -> FlowBatch {
        // The rows that no term has stopped for; all selected ones, as long as none has.
        let mut left: Option<Vec<u32>> = None;
        let mut picked = std::mem::take(&mut scratch.rows);
        for term in &self.terms {
            let rows = match (&term.condition, &left) {
                (None, None) => None,
                (None, Some(left)) => Some(left.as_slice()),
                (Some(condition), left) => {
                    condition.select(&batch, &mut scratch.select, &mut picked);
                    if let Some(left) = left {
                        picked.retain(|row| left.binary_search(row).is_ok());
                    }
                    Some(picked.as_slice())
                }
            };
            if rows.is_none_or(|rows| !rows.is_empty()) {
                term.actions.iter().for_each(|action| action.run(&mut batch, rows, scratch));
            }
            match (term.stop, rows) {
                (false, _) => {}
                (true, None) => break,
                (true, Some(rows)) => left = Some(without(&batch, left.as_deref(), rows)),
            }
        }
        scratch.rows = picked;
        batch
    }
}

/// The rows of `left`, or else of all that are selected, that are not among `gone`. All are ascending.
fn without(batch: &FlowBatch, left: Option<&[u32]>, gone: &[u32]) -> Vec<u32> {
    let mut gone = gone.iter().peekable();
    let mut rest = Vec::new();
    let mut keep = |row: u32| {
        if gone.next_if(|next| **next == row).is_none() {
            rest.push(row);
        }
    };
    match (left, batch.rows()) {
        (Some(rows), _) | (None, Rows::Some(rows)) => rows.iter().for_each(|row| keep(*row)),
        (None, Rows::All(n)) => (0..n as u32).for_each(keep),
    }
    rest
}

#[cfg(test)]
mod tests;
