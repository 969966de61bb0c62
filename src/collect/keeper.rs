//! The housekeeping thread: completes what a killed collector left behind, deletes the oldest files, runs the program
//! that wants to know of each finished file, and says how each exporter does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::log::Log;
use super::recover::{Outcome, recover};
use super::stat;
use super::treating::Shared;
use crate::file::WriteOptions;
use crate::file::archive::{Archive, Limits};
use crate::net::Receiver;
use crate::wire::{Counters, StreamKey};

/// Programs that run at once; more finished files wait.
const AT_ONCE: usize = 8;
/// A program that fails is run again after so long, and then no more.
const AGAIN: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];
/// Programs that still run when the collector ends are waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// The archive is walked again so often: others may add to it and delete from it too.
const WALK: Duration = Duration::from_secs(3600);
/// The system is asked so often what it dropped.
const ASK: Duration = Duration::from_secs(10);

/// What the keeper is told.
#[derive(Debug)]
pub enum Task {
    /// A file is complete.
    Finished(PathBuf),
    /// Say how every stream of flows does.
    Stat {
        /// Seconds since 1970.
        now: i64,
        /// When the collector started, likewise.
        startup: i64,
        /// The address and port bound.
        local: SocketAddr,
        /// Every stream.
        streams: Vec<(StreamKey, Counters)>,
    },
}

/// What the housekeeping thread needs.
#[derive(Debug)]
pub struct Keeper {
    /// The archive's folder.
    pub folder: PathBuf,
    /// What it may hold.
    pub limits: Limits,
    /// How unfinished modern files are to be completed.
    pub modern: WriteOptions,
    /// The program to be told of finished files, and its first arguments.
    pub program: Option<Vec<String>>,
    /// The socket flows come by, if there is one, to be asked what the system dropped.
    pub receiver: Option<Arc<Receiver>>,
    /// Flows that a filter left out.
    pub filtered: Shared,
    /// Where to say what happens.
    pub log: Log,
}

/// Runs of the program.
#[derive(Debug, Default)]
struct Runs {
    running: Vec<(Child, Job)>,
    waiting: VecDeque<Job>,
    failed: u64,
}

/// One finished file the program is to be told of.
#[derive(Debug)]
struct Job {
    file: PathBuf,
    /// Failures so far.
    failures: usize,
    /// Not before.
    due: Instant,
}

