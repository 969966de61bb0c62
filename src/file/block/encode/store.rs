//! Storing the columns of a block as planned.

use std::collections::HashMap;

use super::assembly::{Assembly, Store, Wide};
use super::gather::Values;
use super::plan::{Choice, MOST};
use super::pools::{Keys, Pool, Pools};
use super::series::{Way, bounds};
use super::squeeze::Squeeze;
use super::{Block, Scratch, blank};
use crate::file::block::head::ColumnEntry;
use crate::file::block::{ColumnKind, NONE};

/// A block being stored.
pub(super) struct Storing<'a> {
    block: Block<'a>,
    choices: &'a [Choice],
    pools: &'a Pools,
    squeeze: &'a mut Squeeze,
    scratch: &'a mut Scratch,
    /// The parts that hold the pools' values.
    values: Vec<Option<u16>>,
    /// Columns whose twins were stored before them.
    done: HashMap<usize, ColumnEntry>,
    /// The parts so far.
    pub out: Assembly,
    /// Whether some choice did not fit.
    pub stale: bool,
}

impl<'a> Storing<'a> {
    pub fn new(
        block: Block<'a>,
        choices: &'a [Choice],
        pools: &'a Pools,
        squeeze: &'a mut Squeeze,
        scratch: &'a mut Scratch,
    ) -> Storing<'a> {
        let (values, done, out) = (vec![None; pools.all.len()], HashMap::new(), Assembly::default());
        Storing { block, choices, pools, squeeze, scratch, values, done, out, stale: false }
    }

    /// Stores every column.
    pub fn columns(&mut self) -> Vec<ColumnEntry> {
        (0..self.block.schema.fields().len()).filter_map(|at| self.column(at)).collect()
    }

    fn column(&mut self, at: usize) -> Option<ColumnEntry> {
        let block = self.block;
        let (spec, choice) = (*block.schema.fields().get(at)?, *self.choices.get(at)?);
        Some(match block.columns.get(at)? {
            Values::Fixed { width, .. } if (1..=8).contains(width) => {
                let mut numbers = std::mem::take(&mut self.scratch.numbers);
                block.numbers(at, &mut numbers);
                let entry = blank(spec);
                let bounds = bounds(&numbers).filter(|_| entry.number);
                let entry = self.number(at, choice, &mut numbers, ColumnEntry { bounds, ..entry });
                self.scratch.numbers = numbers;
                entry
            }
            Values::Fixed { width, data } => self.octets(at, *width, data, choice, blank(spec)),
            Values::Variable { ends, data } => {
                let (store, wide) = match choice {
                    Choice::Variable { lengths, data } => (lengths, data),
                    _ => (Store::Packed, Wide::Plain),
                };
                let mut lengths = super::lengths(ends);
                let a = self.out.numbers(4, Way::Absolute, store, &mut lengths, &[], self.squeeze);
                let b = self.out.octets(1, data, wide, self.squeeze);
                ColumnEntry { kind: ColumnKind::Variable, a, b, ..blank(spec) }
            }
        })
    }

    /// Stores numbers, which are lost.
    fn number(&mut self, at: usize, choice: Choice, numbers: &mut [u64], entry: ColumnEntry) -> ColumnEntry {
        let width = entry.spec.width;
        match choice {
            Choice::Numbers { way, store } => {
                let mut other = std::mem::take(&mut self.scratch.other);
                if let Way::Difference(reference) = way {
                    self.block.numbers(reference.into(), &mut other);
                }
                let a = self.out.numbers(width, way, store, numbers, &other, self.squeeze);
                self.scratch.other = other;
                return ColumnEntry { a, ..entry };
            }
            Choice::Codes { codes, values } => {
                let stored = match self.pools.of(at) {
                    Some((pool, place)) => self.pooled(pool, place, codes, values),
                    None => self.own(width, numbers, codes, values),
                };
                if let Some((a, b)) = stored {
                    return ColumnEntry { kind: ColumnKind::Codes, a, b, ..entry };
                }
            }
            Choice::Table { parent, twin, store } => {
                if let Some(done) = self.done.remove(&at) {
                    return ColumnEntry { bounds: entry.bounds, ..done };
                }
                let twin = twin.filter(|twin| *twin > at);
                if let Some(entry) = self.told(parent, twin, store, numbers, entry) {
                    return entry;
                }
            }
            Choice::Octets(_) | Choice::Variable { .. } => {}
        }
        self.stale = true;
        let a = self.out.numbers(width, Way::Absolute, Store::Planes, numbers, &[], self.squeeze);
        ColumnEntry { a, ..entry }
    }

    /// A column of a pool: its codes, and the pool's values.
    fn pooled(&mut self, at: usize, place: usize, codes: Store, values: Store) -> Option<(u16, u16)> {
        let pool = self.pools.all.get(at)?;
        let b = match self.values.get(at).copied().flatten() {
            Some(part) => part,
            None => {
                let part = self.keys(pool, values);
                *self.values.get_mut(at)? = Some(part);
                part
            }
        };
        let mut x = std::mem::take(&mut self.scratch.other);
        x.clear();
        x.extend(pool.codes.get(place)?.iter().map(|code| u64::from(*code)));
        let a = self.out.numbers(4, Way::Absolute, codes, &mut x, &[], self.squeeze);
        self.scratch.other = x;
        Some((a, b))
    }

    fn keys(&mut self, pool: &Pool, store: Store) -> u16 {
        match &pool.keys {
            Keys::Numbers(keys) => {
                self.out.numbers(pool.width, Way::Delta, store, &mut keys.clone(), &[], self.squeeze)
            }
            Keys::Long(keys) => {
                let octets: Vec<u8> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
                self.out.octets(pool.width, &octets, wide(store), self.squeeze)
            }
        }
    }

    /// A dictionary of the column's own, if it has few values.
    fn own(&mut self, width: u16, numbers: &[u64], codes: Store, values: Store) -> Option<(u16, u16)> {
        let (scratch, out) = (&mut *self.scratch, &mut self.out);
        if !scratch.own.build(numbers.iter().copied(), MOST, &mut scratch.codes) {
            return None;
        }
        let b = out.numbers(width, Way::Delta, values, &mut scratch.own.keys, &[], self.squeeze);
        scratch.other.clear();
        scratch.other.extend(scratch.codes.iter().map(|code| u64::from(*code)));
        Some((out.numbers(4, Way::Absolute, codes, &mut scratch.other, &[], self.squeeze), b))
    }

    /// A table of the parent's values; the twin's column with it.
    fn told(
        &mut self,
        parent: usize,
        twin: Option<usize>,
        store: Store,
        numbers: &[u64],
        entry: ColumnEntry,
    ) -> Option<ColumnEntry> {
        let is_told = |parent: &usize| matches!(self.choices.get(*parent), Some(Choice::Codes { .. }));
        let (pool, place) = self.pools.of(parent).filter(|_| is_told(&parent))?;
        let pool = self.pools.all.get(pool)?;
        let codes = pool.codes.get(place)?;
        let width = entry.spec.width;
        let other = twin.and_then(|twin| match self.choices.get(twin) {
            Some(Choice::Table { parent, .. }) => Some((twin, *parent)),
            _ => None,
        });
        let mut learner = std::mem::take(&mut self.scratch.learner);
        let mut twins = std::mem::take(&mut self.scratch.other);
        let both = other.and_then(|(twin, other)| {
            let (entries, told) = self.pools.both(parent, other)?;
            self.block.numbers(twin, &mut twins).filter(|other| *other == width)?;
            learner.learn(&[(codes, numbers), (told[1], &twins)], entries).then_some((twin, other))
        });
        let learnt = both.is_some() || learner.learn(&[(codes, numbers)], pool.entries());
        let made = learnt.then(|| {
            let a = self.out.numbers(width, Way::Absolute, store, &mut learner.table, &[], self.squeeze);
            let [one, two] = &mut learner.exceptions;
            if let Some((twin, other)) = both
                && let Some(spec) = self.block.schema.fields().get(twin)
            {
                let (b, c) = self.exceptions(width, two, &twins);
                let kind = ColumnKind::Table;
                self.done.insert(twin, ColumnEntry { kind, a, b, c, parent: other as u16, ..blank(*spec) });
            }
            let (b, c) = self.exceptions(width, one, numbers);
            ColumnEntry { kind: ColumnKind::Table, a, b, c, parent: parent as u16, ..entry }
        });
        self.stale |= other.is_some() && both.is_none();
        (self.scratch.learner, self.scratch.other) = (learner, twins);
        made
    }

    /// The flows that are exceptions, and their values.
    fn exceptions(&mut self, width: u16, rows: &mut [u64], values: &[u64]) -> (u16, u16) {
        if rows.is_empty() {
            return (NONE, NONE);
        }
        let mut told: Vec<u64> = rows.iter().filter_map(|row| values.get(*row as usize)).copied().collect();
        let b = self.out.numbers(4, Way::Delta, Store::Packed, rows, &[], self.squeeze);
        (b, self.out.numbers(width, Way::Absolute, Store::Packed, &mut told, &[], self.squeeze))
    }

    /// Values wider than numbers.
    fn octets(&mut self, at: usize, width: u16, data: &[u8], choice: Choice, entry: ColumnEntry) -> ColumnEntry {
        let stored = match choice {
            Choice::Codes { codes, values } => match self.pools.of(at) {
                Some((pool, place)) => self.pooled(pool, place, codes, values),
                None => self.own_octets(width, data, codes, values),
            },
            _ => None,
        };
        if let Some((a, b)) = stored {
            return ColumnEntry { kind: ColumnKind::Codes, a, b, ..entry };
        }
        self.stale |= !matches!(choice, Choice::Octets(_));
        let wide = if let Choice::Octets(wide) = choice { wide } else { Wide::Squeezed };
        ColumnEntry { a: self.out.octets(width, data, wide, self.squeeze), ..entry }
    }

    /// A dictionary of wide values in the order of their coming, if there are few.
    fn own_octets(&mut self, width: u16, data: &[u8], codes: Store, values: Store) -> Option<(u16, u16)> {
        let (mut keys, mut x) = (Vec::new(), std::mem::take(&mut self.scratch.other));
        x.clear();
        if width == 16 {
            let numbers = data.as_chunks().0.iter().map(|octets| u128::from_le_bytes(*octets));
            if self.scratch.long.build(numbers, MOST, &mut self.scratch.codes) {
                x.extend(self.scratch.codes.iter().map(|code| u64::from(*code)));
                keys.extend(self.scratch.long.keys.iter().flat_map(|key| key.to_le_bytes()));
            }
        } else {
            let mut known = HashMap::new();
            for value in data.chunks_exact(usize::from(width).max(1)) {
                let next = known.len() as u64;
                let code = *known.entry(value).or_insert(next);
                if code == next {
                    keys.extend_from_slice(value);
                }
                x.push(code);
                if known.len() > MOST {
                    break;
                }
            }
        }
        let whole = x.len() == self.block.rows && keys.len() <= MOST * usize::from(width);
        let made = whole.then(|| {
            let a = self.out.numbers(4, Way::Absolute, codes, &mut x, &[], self.squeeze);
            (a, self.out.octets(width, &keys, wide(values), self.squeeze))
        });
        self.scratch.other = x;
        made
    }
}

fn wide(store: Store) -> Wide {
    match store {
        Store::Packed => Wide::Plain,
        Store::Planes | Store::Squeezed => Wide::Planes,
    }
}
