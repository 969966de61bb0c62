use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// A frame as a test wants it back: time, wire length, link type, octets.
type Seen = (u64, u32, u16, Vec<u8>);

fn read(file: Vec<u8>) -> (Vec<Seen>, Option<Damage>) {
    let mut seen = Vec::new();
    let mut capture = match Capture::open(Box::new(Cursor::new(file))) {
        Ok(capture) => capture,
        Err(damage) => return (seen, Some(damage)),
    };
    loop {
        match capture.next_frame() {
            Ok(Some(f)) => seen.push((f.time_ns, f.wire_len, f.link.0, f.data.to_vec())),
            Ok(None) => return (seen, None),
            Err(damage) => {
                assert!(capture.next_frame().unwrap().is_none(), "damage is told once");
                return (seen, Some(damage));
            }
        }
    }
}

fn words(big: bool, words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|n| if big { n.to_be_bytes() } else { n.to_le_bytes() }).collect()
}

fn pcap(big: bool, magic: u32, link: u32) -> Vec<u8> {
    let version = if big { 0x0002_0004 } else { 0x0004_0002 };
    words(big, &[magic, version, 0, 0, 65535, link])
}

/// A pcapng block with its body padded.
fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(body.len().next_multiple_of(4), 0);
    let len = padded.len() as u32 + 12;
    [words(big, &[kind, len]), padded, words(big, &[len])].concat()
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { 0x0001_0000 } else { 1 };
    block(big, 0x0A0D_0D0A, &words(big, &[0x1A2B_3C4D, version, u32::MAX, u32::MAX]))
}

fn interface(big: bool, link: u16, options: &[u8]) -> Vec<u8> {
    let link = if big { u32::from(link) << 16 } else { u32::from(link) };
    block(big, 1, &[words(big, &[link, 0]), options.to_vec()].concat())
}

fn enhanced(big: bool, interface: u32, stamp: u64, wire: u32, data: &[u8]) -> Vec<u8> {
    let head = words(big, &[interface, (stamp >> 32) as u32, stamp as u32, data.len() as u32, wire]);
    block(big, 6, &[head, data.to_vec()].concat())
}

#[test]
fn pcap_of_either_byte_order_and_resolution_gives_the_same_frames() {
    for big in [false, true] {
        for (magic, fraction, patched) in
            [(0xa1b2_c3d4, 5_000, false), (0xa1b2_3c4d, 5_000_000, false), (0xa1b2_cd34, 5_000, true)]
        {
            let mut file = pcap(big, magic, 1);
            for data in [&b"abc"[..], b""] {
                file.extend(words(big, &[7, fraction, data.len() as u32, 60]));
                if patched {
                    file.extend([9; 8]);
                }
                file.extend(data);
            }
            let (seen, damage) = read(file);
            assert!(damage.is_none(), "{damage:?}");
            assert_eq!(seen, [(7_005_000_000, 60, 1, b"abc".to_vec()), (7_005_000_000, 60, 1, Vec::new())]);
        }
    }
}

#[test]
fn a_check_sequence_in_the_header_is_not_part_of_the_link_type() {
    let mut file = pcap(false, 0xa1b2_c3d4, 0x2400_0001);
    file.extend(words(false, &[0, 0, 0, 0]));
    assert_eq!(read(file).0[0].2, 1);
}

#[test]
fn what_comes_before_damage_is_used_and_the_damage_has_a_place() {
    let mut file = pcap(false, 0xa1b2_c3d4, 1);
    file.extend([words(false, &[1, 0, 2, 2]), b"ab".to_vec()].concat());
    let whole = file.len();
    file.extend([words(false, &[2, 0, 5, 5]), b"abc".to_vec()].concat());
    let (seen, damage) = read(file.clone());
    assert_eq!(seen.len(), 1);
    assert_eq!(damage.unwrap().to_string(), "offset 42: record cut short: 3 octets of a frame of 5");
    let (seen, damage) = read(file[..whole + 9].to_vec());
    assert_eq!((seen.len(), damage.unwrap().offset), (1, 42));
    file.truncate(whole);
    file.extend(words(false, &[2, 0, u32::MAX, 60]));
    let (seen, damage) = read(file);
    assert_eq!(seen.len(), 1);
    assert!(damage.unwrap().what.contains("a frame of 4294967295 octets"));
}

#[test]
fn other_files_are_refused() {
    for (file, expected) in [(&b""[..], "0 octets"), (b"\xcf\x10\x01\x03....", "begins with cf 10 01 03")] {
        let damage = read(file.to_vec()).1.unwrap();
        assert!(damage.what.contains(expected), "{damage}");
    }
    assert!(read(pcap(false, 0xa1b2_c3d4, 1)[..20].to_vec()).1.unwrap().what.contains("header cut short"));
}

