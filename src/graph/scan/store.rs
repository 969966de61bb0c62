//! The state on disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, Flock, FlockArg, fcntl};

use super::{Error, STEP};
use crate::file::{self, beside};
use crate::graph::state::State;

/// The state, and the file it is kept in, which nobody else changes meanwhile.
#[derive(Debug)]
pub struct Store {
    /// What is remembered.
    pub state: State,
    path: PathBuf,
    /// Held while this lives, and longer by an rrdtool that has still to write what it was told.
    _lock: Flock<File>,
}

impl Store {
    /// Opens the state of a file; without one nothing is remembered. Waits so long for another run to end.
    ///
    /// # Errors
    ///
    /// Another run is still at work; the file cannot be read, or was not written by us.
    pub fn open(path: &Path, patience: Duration) -> Result<Store, Error> {
        let lock = lock(&beside(path, "lock"), patience)?;
        let state = kept(path, State::parse)?;
        Ok(Store { state, path: path.to_owned(), _lock: lock })
    }

    /// The seconds of a step: what the state has, else what is wanted, which it has from then on.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] if the state has other steps than those that are wanted.
    pub fn length(&mut self, wanted: Option<u64>) -> Result<u64, Error> {
        match (self.state.length, wanted) {
            (Some(has), Some(wanted)) if has != wanted => Err(Error::Step(self.path.clone(), has, wanted)),
            (has, wanted) => Ok(*self.state.length.insert(has.or(wanted).unwrap_or(STEP))),
        }
    }

    /// Saves the state.
    ///
    /// # Errors
    ///
    /// The system refuses it.
    pub fn save(&self) -> Result<(), Error> {
        replace(&self.path, &self.state.text())
    }

    /// Forgets files that are not there any more: they cannot be read again.
    pub fn forget(&mut self) {
        self.state.files.retain(|file, _| Path::new(file).try_exists().unwrap_or(true));
    }
}

/// Reads what is kept in a file; where there is none, nothing.
///
/// # Errors
///
/// It cannot be read, or was not written by us.
pub fn kept<T: Default>(path: &Path, parse: fn(&str) -> Result<T, usize>) -> Result<T, Error> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|line| Error::Text(path.to_owned(), line)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// Writes a text in the place of another: whoever reads the file, even after a crash, finds one of them whole.
///
/// # Errors
///
/// The system refuses it.
pub fn replace(path: &Path, text: &str) -> Result<(), Error> {
    file::replace(path, text.as_bytes()).map_err(|error| Error::io(path, error))
}

fn lock(path: &Path, patience: Duration) -> Result<Flock<File>, Error> {
    let io = |error| Error::io(path, error);
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(io)?;
    // rrdtool inherits the lock: if this run is killed, what it told rrdtool is written before another run begins.
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).map_err(|error| io(error.into()))?;
    let began = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) if began.elapsed() >= patience => {
                return Err(Error::Busy(path.to_owned()));
            }
            Err((again, nix::errno::Errno::EWOULDBLOCK)) => file = again,
            Err((_, error)) => return Err(io(error.into())),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut store = Store::open(&path, Duration::ZERO).unwrap();
        assert!(matches!(Store::open(&path, Duration::ZERO), Err(Error::Busy(_))));
        store.state.cover(300);
        store.save().unwrap();
        let state = store.state.clone();
        drop(store);
        assert_eq!(Store::open(&path, Duration::ZERO).unwrap().state, state);
        fs::write(&path, "flow-scan state 1\nmischief\n").unwrap();
        assert!(matches!(Store::open(&path, Duration::ZERO), Err(Error::Text(_, 2))));
    }
}
