//! The words that dates are made of.

/// What a word means in a date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// 1 to 12.
    Month(u32),
    /// 0 Sunday to 6 Saturday.
    Weekday(u32),
    /// A step of so many months.
    Months(i64),
    /// A step of so many days.
    Days(i64),
    /// A step of so many seconds.
    Seconds(i64),
    /// So many days from today, without a count: `yesterday`.
    Day(i64),
    /// `last` -1, `this` 0, `next` 1, `third` 3.
    Ordinal(i64),
    /// Added to hours of 1 to 12: 0 or 12.
    Meridian(u32),
    /// An hour of its own: `noon`.
    Hour(u32),
    /// Seconds east of Greenwich.
    Zone(i32),
    /// One hour more than the zone before it.
    Dst,
    /// Turns the steps before it around.
    Ago,
    /// The `T` between date and time.
    Separator,
    /// Says nothing: `at`.
    Filler,
}

/// Abbreviations of at least three letters are taken.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Abbreviations of at least three letters are taken.
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// From `third` on; `second` is a unit of time.
const ORDINALS: [&str; 10] =
    ["third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"];

/// Zone names with their minutes east of Greenwich.
const ZONES: [(&str, i32); 46] = [
    ("z", 0),
    ("utc", 0),
    ("ut", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("eest", 180),
    ("msk", 180),
    ("eat", 180),
    ("msd", 240),
    ("ist", 330),
    ("sgt", 480),
    ("awst", 480),
    ("hkt", 480),
    ("jst", 540),
    ("kst", 540),
    ("acst", 570),
    ("aest", 600),
    ("acdt", 630),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("brt", -180),
    ("nst", -210),
    ("ndt", -150),
    ("ast", -240),
    ("adt", -180),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("hst", -600),
];

impl Word {
    /// The meaning of a word in lower case.
    pub fn find(word: &str) -> Option<Word> {
        Word::fixed(word)
            .or_else(|| position(&MONTHS, word).map(|at| Word::Month(at + 1)))
            .or_else(|| position(&DAYS, word).map(Word::Weekday))
            .or_else(|| Word::unit(word.strip_suffix('s').unwrap_or(word)))
            .or_else(|| ORDINALS.iter().zip(3..).find(|(name, _)| **name == word).map(|(_, n)| Word::Ordinal(n)))
            .or_else(|| ZONES.iter().find(|(name, _)| *name == word).map(|(_, minutes)| Word::Zone(minutes * 60)))
    }

    fn fixed(word: &str) -> Option<Word> {
        Some(match word {
            "now" | "today" => Word::Day(0),
            "yesterday" => Word::Day(-1),
            "tomorrow" => Word::Day(1),
            "last" => Word::Ordinal(-1),
            "this" => Word::Ordinal(0),
            "next" | "first" | "a" | "an" => Word::Ordinal(1),
            "am" => Word::Meridian(0),
            "pm" => Word::Meridian(12),
            "midnight" => Word::Hour(0),
            "noon" => Word::Hour(12),
            "dst" => Word::Dst,
            "ago" => Word::Ago,
            "t" => Word::Separator,
            "at" | "on" | "of" | "and" => Word::Filler,
            _ => return None,
        })
    }

    fn unit(word: &str) -> Option<Word> {
        Some(match word {
            "year" => Word::Months(12),
            "month" => Word::Months(1),
            "fortnight" => Word::Days(14),
            "week" => Word::Days(7),
            "day" => Word::Days(1),
            "hour" => Word::Seconds(3600),
            "minute" | "min" => Word::Seconds(60),
            "second" | "sec" => Word::Seconds(1),
            _ => return None,
        })
    }
}

/// Which of the names a word is, whole or cut down to three letters or more.
fn position(names: &[&str], word: &str) -> Option<u32> {
    let at = names.iter().position(|name| word.len() >= 3 && name.starts_with(word))?;
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::Word;

    #[test]
    fn words_have_one_meaning() {
        assert_eq!(Word::find("sept"), Some(Word::Month(9)));
        assert_eq!(Word::find("sun"), Some(Word::Weekday(0)));
        assert_eq!(Word::find("seconds"), Some(Word::Seconds(1)));
        assert_eq!(Word::find("sat"), Some(Word::Weekday(6)));
        assert_eq!(Word::find("pst"), Some(Word::Zone(-8 * 3600)));
        assert_eq!(Word::find("twelfth"), Some(Word::Ordinal(12)));
        assert_eq!(Word::find("ma"), None);
        assert_eq!(Word::find(""), None);
    }
}
