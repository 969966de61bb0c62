//! What a report is asked to be, in a line of text.
//!
//! ```text
//! spec   = item *( "," item )
//! item   = key / pair / "distinct(" key ")" / "approx(" key ")" / "duration"
//! key    = FIELD / ADDRESS "/" BITS [ "/" BITS ] / ( "first" / "last" ) "/" STEP
//! pair   = "pair(" end *( "," end ) ")"          ; at most one
//! end    = ( "addr" [ "/" BITS [ "/" BITS ] ] ) / "port" / "as" / "mask" / "mac" / "tag" / "if"
//! STEP   = NUMBER ( "ms" / "s" / "m" / "h" / "d" / "w" )
//! ```
//!
//! Of two numbers of bits the first is for IPv4, the second for IPv6 addresses. One alone is for IPv4 up to 32 and for
//! IPv6 above; addresses of the other family stay whole.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::columns::{Show, Title};
use super::names::{self, ENDS, Source};
use crate::flow::registry::{Entry, Kind};
use crate::report::words::Words;
use crate::report::{Grouping, Part};

/// What a report is asked to be: the parts of its key, and what is counted.
#[derive(Clone, Debug)]
pub struct Spec {
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
    /// The parts with source and destination changed over, where they may be.
    pub(super) turned: Option<Vec<Part>>,
    pub(super) titles: Vec<Title>,
    pub(super) extras: Vec<Extra>,
    pub(super) duration: bool,
    /// Values that are no numbers.
    pub(super) words: Arc<Words>,
}

/// A count of distinct values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Extra {
    pub part: Part,
    /// By a sketch.
    pub approx: bool,
    pub title: String,
}

/// Text that says no report: the word, and what was expected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecError(String);

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SpecError {}

fn wrong<T>(word: &str, what: impl fmt::Display) -> Result<T, SpecError> {
    Err(SpecError(format!("'{word}': {what}")))
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        let mut spec = Spec {
            text: text.to_owned(),
            parts: Vec::new(),
            turned: None,
            titles: Vec::new(),
            extras: Vec::new(),
            duration: false,
            words: Arc::default(),
        };
        for item in items(text) {
            spec.add(item.trim())?;
        }
        if spec.parts.is_empty() {
            return wrong(text, format!("expected a field to group by, any of {}", names::known()));
        }
        let fits = |extra: Option<&Extra>| spec.grouping(extra).is_some();
        if !fits(None) || !spec.extras.iter().all(|extra| fits(Some(extra))) {
            return wrong(text, "too long a key: expected at most what four IPv6 addresses need");
        }
        Ok(spec)
    }
}

impl Spec {
    /// The text it was made of.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// By the key, and the value whose different ones are to be counted.
    pub(super) fn grouping(&self, extra: Option<&Extra>) -> Option<Grouping> {
        let with = |parts: &[Part]| [parts, extra.map(|extra| extra.part).as_slice()].concat();
        let grouping = match &self.turned {
            Some(turned) => Grouping::either_way(&with(&self.parts), &with(turned))?,
            None => Grouping::by(&with(&self.parts))?,
        };
        Some(grouping.with_duration(self.duration && extra.is_none()).with_words(&self.words))
    }

    fn add(&mut self, item: &str) -> Result<(), SpecError> {
        let call = item.strip_suffix(')').and_then(|item| item.split_once('('));
        match call.map(|(name, inside)| (name.trim().to_lowercase(), inside)) {
            Some((name, inside)) if name == "distinct" || name == "approx" => {
                let (part, title) = key(inside.trim())?;
                let extra = Extra { part, approx: name == "approx", title: format!("{name}({})", title.text) };
                if self.extras.contains(&extra) {
                    return wrong(item, "asked for twice");
                }
                self.extras.push(extra);
            }
            Some((name, inside)) if name == "pair" => self.pair(item, inside)?,
            Some(_) => return wrong(item, "expected distinct(FIELD), approx(FIELD) or pair(addr,...)"),
            None if item.eq_ignore_ascii_case("duration") => self.duration = true,
            None => {
                let (part, title) = key(item)?;
                self.push(item, part, part, title)?;
            }
        }
        Ok(())
    }

    /// Adds a part of the key, and what it is with source and destination changed over.
    fn push(&mut self, item: &str, part: Part, turned: Part, title: Title) -> Result<(), SpecError> {
        if self.parts.contains(&part) {
            return wrong(item, "stands in the key twice");
        }
        if let Some(all) = &mut self.turned {
            all.push(turned);
        }
        self.parts.push(part);
        self.titles.push(title);
        Ok(())
    }

