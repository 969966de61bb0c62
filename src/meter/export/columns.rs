//! Flows as flows of a modern file: of both IP versions, with times since 1970 and counters that do not overflow.

use std::net::IpAddr;
use std::sync::Arc;

use super::super::biflow::{Biflow, Direction, Sink};
use super::super::key::Ends;
use super::super::packet::Address;
use super::super::sensor::Track;
use crate::flow::{Element, FieldSpec, FlowBatch, Order, RowLayout, Schema, ie};

/// Turns flows into batches and hands those on: IPv4 and IPv6 flows in batches of their own.
pub struct Columns<F> {
    hand_on: F,
    exporter: Option<IpAddr>,
    track: Track,
    most: usize,
    four: Rows,
    six: Rows,
    flows: u64,
}

/// Flows gathered, one behind the other.
struct Rows {
    schema: Arc<Schema>,
    layout: Arc<RowLayout>,
    octets: Vec<u8>,
}

impl<F, E> Columns<F>
where
    F: FnMut(&FlowBatch) -> Result<(), E>,
{
    /// Hands at most `most` flows at a time to `hand_on`. They have VLANs and MAC addresses as far as `track` has.
    pub fn new(exporter: Option<IpAddr>, track: Track, most: usize, hand_on: F) -> Columns<F> {
        let rows = |addresses| Rows::new(addresses, exporter, track);
        let (four, six) = (rows([ie::SRC_ADDR4, ie::DST_ADDR4]), rows([ie::SRC_ADDR6, ie::DST_ADDR6]));
        Columns { hand_on, exporter, track, most: most.max(1), four, six, flows: 0 }
    }

    /// Flows handed on, one a direction.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Hands on what is gathered.
    pub fn flush(&mut self) -> Result<(), E> {
        for rows in [&mut self.four, &mut self.six] {
            if let Some(batch) = rows.batch() {
                (self.hand_on)(&batch)?;
            }
        }
        Ok(())
    }

    fn direction(&mut self, ends: &Ends, way: &Direction) -> Result<(), E> {
        let rows = if matches!(ends.addresses[0], Address::V4(_)) { &mut self.four } else { &mut self.six };
        rows.append(ends, way, self.exporter, self.track);
        self.flows += 1;
        if rows.octets.len() >= self.most * rows.layout.size
            && let Some(batch) = rows.batch()
        {
            (self.hand_on)(&batch)?;
        }
        Ok(())
    }
}

impl<F, E> Sink for Columns<F>
where
    F: FnMut(&FlowBatch) -> Result<(), E>,
{
    type Error = E;

    fn take(&mut self, flow: &Biflow) -> Result<(), E> {
        flow.unidirectional().try_for_each(|(ends, way)| self.direction(&ends, &way))
    }
}

impl Rows {
    /// No flows yet, of these addresses. The order is that in which [`Rows::append`] puts the values.
    fn new(addresses: [Element; 2], exporter: Option<IpAddr>, track: Track) -> Rows {
        let wide = if addresses[0] == ie::SRC_ADDR6 { 16 } else { 4 };
        let mut fields = vec![
            (addresses[0], wide),
            (addresses[1], wide),
            (ie::PACKETS, 8),
            (ie::OCTETS, 8),
            (ie::START_MS, 8),
            (ie::END_MS, 8),
            (ie::SRC_PORT, 2),
            (ie::DST_PORT, 2),
            (ie::PROTOCOL, 1),
            (ie::TOS, 1),
            (ie::TCP_FLAGS, 1),
        ];
        if track >= Track::Vlan {
            fields.push((ie::VLAN_ID, 2));
        }
        if track >= Track::Ether {
            fields.extend([(ie::SRC_MAC, 6), (ie::DST_MAC, 6)]);
        }
        fields.extend(exporter.map(|address| match address {
            IpAddr::V4(_) => (ie::EXPORTER4, 4),
            IpAddr::V6(_) => (ie::EXPORTER6, 16),
        }));
        let mut size = 0;
        let offsets = fields.iter().map(|(_, width)| {
            size += width;
            size - width
        });
        let offsets = offsets.collect();
        let specs = fields.iter().map(|(element, width)| FieldSpec { element: *element, occurrence: 0, width: *width });
        let schema = Arc::new(Schema::new(specs.collect()));
        Rows {
            schema,
            layout: Arc::new(RowLayout { size: size.into(), offsets, order: Order::HOST }),
            octets: Vec::new(),
        }
    }

