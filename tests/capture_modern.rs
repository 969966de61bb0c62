//! flow-capture with modern files: NetFlow 9, templates, quick blocks and full ones.

mod collector;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use collector::{Collector, Exporter, complete, flows_in, sources, unfinished, until};
use flowtools::file::read_info;
use flowtools::flow::{About, Version, flags};

/// Files of an archive of which only the name begins so.
fn named(folder: &Path, prefix: &str) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn flows_are_stored_as_they_come_and_refined_when_the_file_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-N0", "-C", "a comment"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send_name(3, "uplink");
    exporter.send9(5000, true);
    until("all flows can be read", || flows_in(&unfinished(folder.path())) == 5000);
    let rough = fs::metadata(&unfinished(folder.path())[0]).unwrap().len();
    // Classic flows are welcome too.
    exporter.send(5, 300);
    collector.signal("HUP");
    until("the file is complete", || complete(folder.path()).len() == 1);
    let file = complete(folder.path()).remove(0);
    assert!(file.file_name().unwrap().to_str().unwrap().starts_with("ft-v10."));
    // A later file knows the name as well.
    exporter.send9(100, false);
    assert_eq!(collector.end(), 0);
    assert!(unfinished(folder.path()).is_empty() && named(folder.path(), ".tmp").is_empty());
    let files = complete(folder.path());
    assert_eq!(sources(&files), exporter.sources());
    for file in &files {
        let info = read_info(file).unwrap();
        assert!(info.is(flags::DONE) && info.version.is_none() && info.span.is_some(), "{info:?}");
        assert_eq!(info.flows, Some(flows_in(std::slice::from_ref(file))));
        assert_eq!((info.lost, info.corrupt, info.comments.as_deref()), (Some(0), Some(0), Some("a comment")));
        let [fact] = info.facts.as_slice() else { panic!("{:?}", info.facts) };
        assert_eq!((&fact.about, fact.name.as_str(), fact.domain), (&About::Interface(3), "uplink", 7));
    }
    assert!(fs::metadata(&file).unwrap().len() < rough, "full blocks are smaller");
}

#[test]
fn the_first_datagram_decides_and_what_cannot_be_converted_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut classic = Collector::start(folder.path(), &["-N0", "-z0"]);
    let mut modern = Collector::start(folder.path(), &["-N0"]);
    let mut asked = Collector::start(folder.path(), &["-N0", "-V10", "--codec", "lz4"]);
    let mut sent = Vec::new();
    for (collector, first) in [(&classic, 5), (&modern, 9), (&asked, 5)] {
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        // A template alone is enough.
        if first == 9 {
            exporter.send_template()
        } else {
            exporter.send(5, 30)
        }
        exporter.send(7, 27);
        exporter.send9(50, true);
        sent.push(exporter.sources());
        // IPv6 flows, which no classic record holds: source, packets, octets.
        let mut six: Vec<u8> = [9, 2].iter().flat_map(|n: &u16| n.to_be_bytes()).collect();
        six.extend([1_000_000, 1_767_225_600, 1, 8].iter().flat_map(|n: &u32| n.to_be_bytes()));
        six.extend([0, 20, 310, 3, 27, 16, 2, 4, 1, 4].iter().flat_map(|n: &u16| n.to_be_bytes()));
        six.extend([310, 28].iter().flat_map(|n: &u16| n.to_be_bytes()));
        six.extend([1; 24]);
        exporter.raw(&six);
    }
    classic.wait_for("NetFlow 9 or IPFIX flows are not stored");
    assert_eq!([classic.end(), modern.end(), asked.end()], [0; 3]);
    let files = complete(folder.path());
    assert_eq!(files.len(), 3);
    for file in &files {
        let info = read_info(file).unwrap();
        let flows = (info.version, info.flows, info.lost);
        match info.version {
            Some(_) => assert_eq!(flows, (Some(Version::V5), Some(107), Some(1))),
            None => assert!(matches!(flows, (None, Some(78 | 108), Some(0))), "{flows:?}"),
        }
    }
    let mut sent = sent.concat();
    let mut stored = sources(&files);
    // The end of the IPv6 flow's source.
    stored.retain(|source| *source != 0x0101_0101);
    sent.sort_unstable();
    assert_eq!(stored, sent);
}

