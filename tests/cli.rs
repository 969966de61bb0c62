//! What all programs have in common: help, version, wrong usage in one line, a closed output.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every program that is built, by name.
fn programs() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_BIN_EXE_flow-cat")).parent().unwrap();
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin")).unwrap();
    let mut programs: Vec<(String, PathBuf)> = sources
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .map(|name| (name.clone(), folder.join(name)))
        .collect();
    programs.sort();
    assert!(programs.len() > 1);
    programs
}

/// Runs a program on an empty standard input.
fn run(path: &Path, args: &[&str]) -> Output {
    Command::new(path).args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// One line in the program's name, whatever else it says.
fn assert_one_line(name: &str, stderr: &[u8]) -> String {
    let stderr = text(stderr);
    assert!(stderr.starts_with(&format!("{name}: ")), "{name}: {stderr}");
    assert!(stderr.ends_with('\n') && stderr.lines().count() == 1, "{name}: {stderr}");
    stderr
}

#[test]
fn help_is_asked_for_by_either_name() {
    for (name, path) in programs() {
        for option in ["-h", "--help"] {
            let output = run(&path, &[option]);
            let help = text(&output.stdout);
            assert!(output.status.success() && output.stderr.is_empty(), "{name} {option}");
            assert!(help.contains(&format!("Usage: {name}")), "{name} {option}: {help}");
            assert!(help.contains("\nExamples:\n"), "{name} {option}: no examples");
        }
    }
}

#[test]
fn version_is_said() {
    for (name, path) in programs() {
        let output = run(&path, &["--version"]);
        assert!(output.status.success(), "{name}");
        assert_eq!(text(&output.stdout), format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn wrong_usage_is_one_line_and_exit_2() {
    for (name, path) in programs() {
        for option in ["--no-such-option", "--debug=-x", "-\u{e9}"] {
            let output = run(&path, &[option]);
            assert_eq!(output.status.code(), Some(2), "{name} {option}");
            assert!(output.stdout.is_empty(), "{name} {option}");
            let line = assert_one_line(&name, &output.stderr);
            assert!(line.ends_with(&format!("; see {name} --help\n")), "{line}");
        }
    }
}

#[test]
fn a_closed_output_is_no_failure() {
    for (name, path) in programs() {
        let mut child = Command::new(&path)
            .arg("--help")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let output = run(Path::new(env!("CARGO_BIN_EXE_flow-cat")), &["/nowhere/at all\n"]);
    assert_eq!(output.status.code(), Some(1));
    let line = assert_one_line("flow-cat", &output.stderr);
    assert!(line.contains("/nowhere/at all\\n"), "{line}");
}

#[test]
fn what_is_no_flow_file_is_refused_in_one_line() {
    for name in ["flow-cat", "flow-print", "flow-stat", "flow-filter", "flow-header"] {
        let Some((_, path)) = programs().into_iter().find(|(program, _)| program == name) else { continue };
        let mut child =
            Command::new(path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may have read enough before all is written.
        let _ = child.stdin.take().unwrap().write_all(&[b'x'; 4096]);
        let mut stderr = Vec::new();
        child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{name}");
        assert_one_line(name, &stderr);
    }
}

#[test]
fn a_date_that_makes_no_sense_is_wrong_usage() {
    let output = run(Path::new(env!("CARGO_BIN_EXE_flow-cat")), &["-t", "the day after", "/nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    let line = assert_one_line("flow-cat", &output.stderr);
    assert!(line.contains("'the day after'") && line.contains("expected a date such as"), "{line}");
}

#[test]
fn numbers_that_are_none_are_told_what_was_expected() {
    for (program, option, expected) in [
        (env!("CARGO_BIN_EXE_flow-gen"), "-nmany", "expected a number"),
        (env!("CARGO_BIN_EXE_flow-gen"), "-z10", "expected a number from 0 to 9"),
        (env!("CARGO_BIN_EXE_flow-stat"), "-f33", "expected a number from 0 to 32"),
        (env!("CARGO_BIN_EXE_flow-stat"), "-t99999999999999999999", "expected a smaller number"),
    ] {
        let output = run(Path::new(program), &[option]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(text(&output.stderr).contains(&format!(": {expected}; see ")), "{}", text(&output.stderr));
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_flow-cat")).arg("-h").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_one_line("flow-cat", &output.stderr);
}
