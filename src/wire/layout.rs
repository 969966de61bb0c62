//! Where the fields of the classic export versions lie in a datagram, and where they belong in a stored record.

use std::sync::OnceLock;

use super::header::Header;
use crate::flow::{Element, Order, Version, ie};

/// Octets of UDP payload that a datagram is kept within: an Ethernet frame takes it unfragmented.
pub const DATAGRAM: usize = 1464;

/// Octets of the longest stored record.
pub(super) const MOST_STORED: usize = 72;

/// How one version's records are carried on the wire.
pub(super) struct Plan {
    /// The stored records' version.
    pub version: Version,
    /// Octets of the datagram's header.
    pub header: usize,
    /// Octets of a record on the wire.
    pub wire: usize,
    /// Octets of a stored record.
    pub stored: usize,
    /// Records a datagram takes.
    pub most: usize,
    /// What is copied between the two.
    pub moves: Moves,
    /// Where the stored record keeps what the datagram's header says.
    pub clock: ClockAt,
}

/// Fields by width, as (offset on the wire, offset in the stored record).
#[derive(Default)]
pub(super) struct Moves {
    ones: Vec<(u16, u16)>,
    twos: Vec<(u16, u16)>,
    fours: Vec<(u16, u16)>,
}

/// Offsets in the stored record. Version 1's has no engine.
pub(super) struct ClockAt {
    secs: u16,
    nsecs: u16,
    uptime: u16,
    exporter: u16,
    engine: Option<(u16, u16)>,
}

/// What a datagram says once for all its records: records of different heads go in different datagrams.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Head {
    pub unix_secs: u32,
    pub unix_nsecs: u32,
    pub uptime: u32,
    pub exporter: u32,
    pub engine_type: u8,
    pub engine_id: u8,
}

impl ClockAt {
    /// Writes the head to a stored record, in this machine's order.
    pub fn write(&self, head: &Head, stored: &mut [u8]) {
        put(stored, self.secs, head.unix_secs.to_ne_bytes());
        put(stored, self.nsecs, head.unix_nsecs.to_ne_bytes());
        put(stored, self.uptime, head.uptime.to_ne_bytes());
        put(stored, self.exporter, head.exporter.to_ne_bytes());
        if let Some((kind, id)) = self.engine {
            put(stored, kind, [head.engine_type]);
            put(stored, id, [head.engine_id]);
        }
    }

    /// Reads the head of a stored record whose numbers are in `order`.
    #[inline]
    pub fn read(&self, stored: &[u8], order: Order) -> Head {
        let (engine_type, engine_id) = self.engine.map_or((0, 0), |(kind, id)| {
            let [[kind], [id]] = [take(stored, kind), take(stored, id)];
            (kind, id)
        });
        Head {
            unix_secs: u32_in(order, take(stored, self.secs)),
            unix_nsecs: u32_in(order, take(stored, self.nsecs)),
            uptime: u32_in(order, take(stored, self.uptime)),
            exporter: u32_in(order, take(stored, self.exporter)),
            engine_type,
            engine_id,
        }
    }
}

/// How many records of a version a datagram takes: as many as the original sends.
pub fn flows_per_datagram(version: Version) -> usize {
    plan(version).map_or(0, |p| p.most)
}

/// The plan of a version; `None` only for a version 8 of no known method.
pub(super) fn plan(version: Version) -> Option<&'static Plan> {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    let plans = PLANS.get_or_init(|| Version::ALL.iter().map(|v| Plan::of(*v)).collect());
    plans.iter().find(|p| p.version == version)
}

impl Plan {
    fn of(version: Version) -> Plan {
        let layout = version.layout();
        let mut moves = Moves::default();
        let mut at = 0;
        for word in fields(version).iter().flat_map(|line| line.split(' ')) {
            if let Some(gap) = word.strip_prefix('-') {
                at += gap.parse::<usize>().unwrap_or(0);
                continue;
            }
            // Every name below is in the stored layout: a test asserts it.
            let found = Element::from_short_name(word).and_then(|e| layout.find(e));
            let (offset, width) = found.unwrap_or((0, 0));
            let list = match width {
                1 => &mut moves.ones,
                2 => &mut moves.twos,
                _ => &mut moves.fours,
            };
            list.push((at as u16, offset as u16));
            at += width;
        }
        let find = |element| layout.find(element).map(|(offset, _)| offset as u16);
        let header = Header::size(number(version));
        Plan {
            version,
            header,
            wire: at,
            stored: layout.size,
            most: if version == Version::V1 { 24 } else { (DATAGRAM - header) / at },
            moves,
            clock: ClockAt {
                secs: find(ie::UNIX_SECS).unwrap_or(0),
                nsecs: find(ie::UNIX_NSECS).unwrap_or(0),
                uptime: find(ie::UPTIME).unwrap_or(0),
                exporter: find(ie::EXPORTER4).unwrap_or(0),
                engine: find(ie::ENGINE_TYPE).zip(find(ie::ENGINE_ID)),
            },
        }
    }
}

/// The version number a datagram of these records carries: tagged records (1005) go out as version 5, untagged.
pub(super) fn number(version: Version) -> u16 {
    match version {
        Version::V1005 => 5,
        other => other.number(),
    }
}

impl Moves {
    /// Fills a stored record, in this machine's order, from one on the wire.
    #[inline]
    pub fn decode(&self, wire: &[u8], stored: &mut [u8]) {
        for (from, to) in &self.fours {
            put(stored, *to, u32::from_be_bytes(take(wire, *from)).to_ne_bytes());
        }
        for (from, to) in &self.twos {
            put(stored, *to, u16::from_be_bytes(take(wire, *from)).to_ne_bytes());
        }
        for (from, to) in &self.ones {
            put(stored, *to, take::<1>(wire, *from));
        }
    }

