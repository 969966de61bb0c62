//! flow-scan: what flows come to over time, in round-robin databases and scoreboards.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io, thread};

use chrono::{Local, TimeZone};
use flowtools::cli::config::{located, text};
use flowtools::cli::cuflow::config;
use flowtools::cli::flow_scan::Args;
use flowtools::cli::run::{complain, stdout_is_closed};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::Notice;
use flowtools::graph::config::FlowScan;
use flowtools::graph::count::{Plan, Times};
use flowtools::graph::scan::{Done, Error, Found, Looking, Pages, Rrds, Scanner, Store, watch};
use flowtools::select::config::{Sources, Variables};

const NAME: &str = "flow-scan";

fn main() -> ExitCode {
    program(run)
}

/// What to do, besides counting.
struct Run {
    args: Args,
    flowscan: Option<FlowScan>,
    wait: u64,
    loud: bool,
    /// Files and folders that are no flow files.
    own: Vec<PathBuf>,
    /// Whether anything was wrong.
    exit: Exit,
}

fn run(args: Args) -> Result<Exit, Failure> {
    let flowscan = args.flowscan.as_deref().map(flowscan).transpose()?;
    if args.files.is_empty() && flowscan.as_ref().is_none_or(|found| found.flow_file_glob.is_none()) {
        return Err(Failure::Usage("expected flow files or a folder of them; see flow-scan --help".into()));
    }
    let (config, output) = config(NAME, &args.config)?;
    let plan = Plan::of(&config);
    let wait = args.wait.or(flowscan.as_ref().and_then(|found| found.wait_seconds)).unwrap_or(30);
    let loud = !args.quiet && flowscan.as_ref().and_then(|found| found.verbose).unwrap_or(true);
    fs::create_dir_all(&output).map_err(|e| Failure::io(output.display(), &e))?;
    let state = args.state.clone().unwrap_or_else(|| output.join("flow-scan.state"));
    let mut store = Store::open(&state, Duration::from_secs(wait)).map_err(failed)?;
    let step = store.length(args.step).map_err(failed)?;
    let (pages, rrds) = (Pages::open(&config).map_err(failed)?, Rrds::open(&output, step).map_err(failed)?);
    let times = if args.spread { Times::Spread } else { Times::End };
    let mut scanner = Scanner::new(&plan, times, store, rrds, pages).map_err(failed)?;
    let boards = config.scoreboard.iter().chain(&config.aggregate);
    let boards = boards.flat_map(|board| [&board.data, &board.page]).map(PathBuf::from);
    let read = [located(&args.config)].into_iter().chain(args.flowscan.as_deref().map(located));
    let own = [output].into_iter().chain(boards).chain(read).collect();
    let mut run = Run { args, flowscan, wait, loud, own, exit: Exit::Fine };
    let mut notice = run.args.watch.then(Notice::new);
    loop {
        // What comes while files are read is told as well.
        notice = run.watch(notice);
        run.pass(&mut scanner)?;
        if !run.args.watch || run.loud && stdout_is_closed() {
            break;
        }
        run.rest(notice.as_ref());
    }
    let problems = scanner.finish().map_err(failed)?;
    run.complain(problems);
    Ok(run.exit)
}

fn flowscan(file: &Path) -> Result<FlowScan, Failure> {
    let mut sources = Sources::new(Variables::default(), text);
    let found = FlowScan::read(&mut sources, &located(file).display().to_string())?;
    found.unknown.iter().for_each(|class| complain(NAME, class));
    Ok(found)
}

fn failed(error: Error) -> Failure {
    Failure::Failed(error.to_string())
}

impl Run {
    /// Has the system tell what comes; if it does not, there is only waiting.
    fn watch(&self, notice: Option<io::Result<Notice>>) -> Option<io::Result<Notice>> {
        let notice = notice?.and_then(|notice| {
            let pattern = self.flowscan.as_ref().and_then(|found| found.flow_file_glob.as_ref());
            watch(&notice, &self.args.files, pattern).map(|()| notice)
        });
        if let Err(error) = &notice {
            complain(NAME, format!("folders are not watched, but looked into every {} s: {error}", self.wait.max(1)));
        }
        notice.ok().map(Ok)
    }