    fn append(&mut self, ends: &Ends, way: &Direction, exporter: Option<IpAddr>, track: Track) {
        let out = &mut self.octets;
        for address in ends.addresses {
            match address {
                Address::V4(number) => out.extend(number.to_ne_bytes()),
                Address::V6(number) => out.extend(number.to_ne_bytes()),
            }
        }
        for number in [way.packets, way.octets, way.first_ns / 1_000_000, way.last_ns / 1_000_000] {
            out.extend(number.to_ne_bytes());
        }
        ends.ports.iter().for_each(|port| out.extend(port.to_ne_bytes()));
        out.extend([ends.protocol, way.tos, way.flags]);
        if track >= Track::Vlan {
            out.extend(ends.vlan.to_ne_bytes());
        }
        if track >= Track::Ether {
            // As on the wire.
            ends.macs.iter().for_each(|mac| out.extend(mac.to_be_bytes().into_iter().skip(2)));
        }
        match exporter {
            Some(IpAddr::V4(address)) => out.extend(address.to_bits().to_ne_bytes()),
            Some(IpAddr::V6(address)) => out.extend(address.to_bits().to_ne_bytes()),
            None => {}
        }
    }

    /// What is gathered.
    fn batch(&mut self) -> Option<FlowBatch> {
        let octets = std::mem::take(&mut self.octets);
        (!octets.is_empty()).then(|| FlowBatch::from_rows(self.schema.clone(), self.layout.clone(), octets))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::super::super::expiry::Reason;
    use super::*;
    use crate::flow::Field;

    #[test]
    fn flows_of_both_versions_are_handed_on() {
        let way =
            Direction { packets: 1 << 40, octets: 1 << 50, first_ns: 5_000_000, last_ns: 7_999_999, flags: 2, tos: 1 };
        let flow = |addresses| Biflow {
            ends: Ends {
                addresses,
                ports: [9, 53],
                macs: [0x0200_0000_0001, 0x0200_0000_0002],
                protocol: 17,
                vlan: 12,
            },
            directions: [way, Direction { packets: 2, ..way }],
            reason: Reason::Flushed,
            ended_ns: 9_000_000,
        };
        let mut batches = Vec::new();
        let exporter = Some(IpAddr::from([192, 0, 2, 1]));
        let mut sink = Columns::new(exporter, Track::Ether, 10, |batch: &FlowBatch| {
            batches.push(batch.clone());
            Ok::<_, Infallible>(())
        });
        sink.take(&flow([Address::V4(0x0A00_0001), Address::V4(0x0A00_0002)])).unwrap();
        sink.take(&flow([Address::V6(1 << 120), Address::V6(2)])).unwrap();
        sink.flush().unwrap();
        assert_eq!(sink.flows(), 4);
        for (batch, address) in batches.iter().zip(["10.0.0.1", "100::"]) {
            assert_eq!(batch.len(), 2);
            let number = |field, row| batch.view(field).unwrap().number(row);
            assert_eq!(batch.view(Field::SrcAddr).unwrap().address(0).to_string(), address);
            assert_eq!(batch.view(Field::DstAddr).unwrap().address(1).to_string(), address);
            assert_eq!((number(Field::Octets, 0), number(Field::Packets, 1)), (1 << 50, 2));
            assert_eq!((number(Field::StartMs, 0), number(Field::EndMs, 0)), (5, 7));
            assert_eq!((number(Field::SrcPort, 1), number(Field::VlanId, 0)), (53, 12));
            assert_eq!(batch.view(Field::SrcMac).unwrap().octets(0).0, [2, 0, 0, 0, 0, 1]);
            assert_eq!(number(Field::Exporter, 0), 0xC000_0201);
        }
    }
}
