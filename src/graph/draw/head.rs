//! What stands above the plot: what it shows, and of when.

use chrono::{DateTime, Datelike, TimeZone};

use super::scene::{Anchor, Group, Text};
use super::{Look, Style};
use crate::graph::view::{Picture, Report};

/// What a picture shows.
pub fn title(picture: &Picture) -> String {
    let what = match picture.report {
        Report::Bits => "Bits a second",
        Report::Packets => "Packets a second",
        Report::Flows => "Flows a second",
    };
    let mut title = what.to_owned();
    if !picture.by.is_empty() {
        let by: Vec<String> = picture.by.iter().map(|by| by.to_lowercase()).collect();
        title.push_str(": ");
        title.push_str(&by.join(", "));
    }
    if let Some(router) = &picture.router {
        title.push_str(" of ");
        title.push_str(router);
    }
    title
}

/// Title and period; and where the plot may begin.
pub fn draw<Z: TimeZone>(picture: &Picture, look: &Look<'_>, style: &Style, zone: &Z) -> (Group, f64)
where
    Z::Offset: std::fmt::Display,
{
    let mut group = Group::of("head");
    let room = style.picture[0] - 2.0 * style.pad;
    let size = (style.size * 1.36).round();
    let mut base = (style.pad + 0.76 * size).round();
    let text = style.font.fit(&title(picture), size, room);
    let colour = style.colours.ink;
    group.text(Text { at: (style.pad, base), anchor: Anchor::Start, size, colour, text });
    let said = about(picture, look, zone);
    let fits = said.iter().find(|text| style.width(text) <= room).or(said.last());
    if let Some(text) = fits {
        base += (style.size * 1.5).round();
        let text = style.font.fit(text, style.size, room);
        group.text(style.text((style.pad, base), Anchor::Start, text, style.colours.quiet));
    }
    (group, base + style.size)
}

/// The period, its zone and what a row is, in ever fewer words.
fn about<Z: TimeZone>(picture: &Picture, look: &Look<'_>, zone: &Z) -> Vec<String>
where
    Z::Offset: std::fmt::Display,
{
    let [from, to] = picture.period.map(|time| zone.timestamp_opt(time, 0).earliest());
    let (Some(from), Some(to)) = (from, to) else { return Vec::new() };
    let name = look.zone;
    let rows = format!("averages of {}", length(picture.axis.step));
    let long = period(&from, &to, "%a %-d %b %Y %H:%M", "%a %-d %b %H:%M");
    let short = period(&from, &to, "%Y-%m-%d %H:%M", "%m-%d %H:%M");
    vec![
        format!("{long}, {name}, {rows}"),
        format!("{long}, {name}"),
        format!("{short}, {name}"),
        short,
        format!("{} – {}", from.format("%-d %b"), to.format("%-d %b")),
    ]
}

/// From when to when: what both have in common is said once.
fn period<Z: TimeZone>(from: &DateTime<Z>, to: &DateTime<Z>, whole: &str, same_year: &str) -> String
where
    Z::Offset: std::fmt::Display,
{
    let second = match (from.year() == to.year(), from.ordinal() == to.ordinal()) {
        (true, true) => "%H:%M",
        (true, false) => same_year,
        (false, _) => whole,
    };
    format!("{} – {}", from.format(whole), to.format(second))
}

/// A length of time in its greatest unit.
fn length(seconds: i64) -> String {
    let units = [(86_400, "day", "days"), (3600, "hour", "hours"), (60, "min", "min")];
    let found = units.into_iter().find(|(unit, ..)| seconds >= *unit && seconds % unit == 0);
    match found {
        Some((unit, one, _)) if seconds == unit => format!("1 {one}"),
        Some((unit, _, many)) => format!("{} {many}", seconds / unit),
        None => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_words() {
        let lengths = [300, 1800, 3600, 7200, 86_400, 172_800, 90].map(length);
        assert_eq!(lengths, ["5 min", "30 min", "1 hour", "2 hours", "1 day", "2 days", "90 s"]);
    }
}
