//! Reading on all cores: units of work in an ordered pool.

use super::{Error, Inputs};
use crate::flow::{FlowBatch, Projection, StreamInfo};

/// A reading of inputs, opened: the first one's header has been read.
pub struct Scan {}

/// What a reading came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Flows read.
    pub flows: u64,
    /// What was wrong, in input order; everything before each damage was used.
    pub problems: Vec<Error>,
}

impl Scan {
    /// Opens the inputs. Fails only if not one of them can be read.
    pub fn open(_inputs: &Inputs) -> Result<Scan, Error> {
        todo!()
    }

    /// The fields that will be asked of batches; all if this is not called.
    pub fn fields(self, _fields: Projection) -> Scan {
        todo!()
    }

    /// At most so many threads; as many as there are cores if this is not called.
    pub fn threads(self, _threads: usize) -> Scan {
        todo!()
    }

    /// The first readable input's header.
    pub fn info(&self) -> &StreamInfo {
        todo!()
    }

    /// Runs `work` on every batch, on all cores, and hands the results to `sink` in input order on the calling
    /// thread. `state` makes each thread's scratch space. Ends early, without complaint, when `sink` fails.
    pub fn ordered<S, T: Send, E>(
        self,
        _state: impl Fn() -> S + Sync,
        _work: impl Fn(&mut S, FlowBatch) -> T + Sync,
        _sink: impl FnMut(T) -> Result<(), E>,
    ) -> Result<Summary, E> {
        todo!()
    }

    /// Folds every batch into one accumulator a thread, in no particular order; returns the accumulators.
    pub fn fold<A: Send>(
        self,
        _start: impl Fn() -> A + Sync,
        _step: impl Fn(&mut A, &FlowBatch) + Sync,
    ) -> (Vec<A>, Summary) {
        todo!()
    }
}
