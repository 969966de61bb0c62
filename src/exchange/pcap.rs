//! Flows as the packets they were of, as far as flows tell: headers in a libpcap file, for whatever reads those.
//!
//! A packet has an Ethernet header of zeros, an IP header, and the ports (of ICMP, type and code) behind it; nothing
//! else is captured. A flow's octets are shared out evenly among its packets, and these over the time it lasted, so
//! that counting them comes to what the flow says.

use std::io::{self, Write};
use std::iter;

use crate::flow::time::FlowTimes;
use crate::flow::{Field, FlowBatch, Form, Projection};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const PORTS: usize = 4;
/// Octets of a packet's header in the file: seconds, microseconds, octets captured, octets there were.
const RECORD: usize = 16;
/// Flows say nothing of it.
const HOP_LIMIT: u8 = 64;

/// What of each flow is used, in this order; addresses aside.
const FIELDS: [Field; 6] = [Field::Packets, Field::Octets, Field::SrcPort, Field::DstPort, Field::Protocol, Field::Tos];

/// The header of a file of flows of such a form. Only modern ones have IPv6's longer packets.
pub fn heading(form: Form) -> [u8; 24] {
    let captured = match form {
        Form::Modern => ETHERNET + IPV6 + PORTS,
        Form::Classic(_) => ETHERNET + IPV4 + PORTS,
    };
    let mut heading = [0; 24];
    // Magic, version 2.4, time zone, accuracy, octets captured at most, Ethernet.
    let words = [0xA1B2_C3D4, 2 | 4 << 16, 0, 6, captured as u32, 1].map(u32::to_le_bytes);
    heading.iter_mut().zip(words.as_flattened()).for_each(|(to, from)| *to = *from);
    heading
}

/// Writes flows as packets, a flow's behind one another.
#[derive(Default)]
pub struct Writer {
    times: FlowTimes,
    addresses: [Vec<u128>; 2],
    numbers: [Vec<u64>; 6],
}

impl Writer {
    /// The fields to read.
    pub fn needs() -> Projection {
        let times = FlowTimes::FIELDS.into_iter();
        times.chain(FIELDS).chain([Field::SrcAddr, Field::DstAddr, Field::IcmpTypeCode]).collect()
    }

    /// Writes a batch's selected flows. Says how many have been left out, for they do not say between which addresses
    /// they were.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&mut self, batch: &FlowBatch, out: &mut impl Write) -> io::Result<usize> {
        let (Some(from), Some(to)) = (batch.view(Field::SrcAddr), batch.view(Field::DstAddr)) else {
            return Ok(batch.len());
        };
        let six = from.width() == 16 || to.width() == 16;
        let [source, destination] = &mut self.addresses;
        from.gather(batch.rows(), source);
        to.gather(batch.rows(), destination);
        for (field, column) in FIELDS.into_iter().zip(&mut self.numbers) {
            batch.gather(field, column);
        }
        self.times.gather(batch);
        let [packets, octets, ports_from, ports_to, protocols, services] = &self.numbers;
        let counts = packets.iter().zip(octets);
        let spans = self.times.start.iter().zip(&self.times.end);
        let ports = ports_from.iter().zip(ports_to).zip(protocols.iter().zip(services));
        for (((addresses, counts), span), ((source_port, destination_port), (protocol, tos))) in
            source.iter().zip(&*destination).zip(counts).zip(spans).zip(ports)
        {
            // ICMP's type and code are kept as a destination port.
            let ports = match *protocol {
                1 | 58 => (*destination_port as u16, 0),
                _ => (*source_port as u16, *destination_port as u16),
            };
            let kind = (*protocol as u8, *tos as u8);
            let mut packet = if six {
                Packet::of_ipv6((*addresses.0, *addresses.1), ports, kind)
            } else {
                Packet::of_ipv4((*addresses.0 as u32, *addresses.1 as u32), ports, kind)
            };
            for (time, length) in shares((*counts.0, *counts.1), (*span.0, *span.1)) {
                out.write_all(packet.at(time, length))?;
            }
        }
        Ok(0)
    }
}

/// When each packet of a flow was, in microseconds since 1970, and how many octets it had.
fn shares((packets, octets): (u64, u64), (start, end): (u64, u64)) -> impl Iterator<Item = (u64, u64)> {
    let each = octets.checked_div(packets).unwrap_or(0);
    let more = octets.checked_rem(packets).unwrap_or(0);
    let start = start.saturating_mul(1000);
    let lasted = u128::from(end.saturating_mul(1000).saturating_sub(start));
    let steps = u128::from(packets.saturating_sub(1).max(1));
    let mut at = 0;
    iter::from_fn(move || {
        let own = (at < packets).then(|| {
            let passed = (lasted * u128::from(at) / steps) as u64;
            (start.saturating_add(passed), each + u64::from(at < more))
        });
        at += 1;
        own
    })
}

/// A packet with its header in the file, but for what differs among a flow's.
struct Packet {
    octets: [u8; RECORD + ETHERNET + IPV6 + PORTS],
    size: usize,
    six: bool,
    /// Sum of the IPv4 header's words without its length.
    sum: u32,
}

