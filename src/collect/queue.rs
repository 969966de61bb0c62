//! Between receiving and storing: a queue of flows, bounded in octets, that never makes the receiver wait.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::flow::{Fact, FlowBatch, Form};
use crate::wire::Counters;

/// What is to be done, in the order it was received.
#[derive(Debug)]
pub enum Item {
    /// Store these flows.
    Flows(Block),
    /// Exporters said this of themselves.
    Facts(Vec<Fact>),
    /// Begin a new file; it starts at this moment, seconds since 1970.
    Rotate {
        /// When.
        at: i64,
        /// What had been received, and what not, up to here.
        total: Counters,
    },
    /// Finish the file: there will be nothing more.
    Close {
        /// What had been received, and what not, up to here.
        total: Counters,
    },
}

/// Flows of one schema.
#[derive(Debug)]
pub struct Block {
    /// The flows.
    pub batch: FlowBatch,
    /// What the first datagram of all would be stored as.
    pub form: Form,
    /// When the first of them was received, seconds since 1970.
    pub at: i64,
    /// What had been received, and what not, up to here, these flows included.
    pub total: Counters,
}

impl Block {
    /// How many flows.
    pub fn flows(&self) -> u64 {
        self.batch.len() as u64
    }

    /// Octets of memory it takes.
    pub fn room(&self) -> usize {
        self.batch.room()
    }
}

/// The receiver's end.
#[derive(Debug)]
pub struct Queue {
    items: Sender<Item>,
    broken: Cell<bool>,
    octets: Arc<AtomicUsize>,
    most: usize,
}

/// The storing end.
#[derive(Debug)]
pub struct Feed {
    items: Receiver<Item>,
    octets: Arc<AtomicUsize>,
    most: usize,
}

/// A queue that holds up to `most` octets of flows.
pub fn queue(most: usize) -> (Queue, Feed) {
    let (items, taken) = channel();
    let octets = Arc::<AtomicUsize>::default();
    let feed = Feed { items: taken, octets: octets.clone(), most };
    (Queue { items, broken: Cell::new(false), octets, most }, feed)
}

impl Queue {
    /// Hands flows over; says how many are dropped if the queue is full.
    pub fn offer(&self, block: Block) -> Result<(), u64> {
        let octets = block.room();
        // Only this end adds, so what is checked here cannot be exceeded meanwhile.
        if self.octets.load(Ordering::Relaxed) + octets > self.most {
            return Err(block.flows());
        }
        self.octets.fetch_add(octets, Ordering::Relaxed);
        self.tell(Item::Flows(block));
        Ok(())
    }

    /// Hands over what takes no room to speak of, however full the queue is.
    pub fn tell(&self, item: Item) {
        if self.items.send(item).is_err() {
            self.broken.set(true);
        }
    }

    /// Whether the other end is gone, which it should not be before it is told to close.
    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }
}

impl Feed {
    /// The next item; `None` after `wait` without one, and an order to close if the receiver is no more.
    pub fn next(&self, wait: Duration) -> Option<Item> {
        match self.items.recv_timeout(wait) {
            Ok(item) => Some(item),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Item::Close { total: Counters::default() }),
        }
    }

    /// Says that the flows of a block of [`Block::room`] octets have been dealt with.
    pub fn done(&self, room: usize) {
        self.octets.fetch_sub(room, Ordering::Relaxed);
    }

    /// How full the queue is: 0 to 100.
    pub fn percent(&self) -> usize {
        self.octets.load(Ordering::Relaxed) * 100 / self.most.max(1)
    }

    /// Flows that wait.
    pub fn drain(&self) -> u64 {
        let items = self.items.try_iter();
        items.map(|item| if let Item::Flows(block) = item { block.flows() } else { 0 }).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Order, Version};

    fn block(octets: usize) -> Block {
        let batch = FlowBatch::from_raw(Version::V5, Order::HOST, vec![0; octets]);
        Block { batch, form: Version::V5.into(), at: 0, total: Counters::default() }
    }

    #[test]
    fn a_full_queue_takes_orders_but_no_flows() {
        let (queue, feed) = queue(256);
        assert!(queue.offer(block(128)).is_ok() && queue.offer(block(128)).is_ok());
        assert_eq!(feed.percent(), 100);
        assert_eq!(queue.offer(block(64)), Err(1));
        queue.tell(Item::Rotate { at: 7, total: Counters::default() });
        let Some(Item::Flows(first)) = feed.next(Duration::ZERO) else { panic!("flows come first") };
        feed.done(first.room());
        assert!(queue.offer(block(64)).is_ok());
        assert_eq!(feed.drain(), 3);
        drop(queue);
        assert!(matches!(feed.next(Duration::ZERO), Some(Item::Close { .. })));
    }
}
