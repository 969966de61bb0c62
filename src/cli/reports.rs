//! A definition of reports with all it names: filters, tags, masks. What flow-report makes.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Local};

use super::config::{Defined, located};
use super::destination::Destination;
use super::run::complain;
use super::{Exit, Failure, symbols};
use crate::file::{Scan, Summary};
use crate::flow::{FlowBatch, Projection, StreamInfo, Symbols};
use crate::print;
use crate::report::csv::{
    Config, Definition, Made, Making, Outcome, Periods, Report, Staged, Stager, Text, Time, Times, Worker,
};
use crate::rewrite::Scratch;
use crate::rewrite::mask::{Mask, Masks};
use crate::rewrite::tag::{Tagging, Tags};
use crate::select::Predicate;
use crate::select::config::{Line, Mistake, Sources, Word};
use crate::select::nfilter::{Context, Filters};

/// The name of the file that is looked for.
const FILE: &str = "stat.cfg";
/// What is done where there is none.
const BUILT_IN: &str = include_str!("../../share/cfg/stat.cfg");

/// What changes flows before reports are made of them.
struct Changes {
    tagging: Option<Tagging>,
    masking: Option<Mask>,
}

impl Changes {
    fn apply(&self, batch: FlowBatch, scratch: &mut Scratch) -> FlowBatch {
        let batch = match &self.tagging {
            Some(tagging) => tagging.apply(batch, scratch),
            None => batch,
        };
        match &self.masking {
            Some(masking) => masking.apply(batch, scratch),
            None => batch,
        }
    }
}

/// A batch, prepared for every report.
struct Prepared {
    staged: Vec<Staged>,
    /// The batch itself, and the seconds in which its flows were told of, where periods are.
    batch: Option<FlowBatch>,
    span: Option<(u64, u64)>,
}

/// Reports to be made, of which flows.
pub struct Job {
    name: &'static str,
    config: Config,
    definition: Definition,
    filter: Option<Predicate>,
    /// Of each report of the definition.
    filters: Vec<Option<Predicate>>,
    changes: Option<Changes>,
    symbols: Symbols,
}

impl Job {
    /// Reads a definition, and what it names.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or a word of it makes no sense.
    pub fn load(
        name: &'static str,
        file: Option<&PathBuf>,
        definition: &str,
        defined: &Defined,
    ) -> Result<Job, Failure> {
        let mut sources = defined.sources()?;
        let path = located(file.map_or(Path::new(FILE), PathBuf::as_path));
        let (file, lines) = if file.is_some() || path.exists() {
            let file = path.display().to_string();
            let lines = sources.open(&file)?;
            (file, lines)
        } else {
            let file = format!("{FILE} (built in)");
            let lines = defined.sources_of(|_| Ok(BUILT_IN.to_owned()))?.open(&file)?;
            (file, lines)
        };
        let config = Config::parse(&lines)?;
        let known = || config.definitions.known("a stat-definition");
        let unknown = || Failure::Usage(format!("{file}: '{definition}': expected {}", known()));
        let found = config.definitions.get(definition).cloned().ok_or_else(unknown)?;
        if found.reports.is_empty() {
            let what = format!("{file}: '{definition}': expected a line 'report NAME' in this stat-definition");
            return Err(Failure::Usage(what));
        }
        let symbols = symbols::load()?;
        let mut job =
            Job { name, config, definition: found, filter: None, filters: Vec::new(), changes: None, symbols };
        job.filters(&mut sources)?;
        job.changes = job.changes(&mut sources)?;
        Ok(job)
    }

    fn filters(&mut self, sources: &mut Sources<'_>) -> Result<(), Failure> {
        let wanted: Vec<Option<&Word>> = self.reports().map(|report| report.filter.as_ref()).collect();
        if wanted.iter().all(Option::is_none) && self.definition.filter.is_none() {
            self.filters = wanted.iter().map(|_| None).collect();
            return Ok(());
        }
        let context = Context { symbols: &self.symbols, now: Local::now() };
        let mut filters = Filters::default();
        for word in &self.config.filters {
            let lines = included(sources, word)?;
            filters.read(&lines, sources, context)?;
        }
        let find = |word: Option<&Word>| word.map(|word| filters.find(word).cloned()).transpose();
        let filter = find(self.definition.filter.as_ref())?;
        let all = wanted.into_iter().map(find).collect::<Result<_, Mistake>>()?;
        (self.filter, self.filters) = (filter, all);
        Ok(())
    }

