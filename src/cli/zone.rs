//! What the local time zone is called.

use std::path::Path;
use std::{env, fs};

use chrono::{DateTime, Local};

/// The name of the local time zone: `Europe/Berlin`, or by its distance from UTC at some moment: `UTC+01:00`.
pub fn name(at: DateTime<Local>) -> String {
    let of = |zone: String| named(&zone).map(str::to_owned);
    let found = match env::var("TZ") {
        Ok(zone) => of(zone),
        Err(_) => fs::canonicalize("/etc/localtime").ok().and_then(|path| linked(&path)),
    };
    found.unwrap_or_else(|| distance(at.offset().local_minus_utc()))
}

/// The name in a value of `TZ`, if it is one and not a rule.
fn named(zone: &str) -> Option<&str> {
    let zone = zone.trim_start_matches(':');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-+".contains(c);
    let name = zone == "UTC" || zone.contains('/') && !zone.starts_with('/') && !zone.contains("..");
    (name && zone.len() < 50 && zone.chars().all(plain)).then_some(zone)
}

/// The name of a zone's file.
fn linked(path: &Path) -> Option<String> {
    let (_, name) = path.to_str()?.rsplit_once("/zoneinfo/")?;
    match name {
        "Etc/UTC" | "UCT" | "Etc/UCT" | "Zulu" | "Etc/Zulu" => Some("UTC".to_owned()),
        name => named(name).map(str::to_owned),
    }
}

/// A distance from UTC in seconds.
fn distance(seconds: i32) -> String {
    if seconds == 0 {
        return "UTC".to_owned();
    }
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names() {
        assert_eq!(named(":Europe/Berlin"), Some("Europe/Berlin"));
        assert_eq!(named("CET-1CEST,M3.5.0,M10.5.0/3"), None);
        assert_eq!(named("/etc/localtime"), None);
        assert_eq!(linked(Path::new("/usr/share/zoneinfo/Asia/Tokyo")), Some("Asia/Tokyo".into()));
        assert_eq!(linked(Path::new("/usr/share/zoneinfo/Etc/UTC")), Some("UTC".into()));
        assert_eq!(linked(Path::new("/etc/localtime")), None);
        assert_eq!([0, 3600, -12_600].map(distance), ["UTC", "UTC+01:00", "UTC-03:30"]);
    }
}
