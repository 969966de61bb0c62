//! Evaluating a predicate over a batch, a column at a time.
//!
//! Whole columns give [`Bits`]; where few rows are left in question, conditions look only at those, as a list.

use std::cell::RefCell;
use std::sync::OnceLock;

use super::bits::Bits;
use super::columns;
use super::computed::Workspace;
use super::predicate::{Node, Predicate, Set, Test};
use super::source::port_protocols;
use crate::flow::{Field, FlowBatch, Projection, Rows, Select};

/// A condition behind others looks at single rows if at most one in so many is left.
const SPARSE: usize = 8;

/// Buffers of an evaluation, kept between batches: one a thread.
#[derive(Default, Debug)]
pub struct Scratch {
    pub(super) buffers: columns::Buffers,
    work: Workspace,
    lists: Vec<Vec<u32>>,
    bits: Vec<Bits>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Select for Predicate {
    fn needs(&self) -> Projection {
        self.fields()
    }

    fn select(&self, batch: &mut FlowBatch) {
        SCRATCH.with_borrow_mut(|scratch| self.apply(batch, scratch));
    }
}

impl Predicate {
    /// Puts the numbers of the selected rows that match into `out`, ascending; it is emptied first.
    pub fn select(&self, batch: &FlowBatch, scratch: &mut Scratch, out: &mut Vec<u32>) {
        out.clear();
        match batch.rows() {
            Rows::All(_) => {
                let mut bits = scratch.take_bits();
                self.node.mark(batch, scratch, &mut bits);
                bits.append_to(out);
                scratch.bits.push(bits);
            }
            Rows::Some(picked) => self.node.pick(batch, picked, scratch, out),
        }
    }

    /// How many of the selected rows match.
    pub fn count(&self, batch: &FlowBatch, scratch: &mut Scratch) -> usize {
        match batch.rows() {
            Rows::All(_) => {
                let mut bits = scratch.take_bits();
                self.node.mark(batch, scratch, &mut bits);
                let count = bits.count();
                scratch.bits.push(bits);
                count
            }
            Rows::Some(picked) => {
                let mut out = scratch.list();
                self.node.pick(batch, picked, scratch, &mut out);
                let count = out.len();
                scratch.lists.push(out);
                count
            }
        }
    }

    /// Deselects the rows that do not match.
    pub fn apply(&self, batch: &mut FlowBatch, scratch: &mut Scratch) {
        if self.node == Node::Always(true) {
            return;
        }
        let mut rows = Vec::new();
        self.select(batch, scratch, &mut rows);
        // A batch of which every row is selected is copied faster.
        if rows.len() < batch.len() {
            batch.select(rows);
        }
    }
}

impl Node {
    /// The verdict on every row of the batch, selected or not.
    fn mark(&self, batch: &FlowBatch, scratch: &mut Scratch, bits: &mut Bits) {
        match self {
            Node::Always(holds) => bits.fill(batch.height(), *holds),
            Node::Test(test) => test.mark(batch, scratch, bits),
            Node::And(nodes) => mark_all(nodes, batch, scratch, bits),
            Node::Or(nodes) => {
                bits.fill(batch.height(), false);
                let mut more = scratch.take_bits();
                for node in nodes {
                    node.mark(batch, scratch, &mut more);
                    bits.or(&more);
                }
                scratch.bits.push(more);
            }
        }
    }

