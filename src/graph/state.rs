//! What flow-scan remembers between runs: files that were read, how far RRDs have been written, and what was counted
//! since.
//!
//! A file's counts and the note that it was read are saved together, in one text that takes the old one's place: a run
//! that is killed loses no file and counts none twice. What was counted stays in the state until RRDs have it; giving
//! it to them again changes nothing, for an RRD takes each step once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use super::count::{Counts, Plan, Seen, Tally};

/// The first line.
const HEADER: &str = "flow-scan state 1";
/// The last one.
const END: &str = "end";

/// A step's beginning (seconds since 1970) and a router's label, if it is one router's.
pub type Book = (u64, Option<String>);

/// What is known of a file that was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// It was read, and nothing was wrong with it.
    Whole,
    /// It was read as far as it was good, or left out.
    Partly,
    /// It is no flow file, and nobody's to put away.
    Foreign,
}

impl Known {
    const WORDS: [(Known, &str); 3] = [(Known::Whole, "whole"), (Known::Partly, "file"), (Known::Foreign, "foreign")];
}

/// What is remembered.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct State {
    /// Seconds a step; nothing was counted yet if it is unknown.
    pub length: Option<u64>,
    /// Steps that begin before this (seconds since 1970) are in the RRDs, and take no more flows.
    pub written: u64,
    /// Files that were looked at, as they are called.
    pub files: BTreeMap<String, Known>,
    /// What was counted in steps that are not in the RRDs yet, by the RRD's name.
    pub pending: BTreeMap<Book, BTreeMap<String, Counts>>,
    /// Who sends flows.
    pub exporters: BTreeMap<IpAddr, Seen>,
}

impl State {
    /// Adds what a file's flows came to.
    pub fn add(&mut self, plan: &Plan, tally: &Tally) {
        for ((step, router), counts) in &tally.books {
            let router = router.and_then(|router| plan.routers.get(usize::from(router)));
            let own = router.map(|router| (*step, Some(router.to_string())));
            for book in own.into_iter().chain([(*step, None)]) {
                let book = self.pending.entry(book).or_default();
                for (counter, counts) in plan.counters.iter().zip(counts).filter(|(_, counts)| !counts.is_zero()) {
                    book.entry(counter.stem()).or_default().add(counts);
                }
            }
        }
        for (exporter, seen) in &tally.exporters {
            self.exporters.entry(*exporter).or_default().add(*seen);
        }
    }

    /// Notes that a file's capture covers a step: without flows there were none, which is not the same as unknown.
    pub fn cover(&mut self, step: u64) {
        self.pending.entry((step, None)).or_default();
    }

    /// The steps that are pending and begin before `until`, also covered ones without flows.
    pub fn steps(&self, until: u64) -> impl Iterator<Item = u64> {
        let whole = self.pending.keys().filter(|(_, router)| router.is_none()).map(|(step, _)| *step);
        whole.take_while(move |step| *step < until)
    }

    /// What was counted in a step.
    pub fn counts(&self, step: u64, router: Option<&str>, name: &str) -> Counts {
        let book = self.pending.get(&(step, router.map(str::to_owned)));
        book.and_then(|book| book.get(name)).copied().unwrap_or_default()
    }

    /// Forgets steps before this one: RRDs have them.
    pub fn wrote(&mut self, until: u64) {
        self.written = self.written.max(until);
        self.pending = self.pending.split_off(&(until, None));
    }

