use proptest::prelude::*;

use super::*;
use crate::meter::link::LinkType;

fn frame(link: LinkType, data: &[u8]) -> Frame<'_> {
    Frame { time_ns: 0, wire_len: data.len() as u32, link, data }
}

fn ipv4(flags_offset: u16, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0x10, 0, 20 + payload.len() as u8, 0, 1, 0, 0, 64, protocol, 0, 0];
    packet[6..8].copy_from_slice(&flags_offset.to_be_bytes());
    [&packet[..], &[10, 0, 0, 1], &[10, 0, 0, 2], payload].concat()
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let head = [0x61, 0x20, 0, 0, 0, payload.len() as u8, next, 64];
    let address = |last: u8| [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[last]].concat();
    [&head[..], &address(1), &address(2), payload].concat()
}

const DATAGRAM: [u8; 12] = [0x04, 0x00, 0, 53, 0, 12, 0, 0, b'n', b'e', b't', b'!'];

fn link_header(link: LinkType, protocol: u16) -> Vec<u8> {
    let [high, low] = protocol.to_be_bytes();
    match link {
        LinkType::ETHERNET => [&[2; 12][..], &[high, low]].concat(),
        LinkType::LINUX_SLL => [&[0; 14][..], &[high, low]].concat(),
        LinkType::LINUX_SLL2 => [&[high, low][..], &[0; 18]].concat(),
        LinkType::NULL => vec![if protocol == 0x0800 { 2 } else { 30 }, 0, 0, 0],
        LinkType::LOOP => vec![0, 0, 0, if protocol == 0x0800 { 2 } else { 24 }],
        LinkType::PPP => vec![0xff, 3, 0, if protocol == 0x0800 { 0x21 } else { 0x57 }],
        _ => Vec::new(),
    }
}

#[test]
fn a_datagram_is_found_behind_every_link_header() {
    use LinkType as L;
    let links = [L::ETHERNET, L::LINUX_SLL, L::LINUX_SLL2, L::NULL, L::LOOP, L::PPP, L::RAW, L::RAW_12, L::RAW_14];
    for link in links.into_iter().chain([L::IPV4, L::IPV6]) {
        assert!(link.is_known());
        for (protocol, packet, source) in
            [(0x0800, ipv4(0, UDP, &DATAGRAM), "10.0.0.1"), (0x86dd, ipv6(UDP, &DATAGRAM), "2001:db8::1")]
        {
            if (link == L::IPV4 && protocol != 0x0800) || (link == L::IPV6 && protocol == 0x0800) {
                continue;
            }
            let header = link_header(link, protocol);
            let data = [&header[..], &packet, b"padding"].concat();
            let frame = frame(link, &data);
            let found = udp_payload(&frame).unwrap_or_else(|| panic!("{link:?} {protocol:x}"));
            assert_eq!(found.source, source.parse::<IpAddr>().unwrap());
            assert_eq!((found.source_port, found.destination_port, found.payload), (1024, 53, &b"net!"[..]));
            assert_eq!(Ip::of(&frame, true).unwrap().wire_len as usize, packet.len() + 7);
        }
    }
}

#[test]
fn tags_are_followed_as_many_as_asked_for() {
    let packet = ipv4(0, UDP, &DATAGRAM);
    let data = [&[2; 12][..], &[0x88, 0xa8, 0x20, 7, 0x81, 0, 0, 9, 8, 0], &packet].concat();
    let frame = frame(LinkType::ETHERNET, &data);
    assert_eq!(Ip::of(&frame, true).unwrap_err(), Unmetered::NotIp);
    let ip = Ip::of(&frame, false).unwrap();
    assert_eq!((ip.vlan, ip.total_len as usize, ip.wire_len as usize), (7, packet.len(), packet.len()));
    let single = [&data[..12], &data[16..]].concat();
    assert_eq!(Ip::of(&Frame { data: &single, ..frame }, true).unwrap().vlan, 9);
}

#[test]
fn labels_are_stepped_over_and_count_for_softflowd() {
    let packet = ipv4(0, UDP, &DATAGRAM);
    let data = [&[2; 12][..], &[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], &packet].concat();
    for (compat, labels) in [(false, 0), (true, 8)] {
        let ip = Ip::of(&frame(LinkType::ETHERNET, &data), compat).unwrap();
        let lengths = (ip.wire_len as usize, ip.total_len as usize);
        assert_eq!((ip.protocol, lengths), (UDP, (packet.len() + labels, packet.len())));
    }
}

#[test]
fn fragments_are_told_apart() {
    for (bits, expected) in [
        (0, Fragment::Whole),
        (0x4000, Fragment::Whole),
        (0x2000, Fragment::First),
        (0x2001, Fragment::Later),
        (0x00b9, Fragment::Later),
    ] {
        let data = ipv4(bits, UDP, &DATAGRAM);
        assert_eq!(Ip::of(&frame(LinkType::RAW, &data), false).unwrap().fragment, expected);
        assert_eq!(udp_payload(&frame(LinkType::RAW, &data)).is_some(), expected == Fragment::Whole);
    }
    for (bits, expected) in [(0u16, Fragment::Whole), (1, Fragment::First), (0x59, Fragment::Later)] {
        let [high, low] = bits.to_be_bytes();
        let extensions = [&[44, 0, 1, 4, 0, 0, 0, 0][..], &[UDP, 0, high, low, 0, 0, 0, 9], &DATAGRAM].concat();
        let data = ipv6(0, &extensions);
        let ip = Ip::of(&frame(LinkType::RAW, &data), false).unwrap();
        assert_eq!((ip.protocol, ip.fragment, ip.payload(), ip.tos), (UDP, expected, &DATAGRAM[..], 0x12));
        assert_eq!(ip.id, 9);
    }
}

