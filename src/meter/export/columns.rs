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
mod tests {
    use std::convert::Infallible;
    use std::net::IpAddr;

    use super::super::super::biflow::Direction;
    use super::super::super::expiry::Reason;
    use super::super::super::key::Ends;
    use super::super::super::packet::Address;
    use super::super::super::sensor::Track;
    use super::super::shape::Times;
    use super::*;
    use crate::flow::time::FlowTimes;
    use crate::flow::{Element, Field};

    fn flow(addresses: [Address; 2]) -> Biflow {
        let way =
            Direction { packets: 1 << 40, octets: 1 << 50, first_ns: 5_000_000, last_ns: 7_999_999, flags: 2, tos: 1 };
        let macs = [0x0200_0000_0001, 0x0200_0000_0002];
        Biflow {
            ends: Ends { addresses, ports: [9, 53], macs, protocol: 17, vlan: 12 },
            directions: [way, Direction { packets: 2, octets: 7, ..way }],
            reason: Reason::Flushed,
            ended_ns: 9_000_000,
        }
    }

    const FOUR: [Address; 2] = [Address::V4(0x0A00_0001), Address::V4(0x0A00_0002)];

    fn batches(shape: Shape, flows: &[Biflow]) -> Vec<FlowBatch> {
        let mut batches = Vec::new();
        let mut sink = Columns::new(shape, 10, |batch: &FlowBatch| {
            batches.push(batch.clone());
            Ok::<_, Infallible>(())
        });
        flows.iter().for_each(|flow| sink.take(flow).unwrap());
        sink.flush().unwrap();
        batches
    }

    #[test]
    fn flows_of_both_versions_are_handed_on() {
        let exporter = Some(IpAddr::from([192, 0, 2, 1]));
        let shape = Shape { exporter, ..Shape::of_file(None, Track::Ether) };
        let batches = batches(shape, &[flow(FOUR), flow([Address::V6(1 << 120), Address::V6(2)])]);
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

    #[test]
    fn times_are_told_in_every_unit() {
        const S: u64 = 1_000_000_000;
        const DAY: u64 = 86_400 * S;
        let spans = [(1_700_000_000_123_456_789, 1_700_000_009_001_000_001), (60 * DAY, 60 * DAY), (DAY, 40 * DAY)];
        for times in [Times::Uptime, Times::Seconds, Times::Milliseconds, Times::Microseconds, Times::Nanoseconds] {
            for (first_ns, last_ns) in spans {
                let mut flow = flow(FOUR);
                (flow.directions[0].first_ns, flow.directions[0].last_ns) = (first_ns, last_ns);
                flow.directions[1].packets = 0;
                for ended_ns in [last_ns, last_ns + 5 * S, last_ns + 300 * DAY] {
                    let shape = Shape::of_export(times, Track::Full, false);
                    let batch = &batches(shape, &[Biflow { ended_ns, ..flow }])[0];
                    let mut told = FlowTimes::default();
                    told.gather(batch);
                    let unit = if times == Times::Seconds { S } else { 1_000_000 };
                    let ms = |ns: u64| ns / unit * unit / 1_000_000;
                    assert_eq!((told.start[0], told.end[0]), (ms(first_ns), ms(last_ns)), "{times:?}");
                }
            }
        }
    }

    #[test]
    fn both_directions_are_one_record_from_who_began() {
        let mut one = flow(FOUR);
        one.directions[0].first_ns += 1_000_000;
        let shape = Shape::of_export(Times::Milliseconds, Track::Full, true);
        let mut alone = flow(FOUR);
        alone.directions[0].packets = 0;
        let together = flow(FOUR);
        let batches = batches(shape, &[one, alone, together]);
        assert_eq!(batches.iter().map(FlowBatch::len).collect::<Vec<_>>(), [1, 2]);
        let number = |element, row| {
            let at = batches[1].schema().position(element, 0).unwrap();
            batches[1].column(at).unwrap().number(row)
        };
        let reverse = |id| Element { enterprise: 29305, id };
        assert_eq!(batches[1].view(Field::SrcAddr).unwrap().address(0).to_string(), "10.0.0.2");
        assert_eq!((number(Element::iana(1), 0), number(reverse(1), 0)), (7, 1 << 50));
        assert_eq!((number(Element::iana(2), 0), number(reverse(2), 0)), (2, 1 << 40));
        assert_eq!((number(Element::iana(152), 0), number(reverse(152), 0)), (5, 6));
        // Began: the source; nobody knows.
        assert_eq!([0, 1].map(|row| number(Element::iana(239), row)), [1, 0]);
    }
}
