//! What a meter is told besides packets: that time goes on, that its flows are to end, to be shown or to be forgotten.

use std::convert::Infallible;

use super::biflow::{Biflow, Sink};
use super::expiry::Timeouts;
use super::sensor::Meter;

/// Where flows go that are to be forgotten.
struct Nowhere;

impl Sink for Nowhere {
    type Error = Infallible;

    fn take(&mut self, _: &Biflow) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Meter {
    /// Time goes on although no packet comes, to `now_ns` since 1970: packets that wait are counted, and flows that
    /// are over by then go to `sink`.
    pub fn tick<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        self.advance(now_ns, sink)
    }

    /// Ends every flow, and says how many there were.
    pub fn expire_all<S: Sink>(&mut self, sink: &mut S) -> Result<usize, S::Error> {
        let flows = self.settle(sink)?;
        self.finish(sink)?;
        Ok(flows)
    }

    /// Forgets every flow, and says how many there were: nothing is exported, nothing counted.
    pub fn delete_all<S: Sink>(&mut self, sink: &mut S) -> Result<usize, S::Error> {
        let flows = self.settle(sink)?;
        let Ok(()) = self.forget(&mut Nowhere);
        Ok(flows)
    }

    /// Shows every flow that is not over, in no particular order, with the time when it will be if nothing more
    /// comes, in ns since 1970.
    pub fn each<S: Sink>(&mut self, sink: &mut S, mut see: impl FnMut(&Biflow, u64)) -> Result<(), S::Error> {
        self.settle(sink)?;
        self.narrow.each(&mut see);
        self.wide.each(&mut see);
        Ok(())
    }

    /// When flows are over.
    pub fn timeouts(&self) -> &Timeouts {
        &self.settings.timeouts
    }

    /// Counts the packets that wait, and says how many flows there are then.
    fn settle<S: Sink>(&mut self, sink: &mut S) -> Result<usize, S::Error> {
        self.count(sink)?;
        Ok(self.flows())
    }
}
