//! The rrdtool process: what it can be asked.

use std::fmt::{self, Write};
use std::io;
use std::process::Command;

use super::layout::{Consolidation, Layout};
use super::pipe::{Answer, Pipe};
use super::words::{say, source_name};

/// Times in one update at most, so that no command grows without bound.
const TIMES: usize = 256;

/// Why rrdtool could not be asked, or what it said.
#[derive(Debug)]
pub enum Error {
    /// There is no rrdtool on this machine.
    Missing,
    /// It does not start.
    Start(io::Error),
    /// It ended before it was told to: how.
    Gone(String),
    /// A word that its command language cannot say.
    Word(String),
    /// It refused a question, in its own words.
    Refused(String),
    /// An answer that makes no sense.
    Answer(String),
    /// What was to be put into RRDs cannot be read.
    Input(io::Error),
}

impl Error {
    pub(super) fn start(error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::NotFound => Error::Missing,
            kind => Error::Start(io::Error::new(kind, error.to_string())),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Missing => write!(f, "rrdtool: not found: RRDs are its files; Debian's package is rrdtool"),
            Error::Start(error) => write!(f, "rrdtool: {error}"),
            Error::Gone(how) => write!(f, "rrdtool: ended unexpectedly: {how}"),
            Error::Word(word) => write!(f, "{word:?}: expected a name without line ends that rrdtool can be told"),
            Error::Refused(why) => write!(f, "{why}"),
            Error::Input(error) => write!(f, "{error}"),
            Error::Answer(answer) => write!(f, "rrdtool: unexpected answer: {answer}"),
        }
    }
}

impl std::error::Error for Error {}

/// A command on a file that rrdtool refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The RRD.
    pub file: String,
    /// Why, in rrdtool's words.
    pub why: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        // rrdtool names the file itself, but not always.
        if self.why.contains(&self.file) { f.write_str(&self.why) } else { write!(f, "{}: {}", self.file, self.why) }
    }
}

/// The values of an RRD's sources at some time.
#[derive(Clone, PartialEq, Debug)]
pub struct Update {
    /// Seconds since 1970.
    pub time: i64,
    /// One a source; not a number for what is unknown.
    pub values: Vec<f64>,
}

/// What an RRD holds of some time.
#[derive(Clone, PartialEq, Debug)]
pub struct Fetched {
    /// The names of the sources.
    pub sources: Vec<String>,
    /// The ends of steps or rows, seconds since 1970, each with a value a source; not a number where it is unknown.
    pub rows: Vec<(i64, Vec<f64>)>,
}

/// What a command was about.
#[derive(Debug)]
enum About {
    /// A file that is changed.
    Change(String),
    /// A question, by its place among those of one time.
    Question(usize),
}

/// A running rrdtool. Changes are sent ahead of their answers; what was refused is known after [`Rrdtool::settle`].
#[derive(Debug)]
pub struct Rrdtool {
    pipe: Pipe<About>,
    refusals: Vec<Refusal>,
    command: String,
}

impl Rrdtool {
    /// Starts rrdtool.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where it is not installed.
    pub fn start() -> Result<Rrdtool, Error> {
        let mut command = Command::new("rrdtool");
        command.arg("-").env("LC_ALL", "C");
        Ok(Rrdtool { pipe: Pipe::start(command)?, refusals: Vec::new(), command: String::new() })
    }

    /// Makes an RRD. One that is there already is not touched, which is a refusal.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a word cannot be said to it.
    pub fn create(&mut self, file: &str, layout: &Layout) -> Result<(), Error> {
        self.begin(&["create", &path(file), "--no-overwrite"])?;
        let command = &mut self.command;
        let _ = write!(command, " --start {} --step {}", layout.start, layout.step);
        for source in &layout.sources {
            let _ =
                write!(command, " DS:{}:{}:{}:0:U", source_name(&source.name), source.sort.word(), source.heartbeat);
        }
        for archive in &layout.archives {
            let _ = write!(command, " RRA:{}:0.5:{}:{}", archive.consolidation.word(), archive.steps, archive.rows);
        }
        self.change(file)
    }