#[test]
fn a_killed_collector_loses_nothing_older_than_a_second_and_the_next_refines() {
    let folder = tempfile::tempdir().unwrap();
    let mut killed = Collector::start(folder.path(), &["-V10", "-N0"]);
    let mut exporter = Exporter::to("127.0.0.1", killed.port);
    exporter.send_name(3, "uplink");
    exporter.send9(3000, true);
    until("all can be read", || flows_in(&unfinished(folder.path())) == 3000);
    killed.kill();
    let left = unfinished(folder.path()).remove(0);
    // Half a block at the end, and what an earlier attempt to refine left behind.
    let whole = fs::read(&left).unwrap();
    let block = whole.windows(4).rposition(|w| w == b"FlBk").unwrap();
    fs::write(&left, [&whole[..], &whole[block..block + (whole.len() - block) / 2]].concat()).unwrap();
    let half = folder.path().join(format!(".{}", left.file_name().unwrap().to_str().unwrap()));
    fs::write(&half, &whole[..block / 2]).unwrap();
    // Every program reads it as it is.
    let cat = Command::new(env!("CARGO_BIN_EXE_flow-cat")).arg(&left).output().unwrap();
    assert!(cat.status.success() && cat.stderr.is_empty(), "{}", String::from_utf8_lossy(&cat.stderr));
    let mut next = Collector::start(folder.path(), &["-V10", "-N0"]);
    next.wait_for("complete now, with 3000 flows");
    next.end();
    let files = complete(folder.path());
    assert_eq!(sources(&files), exporter.sources());
    let info = read_info(&files[0]).unwrap();
    assert!(info.is(flags::DONE) && info.flows == Some(3000) && info.span.is_some() && info.facts.len() == 1);
    assert!(!half.exists() && unfinished(folder.path()).is_empty());
}

#[test]
fn a_collector_killed_between_the_two_names_has_its_file_only_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-V10", "-N0"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send9(500, true);
    until("all can be read", || flows_in(&unfinished(folder.path())) == 500);
    collector.end();
    let file = complete(folder.path()).remove(0);
    let before = file.with_file_name(file.file_name().unwrap().to_str().unwrap().replace("ft-", "tmp-"));
    let content = fs::read(&file).unwrap();
    fs::rename(&file, &before).unwrap();
    let mut next = Collector::start(folder.path(), &["-V10", "-N0"]);
    next.wait_for("complete now, with 500 flows");
    next.end();
    assert_eq!(fs::read(&file).unwrap(), content);
}

#[test]
fn a_damaged_leftover_gives_what_it_can_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut killed = Collector::start(folder.path(), &["-V10", "-N0"]);
    let mut exporter = Exporter::to("127.0.0.1", killed.port);
    exporter.send9(500, true);
    until("all can be read", || flows_in(&unfinished(folder.path())) == 500);
    exporter.send9(700, true);
    until("the rest too", || flows_in(&unfinished(folder.path())) == 1200);
    killed.kill();
    let left = unfinished(folder.path()).remove(0);
    let mut content = fs::read(&left).unwrap();
    let end = content.len() - 40;
    content[end] ^= 1;
    fs::write(&left, content).unwrap();
    let mut next = Collector::start(folder.path(), &["-V10", "-N0"]);
    next.wait_for("what could not be read is kept in");
    next.end();
    let flows = flows_in(&complete(folder.path()));
    assert!((500..1200).contains(&flows), "{flows}");
    assert_eq!(named(folder.path(), ".damaged-tmp-v10").len(), 1);
}

#[test]
fn templates_outlive_the_collector() {
    let folder = tempfile::tempdir().unwrap();
    let port = collector::free_port();
    let mut exporter = Exporter::to("127.0.0.1", port);
    for round in 0..3 {
        let mut collector = Collector::listen("127.0.0.1/0", port, folder.path(), &["-V10", "-N0"]);
        // Only the first one is told what the flows are made of.
        exporter.send9(100, round == 0);
        let expected = 100;
        until("they are understood", || flows_in(&unfinished(folder.path())) == expected);
        // What was killed is recovered beside, which ends where it is when the collector does.
        until("those before are complete", || named(folder.path(), "ft-").len() == round);
        if round == 1 {
            collector.kill();
        } else {
            until("the templates are saved", || !named(folder.path(), ".templates").is_empty());
            assert_eq!(collector.end(), 0);
        }
        if round == 0 {
            // A damaged file is said, and no harm.
            let file = folder.path().join(&named(folder.path(), ".templates")[0]);
            let content = fs::read(&file).unwrap();
            fs::write(&file, b"nonsense").unwrap();
            let mut bad = Collector::listen("127.0.0.1/0", port, folder.path(), &["-V10", "-N0"]);
            bad.wait_for("templates of the last run cannot be used");
            bad.end();
            fs::write(&file, content).unwrap();
        }
    }
    assert_eq!(sources(&complete(folder.path())), exporter.sources());
}

#[test]
fn a_live_file_can_be_read_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-V10", "-N0"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send9(25, true);
    until("a file is begun", || unfinished(folder.path()).len() == 1);
    let (file, enough) = (unfinished(folder.path()).remove(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                exporter.send9(500, false);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let mut before = 0;
        for _ in 0..40 {
            // Panics at the first thing that is wrong with it.
            let flows = flows_in(std::slice::from_ref(&file));
            assert!(flows >= before, "{flows} after {before}");
            before = flows;
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(before > 25);
        enough.store(true, Ordering::Relaxed);
    });
    assert_eq!(collector.end(), 0);
    let stored = sources(&complete(folder.path()));
    assert_eq!(stored, exporter.sources());
}

