//! What is counted: one counter for each RRD, and the tables that tell which counters a flow belongs to.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::hosts::Hosts;
use crate::graph::config::{Application, Config, Label, Labelled, Ports};

/// What flows are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dimension {
    /// Not at all.
    Total,
    /// By having no direction: from inside to inside, or from outside to outside. Counted as if inbound.
    Neither,
    /// The network inside.
    Network,
    /// The service, by its port at the source.
    ServiceSource,
    /// The service, by its port at the destination.
    ServiceDestination,
    /// The IP protocol.
    Protocol,
    /// The type of service.
    Tos,
    /// The autonomous system outside.
    As,
    /// What the application is for.
    Category,
}

/// The name of the RRD of all flows that have a direction, without its end.
pub const TOTAL_STEM: &str = "total";
/// That of the flows that have none.
pub const NEITHER_STEM: &str = "neither";

/// What one RRD holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counter {
    /// What flows are told apart by.
    pub dimension: Dimension,
    /// Which of them are counted.
    pub label: Option<Label>,
}

impl Counter {
    /// The RRD's name without its end, as CUFlow calls it: `service_http_src`.
    pub fn stem(&self) -> String {
        let label = self.label.as_ref().map_or("", Label::as_str);
        match self.dimension {
            Dimension::Total => TOTAL_STEM.into(),
            Dimension::Neither => NEITHER_STEM.into(),
            Dimension::Network => format!("network_{label}"),
            Dimension::ServiceSource => format!("service_{label}_src"),
            Dimension::ServiceDestination => format!("service_{label}_dst"),
            Dimension::Protocol => format!("protocol_{label}"),
            Dimension::Tos => format!("tos_{label}"),
            Dimension::As => format!("as_{label}"),
            Dimension::Category => format!("category_{label}"),
        }
    }
}

/// No counter.
pub const NONE: u16 = u16::MAX;
/// The counter of what is inbound or outbound.
pub const TOTAL: u16 = 0;
/// The counter of what is neither.
pub const NEITHER: u16 = 1;

/// From here on numbers stand for several counters.
const SHARED: u16 = 1 << 15;

/// What belongs to several counters at once: their lists, which tables have numbers for from [`SHARED`] on.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    lists: Vec<Vec<u16>>,
    numbers: HashMap<Vec<u16>, u16>,
}

impl Shared {
    /// The counters that a table's entry stands for.
    #[inline]
    pub fn each(&self, entry: u16, mut put: impl FnMut(u16)) {
        match entry {
            NONE => {}
            one if one < SHARED => put(one),
            many => self.lists.get(usize::from(many - SHARED)).into_iter().flatten().for_each(|one| put(*one)),
        }
    }

    /// The entry that stands for a counter more than this one.
    fn with(&mut self, entry: u16, counter: u16) -> u16 {
        if entry == NONE || entry == counter {
            return counter;
        }
        let mut list = Vec::new();
        self.each(entry, |one| list.push(one));
        if list.contains(&counter) {
            return entry;
        }
        list.push(counter);
        let next = u16::try_from(self.lists.len()).ok().and_then(|len| SHARED.checked_add(len));
        let Some(next) = next.filter(|next| *next != NONE) else { return counter };
        *self.numbers.entry(list.clone()).or_insert_with(|| {
            self.lists.push(list);
            next
        })
    }
}

/// Which counter each port of each protocol belongs to.
#[derive(Clone, Debug)]
pub struct PortTable {
    /// The table of each protocol; the first one is empty.
    of: [u8; 256],
    tables: Vec<Vec<u16>>,
}

impl PortTable {
    fn new() -> PortTable {
        PortTable { of: [0; 256], tables: vec![Vec::new()] }
    }

    fn put(&mut self, ports: &Ports, mut put: impl FnMut(u16) -> u16) {
        let Some(of) = self.of.get_mut(usize::from(ports.protocol)) else { return };
        if *of == 0 {
            // There are 256 protocols at most, and as many numbers.
            let Ok(number) = u8::try_from(self.tables.len()) else { return };
            *of = number;
            self.tables.push(vec![NONE; 1 << 16]);
        }
        let table = self.tables.get_mut(usize::from(*of));
        let range = usize::from(ports.low)..=usize::from(ports.high);
        table.and_then(|table| table.get_mut(range)).into_iter().flatten().for_each(|entry| *entry = put(*entry));
    }

    /// The counter of a port.
    #[inline]
    pub fn get(&self, protocol: u8, port: u16) -> u16 {
        let table = self.of.get(usize::from(protocol)).and_then(|of| self.tables.get(usize::from(*of)));
        table.and_then(|table| table.get(usize::from(port))).copied().unwrap_or(NONE)
    }
}

