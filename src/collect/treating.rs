//! What is done to flows before they are stored, and the count of those that a filter left out.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Local;

use super::log::Bounded;
use super::stat::Filtered;
use crate::flow::{FlowBatch, Form};
use crate::rewrite::{Scratch, Steps};

/// How often it is asked whether a key's file is to be read again.
const ASK: Duration = Duration::from_secs(1);

/// Gives the text of a file, or says why it cannot be read.
pub type Read = fn(&str) -> Result<String, String>;

/// Steps, and what came of them.
#[derive(Debug)]
pub struct Treating {
    steps: Steps,
    scratch: Scratch,
    filtered: Shared,
    /// Flows that the filter left out.
    out: u64,
    /// Numbers that became greater than what they are stored in.
    clipped: u64,
    lacks: Bounded,
    clippings: Bounded,
    read: Read,
    /// What names of files in a configuration are relative to.
    folder: PathBuf,
    asked: Instant,
}

/// Flows that a filter left out, counted in one thread and told of by another.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<Filtered>>);

impl Shared {
    /// The counts.
    pub fn counts(&self) -> MutexGuard<'_, Filtered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Treating {
    /// Takes the steps. `read` reads the files of keys when they are due again, by the names that they have in the
    /// folder that is the process's now.
    pub fn new(steps: Steps, read: Read) -> Treating {
        Treating {
            steps,
            scratch: Scratch::default(),
            filtered: Shared::default(),
            out: 0,
            clipped: 0,
            lacks: Bounded::default(),
            clippings: Bounded::default(),
            read,
            folder: std::env::current_dir().unwrap_or_default(),
            asked: Instant::now(),
        }
    }

    /// What flows of a form are stored as.
    pub fn form(&self, form: Form) -> Form {
        self.steps.form(form)
    }

    /// The flows as they are to be stored: tags given, filtered, translated. `say` is told what goes wrong, once in a
    /// while.
    pub fn run(&mut self, batch: FlowBatch, say: impl Fn(String)) -> FlowBatch {
        if self.asked.elapsed() >= ASK {
            self.asked = Instant::now();
            self.refresh().into_iter().for_each(&say);
        }
        let Treating { steps, scratch, filtered, out, lacks, .. } = self;
        if let Some((version, field)) =
            batch.raw().map(|raw| raw.layout.version).and_then(|v| Some((v, steps.lacks(v)?)))
        {
            let name = field.short_name();
            lacks.complain(|more| {
                say(format!("flows of version {version} have no {name}, which an action changes{more}"));
            });
        }
        let batch = steps.apply(batch, scratch, |all| {
            *out += (all.height() - all.len()) as u64;
            filtered.counts().add_deselected(all);
        });
        match self.scratch.take_clipped() {
            0 => {}
            clipped => {
                self.clipped += clipped;
                let all = self.clipped;
                self.clippings.complain(|more| {
                    say(format!("{all} numbers so far became greater than what they are stored in{more}"));
                });
            }
        }
        batch
    }

    /// Flows that the filter left out so far.
    pub fn out(&self) -> u64 {
        self.out
    }

    /// The filtered flows, for those who tell of them.
    pub fn filtered(&self) -> Shared {
        self.filtered.clone()
    }

    /// Reads again the keys for which it is time; says what is wrong with them.
    fn refresh(&self) -> Vec<String> {
        let Some(translation) = &self.steps.translation else { return Vec::new() };
        translation.refresh(Local::now(), |name| (self.read)(&self.folder.join(name).to_string_lossy()))
    }
}
