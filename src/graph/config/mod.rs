//! What is graphed: CUFlow.cf, whole, and flowscan.cf.
//!
//! A line is a directive; directives may be written in any case and order. Labels become parts of files' names, so one
//! that would lead out of the output folder is a mistake.

mod cuflow;
mod flowscan;
mod items;
mod label;
mod table;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use ipnet::IpNet;

pub use flowscan::FlowScan;
pub use label::Label;
pub use table::{Application, Categories};

use crate::select::config::Mistake;

/// Ports of a protocol, ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ports {
    /// The IP protocol.
    pub protocol: u8,
    /// The first port.
    pub low: u16,
    /// The last one.
    pub high: u16,
}

/// Something that flows are counted under, and which of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labelled<T> {
    /// What it is called, in files' names and in legends.
    pub label: Label,
    /// What belongs to it, in the order in which it was said.
    pub items: Vec<T>,
}

/// How many talkers are listed, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Board {
    /// So many of each list.
    pub top: usize,
    /// The folder of pages (`Scoreboard`), or the file of kept values (`AggregateScore`).
    pub data: String,
    /// The link to the newest page (`Scoreboard`), or the page (`AggregateScore`).
    pub page: String,
}

/// What CUFlow.cf says.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Config {
    /// What is inside: a flow from outside to inside is inbound, the reverse outbound.
    pub subnets: Vec<IpNet>,
    /// Parts of the inside; they may overlap.
    pub networks: Vec<Labelled<IpNet>>,
    /// Exporters that are shown by themselves.
    pub routers: Vec<Labelled<IpAddr>>,
    /// Services by their ports.
    pub services: Vec<Labelled<Ports>>,
    /// IP protocols.
    pub protocols: Vec<Labelled<u8>>,
    /// Values of the type of service, ends included.
    pub tos: Vec<Labelled<(u8, u8)>>,
    /// Autonomous systems.
    pub asns: Vec<Labelled<u32>>,
    /// Whether multicast is counted by itself.
    pub multicast: bool,
    /// The folder of the RRDs.
    pub output: Option<String>,
    /// Pages of who talked most, one for each flow file.
    pub scoreboard: Option<Board>,
    /// The page of who talks most in the long run.
    pub aggregate: Option<Board>,
    /// Applications by port and by what exporters call them.
    pub categories: Categories,
    /// What is odd without being wrong: a port in two services.
    pub warnings: Vec<Mistake>,
}
