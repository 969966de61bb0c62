//! Which files there are to read.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use glob::Pattern;

use crate::file::{Error, Inputs, Notice, Scan, archive, read_info};
use crate::flow::time::FlowTimes;
use crate::graph::state::Known;

/// The folder that read files are moved into, where there is one.
const SAVED: &str = "saved";
/// The longest capture that is believed, in seconds: two months.
const LONGEST: u64 = 62 * DAY;
/// No flow ended before this, in seconds since 1970: a year before there was NetFlow.
const OLDEST: u64 = 9_131 * DAY;
/// What a capture whose end is not known is taken to last at most, in seconds.
pub const DAY: u64 = 86_400;

/// A flow file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is remembered as: the same wherever the program is run.
    pub name: String,
    /// When its capture began, seconds since 1970.
    pub start: u64,
    /// When it ended, if that is known.
    pub end: Option<u64>,
    /// Whether nothing was wrong with it, once it was read.
    pub whole: bool,
    /// The folder for files that have been read, if there is one.
    pub saved: Option<PathBuf>,
}

/// What is found.
#[derive(Debug, Default)]
pub struct Finds {
    /// Files to be read, in order of capture.
    pub new: Vec<Found>,
    /// Files that have been read.
    pub known: Vec<Found>,
    /// What could not be looked at.
    pub problems: Vec<Error>,
}

/// Where files are looked for, and which are not wanted.
#[derive(Debug, Default)]
pub struct Looking<'a> {
    /// Files and folders; with none, the pattern says where they are.
    pub paths: &'a [PathBuf],
    /// What files in folders are called.
    pub pattern: Option<&'a Pattern>,
    /// Files and folders that are never flow files: what this program writes.
    pub left_out: Vec<PathBuf>,
}

impl Looking<'_> {
    /// Looks; `known` tells what is known of files that were looked at before. Files that are being written (`tmp...`)
    /// and those that were put away are left out.
    pub fn find(&self, known: impl Fn(&str) -> Option<Known>) -> Finds {
        let mut finds = Finds::default();
        let left_out: Vec<PathBuf> = self.left_out.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
        let mut look = |path: PathBuf, root: Option<&Path>| {
            let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            // What was asked for by name is looked at, whatever it is.
            let below = |out: &&PathBuf| real.starts_with(out) && root.is_some_and(|root| !root.starts_with(out));
            if left_out.iter().any(|out| below(&out)) {
                return;
            }
            let (name, saved) = (real.to_string_lossy().into_owned(), saved(&path, root));
            let read = known(&name);
            let found = Found { path, name, start: 0, end: None, whole: read != Some(Known::Partly), saved };
            match read {
                Some(Known::Foreign) => return,
                Some(_) => return finds.known.push(found),
                None => {}
            }
            match dated(found) {
                Ok(found) => finds.new.push(found),
                Err(problem) => finds.problems.push(problem),
            }
        };
        let mut problems = Vec::new();
        if let (true, Some(pattern)) = (self.paths.is_empty(), self.pattern) {
            let listed = glob::glob(pattern.as_str()).into_iter().flatten().flatten();
            listed.filter(|path| path.is_file() && !is_unfinished(path)).for_each(|path| look(path, None));
        }
        let last = self.pattern.map(|pattern| pattern.as_str().rsplit('/').next().unwrap_or_default());
        let last = last.and_then(|last| Pattern::new(last).ok());
        let fits = |name: &str| last.as_ref().is_none_or(|pattern| pattern.matches(name));
        for given in self.paths.iter().filter(|given| !self.is_put_away(given)) {
            if !given.is_dir() {
                if !is_unfinished(given) {
                    look(given.clone(), None);
                }
                continue;
            }
            let (files, more) = Inputs::of(std::slice::from_ref(given)).files();
            problems.extend(more);
            let root = std::fs::canonicalize(given).unwrap_or_else(|_| given.clone());
            for path in files.into_iter().filter(|path| !is_put_away(path, given)) {
                if path.file_name().is_some_and(|name| fits(&name.to_string_lossy())) {
                    look(path, Some(&root));
                }
            }
        }
        finds.problems.append(&mut problems);
        finds.new.sort_by(|a, b| (a.start, &a.path).cmp(&(b.start, &b.path)));
        finds.new.dedup_by(|a, b| a.name == b.name);
        finds
    }

    /// Whether a shell's `*` named the folder of files that were read, among what lies beside it.
    fn is_put_away(&self, given: &Path) -> bool {
        given.file_name() == Some(OsStr::new(SAVED))
            && self.paths.iter().any(|other| other != given && other.parent() == given.parent())
    }
}

