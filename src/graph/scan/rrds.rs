//! What was counted, in RRDs: one for each counter, and the same for each router in a folder of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::files::DAY;
use crate::graph::config::Label;
use crate::graph::count::{Plan, SOURCES};
use crate::graph::state::State;
use crate::graph::{Layout, Shelf, Sort, Source, Update};

/// Seconds a step, unless it is said.
pub const STEP: u64 = 300;

/// Seconds a row, and rows that are kept: 5 minutes, half an hour, 2 hours, a day.
const ROWS: [(u64, u64); 4] = [(300, 600), (1800, 600), (7200, 600), (DAY, 732)];

/// The RRDs below a folder.
#[derive(Debug)]
pub struct Rrds {
    shelf: Shelf,
    folder: PathBuf,
    step: u64,
    layout: Layout,
    problems: Vec<String>,
}

impl Rrds {
    /// RRDs of steps of so many seconds in a folder, which must be there.
    ///
    /// # Errors
    ///
    /// There is no rrdtool.
    pub fn open(folder: &Path, step: u64) -> Result<Rrds, Error> {
        let shelf = Shelf::open(folder)?.nested();
        let sources = SOURCES.map(|name| Source::new(name, Sort::Absolute, 2 * step)).to_vec();
        let layout = Layout { start: 0, step, sources, archives: Layout::both(&archives(step)) };
        Ok(Rrds { shelf, folder: folder.to_owned(), step, layout, problems: Vec::new() })
    }

    /// Seconds a step.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Sees to it that no RRD is of other steps: nothing could be put into it that means the same.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] with the first one that is; rrdtool is gone.
    pub fn check(&mut self, plan: &Plan, state: &State) -> Result<(), Error> {
        match self.shelf.other_step(&all(plan, state), self.step)? {
            Some((file, has)) => Err(Error::Step(file, has, self.step)),
            None => Ok(()),
        }
    }

    /// Writes what was counted before `until`. Every counter has a value for every step that a file covers; the time
    /// between such steps is unknown. Steps that an RRD has are left as they are.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a router's folder or an RRD cannot be made: then there is no space, and the steps can be
    /// written another time. An RRD that is refused although it is there stays so, and is a problem.
    pub fn write(&mut self, plan: &Plan, state: &State, until: u64) -> Result<(), Error> {
        let step = self.step;
        let stretches = stretches(state.steps(until), step);
        let stems = stems(plan, state);
        for router in routers(plan, state) {
            if let Some(router) = &router {
                let folder = self.folder.join(crate::graph::words::folder_name(router));
                fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, error))?;
            }
            let names = names(router.as_deref(), &stems);
            self.shelf.recall(&names);
            self.shelf.look(names.iter().map(String::as_str))?;
            for (name, stem) in names.iter().zip(&stems) {
                for steps in &stretches {
                    let since = seconds(steps.first().copied().unwrap_or(until));
                    let update = |begin: &u64| Update {
                        time: seconds(begin + step),
                        values: state.counts(*begin, router.as_deref(), stem).values().map(|n| n as f64).to_vec(),
                    };
                    let updates: Vec<Update> = steps.iter().map(update).collect();
                    self.shelf.put(name, &self.layout, true, since, &updates)?;
                }
            }
        }
        self.shelf.settle()?;
        let problems = self.shelf.problems();
        if let Some(why) = problems.first()
            && let Some((_, file)) = self.shelf.absent(&all(plan, state)).next()
        {
            return Err(Error::Unmade(file, why.clone()));
        }
        self.problems.extend(problems);
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

/// Steps a row, and rows that are kept: steps as they are, and about those lengths that are longer.
fn archives(step: u64) -> Vec<(u64, u64)> {
    let mut sizes = vec![(1, ROWS[0].1)];
    for (seconds, rows) in ROWS {
        let steps = ((seconds + step / 2) / step).max(1);
        match sizes.last_mut() {
            Some(last) if last.0 == steps => last.1 = last.1.max(rows),
            _ => sizes.push((steps, rows)),
        }
    }
    sizes
}

/// Steps that follow each other, together: their beginnings, so many seconds apart.
fn stretches(begins: impl Iterator<Item = u64>, step: u64) -> Vec<Vec<u64>> {
    let mut stretches: Vec<Vec<u64>> = Vec::new();
    for begin in begins {
        match stretches.last_mut() {
            Some(stretch) if stretch.last() == Some(&begin.saturating_sub(step)) => stretch.push(begin),
            _ => stretches.push(vec![begin]),
        }
    }
    stretches
}

/// What all RRDs are called.
fn all(plan: &Plan, state: &State) -> Vec<String> {
    let stems = stems(plan, state);
    routers(plan, state).into_iter().flat_map(|router| names(router.as_deref(), &stems)).collect()
}

/// What RRDs of all together, or of a router, are called.
fn names(router: Option<&str>, stems: &[String]) -> Vec<String> {
    let name = |stem: &String| router.map_or_else(|| stem.clone(), |router| format!("{router}/{stem}"));
    stems.iter().map(name).collect()
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
        assert_eq!(stretches([300, 600, 1200, 1500].into_iter(), 300), [vec![300, 600], vec![1200, 1500]]);
        assert_eq!(stretches([0, 60, 180].into_iter(), 60), [vec![0, 60], vec![180]]);
        assert!(stretches([].into_iter(), 300).is_empty());
    }

    #[test]
    fn rows_are_of_about_the_same_lengths() {
        assert_eq!(archives(300), [(1, 600), (6, 600), (24, 600), (288, 732)]);
        assert_eq!(archives(60), [(1, 600), (5, 600), (30, 600), (120, 600), (1440, 732)]);
        assert_eq!(archives(900), [(1, 600), (2, 600), (8, 600), (96, 732)]);
        assert_eq!(archives(1600), [(1, 600), (5, 600), (54, 732)]);
        assert_eq!(archives(3600), [(1, 600), (2, 600), (24, 732)]);
        assert_eq!(archives(86_400), [(1, 732)]);
    }
}
