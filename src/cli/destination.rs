//! Where a report goes to: standard output, a file, a command.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Local};

use super::Failure;

/// Where a report goes to, opened.
pub struct Destination {
    name: String,
    writer: Box<dyn Write>,
    child: Option<Child>,
}

impl Destination {
    /// Opens a path: a file, of which missing folders are made; behind `|` a command, which gets the report as its
    /// input; standard output for `-`, or without a path. Words such as `%Y` stand for parts of `time`, local.
    ///
    /// # Errors
    ///
    /// The path has a `%` that stands for nothing; the file cannot be made, the command not be started.
    pub fn open(path: Option<&str>, time: DateTime<Local>) -> Result<Destination, Failure> {
        let Some(path) = path.filter(|path| *path != "-") else {
            let name = "standard output".to_owned();
            return Ok(Destination { name, writer: Box::new(io::stdout()), child: None });
        };
        let path = dated(path, time)?;
        match path.strip_prefix('|') {
            Some(command) => Destination::command(command.trim()),
            None => Destination::file(path),
        }
    }

    fn file(path: String) -> Result<Destination, Failure> {
        let fail = |error: io::Error| Failure::Failed(format!("{path}: {error}"));
        if let Some(folder) = Path::new(&path).parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        let writer = Box::new(BufWriter::new(File::create(&path).map_err(fail)?));
        Ok(Destination { name: path, writer, child: None })
    }

    fn command(command: &str) -> Result<Destination, Failure> {
        let name = format!("|{command}");
        // What was written before stands before what the command writes.
        io::stdout().flush().map_err(Failure::stdout)?;
        let started = Command::new("/bin/sh").arg("-c").arg(command).stdin(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
        let writer: Box<dyn Write> = match child.stdin.take() {
            Some(stdin) => Box::new(BufWriter::new(stdin)),
            None => Box::new(io::sink()),
        };
        Ok(Destination { name, writer, child: Some(child) })
    }

    /// Writes to it by `write`, and closes it. A command is waited for; it may read as much as it likes.
    ///
    /// # Errors
    ///
    /// What could not be written; a command that failed.
    pub fn write(mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        let written = write(&mut self.writer).and_then(|()| self.writer.flush());
        drop(self.writer);
        let Some(mut child) = self.child else {
            return written.map_err(|error| Failure::io(&self.name, &error));
        };
        let ended = child.wait().map_err(|error| Failure::Failed(format!("{}: {error}", self.name)))?;
        if !ended.success() {
            return Err(Failure::Failed(format!("{}: the command ended with {ended}", self.name)));
        }
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::Failed(format!("{}: {error}", self.name)))
            }
            _ => Ok(()),
        }
    }
}

/// A path with parts of a time in it, as strftime(3) has them.
fn dated(path: &str, time: DateTime<Local>) -> Result<String, Failure> {
    let items: Vec<Item<'_>> = StrftimeItems::new(path).collect();
    if items.iter().any(|item| matches!(item, Item::Error)) {
        return Err(Failure::Usage(format!("path '{path}': expected % before a letter that strftime knows")));
    }
    Ok(time.format_with_items(items.iter()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time() -> DateTime<Local> {
        DateTime::from_timestamp(1_767_225_600, 0).unwrap().with_timezone(&Local)
    }

    #[test]
    fn a_file_s_folders_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("{}/%Y/%m/top.csv", folder.path().display());
        Destination::open(Some(&path), time()).unwrap().write(|out| out.write_all(b"x\n")).unwrap();
        let made = format!("{}/{}/top.csv", folder.path().display(), time().format("%Y/%m"));
        assert_eq!(fs::read_to_string(made).unwrap(), "x\n");
        let Err(Failure::Usage(why)) = Destination::open(Some("/tmp/%~"), time()) else { panic!("opened") };
        assert!(why.contains("strftime"), "{why}");
    }

    #[test]
    fn a_command_gets_the_report_and_may_fail() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("| sort > {}/sorted", folder.path().display());
        Destination::open(Some(&path), time()).unwrap().write(|out| out.write_all(b"b\na\n")).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("sorted")).unwrap(), "a\nb\n");
        let end = Destination::open(Some("|exit 3"), time()).unwrap().write(|_| Ok(()));
        let Err(Failure::Failed(why)) = end else { panic!("fine") };
        assert!(why.contains("exit 3: the command ended"), "{why}");
        let much = |out: &mut dyn Write| (0..100_000).try_for_each(|_| out.write_all(b"0123456789"));
        Destination::open(Some("|head -c 5 > /dev/null"), time()).unwrap().write(much).unwrap();
    }
}