    /// Puts values into an RRD, at times that ascend and are later than all it has. An RRD may have other sources too.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a word cannot be said to it.
    pub fn update(&mut self, file: &str, sources: &[&str], updates: &[Update]) -> Result<(), Error> {
        let template: Vec<String> = sources.iter().map(|name| source_name(name)).collect();
        let template = template.join(":");
        for updates in updates.chunks(TIMES) {
            self.begin(&["update", &path(file), "--template", &template])?;
            for update in updates {
                let _ = write!(self.command, " {}", update.time);
                for value in &update.values {
                    let _ =
                        if value.is_finite() { write!(self.command, ":{value}") } else { write!(self.command, ":U") };
                }
            }
            self.change(file)?;
        }
        Ok(())
    }

    /// The time of an RRD's last update, seconds since 1970; or why there is none.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a name cannot be said to it.
    pub fn last(&mut self, files: &[&str]) -> Result<Vec<Result<i64, String>>, Error> {
        let mut commands = Vec::with_capacity(files.len());
        for file in files {
            self.begin(&["last", &path(file)])?;
            commands.push(std::mem::take(&mut self.command));
        }
        let time = |answer: Answer| {
            answer.and_then(|text| text.trim().parse().map_err(|_| format!("expected a time, not {:?}", text.trim())))
        };
        Ok(self.ask(&commands)?.into_iter().map(time).collect())
    }

    /// The seconds of an RRD's steps; or why there are none.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or a name cannot be said to it.
    pub fn steps(&mut self, files: &[&str]) -> Result<Vec<Result<u64, String>>, Error> {
        let mut commands = Vec::with_capacity(files.len());
        for file in files {
            self.begin(&["info", &path(file)])?;
            commands.push(std::mem::take(&mut self.command));
        }
        let step = |answer: Answer| {
            let text = answer?;
            let step = text.lines().find_map(|line| line.strip_prefix("step = ")?.trim().parse().ok());
            step.ok_or_else(|| "expected a step".to_owned())
        };
        Ok(self.ask(&commands)?.into_iter().map(step).collect())
    }

