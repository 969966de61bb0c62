//! Flows as other programs keep them: cflowd's raw flow files, comma-separated fields, Cisco's NetFlow FlowCollector,
//! nfdump's files, packets.
//!
//! Readers take any [`BufRead`](std::io::BufRead) and are read by [`Batches`]; what is wrong with their input they say
//! with its place.

pub mod cflowd;
pub mod collector;
pub mod csv;
pub mod nfdump;
pub mod pcap;
mod rows;

use std::fmt;

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
        while !self.ended && self.import.rows().len() < CHUNK {
            match self.import.flow() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(wrong) => (self.ended, self.wrong) = (true, Some(wrong)),
            }
        }
        self.import.rows().take().map(Ok).or_else(|| self.wrong.take().map(Err))
    }
}

#[cfg(test)]
mod tests;