#[test]
fn extension_headers_are_stepped_over() {
    let routing = [&[UDP, 2, 4, 0][..], &[0; 20]].concat();
    let of = |next, payload: &[u8], compat| {
        let data = ipv6(next, payload);
        let ip = Ip::of(&frame(LinkType::IPV6, &data), compat).unwrap();
        (ip.announced, ip.protocol, ip.payload().len())
    };
    let options = |next| [next, 0, 1, 4, 0, 0, 0, 0];
    let chain = [&options(60)[..], &options(43), &routing, &DATAGRAM].concat();
    assert_eq!(of(0, &chain, false), (0, UDP, 12));
    // Authentication is a protocol, as it is for IPv4.
    let authentication = [&[UDP, 1, 0, 0][..], &[0; 8], &DATAGRAM].concat();
    assert_eq!(of(51, &authentication, false), (51, 51, 24));
    for mobile in [135, 139, 140] {
        let followed = [&options(UDP)[..], &DATAGRAM].concat();
        assert_eq!(of(mobile, &followed, false), (mobile, UDP, 12));
        assert_eq!(of(mobile, &followed, true), (mobile, mobile, 20));
        assert_eq!(of(mobile, &options(59), false), (mobile, mobile, 8));
    }
    assert_eq!(of(59, &[], false), (59, 59, 0));
    // What was cut off ends the chain.
    assert_eq!(of(0, &[UDP, 9, 1, 4, 0, 0, 0, 0], false), (0, 0, 8));
}

#[test]
fn outer_headers_are_metered() {
    let inner = ipv4(0, UDP, &DATAGRAM);
    for (protocol, payload) in
        [(4, inner.clone()), (41, ipv6(UDP, &DATAGRAM)), (47, [&[0, 0, 8, 0], &inner[..]].concat())]
    {
        for data in [ipv4(0, protocol, &payload), ipv6(protocol, &payload)] {
            let ip = Ip::of(&frame(LinkType::RAW, &data), false).unwrap();
            assert_eq!((ip.protocol, ip.total_len as usize), (protocol, data.len()));
        }
    }
}

#[test]
fn a_length_left_to_the_network_card_is_the_frames() {
    let mut data = ipv4(0, UDP, &DATAGRAM);
    data[2..4].fill(0);
    assert_eq!(Ip::of(&frame(LinkType::RAW, &data), false).unwrap().total_len as usize, data.len());
    let mut data = ipv6(UDP, &DATAGRAM);
    data[4..6].fill(0);
    assert_eq!(Ip::of(&frame(LinkType::RAW, &data), false).unwrap().total_len as usize, data.len());
    // But for padding: an IPv6 packet may be empty.
    let data = [ipv6(59, &[]), vec![0; 6]].concat();
    assert_eq!(Ip::of(&frame(LinkType::RAW, &data), false).unwrap().total_len, 40);
}

#[test]
fn what_is_not_ip_or_too_short_says_so() {
    let packet = ipv4(0, UDP, &DATAGRAM);
    let of = |link, data: &[u8]| Ip::of(&frame(link, data), false).map(|ip| ip.protocol);
    assert_eq!(of(LinkType::RAW, &packet[..19]), Err(Unmetered::TooShort));
    assert_eq!(of(LinkType::RAW, &[&[0x4f][..], &packet[1..]].concat()), Err(Unmetered::TooShort));
    assert_eq!(of(LinkType::RAW, &[&[0x44][..], &packet[1..]].concat()), Err(Unmetered::TooShort));
    assert_eq!(of(LinkType::RAW, &[0x50]), Err(Unmetered::NotIp));
    assert_eq!(of(LinkType::IPV6, &packet), Err(Unmetered::TooShort));
    assert_eq!(of(LinkType::ETHERNET, &[0; 13]), Err(Unmetered::TooShort));
    assert_eq!(of(LinkType::ETHERNET, &[&[0; 12][..], &[8, 6], &packet].concat()), Err(Unmetered::NotIp));
    assert_eq!(of(LinkType(187), &packet), Err(Unmetered::UnknownLink));
}

proptest! {
    #[test]
    fn arbitrary_frames_do_not_panic(
        link in 0u16..300,
        compat: bool,
        wire_len: u32,
        data in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let frame = Frame { time_ns: 0, wire_len, link: LinkType(link), data: &data };
        let _ = Ip::of(&frame, compat);
        udp_payload(&frame);
    }

    #[test]
    fn damaged_packets_do_not_panic(at in 0usize..66, octet: u8, len in 0usize..67, six: bool) {
        let inner = [&[44, 0, 1, 4, 0, 0, 0, 0][..], &[UDP, 0, 0, 1, 0, 0, 0, 9], &DATAGRAM].concat();
        let packet = if six { ipv6(0, &inner) } else { ipv4(0, UDP, &inner) };
        let mut data = [link_header(LinkType::ETHERNET, if six { 0x86dd } else { 0x0800 }), packet].concat();
        let whole = data.len();
        data[at % whole] = octet;
        data.truncate(len);
        let frame = frame(LinkType::ETHERNET, &data);
        let _ = Ip::of(&frame, false);
        udp_payload(&frame);
    }
}
