//! How the columns of a schema are best stored: found out by trying, on a block of it.

use std::collections::HashMap;

use super::assembly::{Store, Wide, planes, shared_bits, wide_planes};
use super::gather::Values;
use super::pools::{Keys, Pool, Pools};
use super::related::{TWINS, is_clock, references};
use super::series::{Way, align, bounds, reduce, widen};
use super::squeeze::Squeeze;
use super::{Block, Scratch};
use crate::file::block::pack::{bits_of, pack};
use crate::flow::FieldSpec;

/// How a column is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Choice {
    /// Numbers, a value a flow.
    Numbers { way: Way, store: Store },
    /// A dictionary's codes and values: a pool's, or the column's own.
    Codes { codes: Store, values: Store },
    /// A value for each entry of the dictionary of column `parent`; `twin` has the same table.
    Table { parent: usize, twin: Option<usize>, store: Store },
    /// Octets, a value a flow.
    Octets(Wide),
    /// Values of any length: the lengths, and whether the octets are compressed.
    Variable { lengths: Store, data: Wide },
}

/// Flows of a block that compression is tried on.
const SAMPLE: usize = 16 << 10;
/// The most values of a column's own dictionary.
pub(super) const MOST: usize = 4096;
/// What is compressed takes time to read: it must be smaller by this share of its octets.
const BIAS: usize = 32;
/// Octets of a part's entry.
const PART: usize = 48;
/// Flows that are looked at before all are.
const GLANCE: usize = 4096;

/// The plan without trying: quick to make and to read.
pub(super) fn cheap(fields: &[FieldSpec]) -> Vec<Choice> {
    let choice = |spec: &FieldSpec| match spec.width {
        crate::flow::VARIABLE => Choice::Variable { lengths: Store::Packed, data: Wide::Plain },
        1..=8 => Choice::Numbers { way: Way::Absolute, store: Store::Packed },
        _ => Choice::Octets(Wide::Plain),
    };
    fields.iter().map(choice).collect()
}

/// A block that is tried on.
pub(super) struct Trial<'a> {
    pub block: Block<'a>,
    pub pools: &'a Pools,
    pub squeeze: &'a mut Squeeze,
    pub scratch: &'a mut Scratch,
}

/// A choice and the octets it takes.
type Priced = (usize, Choice);

/// A run of `slice` from its middle, to try on.
fn sample<T>(slice: &[T], most: usize) -> &[T] {
    let start = slice.len().saturating_sub(most) / 2;
    slice.get(start..(start + most).min(slice.len())).unwrap_or(slice)
}

/// Leaves in `numbers` what would be stored of them in planes; the greatest of what would be stored in bits.
fn taken_off(way: Way, width: u16, numbers: &mut [u64], reference: &[u64]) -> u64 {
    let (mut part, top) = reduce(way, width, numbers, reference);
    align(&mut part, top, numbers);
    top
}

