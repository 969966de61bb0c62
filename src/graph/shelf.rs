//! A folder of RRDs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::words::folder_name;
use super::{Error, Layout, Refusal, Rrdtool, Update, file_name};

/// A folder of RRDs, each by its name: made when there is something to put in, and updated in order of time.
#[derive(Debug)]
pub struct Shelf {
    tool: Rrdtool,
    folder: PathBuf,
    /// Whether a name may have a folder's name before a `/`.
    nested: bool,
    known: HashMap<String, State>,
    problems: Vec<String>,
}

/// What is known of an RRD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It is not there yet.
    Absent,
    /// Its last update.
    Last(i64),
    /// rrdtool refused it: it is left alone.
    Stopped,
}

/// What became of updates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Put {
    /// Whether the RRD was made for them.
    pub made: bool,
    /// Updates left out: they are not later than what the RRD has.
    pub late: usize,
}

impl Shelf {
    /// Starts rrdtool for a folder of RRDs.
    ///
    /// # Errors
    ///
    /// There is no rrdtool; the folder's name cannot be said to it.
    pub fn open(folder: &Path) -> Result<Shelf, Error> {
        if folder.to_str().is_none() {
            return Err(Error::Word(folder.to_string_lossy().into_owned()));
        }
        let folder = folder.to_owned();
        Ok(Shelf { tool: Rrdtool::start()?, folder, nested: false, known: HashMap::new(), problems: Vec::new() })
    }

    /// The same with folders in it: what stands before a `/` in a name is the folder, which must be there.
    pub fn nested(self) -> Shelf {
        Shelf { nested: true, ..self }
    }

    fn file(&self, name: &str) -> String {
        let path = match name.split_once('/').filter(|_| self.nested) {
            Some((folder, name)) => self.folder.join(folder_name(folder)).join(file_name(name)),
            None => self.folder.join(file_name(name)),
        };
        path.to_string_lossy().into_owned()
    }

    /// Learns what there is of those names that are new, all at once. Names are looked up as they are first put, too.
    ///
    /// # Errors
    ///
    /// rrdtool is gone.
    pub fn look<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<(), Error> {
        let (mut there, mut files) = (Vec::new(), Vec::new());
        for name in names {
            if self.known.contains_key(name) {
                continue;
            }
            let file = self.file(name);
            // Whatever else stands in a file's way is rrdtool's to say.
            let absent = !Path::new(&file).try_exists().unwrap_or(true);
            self.known.insert(name.to_owned(), State::Absent);
            if !absent {
                there.push(name);
                files.push(file);
            }
        }
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        for ((name, file), last) in there.into_iter().zip(&files).zip(self.tool.last(&files)?) {
            let state = last.map_or_else(
                |why| {
                    self.problems.push(Refusal { file: (*file).to_owned(), why }.to_string());
                    State::Stopped
                },
                State::Last,
            );
            self.known.insert(name.to_owned(), state);
        }
        Ok(())
    }

    /// The files that are not there of some names.
    pub fn absent<'n>(&self, names: &'n [String]) -> impl Iterator<Item = (&'n String, PathBuf)> {
        let files = names.iter().map(|name| (name, PathBuf::from(self.file(name))));
        files.filter(|(_, file)| file.try_exists().is_ok_and(|there| !there))
    }

    /// Looks anew for RRDs of some names that somebody took away: they are made again.
    pub fn recall(&mut self, names: &[String]) {
        let gone: Vec<&String> = self.absent(names).map(|(name, _)| name).collect();
        for name in gone {
            self.known.remove(name);
        }
    }

    /// Looks for an RRD with other steps than these (seconds) among those that are there of some names: its file, and
    /// its steps. What rrdtool refuses to tell of is left to [`Shelf::look`].
    ///
    /// # Errors
    ///
    /// rrdtool is gone.
    pub fn other_step(&mut self, names: &[String], step: u64) -> Result<Option<(PathBuf, u64)>, Error> {
        let files: Vec<String> = names.iter().map(|name| self.file(name)).collect();
        let there: Vec<&str> = files.iter().map(String::as_str).filter(|file| Path::new(file).is_file()).collect();
        let steps = self.tool.steps(&there)?;
        let other =
            there.iter().zip(steps).find_map(|(file, has)| has.ok().filter(|has| *has != step).map(|has| (file, has)));
        Ok(other.map(|(file, has)| (PathBuf::from(file), has)))
    }

    /// Puts values into the RRD of a name: `updates`, in order of time, say what there was since `since`. If there is
    /// no RRD yet it is made, with a layout that begins then. If there is one and it ends before, the time between is
    /// unknown, where it is `apart`; else the first update goes on from the last one.
    ///
    /// # Errors
    ///
    /// rrdtool is gone. What it refuses is among the problems in the end.
    pub fn put(
        &mut self,
        name: &str,
        layout: &Layout,
        apart: bool,
        since: i64,
        updates: &[Update],
    ) -> Result<Put, Error> {
        self.look([name])?;
        let state = self.known.get(name).copied().unwrap_or(State::Absent);
        let file = self.file(name);
        let sources: Vec<&str> = layout.sources.iter().map(|source| source.name.as_str()).collect();
        let made = state == State::Absent;
        let last = match state {
            State::Stopped => return Ok(Put { made, late: 0 }),
            State::Last(last) => last,
            State::Absent => {
                self.tool.create(&file, &Layout { start: since, ..layout.clone() })?;
                since
            }
        };
        let late = updates.iter().take_while(|update| update.time <= last).count();
        let later = updates.get(late..).unwrap_or_default();
        let Some(newest) = later.last() else { return Ok(Put { made, late }) };
        if apart && last < since {
            let gap = Update { time: since, values: vec![f64::NAN; sources.len()] };
            self.tool.update(&file, &sources, &[gap])?;
        }
        self.tool.update(&file, &sources, later)?;
        self.known.insert(name.to_owned(), State::Last(newest.time));
        Ok(Put { made, late })
    }

    /// What was wrong so far, since this was last asked.
    pub fn problems(&mut self) -> Vec<String> {
        std::mem::take(&mut self.problems)
    }

    /// Waits until all is written. RRDs that were refused something are left alone from now on.
    ///
    /// # Errors
    ///
    /// rrdtool is gone.
    pub fn settle(&mut self) -> Result<(), Error> {
        let refusals = self.tool.settle()?;
        if refusals.is_empty() {
            return Ok(());
        }
        // Refusals come by file; the first of each says why.
        let names: HashMap<String, String> = self.known.keys().map(|name| (self.file(name), name.clone())).collect();
        for refusal in refusals {
            let Some(state) = names.get(&refusal.file).and_then(|name| self.known.get_mut(name)) else { continue };
            if *state != State::Stopped {
                *state = State::Stopped;
                self.problems.push(refusal.to_string());
            }
        }
        Ok(())
    }

    /// Waits until all is written, and says what rrdtool refused: a line an RRD.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or ended with an error.
    pub fn finish(mut self) -> Result<Vec<String>, Error> {
        self.settle()?;
        self.tool.finish()?;
        Ok(self.problems)
    }
}
