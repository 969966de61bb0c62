use proptest::prelude::*;

use super::super::packet::Ip;
use super::names::KNOWN;
use super::*;

/// An IPv4 packet of nothing but its header, and an IPv6 packet.
const P4: [u8; 20] = [0x45, 0, 0, 20, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
const P6: [u8; 40] = {
    let mut packet = [0x20; 40];
    (packet[0], packet[4], packet[5], packet[6]) = (0x60, 0, 0, 59);
    packet
};

const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
const SNAP4: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
const SNAP6: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd];

fn of(link: LinkType, data: &[u8], compat: bool) -> Result<(u8, u32, u16), Unmetered> {
    let frame = Frame { time_ns: 0, wire_len: data.len() as u32, link, data };
    network(&frame, compat).map(|found| {
        assert_eq!(found.packet.first().map(|first| first >> 4), Some(found.version));
        (found.version, found.wire_len, found.vlan)
    })
}

/// What is found behind these headers, the first of them IPv4.
#[track_caller]
fn finds(link: LinkType, headers: &[&[u8]]) {
    for header in headers {
        for packet in [&P4[..], &P6] {
            let Ok((version, wire_len, _)) = of(link, &[header, packet].concat(), false) else { continue };
            assert_eq!((version, wire_len as usize), (packet[0] >> 4, packet.len()));
        }
    }
    let found = |header: &&&[u8]| {
        let [four, six] = [&P4[..], &P6].map(|packet| of(link, &[**header, packet].concat(), false).is_ok());
        four || six
    };
    let missed: Vec<_> = headers.iter().filter(|header| !found(header)).collect();
    assert!(missed.is_empty(), "{link}: {missed:x?}");
}

fn ethernet(rest: &[u8]) -> Vec<u8> {
    [&MACS[..], rest].concat()
}

#[test]
fn ip_is_found_behind_what_ethernet_carries() {
    let headers = [
        ethernet(&[8, 0]),
        ethernet(&[0x86, 0xdd]),
        // Tags, as many as anybody stacks.
        ethernet(&[0x81, 0, 0, 7, 8, 0]),
        ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 0x86, 0xdd]),
        ethernet(&[0x91, 0, 0, 7, 0x81, 0, 0, 8, 0x81, 0, 0, 9, 0x81, 0, 0, 10, 8, 0]),
        ethernet(&[0x89, 0x26, 0, 0, 0, 0, 8, 0]),
        // PPPoE, and in a tag.
        ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 22, 0, 0x21]),
        ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 42, 0, 0x57]),
        ethernet(&[0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 21, 0x21]),
        // MPLS: labels, multicast, in PPP, and an Ethernet frame behind a control word.
        ethernet(&[0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64]),
        ethernet(&[0x88, 0x48, 0, 1, 1, 64]),
        ethernet(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 26, 2, 0x81, 0, 1, 1, 64]),
        [ethernet(&[0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0]), ethernet(&[8, 0])].concat(),
        // 802.2, SNAP, and in a tag.
        ethernet(&[&[0, 28][..], &SNAP4].concat()),
        ethernet(&[&[0x81, 0, 0, 7, 0, 48][..], &SNAP6].concat()),
        ethernet(&[0, 28, 0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0]),
        ethernet(&[0, 23, 6, 6, 3]),
        // Ethernet in Ethernet.
        [ethernet(&[0x89, 3, 0, 1]), ethernet(&[0x81, 0, 0, 7, 8, 0])].concat(),
        [ethernet(&[0x88, 0xe7, 0, 0, 0, 7]), ethernet(&[8, 0])].concat(),
    ];
    finds(LinkType::ETHERNET, &headers.each_ref().map(|header| &header[..]));
}