    /// What changes the flows before they are counted.
    fn changes(&self, sources: &mut Sources<'_>) -> Result<Option<Changes>, Failure> {
        let Definition { tag, mask, .. } = &self.definition;
        if tag.is_none() && mask.is_none() {
            return Ok(None);
        }
        let (mut tagging, mut masking) = (None, None);
        let context = Context { symbols: &self.symbols, now: Local::now() };
        for file in self.config.tags.iter().filter(|_| tag.is_some()) {
            let tags = Tags::parse(&file.text, sources, context).map_err(|mistake| blamed(file, mistake))?;
            tags.doubts().iter().for_each(|doubt| complain(self.name, doubt));
            tagging = tagging.or_else(|| tag.as_ref().and_then(|name| tags.definition(&name.text)).cloned());
        }
        for file in self.config.masks.iter().filter(|_| mask.is_some()) {
            let masks = Masks::parse(&file.text, sources).map_err(|mistake| blamed(file, mistake))?;
            masking = masking.or_else(|| mask.as_ref().and_then(|name| masks.definition(&name.text)).cloned());
        }
        for (word, found, what) in [(tag, tagging.is_some(), "tag"), (mask, masking.is_some(), "mask")] {
            if let Some(word) = word.as_ref().filter(|_| !found) {
                let expected = format!("a {what}-definition that the files of include-{what} define");
                return Err(word.expected(&expected).into());
            }
        }
        Ok(Some(Changes { tagging, masking }))
    }

    /// The reports of the definition.
    fn reports(&self) -> impl Iterator<Item = &Report> {
        let all: Vec<&Report> = self.config.reports.iter().map(|(_, report)| report).collect();
        self.definition.reports.iter().filter_map(move |at| all.get(*at).copied())
    }

    /// Which flows are looked at.
    pub fn filter(&self) -> Predicate {
        self.filter.clone().unwrap_or_else(|| Predicate::always(true))
    }

    /// Makes the reports of all that a reading gives, and sends them where they are to go.
    ///
    /// # Errors
    ///
    /// Flows of the first input cannot have what a report groups by; an output fails.
    pub fn run(&self, scan: Scan<'_>) -> Result<(Exit, Summary), Failure> {
        let info = scan.info().clone();
        self.check(&info)?;
        let mut fields = self.reports().fold(Projection::NONE, |all, report| all.union(&report.fields()));
        for filter in self.filters.iter().flatten() {
            fields = fields.union(&filter.fields());
        }
        let scan = scan.fields(if self.changes.is_some() { Projection::ALL } else { fields });
        match self.definition.period {
            Some(period) => self.series(scan, period, &info),
            None => self.once(scan, &info),
        }
    }

    fn check(&self, info: &StreamInfo) -> Result<(), Failure> {
        let Some(version) = info.version.filter(|_| self.changes.is_none()) else { return Ok(()) };
        let schema = &version.layout().schema;
        for (report, filter) in self.reports().zip(&self.filters) {
            let unfiltered = || filter.as_ref().and_then(|filter| filter.missing(schema));
            if let Some(field) = report.lacks(schema).or_else(unfiltered) {
                let (name, field) = (&report.name, field.short_name());
                let what = format!("report {name} needs {field}, which flows of version {version} lack");
                return Err(Failure::Failed(what));
            }
        }
        Ok(())
    }

