//! Scoreboards as pages and as JSON.
//!
//! Nothing in them comes from flows but addresses and numbers, so nothing has to be escaped but the title.

use std::fmt::Write;
use std::net::IpAddr;

use chrono::{Local, TimeZone};

use super::score::lists;
use super::{BY, Board, Score};
use crate::graph::count::{IN, OUT};
use crate::graph::html::escaped;

/// How pages look: readable in light and dark, on paper and on a phone.
const STYLE: &str = include_str!("board.css");

/// A list of talkers: what it is by, and of each the address and octets, packets and flows.
pub type Rows = Vec<(IpAddr, [f64; 3])>;

/// A page of lists.
pub struct Page {
    title: String,
    /// What is said below the title.
    about: String,
    /// The lists, inbound and outbound, and the octets, packets and flows of all, if these are known.
    ways: [([Rows; 3], Option<[u64; 3]>); 2],
    period: [u64; 2],
}

impl Page {
    /// Of a file's board.
    pub fn of(board: &Board) -> Page {
        let [from, to] = board.period;
        let way = |at: usize| {
            let way = board.ways.get(at).cloned().unwrap_or_default();
            let rows = way.lists.map(|list| list.iter().map(|t| (t.address, t.sums.map(|n| n as f64))).collect());
            (rows, Some(way.totals))
        };
        let talkers = [IN, OUT].map(|at| board.ways.get(at).map_or(0, |way| way.talkers));
        Page {
            title: format!("Scoreboard {} to {}", local(from, "%Y-%m-%d %H:%M"), local(to, "%H:%M")),
            about: format!("{} sent, {} received", hosts(talkers[1]), talkers[0]),
            ways: [way(IN), way(OUT)],
            period: board.period,
        }
    }

    /// Of the long run.
    pub fn of_score(score: &Score, top: usize) -> Page {
        let [into, out] = lists(score, top);
        Page {
            title: "Scoreboard, on average".into(),
            about: format!(
                "averages of {} files until {}; older ones count less",
                score.samples,
                local(score.until, "%Y-%m-%d %H:%M")
            ),
            ways: [(into, None), (out, None)],
            period: [0, score.until],
        }
    }

    /// As a page that needs nothing else.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{}</p>\n",
            escaped(&self.about)
        );
        for (at, name) in [(OUT, "Top sources, outbound"), (IN, "Top destinations, inbound")] {
            let Some((lists, totals)) = self.ways.get(at) else { continue };
            for (by, rows) in BY.iter().zip(lists) {
                let _ = writeln!(
                    html,
                    "<section><h2>{name} by {}</h2><table><thead><tr><th>#<th>address<th>octets<th>packets<th>flows\
                     <th>share</tr></thead><tbody>",
                    by.name()
                );
                let all = totals.map(|totals| by.of(&totals) as f64);
                for (place, (address, sums)) in (1..).zip(rows) {
                    let _ = write!(html, "<tr><td>{place}<td>{address}");
                    for sum in sums {
                        let _ = write!(html, "<td>{}", grouped(*sum));
                    }
                    let share =
                        all.filter(|all| *all > 0.0).map(|all| by.of(&sums.map(|n| n as u64)) as f64 * 100.0 / all);
                    let _ = writeln!(html, "<td>{}</tr>", share.map_or(String::new(), |share| format!("{share:.1} %")));
                }
                if rows.is_empty() {
                    html.push_str("<tr><td colspan=\"6\">none</tr>\n");
                }
                html.push_str("</tbody></table></section>\n");
            }
        }
        html.push_str("</body></html>\n");
        html
    }

    /// As JSON: `{"from":..,"to":..,"outbound":{"octets":[{"address":..,"octets":..,"packets":..,"flows":..}..]..}..}`.
    pub fn json(&self) -> String {
        let [from, to] = self.period;
        let mut json = format!("{{\"from\":{from},\"to\":{to}");
        for (at, name) in [(OUT, "outbound"), (IN, "inbound")] {
            let Some((lists, _)) = self.ways.get(at) else { continue };
            let _ = write!(json, ",\"{name}\":{{");
            for (list, (by, rows)) in BY.iter().zip(lists).enumerate() {
                let _ = write!(json, "{}\"{}\":[", if list > 0 { "," } else { "" }, by.name());
                for (place, (address, [octets, packets, flows])) in rows.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    let _ = write!(
                        json,
                        "{comma}{{\"address\":\"{address}\",\"octets\":{octets},\"packets\":{packets},\"flows\":{flows}}}"
                    );
                }
                json.push(']');
            }
            json.push('}');
        }
        json.push_str("}\n");
        json
    }
}

fn hosts(count: usize) -> String {
    format!("{count} host{}", if count == 1 { "" } else { "s" })
}

/// A time as people here write it.
fn local(secs: u64, format: &str) -> String {
    let secs = i64::try_from(secs).unwrap_or(i64::MAX);
    Local.timestamp_opt(secs, 0).single().map_or_else(|| secs.to_string(), |time| time.format(format).to_string())
}

/// A number, rounded, with thin spaces between thousands.
fn grouped(n: f64) -> String {
    if n < 100.0 && n.fract() != 0.0 {
        return format!("{n:.1}");
    }
    let digits = format!("{n:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}