    /// What an RRD holds of the time after `from` up to `to` (seconds since 1970), in rows of about `resolution`
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] in rrdtool's words; rrdtool is gone.
    pub fn fetch(
        &mut self,
        file: &str,
        consolidation: Consolidation,
        [from, to]: [i64; 2],
        resolution: u64,
    ) -> Result<Fetched, Error> {
        let [from, to, resolution] = [from.to_string(), to.to_string(), resolution.to_string()];
        let (file, word) = (path(file), consolidation.word());
        let text =
            self.command(&["fetch", &file, word, "--start", &from, "--end", &to, "--resolution", &resolution])?;
        fetched(&text).ok_or_else(|| Error::Answer(text.lines().next().unwrap_or_default().to_owned()))
    }

    /// Asks anything else (`graph`, `xport`, `info`): a command's words, each said as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] in rrdtool's words; rrdtool is gone.
    pub fn command(&mut self, words: &[&str]) -> Result<String, Error> {
        self.begin(words)?;
        let command = std::mem::take(&mut self.command);
        let answer = self.ask(&[command])?.pop();
        answer.unwrap_or_else(|| Err("no answer".into())).map_err(Error::Refused)
    }

    /// Waits until all changes are made, and says which were refused since this was last asked.
    ///
    /// # Errors
    ///
    /// rrdtool is gone.
    pub fn settle(&mut self) -> Result<Vec<Refusal>, Error> {
        let refusals = &mut self.refusals;
        self.pipe.hear(0, &mut |about, answer| note(refusals, about, answer))?;
        Ok(std::mem::take(&mut self.refusals))
    }

    /// The same, and rrdtool ends.
    ///
    /// # Errors
    ///
    /// rrdtool is gone, or ended with an error.
    pub fn finish(self) -> Result<Vec<Refusal>, Error> {
        let Rrdtool { pipe, mut refusals, .. } = self;
        pipe.finish(&mut |about, answer| note(&mut refusals, about, answer))?;
        Ok(refusals)
    }

    fn begin(&mut self, words: &[&str]) -> Result<(), Error> {
        self.command.clear();
        words.iter().try_for_each(|word| say(&mut self.command, word))
    }

    fn change(&mut self, file: &str) -> Result<(), Error> {
        let refusals = &mut self.refusals;
        let about = About::Change(file.to_owned());
        self.pipe.send(&self.command, about, &mut |about, answer| note(refusals, about, answer))
    }

    /// Asks questions, and waits for all answers.
    fn ask(&mut self, commands: &[String]) -> Result<Vec<Answer>, Error> {
        let mut answers: Vec<Answer> = commands.iter().map(|_| Ok(String::new())).collect();
        let refusals = &mut self.refusals;
        let mut heard = |about, answer| match about {
            About::Question(at) => {
                if let Some(place) = answers.get_mut(at) {
                    *place = answer;
                }
            }
            change => note(refusals, change, answer),
        };
        for (at, command) in commands.iter().enumerate() {
            self.pipe.send(command, About::Question(at), &mut heard)?;
        }
        self.pipe.hear(0, &mut heard)?;
        Ok(answers)
    }
}

fn note(refusals: &mut Vec<Refusal>, about: About, answer: Answer) {
    if let (About::Change(file), Err(why)) = (about, answer) {
        refusals.push(Refusal { file, why });
    }
}

/// A file's name that is no option.
fn path(file: &str) -> String {
    if file.starts_with('-') { format!("./{file}") } else { file.to_owned() }
}

/// Reads what a fetch answers: the names of the sources, an empty line, and a line a time.
fn fetched(text: &str) -> Option<Fetched> {
    let mut lines = text.lines();
    let sources: Vec<String> = lines.next()?.split_whitespace().map(str::to_owned).collect();
    let row = |line: &str| {
        let (time, values) = line.split_once(':')?;
        let values: Option<Vec<f64>> = values.split_whitespace().map(|value| value.parse().ok()).collect();
        let values = values.filter(|values| values.len() == sources.len())?;
        Some((time.trim().parse().ok()?, values))
    };
    let rows: Option<Vec<_>> = lines.filter(|line| !line.is_empty()).map(row).collect();
    Some(Fetched { rows: rows?, sources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fetches_are_read() {
        let text = "       flows    octets\n\n 1767225900: 1.0000000000e+00 -nan\n 1767226200: nan 3.3333333333e+08\n";
        let fetched = fetched(text).unwrap();
        assert_eq!(fetched.sources, ["flows", "octets"]);
        assert_eq!(
            (fetched.rows[0].0, fetched.rows[0].1[0], fetched.rows[1].1[1]),
            (1_767_225_900, 1.0, 333_333_333.33)
        );
        assert!(fetched.rows[0].1[1].is_nan() && fetched.rows[1].1[0].is_nan());
        for bad in ["", "a\n\nx: 1\n", "a\n\n1: 2 3\n", "a\n\n1: b\n"] {
            assert_eq!(super::fetched(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn refusals_name_the_file() {
        let refusal = |why: &str| Refusal { file: "a.rrd".into(), why: why.into() }.to_string();
        assert_eq!(refusal("creating 'a.rrd': File exists"), "creating 'a.rrd': File exists");
        assert_eq!(refusal("unknown DS name 'x'"), "a.rrd: unknown DS name 'x'");
        assert!(Error::Missing.to_string().contains("Debian's package is rrdtool"));
    }
}
