use proptest::prelude::*;

use super::super::link::LinkType;
use super::super::packet::UDP;
use super::super::source::Frame;
use super::*;

const S: u64 = 1_000_000_000;

fn v4(source: u32, id: u16, bits: u16, protocol: u8) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    packet[6..8].copy_from_slice(&bits.to_be_bytes());
    [&packet[..], &source.to_be_bytes(), &[10, 0, 0, 2], &[0; 8]].concat()
}

/// A fragment behind whose header `next` follows.
fn v6(id: u32, bits: u16, next: u8, rest: &[u8]) -> Vec<u8> {
    let header = [&[next, 0][..], &bits.to_be_bytes(), &id.to_be_bytes()].concat();
    [&[0x60, 0, 0, 0, 0, 8 + rest.len() as u8, 44, 64][..], &[0x20; 32], &header, rest].concat()
}

fn resolve(table: &mut Fragments, data: &[u8], ports: [u16; 2], time_ns: u64) -> (u8, [u16; 2]) {
    let frame = Frame { time_ns, wire_len: data.len() as u32, link: LinkType::RAW, data };
    table.resolve(&Ip::of(&frame, false).unwrap(), ports, time_ns)
}

const PORTS: [u16; 2] = [1024, 53];
const FIRST: u16 = 0x2000;
const LATER: u16 = 0x2003;
const LAST: u16 = 7;

#[test]
fn later_fragments_have_their_firsts_ports() {
    let mut table = Fragments::default();
    let mut of = |id, bits, protocol, ports, time| resolve(&mut table, &v4(1, id, bits, protocol), ports, time * S);
    assert_eq!(of(9, LATER, UDP, [0; 2], 100), (UDP, [0; 2]));
    assert_eq!(of(9, FIRST, UDP, PORTS, 100), (UDP, PORTS));
    assert_eq!(of(9, LATER, UDP, [0; 2], 100), (UDP, PORTS));
    assert_eq!(of(9, LAST, UDP, [0; 2], 101), (UDP, PORTS));
    // Others' are not theirs, nor those of long ago.
    assert_eq!(of(8, LAST, UDP, [0; 2], 101), (UDP, [0; 2]));
    assert_eq!(of(9, LAST, 6, [0; 2], 101), (6, [0; 2]));
    assert_eq!(of(9, LAST, UDP, [0; 2], 131), (UDP, [0; 2]));
    // The number comes around.
    assert_eq!(of(9, FIRST, UDP, [7, 8], 200), (UDP, [7, 8]));
    assert_eq!(of(9, LAST, UDP, [0; 2], 199), (UDP, [7, 8]));
    assert_eq!(resolve(&mut table, &v4(2, 9, LAST, UDP), [0; 2], 200 * S), (UDP, [0; 2]));
}

#[test]
fn the_first_fragment_says_what_the_others_carry() {
    let mut table = Fragments::default();
    let options = [UDP, 0, 1, 4, 0, 0, 0, 0, 4, 0, 0, 53];
    assert_eq!(resolve(&mut table, &v6(1 << 20, 1, 60, &options), PORTS, S), (UDP, PORTS));
    assert_eq!(resolve(&mut table, &v6(1 << 20, 8, 60, &[0; 12]), [0; 2], S), (UDP, PORTS));
    assert_eq!(resolve(&mut table, &v6(1 << 21, 8, 60, &[0; 12]), [0; 2], S), (60, [0; 2]));
}

#[test]
fn a_flood_takes_the_oldest_places() {
    let mut table = Fragments::default();
    for n in 0..200_000u32 {
        resolve(&mut table, &v4(n, n as u16, FIRST, UDP), PORTS, S + u64::from(n));
    }
    let mut kept = 0;
    for n in 0..200_000u32 {
        kept += usize::from(resolve(&mut table, &v4(n, n as u16, LAST, UDP), [0; 2], 2 * S).1 == PORTS);
    }
    assert_eq!(kept, PLACES);
    // The newest are there.
    let newest =
        (199_000..200_000u32).filter(|n| resolve(&mut table, &v4(*n, *n as u16, LAST, UDP), [0; 2], 2 * S).1 == PORTS);
    assert!(newest.count() > 950);
}

proptest! {
    #[test]
    fn fragments_in_any_order_have_their_own_ports_or_none(
        fragments in proptest::collection::vec((0u16..50, any::<bool>(), 0u64..60), 0..200),
    ) {
        let mut table = Fragments::default();
        for (id, first, time) in fragments {
            let (bits, ports) = if first { (FIRST, [id, 80]) } else { (LATER, [0; 2]) };
            let (protocol, found) = resolve(&mut table, &v4(1, id, bits, UDP), ports, time * S);
            prop_assert!(protocol == UDP && (found == [id, 80] || (!first && found == [0; 2])));
        }
    }
}
