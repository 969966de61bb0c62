//! flow-scan, whose RRDs rrdtool itself reads again. It must be installed: Debian's package is rrdtool.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::made::any;
use common::rrds::{SCAN, archive, contents, counted, counted_by, folder, rrds, scan, scan_well, store};
use common::traffic::{CONFIG, Flow, T, flows, stored, sums};
use common::{run_in, stderr};
use flowtools::graph::{Consolidation, Rrdtool};

/// RRDs hold what flows come to, to rounding: rrdtool says eleven digits.
fn assert_sums(folder: &Path, steps: u64, all: &[Flow]) {
    let (counted, expected) = (counted(folder, steps), sums(all));
    assert!(expected.keys().all(|name| counted.contains_key(name)), "{:?}", counted.keys());
    for (name, values) in counted.iter().filter(|(name, _)| !name.contains("category_")) {
        let expected = expected.get(name).copied().unwrap_or_default();
        for (value, expected) in values.iter().zip(expected) {
            let expected = expected as f64;
            assert!((value - expected).abs() <= expected * 1e-8, "{name}: {values:?}: expected {expected}");
        }
    }
    for at in 0..6 {
        let categories = counted.iter().filter(|(name, _)| name.starts_with("category_"));
        let sum: f64 = categories.map(|(_, values)| values[at]).sum();
        assert!((sum - counted["total"][at]).abs() <= sum * 1e-8, "every flow has one category");
    }
}

#[test]
fn rrds_hold_what_flows_come_to() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let all = archive(folder, 12, 60);
    let said = scan_well(folder, &["flows"]);
    assert_eq!(said.lines().count(), 48, "two lines a file: {said}");
    assert!(said.contains("ft-011: 60 flows took ") && said.contains(" seconds, flow hit ratio: "), "{said}");
    assert_sums(folder, 12, &all);
    // A file a directive, and the same for each router.
    let plain: Vec<String> = rrds(folder).into_iter().filter(|name| !name.contains("category_")).collect();
    let own = [
        "as_friends.rrd",
        "neither.rrd",
        "network_campus.rrd",
        "network_labs.rrd",
        "protocol_multicast.rrd",
        "protocol_17.rrd",
        "protocol_tcp.rrd",
        "service_dns_dst.rrd",
        "service_dns_src.rrd",
        "service_web_dst.rrd",
        "service_web_src.rrd",
        "tos_better.rrd",
        "tos_normal.rrd",
        "total.rrd",
    ];
    let mut expected: Vec<String> = own.iter().map(|name| (*name).to_owned()).collect();
    for router in ["192.0.2.3", "core", "edge"] {
        expected.extend(own.iter().map(|name| format!("{router}/{name}")));
    }
    expected.sort();
    let mut sorted = plain;
    sorted.sort();
    assert_eq!(sorted, expected);
    // Again: nothing changes, and nothing is said.
    let before = contents(folder);
    assert_eq!(scan_well(folder, &["flows"]), "");
    assert!(contents(folder) == before, "a second run changed something");
}

#[test]
fn a_run_that_is_killed_loses_nothing_and_counts_nothing_twice() {
    let mut seed = 6;
    let mut killed = 0;
    for round in 0..3 {
        let folder = folder(&format!("{CONFIG}Scoreboard 5 boards boards/now.html\n"));
        let folder = folder.path();
        let all = archive(folder, 30, 20);
        for _ in 0..5 {
            let command = &mut Command::new(SCAN);
            let mut child = command.args(["-q", "flows"]).current_dir(folder).stdout(Stdio::null()).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(any(&mut seed) % (100 << round)));
            child.kill().unwrap();
            killed += u32::from(!child.wait().unwrap().success());
        }
        scan_well(folder, &["-q", "flows"]);
        assert_sums(folder, 30, &all);
    }
    assert!(killed > 0, "no run was killed");
}

