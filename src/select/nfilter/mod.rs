//! Filters as flow-tools' `filter.cfg` writes them: primitives, sets of values; and definitions, which match fields
//! with primitives.
//!
//! - `filter-primitive NAME`, then `type TYPE` and lines of `permit VALUE`, `deny VALUE`, `default permit|deny` and, of
//!   ToS and TCP flags, `mask BITS`. Of numbers, addresses and tags the last line that says a value counts, of prefixes
//!   the longest, of all other types the first line that holds. What no line says is denied but for `default permit`.
//! - `filter-definition NAME`, then lines of `match WHAT PRIMITIVE`, all of which have to hold. `or` begins other lines
//!   that will do as well; `invert`, wherever it stands, turns the whole definition round.
//! - `include-filter FILE` reads another file. What a line names may be defined anywhere, before it or behind.

mod primitive;
mod values;
mod what;

use chrono::{DateTime, Local};

use self::primitive::Primitive;
use super::config::{Line, Mistake, Names, Sources, Word, Words};
use super::number;
use super::predicate::Predicate;
use crate::flow::Symbols;
use crate::flow::symbols::Kind;

/// What the meaning of a filter depends on besides its words.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// Names of ports, protocols, autonomous systems and tags.
    pub symbols: &'c Symbols,
    /// What `yesterday` counts from; its time zone is that of dates.
    pub now: DateTime<Local>,
}

impl Context<'_> {
    /// Reads a tag: a number, or a name for one.
    ///
    /// # Errors
    ///
    /// That the next word is neither.
    pub fn tag(self, words: &mut Words<'_>) -> Result<u32, Mistake> {
        const TAG: &str = "a tag, a number such as 0x20 or a name";
        let word = words.take(TAG)?;
        let known = number(&word.text).and_then(|n| u32::try_from(n).ok());
        known.or_else(|| self.symbols.table(Kind::Tag).number(&word.text)).ok_or_else(|| word.expected(TAG))
    }
}

/// The filters of a configuration.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    primitives: Names<Primitive>,
    definitions: Names<Predicate>,
}

/// A definition as it was written.
struct Draft<'l> {
    name: &'l Word,
    inverted: bool,
    /// Of each alternative, what is matched with which primitive.
    alternatives: Vec<Vec<(&'l Word, &'l Word)>>,
}

/// What a line belongs to.
enum Block {
    None,
    Primitive,
    Definition,
}

impl Filters {
    /// Reads the filters of a file.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Filters, Mistake> {
        let mut filters = Filters::default();
        let lines = sources.open(file)?;
        filters.read(&lines, sources, context)?;
        Ok(filters)
    }

    /// Reads more filters, such as those of the lines that [`Sources::include`] gives. They may use the primitives
    /// there are already.
    ///
    /// # Errors
    ///
    /// As [`parse`](Filters::parse).
    pub fn read(&mut self, lines: &[Line], sources: &mut Sources<'_>, context: Context<'_>) -> Result<(), Mistake> {
        let mut drafts = Vec::new();
        let mut block = Block::None;
        for line in lines {
            let mut words = line.words();
            let first = words.take("a line of a filter")?;
            match first.lower().as_str() {
                "filter-primitive" => {
                    block = Block::Primitive;
                    let name = words.take("a name")?;
                    self.primitives.define(name, Primitive::new(name))?;
                }
                "filter-definition" => {
                    block = Block::Definition;
                    let name = words.take("a name")?;
                    drafts.push(Draft { name, inverted: false, alternatives: vec![Vec::new()] });
                }
                "include-filter" => {
                    block = Block::None;
                    let more = sources.include(&mut words)?;
                    self.read(&more, sources, context)?;
                }
                _ => match (&block, self.primitives.last_mut(), drafts.last_mut()) {
                    (Block::Primitive, Some(primitive), _) => primitive.line(first, &mut words, context)?,
                    (Block::Definition, _, Some(draft)) => draft.line(first, &mut words)?,
                    _ => return Err(first.expected("filter-primitive, filter-definition or include-filter")),
                },
            }
            words.end()?;
        }
        self.primitives.iter().try_for_each(|(_, primitive)| primitive.check())?;
        for draft in drafts {
            let predicate = draft.compile(&self.primitives)?;
            self.definitions.define(draft.name, predicate)?;
        }
        Ok(())
    }

    /// The filter of a name; `None` if none is defined.
    pub fn definition(&self, name: &str) -> Option<&Predicate> {
        self.definitions.get(name)
    }

    /// The filter that a word of another configuration names.
    ///
    /// # Errors
    ///
    /// That there is none of this name, and which there are.
    pub fn find(&self, word: &Word) -> Result<&Predicate, Mistake> {
        self.definitions.find(word, KIND)
    }

    /// What filters there are, for errors: `a filter-definition that is defined (a, b)`.
    pub fn known(&self) -> String {
        self.definitions.known(KIND)
    }
}

const KIND: &str = "a filter-definition";

impl<'l> Draft<'l> {
    fn line(&mut self, first: &'l Word, words: &mut Words<'l>) -> Result<(), Mistake> {
        match first.lower().as_str() {
            "match" => {
                let what = words.take("what to match, such as ip-source-address")?;
                let primitive = words.take("the name of a filter-primitive")?;
                if let Some(last) = self.alternatives.last_mut() {
                    last.push((what, primitive));
                }
            }
            "or" => self.alternatives.push(Vec::new()),
            "invert" => self.inverted = true,
            _ => return Err(first.expected("match, or, invert, or another definition")),
        }
        Ok(())
    }

    /// The definition as a condition; one that matches nothing in particular holds for every flow.
    fn compile(&self, primitives: &Names<Primitive>) -> Result<Predicate, Mistake> {
        let mut alternatives = Vec::new();
        for matches in self.alternatives.iter().filter(|matches| !matches.is_empty()) {
            let all = matches.iter().map(|(what, name)| what::compile(what, name, primitives));
            alternatives.push(Predicate::and(all.collect::<Result<_, _>>()?));
        }
        let predicate = match alternatives.is_empty() {
            true => Predicate::always(true),
            false => Predicate::or(alternatives),
        };
        Ok(if self.inverted { predicate.not() } else { predicate })
    }
}

#[cfg(test)]
mod tests;
