//! What a program was told to read.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::reader::FlowReader;
use super::{Error, archive};
use crate::flow::StreamInfo;

/// Standard input, or files and folders.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    paths: Vec<PathBuf>,
    unfinished: bool,
    /// When files may have begun, as far as their names say it: seconds since 1970, both ends included.
    begun: Option<(i64, i64)>,
}

impl Inputs {
    /// These files and folders (recursively, by name); nothing or `-` is standard input. In folders, names that begin
    /// with a dot or with `tmp` are left out.
    pub fn of(paths: &[PathBuf]) -> Inputs {
        match paths {
            [] => Inputs { paths: vec![PathBuf::from("-")], ..Inputs::default() },
            _ => Inputs { paths: paths.to_vec(), ..Inputs::default() },
        }
    }

    /// Whether folders' unfinished files (`tmp...`) are read too.
    pub fn unfinished(self, yes: bool) -> Inputs {
        Inputs { unfinished: yes, ..self }
    }

    /// Leaves out files whose names say that their capture began (seconds since 1970) before `from` or after `to`. If
    /// that is all of them, the last stays, for its header.
    pub fn begun(self, from: i64, to: i64) -> Inputs {
        Inputs { begun: Some((from, to)), ..self }
    }

    /// The files, folders walked; and what could not be walked.
    pub fn files(&self) -> (Vec<PathBuf>, Vec<Error>) {
        let (mut files, problems) = self.every_file();
        if let Some((from, to)) = self.begun {
            let last = files.last().cloned();
            files.retain(|file| begin(file).is_none_or(|start| (from..=to).contains(&start)));
            if files.is_empty() {
                files.extend(last);
            }
        }
        (files, problems)
    }

    /// As [`Inputs::files`], whatever their names say.
    pub fn every_file(&self) -> (Vec<PathBuf>, Vec<Error>) {
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        for path in &self.paths {
            if path.is_dir() {
                self.walk(path, &mut files, &mut problems);
            } else {
                files.push(path.clone());
            }
        }
        (files, problems)
    }

    fn walk(&self, folder: &Path, files: &mut Vec<PathBuf>, problems: &mut Vec<Error>) {
        let hidden = |name: &str| name.starts_with('.') || (!self.unfinished && archive::is_unfinished(name));
        let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|e| e.depth() == 0 || !hidden(&e.file_name().to_string_lossy())) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => files.push(entry.into_path()),
                Err(error) => {
                    let name = error.path().unwrap_or(folder).display().to_string();
                    problems.push(Error::format(name, "", error.to_string()));
                }
            }
        }
    }
}

/// When a file's capture began, if its name says it.
fn begin(file: &Path) -> Option<i64> {
    let name = file.file_name()?.to_str()?;
    archive::FileName::parse(name).map(|(name, _)| name.start)
}

/// A file's header.
pub fn read_info(path: &Path) -> Result<StreamInfo, Error> {
    FlowReader::open(path).map(|stream| stream.info().clone())
}
