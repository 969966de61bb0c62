//! Sketches by key.
//!
//! Keys are spread over shards; a worker sorts a batch's flows by shard, so that it takes each lock once a batch.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::sketch::{self, Sketch};
use crate::flow::FlowBatch;
use crate::report::engine::engine;
use crate::report::gather::{Keys, Source, Values};
use crate::report::key::{Key, KeyLayout, MAX_WORDS};
use crate::report::{Counts, Entry, Grouping, Groups, KeyWords, Part};

const SHARDS: usize = 64;

type Shard = HashMap<KeyWords, Sketch, Seed>;

/// Sketches of one part's values, a group each.
pub(super) struct Approx {
    key: Grouping,
    value: Key,
    layout: KeyLayout,
    seed: Seed,
    /// By narrow keys, then by keys with IPv6 addresses.
    shards: [Vec<Mutex<Shard>>; 2],
}

impl Approx {
    /// Nothing seen yet. `key` and the value together are a grouping that fits.
    pub fn new(key: Grouping, value: Part) -> Approx {
        let seed = Seed::random();
        let shards = || (0..SHARDS).map(|_| Mutex::new(Shard::with_hasher(seed))).collect();
        // Always as wide: an IPv4 address is the same value in batches of both kinds.
        let layout = KeyLayout::new(&[value], true).unwrap_or_default();
        let value = Key { parts: vec![value], turned: None };
        Approx { key, value, layout, seed, shards: [shards(), shards()] }
    }

    /// A thread's part in it.
    pub fn worker(&self) -> ApproxWorker<'_> {
        ApproxWorker { approx: self, keys: Keys::default(), values: Keys::default(), spread: vec![Vec::new(); SHARDS] }
    }

    /// The groups, with their estimates as flows; `wide` if keys are to have the layout for IPv6.
    pub fn finish(self, wide: bool) -> Groups {
        let (narrow_layout, wide_layout) = (self.key.layout(false), self.key.layout(true));
        let layout = if wide { &wide_layout } else { &narrow_layout };
        let [narrow, long] = self.shards.map(|shards| {
            shards.into_iter().flat_map(|shard| shard.into_inner().unwrap_or_else(PoisonError::into_inner))
        });
        let mut all = Shard::with_hasher(self.seed);
        let groups = engine(layout.clone(), false, false);
        let insert = |key, sketch: &Sketch| {
            groups.insert(&Entry { key, counts: Counts { flows: sketch.count(), ..Counts::default() } });
        };
        for (key, sketch) in narrow {
            // A key may stand among those with IPv6 addresses too.
            if wide {
                all.insert(wide_layout.widen(&narrow_layout, &key), sketch);
            } else {
                insert(key, &sketch);
            }
        }
        long.for_each(|(key, sketch)| all.entry(key).or_default().merge(&sketch));
        all.iter().for_each(|(key, sketch)| insert(*key, sketch));
        Groups::new(groups.seal(1), Counts::default(), 0)
    }
}

/// A thread's part in sketches.
pub(super) struct ApproxWorker<'a> {
    approx: &'a Approx,
    keys: Keys<MAX_WORDS>,
    values: Keys<2>,
    /// For each shard its flows of a batch.
    spread: Vec<Vec<u32>>,
}

impl ApproxWorker<'_> {
    /// Adds a batch's selected flows, if it has what is needed.
    pub fn add(&mut self, batch: &FlowBatch) {
        let Approx { key, value, layout, seed, shards } = self.approx;
        let value_lacks = value.parts.iter().any(|part| part.lacks(batch.schema()).is_some());
        if value_lacks || key.lacks(batch.schema()).is_some() {
            return;
        }
        let (rows, none, wide) = (batch.rows(), Values::default(), key.is_wide(batch));
        self.values.gather(Source::flows(batch), rows, &none, value, layout);
        for parts in key.keys() {
            self.keys.gather(Source::flows(batch), rows, &none, parts, &key.layout(wide));
            self.spread.iter_mut().for_each(Vec::clear);
            for (at, key) in self.keys.keys.iter().enumerate() {
                let shard = (seed.hash_one(key) >> 32) as usize % SHARDS;
                if let Some(flows) = self.spread.get_mut(shard) {
                    flows.push(at as u32);
                }
            }
            let [narrow, long] = shards;
            let shards = if wide { long } else { narrow };
            // First those that no other thread is at, so that threads do not wait in a row.
            for (shard, flows) in shards.iter().zip(&mut self.spread).filter(|(_, flows)| !flows.is_empty()) {
                if let Ok(mut shard) = shard.try_lock() {
                    add(&mut shard, flows, &self.keys.keys, &self.values.keys);
                    flows.clear();
                }
            }
            for (shard, flows) in shards.iter().zip(&self.spread).filter(|(_, flows)| !flows.is_empty()) {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                add(&mut shard, flows, &self.keys.keys, &self.values.keys);
            }
        }
    }
}

fn add(shard: &mut Shard, flows: &[u32], keys: &[KeyWords], values: &[[u64; 2]]) {
    for at in flows {
        let at = *at as usize;
        if let (Some(key), Some(value)) = (keys.get(at), values.get(at)) {
            shard.entry(*key).or_default().add(sketch::hash(*value));
        }
    }
}

/// Hashes keys: fast, and with a seed that nobody outside can know.
#[derive(Clone, Copy)]
pub(super) struct Seed(u64);

impl Seed {
    /// A new one.
    pub fn random() -> Seed {
        Seed(RandomState::new().hash_one(0u8))
    }
}

impl BuildHasher for Seed {
    type Hasher = WordHasher;

    fn build_hasher(&self) -> WordHasher {
        WordHasher(self.0)
    }
}

pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_ne_bytes(*word)));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn write_usize(&mut self, _: usize) {
        // The length of a key is always the same.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
