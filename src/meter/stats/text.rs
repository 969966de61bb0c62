//! How softflowd prints what a meter has counted: the same words in the same columns.

use std::fmt::{self, Write};

use super::{Spread, Stats};
use crate::flow::symbols::{Kind, Table};
use crate::meter::expiry::Reason;

/// Microseconds as seconds.
fn seconds(us: f64) -> String {
    format!("{:.2}s", us / 1e6)
}

impl Stats {
    /// Writes what was done with packets, and how many flows have ended. Without `ipv6` flows, IPv6 packets are among
    /// those ignored.
    pub fn write_packets(&self, ipv6: bool, f: &mut impl Write) -> fmt::Result {
        let left = if ipv6 { 0 } else { self.ipv6.min(self.packets) };
        writeln!(f, "Packets processed: {}", self.packets - left)?;
        if self.not_sampled > 0 {
            writeln!(f, "Packets non-sampled: {}", self.not_sampled)?;
        }
        writeln!(f, "Fragments: {}", self.fragments)?;
        let (not_ip, short) = (self.not_ip + left, self.too_short);
        writeln!(f, "Ignored packets: {} ({not_ip} non-IP, {short} too short)", not_ip + short)?;
        writeln!(f, "Flows expired: {} ({} forced)", self.flows(), self.because(Reason::MaxFlows))
    }

    /// Writes what the flows that have ended were like, after an empty line; nothing else if there were none.
    pub fn write_flows(&self, f: &mut impl Write) -> fmt::Result {
        writeln!(f)?;
        if self.flows() == 0 {
            return Ok(());
        }
        self.spreads(f)?;
        self.by_reason(f)?;
        self.by_protocol(f)
    }

    fn spreads(&self, f: &mut impl Write) -> fmt::Result {
        writeln!(f, "Expired flow statistics:  minimum       average       maximum")?;
        for (what, s) in [("Flow bytes:", &self.octets), ("Flow packets:", &self.flow_packets)] {
            writeln!(f, "  {what:<17}{:>14}{:>14.0}{:>14}", s.least, s.mean(), s.greatest)?;
        }
        let Spread { least, greatest, .. } = self.duration_us;
        let [least, mean, greatest] = [least as f64, self.duration_us.mean(), greatest as f64].map(seconds);
        writeln!(f, "  {:<18}{least:>14}{mean:>14}{greatest:>14}", "Duration:")
    }

    fn by_reason(&self, f: &mut impl Write) -> fmt::Result {
        writeln!(f, "\nExpired flow reasons:")?;
        for line in [
            &[("tcp", Reason::Tcp), ("tcp.rst", Reason::TcpRst), ("tcp.fin", Reason::TcpFin)][..],
            &[("udp", Reason::Udp), ("icmp", Reason::Icmp), ("general", Reason::General)],
            &[("maxlife", Reason::MaxLife)],
            &[("over 2 GiB", Reason::OverBytes)],
            &[("maxflows", Reason::MaxFlows)],
            &[("flushed", Reason::Flushed)],
        ] {
            for (name, reason) in line {
                write!(f, "{name:>10} = {:>9}", self.because(*reason))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn by_protocol(&self, f: &mut impl Write) -> fmt::Result {
        writeln!(f, "\nPer-protocol statistics:     Octets      Packets   Avg Life    Max Life")?;
        let names = Table::parse(Kind::Protocol, Kind::Protocol.built_in()).unwrap_or_default();
        for (number, p) in (0..).zip(&self.protocols).filter(|(_, p)| p.packets > 0) {
            let title = format!("{} ({number}):", names.name(number).unwrap_or("Unknown"));
            let (mean, most) = (seconds(p.life_us.mean()), seconds(p.life_us.greatest as f64));
            writeln!(f, "{title:>20}{:>15}{:>13}{mean:>12}{most:>12}", p.octets, p.packets)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{Biflow, Direction, Ends, packet::Address};

    fn flow(protocol: u8, packets: u64, octets: u64, ms: u64) -> Biflow {
        let first_ns = 1_700_000_000_000_000_000;
        let there = Direction { packets, octets, first_ns, last_ns: first_ns + ms * 1_000_000, flags: 0, tos: 0 };
        Biflow {
            ends: Ends { addresses: [Address::V4(1), Address::V4(2)], ports: [3, 4], macs: [0; 2], protocol, vlan: 0 },
            directions: [there, Direction::default()],
            reason: Reason::Flushed,
            ended_ns: first_ns,
        }
    }

    fn text(stats: &Stats) -> String {
        let mut text = String::new();
        stats.write_packets(false, &mut text).unwrap();
        stats.write_flows(&mut text).unwrap();
        text
    }

    #[test]
    fn nothing_is_said_of_no_flows() {
        let stats = Stats { packets: 7, ipv6: 3, not_ip: 1, ..Stats::default() };
        assert_eq!(
            text(&stats),
            "Packets processed: 4\nFragments: 0\nIgnored packets: 4 (4 non-IP, 0 too short)\nFlows expired: 0 (0 forced)\n\n"
        );
    }

    #[test]
    fn columns_and_rounding_are_softflowds() {
        let mut stats = Stats { packets: 24, fragments: 2, not_sampled: 9, ..Stats::default() };
        for one in [flow(1, 1, 36, 0), flow(6, 4, 1260, 34_310), flow(6, 1, 40, 7)] {
            stats.ended(&one);
        }
        let mut other = Stats::default();
        other.ended(&flow(200, 2, 100, 20));
        stats.add(&other);
        let expected = "\
Packets processed: 24
Packets non-sampled: 9
Fragments: 2
Ignored packets: 0 (0 non-IP, 0 too short)
Flows expired: 4 (0 forced)

Expired flow statistics:  minimum       average       maximum
  Flow bytes:                  36           359          1260
  Flow packets:                 1             2             4
  Duration:                  0.00s         8.58s        34.31s

Expired flow reasons:
       tcp =         0   tcp.rst =         0   tcp.fin =         0
       udp =         0      icmp =         0   general =         0
   maxlife =         0
over 2 GiB =         0
  maxflows =         0
   flushed =         4

Per-protocol statistics:     Octets      Packets   Avg Life    Max Life
           icmp (1):             36            1       0.00s       0.00s
            tcp (6):           1300            5      17.16s      34.31s
      Unknown (200):            100            2       0.02s       0.02s
";
        assert_eq!(text(&stats), expected);
    }
}
