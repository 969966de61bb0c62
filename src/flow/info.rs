//! What the header of a stream of flows says.

use std::net::{IpAddr, Ipv4Addr};

use super::column::Order;
use super::facts::{About, Fact};
use super::record::Version;
use super::time::Span;

/// The name or alias of an exporter's interfaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceName {
    /// The exporter.
    pub exporter: Ipv4Addr,
    /// The interfaces' ifIndex: one of a name, any number of an alias.
    pub interfaces: Vec<u16>,
    /// What it is called.
    pub name: String,
    /// Whether it is an alias (classic TLV 18) rather than a name (17).
    pub alias: bool,
}

/// Everything a flow file's header says of its flows. What a header leaves out is `None`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StreamInfo {
    /// How the stream lies on disk: 1 the old fixed header, 3 classic, 4 modern.
    pub stream_version: u8,
    /// The records' version; `None` in a modern file, whose blocks have schemas of their own.
    pub version: Option<Version>,
    /// Byte order of header and records.
    pub order: Option<Order>,
    /// Vendor, 1 is Cisco.
    pub vendor: Option<u16>,
    /// Aggregation version of NetFlow 8.
    pub aggregation_version: Option<u8>,
    /// The exporter, where all flows are of one.
    pub exporter: Option<Ipv4Addr>,
    /// When the capture began, seconds since 1970.
    pub start: Option<u32>,
    /// When it ended, seconds since 1970.
    pub end: Option<u32>,
    /// The flags of [`flags`].
    pub flags: u32,
    /// Rotation schedule.
    pub rotation: Option<u32>,
    /// Flows in the file.
    pub flows: Option<u64>,
    /// Flows the exporter says it sent and that did not arrive.
    pub lost: Option<u64>,
    /// Flows that arrived behind later ones.
    pub misordered: Option<u64>,
    /// Datagrams that could not be decoded.
    pub corrupt: Option<u64>,
    /// Times an exporter's sequence number began anew.
    pub resets: Option<u64>,
    /// Host that captured.
    pub host: Option<String>,
    /// Free text.
    pub comments: Option<String>,
    /// Interface names and aliases.
    pub interfaces: Vec<InterfaceName>,
    /// When the flows were, where a modern header says it.
    pub span: Option<Span>,
    /// What exporters said of themselves (modern files).
    pub facts: Vec<Fact>,
}

/// Bits of [`StreamInfo::flags`].
pub mod flags {
    /// The file is complete.
    pub const DONE: u32 = 1;
    /// Its records are one zlib stream.
    pub const COMPRESSED: u32 = 2;
    /// Written to a pipe: counts were not known.
    pub const STREAMING: u32 = 8;
    /// Translated from stream version 1.
    pub const TRANSLATED: u32 = 16;
    /// Counts and times were gathered from other headers before writing.
    pub const PRELOADED: u32 = 32;
}

impl StreamInfo {
    /// Everything known of exporters: the facts, and the interfaces' names and aliases, these as descriptions, as facts
    /// of observation domain 0. What is both a fact and a name is told by the fact.
    pub fn all_facts(&self) -> Vec<Fact> {
        let mut named: Vec<Fact> = Vec::new();
        for interface in &self.interfaces {
            for index in &interface.interfaces {
                let (exporter, about) = (IpAddr::V4(interface.exporter), About::Interface((*index).into()));
                let at = named.iter().position(|fact| fact.exporter == exporter && fact.about == about);
                let at = at.unwrap_or_else(|| {
                    let (name, description) = (String::new(), String::new());
                    named.push(Fact { exporter, domain: 0, about, name, description });
                    named.len() - 1
                });
                if let Some(fact) = named.get_mut(at) {
                    let text = if interface.alias { &mut fact.description } else { &mut fact.name };
                    text.clone_from(&interface.name);
                }
            }
        }
        self.facts.iter().for_each(|fact| _ = fact.clone().add_to(&mut named));
        named
    }

    /// Whether a flag of [`flags`] is set.
    pub fn is(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_of_an_interface_are_one_fact() {
        let exporter = Ipv4Addr::new(192, 0, 2, 1);
        let named = |interfaces: &[u16], name: &str, alias| InterfaceName {
            exporter,
            interfaces: interfaces.to_vec(),
            name: name.into(),
            alias,
        };
        let fact = |index, name: &str, description: &str| Fact {
            exporter: exporter.into(),
            domain: 0,
            about: About::Interface(index),
            name: name.into(),
            description: description.into(),
        };
        let interfaces = vec![named(&[1], "eth0", false), named(&[1, 2], "uplinks", true)];
        let info = StreamInfo { interfaces, facts: vec![fact(2, "eth1", "")], ..StreamInfo::default() };
        assert_eq!(info.all_facts(), [fact(1, "eth0", "uplinks"), fact(2, "eth1", "")]);
    }
}
