//! Flows that are not over, as `dump-flows` shows them: softflowd's lines.

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;

use crate::meter::{Biflow, Ends};

/// Flows that have ended are counted in the numbers of those that have not.
pub struct Dump {
    /// The flows, each with the time when it will be over if nothing more comes, in ns since 1970.
    flows: Vec<(Biflow, u64)>,
    /// Places in `flows`, in the order in which they are shown, with the flows' numbers.
    order: Vec<(usize, u64)>,
    now_s: u64,
}

impl Dump {
    /// Shows flows in softflowd's order: which is over first, and of those of one second, which began first. They are
    /// numbered by their beginnings, after `ended` others.
    pub fn new(flows: Vec<(Biflow, u64)>, ended: u64, now: SystemTime) -> Dump {
        let mut order: Vec<(usize, u64)> = (0..flows.len()).zip(0..).collect();
        let flow = |place: usize| flows.get(place).map(|(flow, due_ns)| (flow.first_ns(), *due_ns)).unwrap_or_default();
        order.sort_by_key(|(place, _)| flow(*place).0);
        for ((_, number), n) in order.iter_mut().zip(ended + 1..) {
            *number = n;
        }
        order.sort_by_key(|(place, _)| seconds(flow(*place).1));
        let now_s = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Dump { flows, order, now_s }
    }

    /// Writes them all.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for (place, number) in &self.order {
            let Some((flow, due_ns)) = self.flows.get(*place) else { continue };
            line(flow, *number, out)?;
            match seconds(*due_ns).checked_sub(self.now_s) {
                Some(left) => writeln!(out, "EXPIRY EVENT for flow {number} in {left} seconds\n")?,
                None => writeln!(out, "EXPIRY EVENT for flow {number} now\n")?,
            }
        }
        Ok(())
    }
}

fn seconds(ns: u64) -> u64 {
    ns / 1_000_000_000
}

/// A flow in softflowd's line: `>` is what went from its lower end to its higher, `<` what came back.
fn line(flow: &Biflow, number: u64, out: &mut impl Write) -> io::Result<()> {
    let Biflow { ends, directions: [there, back], .. } = flow;
    let Ends { addresses: [low, high], ports: [p, q], macs: [m, n], protocol, vlan } = *ends;
    let [low, high] = [low, high].map(IpAddr::from);
    let vlans = [there, back].map(|way| if way.packets > 0 { vlan } else { 0 });
    write!(out, "ACTIVE seq:{number} [{low}]:{p} <> [{high}]:{q} proto:{protocol} ")?;
    write!(out, "octets>:{} packets>:{} ", there.octets, there.packets)?;
    write!(out, "octets<:{} packets<:{} ", back.octets, back.packets)?;
    write!(out, "start:{} finish:{} ", time(flow.first_ns()), time(flow.last_ns()))?;
    write!(out, "tcp>:{:02x} tcp<:{:02x} ", there.flags, back.flags)?;
    write!(out, "flowlabel>:00000000 flowlabel<:00000000 vlan>:{} vlan<:{} ", vlans[0], vlans[1])?;
    writeln!(out, "ether:{} <> {}", mac(m), mac(n))
}

/// A time of day in UTC, to the millisecond.
fn time(ns: u64) -> impl std::fmt::Display {
    DateTime::from_timestamp_nanos(i64::try_from(ns).unwrap_or(i64::MAX)).format("%Y-%m-%dT%H:%M:%S%.3f")
}

fn mac(number: u64) -> String {
    let [_, _, a, b, c, d, e, f] = number.to_be_bytes();
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::meter::packet::Address;
    use crate::meter::{Direction, Reason};

    const S: u64 = 1_000_000_000;
    const T: u64 = 1_700_000_000 * S;

    fn flow(ends: Ends, directions: [Direction; 2]) -> Biflow {
        Biflow { ends, directions, reason: Reason::Flushed, ended_ns: 0 }
    }

    fn way(packets: u64, octets: u64, first_ms: u64, last_ms: u64, flags: u8) -> Direction {
        let [first_ns, last_ns] = [first_ms, last_ms].map(|ms| T + ms * 1_000_000 + 999_999);
        Direction { packets, octets, first_ns, last_ns, flags, tos: 0 }
    }

    fn text(flows: Vec<(Biflow, u64)>) -> Vec<String> {
        let mut out = Vec::new();
        let now = UNIX_EPOCH + Duration::from_nanos(T + 3 * S);
        Dump::new(flows, 10, now).write(&mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_are_softflowds() {
        let v4 = [0x0a09_0005, 0x0a09_0006].map(Address::V4);
        let ends = Ends { addresses: v4, ports: [40000, 80], macs: [0; 2], protocol: 6, vlan: 0 };
        let tcp = flow(ends, [way(2, 180, 177, 179, 0x1a), way(2, 1080, 178, 180, 0x12)]);
        let v6 = [0x2001_0db8_u128 << 96 | 5, 0x2001_0db8_u128 << 96 | 0x53].map(Address::V6);
        let macs = [0x0200_0000_0001, 0x0200_0000_0002];
        let udp = Ends { addresses: v6, ports: [0, 0], macs, protocol: 17, vlan: 100 };
        let udp = flow(udp, [Direction::default(), way(1, 108, 100, 100, 0)]);
        let lines = text(vec![(tcp, T + 3600 * S), (udp, T + 2 * S)]);
        let expected = [
            "ACTIVE seq:11 [2001:db8::5]:0 <> [2001:db8::53]:0 proto:17 octets>:0 packets>:0 octets<:108 packets<:1 \
             start:2023-11-14T22:13:20.100 finish:2023-11-14T22:13:20.100 tcp>:00 tcp<:00 flowlabel>:00000000 \
             flowlabel<:00000000 vlan>:0 vlan<:100 ether:02:00:00:00:00:01 <> 02:00:00:00:00:02",
            "EXPIRY EVENT for flow 11 now",
            "",
            "ACTIVE seq:12 [10.9.0.5]:40000 <> [10.9.0.6]:80 proto:6 octets>:180 packets>:2 octets<:1080 packets<:2 \
             start:2023-11-14T22:13:20.177 finish:2023-11-14T22:13:20.180 tcp>:1a tcp<:12 flowlabel>:00000000 \
             flowlabel<:00000000 vlan>:0 vlan<:0 ether:00:00:00:00:00:00 <> 00:00:00:00:00:00",
            "EXPIRY EVENT for flow 12 in 3597 seconds",
            "",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_is_over_first_comes_first_and_of_those_what_began_first() {
        let ends = |port| Ends {
            addresses: [Address::V4(1), Address::V4(2)],
            ports: [port, 0],
            macs: [0; 2],
            protocol: 17,
            vlan: 0,
        };
        let one = |port, first_ms| flow(ends(port), [way(1, 40, first_ms, first_ms, 0), Direction::default()]);
        let flows = vec![
            (one(1, 900), T + 300 * S),
            (one(2, 100), T + 300 * S + 5),
            (one(3, 500), T + 120 * S),
            (one(4, 0), u64::MAX),
        ];
        let lines = text(flows);
        let seen: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix("ACTIVE ")?.split(" <>").next()).collect();
        assert_eq!(seen, ["seq:13 [0.0.0.1]:3", "seq:12 [0.0.0.1]:2", "seq:14 [0.0.0.1]:1", "seq:11 [0.0.0.1]:4"]);
    }
}
