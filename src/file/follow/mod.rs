//! An archive that is read as it grows: the files that are there, and what is appended to them and beside them.
//!
//! A file is known by its name without the `tmp-` or `ft-`, which no other file gets. While it is written it is read
//! as far as it goes, and stays open. When it is complete it is read to its end, once more, from what has been open: a
//! collector that rewrites a modern file (or completes what a killed one left) writes another file, with the same
//! flows, which are not read again.

mod folders;
mod tail;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::folders::{Folders, Seen};
use self::tail::Tail;
use super::archive::{FileName, State};
use super::{Error, Kind, read_info};
use crate::flow::{Fact, FlowBatch, StreamInfo, flags};

/// A file whose name is gone may come back under it, made anew by its collector, within so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A new file that cannot be read is tried so often.
const TRIES: u32 = 25;
/// So many batches of a file that grows are read before the others get their turn.
const TURN: usize = 256;

/// What there is to read.
#[derive(Debug)]
pub enum News<'n> {
    /// Flows of a file, and when its capture began, seconds since 1970, if its header says it.
    Flows(FlowBatch, Option<u32>),
    /// What exporters say of themselves that has not been told yet.
    Facts(&'n [Fact]),
}

/// An archive being followed.
pub struct Follow {
    folders: Folders,
    known: HashMap<PathBuf, Known>,
    wanted: Box<dyn Fn(&StreamInfo) -> bool>,
    /// Flows that are there already are not of interest.
    pass: bool,
    /// Some file has to be tried again.
    again: bool,
    told: HashSet<Fact>,
    problems: Vec<Error>,
}

/// What is known of a file.
enum Known {
    Open(Box<Tail>),
    /// It could not be read yet.
    Tried(u32),
    /// There is nothing more to read in it.
    Done,
}

impl Follow {
    /// Follows the archives in some folders: the files whose headers are `wanted`; with `from_now` only what is
    /// written from the first [`Follow::round`] on.
    pub fn new(folders: &[PathBuf], from_now: bool, wanted: impl Fn(&StreamInfo) -> bool + 'static) -> Follow {
        Follow {
            folders: Folders::new(folders),
            known: HashMap::new(),
            wanted: Box::new(wanted),
            pass: from_now,
            again: false,
            told: HashSet::new(),
            problems: Vec::new(),
        }
    }

    /// Hands all that is new to `each`: whole files in the order in which they were begun, what has been appended to
    /// others. Says whether there was anything.
    ///
    /// # Errors
    ///
    /// Those of `each`, after which there is no use in going on.
    pub fn round<E>(&mut self, mut each: impl FnMut(News<'_>) -> Result<(), E>) -> Result<bool, E> {
        let changed = self.folders.look(&mut self.problems);
        let mut news = false;
        let mut each = |what: News<'_>| {
            news = true;
            each(what)
        };
        if changed || std::mem::take(&mut self.again) {
            let files = self.folders.files();
            self.forget(&files, &mut each)?;
            for (name, folder, seen) in files {
                self.file(name, &folder, seen, &mut each)?;
            }
        } else {
            let open = self.known.iter().filter(|(_, known)| matches!(known, Known::Open(_)));
            let open: Vec<_> = open.map(|(key, _)| key.clone()).collect();
            for key in open {
                self.read(&key, &mut each)?;
            }
        }
        self.pass = false;
        Ok(news)
    }

    /// What went wrong since this was asked last.
    pub fn take_problems(&mut self) -> Vec<Error> {
        std::mem::take(&mut self.problems)
    }

    /// What is wrong with files that will not be read further.
    pub fn end(self) -> Vec<Error> {
        let open = self.known.into_values().filter_map(|known| match known {
            Known::Open(tail) => tail.problem(),
            _ => None,
        });
        self.problems.into_iter().chain(open).collect()
    }

