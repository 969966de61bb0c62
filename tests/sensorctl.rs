//! flow-sensorctl: what it says of sensors that are not there, and what flow-sensor answers, in network namespaces.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use common::namespace::{Sender, cable, frame, inside, ip};
use common::{run, started, stderr};

const SENSOR: &str = env!("CARGO_BIN_EXE_flow-sensor");
const CTL: &str = env!("CARGO_BIN_EXE_flow-sensorctl");
const PATIENCE: Duration = Duration::from_secs(10);

/// A sensor on interface `b`, and its control socket.
struct Sensor {
    child: Child,
    socket: PathBuf,
}

impl Sensor {
    fn start(folder: &Path, args: &str) -> Sensor {
        let socket = folder.join("control");
        let mut command = Command::new(SENSOR);
        command.args(["-i", "b", "-d", "--chroot", "none", "-c"]).arg(&socket).args(args.split_whitespace());
        let child = started(command.env("TZ", "America/New_York"), "listening on b");
        Sensor { child, socket }
    }

    fn tell(&self, command: &[&str]) -> Output {
        let socket = ["-c", self.socket.to_str().unwrap()];
        run(CTL, &[&socket[..], command].concat(), b"")
    }

    /// A fine answer to a command, without the name and the number that it begins with.
    fn ask(&self, command: &[&str]) -> String {
        let output = self.tell(command);
        assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {}", stderr(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        let name = format!("flow-sensor[{}]: ", self.child.id());
        said.strip_prefix(&name).unwrap_or_else(|| panic!("no {name:?}: {said}")).to_owned()
    }

