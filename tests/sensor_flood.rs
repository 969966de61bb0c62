//! A flood of flows of one packet each, far more than the cache holds: early ends, but no flow is lost.

mod common;

use common::{fine, run, stderr};

const SENSOR: &str = env!("CARGO_BIN_EXE_flow-sensor");
const STAT: &str = env!("CARGO_BIN_EXE_flow-stat");
const FLOWS: u32 = 200_000;

/// A capture of so many connections of one packet each, within two seconds.
fn flood() -> Vec<u8> {
    let mut capture = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for n in 0..FLOWS {
        for word in [1_700_000_000 + n / 100_000, n % 100_000 * 10, 60, 60] {
            capture.extend(word.to_le_bytes());
        }
        let mut frame = [0; 60];
        frame[12..24].copy_from_slice(&[8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 6]);
        frame[26..30].copy_from_slice(&(0x0A00_0000 + n).to_be_bytes());
        frame[30..34].copy_from_slice(&[192, 0, 2, 1]);
        frame[34..38].copy_from_slice(&[0x80, 0, 1, 0xbb]);
        frame[47] = 2;
        capture.extend(frame);
    }
    capture
}

#[test]
fn none_is_lost_that_ends_early() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("flood.pcap");
    std::fs::write(&capture, flood()).unwrap();
    for version in [&[][..], &["-v", "5"]] {
        let file = folder.path().join("flows");
        let args = ["-r", capture.to_str().unwrap(), "-d", "-m", "4096", "-w", file.to_str().unwrap()];
        let output = run(SENSOR, &[&args[..], version].concat(), b"");
        assert!(output.status.success(), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        let ended = said.lines().find_map(|line| line.trim().strip_prefix("maxflows = ")).unwrap();
        assert!(ended.trim().parse::<u32>().unwrap() >= FLOWS - 4096 - 32, "{said}");
        let totals = String::from_utf8(fine(STAT, &["-f0", file.to_str().unwrap()], b"")).unwrap();
        for (what, value) in [("Total Flows", FLOWS), ("Total Packets", FLOWS), ("Total Octets", FLOWS * 46)] {
            let line = totals.lines().find(|line| line.starts_with(what)).unwrap();
            assert!(line.ends_with(&format!(": {value}")), "{line}");
        }
    }
}
