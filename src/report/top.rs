//! The first few of many groups.
//!
//! Each thread keeps twice as many as are wanted, halves them when they are full, and from then on passes over every
//! group that comes behind the last one kept: nearly all, at the cost of reading it once.

use super::rank::{Order, Rows, entry};
use super::table::Row;
use super::{Entry, pool};

/// Fewer than this are not worth a selection.
const LEAST: usize = 64;

/// The first `limit` groups in order.
pub(super) fn first<const N: usize, const M: usize>(
    rows: &Rows<N, M>,
    order: Order,
    limit: usize,
    threads: usize,
) -> Vec<Entry> {
    let start = || Picked::new(rows, order, limit);
    let picked = pool::fold(threads, rows.partitions.len(), start, |picked, at| {
        rows.partitions.get(at).into_iter().flatten().for_each(|row| picked.see(row));
    });
    let mut all = start();
    picked.iter().flat_map(|picked| &picked.kept).for_each(|(_, row)| all.see(row));
    let mut kept = std::mem::take(&mut all.kept);
    kept.sort_unstable_by(|a, b| all.compare(a, b));
    kept.iter().take(limit).map(|(_, row)| entry(row)).collect()
}

struct Picked<'a, const N: usize, const M: usize> {
    rows: &'a Rows<N, M>,
    order: Order,
    limit: usize,
    /// Groups whose words are greater come too late.
    last: u128,
    kept: Vec<(u128, &'a Row<N, M>)>,
}

impl<'a, const N: usize, const M: usize> Picked<'a, N, M> {
    fn new(rows: &'a Rows<N, M>, order: Order, limit: usize) -> Picked<'a, N, M> {
        Picked { rows, order, limit, last: u128::MAX, kept: Vec::new() }
    }

    fn compare(&self, a: &(u128, &Row<N, M>), b: &(u128, &Row<N, M>)) -> std::cmp::Ordering {
        a.0.cmp(&b.0).then_with(|| self.order.compare(&self.rows.layout, a.1, b.1))
    }

    #[inline]
    fn see(&mut self, row: &'a Row<N, M>) {
        let word = self.order.word(&self.rows.layout, row, 0);
        if word <= self.last {
            self.keep(word, row);
        }
    }

    fn keep(&mut self, word: u128, row: &'a Row<N, M>) {
        if self.kept.len() >= (self.limit * 2).max(LEAST) {
            let mut kept = std::mem::take(&mut self.kept);
            kept.select_nth_unstable_by(self.limit, |a, b| self.compare(a, b));
            kept.truncate(self.limit);
            self.last = kept.iter().map(|(word, _)| *word).max().unwrap_or(0);
            self.kept = kept;
            if word > self.last {
                return;
            }
        }
        self.kept.push((word, row));
    }
}
