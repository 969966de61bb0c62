//! What collectors log of exporters (`STAT` lines) as RRDs, one an exporter.
//!
//! A collector counts from its start, and says when that was, so that what it counted since is known even when it was
//! started anew between two lines.

use std::io::{BufRead, Read};

use super::{Error, Layout, Shelf, Sort, Source, Update};

/// Octets of a line at most; what is longer counts as several.
const LONGEST: u64 = 1 << 16;
/// Rows of archives that hold a week of 5-minute steps and a year of days.
const ROWS: [(u64, u64); 2] = [(1, 2016), (288, 365)];

/// A line on an exporter.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Stat {
    /// What stands for it in a folder: who logged it, where, on whom.
    name: String,
    now: i64,
    startup: i64,
    flows: u64,
    packets: u64,
    lost: u64,
    /// How often a fan-out found no room to send.
    nobufs: Option<u64>,
}

impl Stat {
    /// Reads a line, as it stands in a system's log or as a collector in the foreground says it. `host` is where it was
    /// logged, unless it says.
    fn read(line: &str, host: &str) -> Option<Result<Stat, String>> {
        let (before, text) = line.split_once("STAT: ")?;
        let field = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| {
            let value = field(name).ok_or_else(|| format!("no {name}="))?;
            value.parse::<u64>().map_err(|_| format!("{name}={value}: expected a number"))
        };
        let word = |name: &str| field(name).ok_or_else(|| format!("no {name}="));
        let (program, host) = logger(before, host);
        let stat = || {
            let time = |name| number(name).map(|time| i64::try_from(time).unwrap_or(i64::MAX));
            // The port where a line says it; it tells collectors apart, as the version does streams of one exporter.
            let last = field("d_port").or(field("port")).map_or_else(|| word("d_ver"), Ok)?;
            Ok(Stat {
                name: [program, host, word("src_ip")?, word("dst_ip")?, last].join("."),
                now: time("now")?,
                startup: time("startup")?,
                flows: number("flows")?,
                packets: number("pkts")?,
                lost: number("lost")?,
                nobufs: field("nobufs").and_then(|value| value.parse().ok()),
            })
        };
        Some(stat())
    }

    /// Its counters at the collector's start, and now.
    fn updates(&self) -> Vec<Update> {
        let now = [self.flows, self.packets, self.lost].into_iter().chain(self.nobufs).map(|n| n as f64).collect();
        let now = Update { time: self.now, values: now };
        let start = Update { time: self.startup, values: vec![0.0; now.values.len()] };
        if self.startup < self.now { vec![start, now] } else { vec![now] }
    }
}

/// Who logged a line and where, by what stands before it: `Nov 22 06:41:42 host flow-capture[7]: `.
fn logger<'a>(before: &'a str, here: &'a str) -> (&'a str, &'a str) {
    let mut words = before.split_whitespace().rev();
    let program = words.next().unwrap_or_default().trim_end_matches(':');
    let program = program.split('[').next().unwrap_or_default();
    let program = program.strip_prefix("flow-").filter(|name| !name.is_empty()).unwrap_or("capture");
    // A word with colons is the time, of a log that names no host.
    (program, words.next().filter(|host| !host.contains(':')).unwrap_or(here))
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Summary {
    /// Lines on exporters.
    pub lines: u64,
    /// RRDs that were made.
    pub made: u64,
    /// Lines left out: their RRDs have later ones.
    pub late: u64,
    /// What was wrong with the input, a line each.
    pub problems: Vec<String>,
}

/// Reads a log and puts what it says of exporters on a shelf, in steps of so many seconds. Lines on other matters are
/// passed over.
///
/// # Errors
///
/// The input cannot be read; rrdtool is gone.
pub fn keep(mut input: impl BufRead, host: &str, step: u64, shelf: &mut Shelf) -> Result<Summary, Error> {
    let (mut done, mut line, mut number) = (Summary::default(), Vec::new(), 0_u64);
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST).read_until(b'\n', &mut line).map_err(Error::Input)?;
        if read == 0 {
            break;
        }
        number += 1;
        let stat = match Stat::read(&String::from_utf8_lossy(&line), host) {
            None => continue,
            Some(Ok(stat)) => stat,
            Some(Err(why)) => {
                done.problems.push(format!("line {number}: {why}"));
                continue;
            }
        };
        done.lines += 1;
        let updates = stat.updates();
        let since = updates.first().map_or(stat.now, |update| update.time).saturating_sub(1);
        let put = shelf.put(&stat.name, &layout(step, stat.nobufs.is_some()), false, since, &updates)?;
        done.made += u64::from(put.made);
        done.late += u64::from(put.late == updates.len());
        if done.lines % 4096 == 0 {
            shelf.settle()?;
        }
    }
    shelf.settle()?;
    if number > 0 && done.lines == 0 && done.problems.is_empty() {
        done.problems.push(format!("no STAT line among {number} lines, expected a collector's (flow-capture -S)"));
    }
    Ok(done)
}

/// The RRD of an exporter.
fn layout(step: u64, nobufs: bool) -> Layout {
    let names = ["flows", "pkts", "lost"].into_iter().chain(nobufs.then_some("nobufs"));
    let sources = names.map(|name| Source::new(name, Sort::Derive, step.saturating_mul(2))).collect();
    Layout { start: 0, step, sources, archives: Layout::averages(&ROWS) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "now=1767225900 startup=1767225600 src_ip=192.0.2.1 dst_ip=192.0.2.9 d_ver=5 pkts=10 flows=300 \
                        lost=2 reset=1 filter_drops=0";

    fn stat(line: &str) -> Stat {
        Stat::read(line, "here").unwrap().unwrap()
    }

    #[test]
    fn lines_are_found_in_logs_of_all_kinds() {
        for (before, name) in [
            ("Nov 22 06:41:42 border flow-capture[77]: ", "capture.border"),
            ("Nov  2 06:41:42 flow-fanout[77]: ", "fanout.here"),
            ("2026-11-22T06:41:42.123456+01:00 border flow-fanout[7]: ", "fanout.border"),
            ("flow-capture: ", "capture.here"),
            ("", "capture.here"),
        ] {
            assert_eq!(stat(&format!("{before}STAT: {TEXT}\n")).name, format!("{name}.192.0.2.1.192.0.2.9.5"));
        }
        assert_eq!(Stat::read("Nov 22 06:41:42 border flow-capture[77]: New exporter", "here"), None);
    }

    #[test]
    fn counters_begin_at_the_start() {
        let stat = stat(&format!("STAT: {TEXT} nobufs=3"));
        let update = |time, values: &[f64]| Update { time, values: values.to_vec() };
        let expected = [update(1_767_225_600, &[0.0; 4]), update(1_767_225_900, &[300.0, 10.0, 2.0, 3.0])];
        assert_eq!(stat.updates(), expected);
    }

    #[test]
    fn what_is_cut_is_said() {
        let why = |line: &str| Stat::read(line, "here").unwrap().unwrap_err();
        assert_eq!(why("STAT: now=1767225900 startup=1767225600 src_ip=192.0.2.1"), "no d_ver=");
        assert_eq!(why(&format!("STAT: {}", TEXT.replace("lost=2", "lost=2x"))), "lost=2x: expected a number");
    }

    proptest! {
        #[test]
        fn no_line_is_a_panic(line in "\\PC*(STAT: )?\\PC*") {
            let _ = Stat::read(&line, "here").map(|stat| stat.map(|stat| stat.updates()));
        }
    }
}
