//! Reading `tag.cfg`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::action::{Action, Bits, Change, Look, Named, TYPES};
use super::{Tagging, Tags, Term};
use crate::flow::symbols::Kind;
use crate::flow::{Field, Symbols};
use crate::rewrite::prefixes::{Prefixes, Table, prefix};
use crate::select::config::{Mistake, Names, Sources, Word, Words};
use crate::select::nfilter::{Context, Filters};
use crate::select::{Addresses, Numbers, Predicate, number};

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

/// A term while it is read: names are looked up when everything is known.
#[derive(Default)]
struct DraftTerm {
    conditions: Vec<Predicate>,
    filters: Vec<Word>,
    actions: Vec<Word>,
}

/// What a line belongs to.
enum Block {
    None,
    Action,
    Definition,
}

#[derive(Default)]
struct Reader {
    filters: Filters,
    actions: Names<Draft>,
    definitions: Names<Vec<DraftTerm>>,
    /// The definitions' names as they were written.
    names: Vec<Word>,
}

impl Tags {
    /// Reads the definitions of a file.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Tags, Mistake> {
        let mut reader = Reader::default();
        reader.read(file, sources, context)?;
        reader.finish()
    }
}

impl Reader {
    fn read(&mut self, file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<(), Mistake> {
        let mut block = Block::None;
        for line in sources.open(file)? {
            let mut words = line.words();
            let first = words.take("a line of a tag")?;
            match (first.lower().as_str(), &block) {
                ("tag-action", _) => {
                    let name = words.take("a name")?;
                    self.actions.define(name, Draft::new(name))?;
                    block = Block::Action;
                }
                ("tag-definition", _) => {
                    let name = words.take("a name")?;
                    self.definitions.define(name, Vec::new())?;
                    self.names.push(name.clone());
                    block = Block::Definition;
                }
                ("include-filter", _) => {
                    let lines = sources.include(&mut words)?;
                    self.filters.read(&lines, sources, context)?;
                    block = Block::None;
                }
                (_, Block::Action) => {
                    self.actions.last_mut().map_or(Ok(()), |draft| draft.line(first, &mut words, context.symbols))?;
                }
                (_, Block::Definition) => {
                    self.definitions.last_mut().map_or(Ok(()), |terms| definition(terms, first, &mut words))?;
                }
                (_, Block::None) => return Err(first.expected("tag-action, tag-definition or include-filter")),
            }
            words.end()?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Tags, Mistake> {
        let mut actions: Vec<Arc<Action>> = Vec::new();
        for (_, draft) in self.actions.iter() {
            actions.push(Arc::new(draft.finish()?));
        }
        let doubts = self.actions.iter().flat_map(|(_, draft)| draft.doubts.clone()).collect();
        let mut tags = Tags { definitions: Names::default(), doubts };
        for (name, (_, drafts)) in self.names.iter().zip(self.definitions.iter()) {
            let mut tagging = Tagging::default();
            for draft in drafts {
                let mut conditions = draft.conditions.clone();
                for filter in &draft.filters {
                    conditions.push(self.filters.find(filter)?.clone());
                }
                let condition = (!conditions.is_empty()).then(|| Predicate::and(conditions));
                let mut term = Term { condition, actions: Vec::new() };
                for action in &draft.actions {
                    let at = self.actions.position(&action.text).and_then(|at| actions.get(at));
                    let at = at.ok_or_else(|| action.expected(&self.actions.known("a tag-action")))?;
                    term.actions.push(at.clone());
                }
                tagging.terms.push(term);
            }
            tags.definitions.define(name, tagging)?;
        }
        Ok(tags)
    }
}

/// A line of a definition.
fn definition(terms: &mut Vec<DraftTerm>, first: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
    const EXPECTED: &str = "action, filter, input-filter, output-filter, exporter or term";
    let keyword = first.lower();
    if keyword == "term" {
        terms.push(DraftTerm::default());
        return Ok(());
    }
    let Some(term) = terms.last_mut() else { return Err(first.expected("term")) };
    match keyword.as_str() {
        "action" => term.actions.push(words.take("the name of a tag-action")?.clone()),
        "filter" => term.filters.push(words.take("the name of a filter-definition")?.clone()),
        "input-filter" => term.conditions.push(interfaces(Field::Input, words)?),
        "output-filter" => term.conditions.push(interfaces(Field::Output, words)?),
        "exporter" => {
            let address: IpAddr = words.parse("an exporter's address")?;
            term.conditions.push(Predicate::addresses(Field::Exporter, Addresses::host(address)));
        }
        _ => return Err(first.expected(EXPECTED)),
    }
    Ok(())
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

    fn line(&mut self, first: &Word, words: &mut Words<'_>, symbols: &Symbols) -> Result<(), Mistake> {
        match (first.lower().as_str(), self.look) {
            ("type", None) => {
                self.look = Some(kind(words)?);
                Ok(())
            }
            ("type", Some(_)) => Err(first.wrong("expected one type an action")),
            ("match", Some(look)) => self.matched(look, words, symbols),
            ("match", None) => Err(first.expected("type before the first match")),
            _ => Err(first.expected("type or match")),
        }
    }

    /// `match VALUE set-source TAG`.
    fn matched(&mut self, look: Look, words: &mut Words<'_>, symbols: &Symbols) -> Result<(), Mistake> {
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
                let n = known.or_else(|| named.find(&word.text, symbols)).ok_or_else(|| word.expected(&expected))?;
                *self.numbers.entry(n).or_insert(next)
            }
            Look::Any => {
                words.keyword(&[("any", ())], None)?;
                0
            }
        };
        const TAG: &str = "a tag, a number";
        let set = [("set-source", (0, 0)), ("set-destination", (1, 0))];
        let or = [("or-source", (0, u32::MAX)), ("or-destination", (1, u32::MAX))];
        let (side, kept): (usize, u32) = words.keyword(&[set, or].concat(), None)?;
        let word = words.take(TAG)?;
        let tag = number(&word.text).filter(|n| *n <= u32::MAX.into()).map(|n| n as u32);
        let tag = tag.or_else(|| symbols.table(Kind::Tag).number(&word.text)).ok_or_else(|| word.expected(TAG))?;
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
