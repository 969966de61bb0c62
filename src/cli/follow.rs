//! Writing an archive's flows as it grows: what `flow-cat -f` does.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::common::Write;
use super::run::{complain, stdout_is_closed};
use super::sink::{Sink, now};
use super::{Exit, Failure};
use crate::collect::process::Signals;
use crate::file::{Error, Follow, News};
use crate::flow::{Form, StreamInfo, flags};
use crate::wire::Counters;

/// The archive is looked at so often.
const PAUSE: Duration = Duration::from_millis(200);
const NAME: &str = "flow-cat";

/// What is asked of an archive that is followed.
#[derive(Clone, Copy, Debug)]
pub struct Following<'f> {
    /// Only files whose capture lasted to then, seconds since 1970.
    pub since: Option<i64>,
    /// Only what is written from now on.
    pub from_now: bool,
    /// A file to write to; standard output without one.
    pub output: Option<&'f Path>,
    /// How flows are written.
    pub write: &'f Write,
    /// As what; `None` is what the first come as.
    pub form: Option<Form>,
}

/// Why a round ended early.
enum End {
    Asked,
    Failed(Failure),
}

/// Writes the flows of some folders, and those that come, until a signal says to end.
pub fn follow(folders: &[PathBuf], what: &Following<'_>) -> Result<Exit, Failure> {
    if folders.is_empty() {
        return Err(Failure::Usage("-f: no folder, expected an archive's".into()));
    }
    if let Some(other) = folders.iter().find(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!("-f: {}: not a folder, expected an archive's", other.display())));
    }
    let signals = Signals::hear().map_err(|e| Failure::io("signals", &e))?;
    let asked = || signals.end() || signals.rotate();
    let since = what.since;
    let mut follow = Follow::new(folders, what.from_now, move |info| since.is_none_or(|since| lasted(info, since)));
    let mut sink = Sink::open(what.output, what.write.clone(), what.form)?;
    let mut exit = Exit::Fine;
    loop {
        let round = follow.round(|news| {
            if asked() {
                return Err(End::Asked);
            }
            let written = match news {
                News::Flows(batch, start) => {
                    sink.clock(start.unwrap_or_else(now));
                    sink.write_batch(&batch)
                }
                News::Facts(facts) => sink.facts(facts),
            };
            written.map_err(End::Failed)
        });
        say(&follow.take_problems(), &mut exit);
        match round {
            Ok(true) => continue,
            Ok(false) => sink.flush()?,
            Err(End::Asked) => break,
            Err(End::Failed(failure)) => return Err(failure),
        }
        if what.output.is_none() && stdout_is_closed() {
            return Err(Failure::Closed);
        }
        if asked() {
            break;
        }
        thread::sleep(PAUSE);
    }
    let mut problems = follow.end();
    sink.clock(now());
    sink.finish(&Counters::default(), &mut problems)?;
    say(&problems, &mut exit);
    Ok(exit)
}

/// Says what went wrong.
fn say(problems: &[Error], exit: &mut Exit) {
    for problem in problems {
        complain(NAME, problem);
        *exit = Exit::Partly;
    }
}

/// Whether a capture lasted to a moment, or goes on.
fn lasted(info: &StreamInfo, to: i64) -> bool {
    !info.is(flags::DONE) || info.end.filter(|end| *end != 0).is_none_or(|end| i64::from(end) >= to)
}
