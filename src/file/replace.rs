//! Files that take the place of others.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file in the place of another: whoever reads it, even after a crash, finds one of them whole.
///
/// # Errors
///
/// The system refuses it; then the other is still there.
pub fn replace(path: &Path, octets: &[u8]) -> io::Result<()> {
    put(path, octets, true)
}

/// The same for what can be made again: the disk is not waited for, and a crash may leave neither.
///
/// # Errors
///
/// The system refuses it; then the other is still there.
pub fn replace_soon(path: &Path, octets: &[u8]) -> io::Result<()> {
    put(path, octets, false)
}

fn put(path: &Path, octets: &[u8], sync: bool) -> io::Result<()> {
    let new = beside(path, "new");
    // Whatever has this name is in the way: it may be a link that somebody laid.
    let _ = fs::remove_file(&new);
    write(&new, path, octets, sync).inspect_err(|_| {
        // What was written of it only takes space.
        let _ = fs::remove_file(&new);
    })
}

fn write(new: &Path, path: &Path, octets: &[u8], sync: bool) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).open(new)?;
    file.write_all(octets)?;
    if !sync {
        return fs::rename(new, path);
    }
    file.sync_data()?;
    fs::rename(new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(folder)?.sync_all() {
        // Not all file systems can do that to a folder.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        done => done,
    }
}

/// A path with a dot and an end behind its name.
pub fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_or_the_other_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        // A link that was laid leads nowhere.
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, beside(&path, "new")).unwrap();
        for text in ["one", "another"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
        // A folder stays where it is, and nothing beside it.
        let full = folder.path().join("folder");
        fs::create_dir_all(full.join("within")).unwrap();
        assert!(replace(&full, b"x").is_err());
        assert!(full.join("within").is_dir() && !beside(&full, "new").exists());
    }
}