    fn makings(&self) -> Vec<Making<'_>> {
        self.reports().zip(&self.filters).map(|(report, filter)| Making::new(report, filter.clone())).collect()
    }

    /// The reports of all flows together.
    fn once(&self, scan: Scan<'_>, info: &StreamInfo) -> Result<(Exit, Summary), Failure> {
        let makings = self.makings();
        if makings.iter().any(Making::is_ordered) {
            let mut all: Vec<_> = makings.iter().map(Making::again).collect();
            let summary = self.staged(scan, &makings, |batch| {
                all.iter_mut().zip(batch.staged).for_each(|(making, staged)| making.take(staged));
                Ok(())
            })?;
            return Ok((self.show(whole(all), info)?, summary));
        }
        let start = || (makings.iter().map(Making::worker).collect::<Vec<_>>(), Scratch::default());
        let (made, summary) = scan.fold(start, |(workers, scratch), batch: &mut FlowBatch| match &self.changes {
            Some(changes) => add(workers, &changes.apply(batch.clone(), scratch)),
            None => add(workers, batch),
        });
        let mut all: Vec<Outcome> = makings.iter().map(|_| Outcome::default()).collect();
        for (workers, _) in made {
            all.iter_mut().zip(workers).for_each(|(all, worker)| all.merge(worker.finish()));
        }
        let exit = self.show(makings.into_iter().zip(all), info)?;
        Ok((exit, summary))
    }

    /// Prepares batches on all cores for reports such as `makings`, and hands them on in order.
    fn staged(
        &self,
        scan: Scan<'_>,
        makings: &[Making<'_>],
        take: impl FnMut(Prepared) -> Result<(), Failure>,
    ) -> Result<Summary, Failure> {
        let start = || {
            let stagers: Vec<Stager<'_>> = makings.iter().map(Making::stager).collect();
            (stagers, Times::default(), Scratch::default())
        };
        scan.ordered(
            start,
            |(stagers, times, scratch), batch| {
                let batch = self.change(batch, scratch);
                let span = self.definition.period.and_then(|_| times.of(&batch));
                let staged = stagers.iter_mut().map(|stager| stager.stage(&batch)).collect();
                Prepared { batch: self.definition.period.map(|_| batch), span, staged }
            },
            take,
        )
    }

    fn change(&self, batch: FlowBatch, scratch: &mut Scratch) -> FlowBatch {
        match &self.changes {
            Some(changes) => changes.apply(batch, scratch),
            None => batch,
        }
    }

    /// The reports of one period after the other.
    fn series(&self, scan: Scan<'_>, period: u64, info: &StreamInfo) -> Result<(Exit, Summary), Failure> {
        let makings = self.makings();
        let again = || makings.iter().map(Making::again).collect::<Vec<_>>();
        let (mut periods, mut all, mut exit) = (Periods::new(period), None, Exit::Fine);
        let worst = |one, other| if one == Exit::Fine { other } else { one };
        let mut take = |begins, batch: Vec<Staged>| {
            if begins && let Some(all) = all.take() {
                exit = worst(exit, self.show(whole(all), info)?);
            }
            let all = all.get_or_insert_with(again);
            all.iter_mut().zip(batch).for_each(|(making, staged)| making.take(staged));
            Ok(())
        };
        let mut stagers: Vec<Stager<'_>> = makings.iter().map(Making::stager).collect();
        let summary = self.staged(scan, &makings, |prepared| {
            if let Some(begins) = periods.whole(prepared.span) {
                return take(begins, prepared.staged);
            }
            // What was prepared is of several periods.
            let parts = prepared.batch.map(|batch| periods.split(batch)).unwrap_or_default();
            parts.into_iter().try_for_each(|(begins, part)| {
                take(begins, stagers.iter_mut().map(|stager| stager.stage(&part)).collect())
            })
        })?;
        if let Some(all) = all {
            exit = worst(exit, self.show(whole(all), info)?);
        }
        Ok((exit, summary))
    }

    /// Finishes reports one by one and sends them where they are to go.
    fn show<'m>(&self, made: impl Iterator<Item = (Making<'m>, Outcome)>, info: &StreamInfo) -> Result<Exit, Failure> {
        let (mut xheader, mut exit) = (Vec::new(), Exit::Fine);
        print::header(info, "#", &mut xheader).map_err(Failure::stdout)?;
        for (making, outcome) in made {
            let mut made = making.finish(outcome);
            for output in &made.report().outputs {
                let names = if output.options.names { &self.symbols } else { &Symbols::none() };
                let text = Text { output, names, xheader: &xheader };
                let path = output.path.as_ref().map(|word| word.text.as_str());
                let destination = Destination::open(path, time(output.time, &made))?;
                destination.write(|mut out| text.write(&mut made, &mut out))?;
            }
            if made.lacking() > 0 {
                let (lacking, name) = (made.lacking(), &made.report().name);
                complain(self.name, format!("report {name}: {lacking} flows without its fields left out"));
                exit = Exit::Partly;
            }
        }
        Ok(exit)
    }
}

fn add(workers: &mut [Worker<'_>], batch: &FlowBatch) {
    workers.iter_mut().for_each(|worker| worker.add(batch));
}

/// Reports that were taken in order.
fn whole(all: Vec<Making<'_>>) -> impl Iterator<Item = (Making<'_>, Outcome)> {
    all.into_iter().map(|making| (making, Outcome::default()))
}

/// The lines of a file that a configuration includes; that it cannot be read is a mistake of the configuration.
fn included(sources: &mut Sources<'_>, word: &Word) -> Result<Vec<Line>, Mistake> {
    sources.open(&word.text).map_err(|mistake| blamed(word, mistake))
}

/// A mistake in a file that a word names; that it cannot be read is a mistake of the word's line.
fn blamed(word: &Word, mistake: Mistake) -> Mistake {
    match mistake.place.line {
        0 => word.wrong(mistake.what),
        _ => mistake,
    }
}

/// The time that stands in an output's path.
fn time(which: Time, made: &Made<'_>) -> DateTime<Local> {
    let (first, last) = made.span().unwrap_or_default();
    let seconds = match which {
        Time::Now => None,
        _ if last == 0 => None,
        Time::Start => Some(first),
        Time::End => Some(last),
        Time::Mid => Some(first + (last - first) / 2),
    };
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    time.map_or_else(Local::now, |time| time.with_timezone(&Local))
}
