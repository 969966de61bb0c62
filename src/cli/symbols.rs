//! Where tables of names are looked for.
//!
//! Each table (`tcp-port.sym`, `ip-prot.sym`, `asn.sym`, `tag.sym`) is taken from the first folder that has it: the one
//! that the environment variable `FLOW_TOOLS_SYM` names, `/usr/local/etc/flow-tools/sym`, `/etc/flow-tools/sym`. What
//! none of them has is built in.

use std::io;
use std::path::PathBuf;
use std::{env, fs};

use super::run::Failure;
use crate::flow::symbols::{Kind, Symbols, Table};

/// Names a folder of tables that goes before the usual ones.
pub const FOLDER_VARIABLE: &str = "FLOW_TOOLS_SYM";

/// The usual folders, in the order they are looked into.
pub const FOLDERS: [&str; 2] = ["/usr/local/etc/flow-tools/sym", "/etc/flow-tools/sym"];

/// The names to show: those built in, but for the tables found in files. Fails on a table that cannot be read or makes
/// no sense, naming file and line.
pub fn load() -> Result<Symbols, Failure> {
    let chosen = env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if let Some(folder) = chosen.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!("{}: {FOLDER_VARIABLE}: expected a folder of tables", folder.display())));
    }
    let folders: Vec<PathBuf> = chosen.into_iter().chain(FOLDERS.map(PathBuf::from)).collect();
    load_from(&folders)
}

fn load_from(folders: &[PathBuf]) -> Result<Symbols, Failure> {
    Kind::ALL.into_iter().try_fold(Symbols::default(), |symbols, kind| match table(folders, kind)? {
        Some(table) => Ok(symbols.with(kind, table)),
        None => Ok(symbols),
    })
}

/// The table of the first folder that has one.
fn table(folders: &[PathBuf], kind: Kind) -> Result<Option<Table>, Failure> {
    for folder in folders {
        let path = folder.join(kind.file_name());
        match fs::read_to_string(&path) {
            Ok(text) => {
                let table = Table::parse(kind, &text);
                return table.map(Some).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(Failure::io(path.display(), &error)),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_with_a_table_wins() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(second.path().join("tag.sym"), "1 far").unwrap();
        fs::write(second.path().join("asn.sym"), "65000 ours").unwrap();
        fs::write(first.path().join("tag.sym"), "1 near").unwrap();
        let folders = ["/nowhere".into(), first.path().to_owned(), second.path().to_owned()];
        let symbols = load_from(&folders).unwrap();
        assert_eq!(symbols.tag(1), Some("near"));
        assert_eq!((symbols.asn(65000), symbols.asn(701)), (Some("ours"), None));
        assert_eq!(symbols.protocol(6), Some("tcp"));
    }

    #[test]
    fn a_bad_table_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ip-prot.sym");
        fs::write(&path, "6 tcp\nudp 17\n").unwrap();
        let Err(Failure::Usage(why)) = load_from(&[folder.path().to_owned()]) else { panic!("not refused") };
        assert_eq!(why, format!("{}: line 2: 'udp': expected a number of at most 255", path.display()));
    }
}
