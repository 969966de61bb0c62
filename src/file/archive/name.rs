//! What files and folders of an archive are called.

use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::rotation::zone;
use crate::flow::Form;

/// Whether a file of this name is still being written.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with("tmp")
}

/// Whether a file is complete, as its name says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// `tmp-`: being written, or left behind by a writer that was killed.
    Unfinished,
    /// `ft-`: complete.
    Finished,
}

/// The name of a collector's file without its `tmp-` or `ft-`: `v05.2026-01-31.235900+0100`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileName {
    /// When its capture began, seconds since 1970.
    pub start: i64,
    /// What the local clock was ahead of UTC then, seconds; whole minutes.
    pub zone: i32,
    /// The export version's number.
    pub version: u16,
    /// The aggregation method of version 8, else 0.
    pub method: u8,
}

impl FileName {
    /// The name of a file begun at `start` (seconds since 1970), in this machine's time zone.
    pub fn local(form: impl Into<Form>, start: i64) -> FileName {
        let (version, method) = match form.into() {
            Form::Classic(version) => (version.number(), version.method()),
            Form::Modern => (10, 0),
        };
        FileName { start, zone: zone(start) / 60 * 60, version, method }
    }

    /// The name on disk.
    pub fn text(&self, state: State) -> String {
        let mut text = String::from(match state {
            State::Unfinished => "tmp-",
            State::Finished => "ft-",
        });
        // Writing to a string does not fail.
        let _ = write!(text, "v{:02}", self.version);
        if self.version == 8 {
            let _ = write!(text, "m{:02}", self.method);
        }
        let sign = if self.zone < 0 { '-' } else { '+' };
        let minutes = self.zone.unsigned_abs() / 60;
        let clock = self.clock().format("%Y-%m-%d.%H%M%S");
        let _ = write!(text, ".{clock}{sign}{:02}{:02}", minutes / 60, minutes % 60);
        text
    }

    /// Reads a name; `None` for anything that is not exactly such a name.
    pub fn parse(text: &str) -> Option<(FileName, State)> {
        let (rest, state) = match text.strip_prefix("ft-v") {
            Some(rest) => (rest, State::Finished),
            None => (text.strip_prefix("tmp-v")?, State::Unfinished),
        };
        let (version, rest) = rest.split_once('.')?;
        let (date, rest) = rest.split_once('.')?;
        let (version, method) = match version.split_once('m') {
            Some((version, method)) => (digits(version, 2..=2)?, digits(method, 2..=2)?),
            None => (digits(version, 2..=5)?, 0),
        };
        if (version == 8) != (method != 0) {
            return None;
        }
        let (time, rest) = rest.split_at_checked(6)?;
        let (sign, rest) = rest.split_at_checked(1)?;
        let clock = date_of(date)?.and_hms_opt(pair(time, 0)?, pair(time, 2)?, pair(time, 4)?)?;
        let (hours, minutes) = (digits(rest.get(..2)?, 2..=2)?, digits(rest.get(2..)?, 2..=2)?);
        let zone = (hours * 3600 + minutes * 60) as i32;
        let zone = match sign {
            "+" => zone,
            "-" => -zone,
            _ => return None,
        };
        let start = clock.and_utc().timestamp() - i64::from(zone);
        Some((FileName { start, zone, version: version.try_into().ok()?, method: method as u8 }, state))
    }

    /// What the local clock read at the start.
    fn clock(&self) -> NaiveDateTime {
        let local = self.start.saturating_add(self.zone.into());
        DateTime::from_timestamp(local, 0).unwrap_or_default().naive_utc()
    }
}

/// Folders by date below the archive's folder: flow-capture's `-N`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nesting(i8);

impl Nesting {
    /// No folders below the archive's.
    pub const FLAT: Nesting = Nesting(0);

    /// The folder of a file, relative to the archive's.
    pub fn folder(self, name: &FileName) -> PathBuf {
        const YEAR: &str = "%Y";
        const MONTH: &str = "%Y-%m";
        const DAY: &str = "%Y-%m-%d";
        let levels: &[&str] = match self.0 {
            1 => &[YEAR],
            2 => &[YEAR, MONTH],
            3 | -3 => &[YEAR, MONTH, DAY],
            -1 => &[DAY],
            -2 => &[MONTH, DAY],
            _ => &[],
        };
        let clock = name.clock();
        levels.iter().map(|level| clock.format(level).to_string()).collect()
    }

