//! What a program reads, and which of the flows: files, options, `--where`, `--from` and `--to` together.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::common::Files;
use super::window::Window;
use super::{Failure, symbols};
use crate::file::{Error, Inputs, Scan};
use crate::flow::{BlockFacts, FlowBatch, Projection, Prune, Schema, Select};
use crate::select::{Predicate, expr};

/// Which flows of which inputs. It passes on to a reader what it is to read, and notes what flows lack.
#[derive(Debug)]
pub struct Question {
    inputs: Inputs,
    /// What options ask for.
    letters: Predicate,
    /// All that is asked for: by options, the expression and the period.
    all: Predicate,
    /// Flows of classic records that lack a field that an option asks for.
    lacking: AtomicU64,
    /// Some flows have what is asked for.
    answered: AtomicBool,
    /// What is missing, in some flows that do not.
    unanswered: OnceLock<&'static str>,
}

impl Question {
    /// Every flow of the files for which an expression holds, and that was active in a period.
    ///
    /// # Errors
    ///
    /// The expression makes no sense, or the tables of names cannot be read.
    pub fn new(files: &Files, window: &Window, expression: Option<&str>) -> Result<Question, Failure> {
        let expression = Predicate::and(vec![window.predicate(), parse(expression)?]);
        Ok(Question {
            inputs: window.inputs(files.inputs()),
            letters: Predicate::always(true),
            all: expression,
            lacking: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            unanswered: OnceLock::new(),
        })
    }

    /// Those of them that options ask for.
    pub fn and(self, letters: Predicate) -> Question {
        let all = Predicate::and(vec![letters.clone(), self.all.clone()]);
        Question { letters, all, ..self }
    }

    /// What is read.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Which flows.
    pub fn predicate(&self) -> &Predicate {
        &self.all
    }

    /// Opens the inputs; the reading leaves out all flows but those asked for.
    ///
    /// # Errors
    ///
    /// As [`Scan::open`]; or the first input is of a classic version that has not what an option asks for.
    pub fn open(&self) -> Result<Scan<'_>, Failure> {
        let scan = Scan::open(&self.inputs)?;
        if let Some(version) = scan.info().version
            && let Some(field) = self.letters.missing(&version.layout().schema)
        {
            return Err(Failure::Failed(format!("flows of version {version} have no {}", field.short_name())));
        }
        Ok(if self.all == Predicate::always(true) { scan } else { scan.select(self) })
    }

    /// What there is to say of what flows lacked, once they have been read. An expression may ask for what only some
    /// flows have, but that none has it is worth a word.
    pub fn problem(&self) -> Option<Error> {
        let lacking = self.lacking.load(Ordering::Relaxed);
        let what = match self.unanswered.get() {
            Some(what) if !self.answered.load(Ordering::Relaxed) => {
                format!("no flow has what is asked for: {what}")
            }
            _ if lacking > 0 => format!("{lacking} flows lack a field that is asked for"),
            _ => return None,
        };
        Some(Error::format("input", "", what))
    }

    /// Notes whether flows of a schema can be among those asked for.
    fn see(&self, schema: &Schema) {
        if self.answered.load(Ordering::Relaxed) {
            return;
        }
        match self.all.unanswerable(schema) {
            None => self.answered.store(true, Ordering::Relaxed),
            Some(what) => {
                self.unanswered.get_or_init(|| what);
            }
        }
    }
}

impl Prune for Question {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        if let Some(schema) = block.schema() {
            self.see(schema);
        }
        self.all.may_match(block)
    }
}

impl Select for Question {
    fn needs(&self) -> Projection {
        self.all.fields()
    }

    fn select(&self, batch: &mut FlowBatch) {
        if batch.is_empty() {
            return;
        }
        self.see(batch.schema());
        if batch.raw().is_some() && self.letters.missing(batch.schema()).is_some() {
            self.lacking.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        Select::select(&self.all, batch);
    }
}

/// An expression as a condition; without one, every flow will do.
fn parse(text: Option<&str>) -> Result<Predicate, Failure> {
    let Some(text) = text else { return Ok(Predicate::always(true)) };
    let symbols = symbols::load()?;
    // Comments may be in any encoding.
    let load = |name: &str| match std::fs::read(name) {
        Ok(octets) => Ok(String::from_utf8_lossy(&octets).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    let context = expr::Context { symbols: &symbols, now: chrono::Local::now(), load: &load };
    expr::parse(text, &context).map_err(|error| Failure::Usage(format!("-w: {error}")))
}
