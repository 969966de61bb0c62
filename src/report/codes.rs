//! Flows summed by code before they are hashed.
//!
//! Blocks of modern files hold addresses as a dictionary and a code a flow. Flows of the same code have the same key:
//! they are summed in an array that the code indexes, and what that comes to is grouped, a key of each value instead of
//! a key of each flow.

use super::Counts;
use super::gather::{Source, Values};
use super::key::Key;
use crate::flow::{FlowBatch, Rows, View};

/// A value must stand for so many flows, in the mean, for summing by code to be worth its while.
const WORTHWHILE: usize = 2;

/// What the flows of each code come to. Scratch space, kept between batches.
#[derive(Default)]
pub(super) struct Codes {
    /// Flows, octets, packets, duration. Narrow where a batch's sums fit: it is the cache that counts.
    short: Vec<[u32; 4]>,
    long: Vec<[u64; 4]>,
    is_long: bool,
}

/// The codes that a batch's keys are told by.
pub(super) struct Coded<'a> {
    /// Values of the dictionary, which keys are made of.
    pub source: Source<'a>,
    /// How many there are.
    pub count: usize,
    index: &'a [u32],
}

impl<'a> Coded<'a> {
    /// The codes, if keys are made of nothing but columns that share them, and constants.
    pub fn of(batch: &'a FlowBatch, rows: Rows<'_>, key: &Key) -> Option<Coded<'a>> {
        let mut shared: Option<(&[u32], usize)> = None;
        for part in key.parts.iter().chain(key.turned.iter().flatten()) {
            if part.is_computed() {
                return None;
            }
            for field in part.fields() {
                let Some(view) = batch.view(field) else { continue };
                match view {
                    View::Strided { stride: 0, .. } => {}
                    View::Dictionary { width, values, index } => {
                        let count = values.len().checked_div(width)?;
                        match &mut shared {
                            None => shared = Some((index, count)),
                            Some((other, least)) if std::ptr::eq(*other, index) => *least = count.min(*least),
                            Some(_) => return None,
                        }
                    }
                    _ => return None,
                }
            }
        }
        let (index, count) = shared?;
        (count.saturating_mul(WORTHWHILE) <= rows.len()).then_some(Coded {
            source: Source::values(batch),
            count,
            index,
        })
    }
}

impl Codes {
    /// Sums the flows of `rows` by their code.
    pub fn sum(&mut self, coded: &Coded<'_>, rows: Rows<'_>, values: &Values) {
        let most = u64::from(u32::MAX);
        self.is_long = values.sums().into_iter().any(|sum| sum > most);
        if self.is_long {
            sum(&mut self.long, coded, rows, values, u64::saturating_add, |n| n);
        } else {
            // No sum of some is more than that of all.
            sum(&mut self.short, coded, rows, values, u32::wrapping_add, |n| n as u32);
        }
    }

    /// What the flows of a code come to; nothing if it has none.
    #[inline]
    pub fn get(&self, code: usize) -> Option<Counts> {
        let [flows, octets, packets, duration] = match self.is_long {
            true => *self.long.get(code)?,
            false => self.short.get(code)?.map(u64::from),
        };
        (flows > 0).then_some(Counts { flows, octets, packets, duration })
    }
}

