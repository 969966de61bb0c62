//! flow-gen, run as a user runs it.

use std::fs;
use std::process::{Command, Output};

use flowtools::file::{Inputs, Scan};
use flowtools::flow::{Field, Order, Version};

fn generate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flow-gen")).args(args).output().unwrap()
}

/// A field of all flows of a file.
fn field(file: &[u8], field: Field) -> Vec<u64> {
    let path = tempfile::NamedTempFile::new().unwrap();
    fs::write(path.path(), file).unwrap();
    let scan = Scan::open(&Inputs::of(&[path.path().to_owned()])).unwrap();
    let mut all = Vec::new();
    let gather = |values: &mut Vec<u64>, batch: flowtools::flow::FlowBatch| {
        assert!(batch.gather(field, values));
        values.clone()
    };
    let summary = scan
        .ordered(Vec::new, gather, |values| {
            all.extend(values);
            Ok::<(), ()>(())
        })
        .unwrap();
    assert!(summary.problems.is_empty());
    all
}

#[test]
fn a_thousand_flows_of_version_5_by_default() {
    let output = generate(&["-b", "big"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let header = b"\xCF\x10\x02\x03\0\0\0\x30\0\x02\0\x02\0\x05\0\x08\0\x04\0\0\0\x08\0\x0F\0\x09flow-gen\0\0\x10\0\x09flow-gen\0";
    assert_eq!(&output.stdout[..48], header);
    assert_eq!(output.stdout.len(), 48 + 64 * 1000);
    let second = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\xFF\xFF\0\x01\0\0\0\0\0\x01\xFF\x01\0\0\0\x02\0\0\0\x02\0\0\0\x01\xFF\xFF\0\x01\0\x01\xFF\x01\x11\x01\0\0\0\0\0\0\0\x01\xFF\x01";
    assert_eq!(&output.stdout[112..176], second);
}

#[test]
fn every_version_is_made_and_read_back_in_either_order() {
    for version in Version::ALL {
        let arg = format!("-V{version}");
        let mut octets = Vec::new();
        for order in ["little", "big"] {
            for level in ["-z0", "-z7"] {
                let output = generate(&[&arg, "-n300", "-b", order, level]);
                assert!(output.status.success(), "{version}");
                octets.push(field(&output.stdout, Field::Octets));
            }
        }
        assert!(octets.iter().all(|o| *o == (1..=300).collect::<Vec<u64>>()), "{version}");
    }
}

#[test]
fn numbers_wrap_at_their_width() {
    let file = generate(&["-n", "70000"]).stdout;
    assert_eq!(field(&file, Field::SrcPort), (0..70_000).map(|n| n & 0xFFFF).collect::<Vec<u64>>());
    assert_eq!(field(&file, Field::Last)[65_536], 0);
    assert_eq!(field(&file, Field::SrcAddr)[69_999], 69_999);
}

#[test]
fn none_is_a_header_alone() {
    let output = generate(&["-n0", "-V7"]);
    assert_eq!((output.stdout.len(), output.status.code()), (48, Some(0)));
    assert_eq!(output.stdout[2], if Order::HOST == Order::Big { 2 } else { 1 });
}

#[test]
fn wrong_usage_is_told_in_a_line() {
    for args in [["-V9"], ["-V8"], ["-n-1"], ["-nx"], ["stray"]] {
        let output = generate(&args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr).lines().count(), 1);
    }
}