#[test]
fn a_full_disk_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_disk) = collector::Disk::mount(folder.path(), "size=512k") else {
        eprintln!("skipped: mounting takes root");
        return;
    };
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 400 << 10]).unwrap();
    let mut collector = Collector::start(folder.path(), &["-V10", "-N0", "--codec", "none"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.random = true;
    exporter.send9(25, true);
    until("a file is begun", || unfinished(folder.path()).len() == 1);
    exporter.send9(4000, false);
    collector.wait_for("No space left");
    // What is there can be read, and it goes on receiving.
    let cat = Command::new(env!("CARGO_BIN_EXE_flow-cat")).args(unfinished(folder.path())).output().unwrap();
    assert!(cat.status.success() && cat.stderr.is_empty());
    exporter.send9(100, false);
    fs::remove_file(&ballast).unwrap();
    collector.wait_for("writing again");
    until("everything is there", || flows_in(&unfinished(folder.path())) == 4125);
    // There is no room to write it anew, nor for the next file: the next start has more luck.
    fs::write(&ballast, vec![1; 1 << 20]).unwrap_err();
    collector.signal("HUP");
    collector.wait_for("a new file cannot be begun");
    assert_eq!(collector.end(), 0);
    collector.wait_for("the next start completes it");
    assert!(complete(folder.path()).is_empty() && named(folder.path(), ".tmp").is_empty());
    fs::remove_file(&ballast).unwrap();
    let mut next = Collector::start(folder.path(), &["-V10", "-N0"]);
    next.wait_for("complete now, with 4125 flows");
    assert_eq!(next.end(), 0);
    assert_eq!(sources(&complete(folder.path())), exporter.sources());
}

#[test]
fn a_folder_that_vanishes_is_made_again_with_all_its_flows() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("flows");
    fs::create_dir(&folder).unwrap();
    let mut collector = Collector::start(&folder, &["-V10"]);
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send9(300, true);
    until("a file is begun", || flows_in(&unfinished(&folder)) == 300);
    fs::remove_dir_all(&folder).unwrap();
    exporter.send9(300, false);
    until("everything is back", || flows_in(&unfinished(&folder)) == 600);
    assert_eq!(collector.end(), 0);
    assert_eq!(sources(&complete(&folder)), exporter.sources());
}

#[test]
fn clients_get_the_flows_live() {
    let folder = tempfile::tempdir().unwrap();
    let mut collector = Collector::start(folder.path(), &["-c1", "-V10"]);
    let mut client = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
    collector.wait_for("connected");
    let mut exporter = Exporter::to("127.0.0.1", collector.port);
    exporter.send_name(3, "uplink");
    exporter.send9(50, true);
    until("they are stored", || flows_in(&unfinished(folder.path())) == 50);
    exporter.send9(50, true);
    collector.end();
    let mut stream = Vec::new();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client.read_to_end(&mut stream).unwrap();
    let file = folder.path().join("from-tcp");
    fs::write(&file, &stream).unwrap();
    assert_eq!(sources(&[file]), exporter.sources());
}

#[test]
fn ipfix_comes_by_tcp_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("127.0.0.1/0/{}", taken.local_addr().unwrap().port());
    let refused = Command::new(env!("CARGO_BIN_EXE_flow-capture"))
        .args(["-D", "-V10", "-N0", "--transport", "tcp", "-w"])
        .arg(folder.path())
        .arg(at)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("listening by tcp"));
    let mut collector = Collector::start(folder.path(), &["-V10", "-N0", "--transport", "tcp"]);
    let mut udp = Exporter::to("127.0.0.1", collector.port);
    udp.send9(25, true);
    for connection in 0..2u8 {
        let mut tcp = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
        // The same template number means something else on each connection: element 8 or element 12.
        let element = [8, 12][usize::from(connection)];
        let words = [10, 16 + 12 + 12, 0, 1, 0, 0, 0, 0, 2, 12, 256, 1, element, 4, 256, 12, 0, 1, 0, 2];
        let message: Vec<u8> = words.iter().flat_map(|n: &u16| n.to_be_bytes()).collect();
        // In two pieces, as streams may bring them.
        tcp.write_all(&message[..21]).unwrap();
        tcp.write_all(&message[21..]).unwrap();
    }
    until("all are stored", || flows_in(&unfinished(folder.path())) == 29);
    assert_eq!(collector.end(), 0);
    let stored = sources(&complete(folder.path()));
    assert_eq!(&stored[..4], [0, 0, 1, 2], "the second connection's are destinations");
    assert_eq!(stored.len(), 29);
}
