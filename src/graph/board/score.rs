//! The long run: what talkers come to on average, kept so that old days fade.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use super::page::Rows;
use super::{BY, Board, By};
use crate::graph::state::{escaped, unescaped};

const HEADER: &str = "flow-scan scores 1";
/// After so many files, what is kept is halved, and who was listed once is forgotten.
const FADE: u32 = 100;

/// What is kept of a talker.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Kept {
    /// In how many files' lists it was since it was forgotten last.
    pub listed: u32,
    /// Octets, packets and flows of those files, in and out.
    pub sums: [[u64; 3]; 2],
}

/// What is kept of all talkers.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Score {
    /// The end of the last file that was added, seconds since 1970.
    pub until: u64,
    /// Files that were added and are not known elsewhere to have been read: they are not added again.
    pub recent: BTreeSet<String>,
    /// Files that the sums are of; halved when they are.
    pub samples: u32,
    /// The talkers.
    pub hosts: BTreeMap<IpAddr, Kept>,
}

impl Score {
    /// Adds a file's lists; says whether it did, for a recent one was added already.
    pub fn add(&mut self, file: &str, board: &Board) -> bool {
        if !self.recent.insert(file.to_owned()) {
            return false;
        }
        let [_, until] = board.period;
        self.until = self.until.max(until);
        let mut listed: BTreeMap<IpAddr, [[u64; 3]; 2]> = BTreeMap::new();
        for (at, way) in board.ways.iter().enumerate() {
            for talker in way.lists.iter().flatten() {
                let sums = listed.entry(talker.address).or_default();
                sums.get_mut(at).into_iter().for_each(|sums| *sums = talker.sums);
            }
        }
        for (address, more) in listed {
            let kept = self.hosts.entry(address).or_default();
            kept.listed = kept.listed.saturating_add(1);
            for (sum, more) in kept.sums.iter_mut().flatten().zip(more.iter().flatten()) {
                *sum = sum.saturating_add(*more);
            }
        }
        self.samples += 1;
        if self.samples >= FADE {
            self.fade();
        }
        true
    }

    fn fade(&mut self) {
        self.samples /= 2;
        self.hosts.retain(|_, kept| kept.listed > 1);
        for kept in self.hosts.values_mut() {
            kept.listed /= 2;
            kept.sums.iter_mut().flatten().for_each(|sum| *sum /= 2);
        }
    }

    /// The `top` talkers in a direction, with their averages of the files that list them, as in CUFlow.
    pub fn list(&self, way: usize, by: By, top: usize) -> Vec<(IpAddr, [f64; 3])> {
        let averages = |kept: &Kept| {
            let sums = kept.sums.get(way).copied().unwrap_or_default();
            sums.map(|sum| sum as f64 / f64::from(kept.listed.max(1)))
        };
        let mut all: Vec<(IpAddr, [f64; 3])> =
            self.hosts.iter().map(|(address, kept)| (*address, averages(kept))).collect();
        all.retain(|(_, averages)| by.of(averages) > 0.0);
        all.sort_by(|a, b| by.of(&b.1).total_cmp(&by.of(&a.1)).then(a.0.cmp(&b.0)));
        all.truncate(top);
        all
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\nuntil {}\nsamples {}\n", self.until, self.samples);
        for file in &self.recent {
            let _ = writeln!(text, "file {}", escaped(file));
        }
        for (address, kept) in &self.hosts {
            let _ = write!(text, "host {address} {}", kept.listed);
            for sum in kept.sums.iter().flatten() {
                let _ = write!(text, " {sum}");
            }
            text.push('\n');
        }
        text.push_str("end\n");
        text
    }

    /// From text, ours or CUFlow's; or the first line that makes no sense, from 1.
    pub fn parse(text: &str) -> Result<Score, usize> {
        if let Some(samples) = text.lines().next().and_then(|line| line.trim().parse().ok()) {
            return Score::of_cuflow(samples, text);
        }
        let mut score = Score::default();
        let mut last = 0;
        for (number, line) in (1..).zip(text.lines()) {
            last = number;
            let mut words = line.split(' ');
            match (number, words.next()) {
                (1, _) if line == HEADER => {}
                (2.., Some("end")) => return Ok(score),
                (2.., Some("until")) => score.until = last_number(words).ok_or(number)?,
                (2.., Some("samples")) => {
                    score.samples = last_number(words).and_then(|n| u32::try_from(n).ok()).ok_or(number)?;
                }
                (2.., Some("file")) => {
                    score.recent.insert(words.next().and_then(unescaped).ok_or(number)?);
                }
                (2.., Some("host")) => {
                    let (address, kept) = host(words).ok_or(number)?;
                    score.hosts.insert(address, kept);
                }
                _ => return Err(number),
            }
        }
        Err(last + 1)
    }
}

impl Score {
    /// From CUFlow's file: the number of samples, and a line a host: its address, how often it was listed, and octets,
    /// packets and flows in and out.
    fn of_cuflow(samples: u32, text: &str) -> Result<Score, usize> {
        let mut score = Score { samples, ..Score::default() };
        for (number, line) in (1_usize..).zip(text.lines()).skip(1).filter(|(_, line)| !line.trim().is_empty()) {
            let (address, kept) = host(line.split_whitespace()).ok_or(number)?;
            score.hosts.insert(address, kept);
        }
        Ok(score)
    }
}

fn last_number<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<u64> {
    let number = words.next()?.parse().ok();
    words.next().is_none().then_some(number)?
}

fn host<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<(IpAddr, Kept)> {
    let address = words.next()?.parse().ok()?;
    let listed = words.next()?.parse().ok()?;
    let mut kept = Kept { listed, ..Kept::default() };
    for sum in kept.sums.iter_mut().flatten() {
        *sum = words.next()?.parse().ok()?;
    }
    words.next().is_none().then_some((address, kept))
}

/// What is shown of a score: for each direction and measure, who.
pub fn lists(score: &Score, top: usize) -> [[Rows; 3]; 2] {
    [0, 1].map(|way| BY.map(|by| score.list(way, by, top)))
}
