use std::io::Write;
use std::net::{TcpStream, UdpSocket};

use proptest::prelude::*;

use super::*;
use crate::net::{SendOptions, StreamSender};

const WAIT: Duration = Duration::from_secs(5);

/// A message of IPFIX of a length, filled with an octet.
fn message(length: u16, fill: u8) -> Vec<u8> {
    let mut octets = vec![fill; usize::from(length)];
    octets[..2].copy_from_slice(&IPFIX.to_be_bytes());
    octets[2..4].copy_from_slice(&length.to_be_bytes());
    octets
}

fn listener(options: ListenOptions) -> (StreamListener, Endpoint) {
    // Another socket may take the port between two calls: then it is not there to be taken.
    for _ in 0..20 {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at: Endpoint = format!("127.0.0.1/0/{port}").parse().unwrap();
        if let Ok(listener) = StreamListener::bind(&at, Transport::Tcp, options) {
            return (listener, format!("0/127.0.0.1/{port}").parse().unwrap());
        }
    }
    panic!("no free port");
}

/// What has happened, in words and octets.
#[derive(Default)]
struct Heard {
    messages: Vec<(u64, Vec<u8>)>,
    opened: usize,
    closed: Vec<(u64, String)>,
    refused: Vec<Refusal>,
}

impl Heard {
    /// Listens until enough has happened.
    fn until(&mut self, listener: &mut StreamListener, enough: impl Fn(&Heard) -> bool) {
        let start = Instant::now();
        while !enough(self) && start.elapsed() < WAIT {
            let note = |event: Event<'_>| match event {
                Event::Opened(_) => self.opened += 1,
                Event::Message(peer, octets) => self.messages.push((peer.connection, octets.to_vec())),
                Event::Closed(peer, ending) => self.closed.push((peer.connection, ending.to_string())),
                Event::Refused(_, refusal) => self.refused.push(refusal),
            };
            listener.receive(Duration::from_millis(20), note).unwrap();
        }
        assert!(enough(self), "{} messages, closed: {:?}", self.messages.len(), self.closed);
    }
}

#[test]
fn messages_arrive_whole_and_in_order_of_every_size() {
    let (mut listener, to) = listener(ListenOptions::default());
    let sizes: Vec<u16> = vec![16, 17, 1464, u16::MAX, 16, 40_000, u16::MAX, u16::MAX, 100];
    let sent = sizes.clone();
    let sending = std::thread::spawn(move || {
        let mut sender = StreamSender::connect(&to, Transport::Tcp, &SendOptions::default()).unwrap();
        for (n, size) in sent.into_iter().enumerate() {
            sender.send(&message(size, n as u8)).unwrap();
        }
        sender.finish().unwrap();
    });
    let mut heard = Heard::default();
    heard.until(&mut listener, |heard| !heard.closed.is_empty());
    sending.join().unwrap();
    let expected: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(n, size)| message(*size, n as u8)).collect();
    assert!(heard.messages.iter().map(|(_, octets)| octets).eq(expected.iter()));
    assert_eq!((heard.opened, listener.connections()), (1, 0));
    assert_eq!(heard.closed[0].1, "the exporter closed the connection");
}

#[test]
fn connections_do_not_disturb_each_other() {
    let (mut listener, to) = listener(ListenOptions::default());
    let connect = || TcpStream::connect(to.destination().unwrap()).unwrap();
    let (mut one, mut two, mut bad, mut short, mut cut) = (connect(), connect(), connect(), connect(), connect());
    let whole = message(1000, 7);
    one.write_all(&whole[..999]).unwrap();
    two.write_all(&whole).unwrap();
    bad.write_all(&[&whole[..], b"GET / HTTP/1.1\r\n"].concat()).unwrap();
    short.write_all(&[0, 10, 0, 15, 9]).unwrap();
    cut.write_all(&whole[..3]).unwrap();
    drop(cut);
    let mut heard = Heard::default();
    heard.until(&mut listener, |heard| heard.messages.len() == 2 && heard.closed.len() == 3);
    one.write_all(&whole[999..]).unwrap();
    heard.until(&mut listener, |heard| heard.messages.len() == 3);
    assert!(heard.messages.iter().all(|(_, octets)| *octets == whole));
    heard.closed.sort();
    let words: Vec<&str> = heard.closed.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(
        words,
        [
            "version 18245, expected IPFIX (10): the connection was closed",
            "a message of 15 octets, expected at least 16: the connection was closed",
            "the connection ended within a message, after 3 octets of it",
        ]
    );
    assert_eq!(listener.connections(), 2);
}