    /// The statistics, once there is a line in them.
    fn statistics_with(&self, line: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let said = self.ask(&["statistics"]);
            if said.lines().any(|l| l == line) {
                return said;
            }
            assert!(Instant::now() < until, "no {line:?}: {said}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// How it ended, having been told to.
    fn ended(&mut self) -> bool {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it has not ended");
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Someone who hears exports, and his address.
fn collector() -> (UdpSocket, String) {
    ip("link set dev lo up");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

/// What a collector gets next.
fn message(socket: &UdpSocket) -> Vec<u8> {
    let mut octets = vec![0; 65536];
    let len = socket.recv(&mut octets).unwrap();
    octets.truncate(len);
    octets
}

#[test]
fn commands_are_answered_in_softflowds_words() {
    if !inside("commands_are_answered_in_softflowds_words") {
        return;
    }
    cable();
    let (exports, address) = collector();
    let folder = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(folder.path(), &format!("-v 9 -t udp=90 -t maxlife=1w -n {address}"));
    let mode = fs::metadata(&sensor.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let timeouts = "Printing timeouts:\n           TCP timeout: 3600s\n  TCP post-RST timeout: 120s\n  TCP post-FIN \
                    timeout: 300s\n           UDP timeout: 90s\n          ICMP timeout: 300s\n       General timeout: \
                    3600s\n      Maximum lifetime: 604800s\n       Expiry interval: 60s\n";
    assert_eq!(sensor.ask(&["timeouts"]), timeouts);
    assert_eq!(sensor.ask(&["dump-flows"]), "Dumping flow data:\n");
    assert_eq!(sensor.ask(&["expire-all"]), "Expired 0 flows.\n");
    let cable = Sender::new("a");
    let arp = [&[0xff; 6][..], &[2, 0, 0, 0, 0, 1, 8, 6], &[0; 46]].concat();
    for frame in [frame(&[], 1000, 20), frame(&[], 1000, 20), frame(&[], 999, 100), arp] {
        cable.send(&frame);
    }
    let said = sensor.statistics_with("Packets processed: 3");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("Accumulated statistics since 20") && lines[0].ends_with(" UTC:"), "{said}");
    let expected = [
        "Number of active flows: 2",
        "Packets processed: 3",
        "Fragments: 0",
        "Ignored packets: 1 (1 non-IP, 0 too short)",
        "Flows expired: 0 (0 forced)",
        "Flows exported: 0 (0 records) in 0 packets (0 failures)",
        "Packets received by libpcap: 4",
        "Packets dropped by libpcap: 0",
        "Packets dropped by interface: 0",
        "",
        "Interface b: 4 packets taken, 0 dropped by a full ring (0 times), 0 by the interface, capture threads: 1",
        "Own exports left out: 0",
    ];
    assert_eq!(lines[1..], expected, "{said}");
    let dump = sensor.ask(&["dump-flows"]);
    let lines: Vec<&str> = dump.lines().skip(1).collect();
    assert_eq!(lines.len(), 6, "{dump}");
    assert!(lines[0].starts_with(
        "ACTIVE seq:1 [10.0.0.1]:1000 <> [10.0.0.2]:9 proto:17 octets>:96 packets>:2 octets<:0 packets<:0 start:20"
    ));
    assert!(lines[0].ends_with(
        "tcp>:00 tcp<:00 flowlabel>:00000000 flowlabel<:00000000 vlan>:0 vlan<:0 ether:00:00:00:00:00:00 <> \
         00:00:00:00:00:00"
    ));
    let left = lines[1].strip_prefix("EXPIRY EVENT for flow 1 in ").and_then(|rest| rest.strip_suffix(" seconds"));
    assert!(left.is_some_and(|left| (80..=90).contains(&left.parse().unwrap())), "{dump}");
    assert_eq!(sensor.ask(&["expire-all"]), "Expired 2 flows.\n");
    // Version 9 of two flow sets: the templates and the flows.
    assert_eq!(message(&exports)[..2], [0, 9]);
    let said = sensor.ask(&["statistics"]);
    for line in [
        "Flows exported: 2 (2 records) in 1 packets (0 failures)",
        "  Flow bytes:                  96           112           128",
        "   flushed =         2",
        "           udp (17):            224            3       0.00s       0.00s",
    ] {
        assert!(said.lines().any(|l| l == line), "no {line:?}: {said}");
    }
}

#[test]
fn a_sensor_does_as_it_is_told() {
    if !inside("a_sensor_does_as_it_is_told") {
        return;
    }
    cable();
    let (exports, address) = collector();
    let folder = tempfile::tempdir().unwrap();
    let mut sensor = Sensor::start(folder.path(), &format!("-v 10 -n {address} --user root"));
    let cable = Sender::new("a");
    assert_eq!(sensor.ask(&["stop-gather"]), "Data collection stopped.\n");
    cable.send(&frame(&[], 1, 20));
    sensor.statistics_with("Packets received by libpcap: 1");
    assert_eq!(sensor.ask(&["start-gather"]), "Data collection resumed.\n");
    cable.send(&frame(&[], 2, 20));
    sensor.statistics_with("Packets processed: 1");
    assert_eq!(sensor.ask(&["delete-all"]), "Deleted 1 flows.\n");
    assert!(sensor.ask(&["statistics"]).contains("Flows expired: 0 (0 forced)\n"));
    assert_eq!(sensor.ask(&["send-template"]), "Template will be sent at next flow export\n");
    assert_eq!(sensor.ask(&["debug+"]), "Debug level increased.\n");
    assert_eq!(sensor.ask(&["debug-"]), "Debug level decreased.\n");
    let output = sensor.tell(&["set-template", "sourceIPv4Address,colour"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("colour"), "{}", stderr(&output));
    let set = sensor.ask(&["set-template", "destinationTransportPort,octetDeltaCount/4"]);
    assert!(set.starts_with("Template set"), "{set}");
    cable.send(&frame(&[], 3, 20));
    sensor.statistics_with("Packets processed: 2");
    assert_eq!(sensor.ask(&["shutdown"]), "Shutting down gracefully...\n");
    // The template 256 with two fields; a set of it with a record of port 9 and 48 octets, filled up to words.
    let got = message(&exports);
    let has = |octets: &[u8]| got.windows(octets.len()).any(|window| window == octets);
    assert!(has(&[1, 0, 0, 2, 0, 11, 0, 2, 0, 1, 0, 4]), "{got:?}");
    assert!(has(&[1, 0, 0, 12, 0, 9, 0, 0, 0, 48]), "{got:?}");
    assert!(sensor.ended());
    assert!(!sensor.socket.exists());
    // One that ends at once exports nothing.
    let mut sensor = Sensor::start(folder.path(), &format!("-v 10 -n {address} --user root"));
    cable.send(&frame(&[], 3, 20));
    sensor.statistics_with("Packets processed: 1");
    assert_eq!(sensor.ask(&["exit"]), "Exiting now...\n");
    assert!(sensor.ended());
    exports.set_nonblocking(true).unwrap();
    assert!(exports.recv(&mut [0; 9]).is_err());
}

#[test]
fn nobody_holds_others_up() {
    if !inside("nobody_holds_others_up") {
        return;
    }
    cable();
    let folder = tempfile::tempdir().unwrap();
    let sensor = Sensor::start(folder.path(), "-v 5");
    let connect = || UnixStream::connect(&sensor.socket).unwrap();
    // Who says nothing is sent away.
    let _silent = [connect(), connect()];
    let began = Instant::now();
    sensor.ask(&["timeouts"]);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let say = |what: &[u8]| {
        let mut stream = connect();
        // It may be cut off before all is said.
        let _ = stream.write_all(what).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        said
    };
    assert_eq!(say(b"nonsense\nexit\n"), "Unknown control command \"nonsense\"\n");
    assert_eq!(say(b"\n"), "Unknown control command \"\"\n");
    assert_eq!(say(b"timeouts now\n"), "Unknown control command \"timeouts now\"\n");
    assert_eq!(say(&[0xff; 100_000]), "");
    assert!(say(b"statistics").contains("Number of active flows: 0\n"));
    let output = sensor.tell(&["set-template", "octetDeltaCount"]);
    assert!(stderr(&output).contains("version 5 has no templates"), "{}", stderr(&output));
    // A second sensor does not take the first one's place.
    let second = run(SENSOR, &["-i", "b", "-d", "-c", sensor.socket.to_str().unwrap()], b"");
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another sensor listens there"), "{}", stderr(&second));
    sensor.ask(&["timeouts"]);
}

#[test]
fn who_is_not_heard_learns_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    let tell = |args: &[&str]| {
        let output = run(CTL, &[&["-c", path.to_str().unwrap()][..], args].concat(), b"");
        let said = stderr(&output);
        assert_eq!((output.stdout.len(), said.lines().count()), (0, 1), "{said}");
        (output.status.code().unwrap(), said)
    };
    let (code, said) = tell(&["statistics"]);
    assert!(code == 1 && said.contains("there is no control socket"), "{said}");
    drop(UnixListener::bind(&path).unwrap());
    let (code, said) = tell(&["statistics"]);
    assert!(code == 1 && said.contains("no sensor listens there"), "{said}");
    for (args, what) in [
        (&["statistic"][..], "expected one of statistics, dump-flows"),
        (&["exit", "now"], "exit has no argument"),
        (&["set-template"], "expected a list of elements"),
        (&["set-template", "a\nexit"], "one line"),
        (&[], "COMMAND"),
    ] {
        let (code, said) = tell(args);
        assert!(code == 2 && said.contains(what), "{args:?}: {said}");
    }
}

#[test]
fn another_sensor_is_asked_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    let listener = UnixListener::bind(&path).unwrap();
    // As softflowd answers: line by line, and not at all before a whole line is there.
    let serving = thread::spawn(move || {
        for answer in
            ["softflowd[7]: Printing timeouts:\n|  a: 1s\n", "Unknown control command \"set-template x\"\n", ""]
        {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut line, mut octet) = (Vec::new(), [0]);
            while octet != [b'\n'] && stream.read(&mut octet).unwrap() > 0 {
                line.extend(octet);
            }
            assert!([&b"timeouts\n"[..], b"set-template x\n", b"exit\n"].contains(&&line[..]));
            for part in answer.split('|') {
                stream.write_all(part.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let tell = |args: &[&str]| run(CTL, &[&["-c", path.to_str().unwrap()][..], args].concat(), b"");
    let output = tell(&["timeouts"]);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"softflowd[7]: Printing timeouts:\n  a: 1s\n");
    let output = tell(&["set-template", "x"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(stderr(&output).contains("does not know 'set-template x'"), "{}", stderr(&output));
    let output = tell(&["exit"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("has not answered 'exit'"), "{}", stderr(&output));
    serving.join().unwrap();
}
