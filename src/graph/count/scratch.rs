//! The columns of a batch that counting looks at.

use super::plan::Plan;
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field, FlowBatch, Projection, View};

/// What exporters say of a flow's application (IPFIX element 95).
pub const APPLICATION: Element = Element::iana(95);

/// Columns, a value for each selected flow; kept between batches.
#[derive(Default)]
pub struct Scratch {
    four: Vec<u32>,
    six: Vec<u128>,
    /// Where the source lies...
    pub sources: Vec<u16>,
    /// ... and the destination.
    pub destinations: Vec<u16>,
    /// Whether the destination is a group.
    pub groups: Vec<bool>,
    pub protocols: Vec<u8>,
    pub tos: Vec<u8>,
    pub source_ports: Vec<u16>,
    pub destination_ports: Vec<u16>,
    pub source_asns: Vec<u32>,
    pub destination_asns: Vec<u32>,
    pub octets: Vec<u64>,
    pub packets: Vec<u64>,
    /// Flows a record stands for; empty where each is one.
    pub flows: Vec<u64>,
    pub times: FlowTimes,
}

impl Scratch {
    /// What is read of files.
    pub fn fields() -> Projection {
        let fields = Projection::of(&[
            Field::SrcAddr,
            Field::DstAddr,
            Field::Exporter,
            Field::Protocol,
            Field::Tos,
            Field::SrcPort,
            Field::DstPort,
            Field::SrcAs,
            Field::DstAs,
            Field::Octets,
            Field::Packets,
            Field::Flows,
        ]);
        fields.union(&FlowTimes::needs()).union(&Projection::of_elements(&[APPLICATION]))
    }

    /// Gathers a batch's columns.
    pub fn gather(&mut self, batch: &FlowBatch, plan: &Plan) {
        let mut places = std::mem::take(&mut self.sources);
        self.lie(batch, Field::SrcAddr, plan, &mut places, |_| ());
        self.sources = places;
        let (mut places, mut groups) = (std::mem::take(&mut self.destinations), std::mem::take(&mut self.groups));
        groups.clear();
        self.lie(batch, Field::DstAddr, plan, &mut places, |group| groups.push(group));
        (self.destinations, self.groups) = (places, groups);
        batch.gather(Field::Protocol, &mut self.protocols);
        batch.gather(Field::Tos, &mut self.tos);
        batch.gather(Field::SrcPort, &mut self.source_ports);
        batch.gather(Field::DstPort, &mut self.destination_ports);
        batch.gather(Field::SrcAs, &mut self.source_asns);
        batch.gather(Field::DstAs, &mut self.destination_asns);
        batch.gather(Field::Octets, &mut self.octets);
        batch.gather(Field::Packets, &mut self.packets);
        self.flows.clear();
        if batch.has(Field::Flows) {
            batch.gather(Field::Flows, &mut self.flows);
        }
        self.times.gather(batch);
    }

    /// Where addresses lie, and whether each is a group's. Flows without addresses lie nowhere: place 0 of no address
    /// would be that of 0.0.0.0, which is right for them too, for it is not a host's.
    fn lie(
        &mut self,
        batch: &FlowBatch,
        field: Field,
        plan: &Plan,
        places: &mut Vec<u16>,
        mut group: impl FnMut(bool),
    ) {
        places.clear();
        if batch.view(field).as_ref().map(View::width) == Some(16) {
            batch.gather(field, &mut self.six);
            places.extend(self.six.iter().map(|address| plan.hosts.six(*address)));
            self.six.iter().for_each(|address| group(address >> 120 == 0xff));
        } else {
            batch.gather(field, &mut self.four);
            places.extend(self.four.iter().map(|address| plan.hosts.four(*address)));
            self.four.iter().for_each(|address| group(address >> 28 == 0xe));
        }
    }
}
