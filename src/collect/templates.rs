//! The templates of exporters, kept in a small file of the archive: a collector that is started again knows at once
//! what their datagrams mean, which otherwise it would learn only when they say so again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::log::{Bounded, Log};
use crate::file::replace;
use crate::wire::Decoder;

/// Templates that have changed are saved so often at most.
const OFTEN: Duration = Duration::from_secs(1);
/// Gathering them takes no more than this part of the receiving thread's time.
const PART: u32 = 50;
/// What could not be written is tried again so often.
const AGAIN: Duration = Duration::from_secs(5);

/// Where a collector's templates are kept: by the port at which it hears, for others may use the same archive.
pub fn path(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".templates.{port}"))
}

/// Has the decoder take over what is in the file, if there is one; says what is wrong with it.
pub fn load(path: &Path, decoder: &mut Decoder) -> Result<(), String> {
    match fs::read(path) {
        Ok(octets) => decoder.load(&octets).map_err(|damaged| damaged.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The receiving thread's end: looks once in a while whether there is something new to be kept.
#[derive(Debug)]
pub struct Keeping {
    octets: Sender<Vec<u8>>,
    /// How many templates and facts had been heard of at the last look.
    heard: u64,
    /// The beginning and length of what was last given away: it begins with a checksum.
    last: (Vec<u8>, usize),
    due: Instant,
}

impl Keeping {
    /// Starts the thread that writes to `path`.
    pub fn start(path: PathBuf, log: Log) -> io::Result<(Keeping, JoinHandle<()>)> {
        let (octets, changes) = channel();
        let thread =
            std::thread::Builder::new().name("templates".into()).spawn(move || write(&path, &changes, &log))?;
        Ok((Keeping { octets, heard: 0, last: (Vec::new(), 0), due: Instant::now() }, thread))
    }

    /// Has what is new written, not too often. `heard` grows when there is.
    pub fn look(&mut self, decoder: &Decoder, heard: u64) {
        if heard != self.heard && Instant::now() >= self.due {
            self.heard = heard;
            self.save(decoder);
        }
    }

    /// Has everything written, if it is not what was written last.
    pub fn save(&mut self, decoder: &Decoder) {
        let (began, mut octets) = (Instant::now(), Vec::new());
        decoder.save(&mut octets);
        let mark = (octets.get(..8).unwrap_or_default().to_vec(), octets.len());
        if mark != self.last && (self.heard > 0 || decoder.total().templates > 0) {
            self.last = mark;
            // The other end is there until this one is gone.
            let _ = self.octets.send(octets);
        }
        let now = Instant::now();
        self.due = now + OFTEN.max(now.duration_since(began) * PART);
    }
}

/// Writes what comes, the latest first, until nothing more can come.
fn write(path: &Path, changes: &Receiver<Vec<u8>>, log: &Log) {
    let mut trouble = Bounded::default();
    let mut left = None;
    loop {
        let next = match &left {
            Some(_) => changes.recv_timeout(AGAIN),
            None => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let ended = matches!(next, Err(RecvTimeoutError::Disconnected));
        let latest = changes.try_iter().last().or(next.ok()).or(left.take());
        if let Some(octets) = latest
            && let Err(error) = replace(path, &octets)
        {
            let name = path.display();
            trouble.complain(|more| log.warn(format!("{name}: templates cannot be kept: {error}{more}")));
            left = Some(octets);
        }
        if ended {
            return;
        }
    }
}
