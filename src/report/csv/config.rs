//! flow-report's configurations: reports, and definitions of which of them are made of which flows.

use super::fields::{Field, Fields, Options};
use super::types::{Side, Type};
use crate::select::config::{Line, Mistake, Names, Word, Words};

/// A configuration, read.
#[derive(Clone, Default, Debug)]
pub struct Config {
    /// Files of filters.
    pub filters: Vec<Word>,
    /// Files of tags.
    pub tags: Vec<Word>,
    /// Files of masks.
    pub masks: Vec<Word>,
    /// The reports.
    pub reports: Names<Report>,
    /// The definitions.
    pub definitions: Names<Definition>,
}

/// A report: what is made of flows, and how it is shown.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// What it groups by.
    pub what: &'static Type,
    /// A filter that flows must pass.
    pub filter: Option<Word>,
    /// How often octets and packets count.
    pub scale: u64,
    /// The bits of source and destination tag that are looked at.
    pub tag_mask: Option<[u32; 2]>,
    /// How source and destination address are shown.
    pub formats: [AddressFormat; 2],
    /// Where it goes to, and in which form.
    pub outputs: Vec<Output>,
}

/// How addresses are told apart and shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum AddressFormat {
    /// By themselves.
    #[default]
    Address,
    /// With the length of their prefix.
    PrefixLen,
    /// Only their prefix.
    PrefixMask,
}

impl AddressFormat {
    /// What configurations call it.
    pub fn name(self) -> &'static str {
        ADDRESS_FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }
}

const ADDRESS_FORMATS: [(&str, AddressFormat); 3] = [
    ("address", AddressFormat::Address),
    ("prefix-len", AddressFormat::PrefixLen),
    ("prefix-mask", AddressFormat::PrefixMask),
];

/// A report's output.
#[derive(Clone, Debug)]
pub struct Output {
    /// A file, or a command behind `|`; standard output if there is none. It may have parts of a time in it.
    pub path: Option<Word>,
    /// Which time.
    pub time: Time,
    /// A line of running totals behind so many rows.
    pub tally: Option<u64>,
    /// What rows are ordered by, greatest first or not.
    pub sort: Option<(Field, bool)>,
    /// Rows at most.
    pub records: Option<u64>,
    /// The columns.
    pub fields: Fields,
    /// What stands beside them.
    pub options: Options,
}

/// The time that stands in a path.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Time {
    /// When the report is made.
    Now,
    /// When the first flow was.
    Start,
    /// When the last flow was.
    End,
    /// The middle between the two.
    #[default]
    Mid,
}

/// Reports that are made together, of the same flows.
#[derive(Clone, Default, Debug)]
pub struct Definition {
    /// A filter that flows must pass.
    pub filter: Option<Word>,
    /// Tags that flows are given.
    pub tag: Option<Word>,
    /// Masks that addresses are given.
    pub mask: Option<Word>,
    /// The reports, by their places in [`Config::reports`].
    pub reports: Vec<usize>,
    /// Reports are made anew every so many seconds of the flows' time.
    pub period: Option<u64>,
}

/// What the lines that follow belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Report,
    Output,
    Definition,
}

/// A report of which the type may still be to come.
struct Draft {
    name: Word,
    report: Report,
    typed: bool,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense where it stands.
    pub fn parse(lines: &[Line]) -> Result<Config, Mistake> {
        let (mut config, mut state, mut draft) = (Config::default(), State::Start, None);
        for line in lines {
            let mut words = line.words();
            let keyword = words.take("a keyword")?;
            match keyword.lower().as_str() {
                "include-filter" => config.filters.push(words.take("a file's name")?.clone()),
                "include-tag" => config.tags.push(words.take("a file's name")?.clone()),
                "include-mask" => config.masks.push(words.take("a file's name")?.clone()),
                "stat-report" => {
                    config.keep(draft.take())?;
                    draft = Some(Draft::new(words.take("a name for the report")?));
                    state = State::Report;
                }
                "stat-definition" => {
                    config.keep(draft.take())?;
                    let name = words.take("a name for the definition")?;
                    config.definitions.define(name, Definition::default())?;
                    state = State::Definition;
                }
                "output" if matches!(state, State::Report | State::Output) => {
                    draft.as_mut().map_or(Ok(()), |draft| draft.output(keyword))?;
                    state = State::Output;
                }
                _ => match (state, &mut draft) {
                    (State::Report, Some(draft)) => draft.line(keyword, &mut words)?,
                    (State::Output, Some(draft)) => draft.output_line(keyword, &mut words)?,
                    (State::Definition, _) => config.definition_line(keyword, &mut words)?,
                    _ => return Err(keyword.expected("stat-report, stat-definition or include-filter, -tag or -mask")),
                },
            }
            words.end()?;
        }
        config.keep(draft)?;
        Ok(config)
    }

