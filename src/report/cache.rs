//! What stands above the flows of a router's cache: `show ip cache flow`'s packet sizes and protocols.

use std::io::{self, Write};

use super::Counts;
use super::stat::{Counted, PACKET_SIZE};
use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Projection};

/// Kinds of traffic as routers know them: a name, the protocol, and the ports that either end has; the first that fits
/// counts.
const KINDS: [(&str, Option<u8>, &[u16]); 18] = [
    ("TCP-Telnet", Some(6), &[23]),
    ("TCP-FTP", Some(6), &[21]),
    ("TCP-FTPD", Some(6), &[20]),
    ("TCP-WWW", Some(6), &[80, 443]),
    ("TCP-SMTP", Some(6), &[25]),
    ("TCP-X", Some(6), &[6000, 6001, 6002, 6003]),
    ("TCP-BGP", Some(6), &[179]),
    ("TCP-NNTP", Some(6), &[119]),
    ("TCP-other", Some(6), &[]),
    ("UDP-DNS", Some(17), &[53]),
    ("UDP-NTP", Some(17), &[123]),
    ("UDP-TFTP", Some(17), &[69]),
    ("UDP-other", Some(17), &[]),
    ("ICMP", Some(1), &[]),
    ("IGMP", Some(2), &[]),
    ("IPINIP", Some(4), &[]),
    ("GRE", Some(47), &[]),
    ("IP-other", None, &[]),
];

/// The kind of a flow, by its place.
fn kind(protocol: u8, ports: [u16; 2]) -> usize {
    let fits = |(_, of, known): &(&str, Option<u8>, &[u16])| {
        of.is_none_or(|of| of == protocol) && (known.is_empty() || ports.iter().any(|port| known.contains(port)))
    };
    KINDS.iter().position(fits).unwrap_or(KINDS.len() - 1)
}

/// Flows being counted.
pub struct Cache {
    kinds: [Counts; KINDS.len()],
    sizes: Counted,
    /// Ms since 1970 of the first flow's start and the last one's end.
    first: u64,
    last: u64,
    times: FlowTimes,
    counts: [Vec<u64>; 3],
    ports: [Vec<u16>; 2],
    protocols: Vec<u8>,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            kinds: [Counts::default(); KINDS.len()],
            sizes: Counted::new(&PACKET_SIZE),
            first: u64::MAX,
            last: 0,
            times: FlowTimes::default(),
            counts: Default::default(),
            ports: Default::default(),
            protocols: Vec::new(),
        }
    }
}

impl Cache {
    /// The fields that are looked at.
    pub fn fields() -> Projection {
        let own = [Field::Flows, Field::Octets, Field::Packets, Field::Protocol, Field::SrcPort, Field::DstPort];
        own.into_iter().chain(FlowTimes::FIELDS).collect()
    }

    /// Counts a batch's selected flows.
    pub fn add(&mut self, batch: &FlowBatch) {
        for (field, column) in [Field::Octets, Field::Packets, Field::Flows].into_iter().zip(&mut self.counts) {
            batch.gather(field, column);
        }
        if !batch.has(Field::Flows) {
            self.counts[2].iter_mut().for_each(|flows| *flows = 1);
        }
        batch.gather(Field::SrcPort, &mut self.ports[0]);
        batch.gather(Field::DstPort, &mut self.ports[1]);
        batch.gather(Field::Protocol, &mut self.protocols);
        self.times.gather(batch);
        for (at, protocol) in self.protocols.iter().enumerate() {
            let of = |values: &[u64]| values.get(at).copied().unwrap_or(0);
            let [octets, packets, flows] = self.counts.each_ref().map(|values| of(values));
            let ports = self.ports.each_ref().map(|values| values.get(at).copied().unwrap_or(0));
            let (start, end) = (of(&self.times.start), of(&self.times.end));
            // Uptimes have 32 bits, and their difference too.
            let duration = u64::from(end.wrapping_sub(start) as u32);
            if let Some(sum) = self.kinds.get_mut(kind(*protocol, ports)) {
                sum.add(&Counts { flows, octets, packets, duration });
            }
            self.sizes.add(octets.checked_div(packets).unwrap_or(0), packets);
            (self.first, self.last) = (self.first.min(start), self.last.max(end));
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: &Cache) {
        self.kinds.iter_mut().zip(&other.kinds).for_each(|(sum, counts)| sum.add(counts));
        self.sizes.merge(&other.sizes);
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
    }

    /// Writes both tables. How long flows were idle before they ended only the router knows.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut total = Counts::default();
        self.kinds.iter().for_each(|counts| total.add(counts));
        let title = format!("IP packet size distribution ({} total packets)", total.packets);
        self.sizes.write_as(&title, total.packets.max(1), out)?;
        writeln!(out, "Protocol         Total    Flows   Packets Bytes  Packets Active(Sec) Idle(Sec)")?;
        writeln!(out, "--------         Flows     /Sec     /Flow  /Pkt     /Sec     /Flow     /Flow")?;
        let seconds = self.last.saturating_sub(self.first) as f64 / 1000.0;
        let named = KINDS.iter().map(|(name, ..)| *name).zip(&self.kinds).filter(|(_, counts)| counts.flows > 0);
        named.chain([("Total:", &total)]).try_for_each(|(name, counts)| row(name, counts, seconds, out))
    }
}

fn row(name: &str, counts: &Counts, seconds: f64, out: &mut impl Write) -> io::Result<()> {
    let each = |sum: u64, of: u64| sum.checked_div(of).unwrap_or(0);
    let rate = |sum: u64| if seconds > 0.0 { sum as f64 / seconds } else { 0.0 };
    let Counts { flows, octets, packets, duration } = *counts;
    let active = if flows > 0 { duration as f64 / 1000.0 / flows as f64 } else { 0.0 };
    let (flow_rate, packet_rate) = (rate(flows), rate(packets));
    let (length, size) = (each(packets, flows), each(octets, packets));
    writeln!(
        out,
        "{name:<13}{flows:>9}{flow_rate:>9.1}{length:>10}{size:>6}{packet_rate:>9.1}{active:>10.1}{:>10}",
        "-"
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flow, v5};
    use super::*;

    #[test]
    fn kinds_and_sizes_are_counted() {
        let mut cache = Cache::default();
        cache.add(&v5(&[
            flow([1, 2], [40000, 80], 6, 400, 10),
            flow([1, 2], [80, 40001], 6, 3000, 2),
            flow([1, 2], [9, 53], 17, 80, 1),
            flow([1, 2], [0, 0], 89, 80, 1),
        ]));
        let mut all = Cache::default();
        all.merge(&cache);
        let mut out = Vec::new();
        all.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("IP packet size distribution (14 total packets):\n   1-32   64   96"), "{text}");
        assert!(text.contains("\n   .000 .714 .143 "), "{text}");
        let rows: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("-----")).skip(1).collect();
        assert_eq!(rows[0], "TCP-WWW              2      2.0         6   283     12.0       1.0         -");
        let names: Vec<&str> = rows.iter().map(|row| row.split_whitespace().next().unwrap()).collect();
        assert_eq!(names, ["TCP-WWW", "UDP-DNS", "IP-other", "Total:"]);
    }
}
