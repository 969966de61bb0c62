//! Tags, filters and translations in the programs that receive: flow-capture, flow-receive, flow-fanout.

mod collector;

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use collector::{Collector, Exporter, complete, flows_in, free_port, unfinished, until};
use flowtools::file::{Inputs, Scan, read_info};
use flowtools::flow::{Field, Form, Version};

const RECEIVE: &str = env!("CARGO_BIN_EXE_flow-receive");

const CONFIGS: [(&str, &str); 3] = [
    (
        "tag.cfg",
        "tag-action ALL\n type any\n match any set-source @{TAG:-7}\ntag-definition all\n term\n  action ALL\n",
    ),
    (
        "filter.cfg",
        "filter-primitive EVEN\n type ip-address-mask\n permit 0.0.0.0 0.0.0.1\n\
         filter-primitive SEVEN\n type tag\n permit 7\n\
         filter-definition default\n match ip-source-address EVEN\n match source-tag SEVEN\n\
         filter-definition even\n match ip-source-address EVEN\n",
    ),
    (
        "xlate.cfg",
        "xlate-action NET\n type ip-port-privacy-mask\n mask 0 0\n\
         xlate-action TEN\n type scale\n scale 10\n\
         xlate-definition ten\n term\n  action NET\n  action TEN\n",
    ),
];

fn configs() -> (tempfile::TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in CONFIGS {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let path = folder.path().to_owned();
    (folder, move |name: &str| path.join(name).display().to_string())
}

/// Source addresses, source tags, packets of all flows of a file, sorted.
fn rows(file: &Path) -> Vec<(u32, u32, u64)> {
    let inputs = Inputs::of(&[file.to_owned()]);
    let (rows, summary) = Scan::open(&inputs).unwrap().fold(Vec::new, |all: &mut Vec<_>, batch| {
        let (mut sources, mut tags, mut packets) = (Vec::<u32>::new(), Vec::<u32>::new(), Vec::<u64>::new());
        batch.gather(Field::SrcAddr, &mut sources);
        batch.gather(Field::SrcTag, &mut tags);
        batch.gather(Field::Packets, &mut packets);
        all.extend(sources.into_iter().zip(tags).zip(packets).map(|((source, tag), packets)| (source, tag, packets)));
    });
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    let mut rows = rows.concat();
    rows.sort_unstable();
    rows
}

#[test]
fn a_collector_tags_filters_and_translates() {
    let (_folder, config) = configs();
    let (tags, filter, xlate) = (config("tag.cfg"), config("filter.cfg"), config("xlate.cfg"));
    for (version, form) in
        [(None, Version::V1005.into()), (Some("-V10"), Form::Modern), (Some("-V1005"), Version::V1005.into())]
    {
        let folder = tempfile::tempdir().unwrap();
        let mut args = vec!["-N0", "-z1", "-c1", "-t", &tags, "-T", "all", "-f", &filter, "-x", &xlate, "-Xten"];
        args.extend(version);
        let mut collector = Collector::start(folder.path(), &args);
        let mut client = TcpStream::connect(("127.0.0.1", collector.port)).unwrap();
        collector.wait_for("connected");
        let mut exporter = Exporter::to("127.0.0.1", collector.port);
        exporter.send(5, 90);
        until("they are stored", || flows_in(&unfinished(folder.path())) == 45);
        collector.signal("HUP");
        until("a file is complete", || complete(folder.path()).len() == 1);
        exporter.send(5, 30);
        assert_eq!(collector.end(), 0);
        let said = collector.lines();
        assert!(said.iter().any(|line| line.contains("60 flows were left out by the filter")), "{said:#?}");
        let files = complete(folder.path());
        assert_eq!(files.len(), 2);
        let info = read_info(&files[0]).unwrap();
        assert_eq!((info.flows, info.lost), (Some(45), Some(0)));
        assert_eq!(info.version.map_or(Form::Modern, Form::from), form);
        let stored: Vec<_> = files.iter().flat_map(|file| rows(file)).collect();
        let even = exporter.sources().into_iter().filter(|source| source % 2 == 0);
        assert_eq!(stored, even.map(|source| (source, 7, 10)).collect::<Vec<_>>());
        // A client gets what is stored, to the last flow.
        let mut stream = Vec::new();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.read_to_end(&mut stream).unwrap();
        let file = folder.path().join("from-tcp");
        fs::write(&file, &stream).unwrap();
        assert_eq!(rows(&file), stored);
    }
}

#[test]
fn exporters_of_filtered_flows_are_known() {
    let (_folder, config) = configs();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("flows");
    let port = free_port();
    let (tags, filter) = (config("tag.cfg"), config("filter.cfg"));
    let endpoint = format!("0/0/{port}");
    let mut child = Command::new(RECEIVE)
        .args(["-d1", "--tag-file", &tags, "--tags", "all", "--filter-file", &filter, "-v", "TAG=7", "-V10", "-o"])
        .arg(&output)
        .arg(endpoint)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut first = [0; 1];
    stderr.read_exact(&mut first).unwrap();
    let mut exporter = Exporter::to("127.0.0.1", port);
    exporter.send(5, 60);
    exporter.send9(50, true);
    std::thread::sleep(Duration::from_millis(700));
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let even = exporter.sources().into_iter().filter(|source| source % 2 == 0);
    let rows = rows(&output);
    assert_eq!(
        rows.iter().map(|(source, tag, _)| (*source, *tag)).collect::<Vec<_>>(),
        even.map(|source| (source, 7)).collect::<Vec<_>>()
    );
}

#[test]
fn mistakes_are_said_before_anything_begins() {
    let (folder, config) = configs();
    let (tags, filter) = (config("tag.cfg"), config("filter.cfg"));
    fs::write(folder.path().join("bad"), "filter-primitive A\n type nothing\n").unwrap();
    let bad = config("bad");
    for program in [env!("CARGO_BIN_EXE_flow-capture"), RECEIVE] {
        let wrong = |args: &[&str], words: &str| {
            let at = format!("127.0.0.1/0/{}", free_port());
            let output = Command::new(program).args(args).arg(at).current_dir(folder.path()).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), said.contains(words)), (Some(2), true), "{program} {args:?}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        };
        wrong(&["-f", &filter, "-F", "none"], "'none': expected a filter-definition that is defined (default, even)");
        wrong(&["-f", &bad], "bad:2:7: 'nothing': expected");
        wrong(&["-t", &tags, "-T", "all", "-V5"], "-V 5 has no room for tags: expected 1005 or 10");
        wrong(&["-F", "even", "-v", "NONSENSE"], "-v: ");
        wrong(&["-X", "none"], "'none': expected an xlate-definition that is defined (ten)");
    }
}
