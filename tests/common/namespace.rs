//! Network namespaces of their own for tests of live capture: each test runs itself again under `unshare`.

use std::os::fd::AsRawFd;
use std::process::Command;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{LinkAddr, MsgFlags, sendto};

/// Runs the rest of a test in a network namespace; false says that this is not the place. Without the right to make
/// one, the test says so and passes.
pub fn inside(test: &str) -> bool {
    const INSIDE: &str = "FLOW_TOOLS_TEST_NAMESPACE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = |user: bool, program: &str| {
        let mut command = Command::new("unshare");
        // As root of a namespace, where there are no other rights.
        command.args(if user { &["--user", "--map-root-user"][..] } else { &[] }).arg("--net").arg(program);
        command
    };
    let possible = |user: &bool| {
        let mut command = unshare(*user, "ip");
        command.args(["link", "add", "name", "a", "type", "veth", "peer", "name", "b"]);
        command.output().is_ok_and(|output| output.status.success())
    };
    let Some(user) = [false, true].into_iter().find(possible) else {
        eprintln!("{test}: passed over: network namespaces need root, unshare (util-linux) and ip (iproute2)");
        return false;
    };
    let own = std::env::current_exe().unwrap();
    let status = unshare(user, own.to_str().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its namespace");
    false
}

/// Runs `ip` (iproute2).
pub fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Two interfaces joined by a cable, `a` and `b`, on which nobody says anything by himself.
pub fn cable() {
    // Where there is IPv6 at all.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    ip("link add name a type veth peer name b");
    ip("link set dev a up");
    ip("link set dev b up");
}

/// Sends whole frames from an interface.
pub struct Sender {
    socket: socket2::Socket,
    to: LinkAddr,
}

impl Sender {
    /// From the interface of this name.
    pub fn new(interface: &str) -> Sender {
        let socket = socket2::Socket::new(socket2::Domain::PACKET, socket2::Type::RAW, None).unwrap();
        let mut all = getifaddrs().unwrap().filter(|found| found.interface_name == interface);
        let to = all.find_map(|found| found.address?.as_link_addr().copied()).unwrap();
        Sender { socket, to }
    }

    /// Sends a frame.
    pub fn send(&self, frame: &[u8]) {
        let sent = sendto(self.socket.as_raw_fd(), frame, &self.to, MsgFlags::empty()).unwrap();
        assert_eq!(sent, frame.len());
    }
}

/// An Ethernet frame with tags, in which a UDP datagram goes from 10.0.0.1, `port`, to 10.0.0.2, port 9.
pub fn frame(tags: &[[u16; 2]], port: u16, payload: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    for tag in tags.iter().flatten() {
        frame.extend(tag.to_be_bytes());
    }
    frame.extend([0x08, 0x00, 0x45, 0]);
    frame.extend((28 + payload as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    for number in [port, 9, 8 + payload as u16, 0] {
        frame.extend(number.to_be_bytes());
    }
    frame.resize(frame.len() + payload, 0x55);
    frame
}
