//! Full blocks of quick ones: a modern file that is done with is written anew, small and indexed, by a thread that is
//! neither the receiving nor the storing one.
//!
//! The new file is written beside the old one, under a name that no program reads (`.tmp-...`), takes the old one's
//! place, and is named as complete then. Whenever this is interrupted, what lies under the old name is either whole
//! old or whole new: the next start goes on from there ([`recover`](super::recover)), and writes a half-made new file
//! anew.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use super::keeper::Task;
use super::log::{Bounded, Log};
use super::recover::finished;
use crate::file::{Error, FlowReader, FlowWriter, WriteOptions};
use crate::flow::flags;

/// Told to end, what takes longer is left to the next start; ...
const PATIENCE: Duration = Duration::from_secs(30);
/// ... and what fails, after so long.
const FAILING: Duration = Duration::from_secs(2);
/// What failed is tried again after so long.
const PAUSE: Duration = Duration::from_millis(500);
/// So many files may wait, each of which is kept open; the next start refines the others.
const WAITING: usize = 256;
/// More that wait than this are worth a word.
const MANY: usize = 2;

/// A modern file of quick blocks that is done with. Its lock says that somebody cares for it.
#[derive(Debug)]
pub struct Rough {
    /// The file.
    pub file: Flock<File>,
    /// Where it is.
    pub path: PathBuf,
    /// How it is to be written, and what its header is to say; flows and span are counted.
    pub options: WriteOptions,
}

/// A file that has been written anew.
#[derive(Debug)]
pub struct Refined {
    /// Its name, as complete.
    pub path: PathBuf,
    /// Flows in it.
    pub flows: u64,
    /// What was wrong with the old file, which is kept under the name given beside it.
    pub damage: Option<(Error, PathBuf)>,
}

/// A new file beside the old one.
struct Made {
    lock: Flock<File>,
    flows: u64,
    /// What the old one suffers from.
    damage: Option<Error>,
}

impl Rough {
    /// Writes the file anew and names it as complete; `None`, and all is as before, if `stop` says so meanwhile.
    ///
    /// # Errors
    /// If the system refuses; the file is as it was then.
    pub fn refine(&self, stop: &dyn Fn() -> bool) -> io::Result<Option<Refined>> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.path.with_file_name(format!(".{name}"));
        let made = self.write(&beside, stop);
        let Made { lock, flows, damage } = match made {
            Ok(Some(made)) => made,
            other => {
                let _ = fs::remove_file(&beside);
                return other.map(|_| None);
            }
        };
        let damage = match damage {
            Some(error) => {
                let kept = self.path.with_file_name(format!(".damaged-{name}"));
                fs::rename(&self.path, &kept)?;
                Some((error, kept))
            }
            None => None,
        };
        fs::rename(&beside, &self.path)?;
        let path = finished(&self.path).ok_or(io::ErrorKind::InvalidFilename)?;
        fs::rename(&self.path, &path)?;
        drop(lock);
        Ok(Some(Refined { path, flows, damage }))
    }

    /// Writes the new file.
    fn write(&self, beside: &Path, stop: &dyn Fn() -> bool) -> io::Result<Option<Made>> {
        let new = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(beside)?;
        let new = Flock::lock(new, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| io::Error::from(error))?;
        new.set_len(0)?;
        let mut old = self.file.try_clone()?;
        old.seek(SeekFrom::Start(0))?;
        let failed = |error: Error| io::Error::other(error.to_string());
        let mut reader = FlowReader::new(old, self.path.display().to_string()).map_err(failed)?;
        // Other cores have flows to receive and to store.
        let mut options = WriteOptions { quick: false, threads: 1, ..self.options.clone() };
        let info = &mut options.info;
        (info.flags, info.flows, info.span) = (info.flags & !flags::DONE, Some(0), None);
        let mut writer = FlowWriter::new(new.try_clone()?, &options)?;
        let damage = loop {
            if stop() {
                return Ok(None);
            }
            match reader.next_batch() {
                Ok(Some(batch)) => writer.write(&batch)?,
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        writer.facts(&reader.info().facts)?;
        writer.flush()?;
        let (flows, span) = (writer.flows(), writer.span());
        writer.finish()?;
        let info = &mut options.info;
        (info.flags, info.flows, info.span) = (info.flags | flags::DONE, Some(flows), span);
        new.write_all_at(&options.header(), 0)?;
        Ok(Some(Made { lock: new, flows, damage }))
    }
}

/// What the refining thread needs.
#[derive(Debug)]
pub struct Refining {
    /// Files to be refined.
    pub files: Receiver<Rough>,
    /// Who is to know of finished ones.
    pub keeper: Sender<Task>,
    /// When the collector was told to end.
    pub ending: Arc<OnceLock<Instant>>,
    /// Where to say what happens.
    pub log: Log,
}

impl Refining {
    /// Refines until there is nobody left to bring files. What cannot be written is tried again.
    pub fn run(self) {
        let (mut waiting, mut trouble, mut behind) = (VecDeque::new(), Bounded::default(), Bounded::default());
        loop {
            if waiting.is_empty() {
                match self.files.recv() {
                    Ok(file) => waiting.push_back(file),
                    Err(_) => return,
                }
            }
            waiting.extend(self.files.try_iter());
            let Some(file) = waiting.pop_front() else { continue };
            if waiting.len() > MANY && !self.is_over(Duration::ZERO) {
                let n = waiting.len();
                behind.complain(|more| self.log.info(format!("{n} files wait to be made small and indexed{more}")));
            }
            match file.refine(&|| self.is_over(PATIENCE)) {
                Ok(Some(refined)) => self.finished(&file, refined),
                Ok(None) => self.leave(&file),
                Err(_) if waiting.len() >= WAITING || self.is_over(FAILING) => self.leave(&file),
                Err(error) => {
                    let name = file.path.display();
                    trouble.complain(|more| {
                        self.log.warn(format!("{name}: cannot be completed: {error}; trying again{more}"));
                    });
                    waiting.push_back(file);
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn is_over(&self, patience: Duration) -> bool {
        self.ending.get().is_some_and(|since| since.elapsed() > patience)
    }

    fn finished(&self, file: &Rough, refined: Refined) {
        if let Some((error, kept)) = refined.damage {
            self.log.warn(format!("{error}; what could not be read is kept in {}", kept.display()));
        }
        let expected = file.options.info.flows.unwrap_or(0);
        if refined.flows != expected {
            let name = refined.path.display();
            self.log.warn(format!("{name}: has {} flows, expected {expected}", refined.flows));
        }
        self.log.debug(1, || format!("{}: complete", refined.path.display()));
        // The keeper ends after us.
        let _ = self.keeper.send(Task::Finished(refined.path));
    }

    fn leave(&self, file: &Rough) {
        self.log.warn(format!("{}: left unfinished: the next start completes it", file.path.display()));
    }
}
