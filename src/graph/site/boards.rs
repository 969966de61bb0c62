//! The scoreboards of a page: the newest day's, and the running average.

use std::fs;
use std::path::{Path, PathBuf};

use super::pack;
use crate::graph::board::{Page, Score};

/// Seconds back from the newest.
const DAY: u64 = 86_400;
/// Scoreboards at most: those of a day's five-minute files, of a few collectors.
const MOST: usize = 1000;
/// Octets of one at most: it is ours, and small.
const LONGEST: u64 = 4 << 20;

/// Scoreboards.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Boards {
    /// A line of JSON each, packed: first the running average, if there is one, then the newest and so on back.
    pub text: String,
}

impl Boards {
    /// Reads those below a folder, and lists so many of the running average.
    pub fn read(folder: Option<&Path>, average: Option<(Score, usize)>) -> Boards {
        let average = average.filter(|(score, _)| score.samples > 0).map(|(score, top)| Page::of_score(&score, top));
        let mut lines: Vec<String> = average.iter().map(|page| page.json().trim_end().to_owned()).collect();
        lines.extend(folder.map(newest).unwrap_or_default());
        Boards { text: pack::text(lines.join("\n").as_bytes()).unwrap_or_default() }
    }
}

/// The scoreboards of the newest day, the newest first.
fn newest(folder: &Path) -> Vec<String> {
    let (mut found, mut last) = (Vec::new(), 0);
    // Folders are called by day, and in them by hour: a day's are in two of them.
    for day in listed(folder).into_iter().rev().filter(|path| path.is_dir()).take(3) {
        for path in listed(&day).iter().rev().flat_map(|hour| listed(hour).into_iter().rev()) {
            if found.len() < MOST
                && path.extension().is_some_and(|end| end == "json")
                && let Some((from, line)) = read(&path)
            {
                last = last.max(from);
                found.push((from, line));
            }
        }
    }
    found.retain(|(from, _)| *from > last.saturating_sub(DAY));
    found.sort_by_key(|(from, _)| std::cmp::Reverse(*from));
    found.into_iter().map(|(_, line)| line).collect()
}

/// What is in a folder, in the order of names; nothing if it cannot be read.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A scoreboard, if it is one of ours: when it begins, and its line.
fn read(path: &Path) -> Option<(u64, String)> {
    if !path.metadata().ok().filter(|data| data.is_file())?.len().le(&LONGEST) {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    let line = text.trim_end();
    let from = line.strip_prefix("{\"from\":")?.split(',').next()?.parse().ok()?;
    (!line.contains('\n')).then(|| (from, line.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_day_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("2026-01-01/09/ft-a.json", "{\"from\":100000,\"to\":100300}\n");
        put("2026-01-02/08/ft-b.json", "{\"from\":186000,\"to\":186300}\n");
        put("2026-01-02/10/ft-c.json", "{\"from\":190000,\"to\":190300}\n");
        put("2026-01-02/10/ft-c.html", "{\"from\":190000,\"to\":190300}\n");
        put("2026-01-02/10/ft-d.json", "{\"from\":none}\n");
        for name in ["average.html", "average.txt", "latest.html"] {
            put(name, "what lies beside them");
        }
        assert_eq!(newest(folder.path()), ["{\"from\":190000,\"to\":190300}", "{\"from\":186000,\"to\":186300}"]);
        assert!(newest(&folder.path().join("none")).is_empty());
    }
}
