//! Flows as other programs keep them: cflowd's raw flow files, comma-separated fields, Cisco's NetFlow FlowCollector,
//! nfdump's files, packets.
//!
//! Readers take any [`BufRead`](std::io::BufRead) and are read by [`Batches`]; what is wrong with their input they say
//! with its place.

pub mod cflowd;
pub mod collector;
pub mod csv;
mod lzo;
pub mod nfdump;
pub mod pcap;
mod rows;

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Read};

pub use self::rows::Rows;
use crate::flow::FlowBatch;

/// Flows are read so many at a time.
const CHUNK: usize = 4096;

/// Where an input makes no sense, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// Such as `line 3` or `octet 120`.
    pub place: String,
    /// What is wrong, what was expected.
    pub what: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for Wrong {}

/// Lines of a text.
struct Lines<R> {
    input: R,
    number: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// No line of flows is longer, in octets.
    const LONGEST: u64 = 64 * 1024;

    fn new(input: R) -> Lines<R> {
        Lines { input, number: 0, text: Vec::new() }
    }

    /// The next line without white space around it; `None` at the end.
    fn next(&mut self) -> Result<Option<Cow<'_, str>>, Wrong> {
        self.number += 1;
        self.text.clear();
        match self.input.by_ref().take(Self::LONGEST).read_until(b'\n', &mut self.text) {
            Ok(0) => Ok(None),
            Ok(_) if self.text.len() as u64 == Self::LONGEST => Err(self.wrong("the line is too long to be a flow")),
            Ok(_) => Ok(Some(String::from_utf8_lossy(self.text.trim_ascii()))),
            Err(error) => Err(self.wrong(error.to_string())),
        }
    }

    /// What is wrong with the line read last.
    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { place: format!("line {}", self.number), what: what.into() }
    }
}

/// Something that flows are read from, one by one.
pub trait Import {
    /// Reads the next flow into [`rows`](Import::rows); says whether there was one. Flows without what a record needs
    /// may be passed over.
    ///
    /// # Errors
    ///
    /// What is wrong with the input, and where: there is nothing to be read behind it.
    fn flow(&mut self) -> Result<bool, Wrong>;

    /// The flows that have been read.
    fn rows(&mut self) -> &mut Rows;

    /// Those of them that are of IPv6, where they are read too.
    fn six(&mut self) -> Option<&mut Rows> {
        None
    }
}

/// Flows of an import, some thousands at a time.
pub struct Batches<I> {
    import: I,
    wrong: Option<Wrong>,
    ended: bool,
}

impl<I: Import> Batches<I> {
    /// All flows of an import.
    pub fn of(import: I) -> Batches<I> {
        Batches { import, wrong: None, ended: false }
    }
}

impl<I: Import> Iterator for Batches<I> {
    type Item = Result<FlowBatch, Wrong>;

    /// What came before something wrong is handed over before that is said; then it ends.
    fn next(&mut self) -> Option<Result<FlowBatch, Wrong>> {
        while !self.ended && self.import.rows().len() + self.import.six().map_or(0, |six| six.len()) < CHUNK {
            match self.import.flow() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(wrong) => (self.ended, self.wrong) = (true, Some(wrong)),
            }
        }
        let batch = self.import.rows().take().or_else(|| self.import.six()?.take());
        batch.map(Ok).or_else(|| self.wrong.take().or_else(|| self.clipped()).map(Err))
    }
}

impl<I: Import> Batches<I> {
    /// That numbers had no room, if any had not.
    fn clipped(&mut self) -> Option<Wrong> {
        let clipped = self.import.rows().take_clipped() + self.import.six().map_or(0, Rows::take_clipped);
        let what = "do not fit into a flow's fields: the greatest that do were written".to_owned();
        (clipped > 0).then(|| Wrong { place: format!("{clipped} numbers"), what })
    }
}

#[cfg(test)]
mod tests;
