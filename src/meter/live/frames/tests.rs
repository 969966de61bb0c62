use proptest::prelude::*;

use super::*;
use crate::meter::link::LinkType;

/// A block as the kernel makes them, with frames of this device type; each with its tag.
fn block(device: u16, frames: &[(&[u8], Option<[u16; 2]>)]) -> Vec<u8> {
    // Status apart: number of frames, first, length, sequence number, times.
    let mut block = vec![0; 48 - BEHIND_STATUS];
    block[..4].copy_from_slice(&(frames.len() as u32).to_ne_bytes());
    block[4..8].copy_from_slice(&48_u32.to_ne_bytes());
    for (octets, tag) in frames {
        let (link, room) = (14_u16, 96 + RESERVE as u16);
        let status = tag.map_or(0, |_| TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID);
        let [kind, tag] = tag.unwrap_or_default();
        let len = octets.len() as u32;
        let next = (u32::from(room) + len).next_multiple_of(16);
        let mut frame = Vec::new();
        for number in [next, 7, 8, len, len + 100, status] {
            frame.extend(number.to_ne_bytes());
        }
        frame.extend((room - link).to_ne_bytes());
        frame.extend(room.to_ne_bytes());
        frame.extend([0; 4]);
        frame.extend(u32::from(tag).to_ne_bytes());
        frame.extend(kind.to_ne_bytes());
        frame.resize(HEADER, 0);
        frame.extend(17_u16.to_ne_bytes());
        frame.extend([0x86, 0xdd]);
        frame.extend(3_u32.to_ne_bytes());
        frame.extend(device.to_ne_bytes());
        frame.extend([4, 6, 1, 2, 3, 4, 5, 6, 0, 0]);
        frame.resize(usize::from(room - link), 0xee);
        frame.extend(*octets);
        frame.resize(next as usize, 0xee);
        block.extend(frame);
    }
    block
}

fn all(mut block: Vec<u8>, framing: Framing) -> Vec<(u64, u32, LinkType, Vec<u8>)> {
    let mut frames = Frames::new(&mut block);
    let mut all = Vec::new();
    while let Some(frame) = frames.next(framing) {
        all.push((frame.time_ns, frame.wire_len, frame.link, frame.data.to_vec()));
    }
    all
}

const PLAIN: &[u8] = b"ddddddssssss\x08\x00packet";

#[test]
fn tags_stand_where_they_stood() {
    let block = block(1, &[(PLAIN, None), (PLAIN, Some([0x88a8, 0x6007])), (PLAIN, None), (b"short", Some([1, 2]))]);
    let seen = all(block, Framing::Ethernet);
    let time = 7_000_000_008;
    let plain = (time, 120, LinkType::ETHERNET, PLAIN.to_vec());
    let tagged = (time, 124, LinkType::ETHERNET, b"ddddddssssss\x88\xa8\x60\x07\x08\x00packet".to_vec());
    let short = (time, 105, LinkType::ETHERNET, b"short".to_vec());
    assert_eq!(seen, [plain.clone(), tagged, plain, short]);
}

#[test]
fn cooked_headers_say_what_the_kernel_knows() {
    let seen = all(block(1, &[(PLAIN, None), (PLAIN, Some([0x8100, 5]))]), Framing::Cooked);
    let header = |kind: &[u8], device| [kind, &[0, 0, 0, 0, 0, 3, 0, device, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0]].concat();
    let plain = [header(&[8, 0], 1), b"packet".to_vec()].concat();
    let tagged = [header(&[0x81, 0], 1), b"\0\x05\x08\0packet".to_vec()].concat();
    let time = 7_000_000_008;
    let sll = LinkType::LINUX_SLL2;
    assert_eq!(seen, [(time, 126, sll, plain), (time, 130, sll, tagged)]);
    // A device without Ethernet headers: the kernel says where the packet begins, and what it is.
    let seen = all(block(200, &[(PLAIN, None)]), Framing::Cooked);
    assert_eq!(seen, [(time, 126, sll, [header(&[0x86, 0xdd], 200), b"packet".to_vec()].concat())]);
}

proptest! {
    #[test]
    fn whatever_a_block_says_stays_inside_it(
        noise in prop::collection::vec(any::<u8>(), 0..400),
        at in 0..400_usize,
        octets in prop::collection::vec(any::<u8>(), 0..40),
        small in prop::collection::vec(0..300_u32, 0..40),
    ) {
        let mut good = block(1, &[(&octets, Some([0x8100, 1])), (&octets, None)]);
        let place = at.min(good.len());
        let numbers = small.iter().flat_map(|n| n.to_ne_bytes());
        good[place..].iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
        for octets in [noise, good] {
            for framing in [Framing::Ethernet, Framing::Raw, Framing::Cooked] {
                let seen = all(octets.clone(), framing);
                prop_assert!(seen.iter().all(|(_, _, _, data)| data.len() <= octets.len()));
            }
        }
    }
}
