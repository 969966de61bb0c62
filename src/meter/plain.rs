//! What nearly every frame is: Ethernet, IPv4 without options, TCP or UDP, no fragment, no tag.

use super::cache::Packet;
use super::key::Narrow;
use super::link::LinkType;
use super::packet::{TCP, UDP};
use super::source::Frame;

/// Octets looked at: up to TCP's flags. A frame of the least length has more.
const HEADERS: usize = 14 + 20 + 14;

/// What a frame adds to its flow, if it is such a one: what the parsers of [`super::link`], [`super::packet`] and
/// [`super::transport`] would find, in a third of their time, for there is one bounds check and nothing to hand around.
#[inline(always)]
pub fn packet(frame: &Frame<'_>) -> Option<Packet<Narrow>> {
    let data = frame.data.first_chunk::<HEADERS>()?;
    let [.., a, b, c, d, e, f, g, h, sp0, sp1, dp0, dp1, _, _, _, _, _, _, _, _, _, flags] = *data;
    let protocol = data[23];
    let usual = frame.link == LinkType::ETHERNET && [data[12], data[13], data[14]] == [0x08, 0x00, 0x45];
    let fragment = u16::from_be_bytes([data[20], data[21]]) & 0x3fff;
    let octets = u32::from(u16::from_be_bytes([data[16], data[17]]));
    // The packet reaches as far as what is read of it.
    if !usual || fragment != 0 || octets < HEADERS as u32 - 14 || (protocol != TCP && protocol != UDP) {
        return None;
    }
    let addresses = [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])];
    let ports = [u16::from_be_bytes([sp0, sp1]), u16::from_be_bytes([dp0, dp1])];
    let (key, direction) = Narrow::new(addresses, ports, protocol, 0);
    let flags = if protocol == TCP { flags } else { 0 };
    Some(Packet { key, time_ns: frame.time_ns, octets, direction, flags, tos: data[15], protocol })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::packet::{Address, Ip};
    use super::super::transport::Transport;
    use super::*;

    /// What the parsers of the other modules find.
    fn general(frame: &Frame<'_>) -> Packet<Narrow> {
        let ip = Ip::of(frame, false).unwrap();
        let Transport { ports, flags } = Transport::of(&ip);
        let (Address::V4(source), Address::V4(destination)) = (ip.source, ip.destination) else { panic!("{ip:?}") };
        let (key, direction) = Narrow::new([source, destination], ports, ip.protocol, 0);
        let (octets, tos, protocol) = (ip.total_len, ip.tos, ip.protocol);
        Packet { key, time_ns: frame.time_ns, octets, direction, flags, tos, protocol }
    }

    proptest! {
        #[test]
        fn it_finds_what_the_parsers_find(
            mut data in proptest::collection::vec(any::<u8>(), 0..80),
            udp in any::<bool>(),
            len in prop_oneof![Just(46u16), 0..80u16, any::<u16>()],
            whole in any::<bool>(),
            change in proptest::option::of((0usize..48, any::<u8>())),
        ) {
            let usual = [(12, 8), (13, 0), (14, 0x45), (23, if udp { UDP } else { TCP })];
            let len = len.to_be_bytes();
            let rest = [(16, len[0]), (17, len[1]), (20, if whole { 0x40 } else { 0x20 }), (21, 0)];
            for (at, value) in usual.into_iter().chain(rest).chain(change) {
                if let Some(octet) = data.get_mut(at) {
                    *octet = value;
                }
            }
            for link in [LinkType::ETHERNET, LinkType::RAW] {
                let frame = Frame { time_ns: 7, wire_len: 90, link, data: &data };
                if let Some(found) = packet(&frame) {
                    prop_assert_eq!(format!("{found:?}"), format!("{:?}", general(&frame)));
                }
            }
        }
    }

    #[test]
    fn the_usual_frame_is_one() {
        let mut data = [0; 60];
        for (at, value) in [(12, 8), (14, 0x45), (17, 46), (23, TCP), (47, 0x12)] {
            data[at] = value;
        }
        let frame = Frame { time_ns: 7, wire_len: 60, link: LinkType::ETHERNET, data: &data };
        assert!(packet(&frame).is_some_and(|found| (found.flags, found.octets) == (0x12, 46)));
        assert!(packet(&Frame { data: &data[..47], ..frame }).is_none());
    }
}
