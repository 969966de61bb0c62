//! The items that a date's text is a row of.

use chrono::NaiveTime;

use super::token::{Token, tokens};
use super::words::Word;

/// All that a text says, not yet put together.
#[derive(Default, Debug)]
pub struct Items {
    /// Year (none: this year), month, day.
    pub date: Option<(Option<i32>, u32, u32)>,
    /// Time of day.
    pub time: Option<NaiveTime>,
    /// Seconds east of Greenwich.
    pub zone: Option<i32>,
    /// Which one (see [`Word::Ordinal`]; 0 where nothing is said), and the day, 0 Sunday to 6 Saturday.
    pub weekday: Option<(i64, u32)>,
    /// Steps, by what they are counted in.
    pub months: i64,
    /// Whole days on the calendar.
    pub days: i64,
    /// Seconds on the clock.
    pub seconds: i64,
    /// Seconds since 1970, given outright.
    pub epoch: Option<i64>,
}

/// A cursor over the tokens.
struct Reader {
    tokens: Vec<Token>,
    at: usize,
    items: Items,
    /// A step has been read, `now` and the like too.
    stepped: bool,
}

impl Items {
    /// Reads a whole text; the error says what was wrong.
    pub fn read(text: &str) -> Result<Items, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0, items: Items::default(), stepped: false };
        if reader.tokens.is_empty() {
            return Err("it is empty".into());
        }
        if let [Token::Mark('@', _), rest @ ..] = reader.tokens.as_slice() {
            return epoch(rest);
        }
        while let Some(token) = reader.next() {
            match token {
                Token::Number { value, digits } => reader.number(value, digits)?,
                Token::Word(word) => reader.word(word)?,
                Token::Mark(sign @ ('+' | '-'), _) => reader.signed(sign)?,
                Token::Mark(mark, _) => return Err(format!("'{mark}' out of place")),
            }
        }
        Ok(reader.items)
    }

    fn set_date(&mut self, year: Option<i32>, month: i64, day: i64) -> Result<(), String> {
        let small = |value| u32::try_from(value).ok().filter(|v| (1..=31).contains(v));
        match (small(month), small(day), self.date) {
            (.., Some(_)) => Err("two dates".into()),
            (Some(month @ 1..=12), Some(day), None) => {
                self.date = Some((year, month, day));
                Ok(())
            }
            _ => Err(format!("no such day: month {month}, day {day}")),
        }
    }

    fn set_time(&mut self, hour: i64, minute: i64, second: i64) -> Result<(), String> {
        let small = |value: i64| u32::try_from(value).ok();
        // A leap second is the last one of its minute.
        let second = if second == 60 { 59 } else { second };
        let time = match (small(hour), small(minute), small(second)) {
            (Some(hour), Some(minute), Some(second)) => NaiveTime::from_hms_opt(hour, minute, second),
            _ => None,
        };
        let time = time.ok_or_else(|| format!("no such time of day: {hour}:{minute:02}:{second:02}"))?;
        if self.time.replace(time).is_some() { Err("two times of day".into()) } else { Ok(()) }
    }

    fn set_zone(&mut self, seconds: i32) -> Result<(), String> {
        if self.zone.replace(seconds).is_some() { Err("two time zones".into()) } else { Ok(()) }
    }

    /// Adds `count` times a unit of time.
    fn step(&mut self, count: i64, unit: Word) -> Result<(), String> {
        let (sum, each) = match unit {
            Word::Months(each) => (&mut self.months, each),
            Word::Days(each) => (&mut self.days, each),
            Word::Seconds(each) => (&mut self.seconds, each),
            _ => return Err("a count without a unit of time".into()),
        };
        *sum = count.checked_mul(each).and_then(|step| sum.checked_add(step)).ok_or("too far away")?;
        Ok(())
    }
}

