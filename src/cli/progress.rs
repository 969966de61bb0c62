//! How far a reading has come, shown on a terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::file::{Progress, Scan};

/// Work that takes no longer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// From one picture to the next.
const STEP: Duration = Duration::from_millis(100);

/// Shows how far a reading has come while it lives, on standard error, if that is a terminal and the work takes longer
/// than a second; leaves nothing behind.
pub struct Watcher(Option<(Sender<()>, JoinHandle<()>)>);

impl Watcher {
    /// Watches a reading that is about to begin.
    pub fn of(scan: &Scan<'_>) -> Watcher {
        if !io::stderr().is_terminal() {
            return Watcher(None);
        }
        let (progress, flows) = (scan.progress(), scan.info().flows);
        let (end, ended) = mpsc::channel();
        let show = move || {
            let mut wait = PATIENCE;
            let mut bar = None;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                draw(bar.get_or_insert_with(|| new_bar(&progress, flows)), &progress);
                wait = STEP;
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        };
        Watcher(Some((end, std::thread::spawn(show))))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            // The thread may be asleep; with nobody to send, it ends.
            drop(end);
            let _ = thread.join();
        }
    }
}

/// A bar of files; of one file's flows, if it says how many it has; else just a count.
fn new_bar(progress: &Arc<Progress>, flows: Option<u64>) -> ProgressBar {
    let (total, template) = match (progress.inputs, flows.filter(|n| *n > 0)) {
        (2.., _) => (Some(progress.inputs), "{bar:30} {pos} of {len} files, {msg}, {eta} to go"),
        (_, Some(flows)) => (Some(flows), "{bar:30} {percent} %, {msg}, {eta} to go"),
        _ => (None, "{spinner} {msg}, {elapsed}"),
    };
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    // The templates above are right.
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let flows = progress.flows.load(Ordering::Relaxed);
    bar.set_message(format!("{} flows", indicatif::HumanCount(flows)));
    match progress.inputs {
        2.. => bar.set_position(progress.ended.load(Ordering::Relaxed)),
        _ => bar.set_position(flows),
    }
    bar.tick();
}
