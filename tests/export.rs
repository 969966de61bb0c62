//! flow-export as its users run it.

mod common;

use std::io::Cursor;

use common::made::{self, Kind, columns6};
use common::{fine, flow_file, run, stderr};
use flowtools::flow::{Codec, Order};
use flowtools::meter::source::Capture;

const EXPORT: &str = env!("CARGO_BIN_EXE_flow-export");

fn lines(args: &[&str], input: &[u8]) -> Vec<String> {
    String::from_utf8(fine(EXPORT, args, input)).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn csv_has_the_fields_of_the_flows_version() {
    for format in ["-f2", "-fcsv"] {
        let got = lines(&[format], &flow_file(9000, 6, Order::Big));
        assert_eq!(
            got[0],
            "#:unix_secs,unix_nsecs,sysuptime,exaddr,dpkts,doctets,first,last,engine_type,engine_id,srcaddr,dstaddr,\
             nexthop,input,output,srcport,dstport,prot,tos,tcp_flags,src_mask,dst_mask,src_as,dst_as"
        );
        assert_eq!(got.len(), 9001);
        assert_eq!(
            got[9000],
            "1767234599,0,1000000,192.0.2.254,8999,899900,990000,995000,0,0,10.0.35.39,192.0.2.1,0.0.0.0,0,0,8999,443,6,\
             0,0,0,0,0,0"
        );
    }
}

#[test]
fn csv_has_the_fields_asked_for() {
    let input = flow_file(2, 0, Order::Little);
    let want = ["#:doctets,srcaddr,dstaddr", "0,10.0.0.0,192.0.2.1", "100,10.0.0.1,192.0.2.1"];
    for fields in ["-m3040", "-m0x3040", "-mDOCTETS,srcaddr,DstAddr", "-mdstaddr,srcaddr,doctets"] {
        assert_eq!(lines(&["-f2", fields], &input), want);
    }
    let output = run(EXPORT, &["-f2", "-mrouter_sc"], &input);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(stderr(&output), "flow-export: -m asks for router_sc, which flows of version 5 lack\n");
}

#[test]
fn json_is_an_object_a_line() {
    let got = lines(&["-f", "json"], &flow_file(3000, 0, Order::Little));
    assert_eq!(got.len(), 3000);
    assert!(got.iter().all(|line| line.starts_with("{\"flowStartMilliseconds\":") && line.ends_with("}")));
    let wanted = [
        "\"flowStartMilliseconds\":1767228588000,\"flowEndMilliseconds\":1767228593000,",
        "\"sourceIPv4Address\":\"10.0.11.182\"",
        "\"sourceTransportPort\":2998,\"destinationTransportPort\":443,\"protocolIdentifier\":6,",
        "\"packetDeltaCount\":2998,\"octetDeltaCount\":299800,",
        "\"exporterIPv4Address\":\"192.0.2.254\"",
    ];
    for part in wanted {
        assert!(got[2998].contains(part), "{part} in {}", got[2998]);
    }
}

#[test]
fn pcap_has_as_many_packets_and_octets_as_the_flows() {
    for format in ["-f1", "-fpcap"] {
        let mut capture = Capture::open(Box::new(Cursor::new(fine(EXPORT, &[format], &flow_file(100, 6, Order::Big)))));
        let (mut packets, mut octets, mut last) = (0, 0, 0);
        while let Some(frame) = capture.as_mut().unwrap().next_frame().unwrap() {
            assert_eq!(frame.data.len(), 38);
            // Of 100 octets each, from 10.0.0.i port i to 192.0.2.1 port 443.
            assert_eq!((&frame.data[16..18], &frame.data[36..]), (&[0, 100][..], &[1, 187][..]));
            assert_eq!(frame.data[29], frame.data[35]);
            (packets, octets, last) = (packets + 1, octets + frame.wire_len - 14, frame.time_ns / 1_000_000);
        }
        assert_eq!((packets, octets), (4950, 495_000));
        // The last flow's last packet: five seconds before its record was sent.
        assert_eq!(last, 1_767_225_699_000 - 5000);
    }
}

#[test]
fn what_has_no_addresses_gives_no_packets() {
    let input = made::file(Kind::Done(Codec::None), &[columns6(20, 0)]);
    let output = run(EXPORT, &["-f1"], &input);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 24));
    assert_eq!(stderr(&output), "flow-export: 20 flows have no addresses, which packets must have\n");
}

#[test]
fn a_file_cut_short_is_exported_as_far_as_it_goes() {
    let whole = flow_file(100, 0, Order::Little);
    for format in ["-f2", "-fjson"] {
        let output = run(EXPORT, &[format], &whole[..whole.len() - 10]);
        let lines = output.stdout.iter().filter(|b| **b == b'\n').count();
        assert_eq!((output.status.code(), lines), (Some(1), 99 + usize::from(format == "-f2")));
        assert!(stderr(&output).starts_with("flow-export: standard input: "));
    }
}

#[test]
fn wrong_usage_says_what_was_expected() {
    for args in [&["-f9"][..], &["-f3"], &["-f", "xml"], &["-f2", "-mnothing"], &["-f2", "-m0"]] {
        let output = run(EXPORT, args, &flow_file(1, 0, Order::Little));
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{args:?}");
    }
}
