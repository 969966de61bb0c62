//! Sketches by key.
//!
//! Keys are spread over shards; a worker sorts a batch's flows by shard, so that it takes each lock once a batch.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sketch::{self, Sketch};
use crate::flow::FlowBatch;
use crate::report::engine::{Sums, engine, random};
use crate::report::gather::{Keys, Source, Values};
use crate::report::key::{Key, KeyLayout, MAX_WORDS};
use crate::report::{Counts, Entry, Grouping, Groups, KeyWords, Part, pool};

/// So many that a shard of a report of millions of groups nearly fits the cache.
const SHARDS: usize = 256;

/// Sketches of one part's values, a group each.
pub(super) struct Approx {
    key: Grouping,
    value: Key,
    layout: KeyLayout,
    narrow: Box<dyn Hold>,
    /// By keys with IPv6 addresses.
    wide: Box<dyn Hold>,
}

impl Approx {
    /// Nothing seen yet. `key` and the value together are a grouping that fits.
    pub fn new(key: Grouping, value: Part) -> Approx {
        let seed = Seed::random();
        let hold = |wide| hold(key.layout(wide).words(), seed);
        // Always as wide: an IPv4 address is the same value in batches of both kinds.
        let layout = KeyLayout::new(&[value], true).unwrap_or_default();
        let words = key.keys().first().map(|key| key.words.clone()).unwrap_or_default();
        let value = Key { words, ..Key::of(&[value]) };
        Approx { narrow: hold(false), wide: hold(true), key, value, layout }
    }

    /// A thread's part in it.
    pub fn worker(&self) -> ApproxWorker<'_> {
        ApproxWorker {
            approx: self,
            values: Keys::default(),
            hashes: Vec::new(),
            narrow: self.narrow.adder(),
            wide: self.wide.adder(),
        }
    }

    /// The groups, with their estimates as flows; `wide` if keys are to have the layout for IPv6.
    pub fn finish(self, wide: bool, threads: usize) -> Groups {
        let (narrow_layout, wide_layout) = (self.key.layout(false), self.key.layout(true));
        let groups =
            engine(if wide { wide_layout.clone() } else { narrow_layout.clone() }, Sums::Counts, false, random());
        let insert = |key: KeyWords, sketch: &Sketch| {
            let counts = Counts { flows: sketch.count(), ..Counts::default() };
            groups.insert(&Entry { key, counts, ..Entry::default() });
        };
        if wide {
            // A key may stand among those with IPv6 addresses too.
            let merge =
                |key: KeyWords, sketch: &Sketch| self.wide.merge(&wide_layout.widen(&narrow_layout, &key), sketch);
            self.narrow.each(threads, &merge);
            self.wide.each(threads, &insert);
        } else {
            self.narrow.each(threads, &insert);
        }
        Groups::new(groups.seal(threads), Counts::default(), 0)
    }
}

/// A thread's part in sketches.
pub(super) struct ApproxWorker<'a> {
    approx: &'a Approx,
    values: Keys<2>,
    hashes: Vec<u64>,
    narrow: Box<dyn Add + 'a>,
    wide: Box<dyn Add + 'a>,
}

impl ApproxWorker<'_> {
    /// Adds a batch's selected flows, if it has what is needed.
    pub fn add(&mut self, batch: &FlowBatch) {
        let Approx { key, value, layout, .. } = self.approx;
        if !key.suits(batch.schema()) || !value.parts.iter().all(|part| part.suits(batch.schema())) {
            return;
        }
        self.values.gather(Source::flows(batch), batch.rows(), &Values::default(), value, layout);
        self.hashes.clear();
        self.hashes.extend(self.values.keys.iter().map(|value| sketch::hash(*value)));
        let wide = key.is_wide(batch);
        let adder = if wide { &mut self.wide } else { &mut self.narrow };
        key.keys().iter().for_each(|parts| adder.add(batch, parts, &key.layout(wide), &self.hashes));
    }
}

/// Sketches by keys of some width.
trait Hold: Send + Sync {
    /// A thread's part in them.
    fn adder(&self) -> Box<dyn Add + '_>;
    /// Adds to one.
    fn merge(&self, key: &KeyWords, sketch: &Sketch);
    /// Calls with all of them, on several cores. They are gone after that.
    fn each(&self, threads: usize, see: &(dyn Fn(KeyWords, &Sketch) + Sync));
}

