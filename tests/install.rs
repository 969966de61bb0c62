//! `make install` and `make uninstall`, and the names of other programs that ours answer to.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{fine, flow_file, run};
use flowtools::cli::links::LINKS;
use flowtools::flow::Order;

/// Runs a target of the makefile on a folder, with the programs that the tests run linked instead of stripped.
fn make(target: &str, to: &Path, compat: bool) {
    let built = Path::new(env!("CARGO_BIN_EXE_flow-print")).parent().unwrap();
    let output = Command::new("make")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--no-print-directory", target, "PREFIX=/usr", "INSTALL_PROGRAM=ln -sf"])
        .arg(format!("BUILD={}", built.display()))
        .arg(format!("DESTDIR={}", to.display()))
        .args(compat.then_some("COMPAT=1"))
        .env_remove("MAKEFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every file and link below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    entries.filter(|entry| !entry.file_type().is_dir()).map(walkdir::DirEntry::into_path).collect()
}

#[test]
fn what_is_installed_works_and_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let below = |path: &str| folder.path().join(path);
    make("install", folder.path(), false);
    for path in
        ["bin/flow-cat", "share/man/man1/flow-cat.1", "share/man/man5/flow-file.5", "share/man/man7/flow-tools.7"]
    {
        assert!(below(&format!("usr/{path}")).exists(), "{path}");
    }
    for unit in ["flow-capture@.service", "flow-sensor@.service", "flow-scan.timer"] {
        assert!(below(&format!("usr/lib/systemd/system/{unit}")).exists(), "{unit}");
    }
    assert!(LINKS.iter().all(|link| !below(&format!("usr/bin/{}", link.name)).exists()));
    make("install", folder.path(), true);
    for link in &LINKS {
        let path = below(&format!("usr/bin/{}", link.name));
        assert_eq!(fs::read_link(&path).unwrap(), Path::new(link.program));
        let page = below(&format!("usr/share/man/man1/{}.1", link.name));
        let page = fs::read_to_string(page).unwrap().replace("\\-", "-");
        assert!(page.contains(link.program), "{}", link.name);
        let help = String::from_utf8(fine(path.to_str().unwrap(), &["-h"], b"")).unwrap();
        assert!(help.contains("Usage: "), "{}: {help}", link.name);
    }
    // Another's program of that name stays.
    fs::remove_file(below("usr/bin/softflowd")).unwrap();
    fs::write(below("usr/bin/softflowd"), "another").unwrap();
    make("uninstall", folder.path(), false);
    assert_eq!(files(folder.path()), [below("usr/bin/softflowd")]);
}

#[test]
fn linked_names_act_as_their_programs_did() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| {
        let link = LINKS.iter().find(|link| link.name == name).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_flow-print")).with_file_name(link.program);
        let path = folder.path().join(name);
        std::os::unix::fs::symlink(program, &path).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let file = folder.path().join("flows");
    fs::write(&file, flow_file(3, 0, Order::Little)).unwrap();
    let file = file.to_str().unwrap();
    let print = env!("CARGO_BIN_EXE_flow-print");
    let dumper = named("flowdumper");
    assert_eq!(fine(&dumper, &[file], b""), fine(print, &["-flong", file], b""));
    assert_eq!(fine(&dumper, &["-s", file], b""), fine(print, &["-f5", file], b""));

    let packets = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/real-traffic.pcap");
    let meter = |program: &str, more: &[&str]| fine(program, &[&["-r", packets, "-w", "-"], more].concat(), b"");
    let shown = |flows: Vec<u8>| fine(env!("CARGO_BIN_EXE_flow-stat"), &["-f0"], &flows);
    let (sensor, softflowd) = (env!("CARGO_BIN_EXE_flow-sensor"), named("softflowd"));
    let compat = shown(meter(&softflowd, &[]));
    assert_eq!(compat, shown(meter(sensor, &["--compat"])));
    assert_ne!(compat, shown(meter(sensor, &[])));

    let said = common::stderr(&run(&named("softflowctl"), &["-c", "/nowhere/sensor.ctl", "statistics"], b""));
    assert!(said.contains("/nowhere/sensor.ctl"), "{said}");
}