    /// Fills a record on the wire from a stored one whose numbers are in `order`.
    #[inline]
    pub fn encode(&self, stored: &[u8], order: Order, wire: &mut [u8]) {
        for (to, from) in &self.fours {
            put(wire, *to, u32_in(order, take(stored, *from)).to_be_bytes());
        }
        for (to, from) in &self.twos {
            put(wire, *to, u16_in(order, take(stored, *from)).to_be_bytes());
        }
        for (to, from) in &self.ones {
            put(wire, *to, take::<1>(stored, *from));
        }
    }
}

/// `N` octets at an offset; zeros past the end.
#[inline]
fn take<const N: usize>(bytes: &[u8], at: u16) -> [u8; N] {
    bytes.get(at as usize..).and_then(|b| b.first_chunk()).copied().unwrap_or([0; N])
}

/// Writes `N` octets at an offset; nothing past the end.
#[inline]
fn put<const N: usize>(bytes: &mut [u8], at: u16, value: [u8; N]) {
    if let Some(to) = bytes.get_mut(at as usize..).and_then(|b| b.first_chunk_mut()) {
        *to = value;
    }
}

/// A number in a byte order.
#[inline]
pub(super) fn u32_in(order: Order, bytes: [u8; 4]) -> u32 {
    match order {
        Order::Little => u32::from_le_bytes(bytes),
        Order::Big => u32::from_be_bytes(bytes),
    }
}

/// A number in a byte order.
#[inline]
pub(super) fn u16_in(order: Order, bytes: [u8; 2]) -> u16 {
    match order {
        Order::Little => u16::from_le_bytes(bytes),
        Order::Big => u16::from_be_bytes(bytes),
    }
}

/// The fields of a record on the wire in flow-tools' names; `-N` is N octets that say nothing. The original sends 8.8
/// without the protocol and 8.10 without ports and interfaces; these are sent here.
fn fields(version: Version) -> &'static [&'static str] {
    const PATH: &str = "srcaddr dstaddr nexthop input output dPkts dOctets First Last srcport dstport";
    const ROUTE: &str = "tcp_flags prot tos src_as dst_as src_mask dst_mask";
    const SUMS: &str = "dFlows dPkts dOctets First Last";
    const COUNTS: &str = "dPkts dOctets First Last";
    match version {
        Version::V1 => &[PATH, "-2 prot tos tcp_flags -7"],
        Version::V5 | Version::V1005 => &[PATH, "-1", ROUTE, "-2"],
        Version::V6 => &[PATH, "-1", ROUTE, "in_encaps out_encaps peer_nexthop"],
        Version::V7 => &[PATH, "flags", ROUTE, "-2 router_sc"],
        Version::V8(1) => &[SUMS, "src_as dst_as input output"],
        Version::V8(2) => &[SUMS, "prot -3 srcport dstport"],
        Version::V8(3) => &[SUMS, "srcaddr src_mask -1 src_as input -2"],
        Version::V8(4) => &[SUMS, "dstaddr dst_mask -1 dst_as output -2"],
        Version::V8(5) => &[SUMS, "srcaddr dstaddr dst_mask src_mask -2 src_as dst_as input output"],
        Version::V8(6) => &["dstaddr", COUNTS, "output tos marked_tos extra_pkts router_sc"],
        Version::V8(7) => &["dstaddr srcaddr", COUNTS, "output input tos marked_tos -2 extra_pkts router_sc"],
        Version::V8(8) => {
            &["dstaddr srcaddr dstport srcport", COUNTS, "output input tos prot marked_tos -1 extra_pkts router_sc"]
        }
        Version::V8(9) => &[SUMS, "src_as dst_as input output tos -3"],
        Version::V8(10) => &[SUMS, "prot tos -2 srcport dstport input output"],
        Version::V8(11) => &[SUMS, "srcaddr src_mask tos src_as input -2"],
        Version::V8(12) => &[SUMS, "dstaddr dst_mask tos dst_as output -2"],
        Version::V8(13) => &[SUMS, "srcaddr dstaddr dst_mask src_mask tos -1 src_as dst_as input output"],
        Version::V8(_) => &[SUMS, "srcaddr dstaddr dst_mask src_mask tos prot srcport dstport input output"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_on_the_wire_have_the_sizes_of_the_protocol() {
        let sizes = [48, 48, 52, 52, 28, 28, 32, 32, 40, 32, 40, 44, 32, 32, 32, 32, 40, 40, 48];
        let most = [24, 30, 27, 27, 51, 51, 44, 44, 35, 44, 35, 32, 44, 44, 44, 44, 35, 35, 30];
        for ((version, size), most) in Version::ALL.iter().zip(sizes).zip(most) {
            assert_eq!(plan(*version).unwrap().wire, size, "version {version}");
            assert!(plan(*version).unwrap().stored <= MOST_STORED);
            assert_eq!(flows_per_datagram(*version), most, "version {version}");
        }
        assert_eq!(flows_per_datagram(Version::V8(77)), 0);
    }

    #[test]
    fn every_field_on_the_wire_is_stored() {
        for version in Version::ALL {
            for word in fields(version).iter().flat_map(|line| line.split(' ')).filter(|w| !w.starts_with('-')) {
                let element = Element::from_short_name(word).unwrap_or_else(|| panic!("{version}: {word}"));
                assert!(version.layout().find(element).is_some(), "{version}: {word}");
            }
        }
    }
}
