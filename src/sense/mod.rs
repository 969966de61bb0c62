//! What flow-sensor does: capture, meter, export.
//!
//! Each interface has one capture thread or several ([`worker`]), each with a meter of its own; what their flows become
//! ([`flows`]) goes to one exporter ([`exporter`]), and from there to collectors ([`collectors`]), a flow file, or an
//! archive of them ([`archive`]). A thread of its own serves the control socket ([`control`]); the first thread watches
//! over all. When everything is open, what only that needed is given up ([`privilege`]).

pub mod account;
pub mod archive;
pub mod collectors;
pub mod command;
pub mod control;
pub mod dump;
pub mod exporter;
pub mod flows;
pub mod own;
pub mod packets;
pub mod privilege;
pub mod source;
pub mod start;
pub mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::cli::{Exit, Failure};
use crate::collect::log::Log;
use crate::collect::now;
use crate::collect::process::Signals;
use crate::meter::Timeouts;
use account::Terms;
use exporter::Sent;
use flows::{Shared, lock};
use worker::{Answer, Ask, Request, Snapshot, Worker};

/// A capture thread answers within so long, or counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first thread looks around so often.
const LOOK: Duration = Duration::from_millis(100);

/// A running sensor, as its control socket sees it.
pub struct Sensor {
    /// Capture threads.
    workers: Mutex<Vec<Sender<Request>>>,
    /// Where flows go.
    exporter: Shared,
    /// Raised when capture threads are to end.
    end: Arc<AtomicBool>,
    /// When it began.
    pub started: SystemTime,
    /// When flows are over.
    pub timeouts: Timeouts,
    /// What was settled when it began.
    pub terms: Terms,
    /// Where to say what happens.
    pub log: Log,
}

impl Sensor {
    /// Asks every capture thread; those that do not answer in time are left out.
    pub fn ask(&self, ask: &Ask) -> Vec<Answer> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ask = |worker: &Sender<Request>| -> Option<Receiver<Answer>> {
            let (reply, answer) = channel();
            worker.send(Request { ask: ask.clone(), reply }).ok().map(|()| answer)
        };
        // All are asked before the first answer is waited for.
        let answers: Vec<_> = workers.iter().filter_map(ask).collect();
        answers.into_iter().filter_map(|answer| answer.recv_timeout(PATIENCE).ok()).collect()
    }

    /// What has been exported.
    pub fn sent(&self) -> Sent {
        lock(&self.exporter).sent()
    }

    /// Sends templates again before the next flows.
    pub fn send_templates(&self) {
        lock(&self.exporter).send_templates();
    }

    /// Sends the flows that end from now on by a template of one's own, `ELEMENT[/LENGTH],...`.
    pub fn set_template(&self, list: &str) -> Result<(), String> {
        if !self.terms.templates {
            return Err(format!("version {} has no templates; versions 9 and 10 do (-v)", self.terms.version));
        }
        let failed = self.ask(&Ask::Template(list.parse()?)).into_iter().find_map(|answer| match answer {
            Answer::Failed(why) => Some(why),
            _ => None,
        });
        // No capture thread has flows for the templates so far any more.
        lock(&self.exporter).retire_templates();
        failed.map_or(Ok(()), Err)
    }

    /// Capture threads, those that have ended too.
    pub fn threads(&self) -> usize {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Ends the sensor: what flows there are is exported first.
    pub fn shut_down(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    /// Ends the sensor at once: flows that are not over are forgotten.
    pub fn exit(&self) {
        self.ask(&Ask::Exit);
        self.shut_down();
    }
}

/// Watches over capture threads until they have ended, and says what they counted. They are told to end by signals or
/// by `sensor`.
fn watch(
    sensor: &Sensor,
    threads: Vec<JoinHandle<Result<Snapshot, Failure>>>,
    signals: &Signals,
) -> (Vec<Snapshot>, Exit) {
    let mut running = threads;
    let (mut snapshots, mut exit) = (Vec::new(), Exit::Fine);
    while !running.is_empty() {
        if signals.end() {
            sensor.shut_down();
        }
        let (ended, rest): (Vec<_>, Vec<_>) = running.into_iter().partition(JoinHandle::is_finished);
        running = rest;
        for thread in ended {
            match thread.join() {
                Ok(Ok(snapshot)) => snapshots.push(snapshot),
                // Who read our standard output has gone, and with it what we were for.
                Ok(Err(Failure::Closed)) => sensor.shut_down(),
                Ok(Err(Failure::Failed(why) | Failure::Usage(why))) => {
                    sensor.log.warn(format!("a capture thread has ended: {why}"));
                    exit = Exit::Partly;
                }
                Err(_) => exit = Exit::Partly,
            }
        }
        look(sensor, signals.rotate());
        std::thread::sleep(LOOK);
    }
    (snapshots, exit)
}

/// Does what the clock says: new files, lost connections.
fn look(sensor: &Sensor, rotate: bool) {
    let lost = {
        let mut exporter = lock(&sensor.exporter);
        exporter.tick(now(), rotate);
        exporter.lost()
    };
    for lost in lost {
        // Capture goes on meanwhile.
        if let Ok(stream) = lost.connect() {
            sensor.log.info("connected to a collector again".to_owned());
            lock(&sensor.exporter).found(&lost, stream);
        }
    }
}

/// Starts a capture thread.
fn spawn(worker: Worker, name: &str) -> Result<JoinHandle<Result<Snapshot, Failure>>, Failure> {
    let thread = std::thread::Builder::new().name(name.chars().take(15).collect());
    thread.spawn(move || worker.run()).map_err(|e| Failure::io("starting a capture thread", &e))
}
