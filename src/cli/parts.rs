//! Flows dealt out to files: what flow-split does.

use std::collections::BTreeMap;
use std::path::Path;

use super::Failure;
use super::output::Output;
use crate::file::{Error, WriteOptions};
use crate::flow::time::FlowTimes;
use crate::flow::{Fact, Field, FlowBatch, Rows, Symbols};

/// By what flows are dealt out.
#[derive(Clone, Debug, Default)]
pub struct Division {
    /// What the files' names begin with.
    pub name: String,
    /// The tags that have files of their own: source, destination or both.
    pub tags: Vec<Field>,
    /// What tags are called, if not by their numbers.
    pub symbols: Option<Symbols>,
    /// A file holds at most so many flows.
    pub most: Option<u64>,
    /// A file's flows are from so many milliseconds.
    pub span: Option<u64>,
}

/// Files that flows are dealt out to.
pub struct Parts {
    division: Division,
    options: WriteOptions,
    series: BTreeMap<Vec<u32>, Series>,
    problems: Vec<Error>,
    times: Vec<u64>,
    flow_times: FlowTimes,
}

/// The files of a tag, one after the other.
#[derive(Default)]
struct Series {
    files: u64,
    open: Option<Part>,
}

/// A file being written.
struct Part {
    output: Output,
    flows: u64,
    /// When its first flow was, in ms.
    begun: u64,
}

impl Parts {
    /// Files are made when there are flows for them, and written as `options` say.
    pub fn new(division: Division, options: WriteOptions) -> Parts {
        let (times, flow_times) = (Vec::new(), FlowTimes::default());
        Parts { division, options, series: BTreeMap::new(), problems: Vec::new(), times, flow_times }
    }

    /// Deals a batch's selected flows out.
    pub fn write(&mut self, mut batch: FlowBatch) -> Result<(), Failure> {
        self.time(&batch);
        // Of each tag, the flows by their place among the selected ones.
        let mut shares: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
        let tags: Vec<Vec<u32>> = self.division.tags.iter().map(|tag| gathered(&batch, *tag)).collect();
        for at in 0..batch.len() {
            let key = tags.iter().filter_map(|tags| tags.get(at).copied()).collect();
            shares.entry(key).or_default().push(at);
        }
        let rows: Vec<u32> = match batch.rows() {
            Rows::All(n) => (0..n as u32).collect(),
            Rows::Some(picked) => picked.to_vec(),
        };
        for (key, share) in shares {
            let mut rest = share.as_slice();
            while !rest.is_empty() {
                let (part, taken) = self.room(&key, rest)?;
                let (now, later) = rest.split_at_checked(taken.max(1)).unwrap_or((rest, &[]));
                batch.select(now.iter().filter_map(|at| rows.get(*at).copied()).collect());
                part.output.write(&batch)?;
                part.flows += now.len() as u64;
                rest = later;
            }
        }
        Ok(())
    }

    /// When each selected flow was: exported, or else when it ended.
    fn time(&mut self, batch: &FlowBatch) {
        if self.division.span.is_none() {
            return;
        }
        if batch.gather(Field::UnixSecs, &mut self.times) {
            self.times.iter_mut().for_each(|seconds| *seconds *= 1000);
        } else {
            self.flow_times.gather(batch);
            self.times.clone_from(&self.flow_times.end);
        }
    }

    /// The file that the first of these flows goes to, and how many of them it has room for.
    fn room(&mut self, key: &[u32], flows: &[usize]) -> Result<(&mut Part, usize), Failure> {
        let Parts { division, series, options, problems, times, .. } = self;
        let series = series.entry(key.to_vec()).or_default();
        let time = |at: &usize| times.get(*at).copied().unwrap_or(0);
        let first = flows.first().map_or(0, time);
        let late = |part: &Part, time: u64| division.span.is_some_and(|span| time.saturating_sub(part.begun) >= span);
        let full = |part: &Part| division.most.is_some_and(|most| part.flows >= most);
        let open = match series.open.take() {
            Some(part) if full(&part) || late(&part, first) => {
                part.output.finish(problems)?;
                None
            }
            open => open,
        };
        let part = match open {
            Some(part) => part,
            None => {
                let name = division.file(key, series.files);
                series.files += 1;
                Part { output: Output::open(Some(Path::new(&name)), options)?, flows: 0, begun: first }
            }
        };
        let most = division.most.map_or(usize::MAX, |most| usize::try_from(most - part.flows).unwrap_or(usize::MAX));
        let taken = flows.iter().take(most).take_while(|at| !late(&part, time(at))).count();
        Ok((series.open.insert(part), taken))
    }

    /// Ends all files; what could not be written is one more of the `problems`.
    pub fn finish(self, facts: &[Fact], problems: &mut Vec<Error>) -> Result<(), Failure> {
        problems.extend(self.problems);
        for part in self.series.into_values().filter_map(|series| series.open) {
            let mut output = part.output;
            output.facts(facts)?;
            output.finish(problems)?;
        }
        Ok(())
    }
}

impl Division {
    /// The name of a file.
    fn file(&self, key: &[u32], number: u64) -> String {
        let mut name = self.name.clone();
        for tag in key {
            name.push('.');
            match self.symbols.as_ref().and_then(|symbols| symbols.tag(*tag)) {
                // A name is a file's only as long as it names no folder.
                Some(known) => name.push_str(&known.replace('/', "_")),
                None => name.push_str(&tag.to_string()),
            }
        }
        format!("{name}.{number}")
    }
}

fn gathered(batch: &FlowBatch, field: Field) -> Vec<u32> {
    let mut numbers = Vec::new();
    batch.gather(field, &mut numbers);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::symbols::{Kind, Table};

    #[test]
    fn files_are_called_by_their_tags() {
        let tags = Table::parse(Kind::Tag, "0x10 site/one\n17 two").unwrap();
        let named = Symbols::none().with(Kind::Tag, tags);
        let division = |symbols| Division { name: "part.".into(), symbols, ..Division::default() };
        assert_eq!(division(None).file(&[], 3), "part..3");
        assert_eq!(division(None).file(&[16, 50], 0), "part..16.50.0");
        assert_eq!(division(Some(named)).file(&[16, 17, 18], 0), "part..site_one.two.18.0");
    }
}