    /// Appends those of some rows that match.
    fn pick(&self, batch: &FlowBatch, picked: &[u32], scratch: &mut Scratch, out: &mut Vec<u32>) {
        match self {
            Node::Always(false) => {}
            Node::Always(true) => out.extend_from_slice(picked),
            Node::Test(test) => test.pick(batch, picked, scratch, out),
            Node::And(nodes) => pick_all(nodes, batch, picked, scratch, out),
            Node::Or(nodes) => pick_any(nodes, batch, picked, scratch, out),
        }
    }
}

/// The rows for which all conditions hold. Once only few are left, the rest of the conditions sees just those.
fn mark_all(nodes: &[Node], batch: &FlowBatch, scratch: &mut Scratch, bits: &mut Bits) {
    let height = batch.height();
    let Some((first, mut rest)) = nodes.split_first() else { return bits.fill(height, true) };
    first.mark(batch, scratch, bits);
    while let Some((next, others)) = rest.split_first() {
        if bits.count() <= height / SPARSE {
            return sparsely(bits, scratch, |picked, scratch, out| pick_all(rest, batch, picked, scratch, out));
        }
        let mut more = scratch.take_bits();
        next.mark(batch, scratch, &mut more);
        bits.and(&more);
        scratch.bits.push(more);
        rest = others;
    }
}

/// Replaces the rows that hold by those that `pick` takes of them.
fn sparsely(bits: &mut Bits, scratch: &mut Scratch, pick: impl FnOnce(&[u32], &mut Scratch, &mut Vec<u32>)) {
    let (mut picked, mut out) = (scratch.list(), scratch.list());
    bits.append_to(&mut picked);
    if !picked.is_empty() {
        pick(&picked, scratch, &mut out);
        bits.of(bits.len(), &out);
    }
    scratch.lists.extend([picked, out]);
}

/// Each condition sees only the rows for which the ones before it hold.
fn pick_all(nodes: &[Node], batch: &FlowBatch, picked: &[u32], scratch: &mut Scratch, out: &mut Vec<u32>) {
    let (mut holds, mut next) = (scratch.list(), scratch.list());
    holds.extend_from_slice(picked);
    for node in nodes {
        next.clear();
        node.pick(batch, &holds, scratch, &mut next);
        std::mem::swap(&mut holds, &mut next);
    }
    out.extend_from_slice(&holds);
    scratch.lists.extend([holds, next]);
}

/// Each condition sees only the rows for which none of the ones before it holds.
fn pick_any(nodes: &[Node], batch: &FlowBatch, picked: &[u32], scratch: &mut Scratch, out: &mut Vec<u32>) {
    let [mut found, mut left, mut hits, mut spare] = [(); 4].map(|()| scratch.list());
    left.extend_from_slice(picked);
    for node in nodes {
        hits.clear();
        node.pick(batch, &left, scratch, &mut hits);
        spare.clear();
        without(&left, &hits, &mut spare);
        std::mem::swap(&mut left, &mut spare);
        spare.clear();
        merge(&found, &hits, &mut spare);
        std::mem::swap(&mut found, &mut spare);
    }
    out.extend_from_slice(&found);
    scratch.lists.extend([found, left, hits, spare]);
}

/// The rows of an ascending list that are not in another.
fn without(all: &[u32], some: &[u32], out: &mut Vec<u32>) {
    let mut some = some.iter().peekable();
    out.extend(all.iter().copied().filter(|row| some.next_if_eq(&row).is_none()));
}

/// The rows of two ascending lists that have none in common, ascending.
fn merge(mut a: &[u32], mut b: &[u32], out: &mut Vec<u32>) {
    while let (Some((x, rest_a)), Some((y, rest_b))) = (a.split_first(), b.split_first()) {
        if x < y {
            out.push(*x);
            a = rest_a;
        } else {
            out.push(*y);
            b = rest_b;
        }
    }
    out.extend_from_slice(a);
    out.extend_from_slice(b);
}

impl Scratch {
    fn list(&mut self) -> Vec<u32> {
        let mut list = self.lists.pop().unwrap_or_default();
        list.clear();
        list
    }

    fn take_bits(&mut self) -> Bits {
        self.bits.pop().unwrap_or_default()
    }
}

impl Test {
    /// The verdict on every row.
    fn mark(&self, batch: &FlowBatch, scratch: &mut Scratch, bits: &mut Bits) {
        let height = batch.height();
        match self.source.view(batch) {
            Some(view) => columns::mark(&view, height, &self.set, &mut scratch.buffers, bits),
            None => {
                let wide = &mut scratch.buffers.wide;
                if !self.source.compute(batch, Rows::All(height), &mut scratch.work, wide) {
                    return bits.fill(height, false);
                }
                columns::mark_numbers(wide, &self.set, bits);
            }
        }
        if let Some(test) = self.protocols(batch) {
            if bits.count() <= height / SPARSE {
                sparsely(bits, scratch, |picked, scratch, out| test.pick(batch, picked, scratch, out));
            } else {
                let mut more = scratch.take_bits();
                test.mark(batch, scratch, &mut more);
                bits.and(&more);
                scratch.bits.push(more);
            }
        }
        if self.negated {
            bits.flip();
        }
    }

    /// Appends those of some rows that match.
    fn pick(&self, batch: &FlowBatch, picked: &[u32], scratch: &mut Scratch, out: &mut Vec<u32>) {
        if !self.source.is_in(batch.schema()) {
            return;
        }
        let mut hits = scratch.list();
        match self.source.view(batch) {
            Some(view) => columns::pick(&view, picked, &self.set, &mut scratch.buffers, &mut hits),
            None => {
                let wide = &mut scratch.buffers.wide;
                self.source.compute(batch, Rows::Some(picked), &mut scratch.work, wide);
                columns::pick_numbers(wide, picked, &self.set, &mut hits);
            }
        }
        if let Some(test) = self.protocols(batch) {
            let mut fewer = scratch.list();
            test.pick(batch, &hits, scratch, &mut fewer);
            scratch.lists.push(std::mem::replace(&mut hits, fewer));
        }
        match self.negated {
            false => out.extend_from_slice(&hits),
            true => without(picked, &hits, out),
        }
        scratch.lists.push(hits);
    }

    /// What else must hold for the test to, before it is negated: flows of some protocols only have ports. Flows that
    /// do not say their protocol are believed to.
    fn protocols(&self, batch: &FlowBatch) -> Option<&'static Test> {
        static PORTS: OnceLock<Test> = OnceLock::new();
        let test = || Test { source: Field::Protocol.into(), set: Set::Numbers(port_protocols()), negated: false };
        (self.source.is_port() && batch.has(Field::Protocol)).then(|| PORTS.get_or_init(test))
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
