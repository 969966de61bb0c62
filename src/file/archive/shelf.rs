//! The complete files of an archive, in time order, and deleting the oldest.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use walkdir::{DirEntry, WalkDir};

use super::name::{FileName, Nesting, State, is_unfinished};
use crate::file::{Error, FlowReader};

/// How much an archive may hold; `None` is any.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Complete files.
    pub files: Option<u64>,
    /// Their octets in all.
    pub octets: Option<u64>,
}

impl Limits {
    /// Whether there is no limit.
    pub fn none(self) -> bool {
        self == Limits::default()
    }

    /// Whether so many files of so many octets in all are too much.
    fn exceeded(self, files: u64, octets: u64) -> bool {
        self.files.is_some_and(|most| files > most) || self.octets.is_some_and(|most| octets > most)
    }
}

/// The complete files of an archive. Read once, then kept up with [`Archive::add`], so that expiring does not
/// walk a large tree after each file.
#[derive(Debug)]
pub struct Archive {
    folder: PathBuf,
    /// By start, then name; with their octets.
    files: BTreeMap<(i64, PathBuf), u64>,
    octets: u64,
}

impl Archive {
    /// An archive of which no file is known yet.
    pub fn new(folder: impl Into<PathBuf>) -> Archive {
        Archive { folder: folder.into(), files: BTreeMap::new(), octets: 0 }
    }

    /// Walks an archive: regular files named as complete, in the folder itself and in folders by date below it.
    /// Whatever else lies there is none of its business. Also says what could not be read.
    pub fn read(folder: impl Into<PathBuf>) -> (Archive, Vec<Error>) {
        let mut archive = Archive::new(folder);
        let problems = archive.walk(|entry| named(entry, State::Finished));
        (archive, problems)
    }

    /// Walks an archive likewise, but of files that are named in another way all that are flow files count too: when
    /// they began is what their headers say, else when they were last changed. Not those whose names begin with `tmp`
    /// or a dot, which are still being written.
    pub fn read_any(folder: impl Into<PathBuf>) -> (Archive, Vec<Error>) {
        let mut archive = Archive::new(folder);
        let problems = archive.walk(|entry| named(entry, State::Finished).or_else(|| begun(entry)));
        (archive, problems)
    }

    /// The unfinished files of an archive, oldest first: those being written, and those a killed writer left behind.
    pub fn unfinished(folder: impl Into<PathBuf>) -> (Vec<PathBuf>, Vec<Error>) {
        let mut archive = Archive::new(folder);
        let problems = archive.walk(|entry| named(entry, State::Unfinished));
        (archive.files.into_keys().map(|(_, path)| path).collect(), problems)
    }

    /// Takes note of regular files, as far as `start` says when they began.
    fn walk(&mut self, start: impl Fn(&DirEntry) -> Option<i64>) -> Vec<Error> {
        let mut problems = Vec::new();
        let tree = WalkDir::new(&self.folder).max_depth(4).into_iter();
        let by_date = |name: &std::ffi::OsStr| name.to_str().is_some_and(Nesting::may_be);
        for entry in tree.filter_entry(|e| e.depth() == 0 || !e.file_type().is_dir() || by_date(e.file_name())) {
            let found = entry.and_then(|entry| {
                let start = Some(&entry).filter(|entry| entry.file_type().is_file()).and_then(&start);
                let Some(start) = start else { return Ok(None) };
                let octets = entry.metadata()?.len();
                Ok(Some((start, entry.into_path(), octets)))
            });
            match found {
                Ok(Some((start, path, octets))) => self.insert(start, path, octets),
                Ok(None) => {}
                // Deleted or renamed while we looked: none of ours any more.
                Err(error) if error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => {}
                Err(error) => {
                    let at = error.path().unwrap_or(&self.folder).display().to_string();
                    problems.push(Error::format(at, "", error.to_string()));
                }
            }
        }
        problems
    }