    /// Waits for files, and for steps to be over.
    fn rest(&self, notice: Option<&io::Result<Notice>>) {
        let most = Duration::from_secs(self.wait.max(1));
        match notice {
            Some(Ok(notice)) if notice.wait(most).is_ok() => {}
            _ => thread::sleep(most),
        }
    }

    /// Reads what is new.
    fn pass(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Failure> {
        scanner.forget();
        let pattern = self.flowscan.as_ref().and_then(|found| found.flow_file_glob.as_ref());
        let looking = Looking { paths: &self.args.files, pattern, left_out: self.own.clone() };
        let finds = looking.find(|name| scanner.knows(name));
        self.complain(finds.problems);
        for found in &finds.new {
            self.say(format!("working on file {}...", found.path.display()))?;
            let began = Instant::now();
            let done = scanner.read(found).map_err(failed)?;
            self.told(found, began, done)?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        // Nothing ends later than a file's last step.
        let until = if self.args.flush { u64::MAX } else { now.saturating_sub(self.wait) };
        scanner.settle(until).map_err(failed)?;
        if let Some(end) = scanner.waiting().filter(|_| !finds.new.is_empty() && !self.args.watch) {
            let time = clock(end.saturating_add(self.wait));
            self.say(format!(
                "the last flows are kept until their step is over: run again after {time}, or with --flush"
            ))?;
        }
        let read = scanner.put_away().map_err(failed)?;
        self.put_away(&read, self.args.delete);
        // Those that a run which was killed did not come to.
        self.put_away(&finds.known, self.args.delete);
        self.complain(scanner.problems());
        Ok(())
    }

    /// FlowScan's lines of progress, and what was wrong.
    fn told(&mut self, found: &Found, began: Instant, done: Done) -> Result<(), Failure> {
        let name = found.path.display();
        let (secs, of) = (began.elapsed().as_secs_f64(), done.hits + done.neither);
        let percent = done.hits as f64 * 100.0 / of.max(1) as f64;
        self.say(format!(
            "{name}: {} flows took {secs:.3} seconds, flow hit ratio: {}/{of} ({percent:.1} %)",
            done.flows, done.hits
        ))?;
        if done.hits == 0 && of > 0 {
            complain(NAME, format!("{name}: none of {of} flows is inbound or outbound: do the Subnet lines fit?"));
        }
        self.complain(done.problems);
        Ok(())
    }

    fn put_away(&mut self, files: &[Found], delete: bool) {
        for found in files {
            let put = match &found.saved {
                _ if delete && found.whole => fs::remove_file(&found.path),
                Some(folder) => moved(&found.path, folder),
                None => Ok(()),
            };
            self.complain(put.err().map(|error| format!("{}: {error}", found.path.display())));
        }
    }

    fn complain<T: std::fmt::Display>(&mut self, problems: impl IntoIterator<Item = T>) {
        for problem in problems {
            complain(NAME, problem);
            self.exit = Exit::Partly;
        }
    }

    fn say(&self, what: String) -> Result<(), Failure> {
        if self.loud {
            let line = format!("{} {what}\n", Local::now().format("%Y/%m/%d %H:%M:%S"));
            io::Write::write_all(&mut io::stdout(), line.as_bytes()).map_err(Failure::stdout)?;
        }
        Ok(())
    }
}

/// A time as people here read it.
fn clock(secs: u64) -> String {
    let time = i64::try_from(secs).ok().and_then(|secs| Local.timestamp_opt(secs, 0).earliest());
    time.map_or_else(|| secs.to_string(), |time| time.format("%H:%M:%S").to_string())
}

/// Moves a file into the folder of those that have been read; one of its name there stays.
fn moved(path: &Path, folder: &Path) -> io::Result<()> {
    let to = folder.join(path.file_name().unwrap_or_default());
    if to.try_exists()? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is there already", to.display())));
    }
    fs::rename(path, to)
}
