//! Reading `xlate.cfg`.

use std::sync::Arc;

use super::action::Action;
use super::key::{Key, Refresh};
use super::{Term, Translation, Translations};
use crate::rewrite::cryptopan::CryptoPan;
use crate::rewrite::side::Side;
use crate::select::config::{Mistake, Names, Sources, Word, Words};
use crate::select::nfilter::{Context, Filters};

/// A type of action, without what its other lines say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Network(Side),
    ClassNetwork(Side),
    Anonymize(&'static [Side]),
    AddressMask,
    PortMask,
    TagMask,
    Scale,
    As0(Side),
}

const TYPES: &[(&str, Kind)] = &[
    ("ip-source-address-to-network", Kind::Network(Side::Source)),
    ("ip-destination-address-to-network", Kind::Network(Side::Destination)),
    ("ip-source-address-to-class-network", Kind::ClassNetwork(Side::Source)),
    ("ip-destination-address-to-class-network", Kind::ClassNetwork(Side::Destination)),
    ("ip-source-address-anonymize", Kind::Anonymize(&[Side::Source])),
    ("ip-destination-address-anonymize", Kind::Anonymize(&[Side::Destination])),
    ("ip-address-anonymize", Kind::Anonymize(&Side::BOTH)),
    ("ip-address-privacy-mask", Kind::AddressMask),
    ("ip-port-privacy-mask", Kind::PortMask),
    ("tag-mask", Kind::TagMask),
    ("scale", Kind::Scale),
    ("replace-source-as0", Kind::As0(Side::Source)),
    ("replace-destination-as0", Kind::As0(Side::Destination)),
];

/// An action while it is read.
struct Draft {
    name: Word,
    kind: Option<Kind>,
    /// Of source and destination.
    mask: Option<[u32; 2]>,
    /// Lengths of IPv6 prefixes, likewise.
    six: Option<[u32; 2]>,
    number: Option<u32>,
    key: Option<CryptoPan>,
    key_file: Option<Word>,
    refresh: Option<Refresh>,
}

/// A term while it is read: names are looked up when everything is known.
#[derive(Default)]
struct DraftTerm {
    filters: Vec<Word>,
    actions: Vec<Word>,
    stop: bool,
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

impl Translations {
    /// Reads the definitions of a file, and the keys that they name files of.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Translations, Mistake> {
        let mut reader = Reader::default();
        reader.read(file, sources, context)?;
        reader.finish(sources, context)
    }
}