    /// Whether a folder may be one of those by date.
    pub(super) fn may_be(folder: &str) -> bool {
        let mut parts = folder.split('-');
        let mut part = |width: usize| parts.next().map(|p| digits(p, width..=width).is_some());
        part(4) == Some(true) && part(2) != Some(false) && part(2) != Some(false) && parts.next().is_none()
    }
}

impl Default for Nesting {
    /// Year, month, day.
    fn default() -> Nesting {
        Nesting(3)
    }
}

impl FromStr for Nesting {
    type Err = String;

    fn from_str(text: &str) -> Result<Nesting, String> {
        let level = text.parse().ok().filter(|level| (-3..=3).contains(level));
        level.map(Nesting).ok_or_else(|| format!("'{text}' is not a nesting level: expected -3 to 3"))
    }
}

/// A number written in so many digits and nothing else.
fn digits(text: &str, width: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let all = width.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

fn pair(text: &str, at: usize) -> Option<u32> {
    digits(text.get(at..at + 2)?, 2..=2)
}

fn date_of(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let date = NaiveDate::from_ymd_opt(
        digits(parts.next()?, 4..=4)? as i32,
        digits(parts.next()?, 2..=2)?,
        digits(parts.next()?, 2..=2)?,
    )?;
    parts.next().is_none().then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_written_as_they_are_read() {
        let name = FileName { start: 1_769_900_340, zone: 3600, version: 5, method: 0 };
        assert_eq!(name.text(State::Finished), "ft-v05.2026-01-31.235900+0100");
        let aggregated = FileName { zone: -12600, version: 8, method: 3, ..name };
        assert_eq!(aggregated.text(State::Unfinished), "tmp-v08m03.2026-01-31.192900-0330");
        let tagged = FileName { zone: 0, version: 1005, ..name };
        assert_eq!(tagged.text(State::Finished), "ft-v1005.2026-01-31.225900+0000");
        for (name, state) in [
            (name, State::Finished),
            (aggregated, State::Unfinished),
            (tagged, State::Finished),
            (name, State::Unfinished),
        ] {
            assert_eq!(FileName::parse(&name.text(state)), Some((name, state)));
        }
    }

    #[test]
    fn other_names_are_not_of_the_archive() {
        for other in [
            "",
            "ft-v05",
            "ft-v05.2026-01-31.235900+0100.gz",
            "ft-v05.2026-01-31.235900+010",
            "ft-v05.2026-02-31.235900+0100",
            "ft-v05.2026-01-31.245900+0100",
            "ft-v05.2026-01-31.235900 0100",
            "ft-v5.2026-01-31.235900+0100",
            "ft-v08.2026-01-31.235900+0100",
            "ft-v05m01.2026-01-31.235900+0100",
            "xft-v05.2026-01-31.235900+0100",
            "ft-v05.2026-01-31.235900+01é",
            "ft-v05.+026-01-31.235900+0100",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn folders_are_by_the_local_date() {
        let name = FileName { start: 1_769_900_340, zone: 3600, version: 5, method: 0 };
        for (level, folder) in [
            ("0", ""),
            ("1", "2026"),
            ("2", "2026/2026-01"),
            ("3", "2026/2026-01/2026-01-31"),
            ("-1", "2026-01-31"),
            ("-2", "2026-01/2026-01-31"),
            ("-3", "2026/2026-01/2026-01-31"),
        ] {
            assert_eq!(level.parse::<Nesting>().unwrap().folder(&name), PathBuf::from(folder));
        }
        let later = FileName { start: name.start + 60, ..name };
        assert_eq!(Nesting(-1).folder(&later), PathBuf::from("2026-02-01"));
        assert!("4".parse::<Nesting>().is_err() && "".parse::<Nesting>().is_err());
        for folder in ["2026", "2026-01", "2026-01-31"] {
            assert!(Nesting::may_be(folder));
        }
        for folder in ["", "saved", "2026-1", "2026-01-31-01", "20260131", "2026-"] {
            assert!(!Nesting::may_be(folder), "{folder}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,40}|(ft|tmp)-v[0-9m]{0,6}\\.[0-9-]{0,12}\\.[0-9+-]{0,12}") {
            if let Some((name, state)) = FileName::parse(&text) {
                prop_assert_eq!(FileName::parse(&name.text(state)), Some((name, state)));
            }
        }
    }
}
