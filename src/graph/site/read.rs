//! The RRDs of a page: what each archive of averages holds.

use std::path::Path;
use std::thread;

use super::pack;
use crate::graph::count::SOURCES;
use crate::graph::view::{Catalogue, NEITHER, TOTAL};
use crate::graph::{Consolidation, Error, Rrdtool};

/// Rows of an archive that are taken at most: the newest.
const ROWS: u64 = 10_000;
/// Seconds of a row at most: a century.
const LONGEST: u64 = 100 * 366 * 86_400;
/// rrdtool processes at most.
const PROCESSES: usize = 4;

/// An archive: seconds a row, the end of the last row (seconds since 1970), and rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Archive {
    pub step: u64,
    pub end: u64,
    pub rows: u64,
}

/// An RRD.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Rrd {
    /// 0 for all exporters, or one more than the router's place.
    pub folder: usize,
    pub stem: String,
    /// Its place among the page's texts.
    pub number: usize,
    /// Its archives' place among the shapes.
    pub shape: usize,
    /// Its numbers, packed: of each archive each source.
    pub text: String,
}

/// All RRDs.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Shelves {
    pub rrds: Vec<Rrd>,
    /// What archives RRDs have: most have the same.
    pub shapes: Vec<Vec<Archive>>,
    /// What was left out, by name.
    pub missing: Vec<String>,
    /// The end of the last row that is known, and the beginning of the first one; seconds since 1970, 0 for none.
    pub newest: u64,
    pub oldest: u64,
    /// Seconds a step.
    pub step: Option<u64>,
}

/// An RRD to be read.
struct Wanted {
    folder: usize,
    stem: String,
    name: String,
    path: String,
    /// Whether nothing is wrong where there is none.
    optional: bool,
}

/// An RRD that was read.
struct Taken {
    archives: Vec<Archive>,
    step: u64,
    text: String,
    /// The beginning and the end of what is known.
    known: Option<[u64; 2]>,
}

impl Shelves {
    /// Reads all RRDs of a catalogue; says which could not be read.
    pub fn read(all: &Catalogue, problems: &mut Vec<String>) -> Result<Shelves, Error> {
        let wanted = wanted(all);
        let mut shelves = Shelves::default();
        // One line where nothing has been counted yet, not hundreds.
        if !wanted.iter().any(|rrd| Path::new(&rrd.path).exists()) {
            problems.push(format!("{}: no RRDs: flow-scan makes them", all.folder.display()));
            return Ok(shelves);
        }
        let wanted = present(wanted, all, problems, &mut shelves.missing);
        let wanted = there(wanted, problems, &mut shelves.missing);
        let all = take_all(&wanted)?;
        for (rrd, taken) in wanted.into_iter().zip(all) {
            match taken {
                Ok(taken) => shelves.add(rrd, taken),
                Err(why) => {
                    problems.push(if why.contains(&rrd.path) { why } else { format!("{}: {why}", rrd.path) });
                    shelves.missing.push(rrd.name);
                }
            }
        }
        Ok(shelves)
    }

    fn add(&mut self, rrd: Wanted, taken: Taken) {
        let known = self.shapes.iter().position(|shape| *shape == taken.archives);
        let shape = known.unwrap_or(self.shapes.len());
        if known.is_none() {
            self.shapes.push(taken.archives);
        }
        if let Some([from, to]) = taken.known {
            self.newest = self.newest.max(to);
            self.oldest = if self.oldest == 0 { from } else { self.oldest.min(from) };
        }
        self.step = self.step.or(Some(taken.step));
        let number = self.rrds.len();
        self.rrds.push(Rrd { folder: rrd.folder, stem: rrd.stem, number, shape, text: taken.text });
    }
}

/// The RRDs that a catalogue leads to, each once.
fn wanted(all: &Catalogue) -> Vec<Wanted> {
    let folders = [None].into_iter().chain(all.routers.iter().map(|router| Some(&router.label)));
    let mut stems = vec![TOTAL.to_owned(), NEITHER.to_owned()];
    for stem in all.groups.iter().flat_map(|group| &group.items).flat_map(|item| &item.stems) {
        if !stems.contains(stem) {
            stems.push(stem.clone());
        }
    }
    let rrd = |folder: usize, router, stem: &String| {
        let path = all.path(router, stem).to_string_lossy().into_owned();
        let name = router.map_or_else(|| stem.clone(), |router| format!("{router}/{stem}"));
        Wanted { folder, stem: stem.clone(), name, path, optional: stem == NEITHER }
    };
    folders.enumerate().flat_map(|(at, router)| stems.iter().map(move |stem| rrd(at, router, stem))).collect()
}