    /// Files that are gone: what is left of them is read, and after a while they are forgotten.
    fn forget<E>(
        &mut self,
        files: &[(FileName, PathBuf, Seen)],
        each: &mut impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let there: HashSet<PathBuf> = files.iter().map(|(name, folder, _)| key(name, folder)).collect();
        self.known.retain(|key, known| matches!(known, Known::Open(_)) || there.contains(key));
        let gone: Vec<PathBuf> = self.known.keys().filter(|key| !there.contains(*key)).cloned().collect();
        for key in gone {
            self.read(&key, each)?;
            let Some(Known::Open(tail)) = self.known.get_mut(&key) else { continue };
            // Nothing may change in the folder any more: it has to be thought of.
            self.again = true;
            if tail.gone.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                self.known.remove(&key);
            }
        }
        Ok(())
    }

    /// Reads what there is of a file that has been seen.
    fn file<E>(
        &mut self,
        name: FileName,
        folder: &Path,
        seen: Seen,
        each: &mut impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = key(&name, folder);
        let unfinished = folder.join(name.text(State::Unfinished));
        match self.known.get_mut(&key) {
            Some(Known::Done) => return Ok(()),
            Some(Known::Open(tail)) => {
                tail.gone = None;
                tail.last |= seen.finished;
                let replaced = !tail.last && fs::metadata(&unfinished).is_ok_and(|now| !tail.is(now.ino()));
                if replaced {
                    self.replaced(&key, &unfinished, each)?;
                }
            }
            Some(Known::Tried(_)) | None => {
                let path = if seen.finished { &key } else { &unfinished };
                if self.pass && seen.finished {
                    self.known.insert(key, Known::Done);
                    return Ok(());
                }
                self.open(&key, path, seen.finished);
            }
        }
        self.read(&key, each)
    }

    /// Opens a file that is not known, if there is something in it.
    fn open(&mut self, key: &Path, path: &Path, last: bool) {
        let tries = if let Some(Known::Tried(tries)) = self.known.get(key) { *tries } else { 0 };
        let known = match Tail::open(path) {
            Ok(Some(tail)) if !(self.wanted)(tail.info()) => Known::Done,
            Ok(Some(mut tail)) => {
                tail.last |= last;
                Known::Open(Box::new(tail))
            }
            // Deleted, or made complete, since it was seen; to it nothing is appended any more.
            Err(Error { kind: Kind::Io(error), .. }) if error.kind() == ErrorKind::NotFound => {
                if self.pass {
                    self.known.insert(key.to_owned(), Known::Done);
                }
                return;
            }
            Err(error) if last => {
                self.problems.push(error);
                Known::Done
            }
            // It has only just been made.
            Ok(None) | Err(_) if tries < TRIES => {
                self.again = true;
                Known::Tried(tries + 1)
            }
            Err(error) if tries == TRIES => {
                self.problems.push(error);
                Known::Tried(tries + 1)
            }
            Ok(None) | Err(_) => Known::Tried(tries),
        };
        self.known.insert(key.to_owned(), known);
    }

    /// Another file has the name of one that is being written. Either it is the same, made complete, or the first was
    /// deleted, and its collector has made it anew with all its flows, and goes on there.
    fn replaced<E>(
        &mut self,
        key: &Path,
        path: &Path,
        each: &mut impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.read(key, each)?;
        let Some(Known::Open(tail)) = self.known.get_mut(key) else { return Ok(()) };
        match read_info(path) {
            // It gets its name any moment.
            Ok(info) if info.is(flags::DONE) => {}
            Ok(_) => {
                if let Ok(Some(next)) = tail.again(path) {
                    **tail = next;
                }
            }
            Err(_) => self.again = true,
        }
        Ok(())
    }

    /// Reads what there is of an open file.
    fn read<E>(&mut self, key: &Path, each: &mut impl FnMut(News<'_>) -> Result<(), E>) -> Result<(), E> {
        loop {
            let Some(Known::Open(tail)) = self.known.get_mut(key) else { return Ok(()) };
            let mut turns = 0;
            while let Some(batch) = tail.next() {
                if !self.pass {
                    each(News::Flows(batch, tail.info().start))?;
                }
                turns += 1;
                if turns >= TURN && !tail.last {
                    break;
                }
            }
            let new: Vec<Fact> = tail.info().facts.iter().filter(|fact| !self.told.contains(fact)).cloned().collect();
            if !new.is_empty() {
                each(News::Facts(&new))?;
                self.told.extend(new);
            }
            if !tail.last || !self.rest(key) {
                return Ok(());
            }
        }
    }

    /// A file has been read to its end. Whether there is another with more of its flows.
    fn rest(&mut self, key: &Path) -> bool {
        let Some(Known::Open(tail)) = self.known.remove(key) else { return false };
        self.known.insert(key.to_owned(), Known::Done);
        let more = tail.path() != key && read_info(key).is_ok_and(|complete| tail.lacks(&complete));
        if more && let Ok(Some(mut next)) = tail.again(key) {
            next.last = true;
            self.known.insert(key.to_owned(), Known::Open(Box::new(next)));
            return true;
        }
        self.problems.extend(tail.problem());
        false
    }
}

/// What a file is known by: its name when it is complete.
fn key(name: &FileName, folder: &Path) -> PathBuf {
    folder.join(name.text(State::Finished))
}
