//! flow-capture as exporters, operators and bad luck see it.

mod collector;

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use collector::{Collector, Exporter, complete, flows_in, free_port, sources, unfinished, until};
use flowtools::file::read_info;
use flowtools::flow::{Order, Version, flags};

#[test]
fn flows_are_stored_and_the_header_says_what_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-C", "a comment"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 300);
    exporter.sequence += 60;
    exporter.send(5, 30);
    exporter.sequence = 0;
    exporter.send(5, 30);
    until("all flows can be read", || flows_in(&unfinished(folder.path())) == 360);
    assert_eq!(collector.end(), 0);
    assert!(unfinished(folder.path()).is_empty());
    let files = complete(folder.path());
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let depth = file.strip_prefix(folder.path()).unwrap().components().count();
    assert_eq!(depth, 4, "year, month, day: {}", file.display());
    let info = read_info(file).unwrap();
    assert!(info.is(flags::DONE) && info.is(flags::COMPRESSED));
    assert_eq!((info.version, info.flows, info.lost), (Some(Version::V5), Some(360), Some(60)));
    assert_eq!((info.corrupt, info.resets, info.misordered), (Some(0), Some(1), Some(0)));
    assert_eq!(info.comments.as_deref(), Some("a comment"));
    assert!(info.end >= info.start && info.start > Some(1_700_000_000) && info.host.is_some());
    assert_eq!(sources(&files), exporter.sources());
}

#[test]
fn a_killed_collector_loses_nothing_older_than_a_second() {
    for level in ["-z1", "-z0"] {
        let folder = tempfile::tempdir().unwrap();
        let mut killed = Collector::start(folder.path(), &[level]);
        let mut exporter = Exporter::to("127.0.0.1", killed.port);
        exporter.send(5, 3000);
        std::thread::sleep(Duration::from_millis(400));
        exporter.send(5, 333);
        std::thread::sleep(Duration::from_millis(1000));
        killed.kill();
        let left = unfinished(folder.path());
        assert_eq!(flows_in(&left), 3333);
        // Every program reads it as it is.
        let cat = Command::new(env!("CARGO_BIN_EXE_flow-cat")).args(&left).output().unwrap();
        assert!(cat.status.success() && cat.stderr.is_empty());
        // The next collector completes it, though not what a live one is writing.
        let mut live = Collector::start(folder.path(), &[level, "-V7"]);
        let mut next = Collector::start(folder.path(), &[level]);
        until("it is complete", || complete(folder.path()).len() == 1);
        let mut other = Exporter::to("127.0.0.1", live.port);
        other.send(5, 30);
        until("a file is being written", || unfinished(folder.path()).len() == 1);
        next.end();
        next = Collector::start(folder.path(), &[level]);
        next.end();
        assert_eq!(unfinished(folder.path()).len(), 1, "the live one's file is left alone");
        live.end();
        let files: Vec<_> =
            complete(folder.path()).into_iter().filter(|f| !f.to_string_lossy().contains("v07")).collect();
        let [file] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(
            file.file_name().unwrap().to_str().unwrap()[2..],
            left[0].file_name().unwrap().to_str().unwrap()[3..]
        );
        let info = read_info(file).unwrap();
        assert!(info.is(flags::DONE) && info.flows == Some(3333) && info.end >= info.start);
        assert_eq!(sources(&files), exporter.sources());
        if level == "-z1" {
            let content = fs::read(file).unwrap();
            let header = u32::from_ne_bytes(content[4..8].try_into().unwrap()) as usize;
            let mut records = Vec::new();
            flate2::read::ZlibDecoder::new(&content[header..]).read_to_end(&mut records).unwrap();
            assert_eq!(records.len(), 3333 * 64, "the zlib stream is whole, checksum and all");
        }
    }
}

