//! Addresses of which only some bits are kept.

use std::sync::Arc;

use crate::flow::{Column, Element, FlowBatch, Order, RowLayout, Rows, ie};

/// Octets of an IPv4 address.
const WIDTH: u16 = 4;

/// The selected flows with only the mask's bits of their IPv4 source and destination addresses. Classic records stay
/// such, and become ones in this machine's order.
pub fn mask_addresses(batch: &FlowBatch, mask: u32) -> FlowBatch {
    let masked = |element: Element| [ie::SRC_ADDR4, ie::DST_ADDR4].contains(&element);
    let fields = batch.schema().fields().iter().enumerate();
    let places: Vec<usize> = fields.filter(|(_, f)| masked(f.element) && f.width == WIDTH).map(|(at, _)| at).collect();
    if let Some(raw) = batch.raw() {
        let mut records = Vec::new();
        raw.copy(batch.rows(), Order::HOST, &mut records);
        let offsets = places.iter().filter_map(|at| raw.layout.offsets.get(*at));
        offsets.for_each(|at| each(records.chunks_exact_mut(raw.layout.size), *at, mask.to_ne_bytes()));
        return FlowBatch::from_raw(raw.layout.version, Order::HOST, records);
    }
    if let Some(stored) = batch.stored_rows() {
        let mut octets = Vec::new();
        stored.copy(batch.rows(), &mut octets);
        let mask = if stored.order == Order::Big { mask.to_be_bytes() } else { mask.to_le_bytes() };
        let offsets = places.iter().filter_map(|at| stored.offsets.get(*at));
        offsets.for_each(|at| each(octets.chunks_exact_mut(stored.size), *at, mask));
        let layout = RowLayout { size: stored.size, offsets: stored.offsets.to_vec(), order: stored.order };
        return FlowBatch::from_rows(batch.shared_schema(), Arc::new(layout), octets);
    }
    let mut columns = batch.columns().unwrap_or_default().to_vec();
    for at in places {
        let octets = match columns.get_mut(at) {
            Some(Column::Constant { value: octets } | Column::Plain { data: octets, .. }) => octets,
            Some(Column::Dictionary { values, .. }) => Arc::make_mut(values),
            Some(Column::Variable { .. } | Column::Unread) | None => continue,
        };
        each(octets.chunks_exact_mut(WIDTH.into()), 0, mask.to_ne_bytes());
    }
    let mut masked = FlowBatch::from_columns(batch.shared_schema(), batch.height(), columns);
    if let Rows::Some(rows) = batch.rows() {
        masked.select(rows.to_vec());
    }
    masked
}

/// Masks the four octets at an offset of each record.
fn each<'a>(records: impl Iterator<Item = &'a mut [u8]>, at: u16, mask: [u8; 4]) {
    for record in records {
        let octets = record.iter_mut().skip(at.into());
        octets.zip(mask).for_each(|(octet, mask)| *octet &= mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Field, Version};

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
            let all = mask_addresses(&batch, MASK);
            assert_eq!(addresses(&all), (vec![0x0A01_0200, 0x0A01_0300, 0x0A01_0400], vec![u32::MAX; 3]));
            assert_eq!(all.raw().is_some(), batch.raw().is_some());
            batch.select(vec![1]);
            assert_eq!(addresses(&mask_addresses(&batch, MASK)), (vec![0x0A01_0300], vec![u32::MAX]));
        }
    }
}
