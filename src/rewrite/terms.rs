//! What the languages of tags and of translations have in common: named actions, and definitions that are terms, each
//! of which says when it holds and which actions it has.

use std::sync::Arc;

use crate::select::Predicate;
use crate::select::config::{Mistake, Names, Sources, Word, Words};
use crate::select::nfilter::{Context, Filters};

/// What a language calls its things, and what only it has.
pub(super) trait Language {
    /// An action while it is read.
    type Draft;
    /// The word an action begins with.
    const ACTION: &'static str;
    /// The same, as something one of which is expected.
    const AN_ACTION: &'static str;
    /// The word a definition begins with.
    const DEFINITION: &'static str;
    /// What lines are lines of.
    const LINE: &'static str;
    /// What a line of a definition may begin with.
    const TERM: &'static str;

    /// An action of which nothing is known but its name.
    fn draft(name: &Word) -> Self::Draft;

    /// A line of an action.
    fn line(draft: &mut Self::Draft, first: &Word, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake>;

    /// A line of a term that only this language has; `false` if there is no such line.
    fn condition(term: &mut DraftTerm, keyword: &str, words: &mut Words<'_>) -> Result<bool, Mistake>;
}

/// A term while it is read: names are looked up when everything is known.
#[derive(Default)]
pub(super) struct DraftTerm {
    /// What has to hold besides filters.
    pub conditions: Vec<Predicate>,
    filters: Vec<Word>,
    actions: Vec<Word>,
    /// Whether no term behind it is looked at where it holds.
    pub stop: bool,
}

/// A term whose names have been looked up.
pub(super) struct Known<A> {
    /// When it holds; `None` is always.
    pub condition: Option<Predicate>,
    /// What it does.
    pub actions: Vec<Arc<A>>,
    /// Whether no term behind it is looked at where it holds.
    pub stop: bool,
}

/// Definitions' names and their terms, in the order in which they stand.
type Definitions<'a, A> = Vec<(&'a Word, Vec<Known<A>>)>;

/// What a line belongs to.
enum Block {
    None,
    Action,
    Definition,
}

/// A file that has been read.
pub(super) struct Reader<L: Language> {
    filters: Filters,
    /// The actions.
    pub actions: Names<L::Draft>,
    definitions: Names<Vec<DraftTerm>>,
    /// The definitions' names as they were written.
    names: Vec<Word>,
}

impl<L: Language> Reader<L> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn read(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Reader<L>, Mistake> {
        let (filters, actions, definitions) = (Filters::default(), Names::default(), Names::default());
        let mut reader = Reader { filters, actions, definitions, names: Vec::new() };
        let mut block = Block::None;
        for line in sources.open(file)? {
            let mut words = line.words();
            let first = words.take(L::LINE)?;
            let keyword = first.lower();
            if keyword == L::ACTION {
                let name = words.take("a name")?;
                reader.actions.define(name, L::draft(name))?;
                block = Block::Action;
            } else if keyword == L::DEFINITION {
                let name = words.take("a name")?;
                reader.definitions.define(name, Vec::new())?;
                reader.names.push(name.clone());
                block = Block::Definition;
            } else if keyword == "include-filter" {
                let lines = sources.include(&mut words)?;
                reader.filters.read(&lines, sources, context)?;
                block = Block::None;
            } else {
                reader.line(&block, first, &mut words, context)?;
            }
            words.end()?;
        }
        Ok(reader)
    }

    fn line(
        &mut self,
        block: &Block,
        first: &Word,
        words: &mut Words<'_>,
        context: Context<'_>,
    ) -> Result<(), Mistake> {
        match block {
            Block::Action => self.actions.last_mut().map_or(Ok(()), |draft| L::line(draft, first, words, context)),
            Block::Definition => self.definitions.last_mut().map_or(Ok(()), |terms| term::<L>(terms, first, words)),
            Block::None => Err(first.expected(&format!("{}, {} or include-filter", L::ACTION, L::DEFINITION))),
        }
    }

    /// Looks names up: the terms of every definition, with the actions that `finish` makes of what was read of them.
    pub fn definitions<A>(
        &self,
        mut finish: impl FnMut(&L::Draft) -> Result<A, Mistake>,
    ) -> Result<Definitions<'_, A>, Mistake> {
        let actions = self.actions.iter().map(|(_, draft)| finish(draft).map(Arc::new));
        let actions = actions.collect::<Result<Vec<_>, _>>()?;
        let known = |draft: &DraftTerm| {
            let mut conditions = draft.conditions.clone();
            for filter in &draft.filters {
                conditions.push(self.filters.find(filter)?.clone());
            }
            let action = |word: &Word| {
                let found = self.actions.position(&word.text).and_then(|at| actions.get(at));
                found.cloned().ok_or_else(|| word.expected(&self.actions.known(L::AN_ACTION)))
            };
            Ok(Known {
                condition: (!conditions.is_empty()).then(|| Predicate::and(conditions)),
                actions: draft.actions.iter().map(action).collect::<Result<_, _>>()?,
                stop: draft.stop,
            })
        };
        let definitions = self.names.iter().zip(self.definitions.iter());
        definitions.map(|(name, (_, terms))| Ok((name, terms.iter().map(known).collect::<Result<_, _>>()?))).collect()
    }
}

/// A line of a definition.
fn term<L: Language>(terms: &mut Vec<DraftTerm>, first: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
    let keyword = first.lower();
    if keyword == "term" {
        terms.push(DraftTerm::default());
        return Ok(());
    }
    let Some(term) = terms.last_mut() else { return Err(first.expected("term")) };
    match keyword.as_str() {
        "action" => term.actions.push(words.take(&format!("the name of {}", L::AN_ACTION))?.clone()),
        "filter" => term.filters.push(words.take("the name of a filter-definition")?.clone()),
        other if L::condition(term, other, words)? => {}
        _ => return Err(first.expected(L::TERM)),
    }
    Ok(())
}
