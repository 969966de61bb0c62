//! Results in input order from work done out of order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::scan::{Scan, Slot, free, lock};
use super::unit::Unit;
use crate::flow::{FlowBatch, flags};

/// Flows waiting at which no other file is read than the earliest unfinished one: some 200 MB of records.
const AHEAD: u64 = 3 << 20;
/// Results of the earliest unfinished file waiting at which it is not read on: the sink is slow.
const FULL: usize = 64;
/// Flows of it likewise: modern files' blocks are large.
const FULL_FLOWS: u64 = 256 << 10;

/// The place a chunk has in the order: input, then chunk within it.
type Place = (usize, u64);

/// Who has done what.
pub(super) struct Ordered<'a, T> {
    scan: &'a Scan<'a>,
    progress: Mutex<Progress<T>>,
    /// Something was finished, or taken.
    changed: Condvar,
}

struct Progress<T> {
    /// Results, `None` where a unit had nothing that is wanted; and how many flows were read for them.
    waiting: BTreeMap<Place, (u64, Option<T>)>,
    /// Flows of all of them.
    flows: u64,
    /// Chunks of each input, once it has ended.
    ended: Vec<Option<u64>>,
    /// The first input that has not ended.
    front: usize,
    /// The sink has failed: nobody wants more.
    stopped: bool,
    /// A thread has ended without finishing its work.
    panicked: bool,
}

impl<'a, T: Send> Ordered<'a, T> {
    pub fn new(scan: &'a Scan<'a>) -> Ordered<'a, T> {
        let ended = vec![None; scan.slots.len()];
        let progress =
            Progress { waiting: BTreeMap::new(), flows: 0, ended, front: 0, stopped: false, panicked: false };
        Ordered { scan, progress: Mutex::new(progress), changed: Condvar::new() }
    }

    /// A worker: takes chunks, works on them, files the results.
    pub fn work<S>(&self, state: &impl Fn() -> S, work: &impl Fn(&mut S, FlowBatch) -> T) {
        let _guard = PanicGuard(self);
        let mut scratch = state();
        while let Some((place, unit)) = self.take() {
            let slot = self.scan.slots.get(place.0);
            let batch = slot.and_then(|slot| self.scan.read(slot, unit));
            let flows = batch.as_ref().map_or(0, |batch| batch.height() as u64);
            let result = batch.map(|batch| work(&mut scratch, batch));
            let mut progress = self.progress();
            progress.flows += flows;
            progress.waiting.insert(place, (flows, result));
            drop(progress);
            self.changed.notify_all();
        }
    }

    /// The calling thread: hands results on in order.
    pub fn drain<E>(&self, sink: &mut impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
        let mut next: Place = (0, 0);
        loop {
            let mut progress = self.progress();
            let result = loop {
                if let Some((flows, result)) = progress.waiting.remove(&next) {
                    progress.flows -= flows;
                    break result;
                }
                match progress.ended.get(next.0) {
                    None => return Ok(()),
                    Some(Some(chunks)) if *chunks == next.1 => next = (next.0 + 1, 0),
                    // The panic is passed on when the threads are joined.
                    _ if progress.panicked => return Ok(()),
                    _ => progress = self.wait(progress),
                }
            };
            drop(progress);
            self.changed.notify_all();
            next.1 += 1;
            let Some(result) = result else { continue };
            if let Err(error) = sink(result) {
                self.progress().stopped = true;
                self.scan.stop.store(true, std::sync::atomic::Ordering::Relaxed);
                self.changed.notify_all();
                return Err(error);
            }
        }
    }

    /// The next chunk to work on, or `None` when there is nothing left.
    fn take(&self) -> Option<(Place, Unit)> {
        loop {
            let (front, only_front) = self.room()?;
            let end = if only_front { front + 1 } else { self.scan.slots.len() };
            let mut busy = None;
            for (input, slot) in self.scan.slots.iter().enumerate().take(end).skip(front) {
                match free(slot) {
                    None => busy = busy.or(Some((input, slot))),
                    Some(mut slot) => {
                        if let Some(chunk) = self.chunk(input, &mut slot) {
                            return Some(chunk);
                        }
                    }
                }
            }
            if let Some((input, slot)) = busy
                && let Some(chunk) = self.chunk(input, &mut lock(slot))
            {
                return Some(chunk);
            }
        }
    }

    /// Waits until results may be added; says which input is the earliest, and whether only that may be read.
    fn room(&self) -> Option<(usize, bool)> {
        let mut progress = self.progress();
        loop {
            if progress.stopped || progress.front >= progress.ended.len() {
                return None;
            }
            // Reading on in another file is worth it only where reading is work.
            let info = self.scan.info();
            let work = info.is(flags::COMPRESSED) || info.stream_version == 4;
            let ahead = work && progress.flows < AHEAD;
            // The earliest input's results are in sequence, so if some wait then the one that is waited for is
            // among them or being worked on: waiting here cannot last.
            let ready = progress.waiting.range((progress.front, 0)..(progress.front + 1, 0)).take(FULL);
            let (ready, flows) = ready.fold((0, 0), |(count, sum), (_, (flows, _))| (count + 1, sum + flows));
            if ready < FULL && flows < FULL_FLOWS {
                return Some((progress.front, !ahead));
            }
            progress = self.wait(progress);
        }
    }

    fn chunk(&self, input: usize, slot: &mut Slot) -> Option<(Place, Unit)> {
        let place = (input, slot.chunks);
        if let Some(unit) = slot.next(&self.scan.plan) {
            return Some((place, unit));
        }
        let mut progress = self.progress();
        if let Some(ended) = progress.ended.get_mut(input) {
            *ended = Some(slot.chunks);
        }
        while progress.ended.get(progress.front).is_some_and(Option::is_some) {
            progress.front += 1;
        }
        drop(progress);
        self.changed.notify_all();
        None
    }

    fn progress(&self) -> MutexGuard<'_, Progress<T>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, guard: MutexGuard<'g, Progress<T>>) -> MutexGuard<'g, Progress<T>> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes everybody when a worker panics, so that the panic is seen rather than waited behind.
struct PanicGuard<'o, 'a, T: Send>(&'o Ordered<'a, T>);

impl<T: Send> Drop for PanicGuard<'_, '_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut progress = self.0.progress();
            progress.panicked = true;
            progress.stopped = true;
            self.0.changed.notify_all();
        }
    }
}
