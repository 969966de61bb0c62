//! Being told that files have come, instead of looking for them again and again.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent};
use walkdir::WalkDir;

use super::archive::is_unfinished;

/// Who is told, by the system, what comes into folders.
#[derive(Debug)]
pub struct Notice {
    inotify: Inotify,
}

impl Notice {
    /// Of no folder yet.
    ///
    /// # Errors
    ///
    /// The system has no more of these to give.
    pub fn new() -> io::Result<Notice> {
        Ok(Notice { inotify: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)? })
    }

    /// Is told of a folder and all below it from now on, but those of a name that is left out. What is watched already
    /// is not watched twice, so this may be called again for folders that have come since.
    ///
    /// # Errors
    ///
    /// The system does not watch so many folders. One that is gone, or that may not be read, is no error.
    pub fn watch(&self, folder: &Path, left_out: &str) -> io::Result<()> {
        let mask = AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CREATE;
        let walk = WalkDir::new(folder).into_iter().filter_entry(|entry| entry.file_name() != left_out);
        for entry in walk.flatten().filter(|entry| entry.file_type().is_dir()) {
            match self.inotify.add_watch(entry.path(), mask | AddWatchFlags::IN_ONLYDIR) {
                Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until a file is complete or a folder has come, so long at most; whether that was so.
    ///
    /// # Errors
    ///
    /// The system refuses to say.
    pub fn wait(&self, most: Duration) -> io::Result<bool> {
        let until = Instant::now() + most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A fraction of a millisecond would be no wait at all.
            let left = PollTimeout::try_from(left.as_millis().saturating_add(1)).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN)], left) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN | Errno::EINTR) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            if events.iter().any(matters) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
        }
    }
}

/// Whether there may be a file to read: one was completed, a folder came, or events were lost.
fn matters(event: &InotifyEvent) -> bool {
    let begun = event.mask.contains(AddWatchFlags::IN_CREATE) && !event.mask.contains(AddWatchFlags::IN_ISDIR);
    let name = event.name.as_ref().map(|name| name.to_string_lossy());
    !begun && !event.mask.contains(AddWatchFlags::IN_IGNORED) && !name.is_some_and(|name| is_unfinished(&name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn complete_files_and_folders_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let (now, soon) = (Duration::ZERO, Duration::from_secs(10));
        fs::create_dir(folder.path().join("saved")).unwrap();
        let notice = Notice::new().unwrap();
        notice.watch(folder.path(), "saved").unwrap();
        assert!(!notice.wait(now).unwrap());
        // A collector's file, which is not complete, and then is.
        fs::write(folder.path().join("tmp-v05.a"), "a").unwrap();
        assert!(!notice.wait(now).unwrap());
        fs::rename(folder.path().join("tmp-v05.a"), folder.path().join("ft-v05.a")).unwrap();
        assert!(notice.wait(soon).unwrap());
        // What is put away is not looked at.
        fs::rename(folder.path().join("ft-v05.a"), folder.path().join("saved/ft-v05.a")).unwrap();
        assert!(!notice.wait(now).unwrap());
        // A folder that comes has to be watched as well.
        fs::create_dir(folder.path().join("day")).unwrap();
        assert!(notice.wait(soon).unwrap());
        notice.watch(folder.path(), "saved").unwrap();
        fs::write(folder.path().join("day/ft-v05.b"), "b").unwrap();
        assert!(notice.wait(soon).unwrap());
        assert!(!notice.wait(Duration::from_millis(5)).unwrap());
        notice.watch(&folder.path().join("none"), "saved").unwrap();
    }
}
