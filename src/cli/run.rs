//! How a program starts, fails and ends: exit 0 fine, 1 a failure, 2 wrong usage; a closed standard output ends
//! quietly.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, panic};

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory, Parser};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::links;
use crate::{file, sql};

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

impl From<sql::Error> for Failure {
    fn from(error: sql::Error) -> Failure {
        Failure::Failed(error.to_string())
    }
}

/// A program's definition as it is parsed, documented and completed: `-V` is free for the export version (`--version`
/// is long only), and of an option given twice the last counts, as with getopt.
pub fn definition<A: CommandFactory>() -> Command {
    let mut command = A::command().disable_version_flag(true).disable_help_flag(true).args_override_self(true);
    let taken = |command: &Command, long| command.get_arguments().any(|arg| arg.get_long() == Some(long));
    if !taken(&command, "help") {
        let help = Arg::new("print-help").short('h').long("help").action(ArgAction::Help);
        command = command.arg(help.help("Print help").display_order(1000));
    }
    if !taken(&command, "version") {
        let version = Arg::new("print-version").long("version").action(ArgAction::Version);
        command = command.arg(version.help("Print version").display_order(1001));
    }
    command
}

/// Parses the arguments and runs a program: the whole of its `main`.
pub fn program<A: Parser>(run: impl FnOnce(A) -> Result<Exit, Failure>) -> ExitCode {
    let command = definition::<A>();
    let name = command.get_name().to_owned();
    say_panics_in_one_line(name.clone());
    let arguments = links::arguments(&name, env::args_os());
    let args = match command.try_get_matches_from(arguments).and_then(|matches| A::from_arg_matches(&matches)) {
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

/// A path that stays what it is when the program's folder changes.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|e| Failure::io(path.display(), &e))
}

/// This machine's name, for headers.
pub fn hostname() -> Option<String> {
    nix::unistd::gethostname().ok().map(|name| name.to_string_lossy().into_owned())
}

/// A file's text, or that of standard input.
///
/// # Errors
///
/// It cannot be opened.
pub fn input(file: Option<&Path>) -> Result<Box<dyn BufRead>, Failure> {
    Ok(match file.filter(|file| file.as_os_str() != "-") {
        Some(file) => Box::new(BufReader::new(File::open(file).map_err(|e| Failure::io(file.display(), &e))?)),
        None => Box::new(io::stdin().lock()),
    })
}

/// Standard output without a buffer of its own, for programs that write large pieces.
pub fn stdout() -> Result<File, Failure> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from).map_err(Failure::stdout)
}

/// Whether standard output is a pipe that nobody reads any more. A program that waits for something to write would
/// otherwise learn it only when it writes.
pub fn stdout_is_closed() -> bool {
    let stdout = io::stdout();
    let mut ask = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
    poll(&mut ask, PollTimeout::ZERO).is_ok_and(|n| n > 0)
        && ask.iter().filter_map(PollFd::revents).any(|said| said.contains(PollFlags::POLLERR))
}

/// A panic is a mistake of ours, but reported like any other; with a `RUST_BACKTRACE` asked for, as usual.
fn say_panics_in_one_line(name: String) {
    if env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(move |info| {
            complain(&name, format!("internal error: {}", info.to_string().replace('\n', " ")));
        }));
    }
}

/// Lets the program have as many files open as it may, for those that open many at a time. If it may not, opening one
/// too many says so.
pub fn more_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// One line on standard error, in the program's name. Whatever `what` quotes (a file's name, a header's text), it stays
/// one line and sends the terminal no commands.
pub fn complain(program: &str, what: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{program}: {}", one_line(&what.to_string()));
}

/// Reports what was wrong with the input, and says how the program ends.
pub fn report(program: &str, problems: &[file::Error]) -> Exit {
    problems.iter().for_each(|problem| complain(program, problem));
    if problems.is_empty() { Exit::Fine } else { Exit::Partly }
}

/// Control characters written out.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

/// clap's error in one line; help and version as they are.
fn usage(name: &str, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match error.print().and_then(|()| io::stdout().flush()).map_err(Failure::stdout) {
            Err(Failure::Failed(why)) => {
                complain(name, why);
                ExitCode::from(1)
            }
            _ => ExitCode::SUCCESS,
        };
    }
    complain(name, format!("{}; see {name} --help", wrong_usage(error)));
    ExitCode::from(2)
}

