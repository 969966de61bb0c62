//! What a killed collector left behind: its unfinished files are completed and named as complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::{Decompress, FlushDecompress, Status};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::capture::free;
use super::refine::{Refined, Rough};
use super::zlib::{self, Adler, SYNC, Zlib};
use crate::file::archive::{FileName, State};
use crate::file::{Error, WriteOptions, read_info};
use crate::flow::{Order, StreamInfo, flags};

/// What became of an unfinished file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is complete now, and has this name and so many flows.
    Finished(PathBuf, u64),
    /// It is complete now, but could not be read to its end: name, flows, and what is wrong with it.
    Salvaged(PathBuf, u64, String),
    /// It was empty, and is gone.
    Empty,
    /// Another collector is writing it, or we are being stopped: left as it is.
    Left,
}

/// Octets read at a time.
const CHUNK: usize = 256 << 10;
/// The level at which records are compressed that have to be written anew.
const LEVEL: u8 = 6;

/// Completes one unfinished file, unless it is being written: counts its flows, ends its zlib stream, completes its
/// header (the capture's end is when it was last written) and renames it. Gives up, leaving it as it is, when `stop`
/// is raised. Of a modern file's quick blocks full ones are made, as `modern` says.
///
/// # Errors
/// If it is no flow file, or the system refuses; it is then left as it is.
pub fn recover(path: &Path, modern: &WriteOptions, stop: &AtomicBool) -> Result<Outcome, Error> {
    let name = path.display().to_string();
    let io = |e: io::Error| Error::io(&name, e);
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Left),
        other => other.map_err(io)?,
    };
    let file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(locked) => locked,
        Err((_, Errno::EWOULDBLOCK)) => return Ok(Outcome::Left),
        Err((_, error)) => return Err(io(error.into())),
    };
    let status = file.metadata().map_err(io)?;
    if status.len() == 0 {
        fs::remove_file(path).map_err(io)?;
        return Ok(Outcome::Empty);
    }
    let info = read_info(path)?;
    let flows = match info.flows {
        // Only the renaming was left to do.
        Some(flows) if info.is(flags::DONE) => Some(flows),
        _ if info.stream_version == 4 => {
            let end = Some(status.mtime() as u32);
            let options = WriteOptions { info: StreamInfo { end, ..info }, ..modern.clone() };
            let rough = Rough { file, path: path.to_owned(), options };
            return match rough.refine(&|| stop.load(Ordering::Relaxed)).map_err(io)? {
                Some(Refined { path, flows, damage: None }) => Ok(Outcome::Finished(path, flows)),
                Some(Refined { path, flows, damage: Some((error, kept)) }) => {
                    let why = format!("{error}; what could not be read is kept in {}", kept.display());
                    Ok(Outcome::Salvaged(path, flows, why))
                }
                None => Ok(Outcome::Left),
            };
        }
        _ => complete(&file, path, &info, status.mtime(), stop).map_err(io)?,
    };
    let Some(flows) = flows else { return Ok(Outcome::Left) };
    let finished = finished(path).ok_or_else(|| Error::format(&name, "", "not the name of an unfinished file"))?;
    fs::rename(path, &finished).map_err(io)?;
    Ok(Outcome::Finished(finished, flows))
}

/// The name as complete of an unfinished file, or the next that is free.
pub(super) fn finished(path: &Path) -> Option<PathBuf> {
    let (name, _) = FileName::parse(path.file_name()?.to_str()?)?;
    Some(free(&path.with_file_name(name.text(State::Finished))))
}

