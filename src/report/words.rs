//! Values that are no numbers, as numbers: texts, octets, addresses beside the usual ones.
//!
//! A value gets the next number when it is first seen, on any thread; when all are known, the numbers become ranks, so
//! that what is in order of them is in order of the values.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::flow::{Order, Rows, View};

type Numbers = HashMap<Box<[u8]>, u32>;

/// Values seen so far, shared by all threads.
#[derive(Default, Debug)]
pub(super) struct Words {
    numbers: Mutex<Numbers>,
}

/// All values, in order.
#[derive(Default, Debug)]
pub(super) struct Ranked {
    values: Vec<Box<[u8]>>,
    /// For each number its value's rank.
    ranks: Vec<u32>,
}

/// What one thread knows of them.
#[derive(Default)]
pub(super) struct Known {
    numbers: Numbers,
    value: Vec<u8>,
}

impl Known {
    /// Gathers the numbers of some rows' values. `number` says that values lie as numbers do, in either byte order.
    pub fn gather(&mut self, words: &Words, view: View<'_>, number: bool, rows: Rows<'_>, out: &mut Vec<u64>) {
        out.clear();
        out.reserve(rows.len());
        // Flows that follow each other are often alike.
        let (mut last, mut last_number): (&[u8], Option<u64>) = (&[], None);
        rows.each(|row| {
            let (octets, order) = view.octets(row);
            if let Some(number) = last_number.filter(|_| last == octets) {
                return out.push(number);
            }
            let found = if number && order == Order::Little {
                self.value.clear();
                self.value.extend(octets.iter().rev());
                let value = std::mem::take(&mut self.value);
                let found = self.find(words, &value);
                self.value = value;
                found
            } else {
                self.find(words, octets)
            };
            (last, last_number) = (octets, Some(found.into()));
            out.push(found.into());
        });
    }

    fn find(&mut self, words: &Words, value: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = words.number(value);
        self.numbers.insert(value.into(), number);
        number
    }
}

impl Words {
    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, value: &[u8]) -> u32 {
        let mut numbers = self.lock();
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(value.into()).or_insert(next)
    }

    /// Puts the values in order. None is to be seen after that.
    pub fn rank(&self) -> Ranked {
        let mut all: Vec<(Box<[u8]>, u32)> = std::mem::take(&mut *self.lock()).into_iter().collect();
        all.sort_unstable();
        let mut ranked = Ranked { values: Vec::with_capacity(all.len()), ranks: vec![0; all.len()] };
        for (rank, (value, number)) in (0u32..).zip(all) {
            if let Some(place) = ranked.ranks.get_mut(number as usize) {
                *place = rank;
            }
            ranked.values.push(value);
        }
        ranked
    }
}

impl Ranked {
    /// The rank of the value of a number.
    pub fn rank(&self, number: u64) -> u64 {
        usize::try_from(number).ok().and_then(|at| self.ranks.get(at)).map_or(number, |rank| u64::from(*rank))
    }

    /// The value of a rank.
    pub fn value(&self, rank: u64) -> &[u8] {
        usize::try_from(rank).ok().and_then(|at| self.values.get(at)).map_or(&[], |value| value)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
