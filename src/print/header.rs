//! A header as text: flow-header's output, and what `-p` prints before flows.

use std::io::{self, Write};

use chrono::{DateTime, Local};

use crate::flow::{About, Fact, Order, StreamInfo, Version, flags};

/// Writes what `info` says, every line begun by the comment character `mark`, as flow-header has it. What a header
/// does not say has no line; times are local.
pub fn header(info: &StreamInfo, mark: &str, out: &mut impl Write) -> io::Result<()> {
    header_and(info, &[], mark, out)
}

/// The same with more lines behind, of a name and a value each.
pub fn header_and(
    info: &StreamInfo,
    more: &[(&'static str, String)],
    mark: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{mark}")?;
    for (name, value) in lines(info).iter().chain(more) {
        writeln!(out, "{mark} {:<21} {value}", format!("{name}:"))?;
    }
    writeln!(out, "{mark}")
}

fn lines(info: &StreamInfo) -> Vec<(&'static str, String)> {
    let streaming = info.is(flags::STREAMING);
    // Counts and times of a stream were not known when its header was written, unless they were gathered before.
    // Those that stream version 1 had are not shown.
    let counted = !streaming || info.is(flags::PRELOADED);
    let timed = counted && info.stream_version != 1;
    let mut lines = Vec::new();
    let mut line = |shown: bool, name, value: Option<String>| {
        if let Some(value) = value.filter(|_| shown) {
            lines.push((name, value));
        }
    };
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let period = info.start.zip(info.end).map(|(start, end)| format!("{} seconds", end.wrapping_sub(start)));
    line(true, "mode", Some(if streaming { "streaming" } else { "normal" }.into()));
    line(info.is(flags::TRANSLATED), "translated", Some("yes".into()));
    line(counted, "capture hostname", info.host.clone());
    line(true, "exporter IP address", info.exporter.map(|a| a.to_string()));
    line(timed, "capture start", info.start.map(time));
    line(timed, "capture end", info.end.map(time));
    line(timed, "capture period", period);
    let classic = info.stream_version != 4;
    line(classic, "compress", Some(if info.is(flags::COMPRESSED) { "on" } else { "off" }.into()));
    line(true, "byte order", Some(if info.order == Some(Order::Big) { "big" } else { "little" }.into()));
    line(true, "stream version", Some(info.stream_version.to_string()));
    line(!classic, "export version", Some("10".into()));
    if let Some(version) = info.version {
        line(true, "export version", Some(version.number().to_string()));
        if let Version::V8(method) = version {
            line(true, "export agg_version", info.aggregation_version.map(|v| v.to_string()));
            line(true, "export agg_method", Some(format!("{method} ({})", version.method_name())));
        }
    }
    line(timed, "lost flows", number(info.lost));
    line(timed, "corrupt packets", number(info.corrupt));
    line(timed, "sequencer resets", number(info.resets));
    line(true, "comments", info.comments.clone());
    line(counted, "capture flows", number(info.flows));
    for interface in &info.interfaces {
        let indexes: Vec<String> = interface.interfaces.iter().map(u16::to_string).collect();
        let name = if interface.alias { "ifalias" } else { "ifname" };
        line(true, name, Some(format!("{} {} {}", interface.exporter, indexes.join(","), interface.name)));
    }
    lines.extend(info.facts.iter().map(said));
    lines
}

/// What an exporter said of itself.
fn said(fact: &Fact) -> (&'static str, String) {
    let (name, what) = match &fact.about {
        About::Interface(index) => ("interface", index.to_string()),
        About::Application(id) => ("application", id.iter().map(|octet| format!("{octet:02x}")).collect()),
        About::Sampler { id, population, taken } => {
            let rate = format!("{taken} in {population}");
            ("sampler", id.map_or(rate.clone(), |id| format!("{id} {rate}")))
        }
        About::Vrf(id) => ("VRF", id.to_string()),
    };
    // The texts are an exporter's: no line breaks, nothing that a terminal would obey.
    let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let said = format!("{} {what} {} {}", fact.exporter, clean(&fact.name), clean(&fact.description));
    (name, said.trim_end().to_owned())
}

/// Seconds since 1970 as `Thu, 01 Jan 2026 00:00:00 +0000`, local time.
fn time(seconds: u32) -> String {
    DateTime::from_timestamp(i64::from(seconds), 0)
        .map_or_else(|| seconds.to_string(), |t| t.with_timezone(&Local).format("%a, %d %b %Y %H:%M:%S %z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modern_header_shows_what_exporters_said() {
        let about = About::Sampler { id: Some(2), population: 1000, taken: 1 };
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        let fact = Fact { exporter, domain: 0, about, name: "s\n1".into(), description: String::new() };
        let info = StreamInfo { stream_version: 4, facts: vec![fact], ..StreamInfo::default() };
        let mut out = Vec::new();
        header_and(&info, &[("blocks", "3".into())], "#", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("# export version:       10\n") && !text.contains("compress"), "{text}");
        assert!(
            text.ends_with("# sampler:              127.0.0.1 2 1 in 1000 s 1\n# blocks:               3\n#\n"),
            "{text}"
        );
    }

    #[test]
    fn a_stream_shows_only_what_was_known() {
        let known = StreamInfo {
            stream_version: 3,
            version: Some(Version::V8(2)),
            aggregation_version: Some(2),
            flags: flags::STREAMING,
            host: Some("h".into()),
            flows: Some(3),
            comments: Some("c".into()),
            ..StreamInfo::default()
        };
        let text = |info: &StreamInfo| {
            let mut out = Vec::new();
            header(info, "#", &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(text(&known).contains("# export agg_method:    2 (Protocol Port)\n# comments:             c\n#\n"));
        assert!(!text(&known).contains("hostname"));
        let whole = StreamInfo { flags: flags::DONE, start: Some(1), end: Some(3), ..known };
        assert!(text(&whole).contains("# capture period:       2 seconds\n"));
        assert!(text(&whole).contains("# capture flows:        3\n"));
    }
}