/// Completes records and header; says how many flows there are, `None` if stopped.
fn complete(file: &File, path: &Path, info: &StreamInfo, end: i64, stop: &AtomicBool) -> io::Result<Option<u64>> {
    let Some(version) = info.version.filter(|_| info.stream_version == 3) else {
        return Err(io::Error::other("not a file of stream version 3"));
    };
    let mut start = [0; 8];
    file.read_exact_at(&mut start, 0)?;
    let order = info.order.unwrap_or(Order::HOST);
    let length = [start[4], start[5], start[6], start[7]];
    let header = if order == Order::Little { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
    let header = u64::from(header);
    let level = if info.is(flags::COMPRESSED) { LEVEL } else { 0 };
    let done = |flows: u64| {
        let flows = Some(flows);
        let info = StreamInfo { flows, end: Some(end as u32), flags: info.flags | flags::DONE, ..info.clone() };
        WriteOptions { order, level, ..WriteOptions::new(version, info) }.header()
    };
    let size = version.layout().size as u64;
    let found = match level {
        0 => {
            let octets = file.metadata()?.len().saturating_sub(header);
            Some(Found { octets, in_place: true, tail: Vec::new(), cut: header + octets / size * size })
        }
        _ => inflate_all(file, header, stop)?,
    };
    let Some(found) = found else { return Ok(None) };
    let flows = found.octets / size;
    let new = done(flows);
    let whole = level == 0 || found.octets % size == 0;
    if found.in_place && whole && new.len() as u64 == header {
        // The order matters: whenever we are interrupted, what lies there is still an unfinished file.
        file.set_len(found.cut)?;
        file.write_all_at(&found.tail, found.cut)?;
        file.write_all_at(&new, 0)?;
        return Ok(Some(flows));
    }
    let written = rewrite(file, path, header, &new, flows * size, level, stop)?;
    Ok(written.then_some(flows))
}

/// What a file holds.
struct Found {
    /// Octets of records.
    octets: u64,
    /// Whether it is sound up to `cut`, and complete with `tail` behind that.
    in_place: bool,
    cut: u64,
    tail: Vec<u8>,
}

/// Inflates the records to the end or the first damage; `None` if stopped.
fn inflate_all(file: &File, header: u64, stop: &AtomicBool) -> io::Result<Option<Found>> {
    let mut records = Records::zlib(file, header)?;
    let mut sum = Adler::default();
    let mut out = Vec::with_capacity(CHUNK);
    while records.next(&mut out)? {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        sum.add(&out);
    }
    let octets = records.octets;
    let tail = if records.ended { Vec::new() } else { zlib::end(&sum).to_vec() };
    let in_place = records.ended || (records.last == SYNC && records.ends_with(&tail));
    Ok(Some(Found { octets, in_place, cut: records.at, tail }))
}

/// Writes the records, as far as they are sound, to a new file in the old one's place; `false` if stopped.
fn rewrite(
    file: &File,
    path: &Path,
    header: u64,
    new: &[u8],
    octets: u64,
    level: u8,
    stop: &AtomicBool,
) -> io::Result<bool> {
    // A name that no program takes for an archive's.
    let beside = path.with_file_name(format!(".{}", path.file_name().unwrap_or_default().to_string_lossy()));
    let mut to = File::create(&beside)?;
    let copied = to.write_all(new).and_then(|()| copy(file, &mut to, header, octets, level, stop));
    match copied {
        Ok(true) => fs::rename(&beside, path).map(|()| true),
        other => {
            let _ = fs::remove_file(&beside);
            other
        }
    }
}

fn copy(file: &File, to: &mut File, header: u64, octets: u64, level: u8, stop: &AtomicBool) -> io::Result<bool> {
    let (mut made, mut out, mut left) = (Vec::new(), Vec::with_capacity(CHUNK), octets);
    let mut zlib = (level > 0).then(|| Zlib::new(level, &mut made));
    let mut records = if level > 0 { Records::zlib(file, header)? } else { Records::plain(file, header)? };
    while left > 0 && records.next(&mut out)? {
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        out.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= out.len() as u64;
        match &mut zlib {
            None => to.write_all(&out)?,
            Some(zlib) => {
                zlib.append(&out, &mut made)?;
                to.write_all(&made)?;
                made.clear();
            }
        }
    }
    if let Some(zlib) = &mut zlib {
        zlib.finish(&mut made);
        to.write_all(&made)?;
    }
    Ok(true)
}

/// Records being read, compressed or not, as far as they are sound.
struct Records<'a> {
    file: &'a File,
    zlib: Option<Decompress>,
    input: Vec<u8>,
    used: usize,
    /// Offset in the file behind what has been used.
    at: u64,
    /// The last four octets used.
    last: [u8; 4],
    /// Octets of records so far.
    octets: u64,
    /// Whether the zlib stream came to its end.
    ended: bool,
    damaged: bool,
}

