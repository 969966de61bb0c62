//! What a meter has counted.

mod text;

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
    duration_us: Spread,
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

    /// The mean; 0 of nothing.
    fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }
}

#[derive(Clone, Copy, Default, Debug)]
struct Protocol {
    octets: u64,
    packets: u64,
    life_us: Spread,
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
            duration_us: Spread::default(),
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
        self.duration_us.join(&other.duration_us);
        for (protocol, other) in self.protocols.iter_mut().zip(&other.protocols) {
            protocol.octets += other.octets;
            protocol.packets += other.packets;
            protocol.life_us.join(&other.life_us);
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
        let life_us = flow.last_ns().saturating_sub(flow.first_ns()) / 1000;
        if let Some(count) = self.reasons.get_mut(flow.reason as usize) {
            *count += 1;
        }
        self.octets.add(octets);
        self.flow_packets.add(packets);
        self.duration_us.add(life_us);
        if let Some(protocol) = self.protocols.get_mut(usize::from(flow.ends.protocol)) {
            protocol.octets += octets;
            protocol.packets += packets;
            protocol.life_us.add(life_us);
        }
    }
}
