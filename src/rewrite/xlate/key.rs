//! Keys of anonymisation, and the files they come from.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Local, Timelike};

use crate::rewrite::cryptopan::CryptoPan;

/// A key that may be replaced while flows are anonymised under it.
#[derive(Debug)]
pub struct Key {
    current: RwLock<Arc<CryptoPan>>,
    file: Option<String>,
    refresh: Option<Refresh>,
    /// When the file is read again, seconds since 1970.
    due: Mutex<Option<i64>>,
}

/// How often a key's file is read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refresh {
    /// Every so many seconds; at least 1.
    pub every: u32,
    /// Counted from this second of the day, or else from when the file was read first.
    pub first: Option<u32>,
}

impl Refresh {
    /// The next time after `now`, seconds since 1970.
    fn next(self, now: DateTime<Local>) -> i64 {
        let (seconds, every) = (now.timestamp(), i64::from(self.every.max(1)));
        let Some(first) = self.first else { return seconds + every };
        let today = seconds - i64::from(now.num_seconds_from_midnight()) + i64::from(first);
        if today > seconds { today } else { today + ((seconds - today) / every + 1) * every }
    }
}

impl Key {
    /// A key that stays.
    pub fn fixed(key: CryptoPan) -> Key {
        Key { current: RwLock::new(Arc::new(key)), file: None, refresh: None, due: Mutex::new(None) }
    }

    /// A key that was read from a file, which is read again as `refresh` says.
    pub fn of_file(key: CryptoPan, file: String, refresh: Option<Refresh>, now: DateTime<Local>) -> Key {
        let due = Mutex::new(refresh.map(|refresh| refresh.next(now)));
        Key { current: RwLock::new(Arc::new(key)), file: Some(file), refresh, due }
    }

    /// The key as it is now.
    pub fn current(&self) -> Arc<CryptoPan> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file again if it is time.
    ///
    /// # Errors
    ///
    /// What is wrong with it: the key stays as it was.
    pub fn refresh(
        &self,
        now: DateTime<Local>,
        read: &mut impl FnMut(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        let (Some(file), Some(refresh)) = (&self.file, self.refresh) else { return Ok(()) };
        {
            let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
            if due.is_some_and(|due| now.timestamp() < due) {
                return Ok(());
            }
            *due = Some(refresh.next(now));
        }
        let key = read(file).and_then(|text| CryptoPan::parse(&text)).map_err(|why| format!("{file}: {why}"))?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, NaiveDate, TimeZone};

    use super::*;

    #[test]
    fn files_are_read_when_it_is_time() {
        // Noon, local time.
        let noon = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap().and_hms_opt(12, 0, 0).unwrap();
        let noon = Local.from_local_datetime(&noon).unwrap();
        let next = |every, first, at: DateTime<Local>| Refresh { every, first }.next(at) - noon.timestamp();
        assert_eq!(next(600, None, noon), 600);
        assert_eq!(next(600, Some(13 * 3600), noon), 3600);
        assert_eq!(next(600, Some(11 * 3600 + 300), noon), 300);
        assert_eq!(next(600, Some(12 * 3600), noon), 600);

        let texts = ["01".repeat(32), "02".repeat(32), "not a key".into()];
        let key = |text: &str| CryptoPan::parse(text).unwrap();
        let refresh = Some(Refresh { every: 60, first: None });
        let held = Key::of_file(key(&texts[0]), "key".into(), refresh, noon);
        let mut read = texts[1..].iter().cloned();
        let mut asked = 0;
        let mut refresh = |seconds| {
            held.refresh(noon + Duration::seconds(seconds), &mut |name| {
                asked += 1;
                assert_eq!(name, "key");
                Ok(read.next().unwrap())
            })
        };
        assert_eq!(refresh(59), Ok(()));
        assert_eq!(refresh(60), Ok(()));
        assert_eq!(refresh(61), Ok(()));
        assert!(refresh(120).unwrap_err().starts_with("key: expected a key of 64"));
        assert_eq!(asked, 2);
        assert_eq!(*held.current(), key(&texts[1]));
        assert_eq!(Key::fixed(key(&texts[0])).refresh(noon, &mut |_| Err(String::new())), Ok(()));
    }
}
