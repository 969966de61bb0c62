//! Flows into a pipe: some wait for others that are to be written with them, but not for long.

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::file::FlowWriter;
use crate::flow::time::Span;

/// Flows are handed on at the latest when none have come for so long: whoever reads the pipe waits for them.
const PATIENCE: Duration = Duration::from_millis(50);

/// A writer that is flushed, on a thread of its own, when nothing has been written for a while.
pub(super) struct Patient {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Until it is finished.
    writer: Option<FlowWriter<File>>,
    /// When something was written last, if that may wait for more.
    last: Option<Instant>,
    /// What kept the thread from flushing: the next to write is told.
    failed: Option<io::Error>,
    /// Whether anybody flushes.
    watched: bool,
}

impl Patient {
    /// Fails where a thread is wanted and the system gives none.
    pub fn new(writer: FlowWriter<File>, watched: bool) -> io::Result<Patient> {
        let state = Mutex::new(State { writer: Some(writer), last: None, failed: None, watched });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        if watched {
            let shared = shared.clone();
            thread::Builder::new().name("flush".into()).spawn(move || shared.watch())?;
        }
        Ok(Patient { shared })
    }

    /// Writes.
    pub fn run(&self, write: impl FnOnce(&mut FlowWriter<File>) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.shared.state();
        let result = state.run(write);
        let begins = state.watched && state.last.is_none();
        state.last = Some(Instant::now()).filter(|_| state.watched);
        drop(state);
        if begins {
            self.shared.changed.notify_one();
        }
        result
    }

    /// Hands on what waits.
    pub fn flush(&self) -> io::Result<()> {
        let mut state = self.shared.state();
        state.last = None;
        state.run(FlowWriter::flush)
    }

    /// When the flows written so far were.
    pub fn span(&self) -> Option<Span> {
        self.shared.state().writer.as_ref().and_then(FlowWriter::span)
    }

    /// Ends the flows and gives the file back.
    pub fn finish(self) -> io::Result<File> {
        let mut state = self.shared.state();
        state.run(|_| Ok(()))?;
        state.writer.take().ok_or(io::ErrorKind::BrokenPipe)?.finish()
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        (state.writer, state.watched) = (None, false);
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl State {
    fn run(&mut self, write: impl FnOnce(&mut FlowWriter<File>) -> io::Result<()>) -> io::Result<()> {
        match (self.failed.take(), &mut self.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => write(writer),
            (None, None) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Shared {
    /// A lock whose holder panicked is as good as any: the panic itself ends the program.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Flushes until nothing is written any more.
    fn watch(&self) {
        let mut state = self.state();
        while state.watched {
            let left = state.last.map(|last| PATIENCE.saturating_sub(last.elapsed()));
            state = match left {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    state.last = None;
                    if let Some(Err(error)) = state.writer.as_mut().map(FlowWriter::flush) {
                        state.failed = Some(error);
                    }
                    state
                }
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}
