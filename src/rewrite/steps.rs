//! What is done to flows where they arrive: they get tags, those that a filter does not match are left out, and the
//! others are translated, in this order. A filter therefore sees the tags, and what was there before translation.

use super::scratch::Scratch;
use super::tag::{self, Tagging};
use super::xlate::Translation;
use crate::flow::{Field, FlowBatch, Form, Version};
use crate::select::Predicate;

/// Tags, a filter and translations, each of which may be missing.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// Which tags flows get.
    pub tags: Option<Tagging>,
    /// Which flows stay.
    pub filter: Option<Predicate>,
    /// How they are changed then.
    pub translation: Option<Translation>,
}

impl Steps {
    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        self.tags.is_none() && self.filter.is_none() && self.translation.is_none()
    }

    /// What flows of a form are stored as: where they get tags, a form that has room for those.
    pub fn form(&self, form: Form) -> Form {
        if self.tags.is_some() { tag::form(form) } else { form }
    }

    /// A field that flows of a version lack, once they have their tags, and the translation cannot do without.
    pub fn lacks(&self, version: Version) -> Option<Field> {
        let lacked = self.translation.as_ref()?.lacks(version)?;
        Some(lacked).filter(|field| self.tags.is_none() || !matches!(field, Field::SrcTag | Field::DstTag))
    }

    /// Does them all. If the filter leaves flows out, `out` is shown the batch in which these are deselected.
    pub fn apply(&self, mut batch: FlowBatch, scratch: &mut Scratch, out: impl FnOnce(&FlowBatch)) -> FlowBatch {
        let all = batch.len();
        let filter = |batch: &mut FlowBatch, scratch: &mut Scratch| {
            let Some(filter) = &self.filter else { return };
            filter.apply(batch, &mut scratch.select);
        };
        // What does not depend on tags is decided before any are given: that is less work, and the same.
        let late = self.tags.is_some() && self.filter.as_ref().is_some_and(looks_at_tags);
        if !late {
            filter(&mut batch, scratch);
        } else if let Some(tags) = &self.tags {
            batch = tags.apply(batch, scratch);
            filter(&mut batch, scratch);
        }
        if batch.len() < all {
            out(&batch);
        }
        if batch.is_empty() {
            return batch;
        }
        if let Some(tags) = self.tags.as_ref().filter(|_| !late) {
            batch = tags.apply(batch, scratch);
        }
        match &self.translation {
            Some(translation) => translation.apply(batch, scratch),
            None => batch,
        }
    }
}

fn looks_at_tags(filter: &Predicate) -> bool {
    let fields = filter.fields();
    fields.has(Field::SrcTag) || fields.has(Field::DstTag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Order, Symbols};
    use crate::rewrite::{tag::Tags, xlate::Translations};
    use crate::select::config::{Sources, Variables};
    use crate::select::nfilter::{Context, Filters};
    use chrono::Local;

    const TEXT: &str = "\
filter-primitive SEVEN
  type tag
  permit 7
filter-primitive BIG
  type counter
  permit gt 1
filter-definition tagged
  match source-tag SEVEN
filter-definition big
  match octets BIG
";
    const TAGS: &str = "\
tag-action ALL
  type any
  match any set-source 7
tag-definition all
  term
    action ALL
";
    const XLATE: &str = "\
xlate-action TEN
  type scale
  scale 10
xlate-definition ten
  term
    action TEN
";

    fn steps(filter: &str, tags: bool) -> Steps {
        let symbols = Symbols::default();
        let context = Context { symbols: &symbols, now: Local::now() };
        let mut sources = Sources::new(Variables::default(), |name| {
            Ok(match name {
                "filter" => TEXT,
                "tag" => TAGS,
                _ => XLATE,
            }
            .into())
        });
        let filters = Filters::parse("filter", &mut sources, context).unwrap();
        let all = Tags::parse("tag", &mut sources, context).unwrap();
        let translations = Translations::parse("xlate", &mut sources, context).unwrap();
        Steps {
            tags: all.definition("all").cloned().filter(|_| tags),
            filter: filters.definition(filter).cloned(),
            translation: translations.definition("ten").cloned(),
        }
    }

    /// Three flows of version 5, of 1, 2 and 3 octets.
    fn batch() -> FlowBatch {
        let layout = Version::V5.layout();
        let (at, _) = layout.find(crate::flow::ie::OCTETS).unwrap();
        let mut bytes = vec![0; layout.size * 3];
        for (i, record) in bytes.chunks_exact_mut(layout.size).enumerate() {
            record[at..at + 4].copy_from_slice(&(i as u32 + 1).to_be_bytes());
        }
        FlowBatch::from_raw(Version::V5, Order::Big, bytes)
    }

    fn run(steps: &Steps) -> (Vec<u64>, Vec<u64>, usize) {
        let (mut scratch, mut out) = (Scratch::default(), 0);
        let batch = steps.apply(batch(), &mut scratch, |batch| out = batch.height() - batch.len());
        let (mut octets, mut tags) = (Vec::new(), Vec::new());
        batch.gather(Field::Octets, &mut octets);
        batch.gather(Field::SrcTag, &mut tags);
        (octets, tags, out)
    }

    #[test]
    fn a_filter_sees_the_tags_and_what_was_before_translation() {
        assert_eq!(run(&steps("big", true)), (vec![20, 30], vec![7, 7], 1));
        assert_eq!(run(&steps("tagged", true)), (vec![10, 20, 30], vec![7, 7, 7], 0));
        assert_eq!(run(&steps("tagged", false)), (vec![], vec![], 3));
        assert_eq!(run(&steps("", false)), (vec![10, 20, 30], vec![0, 0, 0], 0));
        let form = |version: Version, tags| steps("big", tags).form(version.into());
        assert_eq!(form(Version::V5, true), Version::V1005.into());
        assert_eq!((form(Version::V7, true), form(Version::V7, false)), (Form::Modern, Version::V7.into()));
    }
}
