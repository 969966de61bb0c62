//! An archive's folder: what is counted, in what order, and what expiring may delete.

use std::fs;
use std::path::{Path, PathBuf};

use flowtools::file::archive::{Archive, Limits};

const FLOW_FILE: &[u8] = &[0xCF, 0x10, 1, 3, 8, 0, 0, 0];

/// A file of so many octets that begins as given.
fn put(folder: &Path, name: &str, start: &[u8], octets: usize) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut content = start.to_vec();
    content.resize(octets, 0);
    fs::write(&path, content).unwrap();
    path
}

fn names(archive: &Archive) -> Vec<String> {
    archive.files().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn files_come_in_time_order_whatever_their_zone_version_or_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    put(at, "2026/2026-01/2026-01-02/ft-v05.2026-01-02.000000+0000", FLOW_FILE, 10);
    put(at, "2026-01-01/ft-v05.2026-01-01.233000-0100", FLOW_FILE, 10); // 00:30 UTC on the second
    put(at, "ft-v08m03.2026-01-02.011500+0100", FLOW_FILE, 10); // 00:15 UTC
    put(at, "2026/ft-v10.2025-12-31.235900+0000", FLOW_FILE, 10);
    put(at, "tmp-v05.2026-01-03.000000+0000", FLOW_FILE, 10);
    let (archive, problems) = Archive::read(at);
    assert!(problems.is_empty());
    assert_eq!((archive.len(), archive.octets()), (4, 40));
    let want = [
        "ft-v10.2025-12-31.235900+0000",
        "ft-v05.2026-01-02.000000+0000",
        "ft-v08m03.2026-01-02.011500+0100",
        "ft-v05.2026-01-01.233000-0100",
    ];
    assert_eq!(names(&archive), want);
    let (unfinished, _) = Archive::unfinished(at);
    assert_eq!(unfinished, [at.join("tmp-v05.2026-01-03.000000+0000")]);
}

#[test]
fn the_oldest_files_go_until_count_and_size_hold() {
    let folder = tempfile::tempdir().unwrap();
    for hour in 0..10 {
        put(folder.path(), &format!("2026-01-0{}/ft-v05.2026-01-0{0}.000000+0000", hour % 9 + 1), FLOW_FILE, 100);
    }
    let (mut archive, _) = Archive::read(folder.path());
    assert_eq!(archive.len(), 9);
    let mut gone = Vec::new();
    archive.expire(Limits { files: Some(7), octets: None }, |path, result| {
        assert_eq!(result.unwrap(), 100);
        gone.push(path.to_owned());
    });
    assert_eq!(gone.len(), 2);
    assert!(gone.iter().all(|p| !p.exists()), "the files");
    assert!(!folder.path().join("2026-01-01").exists(), "and the folder that held nothing else");
    // A file completed since is counted without walking again.
    let new = put(folder.path(), "2026-01-31/ft-v05.2026-01-31.000000+0000", FLOW_FILE, 350);
    archive.add(&new).unwrap();
    assert_eq!((archive.len(), archive.octets()), (8, 1050));
    archive.expire(Limits { files: None, octets: Some(500) }, |_, result| assert!(result.is_ok()));
    assert_eq!(names(&archive), ["ft-v05.2026-01-09.000000+0000", "ft-v05.2026-01-31.000000+0000"]);
    archive.expire(Limits { files: Some(5), octets: Some(1) }, |_, _| ());
    assert_eq!(names(&archive), ["ft-v05.2026-01-31.000000+0000"], "the newest stays whatever its size");
    assert!(new.exists());
}

#[test]
fn nothing_but_flow_files_of_the_archive_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let outside = tempfile::tempdir().unwrap();
    let target = put(outside.path(), "precious", FLOW_FILE, 100);
    let mut kept = vec![
        put(at, "ft-v05.2020-01-01.000000+0000", b"not a flow file", 100),
        put(at, "ft-v05.2020-01-01.000001+0000", b"", 0),
        put(at, "ft-v05.2020-01-01.000002+0000.gz", FLOW_FILE, 100),
        put(at, "ft-notes", FLOW_FILE, 100),
        put(at, "tmp-v05.2020-01-01.000000+0000", FLOW_FILE, 100),
        put(at, "saved/ft-v05.2020-01-01.000000+0000", FLOW_FILE, 100),
        put(at, "2020/2020-01/2020-01-01/2020-01-01/ft-v05.2020-01-01.000000+0000", FLOW_FILE, 100),
        target.clone(),
    ];
    #[cfg(unix)]
    {
        let link = at.join("ft-v05.2020-01-01.000003+0000");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        kept.push(link);
    }
    fs::create_dir_all(at.join("ft-v05.2020-01-01.000004+0000")).unwrap();
    kept.push(at.join("ft-v05.2020-01-01.000004+0000"));
    let old = put(at, "ft-v05.2021-01-01.000000+0000", FLOW_FILE, 100);
    kept.push(put(at, "ft-v05.2022-01-01.000000+0000", FLOW_FILE, 100));
    let (mut archive, _) = Archive::read(at);
    let (mut deleted, mut refused) = (Vec::new(), 0);
    archive.expire(Limits { files: Some(1), octets: None }, |path, result| match result {
        Ok(_) => deleted.push(path.to_owned()),
        Err(error) => {
            assert!(error.to_string().contains("not a flow file"), "{error}");
            refused += 1;
        }
    });
    assert_eq!((deleted, refused), (vec![old], 2));
    for path in kept {
        assert!(fs::symlink_metadata(&path).is_ok(), "{}", path.display());
    }
}

#[test]
fn a_file_somebody_else_deleted_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let old = put(folder.path(), "ft-v05.2026-01-01.000000+0000", FLOW_FILE, 100);
    put(folder.path(), "ft-v05.2026-01-02.000000+0000", FLOW_FILE, 100);
    let (mut archive, _) = Archive::read(folder.path());
    fs::remove_file(old).unwrap();
    archive.expire(Limits { files: Some(1), octets: None }, |path, _| panic!("{}", path.display()));
    assert_eq!(archive.len(), 1);
}
