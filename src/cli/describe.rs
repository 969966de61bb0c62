//! What a modern file is made of, as text: what flow-header shows beyond the header.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::file::{BlockSummary, ColumnSummary, Description};
use crate::flow::{date, registry};

/// Lines of a name and a value each: times, blocks, sizes. None of a classic file, nor of a pipe.
pub fn lines(found: &Description) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if found.info.stream_version != 4 || found.octets == 0 {
        return lines;
    }
    let flows = found.flows();
    lines.push(("flows", flows.to_string()));
    if let Some(span) = found.span() {
        lines.push(("first flow", date::local(span.start.0)));
        lines.push(("last flow", date::local(span.end.1)));
    }
    let total = |part: fn(&BlockSummary) -> u64| found.blocks.iter().map(part).sum::<u64>();
    let schemas: BTreeSet<Vec<_>> = found.blocks.iter().map(kinds).collect();
    let kinds = if schemas.len() == 1 { "1 kind".into() } else { format!("{} kinds", schemas.len()) };
    lines.push(("blocks", format!("{}, flows of {kinds}", found.blocks.len())));
    let rest = found.octets.saturating_sub(total(|block| block.octets));
    let (heads, blooms) = (total(|block| block.head), total(|block| block.bloom));
    lines.push(("octets", format!("{}, {} a flow", found.octets, each(found.octets, flows))));
    lines.push(("of these", format!("{heads} block heads, {blooms} Bloom filters, {rest} header, facts and index")));
    lines
}

/// What flows of a block are made of.
fn kinds(block: &BlockSummary) -> Vec<(u32, u16, u16, u16)> {
    let key = |column: &ColumnSummary| {
        let spec = column.spec;
        (spec.element.enterprise, spec.element.id, spec.occurrence, spec.width)
    };
    block.columns.iter().map(key).collect()
}

/// Two tables: a line a block, and a line a column of all blocks.
pub fn tables(found: &Description, mark: &str, out: &mut impl Write) -> io::Result<()> {
    if found.blocks.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{mark} {:>12} {:>8} {:>10} {:>7}  {:<31}  columns",
        "block at", "flows", "octets", "a flow", "first"
    )?;
    for block in &found.blocks {
        let first = block.span.map_or(String::new(), |span| date::local(span.start.0));
        let (flows, octets) = (block.flows, block.octets);
        let row = block.row.map_or(String::new(), |size| format!(", rows of {size} octets"));
        let columns = format!("{}{row}", block.columns.len());
        let each = each(octets, flows);
        writeln!(out, "{mark} {:>12} {flows:>8} {octets:>10} {each:>7}  {first:<31}  {columns}", block.offset)?;
    }
    writeln!(out, "{mark}")?;
    writeln!(
        out,
        "{mark} {:<30} {:>5} {:>12} {:>12} {:>7} {:>6}  encoding",
        "column", "width", "raw", "stored", "a flow", "ratio"
    )?;
    for column in found.columns() {
        let ColumnSummary { raw, stored, values, .. } = column;
        let width =
            if column.spec.width == crate::flow::VARIABLE { "var".into() } else { column.spec.width.to_string() };
        let (each, ratio) = (each(stored, values), each(raw, stored));
        let (name, how) = (name(&column), how(&column));
        writeln!(out, "{mark} {name:<30} {width:>5} {raw:>12} {stored:>12} {each:>7} {ratio:>6}  {how}")?;
    }
    writeln!(out, "{mark}")
}

/// A ratio of two numbers, to two places.
fn each(octets: u64, flows: u64) -> String {
    match flows {
        0 => "-".into(),
        _ => format!("{:.2}", octets as f64 / flows as f64),
    }
}

fn name(column: &ColumnSummary) -> String {
    let element = column.spec.element;
    let name = registry::find(element).map(|entry| entry.name.to_owned());
    let name = name.unwrap_or_else(|| format!("{}/{}", element.enterprise, element.id));
    match column.spec.occurrence {
        0 => name,
        n => format!("{name}#{}", u32::from(n) + 1),
    }
}

fn how(column: &ColumnSummary) -> String {
    let encodings: Vec<&str> = column.encodings.iter().map(String::as_str).collect();
    let codecs: Vec<&str> = column.codecs.iter().copied().collect();
    let codecs = if codecs.is_empty() { String::new() } else { format!("; {}", codecs.join(", ")) };
    format!("{}{codecs}", encodings.join(", "))
}
