//! How a program starts, fails and ends: exit 0 fine, 1 a failure, 2 wrong usage; a closed standard output ends
//! quietly.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::file;

/// How a program ended that could do its work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// All of it.
    Fine,
    /// As far as the input was good; what was wrong has been reported.
    Partly,
}

/// Why a program could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Arguments or a configuration that make no sense: exit 2.
    Usage(String),
    /// Anything else: exit 1.
    Failed(String),
    /// Standard output was closed by its reader: quiet.
    Closed,
}

impl Failure {
    /// An input or output error with what was being done.
    pub fn io(what: impl fmt::Display, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Failed(format!("{what}: {error}")),
        }
    }

    /// An error of standard output.
    pub fn stdout(error: io::Error) -> Failure {
        Failure::io("standard output", &error)
    }
}

impl From<file::Error> for Failure {
    fn from(error: file::Error) -> Failure {
        if error.is_closed_pipe() { Failure::Closed } else { Failure::Failed(error.to_string()) }
    }
}

/// Parses the arguments and runs a program: the whole of its `main`.
pub fn program<A: Parser>(run: impl FnOnce(A) -> Result<Exit, Failure>) -> ExitCode {
    let name = A::command().get_name().to_owned();
    let args = match A::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&name, &error),
    };
    let result = run(args).and_then(|exit| io::stdout().flush().map(|()| exit).map_err(Failure::stdout));
    match result {
        Ok(Exit::Fine) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Ok(Exit::Partly) => ExitCode::from(1),
        Err(Failure::Failed(why)) => {
            complain(&name, &why);
            ExitCode::from(1)
        }
        Err(Failure::Usage(why)) => {
            complain(&name, &why);
            ExitCode::from(2)
        }
    }
}

/// One line on standard error, in the program's name.
pub fn complain(program: &str, what: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{program}: {what}");
}

/// Reports what was wrong with the input, and says how the program ends.
pub fn report(program: &str, problems: &[file::Error]) -> Exit {
    problems.iter().for_each(|problem| complain(program, problem));
    if problems.is_empty() { Exit::Fine } else { Exit::Partly }
}

/// clap's error in one line; help and version as they are.
fn usage(name: &str, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let paragraph: Vec<&str> = text.lines().take_while(|l| !l.is_empty()).map(str::trim).collect();
    let hint = text.lines().find_map(|l| l.trim().strip_prefix("[possible values: "));
    let hint = hint
        .filter(|_| paragraph.len() < 2)
        .map_or(String::new(), |h| format!(" (expected {})", h.trim_end_matches(']')));
    let line = paragraph.join(" ");
    complain(name, format!("{}{hint}; see {name} --help", line.trim_start_matches("error: ")));
    ExitCode::from(2)
}

/// Standard output without a buffer of its own, for programs that write large pieces.
pub fn stdout() -> Result<File, Failure> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from).map_err(Failure::stdout)
}
