//! flow-print as its users run it.

mod common;

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use common::{fine, flow_file, run, stderr};
use flowtools::flow::Order;

const PRINT: &str = env!("CARGO_BIN_EXE_flow-print");

fn lines(args: &[&str], input: &[u8]) -> Vec<String> {
    String::from_utf8(fine(PRINT, args, input)).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn flows_are_shown_in_order_whatever_their_number_and_byte_order() {
    let count = 20_000;
    for (level, order) in [(0, Order::Little), (6, Order::Big)] {
        let got = lines(&[], &flow_file(count, level, order));
        assert_eq!(got[0], "srcIP            dstIP            prot  srcPort  dstPort  octets      packets");
        assert_eq!(got.len(), count as usize + 1);
        for (i, line) in got.iter().skip(1).enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let address = format!("10.0.{}.{}", i >> 8, i & 255);
            let (port, octets, packets) = (i.to_string(), (i * 100).to_string(), i.to_string());
            let protocol = if i % 3 == 0 { "17" } else { "6" };
            assert_eq!(words, [&*address, "192.0.2.1", protocol, &*port, "443", &*octets, &*packets]);
        }
    }
}

#[test]
fn the_header_comes_first_where_it_is_asked_for() {
    let got = lines(&["-p", "-c%", "-f5"], &flow_file(1, 0, Order::Little));
    assert!(got[0] == "%" && got.contains(&"% export version:       5".to_owned()), "{got:?}");
    assert!(got.last().unwrap().starts_with("1231.23:59:50.000 1231.23:59:55.000 0 "), "{got:?}");
}

#[test]
fn names_stand_where_there_is_room_for_them() {
    let input = flow_file(2, 0, Order::Little);
    let got = lines(&["-n", "-f3"], &input);
    assert_eq!(got[2], "10.0.0.1         192.0.2.1        tcp   tcpmux   https    100         1         ");
    let got = lines(&["-n", "-f5"], &input);
    assert!(got[3].ends_with(" 1     0     192.0.2.1       443   6   0  1          100       "), "{got:?}");
}

#[test]
fn wide_formats_are_wider() {
    let got = lines(&["-w", "-f4"], &flow_file(2, 0, Order::Little));
    let want = "0000 0000 10.0.0.1/0          192.0.2.1/0         6      0                 0                 100         1         ";
    assert_eq!(got[2], want);
}

#[test]
fn files_and_folders_are_read_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(folder.path().join("day")).unwrap();
    fs::write(path("day/ft-a"), flow_file(2, 0, Order::Little)).unwrap();
    fs::write(path("day/ft-b"), flow_file(3, 6, Order::Big)).unwrap();
    fs::write(path("c"), flow_file(1, 0, Order::Big)).unwrap();
    let got = lines(&["-f6", &path("c"), &path("day")], b"");
    let packets: Vec<&str> = got.iter().skip(1).map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(packets, ["0", "0", "1", "0", "1", "2"]);
}

#[test]
fn a_file_cut_short_is_shown_as_far_as_it_goes() {
    let whole = flow_file(100, 0, Order::Little);
    let output = run(PRINT, &["-f5"], &whole[..whole.len() - 10]);
    assert_eq!((output.status.code(), output.stdout.iter().filter(|b| **b == b'\n').count()), (Some(1), 2 + 99));
    let said = stderr(&output);
    assert!(said.starts_with("flow-print: standard input: ") && said.lines().count() == 1, "{said}");
}

#[test]
fn wrong_usage_says_what_was_expected() {
    for args in [&["-f25"][..], &["-f", "x"], &["-f-1"], &["-y"]] {
        let output = run(PRINT, args, b"");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        assert_eq!(stderr(&output).lines().count(), 1);
    }
    let output = run(PRINT, &["-f7"], &flow_file(1, 0, Order::Little));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(stderr(&output), "flow-print: format 7 shows router_sc, which flows of version 5 lack\n");
}

#[test]
fn a_closed_output_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows");
    fs::write(&path, flow_file(200_000, 0, Order::Little)).unwrap();
    let mut child = Command::new(PRINT)
        .args(["-f5".as_ref(), path.as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn flows_are_shown_as_they_come_in() {
    use std::io::{BufRead, BufReader, Write};
    let mut child = Command::new(PRINT).arg("-lf6").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&flow_file(3, 0, Order::Little)).unwrap();
    // The writer stays: what it wrote is shown all the same.
    let shown: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(4).map(Result::unwrap).collect();
    assert!(shown[3].starts_with(" 10.0.0.2 "), "{shown:?}");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_field_of_a_flow_has_a_line() {
    let text = String::from_utf8(common::fine(PRINT, &["-f", "long"], &common::flow_file(2, 0, Order::HOST))).unwrap();
    let flows: Vec<&str> = text.split_terminator("\n\n").collect();
    assert_eq!(flows.len(), 2, "{text}");
    for line in
        ["sourceIPv4Address            10.0.0.1", "packetDeltaCount             1", "destinationTransportPort     443"]
    {
        assert!(flows[1].lines().any(|l| l == line), "{line}: {text}");
    }
    assert!(!text.contains('"') && !text.contains('{'), "{text}");
}
