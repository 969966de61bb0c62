//! Live capture and filters, in network namespaces of their own: each test runs itself again under `unshare`.

mod common;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use common::namespace::{Sender, cable, frame, inside, ip};
use flowtools::meter::filter::Program;
use flowtools::meter::link::LinkType;
use flowtools::meter::live::{Fanout, Interface, Live, Options, Trouble};

/// What was captured: time, length on the wire, octets.
type Seen = (u64, u32, Vec<u8>);

/// Receives until there are so many frames, or for a second; then what comes in a little longer.
fn receive(live: &mut Live, frames: usize) -> Vec<Seen> {
    let (mut seen, begin) = (Vec::new(), Instant::now());
    let mut end = begin + Duration::from_secs(1);
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        let taken = live.receive(left, |frame| {
            seen.push((frame.time_ns, frame.wire_len, frame.data.to_vec()));
            Ok::<_, ()>(())
        });
        taken.unwrap();
        if seen.len() >= frames {
            end = end.min(Instant::now() + Duration::from_millis(50));
        }
    }
    seen
}

fn open(interface: &str) -> Live {
    Live::open(&Options { buffer: 1 << 20, ..Options::new(interface) }).unwrap()
}

fn datagrams(seen: &[Seen]) -> Vec<Vec<u8>> {
    seen.iter().map(|(_, _, octets)| octets.clone()).collect()
}

#[test]
fn frames_are_seen_once_and_at_once_at_both_ends() {
    if !inside("frames_are_seen_once_and_at_once_at_both_ends") {
        return;
    }
    cable();
    let (mut here, mut there) = (open("a"), open("b"));
    assert_eq!((here.link(), here.name()), (LinkType::ETHERNET, "a"));
    assert_ne!(here.index(), there.index());
    let sender = Sender::new("a");
    let sent: Vec<_> = (1..=3).map(|port| frame(&[], port, 20)).collect();
    let (begin, clock) = (Instant::now(), std::time::UNIX_EPOCH.elapsed().unwrap());
    sent.iter().for_each(|frame| sender.send(frame));
    let seen = receive(&mut there, 3);
    assert!(begin.elapsed() < Duration::from_millis(500), "seen after {:?}", begin.elapsed());
    assert_eq!(datagrams(&seen), sent);
    for (time, wire_len, octets) in &seen {
        let late = Duration::from_nanos(*time).abs_diff(clock);
        assert!(late < Duration::from_millis(500), "stamped {late:?} off");
        assert_eq!(*wire_len as usize, octets.len());
    }
    assert_eq!(datagrams(&receive(&mut here, 3)), sent, "what is sent is captured too");
    let counts = there.counts().unwrap();
    assert_eq!((counts.received, counts.dropped), (3, 0));
}

#[test]
fn little_is_captured_of_long_frames() {
    if !inside("little_is_captured_of_long_frames") {
        return;
    }
    cable();
    let mut live = Live::open(&Options { snaplen: 100, ..Options::new("b") }).unwrap();
    let sent = frame(&[], 1, 1400);
    Sender::new("a").send(&sent);
    let seen = receive(&mut live, 1);
    let [(_, wire_len, octets)] = &seen[..] else { panic!("{} frames", seen.len()) };
    assert_eq!((*wire_len as usize, &octets[..]), (sent.len(), &sent[..100]));
}

#[test]
fn tags_the_kernel_took_out_are_back() {
    if !inside("tags_the_kernel_took_out_are_back") {
        return;
    }
    cable();
    let filter = |expression| Program::compile(expression, LinkType::ETHERNET, 256);
    let sent = [
        frame(&[[0x8100, 0x2005]], 1, 20),
        frame(&[], 2, 20),
        frame(&[[0x88a8, 7], [0x8100, 8]], 3, 20),
        frame(&[[0x8100, 6]], 4, 20),
    ];
    let mut all = open("b");
    let mut some = filter("vlan 5").ok().map(|filter| {
        assert!(filter.looks_for_tags());
        Live::open(&Options { filter: Some(filter), ..Options::new("b") }).unwrap()
    });
    let mut any = open("any");
    let sender = Sender::new("a");
    sent.iter().for_each(|frame| sender.send(frame));
    let seen = receive(&mut all, 4);
    assert_eq!(datagrams(&seen), sent);
    assert!(seen.iter().all(|(_, wire_len, octets)| *wire_len as usize == octets.len()));
    if let Some(some) = &mut some {
        assert_eq!(datagrams(&receive(some, 1)), sent[..1]);
    }
    // Cooked: twice, for each end of the cable is an interface.
    let seen = receive(&mut any, 8);
    let cooked: Vec<_> = seen.iter().map(|(_, _, octets)| octets).filter(|octets| octets[10] != 4).collect();
    assert_eq!((seen.len(), cooked.len()), (8, 4));
    for (cooked, sent) in cooked.into_iter().zip(&sent) {
        assert_eq!((&cooked[..2], &cooked[20..]), (&sent[12..14], &sent[14..]));
    }
}

