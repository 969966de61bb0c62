//! Tags: numbers that flows get for where they come from and where they go, as flow-tools' `tag.cfg` says.
//!
//! - `tag-action NAME`, then `type TYPE` and lines of `match VALUE set-source|set-destination|or-source|or-destination
//!   TAG`. Values are prefixes and addresses, decimal numbers and names, tags hexadecimal or decimal. Of prefixes the longest counts; types that look at both sides of a flow look at its source first.
//! - `tag-definition NAME`, then `term`s, one behind the other, each of lines `action NAME` and of conditions:
//!   `input-filter LIST`, `output-filter LIST` (interfaces), `exporter ADDRESS`, `filter NAME` of an `include-filter`.

mod action;
mod config;

use std::sync::Arc;

use self::action::Action;
use super::convert::Converter;
use super::scratch::Scratch;
use crate::flow::{Field, FieldSpec, FlowBatch, Form, Order, Rows, Version, ie, spare};
use crate::select::Predicate;
use crate::select::config::{Mistake, Names};

/// The definitions of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    definitions: Names<Tagging>,
    doubts: Vec<Mistake>,
}

/// What a definition says: which flows get which tags.
#[derive(Clone, Debug, Default)]
pub struct Tagging {
    terms: Vec<Term>,
}

/// Actions, and the flows they are for.
#[derive(Clone, Debug)]
struct Term {
    condition: Option<Predicate>,
    actions: Vec<Arc<Action>>,
}

impl Tags {
    /// The definition of a name.
    pub fn definition(&self, name: &str) -> Option<&Tagging> {
        self.definitions.get(name)
    }

    /// Words that are read as flow-tools reads them, which can hardly be what was meant.
    pub fn doubts(&self) -> &[Mistake] {
        &self.doubts
    }

    /// What definitions there are, for errors.
    pub fn known(&self) -> String {
        self.definitions.known("a tag-definition")
    }
}

impl Tagging {
    /// Several definitions, one applied behind the other.
    pub fn all<'t>(definitions: impl IntoIterator<Item = &'t Tagging>) -> Tagging {
        Tagging { terms: definitions.into_iter().flat_map(|one| one.terms.clone()).collect() }
    }

    /// The flows with their tags. Tags they have already are kept where none is set. Records of version 1 and 5 become
    /// such of version 1005; of other versions they become rows with two columns more.
    pub fn apply(&self, batch: FlowBatch, scratch: &mut Scratch) -> FlowBatch {
        let mut batch = tagged(batch);
        let [Some(source), Some(destination)] = [Field::SrcTag, Field::DstTag].map(|tag| batch.schema().resolve(tag))
        else {
            return batch;
        };
        let mut tags = std::mem::take(&mut scratch.tags);
        let all = Rows::All(batch.height());
        for (at, tags) in [source, destination].into_iter().zip(&mut tags) {
            if let Some(column) = batch.column(at) {
                column.gather(all, tags);
            }
        }
        let mut picked = std::mem::take(&mut scratch.rows);
        for term in &self.terms {
            let rows = match &term.condition {
                None => all,
                Some(condition) => {
                    let looks = condition.fields();
                    if looks.has(Field::SrcTag) || looks.has(Field::DstTag) {
                        write(&mut batch, [source, destination], &tags);
                    }
                    condition.select(&batch, &mut scratch.select, &mut picked);
                    Rows::Some(&picked)
                }
            };
            term.actions.iter().for_each(|action| action.run(&batch, rows, &mut tags, scratch));
        }
        write(&mut batch, [source, destination], &tags);
        (scratch.tags, scratch.rows) = (tags, picked);
        batch
    }
}

/// What flows of a form are stored as when they have tags: other versions have fields that no classic one has together
/// with tags.
pub fn form(read: Form) -> Form {
    match read {
        Form::Classic(Version::V1 | Version::V5 | Version::V1005) => Version::V1005.into(),
        _ => Form::Modern,
    }
}

/// Whether flows of a form can have tags.
pub fn has_room(form: Form) -> bool {
    matches!(form, Form::Modern | Form::Classic(Version::V1005))
}

fn write(batch: &mut FlowBatch, places: [usize; 2], tags: &[Vec<u32>; 2]) {
    places.into_iter().zip(tags).for_each(|(at, tags)| batch.put(at, tags));
}

/// The flows with columns for tags.
fn tagged(batch: FlowBatch) -> FlowBatch {
    if batch.has(Field::SrcTag) && batch.has(Field::DstTag) {
        return batch;
    }
    let version = batch.raw().map(|raw| raw.layout.version);
    if matches!(version, Some(Version::V1 | Version::V5)) {
        let mut records = spare();
        if Converter::new(Version::V1005).convert(&batch, &mut records).is_ok() {
            return FlowBatch::from_raw(Version::V1005, Order::HOST, records);
        }
    }
    let missing = [(Field::SrcTag, ie::SRC_TAG), (Field::DstTag, ie::DST_TAG)];
    let missing = missing.into_iter().filter(|(field, _)| !batch.has(*field));
    let missing: Vec<_> = missing.map(|(_, element)| FieldSpec { element, occurrence: 0, width: 4 }).collect();
    batch.extended(&missing)
}

#[cfg(test)]
mod tests;