/// Leaves out routers that have no folder; each is told once, not once an RRD.
fn present(wanted: Vec<Wanted>, all: &Catalogue, problems: &mut Vec<String>, missing: &mut Vec<String>) -> Vec<Wanted> {
    let folder = |router| all.path(router, TOTAL).parent().map(Path::to_owned).unwrap_or_default();
    let mut gone = Vec::new();
    for (router, at) in all.routers.iter().zip(1..) {
        let folder = folder(Some(&router.label));
        if !folder.is_dir() {
            problems.push(format!("{}: no RRDs of this router: flow-scan makes them", folder.display()));
            missing.push(router.label.to_string());
            gone.push(at);
        }
    }
    wanted.into_iter().filter(|rrd| !gone.contains(&rrd.folder)).collect()
}

/// Leaves out RRDs that are not there; those of a folder are told in one line.
fn there(wanted: Vec<Wanted>, problems: &mut Vec<String>, missing: &mut Vec<String>) -> Vec<Wanted> {
    // What cannot be told is left to rrdtool.
    let gone = |rrd: &Wanted| matches!(Path::new(&rrd.path).try_exists(), Ok(false));
    let (gone, there): (Vec<Wanted>, Vec<Wanted>) = wanted.into_iter().partition(gone);
    let gone: Vec<Wanted> = gone.into_iter().filter(|rrd| !rrd.optional).collect();
    for group in gone.chunk_by(|one, next| one.folder == next.folder) {
        match group {
            [] => {}
            [rrd] => {
                problems.push(format!("{}: missing: flow-scan makes it", rrd.path));
                missing.push(format!("{}, which is missing", rrd.name));
            }
            [first, ..] => {
                let here = there.iter().filter(|rrd| rrd.folder == first.folder && !rrd.optional).count();
                let (count, path) = (group.len(), Path::new(&first.path));
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                let folder = path.parent().unwrap_or(path).display();
                problems.push(format!("{folder}: {count} of {} RRDs are missing, as {file}", count + here));
                missing.push(format!("{count} RRDs that are missing, as {}", first.name));
            }
        }
    }
    there
}

/// Reads RRDs, by as many rrdtools as there are processors to run them.
fn take_all(wanted: &[Wanted]) -> Result<Vec<Result<Taken, String>>, Error> {
    let processes = thread::available_parallelism().map_or(1, usize::from).min(PROCESSES);
    let part = |wanted: &[Wanted]| {
        let mut tool = Rrdtool::start()?;
        let taken: Result<Vec<_>, Error> = wanted.iter().map(|rrd| refusable(take(&mut tool, &rrd.path))).collect();
        tool.finish()?;
        taken
    };
    let parts = thread::scope(|scope| {
        let chunks = wanted.chunks(wanted.len().div_ceil(processes).max(1));
        let threads: Vec<_> = chunks.map(|chunk| scope.spawn(move || part(chunk))).collect();
        let gone = || Err(Error::Gone("its thread has ended".into()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| gone())).collect::<Result<Vec<_>, Error>>()
    });
    Ok(parts?.into_iter().flatten().collect())
}

/// What concerns one RRD only stops that RRD.
fn refusable<T>(result: Result<T, Error>) -> Result<Result<T, String>, Error> {
    match result {
        Ok(taken) => Ok(Ok(taken)),
        Err(why @ (Error::Refused(_) | Error::Answer(_) | Error::Word(_))) => Ok(Err(why.to_string())),
        Err(error) => Err(error),
    }
}