    fn pair(&mut self, item: &str, inside: &str) -> Result<(), SpecError> {
        if self.turned.is_some() {
            return wrong(item, "expected one pair(...) with all that belongs to an end in it");
        }
        self.turned = Some(self.parts.clone());
        let mut found = Vec::new();
        for word in inside.split(',').map(str::trim) {
            let (name, bits) = word.split_once('/').map_or((word, None), |(name, bits)| (name, Some(bits)));
            let source = names::find(name);
            let is = |field| source == Some(Source::Field(field));
            let end = ENDS.iter().find(|(common, source, destination)| {
                common.eq_ignore_ascii_case(name) || is(*source) || is(*destination)
            });
            let Some(end) = end else {
                let known = ENDS.map(|(name, ..)| name).join(" ");
                return wrong(word, format!("not a field of either end, expected any of {known}"));
            };
            // pair(srcaddr,dstaddr) says the same as pair(addr).
            if !found.contains(&(*end, bits)) {
                found.push((*end, bits));
            }
        }
        for (place, forth) in [(1, true), (2, false)] {
            for ((name, source, destination), bits) in &found {
                let (one, other) = if forth { (source, destination) } else { (destination, source) };
                let (part, mut title) = field(item, *one, *bits)?;
                let (turned, _) = field(item, *other, *bits)?;
                title.text = match bits {
                    Some(bits) => format!("{name}{place}/{bits}"),
                    None => format!("{name}{place}"),
                };
                self.push(item, part, turned, title)?;
            }
        }
        Ok(())
    }
}

/// The pieces between commas that stand in no parentheses.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
}

/// One part of a key.
pub(super) fn key(word: &str) -> Result<(Part, Title), SpecError> {
    let (name, cut) = word.split_once('/').map_or((word, None), |(name, cut)| (name.trim(), Some(cut.trim())));
    match names::find(name) {
        Some(Source::Field(one)) => field(word, one, cut),
        Some(Source::Element(_)) if cut.is_some() => wrong(word, UNCUT),
        Some(Source::Element(entry)) => Ok(element(entry)),
        Some(time) => {
            let step = cut.map_or(Some(1), milliseconds);
            let Some(step) = step else {
                return wrong(word, "expected a span of time, such as 30s, 5m, 1h or 1d, behind the /");
            };
            let (name, part) = match time {
                Source::Start => ("first", Part::Start(step)),
                _ => ("last", Part::End(step)),
            };
            let text = cut.map_or_else(|| name.to_owned(), |cut| format!("{name}/{cut}"));
            Ok((part, Title { text, show: Show::Time { fraction: step % 1000 != 0 } }))
        }
        None => wrong(name, format!("no such field, expected any of {}", names::known())),
    }
}

fn field(word: &str, field: crate::flow::Field, cut: Option<&str>) -> Result<(Part, Title), SpecError> {
    use crate::flow::Field;
    let text = names::title(field);
    let address = names::is_address(field);
    match cut {
        Some(cut) if address => match bits(cut) {
            Some((four, six)) => {
                let title = Title { text: format!("{text}/{cut}"), show: Show::Prefix(four, six) };
                Ok((Part::Prefix(field, four, six), title))
            }
            None => wrong(word, "expected bits of an address behind the /: at most 32 (IPv4) or 128, or both: /24/64"),
        },
        Some(_) => wrong(word, UNCUT),
        None if address => Ok((Part::Address(field), Title { text, show: Show::Address })),
        None => {
            let mac = matches!(field, Field::SrcMac | Field::DstMac);
            let show = if mac { Show::Mac } else { Show::Number(names::symbols(field)) };
            Ok((Part::Number(field), Title { text, show }))
        }
    }
}

const UNCUT: &str = "only addresses (/24) and times (/5m) can be cut";

/// A part that is any element.
fn element(entry: Entry) -> (Part, Title) {
    let (part, show) = match entry.kind {
        Kind::Signed => (Part::Signed(entry.element), Show::Signed),
        Kind::Number | Kind::Boolean | Kind::Seconds | Kind::Milliseconds => {
            (Part::Element(entry.element), Show::Number(None))
        }
        kind => (Part::Word(entry.element), Show::Word(kind)),
    };
    (part, Title { text: entry.name.to_owned(), show })
}

/// Bits of IPv4 and of IPv6 addresses.
fn bits(text: &str) -> Option<(u8, u8)> {
    // Only digits: parse() would take a sign.
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u8>().ok())?;
    let (four, six) = match text.split_once('/') {
        Some((four, six)) => (number(four)?, number(six)?),
        None => match number(text)? {
            four @ 0..=32 => (four, 128),
            six => (32, six),
        },
    };
    (four <= 32 && six <= 128).then_some((four, six))
}

/// A span of time.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|span| *span > 0)
}
