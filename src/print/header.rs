//! A header as text: flow-header's output, and what `-p` prints before flows.

use std::io::{self, Write};

use chrono::{DateTime, Local};

use crate::flow::{Order, StreamInfo, Version, flags};

/// Writes what `info` says, every line begun by the comment character `mark`, as flow-header has it. What a header
/// does not say has no line; times are local.
pub fn header(info: &StreamInfo, mark: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{mark}")?;
    for (name, value) in lines(info) {
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
    line(true, "compress", Some(if info.is(flags::COMPRESSED) { "on" } else { "off" }.into()));
    line(true, "byte order", Some(if info.order == Some(Order::Big) { "big" } else { "little" }.into()));
    line(true, "stream version", Some(info.stream_version.to_string()));
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
    lines
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