/// Reads all archives of averages of an RRD.
fn take(tool: &mut Rrdtool, path: &str) -> Result<Taken, Error> {
    let info = tool.command(&["info", path])?;
    let (step, archives) = archives(&info).ok_or_else(|| Error::Answer(format!("{path}: no archive of averages")))?;
    let (mut octets, mut known) = (Vec::new(), None::<[u64; 2]>);
    for archive in &archives {
        let columns = fetch(tool, path, archive)?;
        // Whether an RRD has begun is told by its first source.
        let first = columns.first().map_or(&[][..], Vec::as_slice);
        let row = |at: usize| archive.end.saturating_sub((archive.rows - 1).saturating_sub(at as u64) * archive.step);
        if let (Some(from), Some(to)) =
            (first.iter().position(|value| !value.is_nan()), first.iter().rposition(|value| !value.is_nan()))
        {
            let [from, to] = [row(from).saturating_sub(archive.step), row(to)];
            known = Some(known.map_or([from, to], |[a, b]| [a.min(from), b.max(to)]));
        }
        columns.iter().for_each(|column| pack::column(&mut octets, column));
    }
    let text = pack::text(&octets).map_err(Error::Input)?;
    Ok(Taken { archives, step, text, known })
}

/// The values of an archive, of each source; what it lacks is unknown.
fn fetch(tool: &mut Rrdtool, path: &str, archive: &Archive) -> Result<Vec<Vec<f64>>, Error> {
    let seconds = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
    let first = archive.end.saturating_sub(archive.rows * archive.step);
    let range = [first, archive.end].map(seconds);
    let fetched = tool.fetch(path, Consolidation::Average, range, archive.step)?;
    let places = SOURCES.map(|name| fetched.sources.iter().position(|source| source == name));
    let mut columns = vec![vec![f64::NAN; archive.rows as usize]; SOURCES.len()];
    for (time, values) in fetched.rows {
        let after = u64::try_from(time).unwrap_or(0).saturating_sub(first);
        // The row before the first, and one behind the last, are not of this archive.
        if after == 0 || !after.is_multiple_of(archive.step) {
            continue;
        }
        let row = (after / archive.step - 1) as usize;
        for (column, place) in columns.iter_mut().zip(places) {
            let value = place.and_then(|place| values.get(place));
            if let (Some(to), Some(value)) = (column.get_mut(row), value) {
                *to = *value;
            }
        }
    }
    Ok(columns)
}

/// An RRD's step and its archives of averages, the finest first, from what `rrdtool info` says.
fn archives(info: &str) -> Option<(u64, Vec<Archive>)> {
    let value = |key: &str| {
        let lines = info.lines().filter_map(|line| line.split_once(" = "));
        lines.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let number = |key: &str| value(key).and_then(|value| value.parse::<u64>().ok());
    let (step, last) = (number("step").filter(|step| *step > 0)?, number("last_update")?);
    let mut archives: Vec<Archive> = Vec::new();
    for at in 0.. {
        let Some(kind) = value(&format!("rra[{at}].cf")) else { break };
        let (rows, steps) = (number(&format!("rra[{at}].rows"))?, number(&format!("rra[{at}].pdp_per_row"))?);
        let step = step.checked_mul(steps).filter(|step| (1..=LONGEST).contains(step))?;
        if kind == "\"AVERAGE\"" && !archives.iter().any(|known| known.step == step) {
            archives.push(Archive { step, end: last - last % step, rows: rows.clamp(1, ROWS) });
        }
    }
    archives.sort_by_key(|archive| archive.step);
    (!archives.is_empty()).then_some((step, archives))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_of_averages_are_found() {
        let info = "filename = \"a = b\"\nstep = 300\nlast_update = 1000500\nds[in_bytes].index = 0\n\
                    rra[0].cf = \"AVERAGE\"\nrra[0].rows = 700\nrra[0].cur_row = 4\nrra[0].pdp_per_row = 6\n\
                    rra[1].cf = \"MAX\"\nrra[1].rows = 600\nrra[1].pdp_per_row = 1\n\
                    rra[2].cf = \"AVERAGE\"\nrra[2].rows = 600\nrra[2].pdp_per_row = 1\n";
        let fine = Archive { step: 300, end: 1_000_500, rows: 600 };
        let coarse = Archive { step: 1800, end: 999_000, rows: 700 };
        assert_eq!(archives(info), Some((300, vec![fine, coarse])));
        for bad in ["", "step = 0\nlast_update = 1\n", "step = 300\nlast_update = 1\nrra[0].cf = \"MAX\"\n"] {
            assert_eq!(archives(bad), None, "{bad:?}");
        }
    }
}
