//! Flows as batches, for modern files and for exports with templates: of both IP versions, counters that do not
//! overflow.

use super::super::biflow::{Biflow, Sink};
use super::rows::{Kind, Rows, Told};
use super::shape::Shape;
use crate::flow::FlowBatch;

/// Turns flows into batches and hands those on: IPv4 and IPv6 flows, those with both directions in one record, and
/// where they have fields of their own those of ICMP, in batches of their own.
pub struct Columns<F> {
    hand_on: F,
    shape: Shape,
    most: usize,
    rows: Vec<Rows>,
    flows: u64,
    /// The number that the next flow has.
    number: u64,
}

impl<F, E> Columns<F>
where
    F: FnMut(&FlowBatch) -> Result<(), E>,
{
    /// Hands at most `most` flows at a time to `hand_on`, told as `shape` says.
    pub fn new(shape: Shape, most: usize, hand_on: F) -> Columns<F> {
        let rows = rows(&shape);
        Columns { hand_on, shape, most: most.max(1), rows, flows: 0, number: 1 }
    }

    /// Records handed on: one a direction of a flow, but for those with both in one, and for those of which counters
    /// of fewer octets than 8 cannot tell all.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// How flows are told.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Tells flows otherwise from now on. What is gathered is handed on first. Whoever sends batches with templates
    /// calls [`TemplateEncoder::retire`] then.
    ///
    /// [`TemplateEncoder::retire`]: crate::wire::TemplateEncoder::retire
    pub fn reshape(&mut self, shape: Shape) -> Result<(), E> {
        self.flush()?;
        self.rows = rows(&shape);
        self.shape = shape;
        Ok(())
    }

    /// Hands on what is gathered.
    pub fn flush(&mut self) -> Result<(), E> {
        self.rows.iter_mut().filter_map(Rows::batch).try_for_each(|batch| (self.hand_on)(&batch))
    }

    #[inline]
    fn append(&mut self, told: &Told) -> Result<(), E> {
        let icmp = told.is_icmp() && self.shape.has_icmp();
        let kind = Kind { ipv6: told.is_ipv6(), both: told.back.is_some(), icmp };
        let Some(rows) = self.rows.get_mut(kind.number()) else { return Ok(()) };
        let parts = rows.needs(told);
        for at in 0..parts {
            rows.append(told, at, parts);
            self.flows += 1;
            if rows.len() >= self.most
                && let Some(batch) = rows.batch()
            {
                (self.hand_on)(&batch)?;
            }
        }
        Ok(())
    }
}

/// No flows yet, of any kind.
fn rows(shape: &Shape) -> Vec<Rows> {
    Kind::ALL.into_iter().map(|kind| Rows::new(shape, kind)).collect()
}

impl<F, E> Sink for Columns<F>
where
    F: FnMut(&FlowBatch) -> Result<(), E>,
{
    type Error = E;

    fn take(&mut self, flow: &Biflow) -> Result<(), E> {
        let number = self.number;
        self.number = number.wrapping_add(1);
        if self.shape.biflow && flow.directions.iter().all(|way| way.packets > 0) {
            return self.append(&Told::both(flow, number));
        }
        Told::each(flow, number).try_for_each(|told| self.append(&told))
    }
}

#[cfg(test)]
mod tests;