impl Reader {
    fn read(&mut self, file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<(), Mistake> {
        let mut block = Block::None;
        for line in sources.open(file)? {
            let mut words = line.words();
            let first = words.take("a line of a translation")?;
            match (first.lower().as_str(), &block) {
                ("xlate-action", _) => {
                    let name = words.take("a name")?;
                    self.actions.define(name, Draft::new(name))?;
                    block = Block::Action;
                }
                ("xlate-definition", _) => {
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
                    self.actions.last_mut().map_or(Ok(()), |draft| draft.line(first, &mut words))?;
                }
                (_, Block::Definition) => {
                    self.definitions.last_mut().map_or(Ok(()), |terms| definition(terms, first, &mut words))?;
                }
                (_, Block::None) => return Err(first.expected("xlate-action, xlate-definition or include-filter")),
            }
            words.end()?;
        }
        Ok(())
    }

    fn finish(self, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Translations, Mistake> {
        let mut actions: Vec<Arc<Action>> = Vec::new();
        for (_, draft) in self.actions.iter() {
            actions.push(Arc::new(draft.finish(sources, context)?));
        }
        let mut translations = Translations::default();
        for (name, (_, drafts)) in self.names.iter().zip(self.definitions.iter()) {
            let mut translation = Translation::default();
            for draft in drafts {
                let mut conditions = Vec::new();
                for filter in &draft.filters {
                    conditions.push(self.filters.find(filter)?.clone());
                }
                let condition = (!conditions.is_empty()).then(|| crate::select::Predicate::and(conditions));
                let mut term = Term { condition, actions: Vec::new(), stop: draft.stop };
                for action in &draft.actions {
                    let found = self.actions.position(&action.text).and_then(|at| actions.get(at));
                    let found = found.ok_or_else(|| action.expected(&self.actions.known("an xlate-action")))?;
                    term.actions.push(found.clone());
                }
                translation.terms.push(term);
            }
            translations.definitions.define(name, translation)?;
        }
        Ok(translations)
    }
}

/// A line of a definition.
fn definition(terms: &mut Vec<DraftTerm>, first: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
    let keyword = first.lower();
    if keyword == "term" {
        terms.push(DraftTerm::default());
        return Ok(());
    }
    let Some(term) = terms.last_mut() else { return Err(first.expected("term")) };
    match keyword.as_str() {
        "action" => term.actions.push(words.take("the name of an xlate-action")?.clone()),
        "filter" => term.filters.push(words.take("the name of a filter-definition")?.clone()),
        "stop" => term.stop = true,
        _ => return Err(first.expected("action, filter, stop or term")),
    }
    Ok(())
}

impl Draft {
    fn new(name: &Word) -> Draft {
        Draft {
            name: name.clone(),
            kind: None,
            mask: None,
            six: None,
            number: None,
            key: None,
            key_file: None,
            refresh: None,
        }
    }

    fn line(&mut self, first: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
        match (first.lower().as_str(), self.kind) {
            ("type", None) => self.kind = Some(words.keyword(TYPES, None)?),
            ("type", Some(_)) => return Err(first.wrong("expected one type an action")),
            (_, None) => return Err(first.expected("type")),
            ("mask", Some(Kind::AddressMask | Kind::PortMask | Kind::TagMask)) => self.masks(words)?,
            ("scale", Some(Kind::Scale)) => self.number = Some(factor(words, "a number to multiply with")?),
            ("as", Some(Kind::As0(_))) => self.number = Some(factor(words, "an AS number")?),
            ("algorithm", Some(Kind::Anonymize(_))) => words.keyword(&[("cryptopan-aes128", ())], None)?,
            ("key", Some(Kind::Anonymize(_))) => {
                let word = words.take("a key")?;
                // Keys are not quoted in errors.
                let hidden = |what| Mistake { place: word.place.clone(), word: "key".into(), what };
                self.key = Some(CryptoPan::parse(&word.text).map_err(hidden)?);
            }
            ("key-file", Some(Kind::Anonymize(_))) => self.key_file = Some(words.take("a file's name")?.clone()),
            ("key-file-refresh", Some(Kind::Anonymize(_))) => self.refresh = Some(refresh(words)?),
            (_, Some(kind)) => return Err(first.expected(kind.lines())),
        }
        Ok(())
    }

    /// `mask SOURCE DESTINATION`; of addresses, lengths of IPv6 prefixes may follow.
    fn masks(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let most = if self.kind == Some(Kind::PortMask) { u16::MAX.into() } else { u32::MAX };
        let mut mask = || words.number("a mask such as 0xFF00", most.into()).map(|n| n as u32);
        self.mask = Some([mask()?, mask()?]);
        if self.kind == Some(Kind::AddressMask) && words.peek().is_some() {
            let mut length = || {
                let expected = "a length of IPv6 prefixes such as /48";
                let word = words.take(expected)?;
                let length = word.text.trim_start_matches('/').parse().ok().filter(|n| *n <= 128);
                length.ok_or_else(|| word.expected(expected))
            };
            self.six = Some([length()?, length()?]);
        }
        Ok(())
    }

    fn finish(&self, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Action, Mistake> {
        let lacks = |what: &str| self.name.wrong(format!("expected {what} in this xlate-action"));
        let kind = self.kind.ok_or_else(|| lacks("a type"))?;
        let mask = || self.mask.ok_or_else(|| lacks("a mask"));
        Ok(match kind {
            Kind::Network(side) => Action::Network(side),
            Kind::ClassNetwork(side) => Action::ClassNetwork(side),
            Kind::Anonymize(sides) => Action::Anonymize(sides, Arc::new(self.key(sources, context)?)),
            Kind::AddressMask => {
                let four = mask()?;
                let six = self.six.unwrap_or(four.map(length6));
                let six = six.map(|length| u128::MAX.checked_shl(128 - length).unwrap_or(0));
                Action::AddressMask { four, six }
            }
            Kind::PortMask => Action::PortMask(mask()?),
            Kind::TagMask => Action::TagMask(mask()?),
            Kind::Scale => Action::Scale(self.number.ok_or_else(|| lacks("a scale"))?),
            Kind::As0(side) => Action::As0(side, self.number.ok_or_else(|| lacks("an as"))?),
        })
    }

    fn key(&self, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Key, Mistake> {
        let Some(name) = &self.key_file else {
            let key = self.key.clone();
            return key
                .map(Key::fixed)
                .ok_or_else(|| self.name.wrong("expected a key or key-file in this xlate-action"));
        };
        let lines = sources.open(&name.text).map_err(|mistake| match mistake.place.line {
            0 => name.wrong(mistake.what),
            _ => mistake,
        })?;
        let text =
            lines.first().map_or(Ok(String::new()), |line| line.words().take("a key").map(|w| w.text.clone()))?;
        let key = CryptoPan::parse(&text).map_err(|why| name.wrong(why))?;
        Ok(Key::of_file(key, name.text.clone(), self.refresh, context.now))
    }
}

impl Kind {
    /// The lines an action of this type may have.
    fn lines(self) -> &'static str {
        match self {
            Kind::Network(_) | Kind::ClassNetwork(_) => "the end of the action, which needs nothing besides its type",
            Kind::Anonymize(_) => "algorithm, key, key-file or key-file-refresh",
            Kind::AddressMask | Kind::PortMask | Kind::TagMask => "mask",
            Kind::Scale => "scale",
            Kind::As0(_) => "as",
        }
    }
}

/// The length of IPv6 prefixes that goes with a mask of IPv4 addresses where none is said: twice its leading ones, so
/// that /24 is /48; all bits where all are kept.
fn length6(mask: u32) -> u32 {
    match mask.leading_ones() {
        32 => 128,
        ones => ones * 2,
    }
}

fn factor(words: &mut Words<'_>, expected: &str) -> Result<u32, Mistake> {
    words.number(expected, u32::MAX.into()).map(|n| n as u32)
}

/// `key-file-refresh MINUTES [HOURS:MINUTES:SECONDS]`.
fn refresh(words: &mut Words<'_>) -> Result<Refresh, Mistake> {
    let expected = "minutes, from 1 to 1000000";
    let minutes = words.peek().cloned();
    let every = words.number(expected, 1_000_000)? as u32 * 60;
    if let (0, Some(word)) = (every, minutes) {
        return Err(word.expected(expected));
    }
    let first = match words.peek() {
        None => None,
        Some(word) => {
            let mut parts = word.text.split(':').map(|part| part.parse::<u32>().ok());
            let mut part = |below: u32| parts.next().unwrap_or(Some(0)).filter(|n| *n < below);
            let time = part(24).zip(part(60)).zip(part(60)).filter(|_| word.text.split(':').count() <= 3);
            let ((hours, minutes), seconds) = time.ok_or_else(|| word.expected("a time of day such as 02:00:00"))?;
            words.take("a time of day")?;
            Some(hours * 3600 + minutes * 60 + seconds)
        }
    };
    Ok(Refresh { every, first })
}
