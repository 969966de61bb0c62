//! Reading `tag.cfg`.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::action::{Action, Bits, Change, Look, Named, TYPES};
use super::{Tagging, Tags, Term};
use crate::flow::symbols::Kind;
use crate::flow::{Field, Symbols};
use crate::rewrite::prefixes::{Prefixes, Table};
use crate::rewrite::terms::{self, DraftTerm, Known, Reader};
use crate::select::config::{Mistake, Names, Sources, Word, Words};
use crate::select::nfilter::Context;
use crate::select::{Addresses, Numbers, Predicate, number, prefix};

/// An action while it is read.
struct Draft {
    name: Word,
    look: Option<Look>,
    /// Which change a value stands for.
    prefixes: HashMap<IpNet, u32>,
    numbers: HashMap<u32, u32>,
    changes: Vec<Change>,
    doubts: Vec<Mistake>,
}

/// The language of tags.
struct Language;

impl terms::Language for Language {
    type Draft = Draft;
    const ACTION: &'static str = "tag-action";
    const AN_ACTION: &'static str = "a tag-action";
    const DEFINITION: &'static str = "tag-definition";
    const LINE: &'static str = "a line of a tag";
    const TERM: &'static str = "action, filter, input-filter, output-filter, exporter or term";

    fn draft(name: &Word) -> Draft {
        Draft::new(name)
    }

    fn line(draft: &mut Draft, first: &Word, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake> {
        draft.line(first, words, context)
    }

    fn condition(term: &mut DraftTerm, keyword: &str, words: &mut Words<'_>) -> Result<bool, Mistake> {
        term.conditions.push(match keyword {
            "input-filter" => interfaces(Field::Input, words)?,
            "output-filter" => interfaces(Field::Output, words)?,
            "exporter" => {
                let address: IpAddr = words.parse("an exporter's address")?;
                Predicate::addresses(Field::Exporter, Addresses::host(address))
            }
            _ => return Ok(false),
        });
        Ok(true)
    }
}

impl Tags {
    /// Reads the definitions of a file.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Tags, Mistake> {
        let reader = Reader::<Language>::read(file, sources, context)?;
        let doubts = reader.actions.iter().flat_map(|(_, draft)| draft.doubts.clone()).collect();
        let mut tags = Tags { definitions: Names::default(), doubts };
        for (name, terms) in reader.definitions(Draft::finish)? {
            let terms = terms.into_iter().map(|Known { condition, actions, .. }| Term { condition, actions });
            tags.definitions.define(name, Tagging { terms: terms.collect() })?;
        }
        Ok(tags)
    }
}

fn interfaces(field: Field, words: &mut Words<'_>) -> Result<Predicate, Mistake> {
    let expected = "interfaces, a list such as 1,5-9 or !1,5-9";
    let word = words.take(expected)?;
    let numbers = Numbers::parse(&word.text, u32::MAX.into()).map_err(|_| word.expected(expected))?;
    Ok(Predicate::numbers(field, numbers))
}

impl Draft {
    fn new(name: &Word) -> Draft {
        Draft {
            name: name.clone(),
            look: None,
            prefixes: HashMap::new(),
            numbers: HashMap::new(),
            changes: Vec::new(),
            doubts: Vec::new(),
        }
    }

    fn line(&mut self, first: &Word, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake> {
        match (first.lower().as_str(), self.look) {
            ("type", None) => {
                self.look = Some(kind(words)?);
                Ok(())
            }
            ("type", Some(_)) => Err(first.wrong("expected one type an action")),
            ("match", Some(look)) => self.matched(look, words, context),
            ("match", None) => Err(first.expected("type before the first match")),
            _ => Err(first.expected("type or match")),
        }
    }

    /// `match VALUE set-source TAG`.
    fn matched(&mut self, look: Look, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake> {
        let next = self.changes.len() as u32;
        let at = match look {
            Look::Addresses(_) => {
                let expected = "an address or a prefix, such as 10.0.0.0/8";
                let word = words.take(expected)?;
                let net = prefix(&word.text).ok_or_else(|| word.expected(expected))?;
                *self.prefixes.entry(net).or_insert(next)
            }
            Look::Numbers { named, most, .. } => {
                let expected = named.expected(most);
                let word = words.take(&expected)?;
                let hexadecimal = word.text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
                let known = number(&word.text).filter(|n| *n <= u64::from(most));
                // flow-tools reads these numbers up to the first character that is no decimal digit.
                let known = known.map(|n| if hexadecimal { 0 } else { n as u32 });
                if hexadecimal && known.is_some() {
                    self.doubts.push(word.wrong("is read as 0 here, as flow-tools does: expected a decimal number"));
                }
                let n = known
                    .or_else(|| named.find(&word.text, context.symbols))
                    .ok_or_else(|| word.expected(&expected))?;
                *self.numbers.entry(n).or_insert(next)
            }
            Look::Any => {
                words.keyword(&[("any", ())], None)?;
                0
            }
        };
        let set = [("set-source", (0, 0)), ("set-destination", (1, 0))];
        let or = [("or-source", (0, u32::MAX)), ("or-destination", (1, u32::MAX))];
        let (side, kept): (usize, u32) = words.keyword(&[set, or].concat(), None)?;
        let tag = context.tag(words)?;
        if at == next {
            self.changes.push([Bits::NONE; 2]);
        }
        if let Some(bits) = self.changes.get_mut(at as usize).and_then(|change| change.get_mut(side)) {
            *bits = bits.then(Bits { kept, set: tag });
        }
        Ok(())
    }

    fn finish(&self) -> Result<Action, Mistake> {
        let look = self.look.ok_or_else(|| self.name.wrong("expected a type in this tag-action"))?;
        let numbers = self.numbers.iter().map(|(n, at)| (*n, *n, *at));
        Ok(Action {
            look,
            prefixes: Prefixes::of(self.prefixes.iter().map(|(net, at)| (*net, *at))),
            numbers: Table::of(numbers),
            changes: self.changes.clone(),
        })
    }
}

fn kind(words: &mut Words<'_>) -> Result<Look, Mistake> {
    let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
    let expected = format!("a type: one of {}", names.join(", "));
    let word = words.take(&expected)?;
    let mut name = word.lower();
    for (short, long) in [("src-", "source-"), ("dst-", "destination-")] {
        if let Some(rest) = name.strip_prefix(short) {
            name = format!("{long}{rest}");
            break;
        }
    }
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, look)| *look).ok_or_else(|| word.expected(&expected))
}

impl Named {
    fn expected(self, most: u32) -> String {
        match self {
            Named::Ports => "a port, a number or a name".into(),
            Named::Systems => "an AS number or name".into(),
            Named::Nothing => format!("a number from 0 to {most}"),
        }
    }

    fn find(self, word: &str, symbols: &Symbols) -> Option<u32> {
        match self {
            Named::Ports => symbols.table(Kind::Port).number(word),
            Named::Systems => symbols.table(Kind::Asn).number(word),
            Named::Nothing => None,
        }
    }
}