/// `@` and seconds since 1970; a fraction is dropped.
fn epoch(rest: &[Token]) -> Result<Items, String> {
    let (sign, rest) = match rest {
        [Token::Mark('-', _), rest @ ..] => (-1, rest),
        [Token::Mark('+', _), rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    match rest {
        [Token::Number { value, .. }] | [Token::Number { value, .. }, Token::Mark('.', _), Token::Number { .. }] => {
            Ok(Items { epoch: Some(sign * value), ..Items::default() })
        }
        _ => Err("expected seconds since 1970 after '@'".into()),
    }
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.peek(0)?;
        self.at += 1;
        Some(token)
    }

    fn peek(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// Passes over a mark if it is next and a number follows: that number and its digits.
    fn number_after(&mut self, mark: char) -> Option<(i64, usize)> {
        match (self.peek(0), self.peek(1)) {
            (Some(Token::Mark(m, true)), Some(Token::Number { value, digits })) if m == mark => {
                self.at += 2;
                Some((value, digits))
            }
            _ => None,
        }
    }

    /// Passes over a meridian if it is next: hours to add.
    fn meridian(&mut self) -> Option<u32> {
        let Some(Token::Word(Word::Meridian(hours))) = self.peek(0) else { return None };
        self.at += 1;
        Some(hours)
    }

    /// An item that begins with a number; what follows says what it is.
    fn number(&mut self, value: i64, digits: usize) -> Result<(), String> {
        match self.peek(0) {
            Some(Token::Mark(':', _)) => self.clock(value),
            Some(Token::Mark('/', _)) => self.slashes(value, digits),
            Some(Token::Mark('-', true)) => self.dashes(value, digits),
            Some(Token::Word(Word::Meridian(_))) => self.time_of(value, 0, 0),
            Some(Token::Word(Word::Month(month))) => {
                self.at += 1;
                let year = self.year()?;
                self.items.set_date(year, i64::from(month), value)
            }
            Some(Token::Word(Word::Weekday(_) | Word::Months(_) | Word::Days(_) | Word::Seconds(_))) => {
                self.counted(value)
            }
            _ => self.bare(value, digits),
        }
    }

    /// `H:M`, `H:M:S`, `H:M:S.fraction`, each with am or pm.
    fn clock(&mut self, hour: i64) -> Result<(), String> {
        let (minute, _) = self.number_after(':').ok_or("expected minutes after ':'")?;
        let second = self.number_after(':').map_or(0, |(second, _)| second);
        let _ = self.number_after('.');
        self.time_of(hour, minute, second)
    }

    fn time_of(&mut self, hour: i64, minute: i64, second: i64) -> Result<(), String> {
        match (self.meridian(), hour) {
            (None, hour) => self.items.set_time(hour, minute, second),
            (Some(add), 1..=12) => self.items.set_time(hour % 12 + i64::from(add), minute, second),
            (Some(_), _) => Err(format!("no such hour: {hour} with am or pm")),
        }
    }

    /// `month/day`, `month/day/year`, `year/month/day`.
    fn slashes(&mut self, first: i64, digits: usize) -> Result<(), String> {
        let (second, _) = self.number_after('/').ok_or("expected a number after '/'")?;
        match self.number_after('/') {
            Some((third, _)) if digits > 2 => self.items.set_date(Some(year(first, digits)?), second, third),
            Some((third, digits)) => self.items.set_date(Some(year(third, digits)?), first, second),
            None => self.items.set_date(None, first, second),
        }
    }

    /// `year-month-day`, `day-month's name-year`.
    fn dashes(&mut self, first: i64, digits: usize) -> Result<(), String> {
        if let Some(Token::Word(Word::Month(month))) = self.peek(1) {
            self.at += 2;
            let (number, digits) = self.number_after('-').ok_or("expected a year after the month")?;
            return self.items.set_date(Some(year(number, digits)?), i64::from(month), first);
        }
        let month = self.number_after('-');
        match (month, self.number_after('-')) {
            (Some((month, _)), Some((day, _))) => self.items.set_date(Some(year(first, digits)?), month, day),
            _ => Err("expected year-month-day".into()),
        }
    }

    /// A year, if the next number can be nothing else.
    fn year(&mut self) -> Result<Option<i32>, String> {
        let Some(Token::Number { value, digits }) = self.peek(0) else { return Ok(None) };
        let taken = match self.peek(1) {
            Some(Token::Mark(mark, _)) => matches!(mark, ':' | '/'),
            Some(Token::Word(word)) => {
                matches!(word, Word::Meridian(_) | Word::Months(_) | Word::Days(_) | Word::Seconds(_))
            }
            _ => false,
        };
        if taken {
            return Ok(None);
        }
        self.at += 1;
        year(value, digits).map(Some)
    }

    /// A number by itself: the year still missing, a date, a time, by the count of its digits.
    fn bare(&mut self, value: i64, digits: usize) -> Result<(), String> {
        if let (Some((None, month, day)), Some(_)) = (self.items.date, self.items.time) {
            self.items.date = Some((Some(year(value, digits)?), month, day));
            return Ok(());
        }
        match digits {
            8 if self.items.date.is_none() => {
                self.items.set_date(Some(year(value / 10_000, 4)?), value / 100 % 100, value % 100)
            }
            1 | 2 => self.items.set_time(value, 0, 0),
            3 | 4 => self.items.set_time(value / 100, value % 100, 0),
            6 => self.items.set_time(value / 10_000, value / 100 % 100, value % 100),
            _ => Err(format!("the number {value} says nothing by itself")),
        }
    }

    /// An item that begins with a word.
    fn word(&mut self, word: Word) -> Result<(), String> {
        match word {
            Word::Month(month) => {
                let Some(Token::Number { value, .. }) = self.next() else {
                    return Err("expected a day after the month".into());
                };
                let year = self.year()?;
                self.items.set_date(year, i64::from(month), value)
            }
            Word::Weekday(day) => self.weekday(0, day),
            Word::Ordinal(count) => self.counted(count),
            Word::Months(_) | Word::Days(_) | Word::Seconds(_) => {
                self.at -= 1;
                self.counted(1)
            }
            Word::Day(days) => {
                self.stepped = true;
                self.items.step(days, Word::Days(1))
            }
            Word::Hour(hour) => self.items.set_time(i64::from(hour), 0, 0),
            Word::Zone(seconds) => self.zone(seconds),
            Word::Dst => match self.items.zone.as_mut() {
                Some(zone) => {
                    *zone = zone.saturating_add(3600);
                    Ok(())
                }
                None => Err("'dst' without a time zone before it".into()),
            },
            Word::Ago if !self.stepped => Err("'ago' without a step before it".into()),
            Word::Ago => {
                let items = &mut self.items;
                [&mut items.months, &mut items.days, &mut items.seconds]
                    .into_iter()
                    .for_each(|sum| *sum = sum.saturating_neg());
                Ok(())
            }
            Word::Meridian(_) => Err("am or pm without an hour".into()),
            Word::Separator if self.items.date.is_none() => Err("'T' without a date before it".into()),
            Word::Separator | Word::Filler => Ok(()),
        }
    }

    /// `COUNT unit` or `COUNT weekday`, the count already read.
    fn counted(&mut self, count: i64) -> Result<(), String> {
        match self.next() {
            Some(Token::Word(Word::Weekday(day))) => self.weekday(count, day),
            Some(Token::Word(unit)) => {
                self.stepped = true;
                self.items.step(count, unit)
            }
            _ => Err("expected a unit of time or a day of the week".into()),
        }
    }

    fn weekday(&mut self, count: i64, day: u32) -> Result<(), String> {
        match self.items.weekday.replace((count, day)) {
            Some(_) => Err("two days of the week".into()),
            None => Ok(()),
        }
    }

    /// A zone by its name, and what `UTC+2` adds.
    fn zone(&mut self, seconds: i32) -> Result<(), String> {
        let offset = match (self.peek(0), self.peek(1)) {
            (Some(Token::Mark(sign @ ('+' | '-'), true)), Some(Token::Number { value, digits })) => {
                self.at += 2;
                self.offset(sign, value, digits)?
            }
            _ => 0,
        };
        self.items.set_zone(seconds + offset)
    }

    /// A signed number: a step where a unit follows, else an offset from UTC.
    fn signed(&mut self, sign: char) -> Result<(), String> {
        let Some(Token::Number { value, digits }) = self.next() else {
            return Err(format!("expected a number after '{sign}'"));
        };
        match self.peek(0) {
            Some(Token::Word(Word::Months(_) | Word::Days(_) | Word::Seconds(_))) => {
                self.counted(if sign == '-' { -value } else { value })
            }
            _ if self.items.time.is_some() => {
                let offset = self.offset(sign, value, digits)?;
                self.items.set_zone(offset)
            }
            _ => Err(format!("expected a unit of time after {sign}{value}")),
        }
    }

    /// Seconds of an offset from UTC: `+2`, `+0200`, `+02:00`.
    fn offset(&mut self, sign: char, value: i64, digits: usize) -> Result<i32, String> {
        let (hours, minutes) = match (digits, self.number_after(':')) {
            (1 | 2, Some((minutes, _))) => (value, minutes),
            (1 | 2, None) => (value, 0),
            (3 | 4, None) => (value / 100, value % 100),
            _ => (24, 0),
        };
        match (i32::try_from(hours), i32::try_from(minutes)) {
            (Ok(hours @ 0..=23), Ok(minutes @ 0..=59)) => {
                let seconds = hours * 3600 + minutes * 60;
                Ok(if sign == '-' { -seconds } else { seconds })
            }
            _ => Err("expected an offset from UTC such as +0200".into()),
        }
    }
}

/// A year as written: two digits are of 1969 to 2068.
fn year(value: i64, digits: usize) -> Result<i32, String> {
    match (value, digits) {
        (0..=68, 1 | 2) => Ok(2000 + value as i32),
        (69..=99, 1 | 2) => Ok(1900 + value as i32),
        (0..=9999, 4) => Ok(value as i32),
        _ => Err(format!("no such year: {value}")),
    }
}
