//! Makes the man pages and the shells' completions from the programs' own definitions.
//!
//!     cargo run --example docs              writes man/*.1 and completions/
//!     cargo run --example docs -- --check   names the files that are not as they would be written; exit 1 if any

mod man;
mod sections;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

use clap::Command;
use clap_complete::{Shell, generate};
use flowtools::cli::commands;

/// What should be written: paths below the repository, and contents.
type Pages = BTreeMap<PathBuf, Vec<u8>>;

/// The folders whose files are all made here, and how those files' names end.
const FOLDERS: [(&str, &str); 4] =
    [("man", ".1"), ("completions/bash", ""), ("completions/zsh", ""), ("completions/fish", ".fish")];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let result = match args.as_slice() {
        [] => write(root),
        [check] if check == "--check" => check_all(root),
        _ => Err(io::Error::other("expected nothing or --check")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("docs: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every page of every program.
fn pages() -> Pages {
    let commands = commands();
    let names: Vec<String> = commands.iter().map(|command| command.get_name().to_owned()).collect();
    let mut pages = Pages::new();
    for mut command in commands {
        command.build();
        let name = command.get_name().to_owned();
        pages.insert(format!("man/{name}.1").into(), man::page(&command, &names).into_bytes());
        for (shell, path) in [
            (Shell::Bash, format!("completions/bash/{name}")),
            (Shell::Zsh, format!("completions/zsh/_{name}")),
            (Shell::Fish, format!("completions/fish/{name}.fish")),
        ] {
            pages.insert(path.into(), completion(&command, &name, shell));
        }
    }
    pages
}

fn completion(command: &Command, name: &str, shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut command.clone(), name, &mut script);
    script
}

/// Files that stand in the generated folders but belong to no program.
fn left_over(root: &Path, pages: &Pages) -> Vec<PathBuf> {
    let mut left = Vec::new();
    for (folder, end) in FOLDERS {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let paths = names.filter(|name| name.ends_with(end)).map(|name| Path::new(folder).join(name));
        left.extend(paths.filter(|path| !pages.contains_key(path)));
    }
    left
}

fn write(root: &Path) -> io::Result<bool> {
    let pages = pages();
    for (path, content) in &pages {
        let path = root.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        if fs::read(&path).ok().as_ref() != Some(content) {
            fs::write(&path, content).map_err(|e| io::Error::other(format!("{}: {e}", path.display())))?;
        }
    }
    left_over(root, &pages).iter().try_for_each(|path| fs::remove_file(root.join(path)))?;
    println!("{} files in man/ and completions/", pages.len());
    Ok(true)
}

fn check_all(root: &Path) -> io::Result<bool> {
    let pages = pages();
    let stale = pages.iter().filter(|(path, content)| fs::read(root.join(path)).ok().as_ref() != Some(*content));
    let stale: Vec<PathBuf> = stale.map(|(path, _)| path.clone()).chain(left_over(root, &pages)).collect();
    for path in &stale {
        println!("{}: stale; run cargo run --example docs", path.display());
    }
    Ok(stale.is_empty())
}