/// A thread's part in sketches by keys of some width.
trait Add: Send {
    /// Adds each flow's hashed value under its key.
    fn add(&mut self, batch: &FlowBatch, key: &Key, layout: &KeyLayout, hashes: &[u64]);
}

fn hold(words: usize, seed: Seed) -> Box<dyn Hold> {
    match words {
        1 => Box::new(Shards::<1>::new(seed)),
        2 => Box::new(Shards::<2>::new(seed)),
        4 => Box::new(Shards::<4>::new(seed)),
        _ => Box::new(Shards::<MAX_WORDS>::new(seed)),
    }
}

type Shard<const N: usize> = HashMap<[u64; N], Sketch, Seed>;

/// Sketches by keys of `N` words.
struct Shards<const N: usize> {
    seed: Seed,
    shards: Vec<Mutex<Shard<N>>>,
}

impl<const N: usize> Shards<N> {
    fn new(seed: Seed) -> Shards<N> {
        Shards { seed, shards: (0..SHARDS).map(|_| Mutex::new(Shard::with_hasher(seed))).collect() }
    }

    /// Where a key belongs: by bits that its place in the shard does not depend on.
    fn place(&self, key: &[u64; N]) -> usize {
        (self.seed.hash_one(key) >> 40) as usize % SHARDS
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<const N: usize> Hold for Shards<N> {
    fn adder(&self) -> Box<dyn Add + '_> {
        Box::new(Adder { shards: self, keys: Keys::default(), spread: vec![Vec::new(); SHARDS] })
    }

    fn merge(&self, key: &KeyWords, sketch: &Sketch) {
        let mut short = [0; N];
        short.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        if let Some(shard) = self.shards.get(self.place(&short)) {
            lock(shard).entry(short).or_default().merge(sketch);
        }
    }

    fn each(&self, threads: usize, see: &(dyn Fn(KeyWords, &Sketch) + Sync)) {
        let step = |(): &mut (), at: usize| {
            let shard = self.shards.get(at).map(|shard| std::mem::take(&mut *lock(shard)));
            for (short, sketch) in shard.into_iter().flatten() {
                let mut key = KeyWords::default();
                key.iter_mut().zip(short).for_each(|(to, from)| *to = from);
                see(key, &sketch);
            }
        };
        pool::fold(threads, self.shards.len(), || (), step);
    }
}

struct Adder<'a, const N: usize> {
    shards: &'a Shards<N>,
    keys: Keys<N>,
    /// For each shard its flows of a batch.
    spread: Vec<Vec<u32>>,
}

impl<const N: usize> Add for Adder<'_, N> {
    fn add(&mut self, batch: &FlowBatch, key: &Key, layout: &KeyLayout, hashes: &[u64]) {
        self.keys.gather(Source::flows(batch), batch.rows(), &Values::default(), key, layout);
        self.spread.iter_mut().for_each(Vec::clear);
        for (at, key) in self.keys.keys.iter().enumerate() {
            if let Some(flows) = self.spread.get_mut(self.shards.place(key)) {
                flows.push(at as u32);
            }
        }
        let shards = &self.shards.shards;
        // First those that no other thread is at, so that threads do not wait in a row.
        for (shard, flows) in shards.iter().zip(&mut self.spread).filter(|(_, flows)| !flows.is_empty()) {
            if let Ok(mut shard) = shard.try_lock() {
                add(&mut shard, flows, &self.keys.keys, hashes);
                flows.clear();
            }
        }
        for (shard, flows) in shards.iter().zip(&self.spread).filter(|(_, flows)| !flows.is_empty()) {
            add(&mut lock(shard), flows, &self.keys.keys, hashes);
        }
    }
}

fn add<const N: usize>(shard: &mut Shard<N>, flows: &[u32], keys: &[[u64; N]], hashes: &[u64]) {
    for at in flows {
        let at = *at as usize;
        if let (Some(key), Some(hash)) = (keys.get(at), hashes.get(at)) {
            shard.entry(*key).or_default().add(*hash);
        }
    }
}

/// Hashes keys: fast, and with a seed that nobody outside can know.
#[derive(Clone, Copy, Default)]
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