#[test]
fn leftovers_of_any_kind_are_completed_or_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let whole = {
        let mut collector = Collector::start(folder.path(), &["-N0", "-z6"]);
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        exporter.send(5, 3000);
        collector.end();
        fs::read(complete(folder.path()).remove(0)).unwrap()
    };
    let header = u32::from_ne_bytes(whole[4..8].try_into().unwrap()) as usize;
    let mut undone = whole.clone();
    let at = whole[..header].windows(8).position(|w| w == [8, 0, 4, 0, 3, 0, 0, 0]).unwrap();
    undone[at + 4] = 2;
    let put = |minute: u32, content: &[u8]| {
        let name = format!("tmp-v05.2020-01-01.00{minute:02}00+0000");
        fs::write(folder.path().join(&name), content).unwrap();
        name.replace("tmp-", "ft-")
    };
    // Cut within the compressed records, as the original leaves them; complete but for the name; cut behind the header;
    // empty; no flow file; and one whose complete name is taken.
    let cut = put(1, &undone[..undone.len() - 1000]);
    let named = put(2, &whole);
    let bare = put(3, &undone[..header]);
    let empty = put(4, &[]);
    let foreign = put(5, b"something else");
    let taken = put(6, &undone);
    fs::write(folder.path().join(&taken), b"taken").unwrap();
    let mut collector = Collector::start(folder.path(), &["-N0"]);
    until("all are dealt with", || unfinished(folder.path()).len() == 1);
    collector.end();
    let at = |name: &str| folder.path().join(name);
    let flows = |name: &str| read_info(&at(name)).unwrap().flows.unwrap();
    let kept = flows(&cut);
    assert!(kept > 1000 && kept < 3000 && flows_in(&[at(&cut)]) == kept, "{kept}");
    assert_eq!(fs::read(at(&named)).unwrap(), whole);
    assert_eq!((flows(&bare), flows_in(&[at(&bare)])), (0, 0));
    assert!(!at(&empty).exists() && !at(&empty.replace("ft-", "tmp-")).exists());
    assert_eq!(fs::read(at(&foreign.replace("ft-", "tmp-"))).unwrap(), b"something else");
    assert_eq!(fs::read(at(&taken)).unwrap(), b"taken");
    assert_eq!(flows_in(&[at("ft-v05.2020-01-01.000601+0000")]), 3000);
}

#[test]
fn files_rotate_on_sighup_and_by_the_clock_and_the_program_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("told");
    let script = folder.path().join("tell");
    fs::write(&script, format!("#!/bin/sh\ntest -f \"$2\" && echo \"$1 $2\" >> {}\n", told.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let program = format!("{} first", script.display());
    // Twelve files an hour would do, but who has the time: one every two seconds.
    let mut collector = Collector::start(folder.path(), &["-n43199", "-N-1", "-z0", "-R", &program]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 30);
    until("a file is begun", || unfinished(folder.path()).len() == 1);
    collector.signal("HUP");
    until("it is complete", || !complete(folder.path()).is_empty());
    exporter.send(5, 60);
    until("two files by the clock", || complete(folder.path()).len() >= 3);
    collector.end();
    let files = complete(folder.path());
    assert_eq!(flows_in(&files), 90);
    let seconds: Vec<u32> = files.iter().map(|f| second(f)).collect();
    // The second file, and the third for its sake, may have had to give way by a second.
    assert!(seconds[3..].iter().all(|s| s % 2 == 0), "{seconds:?}");
    let empty = files.iter().filter(|f| read_info(f).unwrap().flows == Some(0)).count();
    assert!(empty >= 1, "a period without flows has a file too");
    until("the program has seen every file", || {
        fs::read_to_string(&told).is_ok_and(|text| text.lines().count() == files.len())
    });
    let mut lines: Vec<String> = fs::read_to_string(&told).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    let relative = |f: &std::path::PathBuf| format!("first {}", f.strip_prefix(folder.path()).unwrap().display());
    assert_eq!(lines, files.iter().map(relative).collect::<Vec<_>>());
}

fn second(file: &std::path::Path) -> u32 {
    let name = file.file_name().unwrap().to_str().unwrap();
    name[name.len() - 7..name.len() - 5].parse().unwrap()
}

#[test]
fn a_failing_program_is_said_and_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-R", "/bin/false"]);
    let mut missing = Collector::start(folder.path(), &["-R", "/no/such/program"]);
    for collector in [&collector, &missing] {
        Exporter::to("127.0.0.1", collector.port).send(5, 30);
    }
    until("files are begun", || unfinished(folder.path()).len() == 2);
    collector.signal("HUP");
    missing.signal("HUP");
    collector.wait_for("again in 2 s");
    missing.wait_for("No such file");
    collector.wait_for("again in 20 s (2 failures so far)");
    Exporter::to("127.0.0.1", collector.port).send(5, 30);
    assert_eq!((collector.end(), missing.end()), (0, 0));
    assert_eq!(flows_in(&complete(folder.path())), 90);
}

