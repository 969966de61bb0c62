//! What is told of a flow: the fields of batches.

use std::net::IpAddr;

use super::super::sensor::Track;
use super::rows::Kind;
use super::tell::{BIFLOW_DIRECTION, Slot};
use super::template::{Field, Template};

/// How the times of a flow's packets are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Times {
    /// Milliseconds of uptime (`flowStartSysUpTime`), in 32 bits, with the clock beside them: what version 9 has.
    Uptime,
    /// `flowStartSeconds`, `flowEndSeconds`.
    Seconds,
    /// `flowStartMilliseconds`, `flowEndMilliseconds`.
    Milliseconds,
    /// `flowStartMicroseconds`, `flowEndMicroseconds`.
    Microseconds,
    /// `flowStartNanoseconds`, `flowEndNanoseconds`.
    Nanoseconds,
}

impl Times {
    /// The elements.
    fn elements(self) -> [u16; 2] {
        match self {
            Times::Uptime => [22, 21],
            Times::Seconds => [150, 151],
            Times::Milliseconds => [152, 153],
            Times::Microseconds => [154, 155],
            Times::Nanoseconds => [156, 157],
        }
    }
}

/// What is told of a flow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// The exporter's address, if it is to be a field.
    pub exporter: Option<IpAddr>,
    /// The number of the interface that packets were seen on: as softflowd has it, that of input and output.
    pub interface: Option<u32>,
    /// VLANs and MAC addresses, as far as these make flows.
    pub track: Track,
    /// How its times are told.
    pub times: Times,
    /// Whether it is told when the flow was found to be over, for the headers of messages.
    pub export_time: bool,
    /// Whether both directions make one record, where both had packets (RFC 5103).
    pub biflow: bool,
    /// The user's template, which takes the place of the fields that are usual.
    pub template: Option<Template>,
}

impl Shape {
    /// What modern files have of flows.
    pub fn of_file(exporter: Option<IpAddr>, track: Track) -> Shape {
        let (times, template) = (Times::Milliseconds, None);
        Shape { exporter, interface: None, track, times, export_time: false, biflow: false, template }
    }

    /// What exports with templates have of flows: softflowd's elements.
    pub fn of_export(times: Times, track: Track, biflow: bool) -> Shape {
        Shape { exporter: None, interface: None, track, times, export_time: true, biflow, template: None }
    }

    /// Whether ICMP flows have type and code in fields of their own, and so are told apart from others.
    pub(super) fn has_icmp(&self) -> bool {
        self.export_time && self.template.is_none() && self.track >= Track::Full
    }

    /// The fields of a kind of flow. With both directions, those of the way back follow the others.
    pub(super) fn fields(&self, kind: Kind) -> Vec<Field> {
        match &self.template {
            Some(template) => template.fields(kind.ipv6, self.exporter.is_some_and(|address| address.is_ipv6())),
            None => self.usual(kind).into_iter().filter_map(Field::usual).collect(),
        }
    }

    /// Whether `biflowDirection` is to be added.
    pub(super) fn adds_direction(&self, fields: &[Field]) -> bool {
        !fields.iter().any(|field| field.tell.id == BIFLOW_DIRECTION)
    }

    fn usual(&self, kind: Kind) -> Vec<u16> {
        let [first, last] = self.times.elements();
        let mut ids = if kind.ipv6 { vec![27, 28] } else { vec![8, 12] };
        if self.export_time {
            ids.extend([first, last, 1, 2, 10, 14, 61, 136, 7, 11]);
            ids.extend(kind.icmp.then_some(if kind.ipv6 { 139 } else { 32 }));
            ids.push(4);
            ids.extend((!kind.icmp).then_some(6));
            ids.extend([60, 5]);
        } else {
            ids.extend([2, 1, first, last, 5, 6, 7, 11, 4, 136]);
            ids.extend(self.interface.iter().flat_map(|_| [10, 14]));
        }
        if self.track >= Track::Vlan {
            ids.push(58);
        }
        if self.track >= Track::Ether {
            ids.extend([56, 80]);
        }
        ids.extend(self.exporter.map(|address| if address.is_ipv4() { 130 } else { 131 }));
        ids
    }

    /// Whether rows have the clock beside their times.
    pub(super) fn has_clock(&self, fields: &[Field]) -> bool {
        self.export_time || has_uptime(fields)
    }
}

/// Whether times are told as uptimes.
pub(super) fn has_uptime(fields: &[Field]) -> bool {
    fields.iter().any(|field| matches!(field.tell.slot, Slot::FirstUptime | Slot::LastUptime))
}
