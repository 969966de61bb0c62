//! Addresses of which only some bits are kept.

use crate::flow::{FlowBatch, ie};

/// The flows with only the mask's bits of their IPv4 source and destination addresses. Classic records stay such.
pub fn mask_addresses(mut batch: FlowBatch, mask: u32) -> FlowBatch {
    for element in [ie::SRC_ADDR4, ie::DST_ADDR4] {
        if let Some(at) = batch.schema().position(element, 0) {
            batch.update(at, None, |address| address & u64::from(mask));
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::flow::{Column, Field, Order, RowLayout, Version};

    #[test]
    fn addresses_are_masked_in_every_kind_of_batch() {
        const MASK: u32 = 0xFFFF_FF00;
        let addresses = |batch: &FlowBatch| {
            let (mut source, mut octets) = (Vec::<u32>::new(), Vec::<u32>::new());
            assert!(batch.gather(Field::SrcAddr, &mut source) && batch.gather(Field::Octets, &mut octets));
            (source, octets)
        };
        let layout = Version::V5.layout();
        let mut records = vec![0; layout.size * 3];
        let (at, octets) = (layout.find(ie::SRC_ADDR4).unwrap().0, layout.find(ie::OCTETS).unwrap().0);
        for (n, record) in records.chunks_exact_mut(layout.size).enumerate() {
            record[at..at + 4].copy_from_slice(&(0x0A01_0203 + ((n as u32) << 8)).to_be_bytes());
            record[octets..octets + 4].copy_from_slice(&[0xFF; 4]);
        }
        let raw = FlowBatch::from_raw(Version::V5, Order::Big, records.clone());
        let rows = RowLayout { size: layout.size, offsets: layout.offsets.clone(), order: Order::Big };
        let rows = FlowBatch::from_rows(layout.schema.clone(), Arc::new(rows), records);
        let plain = |at: usize| {
            let mut values = Vec::<u32>::new();
            raw.column(at).unwrap().gather(raw.rows(), &mut values);
            match layout.schema.fields()[at].width {
                4 => Column::Dictionary {
                    width: 4,
                    values: Arc::new(values.iter().flat_map(|n| n.to_ne_bytes()).collect()),
                    index: Arc::new(vec![0, 1, 2]),
                },
                _ => Column::Unread,
            }
        };
        let columns = (0..layout.offsets.len()).map(plain).collect();
        let columns = FlowBatch::from_columns(layout.schema.clone(), 3, columns);
        for mut batch in [raw.clone(), rows, columns] {
            let all = mask_addresses(batch.clone(), MASK);
            assert_eq!(addresses(&all), (vec![0x0A01_0200, 0x0A01_0300, 0x0A01_0400], vec![u32::MAX; 3]));
            assert_eq!(all.raw().is_some(), batch.raw().is_some());
            batch.select(vec![1]);
            assert_eq!(addresses(&mask_addresses(batch.clone(), MASK)), (vec![0x0A01_0300], vec![u32::MAX]));
        }
    }
}
