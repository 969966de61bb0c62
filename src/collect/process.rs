//! Being a process: going into the background, the pid file, signals.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;

use super::log::Log;

/// What the collector was told by signals.
#[derive(Debug, Default)]
pub struct Signals {
    end: Arc<AtomicBool>,
    rotate: Arc<AtomicBool>,
}

impl Signals {
    /// Hears SIGHUP (begin a new file) and SIGTERM, SIGQUIT, SIGINT (end). A second signal to end does so at once.
    pub fn hear() -> io::Result<Signals> {
        let signals = Signals::default();
        flag::register(SIGHUP, signals.rotate.clone())?;
        for signal in [SIGTERM, SIGQUIT, SIGINT] {
            // This comes first, so that it sees only earlier signals.
            flag::register_conditional_shutdown(signal, 1, signals.end.clone())?;
            flag::register(signal, signals.end.clone())?;
        }
        Ok(signals)
    }

    /// Whether to end.
    pub fn end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Whether a new file was asked for since the last time.
    pub fn rotate(&self) -> bool {
        self.rotate.swap(false, Ordering::Relaxed)
    }
}

/// A file that holds our process's number for as long as we run.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes it.
    pub fn write(path: &Path) -> io::Result<PidFile> {
        fs::write(path, format!("{}\n", std::process::id()))?;
        Ok(PidFile { path: path.to_owned() })
    }

    /// Writes it; a failure is said and no more.
    pub fn kept(path: &Path, log: &Log) -> Option<PidFile> {
        PidFile::write(path).map_err(|error| log.warn(format!("{}: {error}", path.display()))).ok()
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Another collector's, started meanwhile, stays.
        let ours = fs::read_to_string(&self.path).is_ok_and(|text| text.trim() == std::process::id().to_string());
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Goes into the background: to be called before any thread is started. Standard input, output and error are
/// `/dev/null` then, and the folder is `/`.
pub fn detach() -> io::Result<()> {
    nix::unistd::daemon(false, false).map_err(io::Error::from)
}

/// Goes into the background, likewise, but with the standard input, output and folder that we have.
pub fn detach_reading() -> io::Result<()> {
    nix::unistd::daemon(true, true).map_err(io::Error::from)
}

/// Files are made readable for all, writable for us, whatever was inherited.
pub fn usual_umask() {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
}