    /// Takes note of a file that has been completed.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        let octets = fs::metadata(path)?.len();
        if let Some((name, _)) = path.file_name().and_then(|n| n.to_str()).and_then(FileName::parse) {
            self.insert(name.start, path.to_owned(), octets);
        }
        Ok(())
    }

    fn insert(&mut self, start: i64, path: PathBuf, octets: u64) {
        self.octets += octets;
        if let Some(before) = self.files.insert((start, path), octets) {
            self.octets -= before;
        }
    }

    /// The files in time order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(|(_, path)| path.as_path())
    }

    /// How many files.
    pub fn len(&self) -> u64 {
        self.files.len() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Their octets in all.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Deletes the oldest files until the limits hold, and folders by date that become empty; the newest file stays
    /// whatever its size. `each` is told of every file deleted, and of every file that is left alone, and no
    /// longer counted, because it could not be deleted or does not begin as a flow file does.
    pub fn expire(&mut self, limits: Limits, mut each: impl FnMut(&Path, Result<u64, Error>)) {
        while self.len() > 1 && limits.exceeded(self.len(), self.octets) {
            let Some(((_, path), octets)) = self.files.pop_first() else { break };
            self.octets -= octets;
            match self.delete(&path) {
                Ok(true) => each(&path, Ok(octets)),
                Ok(false) => {}
                Err(error) => each(&path, Err(error)),
            }
        }
    }

    /// The files that [`expire`](Archive::expire) would delete, if all can be.
    pub fn expirable(&self, limits: Limits) -> impl Iterator<Item = &Path> {
        let (mut files, mut octets) = (self.len(), self.octets);
        self.files.iter().map_while(move |((_, path), size)| {
            let goes = files > 1 && limits.exceeded(files, octets);
            (files, octets) = (files.saturating_sub(1), octets.saturating_sub(*size));
            goes.then_some(path.as_path())
        })
    }

    /// Deletes one file; `false` if somebody else has.
    fn delete(&self, path: &Path) -> Result<bool, Error> {
        let name = || path.display().to_string();
        let gone = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
        match is_flow_file(path) {
            Ok(true) => {}
            Ok(false) => return Err(Error::format(name(), "offset 0", "not a flow file, so not deleted")),
            Err(e) if gone(&e) => return Ok(false),
            Err(e) => return Err(Error::io(name(), e)),
        }
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(e) if gone(&e) => return Ok(false),
            Err(e) => return Err(Error::io(name(), e)),
        }
        // Only empty folders go: removing others fails, which is meant.
        let by_date = |p: &&Path| p.file_name().and_then(|n| n.to_str()).is_some_and(Nesting::may_be);
        let folders = path.ancestors().skip(1).take_while(|p| *p != self.folder).take_while(by_date);
        folders.map(fs::remove_dir).take_while(Result::is_ok).for_each(drop);
        Ok(true)
    }
}

/// When a file began, as its name says, if it is in this state.
fn named(entry: &DirEntry, state: State) -> Option<i64> {
    let named = entry.file_name().to_str().and_then(FileName::parse);
    named.filter(|(_, known)| *known == state).map(|(name, _)| name.start)
}

/// When a flow file of another name began. Of what cannot be read nobody can say that it is one.
fn begun(entry: &DirEntry) -> Option<i64> {
    let name = entry.file_name().to_string_lossy();
    if is_unfinished(&name) || name.starts_with('.') || !is_flow_file(entry.path()).ok()? {
        return None;
    }
    let reader = FlowReader::open(entry.path()).ok()?;
    let changed = || {
        let changed = entry.metadata().ok()?.modified().ok()?;
        i64::try_from(changed.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
    };
    reader.info().start.filter(|start| *start > 0).map(i64::from).or_else(changed)
}

/// Whether a regular file begins as flow files do.
fn is_flow_file(path: &Path) -> io::Result<bool> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(false);
    }
    let mut start = [0; 4];
    match File::open(path)?.read_exact(&mut start) {
        Ok(()) => Ok(matches!(start, [0xCF, 0x10, 1 | 2, 1 | 3 | 4])),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Octets from text such as `500M`: a number and `b`, `K`, `M` or `G` (powers of 1024), without a letter octets.
///
/// # Errors
/// What was expected, where the text is anything else.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kb" => Some(10),
        "m" | "mb" | "meg" => Some(20),
        "g" | "gb" | "gig" => Some(30),
        _ => None,
    };
    let octets = shift.and_then(|shift| number.parse::<u64>().ok()?.checked_mul(1 << shift));
    octets.ok_or_else(|| format!("'{text}' is not a size: expected a number and b, K, M or G, such as 500M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, octets) in [
            ("0", 0),
            ("12", 12),
            ("12b", 12),
            ("3K", 3072),
            ("5M", 5 << 20),
            ("2G", 2 << 30),
            ("2Gig", 2 << 30),
            ("1kb", 1024),
        ] {
            assert_eq!(size(text), Ok(octets));
        }
        for wrong in ["", "M", "5T", "-1", "1.5G", "5 M", "99999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
