//! The names in an archive's folders, read again where a folder has changed: as cheap as asking each folder when that
//! was, and the same on every file system.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::file::Error;
use crate::file::archive::{FileName, State};

/// Folders change by the clock's ticks: one that changed less than this before it was read may have changed behind it.
const TICKS: Duration = Duration::from_secs(2);
/// Folders by date are no deeper than 3; links may lead anywhere.
const DEPTH: usize = 16;

/// Under which names a file is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Seen {
    /// As complete.
    pub finished: bool,
    /// As unfinished.
    pub unfinished: bool,
}

/// Folders, and those below them.
#[derive(Debug)]
pub(super) struct Folders {
    roots: Vec<PathBuf>,
    known: BTreeMap<PathBuf, Folder>,
}

#[derive(Debug, Default)]
struct Folder {
    modified: Option<SystemTime>,
    /// When it was read.
    read: Option<SystemTime>,
    depth: usize,
    files: BTreeMap<FileName, Seen>,
}

impl Folders {
    pub fn new(roots: &[PathBuf]) -> Folders {
        let known = roots.iter().map(|root| (root.clone(), Folder::default())).collect();
        Folders { roots: roots.to_vec(), known }
    }

    /// Looks at all folders; says whether there is anything new, or something is gone.
    pub fn look(&mut self, problems: &mut Vec<Error>) -> bool {
        let mut changed = false;
        let mut waiting: Vec<(PathBuf, usize)> =
            self.known.iter().map(|(path, folder)| (path.clone(), folder.depth)).collect();
        while let Some((path, depth)) = waiting.pop() {
            let folder = self.known.entry(path.clone()).or_default();
            folder.depth = depth;
            let below = match folder.look(&path) {
                Ok(None) => continue,
                Ok(Some((new, below))) => {
                    changed |= new;
                    below
                }
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    changed |= !folder.files.is_empty();
                    *folder = Folder { depth, ..Folder::default() };
                    if !self.roots.contains(&path) {
                        self.known.remove(&path);
                    }
                    continue;
                }
                Err(error) => {
                    problems.push(Error::io(path.display().to_string(), error));
                    // It is not asked again before it changes.
                    folder.read = Some(SystemTime::now() + TICKS);
                    continue;
                }
            };
            let new = below.into_iter().map(|name| path.join(name)).filter(|below| !self.known.contains_key(below));
            waiting.extend(new.filter(|_| depth < DEPTH).map(|below| (below, depth + 1)));
        }
        changed
    }

    /// All files, in the order in which their captures began.
    pub fn files(&self) -> Vec<(FileName, PathBuf, Seen)> {
        let all = self
            .known
            .iter()
            .flat_map(|(path, folder)| folder.files.iter().map(move |(name, seen)| (*name, path.clone(), *seen)));
        let mut all: Vec<_> = all.collect();
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        all
    }
}

impl Folder {
    /// Reads it if it has changed: whether other files are there, and the names of folders.
    fn look(&mut self, path: &Path) -> std::io::Result<Option<(bool, Vec<std::ffi::OsString>)>> {
        let modified = fs::metadata(path)?.modified()?;
        let settled = self.read.is_some_and(|read| read > modified + TICKS);
        if settled && self.modified == Some(modified) {
            return Ok(None);
        }
        (self.modified, self.read) = (Some(modified), Some(SystemTime::now()));
        let (mut files, mut below) = (BTreeMap::<FileName, Seen>::new(), Vec::new());
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text.starts_with('.') {
                continue;
            }
            if let Some((file, state)) = FileName::parse(&text) {
                let seen = files.entry(file).or_default();
                *(if state == State::Finished { &mut seen.finished } else { &mut seen.unfinished }) = true;
            } else if entry.file_type()?.is_dir() || fs::metadata(entry.path()).is_ok_and(|kind| kind.is_dir()) {
                below.push(name);
            }
        }
        let new = files != self.files;
        self.files = files;
        Ok(Some((new, below)))
    }
}