#[test]
fn runs_go_on_where_others_ended() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let mut all = Vec::new();
    // The third is missing, and comes when later ones have been written.
    for period in [0, 1, 3, 4, 2] {
        let flows = flows(T + 300 * period, false, 40);
        let file = store(folder, &format!("ft-{period}"), period, &flows);
        all.extend(flows);
        scan_well(folder, &[file.to_str().unwrap()]);
    }
    assert_sums(folder, 5 + 1, &all);
    let mut rrdtool = Rrdtool::start().unwrap();
    let total = folder.join("rrds/total.rrd").to_str().unwrap().to_owned();
    let rows = rrdtool.fetch(&total, Consolidation::Average, [T as i64, (T + 1500) as i64], 300).unwrap().rows;
    let unknown: Vec<bool> = rows.iter().take(5).map(|(_, values)| values[0].is_nan()).collect();
    assert_eq!(unknown, [false, false, true, false, false], "what no file covers is unknown");
    // One that is much older is told, and not counted; once.
    let old = store(folder, "old", 0, &flows(T - 7200, false, 5));
    fs::write(&old, stored(T - 7200, &flows(T - 7200, false, 5))).unwrap();
    let output = scan(folder, &["flows"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("flows/old: not counted: it is more than an hour older"), "{}", stderr(&output));
    assert_eq!(scan_well(folder, &["flows"]), "");
    assert_sums(folder, 6, &all);
}

#[test]
fn files_are_put_away() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    fs::write(folder.join("flowscan.cf"), "FlowFileGlob flows/ft-*[0-9]\nReportClasses CUFlow\nVerbose 0\n").unwrap();
    let all: Vec<Vec<Flow>> = (0..3).map(|period| flows(T + 300 * period, false, 10)).collect();
    store(folder, "ft-0", 0, &all[0]);
    store(folder, "ft-0.part", 0, &all[0]);
    fs::write(folder.join("flows/tmp-1"), "").unwrap();
    assert_eq!(scan_well(folder, &["-f", "flowscan.cf"]), "", "Verbose 0");
    assert!(folder.join("flows/ft-0").exists(), "files stay");
    fs::create_dir(folder.join("flows/saved")).unwrap();
    store(folder, "ft-1", 1, &all[1]);
    scan_well(folder, &["-f", "flowscan.cf"]);
    assert!(folder.join("flows/saved/ft-0").exists() && folder.join("flows/saved/ft-1").exists());
    // What was put away is not found again, and what stays was not asked for.
    assert_eq!(scan_well(folder, &["-f", "flowscan.cf", "flows"]), "");
    assert!(folder.join("flows/ft-0.part").exists() && folder.join("flows/tmp-1").exists());
    store(folder, "ft-2", 2, &all[2]);
    scan_well(folder, &["-f", "flowscan.cf", "--delete", "flows"]);
    assert!(!folder.join("flows/ft-2").exists() && !folder.join("flows/saved/ft-2").exists());
    assert_sums(folder, 3, &all.concat());
}

#[test]
fn damage_is_told_once() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let all = flows(T, false, 100);
    let mut octets = stored(T, &all);
    octets.truncate(octets.len() - 64 * 40 - 1);
    fs::write(folder.join("flows/cut"), octets).unwrap();
    fs::write(folder.join("flows/text"), "no flows here, but some words\n").unwrap();
    let output = scan(folder, &["--delete", "flows"]);
    // The text is from today: that does not make the flows old.
    store(folder, "ft-1", 1, &[]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 2), "{said}");
    assert!(said.contains("flows/cut: ") && said.contains("flows/text: "), "{said}");
    assert!(folder.join("flows/cut").exists(), "what was not read whole is not deleted");
    assert_eq!(scan_well(folder, &["flows"]).lines().count(), 2);
    assert_eq!(scan_well(folder, &["flows"]), "");
    // A run that was killed leaves what it read whole to the next one.
    assert_eq!(scan_well(folder, &["--delete", "flows"]), "");
    let left = ["cut", "text", "ft-1"].map(|name| folder.join("flows").join(name).exists());
    assert_eq!(left, [true, true, false], "what is not whole is not deleted later either");
    assert_sums(folder, 2, &all[..59]);
}

