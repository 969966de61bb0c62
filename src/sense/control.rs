//! The control socket: one command a connection, a line; the answer is text, and its end that of the connection. So
//! flow-sensorctl and softflowctl both speak to both sensors.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::fcntl::AtFlags;
use nix::sys::stat::{Mode, fstatat, umask};
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::Sensor;
use super::command::{self, Reply};

/// A client has to say its command within so long: others wait meanwhile.
const HEARING: Duration = Duration::from_secs(1);
/// A client that takes nothing of its answer for so long gets no more of it.
const TAKING: Duration = Duration::from_secs(1);
/// The same for long answers, which nobody waits for: they may be read page by page.
const READING: Duration = Duration::from_secs(600);
/// Long answers written at a time.
const WRITERS: usize = 4;
/// The longest command, in octets.
const LINE: usize = 4096;

/// A control socket that is open.
pub struct Control {
    listener: UnixListener,
    place: Place,
}

/// Where a socket lies. It is removed when this is dropped, as far as we may by then.
pub struct Place {
    /// The folder, which stays ours though another root may hide its path.
    folder: File,
    name: OsString,
    /// The file's number: another sensor may have put its own there.
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let ours = fstatat(&self.folder, self.name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .is_ok_and(|found| found.st_ino == self.number);
        if ours {
            // We may not have the right any more; the next sensor replaces what nobody listens to.
            let _ = unlinkat(&self.folder, self.name.as_os_str(), UnlinkatFlags::NoRemoveDir);
        }
    }
}

impl Control {
    /// Opens it, for its owner only. One that a sensor left behind is replaced, one that is served is not.
    pub fn bind(path: &Path) -> Result<Control, String> {
        let failed = |error: io::Error| format!("control socket {}: {error}", path.display());
        make_way(path)?;
        let (folder, name) = place(path).map_err(failed)?;
        // Rights are there from the beginning.
        let usual = umask(Mode::from_bits_truncate(0o177));
        let listener = UnixListener::bind(path);
        umask(usual);
        let listener = listener.map_err(failed)?;
        let number = path.symlink_metadata().map_err(failed)?.ino();
        Ok(Control { listener, place: Place { folder, name, number } })
    }
}

/// The folder and the name of a path.
fn place(path: &Path) -> io::Result<(File, OsString)> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
    let name = path.file_name().ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
    Ok((File::open(folder)?, name.to_owned()))
}

/// Removes a socket that nobody listens to.
fn make_way(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("control socket {shown}: {error}")),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(format!("control socket {shown}: there is a file that is no socket; give another path (-c)"));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|e| format!("control socket {shown}: {e}"))
        }
        Ok(_) | Err(_) => Err(format!("control socket {shown}: another sensor listens there; give another path (-c)")),
    }
}

/// Serves commands in a thread of its own for as long as the program runs. The socket is removed with what is returned.
pub fn serve(control: Control, sensor: Arc<Sensor>) -> io::Result<Place> {
    let Control { listener, place } = control;
    std::thread::Builder::new().name("control".into()).spawn(move || {
        let writers = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => {
                    // Who asked has gone, or is too slow: nobody else has to know.
                    let _ = attend(stream, &sensor, &writers);
                }
                // Out of descriptors, say: that may pass.
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    })?;
    Ok(place)
}

/// Hears one command and answers it.
fn attend(mut stream: UnixStream, sensor: &Arc<Sensor>, writers: &Arc<AtomicUsize>) -> io::Result<()> {
    let Some(line) = hear(&mut stream)? else { return Ok(()) };
    let reply = command::answer(sensor, &line);
    stream.set_write_timeout(Some(TAKING))?;
    let free = || writers.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| (n < WRITERS).then_some(n + 1)).is_ok();
    if !reply.is_long() || !free() {
        let written = write(&stream, &reply);
        drop(stream);
        reply.finish(sensor);
        return written;
    }
    let writers = writers.clone();
    let writing = std::thread::Builder::new().name("answer".into()).spawn({
        let writers = writers.clone();
        move || {
            let _ = stream.set_write_timeout(Some(READING)).and_then(|()| write(&stream, &reply));
            writers.fetch_sub(1, Ordering::SeqCst);
        }
    });
    if writing.is_err() {
        writers.fetch_sub(1, Ordering::SeqCst);
    }
    writing.map(drop)
}

fn write(stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, stream);
    reply.write(&mut out)?;
    out.flush()
}

/// A command: a line, or what came before the client's end of the connection. `None` if nothing was said in time.
fn hear(stream: &mut UnixStream) -> io::Result<Option<String>> {
    let until = Instant::now() + HEARING;
    let (mut line, mut octets) = (Vec::new(), [0; 512]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        stream.set_read_timeout(Some(left))?;
        let read = stream.read(&mut octets)?;
        let read = octets.get(..read).unwrap_or_default();
        line.extend_from_slice(read);
        if let Some(end) = line.iter().position(|octet| *octet == b'\n') {
            line.truncate(end);
        } else if !read.is_empty() && line.len() < LINE {
            continue;
        } else if line.is_empty() || line.len() >= LINE {
            return Ok(None);
        }
        return Ok(Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard of what a client says.
    fn heard(says: &[&[u8]], ends: bool) -> Option<String> {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let says: Vec<Vec<u8>> = says.iter().map(|part| part.to_vec()).collect();
        let client = std::thread::spawn(move || {
            for part in says {
                let _ = theirs.write_all(&part);
                std::thread::sleep(Duration::from_millis(5));
            }
            if !ends {
                std::thread::sleep(Duration::from_millis(1500));
            }
        });
        let line = hear(&mut ours).ok().flatten();
        drop(ours);
        client.join().unwrap();
        line
    }

    #[test]
    fn a_line_is_heard_however_it_comes() {
        assert_eq!(heard(&[b"statistics\n"], true).as_deref(), Some("statistics"));
        assert_eq!(heard(&[b"stat", b"istics\r\nexit\n"], true).as_deref(), Some("statistics"));
        assert_eq!(heard(&[b"statistics"], true).as_deref(), Some("statistics"));
        assert_eq!(heard(&[b"\n"], true).as_deref(), Some(""));
        assert_eq!(heard(&[], true), None);
        assert_eq!(heard(&[&[b'x'; 5000]], true), None);
        assert_eq!(heard(&[b"statistics"], false), None);
    }

    #[test]
    fn only_what_nobody_listens_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let control = Control::bind(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let refused = Control::bind(&path).err().unwrap();
        assert!(refused.contains("another sensor listens there"), "{refused}");
        drop(control);
        assert!(!path.exists());
        // As a sensor that was killed leaves it.
        drop(UnixListener::bind(&path).unwrap());
        let control = Control::bind(&path).unwrap();
        // Somebody else has put his own there.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "other").unwrap();
        drop(control);
        assert!(path.exists());
        assert!(Control::bind(&path).err().unwrap().contains("no socket"));
        assert!(Control::bind(&folder.path().join("no/such")).err().unwrap().contains("/no/such: No such file"));
    }
}
