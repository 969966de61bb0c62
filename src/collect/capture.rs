//! The file being written.
//!
//! Flows are appended so that what has been written can be read at any moment, and after a crash: a compressed
//! classic file's zlib stream comes to an octet boundary behind every block of records; a modern file gets quick
//! blocks, which [`refine`](super::refine) makes full ones of when it is done. What the system refuses to take waits
//! here, and is written, to the same place, when it is asked again: nothing is written twice or left out because a
//! disk was full for a while.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use super::refine::Rough;
use super::zlib::Zlib;
use crate::file::WriteOptions;
use crate::file::archive::{FileName, Nesting, State};
use crate::flow::{Form, StreamInfo, flags};
use crate::wire::Counters;

/// How an archive's files are made.
#[derive(Clone, Debug)]
pub struct Making {
    /// The archive's folder.
    pub folder: PathBuf,
    /// Folders by date below it.
    pub nesting: Nesting,
    /// Classic files: byte order, zlib level, and what every header says; version and times are set file by file.
    pub classic: WriteOptions,
    /// Modern files, likewise: codec and level of full blocks.
    pub modern: WriteOptions,
}

impl Making {
    /// How files of a form are written.
    pub fn write(&self, form: Form) -> WriteOptions {
        let options = if form == Form::Modern { &self.modern } else { &self.classic };
        WriteOptions { form, ..options.clone() }
    }
}

/// A file being written.
#[derive(Debug)]
pub struct Capture {
    file: Flock<File>,
    /// Its name as long as it is written.
    path: PathBuf,
    /// Its name when it is complete.
    finished: PathBuf,
    form: Form,
    options: WriteOptions,
    zlib: Option<Zlib>,
    /// Made but not written yet; belongs at `at`.
    pending: Vec<u8>,
    at: u64,
    flows: u64,
    /// Flows appended since everything was last written.
    unwritten: u64,
    /// Totals when the file was begun.
    base: Counters,
    ended: bool,
}

impl Capture {
    /// Begins a file at `start` (seconds since 1970), with `first` (of a modern file: chunks) behind its header. If
    /// that second's name is taken, by a file of an earlier turn or by another collector, the next free second's is
    /// used.
    pub fn create(making: &Making, form: Form, start: i64, base: Counters, first: &[u8]) -> io::Result<Capture> {
        let mut name = FileName::local(form, start);
        let (file, path, finished) = loop {
            if let Some(taken) = claim(making, &name)? {
                break taken;
            }
            name = FileName::local(form, name.start + 1);
        };
        let options = making.write(form);
        let info = StreamInfo {
            start: Some(start as u32),
            end: Some(start as u32),
            flags: 0,
            flows: Some(0),
            lost: Some(0),
            misordered: Some(0),
            corrupt: Some(0),
            resets: Some(0),
            ..options.info.clone()
        };
        let options = WriteOptions { info, ..options };
        let mut pending = options.header();
        let zlib = (options.level > 0 && form != Form::Modern).then(|| Zlib::new(options.level, &mut pending));
        pending.extend_from_slice(first);
        let mut capture = Capture {
            file,
            path,
            finished,
            form,
            options,
            zlib,
            pending,
            at: 0,
            flows: 0,
            unwritten: 0,
            base,
            ended: false,
        };
        match capture.write_out() {
            Ok(()) => Ok(capture),
            Err(error) => {
                let _ = fs::remove_file(&capture.path);
                Err(error)
            }
        }
    }

    /// Whether it has to be given to [`refine`](super::refine) when it is done.
    pub fn is_rough(&self) -> bool {
        self.form == Form::Modern
    }

    /// Its name at present.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Flows appended, written or not.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Flows that have not been written, because the system refused.
    pub fn unwritten(&self) -> u64 {
        match (self.form, &self.zlib) {
            (Form::Classic(version), None) => (self.pending.len() as u64).div_ceil(version.layout().size as u64),
            _ => self.unwritten,
        }
    }

    /// Appends flows: whole records in the file's byte order, or whole chunks. To be called only when nothing is
    /// pending. If this fails they are pending; see [`Capture::write_out`].
    pub fn append(&mut self, octets: &[u8], flows: u64) -> io::Result<()> {
        self.flows += flows;
        self.unwritten += flows;
        match &mut self.zlib {
            Some(zlib) => {
                zlib.append(octets, &mut self.pending)?;
                self.write_out()
            }
            None => {
                let before = self.at;
                let done = write_at(&self.file, octets, &mut self.at);
                let taken = (self.at - before) as usize;
                self.pending.extend_from_slice(octets.get(taken..).unwrap_or_default());
                if done.is_ok() {
                    self.unwritten = 0;
                }
                done
            }
        }
    }

    /// Whether something waits to be written.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Writes what is pending.
    pub fn write_out(&mut self) -> io::Result<()> {
        let before = self.at;
        let done = write_at(&self.file, &self.pending, &mut self.at);
        let taken = (self.at - before) as usize;
        self.pending.drain(..taken.min(self.pending.len()));
        if done.is_ok() {
            self.unwritten = 0;
        }
        done
    }

