//! Packets sent on as they come, one in so many (PSAMP, RFC 5476): `-v psamp`.

use super::flows::{Shared, lock};
use crate::cli::flow_sensor::Args;
use crate::meter::source::Frame;

/// Sends one packet in so many to collectors.
pub struct Packets {
    exporter: Shared,
    rate: u64,
    seen: u64,
}

impl Packets {
    /// If packets are to be sent.
    pub fn new(args: &Args, exporter: &Shared) -> Option<Packets> {
        args.sends_packets().then(|| Packets { exporter: exporter.clone(), rate: args.sampling.max(1).into(), seen: 0 })
    }

    /// Sends a packet if it is its turn, and says whether it was.
    pub fn take(&mut self, frame: &Frame<'_>) -> bool {
        let turn = self.seen.is_multiple_of(self.rate);
        self.seen += 1;
        if turn {
            lock(&self.exporter).packet(frame.time_ns, frame.data);
        }
        turn
    }
}