fn sum<T: Copy + Default>(
    sums: &mut Vec<[T; 4]>,
    coded: &Coded<'_>,
    rows: Rows<'_>,
    values: &Values,
    add: impl Fn(T, T) -> T,
    number: impl Fn(u64) -> T,
) {
    sums.clear();
    sums.resize(coded.count, [T::default(); 4]);
    let mut count = |code: u32, at: [u64; 4]| {
        if let Some(sum) = sums.get_mut(code as usize) {
            sum.iter_mut().zip(at).for_each(|(sum, n)| *sum = add(*sum, number(n)));
        }
    };
    match rows {
        // One record is one flow, and how long it took is not asked for: mostly.
        Rows::All(n) if values.flows.is_empty() && values.duration.is_empty() => {
            let counts = values.octets.iter().zip(&values.packets);
            let codes = coded.index.iter().take(n);
            codes.zip(counts).for_each(|(code, (octets, packets))| count(*code, [1, *octets, *packets, 0]));
        }
        _ => {
            let mut at = 0;
            rows.each(|row| {
                let Counts { flows, octets, packets, duration } = values.get(at);
                if let Some(code) = coded.index.get(row) {
                    count(*code, [flows, octets, packets, duration]);
                }
                at += 1;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Aggregation, Entry, Grouping, KeyWords, Order, Part, SortBy};
    use crate::flow::{Column, Field, FieldSpec, FlowBatch, Schema, ie};

    /// Flows of (which source, octets, packets), with sources told by a dictionary or each by itself.
    fn batch(flows: &[(u32, u64, u32)], dictionary: bool) -> FlowBatch {
        let field = |element, width| FieldSpec { element, occurrence: 0, width };
        let fields = [(ie::SRC_ADDR4, 4), (ie::SRC_MASK, 1), (ie::OCTETS, 8), (ie::PACKETS, 4)];
        let schema = Schema::new(fields.map(|(element, width)| field(element, width)).to_vec());
        let addresses: Vec<u8> = (0..8u32).flat_map(|n| (0x0A00_0000 + n * 77).to_ne_bytes()).collect();
        let lengths: Vec<u8> = (0..8).map(|n| 16 + n).collect();
        let index = Arc::new(flows.iter().map(|flow| flow.0).collect::<Vec<u32>>());
        let column = |width: u16, values: Vec<u8>| {
            if dictionary {
                return Column::Dictionary { width, values: Arc::new(values), index: index.clone() };
            }
            let size = usize::from(width);
            let data = flows.iter().flat_map(|flow| values[flow.0 as usize * size..][..size].to_vec()).collect();
            Column::Plain { width, data }
        };
        let columns = vec![
            column(4, addresses),
            column(1, lengths),
            Column::Plain { width: 8, data: flows.iter().flat_map(|flow| flow.1.to_ne_bytes()).collect() },
            Column::Plain { width: 4, data: flows.iter().flat_map(|flow| flow.2.to_ne_bytes()).collect() },
        ];
        FlowBatch::from_columns(Arc::new(schema), flows.len(), columns)
    }

    fn groups(parts: &[Part], mut batches: Vec<FlowBatch>, rows: Option<Vec<u32>>) -> Vec<(KeyWords, [u64; 3])> {
        let aggregation = Aggregation::new(Grouping::by(parts).unwrap());
        let mut worker = aggregation.worker();
        batches.iter_mut().for_each(|batch| {
            rows.iter().for_each(|rows| batch.select(rows.clone()));
            worker.add(batch);
        });
        let outcome = worker.finish();
        let mut groups = aggregation.finish(vec![outcome]);
        let mut all = Vec::new();
        let see = |entries: &[Entry]| {
            all.extend(entries.iter().map(|e| (e.key, [e.counts.flows, e.counts.octets, e.counts.packets])));
            Ok::<_, ()>(())
        };
        groups.visit(Order { by: SortBy::Part(0), descending: false }, usize::MAX, see).unwrap();
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sums_by_code_are_the_same(
            flows in proptest::collection::vec((0u32..8, prop_oneof![0u64..2000, any::<u64>().prop_map(|n| n >> 20)], any::<u32>()), 0..200),
            some in any::<bool>(),
        ) {
            let address = Part::Address(Field::SrcAddr);
            let network = Part::Network(Field::SrcAddr, Field::SrcMask);
            let rows = some.then(|| (0..flows.len() as u32).filter(|row| row % 3 != 0).collect::<Vec<_>>());
            let keys: [&[Part]; 3] = [
                &[address],
                &[network, Part::Number(Field::SrcMask)],
                &[Part::Prefix(Field::SrcAddr, 26, 64), Part::Number(Field::Packets)],
            ];
            for key in keys {
                let [coded, plain] = [true, false].map(|dictionary| {
                    groups(key, vec![batch(&flows, dictionary), batch(&flows, dictionary)], rows.clone())
                });
                prop_assert_eq!(coded, plain);
            }
        }
    }
}