    /// Compresses at another level from here on, because the disk or the core cannot keep up, or can again. No more
    /// than the level that was asked for; nothing changes in an uncompressed file.
    pub fn compress_at(&mut self, level: u8) {
        let level = level.min(self.options.level);
        if let Some(zlib) = &mut self.zlib {
            zlib.set_level(level);
        }
    }

    /// Ends the flows, and says in the header what they came to; a classic file is then complete, but for its name. If
    /// this fails it may be called again.
    pub fn finish(&mut self, end: i64, total: &Counters) -> io::Result<()> {
        if !self.ended {
            if let Some(zlib) = &mut self.zlib {
                zlib.finish(&mut self.pending);
            }
            self.ended = true;
        }
        self.write_out()?;
        let count = |now: u64, base: u64| Some(now.saturating_sub(base));
        let info = &mut self.options.info;
        info.end = Some(end as u32);
        info.flags |= flags::DONE;
        info.flows = count(self.flows, 0);
        info.lost = count(total.lost, self.base.lost);
        info.misordered = count(total.misordered, self.base.misordered);
        info.corrupt = count(total.corrupt, self.base.corrupt);
        info.resets = count(total.resets, self.base.resets);
        match self.is_rough() {
            true => Ok(()),
            false => self.file.write_all_at(&self.options.header(), 0),
        }
    }

    /// Names a finished classic file as complete, never over a file that is there; says its name. A modern one has
    /// to be [refined](Capture::into_rough) first.
    pub fn name_finished(&mut self) -> io::Result<Option<PathBuf>> {
        if self.is_rough() {
            return Ok(None);
        }
        if self.whereabouts()? != Whereabouts::There {
            self.rescue()?;
        }
        self.finished = free(&self.finished);
        fs::rename(&self.path, &self.finished)?;
        Ok(Some(self.finished.clone()))
    }

    /// The finished flows, to be made full blocks of.
    pub fn into_rough(self) -> Rough {
        Rough { file: self.file, path: self.path, options: self.options }
    }

    /// Whether the file is still where it was made.
    pub fn whereabouts(&self) -> io::Result<Whereabouts> {
        let ours = self.file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => Ok(Whereabouts::There),
            Err(e) if e.kind() != io::ErrorKind::NotFound && e.kind() != io::ErrorKind::NotADirectory => Err(e),
            _ if ours.nlink() == 0 => Ok(Whereabouts::Deleted),
            _ => Ok(Whereabouts::Moved),
        }
    }

    /// Somebody deleted the file, or moved it or its folder away: makes it anew in its place, with everything that
    /// has been written, and goes on there.
    pub fn rescue(&mut self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let path = free(&self.path);
        let Some(mut file) = exclusive(&path)? else { return Err(io::ErrorKind::AlreadyExists.into()) };
        let copied = (&*self.file)
            .seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(&mut (&*self.file).take(self.at), &mut &*file))
            .and_then(|_| file.flush());
        if let Err(error) = copied {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        (self.file, self.path) = (file, path);
        Ok(())
    }
}

/// Where a file is that we have open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whereabouts {
    /// Where it was made.
    There,
    /// Somewhere else.
    Moved,
    /// Nowhere: it goes when we close it.
    Deleted,
}

/// Makes and locks the unfinished file of a name; `None` if the name is taken.
fn claim(making: &Making, name: &FileName) -> io::Result<Option<(Flock<File>, PathBuf, PathBuf)>> {
    let folder = making.folder.join(making.nesting.folder(name));
    // The archive's own folder is made again too: it was there when we started.
    fs::create_dir_all(&folder)?;
    let finished = folder.join(name.text(State::Finished));
    if fs::symlink_metadata(&finished).is_ok() {
        return Ok(None);
    }
    let path = folder.join(name.text(State::Unfinished));
    Ok(exclusive(&path)?.map(|file| (file, path, finished)))
}

/// Makes and locks a file; `None` if there is one. The lock says that its writer is alive.
fn exclusive(path: &Path) -> io::Result<Option<Flock<File>>> {
    let file = match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(e) => return Err(e),
    };
    let locked = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(locked) => locked,
        // Another collector, starting, took it for a leftover.
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => return Ok(None),
        Err((_, error)) => return Err(error.into()),
    };
    // ... and may have removed it, being empty, before we had the lock.
    Ok((locked.metadata()?.nlink() > 0).then_some(locked))
}

/// The path itself if no file has it, or else the same name some seconds later.
pub(super) fn free(path: &Path) -> PathBuf {
    let mut found = path.to_owned();
    let parsed = path.file_name().and_then(|n| n.to_str()).and_then(FileName::parse);
    if let Some((mut name, state)) = parsed {
        while fs::symlink_metadata(&found).is_ok() {
            name.start += 1;
            found.set_file_name(name.text(state));
        }
    }
    found
}

/// Writes all of `octets` at `at`, which advances by what was taken.
fn write_at(file: &File, octets: &[u8], at: &mut u64) -> io::Result<()> {
    let mut rest = octets;
    while !rest.is_empty() {
        match file.write_at(rest, *at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                *at += n as u64;
                rest = rest.get(n..).unwrap_or_default();
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
