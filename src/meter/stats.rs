//! What a meter has counted, and how softflowd prints it.

use std::fmt;

use super::biflow::Biflow;
use super::expiry::Reason;

/// Counters of a meter.
#[derive(Clone, Debug)]
pub struct Stats {
    /// IP packets looked at.
    pub packets: u64,
    /// Of those, IPv6.
    pub ipv6: u64,
    /// Of those, fragments.
    pub fragments: u64,
    /// Frames that hold something else.
    pub not_ip: u64,
    /// Frames of which too little was captured.
    pub too_short: u64,
    /// Frames that sampling left out.
    pub not_sampled: u64,
    /// Flows that have ended, by [`Reason`].
    pub reasons: [u64; Reason::ALL.len()],
    octets: Spread,
    flow_packets: Spread,
    duration_ms: Spread,
    protocols: Vec<Protocol>,
}

/// The least, the greatest and the sum of a number.
#[derive(Clone, Copy, Default, Debug)]
struct Spread {
    least: u64,
    greatest: u64,
    sum: u64,
    count: u64,
}

impl Spread {
    fn add(&mut self, n: u64) {
        self.least = if self.count == 0 { n } else { self.least.min(n) };
        self.greatest = self.greatest.max(n);
        self.sum = self.sum.wrapping_add(n);
        self.count += 1;
    }

    /// Of both together.
    fn join(&mut self, other: &Spread) {
        if other.count > 0 {
            self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
            self.greatest = self.greatest.max(other.greatest);
            self.sum = self.sum.wrapping_add(other.sum);
            self.count += other.count;
        }
    }

    fn mean(&self) -> u64 {
        self.sum.checked_div(self.count).unwrap_or(0)
    }
}

#[derive(Clone, Copy, Default, Debug)]
struct Protocol {
    octets: u64,
    packets: u64,
    life_ms: Spread,
}

impl Default for Stats {
    fn default() -> Stats {
        Stats {
            packets: 0,
            ipv6: 0,
            fragments: 0,
            not_ip: 0,
            too_short: 0,
            not_sampled: 0,
            reasons: Default::default(),
            octets: Spread::default(),
            flow_packets: Spread::default(),
            duration_ms: Spread::default(),
            protocols: vec![Protocol::default(); 256],
        }
    }
}

impl Stats {
    /// Adds what another meter has counted.
    pub fn add(&mut self, other: &Stats) {
        let counts = [&mut self.packets, &mut self.ipv6, &mut self.fragments, &mut self.not_ip, &mut self.too_short];
        let others = [other.packets, other.ipv6, other.fragments, other.not_ip, other.too_short];
        counts.into_iter().zip(others).for_each(|(count, other)| *count += other);
        self.not_sampled += other.not_sampled;
        self.reasons.iter_mut().zip(other.reasons).for_each(|(count, other)| *count += other);
        self.octets.join(&other.octets);
        self.flow_packets.join(&other.flow_packets);
        self.duration_ms.join(&other.duration_ms);
        for (protocol, other) in self.protocols.iter_mut().zip(&other.protocols) {
            protocol.octets += other.octets;
            protocol.packets += other.packets;
            protocol.life_ms.join(&other.life_ms);
        }
    }

    /// Frames looked at.
    pub fn seen(&self) -> u64 {
        self.packets + self.not_ip + self.too_short
    }

    /// Flows that have ended.
    pub fn flows(&self) -> u64 {
        self.reasons.iter().sum()
    }

    /// Flows that have ended for one reason.
    pub fn because(&self, reason: Reason) -> u64 {
        Reason::ALL.iter().zip(&self.reasons).find(|(r, _)| **r == reason).map_or(0, |(_, n)| *n)
    }

