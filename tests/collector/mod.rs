//! A flow-capture to test, an exporter to feed it, and its archive.

// Not every test needs all of it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flowtools::file::archive::Archive;
use flowtools::file::{Inputs, Scan};
use flowtools::flow::Field;

/// A flow-capture in the foreground. Killed when it goes out of scope.
pub struct Collector {
    child: Child,
    pub port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    /// At 127.0.0.1.
    pub fn start(folder: &Path, args: &[&str]) -> Collector {
        Collector::at("127.0.0.1/0", folder, args)
    }

    /// At `localip/remoteip`; returns when it listens.
    pub fn at(ends: &str, folder: &Path, args: &[&str]) -> Collector {
        Collector::listen(ends, free_port(), folder, args)
    }

    /// As [`Collector::at`], on a port.
    pub fn listen(ends: &str, port: u16, folder: &Path, args: &[&str]) -> Collector {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flow-capture"))
            .args(["-D", "-w"])
            .arg(folder)
            .args(args)
            .arg(format!("{ends}/{port}"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let (heard, stderr) = (lines.clone(), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().unwrap().push(line);
            }
        });
        let collector = Collector { child, port, lines };
        collector.wait_for("listening at");
        collector
    }

    /// What it has said.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until it says something.
    pub fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.lines().iter().any(|l| l.contains(text)) {
            assert!(start.elapsed() < Duration::from_secs(20), "'{text}' was not said: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Tells it to end; its exit code.
    pub fn end(&mut self) -> i32 {
        self.signal("TERM");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends NetFlow datagrams in which every flow's source address is another number.
pub struct Exporter {
    socket: UdpSocket,
    /// Version 5's next sequence number.
    pub sequence: u32,
    /// Version 9's.
    pub sequence9: u32,
    /// Whether all else in the flows is random, so that it does not compress.
    pub random: bool,
    first: u32,
    sent: u32,
    noise: u32,
}

impl Exporter {
    /// An exporter on this machine.
    pub fn to(host: &str, port: u16) -> Exporter {
        let local = if host.contains(':') { "::" } else { "0.0.0.0" };
        Exporter::from(local, host, port)
    }

    /// An exporter with an address.
    pub fn from(local: &str, host: &str, port: u16) -> Exporter {
        let socket = UdpSocket::bind((local, 0)).unwrap();
        let first = u32::from(socket.local_addr().unwrap().port()) << 16;
        socket.connect((host, port)).unwrap();
        Exporter { socket, sequence: 1000, sequence9: 0, random: false, first, sent: 0, noise: 1 }
    }

    /// Sends so many flows of a version, in datagrams of 30 at most.
    pub fn send(&mut self, version: u16, flows: u32) {
        let most = match version {
            1 => 24,
            6 | 7 => 27,
            _ => 30,
        };
        let mut left = flows;
        while left > 0 {
            let count = left.min(most);
            let datagram = self.datagram(version, count as u16);
            self.sent += count;
            self.raw(&datagram);
            if version == 5 {
                self.sequence += count;
            }
            left -= count;
        }
    }

    /// Sends version 8 aggregates by AS.
    pub fn send_aggregates(&mut self, flows: u16) {
        let mut datagram = [8u16, flows].iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
        datagram.resize(28, 0);
        (datagram[22], datagram[23]) = (1, 2);
        datagram.resize(28 + usize::from(flows) * 28, 1);
        self.raw(&datagram);
    }

    /// Sends so many flows of NetFlow 9, in datagrams of 25 at most; before them their template, if `template`.
    pub fn send9(&mut self, flows: u32, template: bool) {
        if template {
            self.send_template();
        }
        let mut left = flows;
        while left > 0 {
            let count = left.min(25);
            let mut out = self.header9(count as u16);
            out.extend([300, 4 + count as u16 * 24].iter().flat_map(|n: &u16| n.to_be_bytes()));
            for flow in 0..count {
                let mut record = [0u8; 24];
                if self.random {
                    record.iter_mut().for_each(|octet| *octet = self.noise());
                }
                record[..4].copy_from_slice(&(self.first + self.sent + flow).to_be_bytes());
                record[8..16].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 100]);
                out.extend(record);
            }
            self.sent += count;
            self.raw(&out);
            left -= count;
        }
    }

    /// Sends the template of [`Exporter::send9`]: source, destination, packets, octets, first and last.
    pub fn send_template(&mut self) {
        let mut out = self.header9(1);
        let fields = [8, 12, 2, 1, 22, 21].into_iter().flat_map(|element: u16| [element, 4]);
        out.extend([0, 32, 300, 6].into_iter().chain(fields).flat_map(u16::to_be_bytes));
        self.raw(&out);
    }

    /// Says in NetFlow 9 options data what an interface is called.
    pub fn send_name(&mut self, interface: u32, name: &str) {
        let mut out = self.header9(2);
        out.extend([1, 22, 301, 4, 4, 10, 4, 82, 12, 0, 0].iter().flat_map(|n: &u16| n.to_be_bytes()).take(22));
        let mut text = name.as_bytes().to_vec();
        text.resize(12, 0);
        out.extend([301u16, 20].iter().flat_map(|n| n.to_be_bytes()));
        out.extend(interface.to_be_bytes());
        out.extend(text);
        self.raw(&out);
    }

    fn header9(&mut self, count: u16) -> Vec<u8> {
        let mut out: Vec<u8> = [9, count].iter().flat_map(|n| n.to_be_bytes()).collect();
        let words = [1_000_000, 1_767_225_600, self.sequence9, 7];
        out.extend(words.iter().flat_map(|n: &u32| n.to_be_bytes()));
        self.sequence9 += 1;
        out
    }

    /// A datagram of a version; the next if it is sent.
    pub fn datagram(&mut self, version: u16, flows: u16) -> Vec<u8> {
        let (header, size) = match version {
            1 => (16, 48),
            6 | 7 => (24, 52),
            _ => (24, 48),
        };
        let mut out = Vec::new();
        out.extend(version.to_be_bytes());
        out.extend(flows.to_be_bytes());
        out.extend(1_000_000u32.to_be_bytes());
        out.extend(1_767_225_600u32.to_be_bytes());
        out.extend(0u32.to_be_bytes());
        if version == 5 {
            out.extend(self.sequence.to_be_bytes());
        }
        out.resize(header, 0);
        for flow in 0..u32::from(flows) {
            let mut record = vec![0u8; size];
            if self.random {
                record.iter_mut().for_each(|octet| *octet = self.noise());
            }
            record[..4].copy_from_slice(&(self.first + self.sent + flow).to_be_bytes());
            record[19] = 1;
            out.extend(record);
        }
        out
    }

    fn noise(&mut self) -> u8 {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.noise >> 24) as u8
    }

    /// Sends octets as they are.
    pub fn raw(&self, datagram: &[u8]) {
        self.socket.send(datagram).unwrap();
    }

    /// The source addresses of all flows sent.
    pub fn sources(&self) -> Vec<u32> {
        (self.first..self.first + self.sent).collect()
    }
}

/// A port nobody has, of both UDP and TCP, in all likelihood.
pub fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until something holds.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The complete files of an archive in time order.
pub fn complete(folder: &Path) -> Vec<PathBuf> {
    Archive::read(folder).0.files().map(Path::to_owned).collect()
}

/// The unfinished ones.
pub fn unfinished(folder: &Path) -> Vec<PathBuf> {
    Archive::unfinished(folder).0
}

/// How many flows can be read from files. Files that are being renamed have none for a moment.
pub fn flows_in(files: &[PathBuf]) -> u64 {
    files.iter().map(|file| column(file).map_or(0, |flows| flows.len() as u64)).sum()
}

/// All source addresses, sorted.
pub fn sources(files: &[PathBuf]) -> Vec<u32> {
    let mut all: Vec<u32> = files.iter().flat_map(|file| column(file).unwrap()).collect();
    all.sort_unstable();
    all
}

fn column(file: &Path) -> Option<Vec<u32>> {
    let scan = Scan::open(&Inputs::of(&[file.to_owned()])).ok()?.threads(1);
    let (columns, summary) = scan.fold(Vec::new, |all: &mut Vec<u32>, batch| {
        let mut some = Vec::<u32>::new();
        batch.gather(Field::SrcAddr, &mut some);
        all.extend(some);
    });
    assert!(summary.problems.is_empty(), "{}: {:?}", file.display(), summary.problems);
    Some(columns.concat())
}

/// A small disk of its own. Unmounted when it goes out of scope.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts it; `None` where that is not allowed.
    pub fn mount(at: &Path, options: &str) -> Option<Disk> {
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then(|| Disk(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
