//! What was counted, in RRDs: one for each counter, and the same for each router in a folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::graph::config::Label;
use crate::graph::count::Plan;
use crate::graph::state::State;
use crate::graph::{Layout, Shelf, Sort, Source, Update};

/// Seconds a step.
pub const STEP: u64 = 300;

/// Rows kept of 5 minutes, half an hour, 2 hours, a day.
const ROWS: [u64; 4] = [600, 600, 600, 732];

/// The RRDs below a folder.
#[derive(Debug)]
pub struct Rrds {
    shelf: Shelf,
    folder: PathBuf,
    layout: Layout,
    problems: Vec<String>,
}

impl Rrds {
    /// RRDs in a folder, which must be there.
    ///
    /// # Errors
    ///
    /// There is no rrdtool.
    pub fn open(folder: &Path) -> Result<Rrds, Error> {
        let shelf = Shelf::open(folder)?.nested();
        let names = ["in_bytes", "out_bytes", "in_pkts", "out_pkts", "in_flows", "out_flows"];
        let sources = names.map(|name| Source::new(name, Sort::Absolute, 2 * STEP)).to_vec();
        let layout = Layout { start: 0, step: STEP, sources, archives: Layout::archives(&ROWS) };
        Ok(Rrds { shelf, folder: folder.to_owned(), layout, problems: Vec::new() })
    }

    /// Writes what was counted before `until`. Every counter has a value for every step that a file covers; the time
    /// between such steps is unknown. Steps that an RRD has are left as they are.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a router's folder cannot be made.
    pub fn write(&mut self, plan: &Plan, state: &State, until: u64) -> Result<(), Error> {
        let stretches = stretches(state.steps(until));
        let stems = stems(plan, state);
        for router in routers(plan, state) {
            if let Some(router) = &router {
                let folder = self.folder.join(crate::graph::words::folder_name(router));
                fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
            }
            let name =
                |stem: &String| router.as_ref().map_or_else(|| stem.clone(), |router| format!("{router}/{stem}"));
            let names: Vec<String> = stems.iter().map(name).collect();
            self.shelf.look(names.iter().map(String::as_str))?;
            for (name, stem) in names.iter().zip(&stems) {
                for steps in &stretches {
                    let since = seconds(steps.first().copied().unwrap_or(until));
                    let update = |step: &u64| Update {
                        time: seconds(step + STEP),
                        values: state.counts(*step, router.as_deref(), stem).values().map(|n| n as f64).to_vec(),
                    };
                    let updates: Vec<Update> = steps.iter().map(update).collect();
                    self.shelf.put(name, &self.layout, true, since, &updates)?;
                }
            }
        }
        self.shelf.settle()?;
        self.problems.append(&mut self.shelf.problems());
        Ok(())
    }

    /// What rrdtool refused, since this was last asked.
    pub fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Ends rrdtool; says what it refused.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or ended with an error.
    pub fn finish(mut self) -> Result<Vec<String>, Error> {
        self.problems.append(&mut self.shelf.finish()?);
        Ok(self.problems)
    }
}

fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// Steps that follow each other, together.
fn stretches(steps: impl Iterator<Item = u64>) -> Vec<Vec<u64>> {
    let mut stretches: Vec<Vec<u64>> = Vec::new();
    for step in steps {
        match stretches.last_mut() {
            Some(stretch) if stretch.last() == Some(&step.saturating_sub(STEP)) => stretch.push(step),
            _ => stretches.push(vec![step]),
        }
    }
    stretches
}

/// The RRDs' names: those of the plan, and those that were counted by an older one.
fn stems(plan: &Plan, state: &State) -> Vec<String> {
    let mut stems: BTreeSet<String> = plan.counters.iter().map(|counter| counter.stem()).collect();
    stems.extend(state.pending.values().flat_map(|book| book.keys()).cloned());
    // What is in the state was a label once.
    stems.retain(|stem| !stem.contains('/'));
    stems.into_iter().collect()
}

/// All together, and each router.
fn routers(plan: &Plan, state: &State) -> BTreeSet<Option<String>> {
    let known = state.pending.keys().filter_map(|(_, router)| router.as_deref()).filter_map(Label::of);
    let named = plan.routers.iter().cloned().chain(known).map(|label| Some(label.to_string()));
    [None].into_iter().chain(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_parts_steps() {
        assert_eq!(stretches([300, 600, 1200, 1500].into_iter()), [vec![300, 600], vec![1200, 1500]]);
        assert!(stretches([].into_iter()).is_empty());
    }
}