    fn keep(&mut self, draft: Option<Draft>) -> Result<(), Mistake> {
        let Some(mut draft) = draft else { return Ok(()) };
        if !draft.typed {
            return Err(draft.name.wrong("expected a type in this report"));
        }
        if draft.report.outputs.is_empty() {
            draft.report.outputs.push(Output::of(draft.report.what));
        }
        self.reports.define(&draft.name, draft.report).map(drop)
    }

    fn definition_line(&mut self, keyword: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
        let Some(definition) = self.definitions.last_mut() else { return Ok(()) };
        match keyword.lower().as_str() {
            "filter" => definition.filter = Some(words.take("a filter-definition")?.clone()),
            "tag" => definition.tag = Some(words.take("a tag-definition")?.clone()),
            "mask" => definition.mask = Some(words.take("a mask-definition")?.clone()),
            "time-series" => {
                let seconds = words.number("seconds", u32::MAX.into())?;
                definition.period = Some(seconds).filter(|seconds| *seconds > 0);
            }
            "report" => {
                let word = words.take("a stat-report")?;
                let known = || word.expected(&self.reports.known("a stat-report"));
                definition.reports.push(self.reports.position(&word.text).ok_or_else(known)?);
            }
            _ => return Err(keyword.expected("filter, tag, mask, time-series or report")),
        }
        Ok(())
    }
}

impl Output {
    fn of(what: &Type) -> Output {
        Output {
            path: None,
            time: Time::default(),
            tally: None,
            sort: None,
            records: None,
            fields: Fields::usual(what),
            options: Options::default(),
        }
    }
}

impl Draft {
    fn new(name: &Word) -> Draft {
        let what = super::types::TYPES.first().unwrap_or(&NO_TYPE);
        let report = Report {
            name: name.text.clone(),
            what,
            filter: None,
            scale: 1,
            tag_mask: None,
            formats: <[AddressFormat; 2]>::default(),
            outputs: Vec::new(),
        };
        Draft { name: name.clone(), report, typed: false }
    }

    fn line(&mut self, keyword: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
        let report = &mut self.report;
        match keyword.lower().as_str() {
            "type" => {
                let word = words.take("a type of report")?;
                report.what =
                    Type::named(&word.text).ok_or_else(|| word.expected("a type of report (-hh lists them)"))?;
                self.typed = true;
            }
            "filter" => report.filter = Some(words.take("a filter-definition")?.clone()),
            "scale" => report.scale = words.number("a number", u32::MAX.into())?.max(1),
            "tag-mask" => {
                let mut mask = || words.number("a mask", u32::MAX.into()).map(|mask| mask as u32);
                report.tag_mask = Some([mask()?, mask()?]);
            }
            "ip-source-address-format" => self.format(Side::Source, keyword, words)?,
            "ip-destination-address-format" => self.format(Side::Destination, keyword, words)?,
            _ => {
                let known = "type, filter, scale, tag-mask, ip-source-address-format, ip-destination-address-format \
                             or output";
                return Err(keyword.expected(known));
            }
        }
        Ok(())
    }

