//! Encoding blocks on several threads, in order.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::block::{BlockEncoder, Values};
use crate::flow::Schema;
use crate::flow::time::Span;

/// Blocks that a thread has been given at most: one that it is at, one for when that is done.
const AHEAD: usize = 2;

/// A block to be made.
pub(super) struct Job {
    pub schema: Arc<Schema>,
    pub columns: Vec<Values>,
    pub rows: usize,
    pub span: Option<Span>,
}

/// A block that has been made.
pub(super) struct Made {
    pub block: Vec<u8>,
    pub rows: usize,
    pub span: Option<Span>,
    /// To be used again.
    pub columns: Vec<Values>,
}

impl Job {
    /// Makes it.
    pub fn run(self, encoder: &mut BlockEncoder) -> Made {
        let Job { schema, columns, rows, span } = self;
        Made { block: encoder.encode(&schema, rows, &columns, span), rows, span, columns }
    }
}

/// Threads that are given blocks in turn, so that what each learns does not depend on which is quicker.
pub(super) struct Workers {
    threads: Vec<Worker>,
    /// Who has been given blocks, in order.
    pending: VecDeque<usize>,
    next: usize,
}

struct Worker {
    jobs: Option<Sender<Job>>,
    made: Receiver<Made>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// So many threads, each with an encoder.
    pub fn new(threads: usize, encoder: impl Fn() -> BlockEncoder) -> io::Result<Workers> {
        let threads = (0..threads).map(|_| Worker::new(encoder())).collect::<io::Result<Vec<_>>>()?;
        Ok(Workers { threads, pending: VecDeque::new(), next: 0 })
    }

    /// Gives the next thread a job; waits if too much is pending. Returns the blocks that have been made, in order.
    pub fn submit(&mut self, job: Job) -> io::Result<Vec<Made>> {
        let mut made = Vec::new();
        while self.pending.len() >= AHEAD * self.threads.len() {
            made.push(self.wait()?);
        }
        let worker = self.threads.get(self.next).ok_or_else(gone)?;
        worker.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or_else(gone)?;
        self.pending.push_back(self.next);
        self.next = (self.next + 1) % self.threads.len().max(1);
        while let Some(first) = self.pending.front().and_then(|at| self.threads.get(*at)) {
            let Ok(done) = first.made.try_recv() else { break };
            self.pending.pop_front();
            made.push(done);
        }
        Ok(made)
    }

    /// Waits for all that is pending.
    pub fn finish(&mut self) -> io::Result<Vec<Made>> {
        (0..self.pending.len()).map(|_| self.wait()).collect()
    }

    fn wait(&mut self) -> io::Result<Made> {
        let first = self.pending.pop_front().and_then(|at| self.threads.get(at)).ok_or_else(gone)?;
        first.made.recv().map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::other("a thread that makes blocks has ended")
}

impl Worker {
    fn new(mut encoder: BlockEncoder) -> io::Result<Worker> {
        let (jobs, queue) = channel::<Job>();
        let (done, made) = channel();
        let work = move || {
            for job in queue {
                if done.send(job.run(&mut encoder)).is_err() {
                    break;
                }
            }
        };
        let thread = Builder::new().name("encode".into()).spawn(work)?;
        Ok(Worker { jobs: Some(jobs), made, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends when there are no more jobs.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