    /// As text.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\nwritten {}\n", self.written);
        if let Some(length) = self.length {
            let _ = writeln!(text, "length {length}");
        }
        for (file, known) in &self.files {
            let word = Known::WORDS.iter().find(|(is, _)| is == known).map_or("", |(_, word)| word);
            let _ = writeln!(text, "{word} {}", escaped(file));
        }
        for (address, seen) in &self.exporters {
            let _ = writeln!(text, "exporter {address} {} {}", seen.last, seen.flows);
        }
        for ((step, router), book) in &self.pending {
            if router.is_none() && book.is_empty() {
                let _ = writeln!(text, "step {step}");
            }
            let router = router.as_ref().map_or_else(|| "-".to_owned(), |router| format!("+{}", escaped(router)));
            for (name, counts) in book {
                let _ = write!(text, "count {step} {router} {}", escaped(name));
                for value in counts.values() {
                    let _ = write!(text, " {value}");
                }
                text.push('\n');
            }
        }
        text.push_str(END);
        text.push('\n');
        text
    }

    /// From text; or the first line that makes no sense, from 1.
    pub fn parse(text: &str) -> Result<State, usize> {
        let mut state = State::default();
        let mut lines = (1..).zip(text.lines());
        if lines.next().map(|(_, line)| line) != Some(HEADER) {
            return Err(1);
        }
        let mut last = 1;
        for (number, line) in lines {
            last = number;
            if line == END {
                return Ok(state);
            }
            state.line(line).ok_or(number)?;
        }
        Err(last + 1)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let words: Vec<&str> = line.split(' ').collect();
        match *words.as_slice() {
            ["written", time] => self.written = time.parse().ok()?,
            ["length", length] => self.length = Some(length.parse().ok().filter(|length| *length > 0)?),
            ["step", step] => self.cover(step.parse().ok()?),
            ["exporter", address, last, flows] => {
                let seen = Seen { last: last.parse().ok()?, flows: flows.parse().ok()? };
                self.exporters.insert(address.parse().ok()?, seen);
            }
            ["count", step, router, name, a, b, c, d, e, f] => {
                let router = match router.strip_prefix('+') {
                    Some(name) => Some(unescaped(name)?),
                    None => (router == "-").then_some(None)?,
                };
                let number = |text: &str| text.parse::<u64>().ok();
                let counts = Counts {
                    octets: [number(a)?, number(b)?],
                    packets: [number(c)?, number(d)?],
                    flows: [number(e)?, number(f)?],
                };
                let book = self.pending.entry((number(step)?, router)).or_default();
                book.insert(unescaped(name)?, counts);
            }
            [how, name] => {
                let (known, _) = Known::WORDS.iter().find(|(_, word)| *word == how)?;
                self.files.insert(unescaped(name)?, *known);
            }
            _ => return None,
        }
        Some(())
    }
}

/// A word without white space: what could be taken for an end of it stands as `%` and two hexadecimal digits an octet.
pub(super) fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if c == '%' || c.is_control() || c.is_whitespace() {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|octet| {
                let _ = write!(out, "%{octet:02x}");
            });
        } else {
            out.push(c);
        }
    }
    out
}

/// The word that [`escaped`] wrote.
pub(super) fn unescaped(word: &str) -> Option<String> {
    let (mut out, mut octets) = (Vec::with_capacity(word.len()), word.bytes());
    while let Some(octet) = octets.next() {
        out.push(match octet {
            b'%' => {
                let digits = [octets.next()?, octets.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => octet,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(n: u64) -> Counts {
        Counts { octets: [n, n + 1], packets: [1, 2], flows: [n, 0] }
    }

    proptest! {
        #[test]
        fn what_is_saved_is_read(
            files in prop::collection::btree_map(".{1,20}", prop::sample::select(Known::WORDS.map(|(known, _)| known).to_vec()), 0..4),
            books in prop::collection::btree_map((any::<u64>(), prop::option::of(".{1,9}")),
                prop::collection::btree_map(".{1,9}", 0u64..1 << 62, 1..3), 0..4),
            written: u64, length in prop::option::of(1..=86400u64),
        ) {
            let pending = books.into_iter().map(|(book, counters)| {
                (book, counters.into_iter().map(|(name, n)| (name, counts(n))).collect())
            }).collect();
            let exporters = BTreeMap::from([("2001:db8::1".parse().unwrap(), Seen { last: 7, flows: 9 })]);
            let state = State { length, written, files, pending, exporters };
            prop_assert_eq!(State::parse(&state.text()), Ok(state));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(flow-scan state 1\n)?([a-z%+ 0-9-]{0,30}\n){0,4}(end\n)?") {
            let _ = State::parse(&text);
        }
    }

    #[test]
    fn a_text_that_was_cut_is_told() {
        let state = State { files: BTreeMap::from([("a b".to_owned(), Known::Partly)]), ..State::default() };
        let text = state.text();
        assert!(text.contains("file a%20b\n"));
        for cut in 0..text.len() - 1 {
            assert!(State::parse(&text[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn written_steps_are_forgotten() {
        let mut state = State::default();
        for (step, router) in [(300, None), (300, Some("r".to_owned())), (600, None), (900, Some("r".into()))] {
            state.pending.entry((step, router)).or_default().insert("total".into(), counts(step));
        }
        state.cover(300);
        state.cover(900);
        assert_eq!(State::parse(&state.text()), Ok(state.clone()));
        assert_eq!(state.steps(1200).collect::<Vec<_>>(), [300, 600, 900]);
        assert_eq!(state.steps(900).collect::<Vec<_>>(), [300, 600]);
        assert_eq!(state.counts(300, Some("r"), "total").octets, [300, 301]);
        state.wrote(600);
        assert_eq!(state.steps(1200).collect::<Vec<_>>(), [600, 900]);
        assert_eq!((state.written, state.pending.len()), (600, 3));
    }
}