#[test]
fn a_folder_that_vanishes_is_made_again_with_all_its_flows() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("flows");
    fs::create_dir(&folder).unwrap();
    // At a quarter past, a file that is complete would vanish with the folder, and for good.
    let mut collector = Collector::start(&folder, &["-z1", "-n0"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 300);
    until("a file is begun", || flows_in(&unfinished(&folder)) == 300);
    fs::remove_dir_all(&folder).unwrap();
    // Something is in the way at first.
    fs::write(&folder, b"in the way").unwrap();
    collector.signal("HUP");
    exporter.send(5, 300);
    collector.wait_for("cannot be");
    fs::remove_file(&folder).unwrap();
    until("everything is back", || flows_in(&complete(&folder)) + flows_in(&unfinished(&folder)) == 600);
    exporter.send(5, 30);
    assert_eq!(collector.end(), 0);
    assert!(unfinished(&folder).is_empty());
    assert_eq!(sources(&complete(&folder)), exporter.sources());
}

#[test]
fn a_full_disk_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = collector::Disk::mount(folder.path(), "size=256k") else {
        eprintln!("skipped: mounting takes root");
        return;
    };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 150 << 10]).unwrap();
    for level in ["-z0", "-z1"] {
        let mut collector = Collector::start(folder.path(), &[level, "-N0"]);
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        exporter.random = true;
        exporter.send(5, 30);
        until("a file is begun", || unfinished(folder.path()).len() == 1);
        exporter.send(5, 2400);
        collector.wait_for("No space left");
        // It goes on receiving, and rotates when it can.
        collector.signal("HUP");
        exporter.send(5, 300);
        std::thread::sleep(Duration::from_millis(300));
        fs::remove_file(&ballast).unwrap();
        collector.wait_for("writing again");
        until("a file is complete", || !complete(folder.path()).is_empty());
        assert_eq!(collector.end(), 0);
        let files = complete(folder.path());
        assert_eq!(flows_in(&files), 2730);
        assert_eq!(sources(&files), exporter.sources());
        assert_eq!(files.iter().map(|f| read_info(f).unwrap().lost.unwrap()).sum::<u64>(), 0);
        files.iter().for_each(|f| fs::remove_file(f).unwrap());
        fs::write(&ballast, vec![1; 150 << 10]).unwrap();
    }
    // Told to end while the disk is full, it ends, and says what is missing.
    let mut collector = Collector::start(folder.path(), &["-z0", "-N0"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 30);
    until("a file is begun", || flows_in(&unfinished(folder.path())) == 30);
    exporter.send(5, 3000);
    collector.wait_for("No space left");
    assert_eq!(collector.end(), 1);
    collector.wait_for("flows could not be written");
    let kept = flows_in(&unfinished(folder.path())) + flows_in(&complete(folder.path()));
    assert!((30..3030).contains(&kept), "{kept}");
}

