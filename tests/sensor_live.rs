//! flow-sensor on network interfaces, in network namespaces: what it exports, stores and says, and how it ends.

mod common;

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};
use std::{fs, thread};

use common::namespace::{Sender, cable, frame, inside, ip};
use common::{fine, started, stderr};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SENSOR: &str = env!("CARGO_BIN_EXE_flow-sensor");
const CONTROL: &str = env!("CARGO_BIN_EXE_flow-sensorctl");
const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");
const PATIENCE: Duration = Duration::from_secs(10);

/// A sensor in the foreground.
struct Running(Option<Child>);

impl Running {
    /// Starts it, and waits until it listens.
    fn start(args: &str) -> Running {
        let mut command = Command::new(SENSOR);
        // Of an option given twice the last counts.
        command.args(["-d", "-c", "none"]).args(args.split_whitespace()).env("TZ", "UTC");
        Running(Some(started(&mut command, "listening on")))
    }

    fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Ends it by SIGTERM, and returns what it said.
    fn end(mut self) -> String {
        let child = self.0.take().unwrap();
        kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The number on the line that begins with `what`.
fn number(said: &str, what: &str) -> u64 {
    let line = said.lines().find_map(|line| line.trim().strip_prefix(what));
    let line = line.unwrap_or_else(|| panic!("no line {what:?}: {said}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn collector() -> (UdpSocket, u16) {
    ip("link set dev lo up");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// What flow-stat's summary says of a flow file or folder.
fn totals(path: &Path) -> [u64; 3] {
    let text = String::from_utf8(fine(STAT, &["-f0", path.to_str().unwrap()], b"")).unwrap();
    ["Total Flows", "Total Octets", "Total Packets"].map(|what| {
        let line = text.lines().find(|line| line.starts_with(what)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    })
}

#[test]
fn a_flow_is_exported_when_it_is_over() {
    if !inside("a_flow_is_exported_when_it_is_over") {
        return;
    }
    cable();
    let (socket, port) = collector();
    let sensor = Running::start(&format!("-i 7:b --user root --chroot none -n 127.0.0.1:{port} -t udp=1 -t expint=1"));
    let sender = Sender::new("a");
    (0..3).for_each(|_| sender.send(&frame(&[], 5000, 72)));
    let (begin, mut datagram) = (Instant::now(), [0; 1500]);
    let len = socket.recv(&mut datagram).unwrap();
    assert!(begin.elapsed() < Duration::from_millis(4500), "after {:?}", begin.elapsed());
    let record = &datagram[24..len];
    assert_eq!((&datagram[..4], record.len()), (&[0, 5, 0, 1][..], 48));
    assert_eq!(&record[..8], [10, 0, 0, 1, 10, 0, 0, 2]);
    assert_eq!((&record[16..24], &record[32..36]), (&[0, 0, 0, 3, 0, 0, 1, 44][..], &[0x13, 0x88, 0, 9][..]));
    let said = sensor.end();
    assert_eq!((number(&said, "Packets processed:"), number(&said, "Flows exported:")), (3, 1));
}

#[test]
fn a_single_packet_is_in_the_statistics_within_a_second() {
    if !inside("a_single_packet_is_in_the_statistics_within_a_second") {
        return;
    }
    cable();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("control");
    let sensor = Running::start(&format!("-i b --user root --chroot none -c {}", socket.display()));
    let packets = || {
        let said = fine(CONTROL, &["-c", socket.to_str().unwrap(), "statistics"], b"");
        number(&String::from_utf8(said).unwrap(), "Packets processed:")
    };
    assert_eq!(packets(), 0);
    Sender::new("a").send(&frame(&[], 1, 0));
    let sent = Instant::now();
    while packets() == 0 && sent.elapsed() < PATIENCE {}
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
    sensor.end();
}

#[test]
fn its_own_exports_are_not_metered() {
    if !inside("its_own_exports_are_not_metered") {
        return;
    }
    let (socket, port) = collector();
    for version in [5, 10] {
        let args = format!("-i lo --user root --chroot none -v {version} -n 127.0.0.1:{port} -t udp=1 -t expint=1");
        let sensor = Running::start(&args);
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        other.send_to(&[0; 100], to.local_addr().unwrap()).unwrap();
        socket.recv(&mut [0; 1500]).unwrap();
        thread::sleep(Duration::from_millis(700));
        let said = sensor.end();
        assert_eq!(number(&said, "Packets processed:"), 1, "{said}");
    }
}

#[test]
fn a_signal_exports_what_is_held() {
    if !inside("a_signal_exports_what_is_held") {
        return;
    }
    cable();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    let args = "--user root --chroot none -v 10 --threads 2 -i b -i a";
    let sensor = Running::start(&format!("{args} -w {}", path.display()));
    let sender = Sender::new("a");
    (0..50).for_each(|port| sender.send(&frame(&[], port, 72)));
    let said = sensor.end();
    // Each packet leaves one interface and comes in by the other.
    assert_eq!((number(&said, "Packets processed:"), totals(&path)), (100, [100, 10_000, 100]), "{said}");
}

#[test]
fn an_expression_says_what_is_metered() {
    if !inside("an_expression_says_what_is_metered") {
        return;
    }
    cable();
    // Where libpcap is.
    if flowtools::meter::filter::Program::compile("udp", flowtools::meter::link::LinkType::ETHERNET, 64).is_err() {
        return eprintln!("passed over: no libpcap");
    }
    let sensor = Running::start("-i b --user root --chroot none src port 7 or vlan 3");
    let sender = Sender::new("a");
    (0..20).for_each(|port| sender.send(&frame(&[], port, 72)));
    sender.send(&frame(&[[0x8100, 3]], 99, 72));
    sender.send(&frame(&[[0x8100, 4]], 7, 72));
    thread::sleep(Duration::from_millis(300));
    let said = sensor.end();
    assert_eq!(number(&said, "Packets processed:"), 2, "{said}");
}

#[test]
fn an_archive_is_kept_as_flow_capture_keeps_it() {
    if !inside("an_archive_is_kept_as_flow_capture_keeps_it") {
        return;
    }
    cable();
    let folder = tempfile::tempdir().unwrap();
    let root = format!("-i b --user root --chroot none -v 10 -w {} --nesting 0 -t udp=1", folder.path().display());
    let sensor = Running::start(&format!("{root} -t expint=1"));
    let sender = Sender::new("a");
    (0..50).for_each(|port| sender.send(&frame(&[], port, 72)));
    let until = Instant::now() + PATIENCE;
    let files = |start: &str| {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
        names.filter(|entry| entry.file_name().to_string_lossy().starts_with(start)).collect::<Vec<_>>()
    };
    while files("tmp-").is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(sensor.id() as i32), Signal::SIGHUP).unwrap();
    while files("ft-").is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    (0..50).for_each(|port| sender.send(&frame(&[], 1000 + port, 72)));
    thread::sleep(Duration::from_millis(200));
    sensor.end();
    assert_eq!((files("ft-").len(), files("tmp-").len()), (2, 0));
    assert_eq!(totals(folder.path()), [100, 10_000, 100]);
}

#[test]
fn a_lost_connection_is_made_again_with_templates() {
    if !inside("a_lost_connection_is_made_again_with_templates") {
        return;
    }
    cable();
    ip("link set dev lo up");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let args = format!("-i b --user root --chroot none -v 10 -P tcp -n 127.0.0.1:{port} -t udp=1 -t expint=1");
    let sensor = Running::start(&args);
    let first = listener.accept().unwrap().0;
    let sender = Sender::new("a");
    // A flow each: one that packets keep coming for is not over.
    let mut ports = 1..;
    let mut send = || sender.send(&frame(&[], ports.next().unwrap(), 72));
    let begins_with_a_template = |mut stream: std::net::TcpStream, send: &mut dyn FnMut()| {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // What is sent to a lost connection is lost too: once more until something comes.
        let mut message = [0; 18];
        let until = Instant::now() + PATIENCE;
        stream.set_nonblocking(true).unwrap();
        while stream.peek(&mut message).is_err() && Instant::now() < until {
            send();
            thread::sleep(Duration::from_millis(300));
        }
        stream.set_nonblocking(false).unwrap();
        stream.read_exact(&mut message).unwrap();
        // Templates, of options or of flows.
        assert!(message[..2] == [0, 10] && matches!(message[16..], [0, 2 | 3]), "{message:?}");
    };
    begins_with_a_template(first, &mut send);
    // That closed it. Flows that go nowhere tell.
    listener.set_nonblocking(true).unwrap();
    let until = Instant::now() + 2 * PATIENCE;
    let second = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        send();
        thread::sleep(Duration::from_millis(200));
    };
    begins_with_a_template(second, &mut send);
    drop(sensor);
}

#[test]
fn rights_are_given_up() {
    if !inside("rights_are_given_up") {
        return;
    }
    // In a user namespace there is nobody else to become.
    if fs::read_to_string("/proc/self/uid_map").unwrap().split_whitespace().nth(2) == Some("1") {
        return eprintln!("passed over: needs root");
    }
    cable();
    ip("link set dev lo up");
    let folder = tempfile::tempdir().unwrap();
    let (root, pid) = (folder.path().join("made/by/itself"), folder.path().join("pid"));
    let flows = folder.path().join("flows");
    let status = Command::new(SENSOR)
        .args(["-i", "b", "-c", "none", "-n", "127.0.0.1:9", "-p"])
        .arg(&pid)
        .arg("-w")
        .arg(&flows)
        .arg("--chroot")
        .arg(&root)
        .status();
    assert!(status.unwrap().success());
    let until = Instant::now() + PATIENCE;
    let read = || fs::read_to_string(&pid).ok().and_then(|text| text.trim().parse::<i32>().ok());
    while read().is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    let id = read().unwrap();
    let about = |what: &str| fs::read_to_string(format!("/proc/{id}/{what}")).unwrap();
    let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
    while !about("status").contains(&format!("Uid:\t{0}\t{0}\t{0}\t{0}", nobody.uid)) && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(about("status").contains(&format!("Uid:\t{0}\t{0}\t{0}\t{0}", nobody.uid)), "{}", about("status"));
    assert!(about("status").contains("CapEff:\t0000000000000000"));
    assert_eq!(fs::read_link(format!("/proc/{id}/root")).unwrap(), root.canonicalize().unwrap());
    kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    while Path::new(&format!("/proc/{id}/fd/0")).exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(Instant::now() < until, "it does not end");
    // The file was opened while it might be, and is whole.
    let header = common::run_in(folder.path(), env!("CARGO_BIN_EXE_flow-header"), &["flows"], b"");
    let text = String::from_utf8_lossy(&header.stdout).into_owned();
    assert!(header.status.success() && text.contains("# capture end:"), "{text}{}", common::stderr(&header));
}