#[test]
fn the_silent_and_the_too_many_are_sent_away() {
    let short = Duration::from_millis(150);
    let options = ListenOptions { connections: 2, idle: Duration::from_secs(60), stalled: short };
    let (mut listener, to) = listener(options);
    let connect = || TcpStream::connect(to.destination().unwrap()).unwrap();
    let (mut one, _two, _three) = (connect(), connect(), connect());
    let mut heard = Heard::default();
    heard.until(&mut listener, |heard| heard.opened == 2 && heard.refused.len() == 1);
    assert_eq!(heard.refused, [Refusal::Full]);
    one.write_all(&[0, 10, 1]).unwrap();
    heard.until(&mut listener, |heard| heard.closed.len() == 1);
    assert_eq!(heard.closed[0].1, "nothing came for too long: the connection was closed");
    assert_eq!(listener.connections(), 1);
}

#[test]
fn only_the_remote_address_is_heard() {
    let (_, to) = listener(ListenOptions::default());
    let at = format!("127.0.0.1/127.0.0.2/{}", to.port).parse().unwrap();
    let mut listener = StreamListener::bind(&at, Transport::Tcp, ListenOptions::default()).unwrap();
    let _stranger = TcpStream::connect(to.destination().unwrap()).unwrap();
    let from = format!("127.0.0.2/127.0.0.1/{}", to.port).parse().unwrap();
    let mut sender = StreamSender::connect(&from, Transport::Tcp, &SendOptions::default()).unwrap();
    sender.send(&message(20, 1)).unwrap();
    sender.flush().unwrap();
    let mut heard = Heard::default();
    heard.until(&mut listener, |heard| heard.messages.len() == 1 && heard.refused.len() == 1);
    assert_eq!((heard.refused, heard.opened), (vec![Refusal::NotHeard], 1));
}

#[test]
fn a_lost_connection_is_said_not_taken_for_a_closed_pipe() {
    let (mut listener, to) = listener(ListenOptions::default());
    let mut sender = StreamSender::connect(&to, Transport::Tcp, &SendOptions::default()).unwrap();
    sender.send(b"no message").unwrap();
    sender.flush().unwrap();
    let mut heard = Heard::default();
    heard.until(&mut listener, |heard| heard.closed.len() == 1);
    let error = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(5));
        sender.send(&message(20, 1)).and_then(|()| sender.flush()).err()
    });
    assert_eq!(error.unwrap().to_string(), "the collector closed the connection; what was on its way is lost");
    drop(listener);
    let error = StreamSender::connect(&to, Transport::Tcp, &SendOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn sctp_is_there_or_its_absence_is_said() {
    let at = "127.0.0.1/0/4739".parse().unwrap();
    if let Err(error) = StreamListener::bind(&at, Transport::Sctp, ListenOptions::default()) {
        let known = [ErrorKind::Unsupported, ErrorKind::AddrInUse, ErrorKind::PermissionDenied];
        assert!(known.contains(&error.kind()), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_octets_come_messages_are_the_same(
        sizes in prop::collection::vec(16u16..300, 0..20),
        tail in prop::collection::vec(any::<u8>(), 0..40),
        cuts in prop::collection::vec(1usize..200, 1..20),
    ) {
        let mut octets: Vec<u8> = sizes.iter().flat_map(|size| message(*size, 3)).collect();
        octets.extend(&tail);
        let mut all = Vec::new();
        let end = whole(&octets, |message| all.push(message.to_vec()));
        prop_assert!(all.len() >= sizes.len());
        // In pieces, what is not taken staying in front of the next.
        let (mut rest, mut pieces, mut from, mut cut) = (Vec::new(), Vec::new(), 0, cuts.iter().cycle());
        let mut broken = false;
        while from < octets.len() && !broken {
            let to = octets.len().min(from + cut.next().unwrap());
            rest.extend_from_slice(&octets[from..to]);
            from = to;
            match whole(&rest, |message| pieces.push(message.to_vec())) {
                Ok(taken) => _ = rest.drain(..taken),
                Err(_) => broken = true,
            }
        }
        prop_assert_eq!(broken, end.is_err());
        prop_assert_eq!(pieces, all);
    }
}