#[test]
fn pcapng_sections_interfaces_and_clocks() {
    let mut file = Vec::new();
    for big in [true, false] {
        let option = |code: u16, value: &[u8]| {
            let len = value.len() as u16;
            let n = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
            let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
            [&n(code)[..], &n(len), value, &padding].concat()
        };
        let offset = if big { 1u64.to_be_bytes() } else { 1u64.to_le_bytes() };
        file.extend(section(big));
        file.extend(interface(big, 1, &[]));
        file.extend(interface(
            big,
            101,
            &[option(2, b"eth0"), option(9, &[9]), option(0, &[]), option(9, &[1])].concat(),
        ));
        file.extend(interface(big, 113, &[option(9, &[0x81]), option(14, &offset)].concat()));
        file.extend(block(big, 0x0000_0bad, b"unknown blocks are stepped over"));
        file.extend(enhanced(big, 0, 1_000_001, 9, b"micro"));
        file.extend(enhanced(big, 1, 1_000_000_002, 9, b"nano"));
        file.extend(enhanced(big, 2, 3, 9, b"half"));
        file.extend(block(big, 3, &[words(big, &[3]), b"yes".to_vec()].concat()));
        let id = if big { 1 << 16 } else { 1 };
        file.extend(block(big, 2, &[words(big, &[id, 0, 7, 3, 4]), b"old".to_vec()].concat()));
    }
    let (seen, damage) = read(file);
    assert!(damage.is_none(), "{damage:?}");
    let expected = [
        (1_000_001_000, 9, 1, b"micro".to_vec()),
        (1_000_000_002, 9, 101, b"nano".to_vec()),
        (2_500_000_000, 9, 113, b"half".to_vec()),
        (2_500_000_000, 3, 1, b"yes".to_vec()),
        (7, 4, 101, b"old".to_vec()),
    ];
    assert_eq!(seen, [expected.clone(), expected].concat());
}

#[test]
fn impossible_blocks_are_damage() {
    let good = [section(false), interface(false, 1, &[])].concat();
    let offset = good.len();
    for (bad, expected) in [
        (words(false, &[6, 8, 0]), "a block of 8 octets"),
        (words(false, &[6, 33, 0]), "a block of 33 octets"),
        (words(false, &[0x0bad, 0xffff_fff0, 0]), "block cut short"),
        (words(false, &[6, 0xffff_fff0, 0, 0, 0, 0xffff_0000, 0]), "a frame of 4294901760 octets"),
        (enhanced(false, 5, 0, 1, b"a"), "interface 5"),
        (block(false, 6, &words(false, &[0, 0, 0, 100, 100])), "a frame of 100 octets in a block of 32"),
        (block(false, 6, b"short"), "cut short"),
        (block(false, 1, b"few"), "an interface that cannot be"),
        (words(false, &[6, 32, 0, 0, 0, 0, 0, 36]), "that ends as one of 36"),
        (vec![0; 5], "5 octets, expected at least 12"),
        (words(false, &[0x0A0D_0D0A, 28, 3]), "neither big nor little"),
    ] {
        let (seen, damage) = read([good.clone(), bad].concat());
        let damage = damage.unwrap();
        assert!(seen.is_empty() && damage.what.contains(expected), "{damage}");
        assert_eq!(damage.offset, offset as u64, "{damage}");
    }
}

#[test]
fn frames_longer_than_a_read_are_whole() {
    // A reader that gives little at a time.
    struct Drip(Cursor<Vec<u8>>);
    impl Read for Drip {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = into.len().min(1000);
            self.0.read(&mut into[..n])
        }
    }
    let mut file = pcap(false, 0xa1b2_c3d4, 1);
    for i in 0..20u8 {
        file.extend(words(false, &[0, 0, 200_000, 200_000]));
        file.extend(vec![i; 200_000]);
    }
    let mut capture = Capture::open(Box::new(Drip(Cursor::new(file)))).unwrap();
    for i in 0..20u8 {
        let frame = capture.next_frame().unwrap().unwrap();
        assert!(frame.data.len() == 200_000 && frame.data.iter().all(|b| *b == i));
    }
    assert!(capture.next_frame().unwrap().is_none());
}

proptest! {
    #[test]
    fn arbitrary_octets_neither_panic_nor_hang(file in proptest::collection::vec(any::<u8>(), 0..600)) {
        read(file);
    }

    #[test]
    fn arbitrary_octets_behind_a_header_neither_panic_nor_hang(
        which in 0usize..5, rest in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let head = match which {
            0 => pcap(false, 0xa1b2_c3d4, 1),
            1 => pcap(true, 0xa1b2_3c4d, 1),
            2 => section(false),
            3 => [section(true), interface(true, 1, &[])].concat(),
            _ => [section(false), words(false, &[1, rest.len() as u32 / 4 * 4 + 12])].concat(),
        };
        read([head, rest].concat());
    }

    #[test]
    fn small_damage_to_a_good_file_neither_panics_nor_hangs(at in 0usize..150, octet: u8) {
        let mut file = [section(false), interface(false, 1, &[9, 0, 1, 0, 6, 0, 0, 0]), enhanced(false, 0, 5, 5, b"hello")].concat();
        let len = file.len();
        file[at % len] = octet;
        read(file);
    }
}
