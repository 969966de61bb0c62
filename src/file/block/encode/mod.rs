//! From batches to blocks: small, and quick to write.
//!
//! How each column of a schema is stored is found out by trying ([`plan`]), kept for the blocks that follow, and tried
//! anew now and then, or when it no longer fits. Whatever was planned, every block is right: an encoding that cannot
//! say a block's values is replaced by one that can.

mod assembly;
mod dictionary;
mod gather;
mod plan;
mod pools;
mod related;
mod series;
mod squeeze;
mod store;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use assembly::{Assembly, Wide};
use dictionary::Dictionary;
pub(in crate::file) use gather::{Values, append};
use plan::{Choice, Trial, cheap};
use pools::Pools;
use squeeze::Squeeze;
use store::Storing;
use table::Learner;

use super::head::{ColumnEntry, Rows};
use super::{ColumnKind, NONE};
use crate::flow::registry::is_number;
use crate::flow::time::Span;
use crate::flow::{Codec, FieldSpec, Order, Schema};

/// A plan is made anew for every so many blocks of a schema, ...
const LASTS: u32 = 16;
/// ... and if it no longer fits, after so many.
const AT_LEAST: u32 = 4;
/// The most schemas whose plans are remembered.
const PLANS: usize = 1024;

/// Makes blocks. What it learns of a schema's columns from one block it uses for the next.
#[derive(Debug)]
pub(in crate::file) struct BlockEncoder {
    quick: bool,
    squeeze: Squeeze,
    plans: HashMap<Vec<FieldSpec>, Plan>,
    pools: Pools,
    scratch: Scratch,
}

/// How the columns of a schema are stored.
#[derive(Debug)]
struct Plan {
    choices: Vec<Choice>,
    /// Blocks since it was made.
    age: u32,
    /// Octets a thousand flows of the first of them.
    size: usize,
    /// Whether it no longer fits.
    stale: bool,
}

/// Room that is used again and again.
#[derive(Debug, Default)]
struct Scratch {
    numbers: Vec<u64>,
    other: Vec<u64>,
    octets: Vec<u8>,
    codes: Vec<u32>,
    own: Dictionary<u64>,
    long: Dictionary<u128>,
    learner: Learner,
}

/// What a block is to be made of.
#[derive(Clone, Copy)]
struct Block<'a> {
    schema: &'a Schema,
    rows: usize,
    columns: &'a [Values],
}

/// Flows that lie one behind the other.
pub(in crate::file) struct RowsBlock<'a> {
    pub schema: &'a Arc<Schema>,
    /// Octets a flow.
    pub size: usize,
    /// Each column's offset in it.
    pub offsets: &'a [u16],
    /// The byte order of numbers.
    pub order: Order,
    pub octets: &'a [u8],
    pub span: Option<Span>,
}

impl Block<'_> {
    /// Puts a column's values into `out`, if they are numbers of up to 8 octets; says their width.
    fn numbers(&self, at: usize, out: &mut Vec<u64>) -> Option<u16> {
        match self.columns.get(at) {
            Some(Values::Fixed { width, data }) if (1..=8).contains(width) => {
                series::widen(data, *width, out);
                Some(*width)
            }
            _ => {
                out.clear();
                None
            }
        }
    }
}

impl BlockEncoder {
    /// An encoder; `level` is Zstandard's, 0 its quickest. A `quick` one tries nothing and compresses nothing.
    pub fn new(codec: Codec, level: i32, quick: bool) -> BlockEncoder {
        let squeeze = Squeeze::new(if quick { Codec::None } else { codec }, level);
        let pools = Pools::new(codec == Codec::Zstd);
        let scratch = Scratch::default();
        BlockEncoder { quick, squeeze, plans: HashMap::new(), pools, scratch }
    }

    /// A block of these columns, one a field of `schema`, each of `rows` values.
    pub fn encode(&mut self, schema: &Arc<Schema>, rows: usize, columns: &[Values], span: Option<Span>) -> Vec<u8> {
        let block = Block { schema, rows, columns };
        if self.quick {
            let mut stale = false;
            self.pools.all.clear();
            return self.store(schema, block, &cheap(schema.fields()), &mut stale, span);
        }
        self.pools.gather(schema, columns);
        let known = self.plans.remove_entry(schema.fields());
        let lasts = |plan: &Plan| plan.age < LASTS && !(plan.stale && plan.age >= AT_LEAST);
        let (key, mut plan) = match known {
            Some((key, plan)) if lasts(&plan) => (key, plan),
            known => (known.map_or_else(|| schema.fields().to_vec(), |(key, _)| key), self.plan(block)),
        };
        let mut stale = plan.stale;
        let made = self.store(schema, block, &plan.choices, &mut stale, span);
        let size = made.len() * 1000 / rows.max(1);
        if plan.age == 0 {
            plan.size = size;
        }
        plan.stale = stale || size > plan.size + plan.size / 4;
        plan.age += 1;
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        self.plans.insert(key, plan);
        made
    }

    fn plan(&mut self, block: Block<'_>) -> Plan {
        let (squeeze, scratch) = (&mut self.squeeze, &mut self.scratch);
        let choices = Trial { block, pools: &self.pools, squeeze, scratch }.plan();
        Plan { choices, age: 0, size: 0, stale: false }
    }

    fn store(
        &mut self,
        schema: &Arc<Schema>,
        block: Block<'_>,
        choices: &[Choice],
        stale: &mut bool,
        span: Option<Span>,
    ) -> Vec<u8> {
        let (squeeze, scratch) = (&mut self.squeeze, &mut self.scratch);
        let mut storing = Storing::new(block, choices, &self.pools, squeeze, scratch);
        let columns = storing.columns();
        *stale |= storing.stale;
        let probes = if self.quick { Vec::new() } else { self.pools.probes() };
        storing.out.finish(schema, block.rows, span, columns, None, &probes)
    }

    /// A block of flows as they lie one behind the other: quick to make.
    pub fn rows(&mut self, rows: &RowsBlock<'_>) -> Vec<u8> {
        let mut out = Assembly::default();
        let part = out.octets(1, rows.octets, Wide::Plain, &mut self.squeeze);
        let row = Rows { size: rows.size as u32, order: rows.order, part };
        let specs = rows.schema.fields().iter().zip(rows.offsets);
        let entry =
            |(spec, at): (&FieldSpec, &u16)| ColumnEntry { kind: ColumnKind::Row, at: (*at).into(), ..blank(*spec) };
        let count = rows.octets.len() / rows.size.max(1);
        out.finish(rows.schema, count, rows.span, specs.map(entry).collect(), Some(row), &[])
    }
}

/// A column of nothing.
fn blank(spec: FieldSpec) -> ColumnEntry {
    ColumnEntry {
        spec,
        number: is_number(spec.element, spec.width),
        kind: ColumnKind::Values,
        a: NONE,
        b: NONE,
        c: NONE,
        parent: NONE,
        at: 0,
        bounds: None,
    }
}

/// The lengths of values that end there.
fn lengths(ends: &[u32]) -> Vec<u64> {
    let mut before = 0;
    ends.iter().map(|end| u64::from(end - std::mem::replace(&mut before, *end))).collect()
}
