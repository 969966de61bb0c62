//! Times of day as text, in the local time zone.

use chrono::{DateTime, Datelike, Local, Timelike, Utc};

use super::digits::{Cell, fixed, text};

/// How a time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    /// `MMDD.HH:MM:SS.mmm`, as flow-tools does.
    Short,
    /// `YYYY-MM-DD HH:MM:SS.mmm`.
    Full,
}

impl Style {
    /// How long it is.
    pub(super) fn len(self) -> usize {
        match self {
            Style::Short => 17,
            Style::Full => 23,
        }
    }
}

/// Minutes remembered: the flows of four hours find each of theirs.
const MINUTES: usize = 256;

/// A minute of local time: when it begins, and its text up to the seconds.
#[derive(Clone, Copy)]
struct Minute {
    begins: i64,
    text: [u8; 24],
}

/// Writes times; remembers the minutes it wrote, since civil time is dear to compute.
pub(super) struct Clock {
    style: Style,
    minutes: Vec<Minute>,
}

impl Clock {
    pub(super) fn new(style: Style) -> Clock {
        // A minute that no time is in.
        let never = Minute { begins: -60, text: [b' '; 24] };
        Clock { style, minutes: vec![never; MINUTES] }
    }

    /// A time in ms since 1970. flow-tools' seconds have 32 bits, and so it is printed.
    #[inline]
    pub(super) fn write(&mut self, cell: &mut Cell, ms: u64) -> usize {
        let (seconds, ms) = ((ms / 1000) as u32, (ms % 1000) as u32);
        let at = (seconds / 60) as usize % MINUTES;
        let Some(minute) = self.minutes.get_mut(at) else { return 0 };
        let mut since = i64::from(seconds) - minute.begins;
        if !(0..60).contains(&since) {
            *minute = civil(self.style, seconds);
            since = i64::from(seconds) - minute.begins;
        }
        let [a, b] = fixed(since as u32);
        let [c, d, e] = fixed(ms);
        text(cell, &minute.text);
        let at = self.style.len() - 6;
        if let Some(to) = cell.get_mut(at..at + 6) {
            to.copy_from_slice(&[a, b, b'.', c, d, e]);
        }
        at + 6
    }
}

fn civil(style: Style, seconds: u32) -> Minute {
    let time = DateTime::<Utc>::from_timestamp(seconds.into(), 0).unwrap_or_default().with_timezone(&Local);
    let (month, day, hour, minute) = (time.month(), time.day(), time.hour(), time.minute());
    let written = match style {
        Style::Short => format!("{month:02}{day:02}.{hour:02}:{minute:02}:"),
        Style::Full => format!("{:04}-{month:02}-{day:02} {hour:02}:{minute:02}:", time.year()),
    };
    let mut text = [b' '; 24];
    text.iter_mut().zip(written.bytes()).for_each(|(to, from)| *to = from);
    Minute { begins: i64::from(seconds) - i64::from(time.second()), text }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::super::digits::ROOM;
    use super::*;

    fn written(clock: &mut Clock, ms: u64) -> String {
        let mut cell = [b' '; ROOM];
        let len = clock.write(&mut cell, ms);
        assert!(cell[len..].iter().all(|b| *b == b' '));
        String::from_utf8(cell[..len].to_vec()).unwrap()
    }

    #[test]
    fn times_are_civil_local_time() {
        let (mut short, mut full) = (Clock::new(Style::Short), Clock::new(Style::Full));
        // Twice: from the calendar, then from memory; out of order, and minutes that share a place.
        for seconds in [0, 59, 60, 1_767_225_599, 1_767_225_600, 1_767_225_600 + 60 * 256, u32::MAX, 0, 1_767_225_601] {
            let time = Local.timestamp_opt(seconds.into(), 0).unwrap();
            let ms = u64::from(seconds) * 1000 + 7;
            assert_eq!(written(&mut short, ms), time.format("%m%d.%H:%M:%S.007").to_string());
            assert_eq!(written(&mut full, ms), time.format("%Y-%m-%d %H:%M:%S.007").to_string());
        }
    }

    #[test]
    fn seconds_have_32_bits() {
        let mut clock = Clock::new(Style::Full);
        let wrapped = written(&mut clock, (1 << 32) * 1000 + 5000);
        assert_eq!(wrapped, written(&mut clock, 5000));
    }
}
