//! What stands above a report, and the one line that a summary is.

use std::io::{self, Write};

use chrono::{DateTime, Local};

use super::make::Made;
use super::text::Text;
use super::types::Side;
use crate::report::text as number;

/// Writes the lines on the report itself, and those on what was read, as far as they are asked for.
pub(super) fn write(text: &Text<'_>, made: &Made<'_>, out: &mut impl Write) -> io::Result<()> {
    let options = &text.output.options;
    if options.header {
        writeln!(out, "#  --- ---- ---- Report Information --- --- ---")?;
        for (name, value) in lines(text, made) {
            writeln!(out, "# {:<21} {value}", format!("{name}:"))?;
        }
        if !options.xheader {
            writeln!(out, "#")?;
        }
    }
    if options.xheader { out.write_all(text.xheader) } else { Ok(()) }
}

fn lines(text: &Text<'_>, made: &Made<'_>) -> Vec<(&'static str, String)> {
    let (report, output) = (made.report, text.output);
    let version = concat!("flow-tools ", env!("CARGO_PKG_VERSION"));
    let mut lines = vec![
        ("build-version", version.to_owned()),
        ("name", report.name.clone()),
        ("type", report.what.name.to_owned()),
    ];
    if report.scale != 1 {
        lines.push(("scale", report.scale.to_string()));
    }
    if let Some([source, destination]) = report.tag_mask {
        lines.push(("tag-mask", format!("0x{source:X} 0x{destination:X}")));
    }
    lines.push(("options", output.options.text()));
    let [source, destination] = report.formats;
    for (side, name, format) in
        [(Side::Source, "ip-src-addr-type", source), (Side::Destination, "ip-dst-addr-type", destination)]
    {
        if report.what.has_address(side) {
            lines.push((name, format.name().to_owned()));
        }
    }
    if let Some((field, descending)) = output.sort {
        let name = field.name(report.what.columns().len() == 1);
        lines.push(("sort_field", format!("{}{name}", if descending { '+' } else { '-' })));
    }
    lines.push(("fields", output.fields.text(report.what.columns().len().max(1))));
    lines.push(("records", made.len().to_string()));
    let (first, last) = made.span().unwrap_or_default();
    lines.push(("first-flow", time(first)));
    lines.push(("last-flow", time(last)));
    lines.push(("now", time(u64::try_from(Local::now().timestamp()).unwrap_or(0))));
    lines
}

/// Seconds since 1970, and the same as `Thu Jan  1 00:59:58 2026`, local time.
fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let date = time.map(|time| time.with_timezone(&Local).format("%a %b %e %H:%M:%S %Y").to_string());
    format!("{seconds} {}", date.unwrap_or_default())
}

/// The columns of a summary before the distributions.
const MEANS: &str = "time_real,aflowtime,aps,afs,apf,fps,fps_real";

/// What ranges of the distributions are called: octets a packet, packets, octets, ms. The names, slips and all, are
/// the original's: scripts know the columns by them.
const RANGES: [(&str, &[&str]); 4] = [
    (
        "psize",
        &[
            "32", "64", "96", "128", "160", "192", "224", "256", "288", "320", "352", "384", "416", "448", "480",
            "512", "544", "576", "1024", "1536", "2048", "2560", "3072", "3584", ">4096", "4608",
        ],
    ),
    (
        "fpsize",
        &[
            "1", "2", "4", "8", "12", "16", "20", "24", "28", "32", "36", "40", "44", "48", "52", "60", "100", "200",
            "300", "400", "500", "600", "700", "800", "900", "_other",
        ],
    ),
    (
        "fosize",
        &[
            "32", "64", "128", "256", "512", "1280", "2048", "2816", "3584", "4352", "5120", "5888", "6656", "7424",
            "8192", "8960", "9728", "10496", "11264", "12032", "12800", "13568", "14336", "15104", "15872", "_other",
        ],
    ),
    (
        "ftime",
        &[
            "10", "50", "100", "200", "500", "1000", "2000", "3000", "4000", "5000", "6000", "7000", "8000", "9000",
            "10000", "12000", "14000", "16000", "18000", "20000", "22000", "24000", "26000", "28000", "30000",
            "_other",
        ],
    ),
];

/// Writes the one line of a summary, and its titles.
pub(super) fn detail(made: &Made<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(totals) = &made.totals else { return Ok(()) };
    let mut titles = MEANS.to_owned();
    for (name, ranges) in RANGES {
        for range in ranges {
            match range.strip_prefix('>') {
                Some(range) => titles.push_str(&format!(",>{name}{range}")),
                None => titles.push_str(&format!(",{name}{range}")),
            }
        }
    }
    writeln!(out, "# rec2: {titles}")?;
    let counts = &totals.counts;
    let over = |sum: u64, by: u64| sum.checked_div(by).unwrap_or(0) as f64;
    let a_second = |seconds: f64| if seconds > 0.0 { counts.flows as f64 / seconds } else { 0.0 };
    let lasted = totals.lasted.greatest.saturating_sub(totals.lasted.least) as f64 / 1000.0;
    // The original has the real time begin in 1970; scripts have got used to what follows of it.
    let real = made.span.greatest;
    let means = [
        over(counts.duration, counts.flows),
        over(counts.octets, counts.packets),
        over(counts.octets, counts.flows),
        over(counts.packets, counts.flows),
        a_second(lasted),
        a_second(real as f64),
    ];
    let mut line = Vec::new();
    number::number(&mut line, real, 0);
    let ranges = totals.distributions.iter().zip(RANGES);
    let shares = ranges.flat_map(|(counted, (_, names))| counted.counts().iter().take(names.len()));
    let shares = shares.map(|count| *count as f64 / counts.flows as f64);
    for value in means.into_iter().chain(shares) {
        line.push(b',');
        number::decimal(&mut line, value, 6, 0);
    }
    line.push(b'\n');
    out.write_all(&line)
}
