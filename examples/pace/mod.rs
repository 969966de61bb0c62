//! What the load generators share: datagrams at a fixed rate.

use std::error::Error;
use std::time::{Duration, Instant};

use flowtools::net::Sender;

/// Datagrams are sent this often, as many as are due.
const TICK: Duration = Duration::from_micros(500);

/// How much is to be sent, and how fast.
pub struct Pace {
    /// Flows a second.
    pub rate: f64,
    /// For so long.
    pub seconds: f64,
    /// Flows a datagram.
    pub flows: usize,
}

impl Pace {
    /// Calls `send` with the number of each datagram that is due, and the time since the first, then says what was
    /// sent. Several datagrams share a look at the clock.
    pub fn keep(
        &self,
        sender: &mut Sender,
        mut send: impl FnMut(&mut Sender, usize, Duration) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let flows = self.flows as f64;
        let total = (self.rate * self.seconds / flows).round() as usize;
        let (start, mut sent) = (Instant::now(), 0);
        while sent < total {
            let since = start.elapsed();
            let due = (since.as_secs_f64() * self.rate / flows) as usize;
            // No more than a few milliseconds' worth between two looks at the clock.
            let until = due.min(total).min(sent + 2048);
            while sent < until {
                send(sender, sent, since)?;
                sent += 1;
            }
            sender.flush()?;
            if sent >= due {
                std::thread::sleep(TICK);
            }
        }
        let (took, flows) = (start.elapsed().as_secs_f64(), sent * self.flows);
        println!("{flows} flows in {sent} datagrams, {:.0} flows/s, {} refused", flows as f64 / took, sender.refused());
        Ok(())
    }
}
