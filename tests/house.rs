//! The rules of the house, kept by machine: floors, sizes, and that every program is known to the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may use, besides itself.
const FLOORS: [(&str, &[&str]); 12] = [
    ("flow", &[]),
    ("file", &["flow"]),
    ("wire", &["flow"]),
    ("select", &["flow"]),
    ("rewrite", &["flow", "select"]),
    ("report", &["flow", "select"]),
    ("print", &["flow"]),
    ("exchange", &["flow", "print"]),
    ("meter", &["flow"]),
    ("net", &["flow", "wire"]),
    ("graph", &["flow", "file", "report", "select"]),
    ("sql", &["flow", "print"]),
];

/// Modules that only compute: no files, no sockets, no processes.
const PURE: [&str; 7] = ["flow", "wire", "select", "rewrite", "report", "print", "exchange"];

/// What a module that only computes has no business with.
const OUTSIDE: [&str; 8] =
    ["std::fs", "fs::File", "std::process", "UdpSocket", "TcpStream", "TcpListener", "UnixStream", "UnixDatagram"];

/// Modules with `unsafe` code, each with its argument at its beginning: libpcap, the ring that the kernel writes into,
/// packet sockets.
const UNSAFE: [&str; 4] =
    ["src/meter/filter/libpcap.rs", "src/meter/live/ring.rs", "src/meter/live/socket.rs", "src/meter/memory.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder of the repository, in order.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

/// All files below a folder of the repository whose names end like this, in order.
fn files(folder: &str, ends: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(root().join(folder))
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|end| ends.iter().any(|known| end == *known)))
        .collect();
    files.sort();
    files
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The module on the ground of `src` that a file belongs to.
fn module(path: &Path) -> Option<String> {
    let first = path.strip_prefix(root().join("src")).ok()?.iter().next()?;
    Some(first.to_string_lossy().trim_end_matches(".rs").to_owned())
}

/// A file's text without line comments, in which documentation may name any floor.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules that code names after `crate::`, also in braces.
fn used(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        if let Some(group) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    _ if c.is_whitespace() => {}
                    _ if start => {
                        names.insert(word(&group[at..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            names.insert(word(after));
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_module_reaches_up_a_floor() {
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let Some((own, below)) = module(&path).and_then(|m| FLOORS.into_iter().find(|(name, _)| *name == m)) else {
            continue;
        };
        for name in used(&code(&path)) {
            if name != own && !below.contains(&name.as_str()) {
                wrong.push(format!("{}: {own} uses {name}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_computes_touches_nothing_outside() {
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().filter(|p| module(p).is_some_and(|m| PURE.contains(&m.as_str()))) {
        let code = code(&path);
        let found = OUTSIDE.into_iter().filter(|name| code.contains(name));
        wrong.extend(found.map(|name| format!("{}: {name}", shown(&path))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_where_its_argument_is() {
    let allowed = rust_files("src").into_iter().filter(|path| code(path).contains("allow(unsafe_code)"));
    assert_eq!(allowed.map(|path| shown(&path)).collect::<Vec<_>>(), UNSAFE);
}

#[test]
fn every_file_can_be_read_at_one_sitting() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "examples", "benches"] {
        for path in files(folder, &["rs", "js", "css", "html"]) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            let most = if path.starts_with(root().join("src/bin")) { 250 } else { 500 };
            if lines > most {
                wrong.push(format!("{}: {lines} lines, at most {most}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_program_is_documented() {
    let commands = flowtools::cli::commands();
    let overview = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let (readme, page) = (overview("README.md"), overview("man/flow-tools.7"));
    for path in rust_files("src/bin") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let command = commands.iter().find(|command| command.get_name() == name);
        let command = command.unwrap_or_else(|| panic!("{name} is not among cli::commands()"));
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in README.md");
        assert!(page.contains(&format!(".BR {name} (1)")), "{name} is not in man/flow-tools.7");
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(!about.is_empty(), "{name}: Args lacks the doc comment that says what the program does");
        // clap takes a bare `about` for the package's description, in the place of the struct's doc comment.
        assert_ne!(about, env!("CARGO_PKG_DESCRIPTION"), "{name}: leave `about` out of #[command]");
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let long: Vec<&str> = after.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(long.is_empty(), "{name}: help is wrapped at 100 columns: {long:#?}");
    }
}

#[test]
fn names_are_found_in_groups_too() {
    let names = used("use crate::flow::{A, b::C};\nuse crate::{file::{D, E}, net, wire::F};\ncrate::cli::run()");
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["cli", "file", "flow", "net", "wire"]);
}

/// Lines of man pages that are not filled are read on terminals of 80 columns: 7 are the page's margin.
#[test]
fn pages_fit_80_columns() {
    let mut pages = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("man")).unwrap() {
        let path = entry.unwrap().path();
        let (mut kept, mut margin) = (false, 7);
        for line in fs::read_to_string(&path).unwrap().lines() {
            match line {
                ".nf" | ".EX" => kept = true,
                ".fi" | ".EE" => kept = false,
                ".RS" => margin += 7,
                ".RE" => margin -= 7,
                _ if line.starts_with(".SH") => margin = 7,
                _ => {}
            }
            let mut text = line.replace("\\(aq", "'").replace("\\*(Aq", "'").replace("\\\\", "/");
            for font in ["\\fB", "\\fI", "\\fR", "\\fP", "\\&", "\\"] {
                text = text.replace(font, "");
            }
            let width = margin + text.chars().count();
            assert!(!kept || line.starts_with('.') || width <= 80, "{}: {width}: {line}", path.display());
        }
        pages += 1;
    }
    assert!(pages > 20);
}