    /// Counts a flow that has ended.
    pub fn ended(&mut self, flow: &Biflow) {
        let [there, back] = flow.directions;
        let (octets, packets) = (there.octets + back.octets, there.packets + back.packets);
        let life_ms = flow.last_ns().saturating_sub(flow.first_ns()) / 1_000_000;
        if let Some(count) = self.reasons.get_mut(flow.reason as usize) {
            *count += 1;
        }
        self.octets.add(octets);
        self.flow_packets.add(packets);
        self.duration_ms.add(life_ms);
        if let Some(protocol) = self.protocols.get_mut(usize::from(flow.ends.protocol)) {
            protocol.octets += octets;
            protocol.packets += packets;
            protocol.life_ms.add(life_ms);
        }
    }
}

/// The names of protocols that softflowd's statistics are usually full of.
fn name(protocol: usize) -> &'static str {
    match protocol {
        0 => "ip",
        1 => "icmp",
        2 => "igmp",
        4 => "ipencap",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        132 => "sctp",
        _ => "Unknown",
    }
}

/// Milliseconds as seconds, rounded.
fn seconds(ms: u64) -> String {
    format!("{:.2}s", ms as f64 / 1000.0)
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Packets processed: {}", self.packets)?;
        if self.not_sampled > 0 {
            writeln!(f, "Packets non-sampled: {}", self.not_sampled)?;
        }
        writeln!(f, "Fragments: {}", self.fragments)?;
        let ignored = self.not_ip + self.too_short;
        writeln!(f, "Ignored packets: {ignored} ({} non-IP, {} too short)", self.not_ip, self.too_short)?;
        let (flows, forced) = (self.flows(), self.because(Reason::MaxFlows));
        writeln!(f, "Flows expired: {flows} ({forced} forced)")?;
        if flows == 0 {
            return Ok(());
        }
        self.spreads(f)?;
        self.by_reason(f)?;
        self.by_protocol(f)
    }
}

impl Stats {
    fn spreads(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nExpired flow statistics:  minimum       average       maximum")?;
        for (what, s) in [("Flow bytes:", &self.octets), ("Flow packets:", &self.flow_packets)] {
            writeln!(f, "  {what:<16}{:>14}{:>14}{:>14}", s.least, s.mean(), s.greatest)?;
        }
        let [least, mean, greatest] = {
            let s = &self.duration_ms;
            [s.least, s.mean(), s.greatest].map(seconds)
        };
        writeln!(f, "  {:<16}{least:>14}{mean:>14}{greatest:>14}", "Duration:")
    }

    fn by_reason(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = |reason| self.because(reason);
        writeln!(f, "\nExpired flow reasons:")?;
        let line = |f: &mut fmt::Formatter<'_>, cells: &[(&str, Reason)]| {
            let cells: Vec<String> = cells.iter().map(|(name, r)| format!("{name:>10} = {:>9}", n(*r))).collect();
            writeln!(f, "{}", cells.join(""))
        };
        line(f, &[("tcp", Reason::Tcp), ("tcp.rst", Reason::TcpRst), ("tcp.fin", Reason::TcpFin)])?;
        line(f, &[("udp", Reason::Udp), ("icmp", Reason::Icmp), ("general", Reason::General)])?;
        line(f, &[("maxlife", Reason::MaxLife)])?;
        line(f, &[("over 2 GiB", Reason::OverBytes)])?;
        line(f, &[("maxflows", Reason::MaxFlows)])?;
        line(f, &[("flushed", Reason::Flushed)])
    }

    fn by_protocol(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nPer-protocol statistics:     Octets      Packets   Avg Life    Max Life")?;
        for (number, p) in self.protocols.iter().enumerate().filter(|(_, p)| p.packets > 0) {
            let title = format!("{} ({number}):", name(number));
            let (mean, most) = (seconds(p.life_ms.mean()), seconds(p.life_ms.greatest));
            writeln!(f, "{title:>20}{:>15}{:>13}{mean:>12}{most:>12}", p.octets, p.packets)?;
        }
        Ok(())
    }
}