/// Everything that is counted, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The counters; the first is the total, the second what is neither inbound nor outbound.
    pub counters: Vec<Counter>,
    /// The routers that are counted by themselves; all others are counted together.
    pub routers: Vec<Label>,
    /// Exporters by address: which router.
    pub(super) exporters: HashMap<IpAddr, u16>,
    pub(super) hosts: Hosts,
    /// Where the networks' counters begin.
    pub(super) networks: u16,
    pub(super) protocols: [u16; 256],
    pub(super) tos: [u16; 256],
    pub(super) asns: HashMap<u32, u16>,
    /// The counters by source; the one by destination stands behind each.
    pub(super) services: PortTable,
    /// What goes to groups; [`NONE`] if that is not asked for.
    pub(super) multicast: u16,
    pub(super) categories: PortTable,
    /// What no category has; [`NONE`] if there are no categories.
    pub(super) other: u16,
    names: Vec<(glob::Pattern, u16)>,
    pub(super) shared: Shared,
}

impl Plan {
    /// What a configuration asks for.
    pub fn of(config: &Config) -> Plan {
        let nets: Vec<&[IpNet]> = config.networks.iter().map(|network| network.items.as_slice()).collect();
        let mut plan = Plan {
            counters: [Dimension::Total, Dimension::Neither].map(|dimension| Counter { dimension, label: None }).into(),
            routers: config.routers.iter().map(|router| router.label.clone()).collect(),
            exporters: HashMap::new(),
            hosts: Hosts::of(&config.subnets, &nets),
            networks: 2,
            protocols: [NONE; 256],
            tos: [NONE; 256],
            asns: HashMap::new(),
            services: PortTable::new(),
            multicast: NONE,
            categories: PortTable::new(),
            other: NONE,
            names: Vec::new(),
            shared: Shared::default(),
        };
        for (router, at) in config.routers.iter().zip(0..) {
            plan.exporters.extend(router.items.iter().map(|address| (*address, at)));
        }
        for network in &config.networks {
            plan.add(Dimension::Network, &network.label);
        }
        plan.numbers(config);
        for service in &config.services {
            let counter = plan.add(Dimension::ServiceSource, &service.label);
            plan.add(Dimension::ServiceDestination, &service.label);
            let Plan { services, shared, .. } = &mut plan;
            service.items.iter().for_each(|ports| services.put(ports, |entry| shared.with(entry, counter)));
        }
        plan.applications(&config.categories.list);
        plan
    }

    /// What is told by a number: protocols, types of service, autonomous systems.
    fn numbers(&mut self, config: &Config) {
        for protocol in &config.protocols {
            let counter = self.add(Dimension::Protocol, &protocol.label);
            for number in &protocol.items {
                self.protocols.get_mut(usize::from(*number)).into_iter().for_each(|entry| *entry = counter);
            }
        }
        if let Some(label) = Label::of("multicast").filter(|_| config.multicast) {
            self.multicast = self.add(Dimension::Protocol, &label);
        }
        for tos in &config.tos {
            let counter = self.add(Dimension::Tos, &tos.label);
            for (low, high) in &tos.items {
                let range = usize::from(*low)..=usize::from(*high);
                let Plan { tos, shared, .. } = &mut *self;
                tos.get_mut(range).into_iter().flatten().for_each(|entry| *entry = shared.with(*entry, counter));
            }
        }
        for asn in &config.asns {
            let counter = self.add(Dimension::As, &asn.label);
            for number in &asn.items {
                let entry = self.asns.entry(*number).or_insert(NONE);
                *entry = self.shared.with(*entry, counter);
            }
        }
    }

    fn applications(&mut self, list: &[Labelled<Application>]) {
        let mut all = Vec::new();
        for category in list {
            let counter = self.add(Dimension::Category, &category.label);
            for item in &category.items {
                match item {
                    Application::Ports(ports) => all.push((ports, counter)),
                    Application::Name(pattern) => self.names.push((pattern.clone(), counter)),
                }
            }
        }
        // Of ranges that overlap the narrowest counts.
        all.sort_by_key(|(ports, _)| std::cmp::Reverse(ports.high - ports.low));
        all.into_iter().for_each(|(ports, counter)| self.categories.put(ports, |_| counter));
        let other = Label::of("other").filter(|_| !list.is_empty());
        self.other = other.map_or(NONE, |label| self.add(Dimension::Category, &label));
    }

    /// Adds a counter; one that is there already serves both.
    fn add(&mut self, dimension: Dimension, label: &Label) -> u16 {
        let counter = Counter { dimension, label: Some(label.clone()) };
        let at = self.counters.iter().position(|known| *known == counter).unwrap_or_else(|| {
            self.counters.push(counter);
            self.counters.len() - 1
        });
        u16::try_from(at).ok().filter(|at| *at < SHARED).unwrap_or(NONE)
    }

    /// The category of ports: that of the lower port, for services have low ports, or else of the other.
    #[inline]
    pub(super) fn category(&self, protocol: u8, source: u16, destination: u16) -> u16 {
        let (low, high) = (source.min(destination), source.max(destination));
        match (self.categories.get(protocol, low), self.categories.get(protocol, high)) {
            (NONE, NONE) => self.other,
            (NONE, counter) | (counter, _) => counter,
        }
    }

    /// The category of an application's name, if one has it.
    pub(super) fn named(&self, name: &str) -> Option<u16> {
        let name = name.to_ascii_lowercase();
        self.names.iter().find(|(pattern, _)| pattern.matches(&name)).map(|(_, counter)| *counter)
    }
}