#[test]
fn expiring_keeps_the_newest_and_touches_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("ft-v05.2019-01-01.000000+0000");
    fs::write(&other, b"not a flow file").unwrap();
    let mut collector = Collector::start(folder.path(), &["-e2", "-E1G", "-N0", "-z0"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    let mut seen = 0;
    for round in 0..4 {
        exporter.send(5, 30);
        until("the flows are stored", || flows_in(&unfinished(folder.path())) == 30);
        collector.signal("HUP");
        until("a new file is begun", || flows_in(&unfinished(folder.path())) == 0);
        seen = round + 1;
    }
    until("only two are left", || complete(folder.path()).len() == 3);
    assert_eq!(seen, 4);
    assert!(other.exists(), "what is no flow file stays");
    assert_eq!(collector.end(), 0);
}

#[test]
fn versions_are_converted_to_the_first_or_the_one_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Collector::start(folder.path(), &["-z0", "-N0"]);
    let mut asked = Collector::start(folder.path(), &["-z0", "-N1", "-V7", "-bbig"]);
    let sent = [&first, &asked].map(|collector| {
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        exporter.send(5, 30);
        until("the first flows are stored", || !unfinished(folder.path()).is_empty());
        std::thread::sleep(Duration::from_millis(700));
        exporter.send(1, 24);
        exporter.send(7, 27);
        exporter.send(6, 27);
        exporter.send_aggregates(10);
        collector.wait_for("version 8.1 flows are not stored");
        exporter.sources()
    });
    assert_eq!((first.end(), asked.end()), (0, 0));
    let files = complete(folder.path());
    for file in &files {
        let info = read_info(file).unwrap();
        let (version, order, name, sent) = match info.version {
            Some(Version::V5) => (Version::V5, Order::HOST, "ft-v05.", &sent[0]),
            _ => (Version::V7, Order::Big, "ft-v07.", &sent[1]),
        };
        assert_eq!((info.version, info.order, info.flows), (Some(version), Some(order), Some(108)));
        assert_eq!(info.lost, Some(10), "what could not be converted is counted");
        assert!(file.file_name().unwrap().to_str().unwrap().starts_with(name));
        assert_eq!(&sources(std::slice::from_ref(file)), sent);
    }
    assert_eq!(files.len(), 2);
}

#[test]
fn corrupt_datagrams_are_counted_and_said_once_in_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &[]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    for bad in [&b""[..], b"\0", b"\0\x05", &[0; 20], b"\0\x63 an unknown version", &[0xFF; 1400]] {
        exporter.raw(bad);
    }
    let mut lying = exporter.datagram(5, 30);
    lying[3] = 31;
    exporter.raw(&lying);
    lying[2] = 0xFF;
    exporter.raw(&lying);
    for _ in 0..500 {
        exporter.raw(&[0, 5, 0, 0]);
    }
    exporter.send(5, 60);
    until("the good ones are stored", || flows_in(&unfinished(folder.path())) == 60);
    collector.end();
    let info = read_info(&complete(folder.path())[0]).unwrap();
    assert_eq!((info.flows, info.corrupt), (Some(60), Some(508)));
    let said = collector.lines().iter().filter(|l| l.contains("a corrupt datagram")).count();
    assert!((1..=3).contains(&said), "{said} lines");
}

#[test]
fn clients_get_the_flows_live() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-c1", "-z6"]);
    let mut client = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
    collector.wait_for("connected");
    let mut second = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
    assert_eq!(second.read(&mut [0]).unwrap_or(0), 0, "one client is enough");
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send(5, 90);
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut start = [0; 8];
    client.read_exact(&mut start).unwrap();
    let header = u32::from_ne_bytes(start[4..8].try_into().unwrap()) as usize;
    let mut stream = start.to_vec();
    stream.resize(header + 90 * 64, 0);
    client.read_exact(&mut stream[8..]).unwrap();
    let file = folder.path().join("from-tcp");
    fs::write(&file, &stream).unwrap();
    let info = read_info(&file).unwrap();
    assert!(info.is(flags::STREAMING) && !info.is(flags::COMPRESSED));
    assert_eq!(sources(&[file]), exporter.sources());
    collector.end();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "it ends with the collector");
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-c2", "-z0", "-N0"]);
    let stuck = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
    let reading = std::thread::spawn(move || {
        let mut stream = Vec::new();
        client.read_to_end(&mut stream).map(|_| stream)
    });
    until("both are connected", || collector.lines().iter().filter(|line| line.ends_with("connected")).count() == 2);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    // More than waits for a client, and than the system takes for it.
    let mut sent = 0;
    while !collector.lines().iter().any(|line| line.contains("does not keep up")) {
        assert!(sent < 2_000_000, "it never is disconnected");
        exporter.send(5, 30_000);
        sent += 30_000;
        until("they are stored", || flows_in(&unfinished(folder.path())) + 60_000 >= sent);
    }
    collector.signal("HUP");
    until("a file is complete", || complete(folder.path()).len() == 1);
    exporter.send(5, 30);
    assert_eq!(collector.end(), 0);
    drop(stuck);
    assert_eq!(sources(&complete(folder.path())), exporter.sources());
    let file = folder.path().join("from-tcp");
    fs::write(&file, reading.join().unwrap().unwrap()).unwrap();
    assert_eq!(sources(&[file]), exporter.sources(), "the other has all, through rotation, to the last");
}