#[test]
fn softflowd_follows_one_tag_and_labels() {
    let of = |rest: &[u8]| of(LinkType::ETHERNET, &[&MACS[..], rest, &P4].concat(), true);
    assert_eq!(of(&[8, 0]), Ok((4, 20, 0)));
    assert_eq!(of(&[0x81, 0, 0x20, 7, 8, 0]), Ok((4, 20, 7)));
    assert_eq!(of(&[0x81, 0, 0, 7, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64]), Ok((4, 28, 7)));
    let left_out: [&[u8]; 6] = [
        &[0x81, 0, 0, 7, 0x81, 0, 0, 8, 8, 0],
        &[0x88, 0xa8, 0, 7, 8, 0],
        &[0x88, 0x48, 0, 1, 1, 64],
        &[0x88, 0x64, 0x11, 0, 0, 1, 0, 22, 0, 0x21],
        &[0, 28, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
        &[0x89, 0x26, 0, 0, 0, 0, 8, 0],
    ];
    for rest in left_out {
        assert_eq!(of(rest), Err(Unmetered::NotIp), "{rest:x?}");
    }
}

#[test]
fn ip_is_found_behind_serial_links() {
    finds(LinkType::PPP, &[&[0xff, 3, 0, 0x21], &[0xff, 3, 0, 0x57], &[0, 0x21], &[0x21], &[0xff, 3, 0x57]]);
    finds(LinkType::PPP_HDLC, &[&[0xff, 3, 0, 0x21], &[0x0f, 0, 8, 0], &[0x8f, 0, 0x86, 0xdd]]);
    finds(LinkType::PPP_ETHER, &[&[0x11, 0, 0, 1, 0, 22, 0, 0x21]]);
    finds(LinkType::PPP_WITH_DIR, &[&[1, 0xff, 3, 0, 0x21]]);
    finds(LinkType::C_HDLC, &[&[0x0f, 0, 8, 0], &[0x8f, 0, 0x86, 0xdd]]);
    finds(LinkType::C_HDLC_WITH_DIR, &[&[0, 0x0f, 0, 8, 0]]);
    let relayed: [&[u8]; 5] = [
        &[0x18, 0x41, 3, 0xcc],
        &[0x18, 0x41, 3, 0x8e],
        &[0x18, 0x40, 1, 3, 0, 0xcc],
        &[0x18, 0x40, 0, 1, 3, 0xcc],
        &[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0],
    ];
    finds(LinkType::FRELAY, &relayed);
    finds(LinkType::FRELAY_WITH_DIR, &[&[0, 0x18, 0x41, 3, 0xcc]]);
    finds(LinkType::ATM_RFC1483, &[&SNAP4, &SNAP6]);
}

#[test]
fn ip_is_found_behind_other_links() {
    finds(LinkType::FDDI, &[&[&[0x50][..], &MACS, &SNAP4].concat()]);
    finds(LinkType::IP_OVER_FC, &[&[&[0; 16][..], &SNAP6].concat()]);
    finds(LinkType::APPLE_1394, &[&[&[1; 16][..], &[8, 0]].concat()]);
    finds(LinkType::ENC, &[&[2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]]);
    // The log's header has its length in front, and is padded.
    let log = |len: u8, family: u8| {
        let mut header = vec![0; usize::from(len).next_multiple_of(4)];
        (header[0], header[1]) = (len, family);
        header
    };
    finds(LinkType::PFLOG, &[&log(61, 2), &log(61, 24), &log(100, 28)]);
    finds(LinkType::IPNET, &[&[&[1, 2][..], &[0; 22]].concat(), &[&[1, 26][..], &[0; 22]].concat()]);
    let tap = |header_len: u8, link: u8, len: usize| {
        let mut header = vec![0; len];
        (header[0], header[4], header[8]) = (header_len, 1, link);
        header
    };
    finds(LinkType::PKTAP, &[&[&tap(108, 1, 108)[..], &ethernet(&[8, 0])].concat(), &tap(108, 101, 108)]);
    assert_eq!(of(LinkType::PKTAP, &tap(108, 187, 150), false), Err(Unmetered::NotIp));
    finds(LinkType::PPI, &[&[&[0, 0, 8, 0, 1, 0, 0, 0][..], &ethernet(&[8, 0])].concat()]);
    // One header in front of another goes no deeper.
    assert_eq!(of(LinkType::PPI, &[0, 0, 8, 0, 192, 0, 0, 0].repeat(20), false), Err(Unmetered::NotIp));
    finds(
        LinkType::LINUX_SLL,
        &[&[&[0; 14][..], &[0, 4], &SNAP4].concat(), &[&[0; 14][..], &[0x81, 0, 0, 7, 8, 0]].concat()],
    );
}

/// The header of an 802.11 data frame, and what follows it.
fn wifi(control: [u8; 2], more: &[u8]) -> Vec<u8> {
    [&control[..], &[0; 2], &[2; 18], &[0x10, 0], more].concat()
}

#[test]
fn ip_is_found_in_data_frames_of_wifi() {
    let amsdu = [&[0x80, 0][..], &MACS, &[0, 28], &SNAP4].concat();
    let frames = [
        wifi([0x08, 1], &SNAP4),
        wifi([0x08, 3], &[&[2; 6][..], &SNAP4].concat()),
        wifi([0x88, 2], &[&[0; 2][..], &SNAP6].concat()),
        wifi([0x88, 0x82], &[&[0; 6][..], &SNAP6].concat()),
        wifi([0x88, 2], &amsdu),
    ];
    finds(LinkType::IEEE802_11, &frames.each_ref().map(|frame| &frame[..]));
    let radiotap = [
        [&[0, 0, 8, 0, 0, 0, 0, 0][..], &frames[0]].concat(),
        // Flags alone; behind a time, aligned; and behind another word of them, which say that there is padding.
        [&[0, 0, 9, 0, 2, 0, 0, 0, 0][..], &frames[2]].concat(),
        [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[0; 8], &[0x20], &wifi([0x88, 2], &[&[0; 4][..], &SNAP6].concat())].concat(),
        [&[0, 0, 25, 0, 3, 0, 0, 0x80][..], &[0; 16], &[0x30], &wifi([0x88, 2], &[&[0; 4][..], &SNAP6].concat())]
            .concat(),
    ];
    finds(LinkType::RADIOTAP, &radiotap.each_ref().map(|frame| &frame[..]));
    let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56], &frames[0]].concat();
    finds(LinkType::AVS, &[&avs]);
    finds(LinkType::PRISM, &[&avs, &[&[0; 144][..], &frames[0]].concat()]);
    // Management, nothing in it, encrypted, and a later fragment.
    let mut fragment = frames[0].clone();
    fragment[22] = 0x11;
    for frame in [wifi([0x80, 0], &SNAP4), wifi([0x48, 1], &SNAP4), wifi([0x08, 0x41], &SNAP4), fragment] {
        assert_eq!(of(LinkType::IEEE802_11, &[&frame[..], &P4].concat(), false), Err(Unmetered::NotIp));
    }
}