impl Trial<'_> {
    /// The best choice for each column.
    pub fn plan(&mut self) -> Vec<Choice> {
        let mut choices = cheap(self.block.schema.fields());
        let mut parents = Vec::new();
        for pool in &self.pools.all {
            let choice = self.pool(pool);
            for column in &pool.columns {
                match choice {
                    Some(choice) => {
                        choices[*column] = choice;
                        parents.push(*column);
                    }
                    None => choices[*column] = self.alone(*column).1,
                }
            }
        }
        let mut costs = vec![0; choices.len()];
        for at in (0..choices.len()).filter(|at| self.pools.of(*at).is_none()) {
            let best = self.alone(at);
            (costs[at], choices[at]) = self.told(at, &parents).filter(|told| told.0 < best.0).unwrap_or(best);
        }
        self.twins(&costs, &mut choices);
        choices
    }

    /// The choice for the columns of a pool, if it pays to store it.
    fn pool(&mut self, pool: &Pool) -> Option<Choice> {
        let (size, values) = match &pool.keys {
            Keys::Numbers(keys) => self.entries(keys, pool.width),
            Keys::Long(keys) => {
                let octets: Vec<u8> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
                match self.wide(&octets, 16) {
                    (size, Wide::Plain) => (size, Store::Packed),
                    (size, _) => (size, Store::Planes),
                }
            }
        };
        let (mut dictionary, mut alone) = (size + PART, 0);
        let mut chosen = Store::Packed;
        for (column, codes) in pool.columns.iter().zip(&pool.codes) {
            let codes: Vec<u64> = codes.iter().map(|code| u64::from(*code)).collect();
            let (size, store) = self.store(&codes, pool.entries().saturating_sub(1) as u64);
            dictionary += size + PART;
            chosen = store;
            alone += self.alone(*column).0;
        }
        // A dictionary is of use beyond its size.
        (dictionary <= alone + alone / 8).then_some(Choice::Codes { codes: chosen, values })
    }

    /// The best choice for a column without the others' dictionaries.
    fn alone(&mut self, at: usize) -> Priced {
        let block = self.block;
        match block.columns.get(at) {
            Some(Values::Fixed { width, data }) if *width <= 8 => self.number(at, *width, data),
            Some(Values::Fixed { width, data }) => self.octets(*width, data),
            Some(Values::Variable { ends, data }) => {
                let mut lengths = super::lengths(ends);
                let top = taken_off(Way::Absolute, 4, &mut lengths, &[]);
                let (size, lengths) = self.store(&lengths, top);
                let (octets, data) = self.wide(data, 1);
                (size + octets, Choice::Variable { lengths, data })
            }
            None => (0, Choice::Octets(Wide::Plain)),
        }
    }

    fn number(&mut self, at: usize, width: u16, data: &[u8]) -> Priced {
        let (mut numbers, mut x, mut other) = (Vec::new(), Vec::new(), Vec::new());
        widen(data, width, &mut numbers);
        if bounds(&numbers).is_none_or(|(low, high)| low == high) {
            return (0, Choice::Numbers { way: Way::Absolute, store: Store::Packed });
        }
        let mut best = (usize::MAX, Choice::Numbers { way: Way::Absolute, store: Store::Packed });
        for way in self.ways(at, &numbers) {
            if let Way::Difference(reference) = way {
                self.block.numbers(reference.into(), &mut other);
            }
            x.clone_from(&numbers);
            let top = taken_off(way, width, &mut x, &other);
            let (size, store) = self.store(&x, top);
            if size < best.0 {
                best = (size, Choice::Numbers { way, store });
            }
        }
        // Codes take a step more to read: they must be smaller by some.
        self.dictionary(&numbers, width).filter(|own| own.0 + own.0 / 16 < best.0).unwrap_or(best)
    }

    /// What may be worth taking off a column's numbers.
    fn ways(&self, at: usize, numbers: &[u64]) -> Vec<Way> {
        let fields = self.block.schema.fields();
        let mut ways = vec![Way::Absolute];
        let Some(spec) = fields.get(at) else { return ways };
        let some = sample(numbers, SAMPLE);
        let ascending = some.windows(2).filter(|pair| pair[0] <= pair[1]).count();
        if is_clock(spec.element) || ascending * 10 > some.len() * 9 {
            ways.push(Way::Delta);
        }
        for element in references(spec.element) {
            let known = fields.iter().position(|other| other.element == element && (1..=8).contains(&other.width));
            ways.extend(known.filter(|other| *other != at).map(|other| Way::Difference(other as u16)));
        }
        ways
    }

    /// A dictionary of a column's own, if it has few values.
    fn dictionary(&mut self, numbers: &[u64], width: u16) -> Option<Priced> {
        let mut codes = std::mem::take(&mut self.scratch.codes);
        let some = sample(numbers, SAMPLE);
        let own = &mut self.scratch.own;
        let few = own.build(some.iter().copied(), (some.len() / 4).min(MOST / 2), &mut codes)
            && own.build(numbers.iter().copied(), MOST, &mut codes);
        let priced = few.then(|| {
            let keys = std::mem::take(&mut self.scratch.own.keys);
            let x: Vec<u64> = codes.iter().map(|code| u64::from(*code)).collect();
            let (size, store) = self.store(&x, keys.len() as u64 - 1);
            let (entries, values) = self.entries(&keys, width);
            (size + entries + PART, Choice::Codes { codes: store, values })
        });
        self.scratch.codes = codes;
        priced
    }

    /// A dictionary's values, ascending.
    fn entries(&mut self, keys: &[u64], width: u16) -> (usize, Store) {
        let mut x = keys.to_vec();
        let top = taken_off(Way::Delta, width, &mut x, &[]);
        // All of them: what ascends is not everywhere alike.
        self.store_of(&x, &x, top)
    }

    /// The best table, if one tells the column.
    fn told(&mut self, at: usize, parents: &[usize]) -> Option<Priced> {
        let mut numbers = Vec::new();
        let width = self.block.numbers(at, &mut numbers)?;
        bounds(&numbers).filter(|(low, high)| low != high)?;
        let mut best: Option<Priced> = None;
        for parent in parents {
            let Some((pool, place)) = self.pools.of(*parent) else { continue };
            let Some(pool) = self.pools.all.get(pool) else { continue };
            let Some(codes) = pool.codes.get(place) else { continue };
            let few = codes.len().min(GLANCE);
            let glance = (codes.get(..few).unwrap_or(codes), numbers.get(..few).unwrap_or(&numbers));
            let learner = &mut self.scratch.learner;
            if !learner.learn(&[glance], pool.entries()) || !learner.learn(&[(codes, &numbers)], pool.entries()) {
                continue;
            }
            let (size, store) = self.table(width);
            if best.is_none_or(|best| size < best.0) {
                best = Some((size, Choice::Table { parent: *parent, twin: None, store }));
            }
        }
        best
    }

    /// What the table just learnt takes.
    fn table(&mut self, width: u16) -> (usize, Store) {
        let mut table = std::mem::take(&mut self.scratch.learner.table);
        let top = taken_off(Way::Absolute, width, &mut table, &[]);
        let (size, store) = self.store_of(&table, &table, top);
        self.scratch.learner.table = table;
        let exceptions: usize = self.scratch.learner.exceptions.iter().map(Vec::len).sum();
        (size + exceptions * (2 + usize::from(width)) + if exceptions > 0 { 2 * PART } else { 0 }, store)
    }

    /// Lets tables of source and destination be the same where they agree.
    fn twins(&mut self, costs: &[usize], choices: &mut [Choice]) {
        let fields = self.block.schema.fields();
        let find = |element| fields.iter().position(|spec| spec.element == element);
        for (one, two) in TWINS {
            let (Some(a), Some(b)) = (find(one), find(two)) else { continue };
            let (Some(Choice::Table { parent: p, .. }), Some(Choice::Table { parent: q, .. })) =
                (choices.get(a).copied(), choices.get(b).copied())
            else {
                continue;
            };
            let Some((entries, told)) = self.pools.both(p, q) else { continue };
            let (mut x, mut y) = (Vec::new(), Vec::new());
            let widths = (self.block.numbers(a, &mut x), self.block.numbers(b, &mut y));
            let Some(width) = widths.0.filter(|_| widths.0 == widths.1) else { continue };
            if !self.scratch.learner.learn(&[(told[0], &x), (told[1], &y)], entries) {
                continue;
            }
            let (size, store) = self.table(width);
            if size <= costs[a] + costs[b] {
                choices[a] = Choice::Table { parent: p, twin: Some(b), store };
                choices[b] = Choice::Table { parent: q, twin: Some(a), store };
            }
        }
    }

    /// Values wider than numbers.
    fn octets(&mut self, width: u16, data: &[u8]) -> Priced {
        let (size, wide) = self.wide(data, width.into());
        let best = (size, Choice::Octets(wide));
        let values: HashMap<&[u8], ()> =
            data.chunks_exact(usize::from(width).max(1)).take(MOST * 4).map(|value| (value, ())).collect();
        let rows = self.block.rows;
        if values.len() * 4 > rows.min(MOST * 4) || values.len() > MOST / 2 || width == 0 {
            return best;
        }
        let bits = usize::from(bits_of(values.len() as u64 - 1));
        let size = rows * bits / 8 + values.len() * usize::from(width) + PART;
        let own = Choice::Codes { codes: Store::Planes, values: Store::Planes };
        if size < best.0 { (size, own) } else { best }
    }

    /// How numbers of which `top` is the greatest are best stored, and what that takes.
    fn store(&mut self, x: &[u64], top: u64) -> (usize, Store) {
        self.store_of(x, sample(x, SAMPLE), top)
    }

    /// [`Trial::store`], tried on `some` of the numbers.
    fn store_of(&mut self, x: &[u64], some: &[u64], top: u64) -> (usize, Store) {
        let bits = bits_of(top);
        let mut best = ((x.len() * usize::from(bits)).div_ceil(8), Store::Packed);
        let mut octets = std::mem::take(&mut self.scratch.octets);
        let mut price = |store, octets: &[u8], piece: usize| {
            let Some(squeezed) = self.squeeze.squeeze(octets, piece) else { return };
            let size = (squeezed.len() + octets.len() / BIAS) * x.len() / some.len().max(1);
            if size < best.0 {
                best = (size, store);
            }
        };
        planes(some, bits.div_ceil(8), &mut octets);
        price(Store::Planes, &octets, some.len());
        if let Some(bits) = shared_bits(bits) {
            octets.clear();
            pack(some, bits, &mut octets);
            price(Store::Squeezed, &octets, octets.len());
        }
        self.scratch.octets = octets;
        best
    }

    /// How octets are best stored.
    fn wide(&mut self, data: &[u8], width: usize) -> (usize, Wide) {
        // From the beginning, where a value begins.
        let some = data.get(..SAMPLE * 4 / width.max(1) * width.max(1)).unwrap_or(data);
        let mut best = (some.len(), Wide::Plain);
        if let Some(squeezed) = self.squeeze.squeeze(some, some.len()) {
            best = (squeezed.len() + some.len() / BIAS, Wide::Squeezed);
        }
        if (2..=64).contains(&width) {
            let mut octets = std::mem::take(&mut self.scratch.octets);
            wide_planes(some, width, &mut octets);
            if let Some(squeezed) = self.squeeze.squeeze(&octets, some.len() / width) {
                let size = squeezed.len() + some.len() / BIAS;
                if size < best.0 {
                    best = (size, Wide::Planes);
                }
            }
            self.scratch.octets = octets;
        }
        (best.0 * data.len() / some.len().max(1), best.1)
    }
}
