//! Work on all cores: numbered pieces, taken by whoever is free.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Calls `step` with every number below `pieces`, with a state a thread; returns the states.
pub(super) fn fold<S: Send>(
    threads: usize,
    pieces: usize,
    start: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, usize) + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut state = start();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return state;
            }
            step(&mut state, piece);
        }
    };
    if threads.min(pieces) <= 1 {
        return vec![work()];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(pieces)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Makes every piece of `pieces`, on `threads` cores, and hands them to `sink` in order, on the calling thread. What
/// `make` fills is used again and again. Ends early when `sink` fails.
pub(super) fn in_order<S, T: Default + Send, E>(
    threads: usize,
    pieces: usize,
    state: impl Fn() -> S + Sync,
    make: impl Fn(&mut S, usize, &mut T) + Sync,
    mut sink: impl FnMut(&mut T) -> Result<(), E>,
) -> Result<(), E> {
    if threads.min(pieces) <= 1 {
        let (mut state, mut made) = (state(), T::default());
        return (0..pieces).try_for_each(|piece| {
            make(&mut state, piece, &mut made);
            sink(&mut made)
        });
    }
    let queue = Queue { ahead: threads * 2, pieces, state: Mutex::default(), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(pieces) {
            scope.spawn(|| {
                let _stop = StopOnPanic(&queue);
                let mut state = state();
                while let Some((piece, mut made)) = queue.take() {
                    make(&mut state, piece, &mut made);
                    queue.put(piece, made);
                }
            });
        }
        let result = (0..pieces).try_for_each(|piece| match queue.get(piece) {
            Some(mut made) => sink(&mut made).map(|()| queue.give_back(made)),
            // A thread panicked: the scope passes that on.
            None => Ok(()),
        });
        queue.stop();
        result
    })
}

/// Pieces taken, made and written.
struct Queue<T> {
    /// So many pieces may be taken before the first of them is written.
    ahead: usize,
    pieces: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    taken: usize,
    written: usize,
    made: BTreeMap<usize, T>,
    spare: Vec<T>,
    stopped: bool,
}

impl<T> Default for State<T> {
    fn default() -> State<T> {
        State { taken: 0, written: 0, made: BTreeMap::new(), spare: Vec::new(), stopped: false }
    }
}

impl<T: Default> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, until: impl Fn(&State<T>) -> bool) -> MutexGuard<'_, State<T>> {
        self.changed
            .wait_while(self.lock(), |state| !state.stopped && !until(state))
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece to be made, and something to make it in.
    fn take(&self) -> Option<(usize, T)> {
        let mut state = self.wait(|s| s.taken >= self.pieces || s.taken - s.written < self.ahead);
        if state.stopped || state.taken >= self.pieces {
            return None;
        }
        state.taken += 1;
        Some((state.taken - 1, state.spare.pop().unwrap_or_default()))
    }

    fn put(&self, piece: usize, made: T) {
        self.lock().made.insert(piece, made);
        self.changed.notify_all();
    }

    fn get(&self, piece: usize) -> Option<T> {
        self.wait(|s| s.made.contains_key(&piece)).made.remove(&piece)
    }

    fn give_back(&self, made: T) {
        let mut state = self.lock();
        state.spare.push(made);
        state.written += 1;
        drop(state);
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Ends the waiting for a piece whose maker panicked.
struct StopOnPanic<'a, T: Default>(&'a Queue<T>);

impl<T: Default> Drop for StopOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_in_order() {
        for threads in [1, 3] {
            let mut seen = Vec::new();
            let make = |(): &mut (), piece: usize, out: &mut Vec<usize>| *out = vec![piece; 3];
            let end = in_order(
                threads,
                100,
                || (),
                make,
                |made: &mut Vec<usize>| {
                    seen.extend_from_slice(made);
                    if made.first() == Some(&60) { Err("enough") } else { Ok(()) }
                },
            );
            assert_eq!(end, Err("enough"));
            assert_eq!(seen, (0..=60).flat_map(|n| [n; 3]).collect::<Vec<_>>());
        }
        assert_eq!(in_order(2, 0, || (), |_, _, _: &mut u8| (), |_| Err(())), Ok(()));
    }

    #[test]
    fn every_piece_is_worked_on_once() {
        for threads in [1, 4] {
            let sums = fold(threads, 1000, || 0, |sum, piece| *sum += piece);
            assert_eq!(sums.iter().sum::<usize>(), 999 * 1000 / 2);
        }
    }
}
