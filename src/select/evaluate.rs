//! Evaluating a predicate over a batch, a column at a time.

use super::address::Addresses;
use super::numbers::Numbers;
use super::predicate::{Node, Predicate, Set, Test};
use super::source::Workspace;
use crate::flow::{FlowBatch, Number, Rows, View};

/// Buffers of an evaluation, kept between batches: one a thread.
#[derive(Default, Debug)]
pub struct Scratch {
    values: Vec<u32>,
    wide: Vec<u64>,
    widest: Vec<u128>,
    work: Workspace,
    lists: Vec<Vec<u32>>,
}

impl Predicate {
    /// Puts the numbers of the selected rows that match into `out`, ascending; it is emptied first.
    pub fn select(&self, batch: &FlowBatch, scratch: &mut Scratch, out: &mut Vec<u32>) {
        out.clear();
        self.node.select(batch, batch.rows(), scratch, out);
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
    /// Appends those of `rows` that match.
    fn select(&self, batch: &FlowBatch, rows: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
        match self {
            Node::Always(false) => {}
            Node::Always(true) => rows.each(|row| out.push(row as u32)),
            Node::Test(test) => test.select(batch, rows, scratch, out),
            Node::And(nodes) => and(nodes, batch, rows, scratch, out),
            Node::Or(nodes) => or(nodes, batch, rows, scratch, out),
        }
    }
}

/// Each condition sees only the rows for which the ones before it hold.
fn and(nodes: &[Node], batch: &FlowBatch, rows: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
    let Some((first, rest)) = nodes.split_first() else { return rows.each(|row| out.push(row as u32)) };
    let mut holds = scratch.list();
    let mut next = scratch.list();
    first.select(batch, rows, scratch, &mut holds);
    for node in rest {
        next.clear();
        node.select(batch, Rows::Some(&holds), scratch, &mut next);
        std::mem::swap(&mut holds, &mut next);
    }
    out.extend_from_slice(&holds);
    scratch.lists.extend([holds, next]);
}

/// Each condition sees only the rows for which none of the ones before it holds.
fn or(nodes: &[Node], batch: &FlowBatch, rows: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
    let [mut found, mut left, mut hits, mut spare] = [(); 4].map(|()| scratch.list());
    rows.each(|row| left.push(row as u32));
    for node in nodes {
        hits.clear();
        node.select(batch, Rows::Some(&left), scratch, &mut hits);
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
}

impl Test {
    fn select(&self, batch: &FlowBatch, rows: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
        let not = self.negated;
        let Some(view) = self.source.view(batch) else { return self.select_computed(batch, rows, scratch, out) };
        match &self.set {
            Set::Numbers(numbers) => select_numbers(&view, rows, numbers, not, scratch, out),
            Set::Masked { mask, numbers } => {
                hold(&view, rows, &mut scratch.wide, out, |n| numbers.contains(n & mask) != not);
            }
            Set::Addresses(addresses) => select_addresses(&view, rows, addresses, not, scratch, out),
            Set::Octets { text, values } => rows.each(|row| {
                if values.iter().any(|value| same(&view, row, value, *text)) != not {
                    out.push(row as u32);
                }
            }),
        }
    }

    /// As [`Test::select`], of numbers that are not there as a column.
    fn select_computed(&self, batch: &FlowBatch, rows: Rows<'_>, scratch: &mut Scratch, out: &mut Vec<u32>) {
        let (wide, not) = (&mut scratch.wide, self.negated);
        if !self.source.compute(batch, rows, &mut scratch.work, wide) {
            return;
        }
        match &self.set {
            Set::Numbers(numbers) => keep(rows, wide.iter().map(|n| numbers.contains(*n) != not), out),
            Set::Masked { mask, numbers } => {
                keep(rows, wide.iter().map(|n| numbers.contains(n & mask) != not), out);
            }
            // Neither is ever computed.
            Set::Addresses(_) | Set::Octets { .. } => {}
        }
    }
}

/// Whether a value's octets, in the order of the wire, are these.
fn same(view: &View<'_>, row: usize, value: &[u8], text: bool) -> bool {
    // Octets lie as they came; only in classic records, which have none, would the order matter.
    let (octets, _) = view.octets(row);
    let padding = if text { octets.iter().rev().take_while(|b| **b == 0).count() } else { 0 };
    octets.get(..octets.len() - padding) == Some(value)
}

fn select_numbers(
    view: &View<'_>,
    rows: Rows<'_>,
    numbers: &Numbers,
    not: bool,
    scratch: &mut Scratch,
    out: &mut Vec<u32>,
) {
    // Values of varying length say 0.
    if !(1..=4).contains(&view.width()) {
        return hold(view, rows, &mut scratch.wide, out, |n| numbers.contains(n) != not);
    }
    let low = |n: u64| u32::try_from(n).ok();
    match numbers.single().map(|(from, to)| (low(from), low(to).unwrap_or(u32::MAX))) {
        // A single range is one comparison.
        Some((Some(from), to)) => {
            let span = to - from;
            hold(view, rows, &mut scratch.values, out, |n| (n.wrapping_sub(from) <= span) != not);
        }
        _ => hold(view, rows, &mut scratch.values, out, |n| numbers.contains(n.into()) != not),
    }
}

fn select_addresses(
    view: &View<'_>,
    rows: Rows<'_>,
    addresses: &Addresses,
    not: bool,
    scratch: &mut Scratch,
    out: &mut Vec<u32>,
) {
    if view.width() == 16 {
        return hold(view, rows, &mut scratch.widest, out, |a| addresses.contains6(a) != not);
    }
    match addresses.four().map(|four| four.ranges()) {
        Some([(from, to)]) => {
            let span = to - from;
            hold(view, rows, &mut scratch.values, out, |a| (a.wrapping_sub(*from) <= span) != not);
        }
        _ => hold(view, rows, &mut scratch.values, out, |a| addresses.contains4(a) != not),
    }
}

/// Appends the rows for whose value `test` holds. Values that many rows share are tested once.
#[inline]
fn hold<N: Number>(view: &View<'_>, rows: Rows<'_>, values: &mut Vec<N>, out: &mut Vec<u32>, test: impl Fn(N) -> bool) {
    match *view {
        View::Strided { stride: 0, .. } => {
            if test(N::truncate(view.number(0))) {
                rows.each(|row| out.push(row as u32));
            }
        }
        View::Dictionary { width, values: distinct, index } if width > 0 && distinct.len() / width < rows.len() => {
            let words =
                View::Strided { bytes: distinct, offset: 0, stride: width, width, order: crate::flow::Order::HOST };
            words.gather(Rows::All(distinct.len() / width), values);
            let held: Vec<bool> = values.iter().map(|value| test(*value)).collect();
            let holds = |row: usize| index.get(row).and_then(|i| held.get(*i as usize)).copied().unwrap_or(false);
            keep(rows, (0..rows.len()).map(|at| holds(row_at(&rows, at))), out);
        }
        _ => {
            view.gather(rows, values);
            keep(rows, values.iter().map(|value| test(*value)), out);
        }
    }
}

#[inline]
fn row_at(rows: &Rows<'_>, at: usize) -> usize {
    match rows {
        Rows::All(_) => at,
        Rows::Some(picked) => picked.get(at).map_or(usize::MAX, |row| *row as usize),
    }
}

/// Appends the rows whose verdict is true. Every row is written and only those stay: matches come in no order that
/// a processor could foresee, so a branch on each would cost more.
#[inline]
fn keep(rows: Rows<'_>, verdicts: impl Iterator<Item = bool>, out: &mut Vec<u32>) {
    let start = out.len();
    out.resize(start + rows.len(), 0);
    let Some(slots) = out.get_mut(start..) else { return };
    let mut kept = 0;
    let mut put = |row: u32, holds: bool| {
        if let Some(slot) = slots.get_mut(kept) {
            *slot = row;
        }
        kept += usize::from(holds);
    };
    match rows {
        Rows::All(n) => (0..n as u32).zip(verdicts).for_each(|(row, holds)| put(row, holds)),
        Rows::Some(picked) => picked.iter().zip(verdicts).for_each(|(row, holds)| put(*row, holds)),
    }
    out.truncate(start + kept);
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
