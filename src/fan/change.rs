//! What is done to flows before they are sent on.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::parcel::Parcel;
use crate::flow::{Element, Fact, FlowBatch, Order, Version, ie};
use crate::rewrite::{Converter, mask_addresses};
use crate::select::{Predicate, Scratch};
use crate::wire::{Encoder, Export, ExportVersion, Protocol, TemplateEncoder, TemplateOptions};

/// What is to be changed. Where nothing is, datagrams are sent on as they came.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Bits of IPv4 addresses that stay.
    pub mask: Option<u32>,
    /// The autonomous system put in the place of 0.
    pub own_as: Option<u32>,
    /// Which flows are sent on.
    pub filter: Option<Predicate>,
    /// The version they are sent in.
    pub version: Option<ExportVersion>,
}

impl Changes {
    /// Whether there are any.
    pub fn are_any(&self) -> bool {
        self.mask.is_some() || self.own_as.is_some() || self.filter.is_some() || self.version.is_some()
    }
}

/// Changes flows, and packs them into datagrams.
pub struct Changer {
    changes: Changes,
    scratch: Scratch,
    converter: Option<Converter>,
    classic: Encoder,
    /// NetFlow 9 and IPFIX: flows are sent as what they came as, unless a version is asked for.
    templated: [TemplateEncoder; 2],
}

/// What became of a datagram's flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Flows that the filter does not let through.
    pub filtered: u64,
    /// Flows that the version asked for has no room for.
    pub refused: u64,
}

impl Changer {
    /// Makes the changes; `by_exporter` if datagrams go out in exporters' names.
    pub fn new(changes: Changes, by_exporter: bool) -> Changer {
        let template =
            |protocol| TemplateEncoder::new(TemplateOptions { protocol, by_exporter, ..TemplateOptions::default() });
        Changer {
            converter: match changes.version {
                Some(ExportVersion::Classic(version)) => Some(Converter::new(version)),
                _ => None,
            },
            changes,
            scratch: Scratch::default(),
            classic: if by_exporter { Encoder::new().by_exporter() } else { Encoder::new() },
            templated: [Protocol::V9, Protocol::Ipfix].map(template),
        }
    }

    /// What exporters have said of themselves, all of it.
    pub fn tell(&mut self, facts: &[Fact]) {
        self.templated.iter_mut().for_each(|encoder| encoder.set_facts(facts.to_vec()));
    }

    /// An engine's flows that are known to be missing are missing in what is sent on, too.
    pub fn skip(&mut self, version: Version, exporter: Ipv4Addr, engine: (u8, u8), flows: u32) {
        match self.changes.version {
            None => self.classic.skip(version, exporter, engine, flows),
            Some(ExportVersion::Classic(version)) => self.classic.skip(version, exporter, engine, flows),
            Some(ExportVersion::Template(_)) => {}
        }
    }

    /// Changes flows that came by a protocol at a time (ms since 1970), and adds the datagrams they fill to `parcel`.
    pub fn change(&mut self, mut batch: FlowBatch, protocol: Protocol, now: u64, parcel: &mut Parcel) -> Outcome {
        let all = batch.len() as u64;
        if let Some(filter) = &self.changes.filter {
            filter.apply(&mut batch, &mut self.scratch);
        }
        let mut outcome = Outcome { filtered: all - batch.len() as u64, refused: 0 };
        if batch.is_empty() {
            return outcome;
        }
        if let Some(mask) = self.changes.mask {
            batch = mask_addresses(batch, mask);
        }
        if let Some(own) = self.changes.own_as {
            for element in [ie::SRC_AS, ie::DST_AS] {
                replace(&mut batch, element, |asn| if asn == 0 { own.into() } else { asn });
            }
        }
        let protocol = match self.changes.version {
            Some(ExportVersion::Template(protocol)) => Some(protocol),
            Some(ExportVersion::Classic(_)) => None,
            None => Some(protocol).filter(|_| batch.raw().is_none()),
        };
        let mut push = |export: Export<'_>| -> Result<(), std::convert::Infallible> {
            parcel.push(export.exporter, export.flows.into(), export.octets);
            Ok(())
        };
        match protocol {
            Some(protocol) => {
                let encoder = &mut self.templated[usize::from(protocol == Protocol::Ipfix)];
                let Ok(()) = encoder.encode(&batch, now, push);
            }
            None => {
                let Some(batch) = self.converted(batch) else {
                    outcome.refused = all - outcome.filtered;
                    return outcome;
                };
                if let Some(raw) = batch.raw() {
                    let Ok(()) = self.classic.encode(&raw, batch.rows(), &mut push);
                }
                // The next datagram is of another exporter or time.
                let Ok(()) = self.classic.finish(push);
            }
        }
        outcome
    }

    /// Hands over what may still take flows.
    pub fn finish(&mut self, parcel: &mut Parcel) {
        for encoder in &mut self.templated {
            let Ok(()) = encoder.finish(|export| -> Result<(), std::convert::Infallible> {
                parcel.push(export.exporter, export.flows.into(), export.octets);
                Ok(())
            });
        }
    }

    /// Elements that the version sent cannot carry.
    pub fn left_out(&self) -> BTreeSet<Element> {
        self.templated.iter().flat_map(|encoder| encoder.left_out().elements.iter().copied()).collect()
    }

    fn converted(&mut self, batch: FlowBatch) -> Option<FlowBatch> {
        let Some(converter) = &mut self.converter else { return Some(batch) };
        if batch.raw().is_some_and(|raw| raw.layout.version == converter.version()) {
            return Some(batch);
        }
        let mut records = Vec::new();
        converter.convert(&batch, &mut records).ok()?;
        Some(FlowBatch::from_raw(converter.version(), Order::HOST, records))
    }
}

/// Changes the numbers of an element.
fn replace(batch: &mut FlowBatch, element: Element, change: impl Fn(u64) -> u64) {
    if let Some(at) = batch.schema().position(element, 0) {
        batch.update(at, None, change);
    }
}