impl<'a> Records<'a> {
    fn plain(file: &'a File, header: u64) -> io::Result<Records<'a>> {
        let mut at_header = file;
        at_header.seek(SeekFrom::Start(header))?;
        Ok(Records {
            file,
            zlib: None,
            input: Vec::new(),
            used: 0,
            at: header,
            last: [1; 4],
            octets: 0,
            ended: false,
            damaged: false,
        })
    }

    fn zlib(file: &'a File, header: u64) -> io::Result<Records<'a>> {
        Ok(Records { zlib: Some(Decompress::new(true)), ..Records::plain(file, header)? })
    }

    /// The next octets, in `out`; `false` if there are no more.
    fn next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        out.clear();
        out.reserve(CHUNK);
        while out.is_empty() && !self.ended && !self.damaged {
            if self.used == self.input.len() {
                self.input.clear();
                self.used = 0;
                let mut file = self.file;
                if (&mut file).take(CHUNK as u64).read_to_end(&mut self.input)? == 0 {
                    return Ok(false);
                }
            }
            match &mut self.zlib {
                None => out.append(&mut self.input),
                Some(zlib) => {
                    let before = zlib.total_in();
                    let input = self.input.get(self.used..).unwrap_or_default();
                    let status = zlib.decompress_vec(input, out, FlushDecompress::None);
                    let took = (zlib.total_in() - before) as usize;
                    for octet in input.iter().take(took).skip(took.saturating_sub(4)) {
                        self.last.rotate_left(1);
                        self.last[3] = *octet;
                    }
                    self.used += took;
                    self.at += took as u64;
                    self.ended = matches!(status, Ok(Status::StreamEnd));
                    self.damaged = status.is_err();
                }
            }
        }
        self.octets += out.len() as u64;
        Ok(!out.is_empty())
    }

    /// Whether the stream ends soundly with `tail` behind what has been read.
    fn ends_with(&mut self, tail: &[u8]) -> bool {
        let mut none = Vec::with_capacity(16);
        let status = self.zlib.as_mut().map(|z| z.decompress_vec(tail, &mut none, FlushDecompress::Finish));
        !self.damaged && matches!(status, Some(Ok(Status::StreamEnd))) && none.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Form, Version};
    use proptest::prelude::*;

    const NAME: &str = "tmp-v05.2026-01-01.000000+0000";

    /// An unfinished file of version 5: so many records, compressed in segments as a capture is, or not.
    fn file(records: usize, compressed: bool) -> Vec<u8> {
        let (start, flows) = (Some(1), Some(0));
        let level = if compressed { 1 } else { 0 };
        let info = StreamInfo { start, end: start, flows, ..StreamInfo::default() };
        let mut out = WriteOptions { level, ..WriteOptions::new(Version::V5, info) }.header();
        let octets: Vec<u8> =
            (0..records as u32 * 16).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        if compressed {
            let mut zlib = Zlib::new(1, &mut out);
            octets.chunks(6400).for_each(|part| zlib.append(part, &mut out).unwrap());
        } else {
            out.extend(octets);
        }
        out
    }

    fn modern() -> WriteOptions {
        WriteOptions::new(Form::Modern, StreamInfo::default())
    }

    fn recovered(content: &[u8]) -> (tempfile::TempDir, Result<Outcome, Error>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), content).unwrap();
        let result = recover(&folder.path().join(NAME), &modern(), &AtomicBool::new(false));
        (folder, result)
    }

    #[test]
    fn a_file_cut_anywhere_keeps_what_came_before() {
        for compressed in [false, true] {
            let whole = file(250, compressed);
            let mut most = 0;
            for cut in (0..=whole.len()).step_by(397).chain([whole.len()]) {
                let (folder, result) = recovered(&whole[..cut]);
                match result {
                    Ok(Outcome::Finished(path, flows)) => {
                        let scan =
                            crate::file::Scan::open(&crate::file::Inputs::of(std::slice::from_ref(&path))).unwrap();
                        let (sums, summary) = scan.fold(|| 0, |sum: &mut u64, batch| *sum += batch.len() as u64);
                        assert!(summary.problems.is_empty(), "{cut}: {:?}", summary.problems);
                        assert_eq!((sums.iter().sum(), read_info(&path).unwrap().flows), (flows, Some(flows)));
                        assert!(flows >= most, "{cut}: {flows} after {most}");
                        most = flows;
                    }
                    Ok(Outcome::Empty) => assert_eq!(cut, 0),
                    Ok(Outcome::Left | Outcome::Salvaged(..)) => panic!("nobody writes it, and it is classic"),
                    // Within the header.
                    Err(_) => assert!(most == 0 && folder.path().join(NAME).exists()),
                }
            }
            assert_eq!(most, 250);
        }
    }

    #[test]
    fn a_file_that_is_being_written_or_a_collector_that_ends_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        fs::write(&path, file(10, true)).unwrap();
        assert!(matches!(recover(&path, &modern(), &AtomicBool::new(true)), Ok(Outcome::Left)));
        let writer = Flock::lock(File::open(&path).unwrap(), FlockArg::LockExclusiveNonblock).unwrap();
        assert!(matches!(recover(&path, &modern(), &AtomicBool::new(false)), Ok(Outcome::Left)));
        drop(writer);
        assert!(matches!(recover(&path, &modern(), &AtomicBool::new(false)), Ok(Outcome::Finished(_, 10))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_does_no_harm(at in 0usize..20_000, octets in proptest::collection::vec(any::<u8>(), 1..40), compressed: bool) {
            let mut content = file(200, compressed);
            let at = at % content.len();
            let end = (at + octets.len()).min(content.len());
            content[at..end].copy_from_slice(&octets[..end - at]);
            let (_folder, result) = recovered(&content);
            if let Ok(Outcome::Finished(path, flows)) = result {
                prop_assert!(flows <= 200 || read_info(&path).is_ok());
            }
        }
    }
}