#[test]
fn an_rrd_that_is_refused_stops_itself() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    fs::create_dir(folder.join("rrds")).unwrap();
    fs::write(folder.join("rrds/tos_normal.rrd"), "not an RRD").unwrap();
    let all = archive(folder, 2, 20);
    let output = scan(folder, &["flows"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("tos_normal.rrd"), "{}", stderr(&output));
    fs::remove_file(folder.join("rrds/tos_normal.rrd")).unwrap();
    let mut expected = sums(&all);
    expected.remove("tos_normal");
    let counted = counted(folder, 2);
    assert!(expected.iter().all(|(name, sums)| counted[name][4].round() as u64 == sums[4]));
}

#[test]
fn mistakes_are_told_before_anything_is_done() {
    for (config, said) in [
        (CONFIG.replace("10.0.0.0/8 campus", "10.0.0.0/8"), "flow-scan: CUFlow.cf:4:"),
        (CONFIG.replace("443/tcp", "443"), "flow-scan: CUFlow.cf:8:9: '443,8000-8010/tcp': expected ports"),
        (CONFIG.replace(" web", " ../web"), "flow-scan: CUFlow.cf:8:31: '../web': expected a label"),
    ] {
        let folder = folder(&config);
        let output = scan(folder.path(), &["flows"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).starts_with(said), "{}", stderr(&output));
        assert!(!folder.path().join("rrds").exists());
    }
    let folder = folder(CONFIG);
    for args in [&[][..], &["-c", "nothing", "flows"], &["-f", "nothing", "flows"]] {
        assert_eq!(scan(folder.path(), args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn subnets_that_do_not_fit_are_told() {
    let folder = folder("Subnet 172.16.0.0/12\nOutputDir rrds\n");
    store(folder.path(), "ft-0", 0, &flows(T, false, 10));
    let output = scan(folder.path(), &["flows"]);
    assert!(stderr(&output).contains("none of 10 flows is inbound or outbound"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    let counted = counted(folder.path(), 1);
    assert_eq!((counted["total"], counted["neither"][4].round(), counted["neither"][5]), ([0.0; 6], 10.0, 0.0));
}

#[test]
fn talkers_are_listed() {
    let boards = "Scoreboard 3 boards boards/now.html\nAggregateScore 5 scores.txt scores.html\n";
    let folder = folder(&format!("{CONFIG}{boards}"));
    let folder = folder.path();
    archive(folder, 2, 50);
    scan_well(folder, &["-q", "flows"]);
    let pages = folder.join("boards/2026-01-01/00");
    let mut names: Vec<String> =
        fs::read_dir(&pages).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["ft-000.html", "ft-000.json", "ft-001.html", "ft-001.json"]);
    assert_eq!(fs::read_link(folder.join("boards/now.html")).unwrap(), Path::new("2026-01-01/00/ft-001.html"));
    let page = fs::read_to_string(folder.join("boards/now.html")).unwrap();
    assert!(page.contains("Scoreboard 2026-01-01 00:05 to 00:10") && page.contains("<td>1<td>2001:db8:"), "{page}");
    let scores = fs::read_to_string(folder.join("scores.html")).unwrap();
    assert!(scores.contains("on average") && scores.contains("2001:db8:"), "{scores}");
    let kept = fs::read_to_string(folder.join("scores.txt")).unwrap();
    scan_well(folder, &["-q", "flows"]);
    assert_eq!(fs::read_to_string(folder.join("scores.txt")).unwrap(), kept);
}

#[test]
fn the_sample_configuration_is_one() {
    let sample = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/CUFlow.cf")).unwrap();
    let folder = folder(&sample.replace("/var/lib/flow-scan", "rrds").replace("#Subnet", "Subnet"));
    let folder = folder.path();
    let all = archive(folder, 1, 50);
    scan_well(folder, &["flows"]);
    let inside = all.iter().filter(|flow| flow.way < 2);
    let counted = counted(folder, 1);
    assert_eq!(counted["total"][4..].iter().sum::<f64>().round() as usize, inside.count());
    assert!(
        folder.join("rrds/scoreboard/latest.html").exists() && folder.join("rrds/scoreboard/average.html").exists()
    );
}

/// Flows of a file that does not say when it was captured, as flow-import writes them.
#[test]
fn flows_say_when_they_were_if_nothing_else_does() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    let all: Vec<Flow> = (0..3).flat_map(|period| flows(T + 300 * period, false, 30)).collect();
    let csv = run_in(folder, env!("CARGO_BIN_EXE_flow-export"), &["-f2"], &stored(T, &all)).stdout;
    for version in ["5", "10"] {
        let bare = run_in(folder, env!("CARGO_BIN_EXE_flow-import"), &["-fcsv", "-V", version], &csv);
        assert!(bare.status.success(), "{}", stderr(&bare));
        fs::write(folder.join("flows/bare"), bare.stdout).unwrap();
        scan_well(folder, &["-q", "flows"]);
        assert_sums(folder, 3, &all);
        fs::remove_dir_all(folder.join("rrds")).unwrap();
    }
}

#[test]
fn only_flow_files_are_put_away_and_only_once_read() {
    let folder = folder(&CONFIG.replace("OutputDir rrds", "OutputDir flows/rrds"));
    let folder = folder.path();
    let all = flows(T, false, 30);
    store(folder, "ft-0", 0, &all);
    fs::create_dir(folder.join("flows/saved")).unwrap();
    for name in ["README", "CUFlow.cf"] {
        fs::copy(folder.join("CUFlow.cf"), folder.join("flows").join(name)).unwrap();
    }
    // What is no flow file is told once; what this program writes is not even looked at.
    let first = scan(folder, &["-q", "-c", "flows/CUFlow.cf", "flows"]);
    assert_eq!(first.status.code(), Some(1));
    assert!(stderr(&first).lines().count() == 1 && stderr(&first).contains("flows/README"), "{}", stderr(&first));
    let again = |args: &[&str]| assert_eq!(scan_well(folder, &[&["-q", "-c", "flows/CUFlow.cf"], args].concat()), "");
    again(&["flows"]);
    // As a shell names all there is.
    again(&["flows/saved", "flows/README"]);
    again(&["flows"]);
    let there = |name: &str| folder.join("flows").join(name).exists();
    assert!(there("README") && there("CUFlow.cf") && there("rrds/flow-scan.state.lock") && there("saved/ft-0"));
    fs::rename(folder.join("flows/rrds"), folder.join("rrds")).unwrap();
    assert_sums(folder, 1, &all);
}

/// On a disk that is too small, and then is not. That takes the right to mount one, in a namespace of its own.
#[test]
fn a_full_disk_loses_nothing() {
    if !Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("passed over: namespaces with mounts of their own need unshare (util-linux) and the right to it");
        return;
    }
    let folder = folder(CONFIG);
    let folder = folder.path();
    let all = archive(folder, 3, 20);
    fs::create_dir(folder.join("rrds")).unwrap();
    // No space for the state, for RRDs, for some of them.
    for (size, named) in
        [("8k", "rrds/flow-scan.state: "), ("60k", ".rrd: rrdtool cannot"), ("900k", ".rrd: rrdtool cannot")]
    {
        let script = format!(
            "mount -t tmpfs -o size={size} none rrds || exit 9; $0 -q flows; echo exit $?; \
             mount -o remount,size=99m rrds && $0 -q flows && cp -r rrds kept"
        );
        let output = run_in(folder, "unshare", &["-rm", "sh", "-c", &script, SCAN], b"");
        assert_eq!(
            (output.status.code(), output.stdout.as_slice()),
            (Some(0), &b"exit 1\n"[..]),
            "{}",
            stderr(&output)
        );
        let said = stderr(&output);
        assert!(said.lines().count() == 1 && said.contains(named), "{size}: {said}");
        fs::remove_dir(folder.join("rrds")).unwrap();
        fs::rename(folder.join("kept"), folder.join("rrds")).unwrap();
        assert_sums(folder, 3, &all);
        fs::remove_dir_all(folder.join("rrds")).unwrap();
        fs::create_dir(folder.join("rrds")).unwrap();
    }
}

#[test]
fn steps_have_the_length_that_was_asked_for_first() {
    for step in [60, 900] {
        let folder = folder(CONFIG);
        let folder = folder.path();
        let all: Vec<Vec<Flow>> = (0..3).map(|period| flows(T + 300 * period, false, 30)).collect();
        let option = format!("--step={step}");
        store(folder, "ft-0", 0, &all[0]);
        scan_well(folder, &["-q", &option, "flows"]);
        // Later runs need not say it again, and cannot say another.
        store(folder, "ft-1", 1, &all[1]);
        store(folder, "ft-2", 2, &all[2]);
        let output = scan(folder, &["--step", "300", "flows"]);
        let said = format!("flow-scan: rrds/flow-scan.state: has steps of {step} seconds, not of 300: expected --step");
        assert!(output.status.code() == Some(1) && stderr(&output).starts_with(&said), "{}", stderr(&output));
        scan_well(folder, &["-q", "flows"]);
        // Those of the first of 900 seconds that came when it was over are in the next one.
        let (counted, expected) = (counted_by(folder, 6, step), sums(&all.concat()));
        for (name, sums) in expected {
            let values = counted[&name].map(|value| value.round() as u64);
            assert_eq!(values, sums, "{name} of steps of {step} seconds");
        }
        let mut rrdtool = Rrdtool::start().unwrap();
        let info = rrdtool.command(&["info", folder.join("rrds/total.rrd").to_str().unwrap()]).unwrap();
        let heartbeat = format!("ds[in_bytes].minimal_heartbeat = {}\n", 2 * step);
        assert!(info.contains(&format!("step = {step}\n")) && info.contains(&heartbeat), "{info}");
        // Without the state, RRDs say it; nothing is written into any.
        fs::remove_file(folder.join("rrds/flow-scan.state")).unwrap();
        fs::remove_file(folder.join("rrds/as_friends.rrd")).unwrap();
        let before = contents(folder);
        let output = scan(folder, &["flows"]);
        let said = format!("category_chat.rrd: has steps of {step} seconds, not of 300: expected --step {step}, or");
        assert!(output.status.code() == Some(1) && stderr(&output).contains(&said), "{}", stderr(&output));
        assert!(contents(folder) == before);
    }
    let folder = folder(CONFIG);
    for bad in ["59", "7000", "100000", "auto"] {
        assert_eq!(scan(folder.path(), &["--step", bad, "flows"]).status.code(), Some(2), "{bad}");
    }
}

#[test]
fn a_run_that_goes_on_reads_what_comes_and_keeps_others_out() {
    let folder = folder(CONFIG);
    let folder = folder.path();
    fs::write(folder.join("flowscan.cf"), "WaitSeconds 600\n").unwrap();
    let first = flows(T, false, 10);
    store(folder, "ft-0", 0, &first);
    let mut watching = Command::new(SCAN);
    watching.args(["--watch", "-f", "flowscan.cf", "flows"]).current_dir(folder).stdout(Stdio::piped());
    let mut watching = watching.spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut read = |name: &str| assert!(lines.any(|line| line.unwrap().contains(&format!("{name}: 10 flows took"))));
    read("ft-0");
    let output = scan(folder, &["--wait", "0", "-f", "flowscan.cf", "flows"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("another flow-scan is at work"), "{}", stderr(&output));
    // The system tells what comes: nobody looks for ten minutes.
    let second = flows(T + 300, false, 10);
    store(folder, ".new", 1, &second);
    fs::rename(folder.join("flows/.new"), folder.join("flows/ft-1")).unwrap();
    read("ft-1");
    watching.kill().unwrap();
    watching.wait().unwrap();
    scan_well(folder, &["-q", "flows"]);
    assert_sums(folder, 2, &[first, second].concat());
}