#[test]
fn stacks_without_end_are_given_up() {
    let tags = [0x81, 0, 0, 7].repeat(1000);
    assert_eq!(of(LinkType::ETHERNET, &[&MACS[..], &tags].concat(), false), Err(Unmetered::NotIp));
    let labels = [&[0x88, 0x47][..], &[0, 1, 0, 64].repeat(1000)].concat();
    assert_eq!(of(LinkType::ETHERNET, &[&MACS[..], &labels].concat(), false), Err(Unmetered::NotIp));
}

#[test]
fn link_types_have_names() {
    assert_eq!(LinkType(187).to_string(), "187 (BLUETOOTH_HCI_H4)");
    assert_eq!((LinkType(1).to_string(), LinkType(9999).to_string()), ("1 (ETHERNET)".into(), "9999".into()));
    assert!(!LinkType(187).is_known());
    // Those that are known are those that are understood.
    for number in 0..1000 {
        let unknown = of(LinkType(number), &[0x45; 200], false) == Err(Unmetered::UnknownLink);
        assert_eq!(unknown, !LinkType(number).is_known(), "{number}");
    }
}

proptest! {
    #[test]
    fn arbitrary_frames_end_soon_and_do_not_panic(
        (link, _) in prop::sample::select(&KNOWN[..]),
        compat: bool,
        wire_len: u32,
        start in prop::sample::select(vec![
            &[][..], &MACS, &[8, 1], &[0, 0, 8, 0], &[0xff, 3], &[0x11, 0], &[0xaa, 0xaa, 3, 0, 0, 0],
        ]),
        data in proptest::collection::vec(prop::sample::select(
            vec![0u8, 1, 2, 3, 6, 8, 0x11, 0x21, 0x40, 0x45, 0x47, 0x57, 0x60, 0x64, 0x81, 0x86, 0x88, 0xa8, 0xaa, 0xdd, 0xff],
        ), 0..200),
    ) {
        let data = [start, &data].concat();
        let frame = Frame { time_ns: 0, wire_len, link, data: &data };
        if let Ok(found) = network(&frame, compat) {
            prop_assert!(found.wire_len <= wire_len && found.packet.len() <= data.len());
        }
        let _ = Ip::of(&frame, compat);
    }
}
