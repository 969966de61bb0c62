//! Scans, and flows out of the ordinary: what flow-dscan looks for.
//!
//! A source scans hosts if it has sent to more than so many within a window, and ports if it has sent to more than so
//! many ports below 1024 of one host. The window is counted in flows: what has not been seen again for so many flows is
//! forgotten. A source found once is not told of again before it has been forgotten.
//!
//! Memory is bounded twice: by the window, in which no more pairs of hosts can have met than there were flows, and by
//! [`Limits::room`], beyond which the window becomes shorter for a while.

mod state;
mod suppress;
mod table;

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use chrono::{Local, TimeZone};

use self::table::Table;
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Projection};
use crate::select::{Predicate, Scratch};

pub use suppress::suppressed;

/// What is out of the ordinary.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Hosts a source may send to.
    pub hosts: usize,
    /// Ports below 1024 of one host that a source may send to.
    pub ports: u32,
    /// The window, in flows.
    pub age: u64,
    /// Octets a flow may have.
    pub octets: Option<u64>,
    /// Packets a flow may have.
    pub packets: Option<u64>,
    /// Milliseconds a flow may last.
    pub duration: Option<u64>,
    /// Octets of memory that the window may take.
    pub room: usize,
}

impl Limits {
    /// Octets of memory that will do for a window of a million flows.
    pub const ROOM: usize = 128 << 20;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { hosts: 64, ports: 64, age: 90_000, octets: None, packets: None, duration: None, room: Limits::ROOM }
    }
}

/// Something found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alert {
    /// What it is.
    pub kind: Kind,
    /// Who did it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// When the flow that gave it away began, ms since 1970.
    pub start: u64,
}

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A source that sends to too many hosts.
    HostScan,
    /// A source that sends to too many ports of a host.
    PortScan,
    /// A flow of so many octets.
    Octets(u64),
    /// A flow of so many packets.
    Packets(u64),
    /// A flow that lasted so many milliseconds.
    Duration(u64),
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Alert { kind, source, destination, start } = self;
        match kind {
            Kind::HostScan => write!(f, "host scan: ip={source}")?,
            Kind::PortScan => write!(f, "port scan: src={source} dst={destination}")?,
            Kind::Octets(n) => write!(f, "octets: src={source} dst={destination} octets={n}")?,
            Kind::Packets(n) => write!(f, "packets: src={source} dst={destination} packets={n}")?,
            Kind::Duration(n) => write!(f, "duration: src={source} dst={destination} ms={n}")?,
        }
        let (secs, ms) = (start / 1000, start % 1000);
        match i64::try_from(secs).ok().and_then(|secs| Local.timestamp_opt(secs, 0).earliest()) {
            Some(time) => write!(f, " ts={secs} start={}.{ms:03}", time.format("%m%d.%H:%M:%S")),
            None => write!(f, " ts={secs}"),
        }
    }
}

/// Looks at flows in their order.
pub struct Detector {
    limits: Limits,
    /// Flows that are not looked at.
    ignored: Predicate,
    table: Table,
    scratch: Scratch,
    hosts: [Vec<u128>; 2],
    port: Vec<u16>,
    protocol: Vec<u8>,
    octets: Vec<u64>,
    packets: Vec<u64>,
    times: FlowTimes,
}

impl Detector {
    /// Has seen nothing yet.
    pub fn new(limits: Limits) -> Detector {
        Detector {
            limits,
            ignored: Predicate::always(false),
            table: Table::default(),
            scratch: Scratch::default(),
            hosts: Default::default(),
            port: Vec::new(),
            protocol: Vec::new(),
            octets: Vec::new(),
            packets: Vec::new(),
            times: FlowTimes::default(),
        }
    }

    /// Flows that are not looked at from here on.
    pub fn ignore(&mut self, flows: Predicate) {
        self.ignored = flows;
    }

    /// What has to be read of flows, also to know which lists ([`suppressed`]) are about.
    pub fn needs() -> Projection {
        let fields = [
            Field::SrcAddr,
            Field::DstAddr,
            Field::SrcPort,
            Field::DstPort,
            Field::Protocol,
            Field::Octets,
            Field::Packets,
        ];
        Projection::of(&fields).union(&FlowTimes::needs())
    }

    /// How often the window had to be cut short for want of room.
    pub fn cuts(&self) -> u64 {
        self.table.cuts
    }

    /// Looks at the selected flows, and appends what is found. Says whether they have addresses: without, there is
    /// nothing to look at.
    pub fn see(&mut self, mut batch: FlowBatch, alerts: &mut Vec<Alert>) -> bool {
        self.leave_out(&mut batch);
        let [sources, destinations] = &mut self.hosts;
        if !(hosts(&batch, Field::SrcAddr, sources) && hosts(&batch, Field::DstAddr, destinations)) {
            return false;
        }
        batch.gather(Field::DstPort, &mut self.port);
        batch.gather(Field::Protocol, &mut self.protocol);
        batch.gather(Field::Octets, &mut self.octets);
        batch.gather(Field::Packets, &mut self.packets);
        self.times.gather(&batch);
        let pairs = sources.iter().zip(&*destinations).zip(self.port.iter().zip(&self.protocol));
        let sums = self.octets.iter().zip(&self.packets).zip(self.times.start.iter().zip(&self.times.end));
        for (((source, destination), (port, protocol)), ((octets, packets), (start, end))) in pairs.zip(sums) {
            let mut tell = |kind| {
                let (source, destination) = (address(*source), address(*destination));
                alerts.push(Alert { kind, source, destination, start: *start });
            };
            let over = |limit: Option<u64>, n: u64| limit.is_some_and(|most| n > most);
            if over(self.limits.octets, *octets) {
                tell(Kind::Octets(*octets));
            }
            if over(self.limits.packets, *packets) {
                tell(Kind::Packets(*packets));
            }
            let duration = end.saturating_sub(*start);
            if over(self.limits.duration, duration) {
                tell(Kind::Duration(duration));
            }
            let port = Some(*port).filter(|port| *port < 1024 && has_ports(*protocol));
            let found = self.table.meet(*source, *destination, port, &self.limits);
            if found.hosts {
                tell(Kind::HostScan);
            }
            if found.ports {
                tell(Kind::PortScan);
            }
        }
        true
    }

    /// Deselects what is ignored.
    fn leave_out(&mut self, batch: &mut FlowBatch) {
        let mut ignored = Vec::new();
        self.ignored.select(batch, &mut self.scratch, &mut ignored);
        if !ignored.is_empty() {
            let (mut kept, mut ignored) = (Vec::new(), ignored.into_iter().peekable());
            batch.rows().each(|row| {
                if ignored.next_if_eq(&(row as u32)).is_none() {
                    kept.push(row as u32);
                }
            });
            batch.select(kept);
        }
    }
}

/// Whether a protocol has ports: TCP, UDP, DCCP, SCTP, UDP-Lite.
fn has_ports(protocol: u8) -> bool {
    matches!(protocol, 6 | 17 | 33 | 132 | 136)
}

/// IPv4 addresses are held as IPv6 ones, mapped.
const MAPPED: u128 = 0xFFFF << 32;

/// A column of addresses; says whether there is one.
fn hosts(batch: &FlowBatch, field: Field, out: &mut Vec<u128>) -> bool {
    let four = batch.view(field).is_some_and(|view| view.width() == 4);
    let there = batch.gather(field, out);
    if four {
        out.iter_mut().for_each(|host| *host |= MAPPED);
    }
    there
}

fn address(host: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(host)).to_canonical()
}

fn host(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => MAPPED | u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[cfg(test)]
mod tests;