impl Keeper {
    /// Keeps house until there is nobody left to send tasks, or `stop` is raised and all is done.
    pub fn run(self, tasks: &mpsc::Receiver<Task>, stop: &AtomicBool) {
        let mut runs = Runs::default();
        self.recover(&mut runs, stop);
        let mut archive = self.walk();
        let mut walked = Instant::now();
        self.expire(&mut archive);
        let (mut asked, mut drops) = (Instant::now(), 0);
        loop {
            if asked.elapsed() > ASK {
                asked = Instant::now();
                self.ask(&mut drops);
            }
            let wait = if runs.idle() { Duration::from_secs(1) } else { Duration::from_millis(50) };
            match tasks.recv_timeout(wait) {
                Ok(Task::Finished(file)) => {
                    if walked.elapsed() > WALK {
                        (archive, walked) = (self.walk(), Instant::now());
                    } else if let Some(archive) = &mut archive
                        && let Err(error) = archive.add(&file)
                    {
                        self.log.warn(format!("{}: {error}", file.display()));
                    }
                    self.expire(&mut archive);
                    self.tell(&mut runs, file);
                }
                Ok(Task::Stat { now, startup, local, streams }) => {
                    let lines = stat::lines(now, startup, local, &streams, &self.filtered.counts());
                    lines.into_iter().for_each(|line| self.log.line(line));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.attend(&mut runs);
        }
        self.ask(&mut drops);
        self.end(runs);
    }

    /// Says what the system dropped since it was last asked.
    fn ask(&self, before: &mut u64) {
        let now = self.receiver.as_ref().and_then(|receiver| receiver.drops()).unwrap_or(0);
        if now > *before {
            let new = now - *before;
            self.log
                .warn(format!("{new} datagrams were dropped by the system: they came faster than they were received"));
        }
        *before = now;
    }

    /// Completes unfinished files that nobody is writing.
    fn recover(&self, runs: &mut Runs, stop: &AtomicBool) {
        let (files, problems) = Archive::unfinished(&self.folder);
        problems.iter().for_each(|problem| self.log.warn(problem.to_string()));
        for path in files {
            let name = path.display();
            match recover(&path, &self.modern, stop) {
                Ok(Outcome::Finished(finished, flows)) => {
                    self.log.info(format!("{name}: had been left unfinished; complete now, with {flows} flows"));
                    self.tell(runs, finished);
                }
                Ok(Outcome::Salvaged(finished, flows, why)) => {
                    self.log.warn(format!("{name}: had been left unfinished; complete now, with {flows} flows; {why}"));
                    self.tell(runs, finished);
                }
                Ok(Outcome::Empty) => self.log.info(format!("{name}: had been left behind empty; deleted")),
                Ok(Outcome::Left) => {}
                Err(error) => self.log.warn(format!("left unfinished: {error}")),
            }
            self.attend(runs);
        }
    }

    /// The files of the archive, if they have to be known.
    fn walk(&self) -> Option<Archive> {
        if self.limits.none() {
            return None;
        }
        let (archive, problems) = Archive::read(&self.folder);
        problems.iter().for_each(|problem| self.log.warn(problem.to_string()));
        Some(archive)
    }

    fn expire(&self, archive: &mut Option<Archive>) {
        let Some(archive) = archive else { return };
        archive.expire(self.limits, |path, result| match result {
            Ok(octets) => self.log.debug(1, || format!("{}: expired, {octets} octets", path.display())),
            Err(error) => self.log.warn(format!("not expired, and not counted any more: {error}")),
        });
    }

    /// Has the program told of a file.
    fn tell(&self, runs: &mut Runs, file: PathBuf) {
        if self.program.is_some() {
            runs.waiting.push_back(Job { file, failures: 0, due: Instant::now() });
        }
    }

    /// Starts and ends runs of the program.
    fn attend(&self, runs: &mut Runs) {
        let mut still = Vec::new();
        for (mut child, job) in runs.running.drain(..) {
            match child.try_wait() {
                Ok(None) => still.push((child, job)),
                Ok(Some(status)) if status.success() => {}
                Ok(Some(status)) => self.failed(&mut runs.waiting, &mut runs.failed, job, &status.to_string()),
                Err(error) => self.failed(&mut runs.waiting, &mut runs.failed, job, &error.to_string()),
            }
        }
        runs.running = still;
        for _ in 0..runs.waiting.len() {
            let Some(job) = runs.waiting.pop_front() else { break };
            if runs.running.len() >= AT_ONCE || job.due > Instant::now() {
                runs.waiting.push_back(job);
                continue;
            }
            match self.start(&job.file) {
                Ok(child) => runs.running.push((child, job)),
                Err(error) => self.failed(&mut runs.waiting, &mut runs.failed, job, &error.to_string()),
            }
        }
    }

    /// Starts the program in the archive's folder, with the file's name relative to it: scripts rely on both.
    fn start(&self, file: &Path) -> std::io::Result<Child> {
        let (program, first) =
            self.program.as_deref().and_then(|p| p.split_first()).unwrap_or((const { &String::new() }, &[]));
        let relative = file.strip_prefix(&self.folder).unwrap_or(file);
        Command::new(program).args(first).arg(relative).current_dir(&self.folder).stdin(Stdio::null()).spawn()
    }

    fn failed(&self, waiting: &mut VecDeque<Job>, failed: &mut u64, mut job: Job, why: &str) {
        *failed += 1;
        let program = self.program.as_deref().unwrap_or_default().join(" ");
        let again = match AGAIN.get(job.failures) {
            Some(pause) => format!("; again in {} s", pause.as_secs()),
            None => String::from("; not tried again"),
        };
        let name = job.file.display();
        self.log.warn(format!("{program} {name}: {why}{again} ({failed} failures so far)"));
        if let Some(pause) = AGAIN.get(job.failures) {
            job.failures += 1;
            job.due = Instant::now() + *pause;
            waiting.push_back(job);
        }
    }

    /// The last runs; what failed is not tried again.
    fn end(&self, mut runs: Runs) {
        let until = Instant::now() + PATIENCE;
        runs.waiting.retain(|job| job.failures == 0);
        while !runs.idle() && Instant::now() < until {
            self.attend(&mut runs);
            runs.waiting.retain(|job| job.failures == 0);
            std::thread::sleep(Duration::from_millis(10));
        }
        for (child, job) in &runs.running {
            self.log.warn(format!("process {} still runs for {}", child.id(), job.file.display()));
        }
    }
}

impl Runs {
    fn idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }
}