/// Has the folders watched that files may come into: those that are named and, where none are, those a pattern leads to.
///
/// # Errors
///
/// The system does not watch so many.
pub fn watch(notice: &Notice, paths: &[PathBuf], pattern: Option<&Pattern>) -> io::Result<()> {
    let folder = |path: &Path| match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        _ if path.is_dir() => path.to_owned(),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    };
    let mut folders: Vec<PathBuf> = paths.iter().map(|path| folder(path)).collect();
    if let (true, Some(pattern)) = (paths.is_empty(), pattern) {
        let above = folder(Path::new(pattern.as_str()));
        folders.extend(glob::glob(&above.to_string_lossy()).into_iter().flatten().flatten());
    }
    folders.iter().try_for_each(|folder| notice.watch(folder, SAVED))
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| archive::is_unfinished(&name.to_string_lossy()))
}

/// Whether a file lies in a folder of those that have been read.
fn is_put_away(path: &Path, root: &Path) -> bool {
    path.strip_prefix(root).is_ok_and(|below| below.iter().any(|part| part == OsStr::new(SAVED)))
}

/// The folder for files that have been read: beside the file, or in the folder that was named.
fn saved(path: &Path, root: Option<&Path>) -> Option<PathBuf> {
    let folders = path.parent().into_iter().chain(root);
    folders.map(|folder| folder.join(SAVED)).find(|folder| folder.is_dir())
}

/// Reads when a file was captured: its header says when it began, or else its name, or else its flows, which ended in
/// that time. If none does, it is taken to have lasted a day, to its end or to when it was last written.
fn dated(found: Found) -> Result<Found, Error> {
    let path = &found.path;
    let io = |error| Error::io(path.display().to_string(), error);
    let modified = path.metadata().and_then(|data| data.modified()).map_err(io)?;
    let modified = modified.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let named = path.file_name().and_then(OsStr::to_str).and_then(archive::FileName::parse);
    let named = named.and_then(|(name, _)| u64::try_from(name.start).ok());
    // What is no flow file is told when it is read, and then remembered.
    let info = read_info(path).unwrap_or_default();
    let (start, end) = (info.start.map(u64::from), info.end.map(u64::from));
    if let Some(start) = start.filter(|start| *start > 0).or(named) {
        // What is longer than that is no capture, but a mistake of a clock.
        let end = end.filter(|end| *end >= start && end - start <= LONGEST).map(|end| end.max(start + 1));
        return Ok(Found { start, end, ..found });
    }
    if let Some([first, last]) = ends(path) {
        return Ok(Found { start: first, end: Some(last + 1), ..found });
    }
    let end = end.filter(|end| *end > 0).unwrap_or(modified);
    Ok(Found { start: end.saturating_sub(DAY), end: None, ..found })
}

/// When the first and the last of a file's flows ended, seconds since 1970, if that can be.
fn ends(path: &Path) -> Option<[u64; 2]> {
    let inputs = Inputs::of(std::slice::from_ref(&path.to_owned()));
    let start = || (FlowTimes::default(), [u64::MAX, 0]);
    let scan = Scan::open(&inputs).ok()?.fields(FlowTimes::needs());
    let (parts, _) = scan.fold(start, |(times, [first, last]), batch| {
        times.gather(batch);
        for end in &times.end {
            (*first, *last) = ((*first).min(end / 1000), (*last).max(end / 1000));
        }
    });
    let [first, last] = parts.into_iter().map(|(_, ends)| ends).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])?;
    (first > OLDEST && first <= last && last - first <= 6 * LONGEST).then_some([first, last])
}
