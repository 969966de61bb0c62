//! A definition of reports with all it names: filters, tags, masks. What flow-report makes.

use std::path::PathBuf;

use chrono::{DateTime, Local};

use super::config::Defined;
use super::destination::Destination;
use super::run::complain;
use super::{Exit, Failure, symbols};
use crate::file::{Scan, Summary};
use crate::flow::{FlowBatch, Projection, StreamInfo, Symbols};
use crate::print;
use crate::report::csv::{Config, Definition, Made, Making, Outcome, Periods, Report, Text, Time};
use crate::select::Predicate;
use crate::select::config::{Mistake, Sources, Word};
use crate::select::nfilter::{Context, Filters};

/// The name of the file that is looked for.
const FILE: &str = "stat.cfg";
/// The folders it is looked for in, behind this one.
const FOLDERS: [&str; 2] = ["/usr/local/etc/flow-tools/cfg", "/etc/flow-tools/cfg"];
/// What is done where there is none.
const BUILT_IN: &str = include_str!("../../share/cfg/stat.cfg");

/// Changes flows before reports are made of them.
type Change = Box<dyn Fn(FlowBatch) -> FlowBatch + Sync>;

/// Reports to be made, of which flows.
pub struct Job {
    name: &'static str,
    config: Config,
    definition: Definition,
    filter: Option<Predicate>,
    /// Of each report of the definition.
    filters: Vec<Option<Predicate>>,
    change: Option<Change>,
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
        let (file, lines) = match file.cloned().or_else(found) {
            Some(path) => {
                let file = path.display().to_string();
                let lines = sources.open(&file)?;
                (file, lines)
            }
            None => {
                let file = "stat.cfg (built in)".to_owned();
                let lines = defined.sources_of(|_| Ok(BUILT_IN.to_owned()))?.open(&file)?;
                (file, lines)
            }
        };
        let config = Config::parse(&lines)?;
        let known = || config.definitions.known("a stat-definition");
        let unknown = || Failure::Usage(format!("{file}: '{definition}': expected {}", known()));
        let definition = config.definitions.get(definition).cloned().ok_or_else(unknown)?;
        let symbols = symbols::load()?;
        let mut job = Job { name, config, definition, filter: None, filters: Vec::new(), change: None, symbols };
        job.filters(&mut sources)?;
        job.change = job.changes(&mut sources)?;
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

    fn changes(&self, _sources: &mut Sources<'_>) -> Result<Option<Change>, Failure> {
        match self.definition.tag.as_ref().or(self.definition.mask.as_ref()) {
            Some(word) => Err(word.wrong("tags and masks of reports are not in this version").into()),
            None => Ok(None),
        }
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
        let scan = scan.fields(if self.change.is_some() { Projection::ALL } else { fields });
        match self.definition.period {
            Some(period) => self.series(scan, period, &info),
            None => self.once(scan, &info),
        }
    }

    fn check(&self, info: &StreamInfo) -> Result<(), Failure> {
        let Some(version) = info.version.filter(|_| self.change.is_none()) else { return Ok(()) };
        for report in self.reports() {
            if let Some(field) = report.lacks(&version.layout().schema) {
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
        let workers = || makings.iter().map(Making::worker).collect::<Vec<_>>();
        let add = |workers: &mut Vec<_>, batch: &FlowBatch| match &self.change {
            Some(change) => add(workers, &change(batch.clone())),
            None => add(workers, batch),
        };
        let mut all: Vec<Outcome> = makings.iter().map(|_| Outcome::default()).collect();
        let mut merge = |made: Vec<Outcome>| all.iter_mut().zip(made).for_each(|(all, made)| all.merge(made));
        let summary = if makings.iter().any(Making::is_ordered) {
            let mut workers = workers();
            let each = |batch: FlowBatch| {
                add(&mut workers, &batch);
                Ok::<_, Failure>(())
            };
            let summary = scan.ordered(|| (), |(), batch| batch, each)?;
            merge(finish(workers));
            summary
        } else {
            let (made, summary) = scan.fold(workers, add);
            made.into_iter().map(finish).for_each(&mut merge);
            summary
        };
        let exit = self.show(makings.into_iter().zip(all), info)?;
        Ok((exit, summary))
    }

    /// The reports of one period after the other.
    fn series(&self, scan: Scan<'_>, period: u64, info: &StreamInfo) -> Result<(Exit, Summary), Failure> {
        let mut periods = Periods::new(period);
        let (mut current, mut exit) = (None, Exit::Fine);
        let worst = |one, other| if one == Exit::Fine { other } else { one };
        let work = |(): &mut (), batch: FlowBatch| match &self.change {
            Some(change) => change(batch),
            None => batch,
        };
        let summary = scan.ordered(
            || (),
            work,
            |batch| {
                for (begins, part) in periods.split(batch) {
                    if begins && let Some((makings, all)) = current.take() {
                        exit = worst(exit, self.show(pairs(makings, all), info)?);
                    }
                    let (makings, all) = current.get_or_insert_with(|| {
                        let makings = self.makings();
                        let all: Vec<Outcome> = makings.iter().map(|_| Outcome::default()).collect();
                        (makings, all)
                    });
                    let mut workers: Vec<_> = makings.iter().map(Making::worker).collect();
                    add(&mut workers, &part);
                    all.iter_mut().zip(finish(workers)).for_each(|(all, made)| all.merge(made));
                }
                Ok::<_, Failure>(())
            },
        )?;
        if let Some((makings, all)) = current {
            exit = worst(exit, self.show(pairs(makings, all), info)?);
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

fn add(workers: &mut [crate::report::csv::Worker<'_>], batch: &FlowBatch) {
    workers.iter_mut().for_each(|worker| worker.add(batch));
}

fn finish(workers: Vec<crate::report::csv::Worker<'_>>) -> Vec<Outcome> {
    workers.into_iter().map(crate::report::csv::Worker::finish).collect()
}

fn pairs<'m>(makings: Vec<Making<'m>>, all: Vec<Outcome>) -> impl Iterator<Item = (Making<'m>, Outcome)> {
    makings.into_iter().zip(all)
}

/// The file of reports, where one is found.
fn found() -> Option<PathBuf> {
    let folders = FOLDERS.iter().map(|folder| PathBuf::from(folder).join(FILE));
    [PathBuf::from(FILE)].into_iter().chain(folders).find(|path| path.exists())
}

/// The lines of a file that a configuration includes; that it cannot be read is a mistake of the configuration.
fn included(sources: &mut Sources<'_>, word: &Word) -> Result<Vec<crate::select::config::Line>, Mistake> {
    sources.open(&word.text).map_err(|mistake| match mistake.place.line {
        0 => word.wrong(mistake.what),
        _ => mistake,
    })
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
