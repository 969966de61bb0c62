//! Reading `xlate.cfg`.

use std::sync::Arc;

use super::action::Action;
use super::key::{Key, Refresh};
use super::{Term, Translation, Translations};
use crate::rewrite::cryptopan::CryptoPan;
use crate::rewrite::side::Side;
use crate::rewrite::terms::{self, DraftTerm, Known, Reader};
use crate::select::config::{Mistake, Sources, Word, Words};
use crate::select::nfilter::Context;

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

/// The language of translations.
struct Language;

impl terms::Language for Language {
    type Draft = Draft;
    const ACTION: &'static str = "xlate-action";
    const AN_ACTION: &'static str = "an xlate-action";
    const DEFINITION: &'static str = "xlate-definition";
    const LINE: &'static str = "a line of a translation";
    const TERM: &'static str = "action, filter, stop or term";

    fn draft(name: &Word) -> Draft {
        Draft::new(name)
    }

    fn line(draft: &mut Draft, first: &Word, words: &mut Words<'_>, _: Context<'_>) -> Result<(), Mistake> {
        draft.line(first, words)
    }

    fn condition(term: &mut DraftTerm, keyword: &str, _: &mut Words<'_>) -> Result<bool, Mistake> {
        term.stop |= keyword == "stop";
        Ok(keyword == "stop")
    }
}

impl Translations {
    /// Reads the definitions of a file, and the keys that they name files of.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense, where it stands, and what was expected there.
    pub fn parse(file: &str, sources: &mut Sources<'_>, context: Context<'_>) -> Result<Translations, Mistake> {
        let reader = Reader::<Language>::read(file, sources, context)?;
        let mut translations = Translations::default();
        for (name, terms) in reader.definitions(|draft| draft.finish(sources, context))? {
            let terms = terms.into_iter().map(|Known { condition, actions, stop }| Term { condition, actions, stop });
            translations.definitions.define(name, Translation { terms: terms.collect() })?;
        }
        Ok(translations)
    }
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