#[test]
fn exporters_may_speak_ipv6_and_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    if UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("skipped: no IPv6 here");
        return;
    }
    let mut six = Collector::at("::1/0", folder.path(), &["-z0"]);
    let mut both = Collector::at("0/0", folder.path(), &["-z0"]);
    let mut sent = Vec::new();
    for (host, port) in [("::1", six.port), ("::1", both.port), ("127.0.0.1", both.port)] {
        let mut exporter = Exporter::to(host, port);
        exporter.send(5, 300);
        sent.extend(exporter.sources());
    }
    until("all are stored", || flows_in(&unfinished(folder.path())) == 900);
    assert_eq!((six.end(), both.end()), (0, 0));
    let files = complete(folder.path());
    sent.sort_unstable();
    assert_eq!(sources(&files), sent);
    assert_eq!(files.iter().map(|f| read_info(f).unwrap().lost.unwrap()).sum::<u64>(), 0);
}

#[test]
fn only_the_exporter_named_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::at("127.0.0.1/127.0.0.2", folder.path(), &[]);
    Exporter::to("127.0.0.1", collector.port).send(5, 30);
    let mut named = Exporter::from("127.0.0.2", "127.0.0.1", collector.port);
    named.send(5, 60);
    until("its flows are stored", || flows_in(&unfinished(folder.path())) == 60);
    collector.end();
    assert_eq!(flows_in(&complete(folder.path())), 60);
}

#[test]
fn a_daemon_has_a_pid_file_and_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let pid_file = folder.path().join("pid");
    let status = Command::new(env!("CARGO_BIN_EXE_flow-capture"))
        .current_dir(folder.path())
        .args(["-w", ".", "-p", "pid", "-z0", &format!("127.0.0.1/0/{port}")])
        .status()
        .unwrap();
    assert!(status.success());
    let written = pid_file.with_extension(port.to_string());
    until("the pid file is written", || fs::read_to_string(&written).is_ok_and(|t| t.ends_with('\n')));
    let pid = fs::read_to_string(&written).unwrap().trim().to_owned();
    Exporter::to("127.0.0.1", port).send(5, 30);
    until("flows are stored", || flows_in(&unfinished(folder.path())) == 30);
    let mode = unfinished(folder.path())[0].metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    until("it has ended", || !written.exists());
    assert_eq!(flows_in(&complete(folder.path())), 30);
}

#[test]
fn what_cannot_be_started_is_said_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = |port: u16| format!("127.0.0.1/0/{port}");
    let there = folder.path().to_str().unwrap();
    let (udp, tcp) = (at(taken.local_addr().unwrap().port()), at(tcp.local_addr().unwrap().port()));
    for (args, code, says) in [
        (vec!["-D", "-w", there, &udp], 1, "listening at"),
        (vec!["-D", "-w", there, "-c1", &tcp], 1, "listening by TCP"),
        (vec!["-D", "-w", "/no/such/folder", &udp], 1, "/no/such/folder: no such folder"),
        (vec!["-D", "-w", there], 2, "LOCAL/REMOTE/PORT"),
        (vec!["-D", "-w", there, "0/0"], 2, "localip/remoteip/port"),
        (vec!["-D", "-N4", "-w", there, "0/0/1"], 2, "-3 to 3"),
        (vec!["-D", "-E5X", "-w", there, "0/0/1"], 2, "such as 500M"),
        (vec!["-D", "-R", " ", "-w", there, "0/0/1"], 2, "expected a program"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_flow-capture")).args(&args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.starts_with("flow-capture: ") && text.contains(says), "{args:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
    }
}
