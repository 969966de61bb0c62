//! flow-scan's folders: flows that are read, and RRDs that are read again by rrdtool.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use flowtools::graph::{Consolidation, Rrdtool};

use super::traffic::{Flow, T, flows, stored};
use super::{run_in, stderr};

/// The program.
pub const SCAN: &str = env!("CARGO_BIN_EXE_flow-scan");

/// A folder with CUFlow.cf, and an archive `flows`.
pub fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("CUFlow.cf"), config).unwrap();
    fs::create_dir(folder.path().join("flows")).unwrap();
    folder
}

/// Stores flows of five minutes from `T + 300 * period` on.
pub fn store(folder: &Path, name: &str, period: u64, flows: &[Flow]) -> PathBuf {
    let path = folder.join("flows").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, stored(T + 300 * period, flows)).unwrap();
    path
}

/// So many periods, two files each; all flows of them.
pub fn archive(folder: &Path, periods: u64, count: u64) -> Vec<Flow> {
    let mut all = Vec::new();
    for period in 0..periods {
        for (six, sub) in [(false, "four"), (true, "six")] {
            let flows = flows(T + 300 * period, six, count);
            store(folder, &format!("{sub}/ft-{period:03}"), period, &flows);
            all.extend(flows);
        }
    }
    all
}

/// Runs it in a folder.
pub fn scan(folder: &Path, args: &[&str]) -> Output {
    run_in(folder, SCAN, args, b"")
}

/// A run in which all is well; what it prints.
pub fn scan_well(folder: &Path, args: &[&str]) -> String {
    let output = scan(folder, args);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What each RRD says was counted in so many steps of five minutes, or nothing if all is unknown.
pub fn counted(folder: &Path, steps: u64) -> BTreeMap<String, [f64; 6]> {
    counted_by(folder, steps, 300)
}

/// The same of RRDs whose steps are of so many seconds.
pub fn counted_by(folder: &Path, steps: u64, length: u64) -> BTreeMap<String, [f64; 6]> {
    let mut rrdtool = Rrdtool::start().unwrap_or_else(|why| panic!("these tests need rrdtool: {why}"));
    let (from, to) = (T as i64, (T + 300 * steps) as i64);
    let mut all = BTreeMap::new();
    for name in rrds(folder) {
        let file = folder.join("rrds").join(&name).to_str().unwrap().to_owned();
        let fetched = rrdtool.fetch(&file, Consolidation::Average, [from, to], length).unwrap();
        assert_eq!(fetched.sources, ["in_bytes", "out_bytes", "in_pkts", "out_pkts", "in_flows", "out_flows"]);
        let mut sum = [0.0; 6];
        for (time, values) in fetched.rows.iter().filter(|(time, _)| (from + 1..=to).contains(time)) {
            for (sum, value) in sum.iter_mut().zip(values).filter(|(_, value)| !value.is_nan()) {
                assert_eq!(time % length as i64, 0);
                *sum += value * length as f64;
            }
        }
        all.insert(name.strip_suffix(".rrd").unwrap().to_owned(), sum);
    }
    all
}

/// The RRDs below OutputDir, by name.
pub fn rrds(folder: &Path) -> Vec<String> {
    let root = folder.join("rrds");
    let files = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().flatten();
    let names = files.map(|file| file.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name.ends_with(".rrd")).collect()
}

/// Every file below OutputDir, with its octets.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder.join("rrds")).into_iter().flatten().filter(|file| file.path().is_file());
    files.map(|file| (file.path().to_owned(), fs::read(file.path()).unwrap())).collect()
}