impl Packet {
    fn of_ipv4((from, to): (u32, u32), ports: (u16, u16), (protocol, tos): (u8, u8)) -> Packet {
        let mut packet = Packet::bare(false, 0x0800);
        packet.put(0, &[0x45, tos]);
        packet.put(8, &[HOP_LIMIT, protocol]);
        packet.put(12, &from.to_be_bytes());
        packet.put(16, &to.to_be_bytes());
        packet.put_ports(IPV4, ports);
        let header = packet.octets.iter().skip(RECORD + ETHERNET).take(IPV4);
        packet.sum = header.zip([8, 0].into_iter().cycle()).map(|(octet, shift)| u32::from(*octet) << shift).sum();
        packet
    }

    fn of_ipv6((from, to): (u128, u128), ports: (u16, u16), (protocol, tos): (u8, u8)) -> Packet {
        let mut packet = Packet::bare(true, 0x86DD);
        packet.put(0, &[0x60 | tos >> 4, tos << 4]);
        packet.put(6, &[protocol, HOP_LIMIT]);
        packet.put(8, &from.to_be_bytes());
        packet.put(24, &to.to_be_bytes());
        packet.put_ports(IPV6, ports);
        packet
    }

    fn bare(six: bool, kind: u16) -> Packet {
        let captured = ETHERNET + if six { IPV6 } else { IPV4 } + PORTS;
        let mut packet = Packet { octets: [0; 74], size: RECORD + captured, six, sum: 0 };
        packet.put_at(8, &(captured as u32).to_le_bytes());
        packet.put_at(RECORD + 12, &kind.to_be_bytes());
        packet
    }

    fn put_ports(&mut self, at: usize, (from, to): (u16, u16)) {
        self.put(at, &from.to_be_bytes());
        self.put(at + 2, &to.to_be_bytes());
    }

    /// Puts octets into the IP header.
    fn put(&mut self, at: usize, octets: &[u8]) {
        self.put_at(RECORD + ETHERNET + at, octets);
    }

    fn put_at(&mut self, at: usize, octets: &[u8]) {
        self.octets.iter_mut().skip(at).zip(octets).for_each(|(to, from)| *to = *from);
    }

    /// The packet as it was then, and so long. Lengths that a header cannot tell are the greatest it can.
    fn at(&mut self, microseconds: u64, length: u64) -> &[u8] {
        let clip = |n: u64| n.min(u16::MAX.into()) as u16;
        self.put_at(0, &((microseconds / 1_000_000) as u32).to_le_bytes());
        self.put_at(4, &((microseconds % 1_000_000) as u32).to_le_bytes());
        let frame = (length.saturating_add(ETHERNET as u64)).min(u32::MAX.into()) as u32;
        self.put_at(12, &frame.to_le_bytes());
        if self.six {
            self.put(4, &clip(length.saturating_sub(IPV6 as u64)).to_be_bytes());
        } else {
            let length = clip(length);
            self.put(2, &length.to_be_bytes());
            self.put(10, &checksum(self.sum + u32::from(length)).to_be_bytes());
        }
        self.octets.get(..self.size).unwrap_or_default()
    }
}

/// The Internet checksum (RFC 1071) of words that sum up to this.
fn checksum(sum: u32) -> u16 {
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !((folded & 0xFFFF) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn octets_and_time_are_shared_out() {
        let all = |counts, span| shares(counts, span).collect::<Vec<_>>();
        assert_eq!(all((3, 100), (5, 6)), [(5000, 34), (5500, 33), (6000, 33)]);
        assert_eq!(all((1, 40), (5, 6)), [(5000, 40)]);
        assert_eq!(all((0, 40), (5, 6)), []);
        assert_eq!(all((2, 1), (7, 3)), [(7000, 1), (7000, 0)]);
        assert_eq!(shares((u64::MAX, u64::MAX), (u64::MAX, u64::MAX)).nth(2), Some((u64::MAX, 1)));
    }

    #[test]
    fn a_header_that_rfc_1071_would_take() {
        let mut packet = Packet::of_ipv4((0x0A00_0001, 0xC000_0201), (1234, 53), (17, 0));
        let octets = packet.at(1_500_000, 60).to_vec();
        assert_eq!(octets.len(), RECORD + 38);
        assert_eq!(octets[..16], [1, 0, 0, 0, 0x20, 0xA1, 7, 0, 38, 0, 0, 0, 74, 0, 0, 0]);
        let header = octets[30..50].chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(w[1])).sum();
        assert_eq!((checksum(header), octets[32..34].to_vec()), (0, vec![0, 60]));
        assert_eq!(octets[50..], [4, 210, 0, 53]);
        let six = Packet::of_ipv6((1, 2), (0x8000, 0), (58, 0xFF)).at(0, 100).to_vec();
        assert_eq!((six.len(), &six[28..36]), (74, &[0x86, 0xDD, 0x6F, 0xF0, 0, 0, 0, 60][..]));
        assert_eq!(six[70..], [0x80, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn what_is_shared_out_is_all(packets in 1u64..500, octets: u64, start: u64, end: u64) {
            let all: Vec<_> = shares((packets, octets), (start, end)).collect();
            prop_assert_eq!(all.len() as u64, packets);
            prop_assert_eq!(all.iter().map(|(_, length)| length).sum::<u64>(), octets);
            prop_assert!(all.is_sorted_by_key(|(time, _)| *time));
        }
    }
}