#[test]
fn what_one_sends_oneself_is_seen_once() {
    if !inside("what_one_sends_oneself_is_seen_once") {
        return;
    }
    ip("link set lo up");
    let mut captures = [open("lo"), open("any")];
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..5 {
        socket.send_to(b"once", socket.local_addr().unwrap()).unwrap();
    }
    for live in &mut captures {
        let seen = receive(live, 5);
        assert_eq!(seen.len(), 5, "on {}", live.name());
        assert!(seen.iter().all(|(_, _, octets)| octets.ends_with(b"once")));
        assert_eq!(live.counts().unwrap().received, 5, "on {}", live.name());
    }
}

#[test]
fn what_the_ring_has_no_room_for_is_counted() {
    if !inside("what_the_ring_has_no_room_for_is_counted") {
        return;
    }
    cable();
    let mut live = Live::open(&Options { buffer: 0, ..Options::new("b") }).unwrap();
    let (sender, sent) = (Sender::new("a"), frame(&[], 1, 400));
    const FRAMES: u64 = 2000;
    (0..FRAMES).for_each(|_| sender.send(&sent));
    let mut seen = 0;
    let taken = live.finish(|_| {
        seen += 1;
        Ok::<_, ()>(())
    });
    assert_eq!(taken.unwrap() as u64, seen);
    sender.send(&sent);
    assert_eq!(receive(&mut live, 1), [], "nothing comes any more");
    let counts = live.counts().unwrap();
    assert_eq!((counts.received, counts.received - counts.dropped), (FRAMES, seen));
    assert!(counts.dropped > 0 && counts.freezes > 0, "{counts:?}");
    assert_eq!(live.counts().unwrap(), counts, "counts stay");
}

#[test]
fn filters_choose_in_the_kernel() {
    if !inside("filters_choose_in_the_kernel") {
        return;
    }
    cable();
    let Ok(filter) = Program::compile("udp src port 2", LinkType::ETHERNET, 256) else { return };
    assert!(!filter.looks_for_tags());
    let mut live = Live::open(&Options { filter: Some(filter.clone()), ..Options::new("b") }).unwrap();
    let sender = Sender::new("a");
    (1..=3).for_each(|port| sender.send(&frame(&[], port, 20)));
    assert_eq!(datagrams(&receive(&mut live, 1)), [frame(&[], 2, 20)]);
    assert_eq!(live.counts().unwrap().received, 1);
    let error = Live::open(&Options { filter: Some(filter), ..Options::new("any") }).err().unwrap();
    assert!(error.starts_with("any: the filter is for link type 1"), "{error}");
}

#[test]
fn a_group_shares_packets_by_flow() {
    if !inside("a_group_shares_packets_by_flow") {
        return;
    }
    cable();
    let options = Options { fanout: Some(Fanout { group: 7 }), buffer: 1 << 20, ..Options::new("b") };
    let mut group = [Live::open(&options).unwrap(), Live::open(&options).unwrap()];
    let sender = Sender::new("a");
    for _ in 0..2 {
        (1..=50).for_each(|port| sender.send(&frame(&[], port, 20)));
    }
    let shares = group.each_mut().map(|live| {
        let mut seen = datagrams(&receive(live, 100));
        seen.sort();
        seen
    });
    assert_eq!(shares[0].len() + shares[1].len(), 100);
    for share in &shares {
        assert!(!share.is_empty(), "all went to one");
        assert!(share.chunks(2).all(|both| both[0] == both[1]), "a flow went to both");
    }
}

#[test]
fn interfaces_that_go_say_so() {
    if !inside("interfaces_that_go_say_so") {
        return;
    }
    cable();
    let mut live = open("b");
    let trouble = |live: &mut Live| match live.receive(Duration::from_secs(1), |_| Ok::<_, ()>(())) {
        Err(Trouble::Io(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    ip("link set dev b down");
    assert_eq!(trouble(&mut live), "b: is down");
    ip("link set dev b up");
    let sent = frame(&[], 1, 20);
    Sender::new("a").send(&sent);
    assert_eq!(datagrams(&receive(&mut live, 1)), [sent]);
    ip("link del dev a");
    let mut words = trouble(&mut live);
    if words == "b: is down" {
        words = trouble(&mut live);
    }
    assert_eq!(words, "b: was removed");
    let error = Live::open(&Options::new("b")).err().unwrap();
    assert!(error.starts_with("b: no such interface, expected one of lo"), "{error}");
}

#[test]
fn tunnels_have_nothing_before_their_packets() {
    if !inside("tunnels_have_nothing_before_their_packets") {
        return;
    }
    ip("tuntap add mode tun name t0");
    assert_eq!(Interface::find("t0").unwrap().link, LinkType::RAW);
    assert_eq!(Interface::find("any").unwrap().link, LinkType::LINUX_SLL2);
}