    fn format(&mut self, side: Side, keyword: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
        if self.typed && !self.report.what.has_address(side) {
            return Err(keyword.wrong(format!("reports of type {} have no such address", self.report.what.name)));
        }
        let format = words.keyword(&ADDRESS_FORMATS, None)?;
        if let Some(place) = self.report.formats.get_mut(usize::from(side == Side::Destination)) {
            *place = format;
        }
        Ok(())
    }

    fn output(&mut self, keyword: &Word) -> Result<(), Mistake> {
        if !self.typed {
            return Err(keyword.wrong("expected a type before the first output"));
        }
        self.report.outputs.push(Output::of(self.report.what));
        Ok(())
    }

    fn output_line(&mut self, keyword: &Word, words: &mut Words<'_>) -> Result<(), Mistake> {
        let what = self.report.what;
        let Some(output) = self.report.outputs.last_mut() else { return Ok(()) };
        const TIMES: [(&str, Time); 4] =
            [("now", Time::Now), ("start", Time::Start), ("end", Time::End), ("mid", Time::Mid)];
        match keyword.lower().as_str() {
            "format" => words.keyword(&[("ascii", ())], None)?,
            "path" => {
                let mut word = words.take("a file, or | and a command")?.clone();
                if let Some(more) = words.peek() {
                    let rest = words.clone().rest("")?;
                    word.text = format!("{} {rest}", word.text);
                    _ = words.rest(&more.text)?;
                }
                output.path = Some(word);
            }
            "time" => output.time = words.keyword(&TIMES, None)?,
            "tally" => output.tally = Some(words.number("a number of rows", u64::MAX)?).filter(|every| *every > 0),
            "records" => output.records = Some(words.number("a number of rows", u64::MAX)?).filter(|most| *most > 0),
            "sort" => output.sort = sort(what, words)?,
            "fields" => each(words.take("+FIELD or -FIELD, ...")?, |word, name, yes| {
                let wanted = Field::named(name);
                let known: Vec<Field> = wanted.iter().copied().filter(|f| Fields::of(what).has(*f)).collect();
                known.iter().for_each(|field| output.fields.set(*field, yes));
                let lacks = || word.wrong(format!("reports of type {} have no field '{name}'", what.name));
                if known.is_empty() { Err(lacks()) } else { Ok(()) }
            })?,
            "options" => each(words.take("+OPTION or -OPTION, ...")?, |word, name, yes| {
                let known = "header, xheader, totals, percent-total or names";
                *output.options.named(name).ok_or_else(|| word.expected(known))? = yes;
                Ok(())
            })?,
            _ => return Err(keyword.expected("format, path, time, tally, sort, records, fields or options")),
        }
        Ok(())
    }
}

/// A type for drafts that have none, if there were no types.
static NO_TYPE: Type = Type { name: "", kind: super::types::Kind::Counters, keys: &[] };

/// Calls with every name of a list such as `+this,-that`, and its sign. Nothing at all is an empty list.
fn each(word: &Word, mut set: impl FnMut(&Word, &str, bool) -> Result<(), Mistake>) -> Result<(), Mistake> {
    let lower = word.lower();
    for item in lower.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match (item.strip_prefix('+'), item.strip_prefix('-')) {
            (Some(name), _) => set(word, name, true)?,
            (_, Some(name)) => set(word, name, false)?,
            _ => return Err(word.expected(&format!("+ or - before '{item}'"))),
        }
    }
    Ok(())
}

/// What rows are sorted by, greatest first after `+`.
fn sort(what: &Type, words: &mut Words<'_>) -> Result<Option<(Field, bool)>, Mistake> {
    let word = words.take("+FIELD or -FIELD")?;
    let mut found = None;
    if word.is("none") {
        return Ok(None);
    }
    each(word, |word, name, yes| {
        let field = Field::named(name).into_iter().find(|field| Fields::of(what).has(*field));
        let field = field.filter(|field| field.order(|at| at).is_some());
        let field = field.ok_or_else(|| word.wrong(format!("reports of type {} are not sorted by that", what.name)))?;
        found = Some((field, yes));
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