/// What was wrong with the arguments: clap's first paragraph, and the values it would have taken.
fn wrong_usage(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "expected arguments".into();
    }
    let text = error.render().to_string();
    let mut words = Vec::new();
    let mut values = None;
    for line in text.lines().map(str::trim).take_while(|line| !line.is_empty()) {
        match line.strip_prefix("[possible values: ") {
            Some(listed) => values = Some(listed.trim_end_matches(']')),
            None => words.push(line),
        }
    }
    let wrong = words.join(" ");
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    match values {
        Some(values) => format!("{wrong}: expected one of {values}"),
        None => what_number(wrong),
    }
}

/// Complaints about numbers, in words that say what was expected.
fn what_number(wrong: &str) -> String {
    if let Some((wrong, bounds)) = wrong.rsplit_once(" is not in ")
        && let Some((low, high)) = bounds.split_once("..=")
        && let Some((wrong, _)) = wrong.rsplit_once(": ")
    {
        return format!("{wrong}: expected a number from {low} to {high}");
    }
    wrong
        .replace("invalid digit found in string", "expected a number")
        .replace("cannot parse integer from empty string", "expected a number")
        .replace("number would be zero for non-zero type", "expected a number greater than 0")
        .replace("number too large to fit in target type", "expected a smaller number")
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches;

    use super::*;
    use crate::cli::common::{Debug, Files, Write};

    /// A program with every sort of argument.
    #[derive(Parser, Debug)]
    #[command(name = "flow-x", version, about)]
    struct Args {
        #[command(flatten)]
        write: Write,
        /// Export version
        #[arg(short = 'V', long)]
        export_version: Option<u8>,
        /// Where to
        #[arg(short = 'w', value_name = "DIR")]
        directory: String,
        #[command(flatten)]
        files: Files,
    }

    #[derive(Parser, Debug)]
    #[command(name = "flow-y", version, about, arg_required_else_help = true)]
    struct Needy {
        #[command(flatten)]
        debug: Debug,
    }

    fn parse(args: &[&str]) -> Result<Args, clap::Error> {
        let words = ["flow-x"].iter().chain(args);
        definition::<Args>().try_get_matches_from(words).and_then(|matches| Args::from_arg_matches(&matches))
    }

    #[test]
    fn wrong_usage_is_one_line_that_says_what_was_expected() {
        for (args, line) in [
            (&["-q"][..], "unexpected argument '-q' found"),
            (&["-w", "/d", "--colour=red"], "unexpected argument '--colour' found"),
            (&["-w"], "a value is required for '-w <DIR>' but none was supplied"),
            (&[], "the following required arguments were not provided: -w <DIR>"),
            (&["-w", "/d", "-z", "10"], "invalid value '10' for '--level <LEVEL>': expected a number from 0 to 9"),
            (
                &["-w", "/d", "-b"],
                "a value is required for '--byte-order <ORDER>' but none was supplied: expected one of little, big",
            ),
            (
                &["-w", "/d", "-b", "middle"],
                "invalid value 'middle' for '--byte-order <ORDER>': expected one of little, big",
            ),
            (&["-w", "/d", "-dx"], "invalid value 'x' for '--debug <LEVEL>': expected a number"),
            (&["-w", "/d", "-d999"], "invalid value '999' for '--debug <LEVEL>': expected a number from 0 to 255"),
        ] {
            assert_eq!(wrong_usage(&parse(args).unwrap_err()), line, "{args:?}");
        }
        let error = definition::<Needy>().try_get_matches_from(["flow-y"]).unwrap_err();
        assert_eq!(wrong_usage(&error), "expected arguments");
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for (args, kind) in [
            (["-h"], ErrorKind::DisplayHelp),
            (["--help"], ErrorKind::DisplayHelp),
            (["--version"], ErrorKind::DisplayVersion),
        ] {
            assert_eq!(parse(&args).unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn the_habits_of_getopt() {
        let args = parse(&["a", "-wx", "-d1", "-V5", "b", "-d2", "-z0"]).unwrap();
        assert_eq!((args.directory.as_str(), args.export_version, args.write.debug.debug), ("x", Some(5), 2));
        assert_eq!(args.write.level, Some(0));
        assert_eq!(args.files.files.len(), 2);
    }

    #[test]
    fn what_is_quoted_stays_on_the_line() {
        assert_eq!(one_line("a\nb\u{1b}[2J\té"), "a\\nb\\u{1b}[2J\\té");
    }
}
