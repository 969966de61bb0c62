//! The text behind a program's help as sections of its man page.
//!
//! Help is as wide as it was written; a page is as wide as its reader's terminal. What fits 80 columns stays as it is,
//! line by line; of the rest paragraphs are filled, tables become lists, and commands are broken where a shell allows.

use clap::Command;
use roff::{Roff, bold, roman};

/// How long lines may be that stay as they are: a page of 80 columns is indented by 7.
const WIDTH: usize = 72;

/// A heading, and the lines below it.
pub type Section = (String, Vec<String>);

fn after_help(command: &Command) -> String {
    command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default()
}

/// The lines of the text after the help, each with its heading's text if it is one: a line that is not indented, ends
/// with a colon, and does not end a paragraph.
fn lines(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut within = false;
    text.lines().map(move |line| {
        let flush = is_prose(line);
        let heading = line.strip_suffix(':').filter(|_| flush && !within);
        within = flush && heading.is_none();
        (line, heading)
    })
}

/// What the text after the help says before its first section.
pub fn preface(command: &Command) -> String {
    let text = after_help(command);
    let lines: Vec<&str> = lines(&text).take_while(|(_, heading)| heading.is_none()).map(|(line, _)| line).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The sections of the text after the help: headings, and the lines below them.
pub fn sections(command: &Command) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (line, heading) in lines(&after_help(command)) {
        match (heading, sections.last_mut()) {
            (Some(heading), _) => sections.push((heading.to_uppercase(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.trim_end().to_owned()),
            (None, None) => {}
        }
    }
    for (_, lines) in &mut sections {
        let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
        lines.truncate(end);
    }
    sections
}

/// Commands, each line one; lines that are not indented are words about them.
pub fn examples(page: &mut Roff, (heading, lines): &Section) {
    page.control("SH", [heading.as_str()]);
    for part in lines.chunk_by(|a, b| is_prose(a) == is_prose(b)) {
        if is_prose(&part[0]) {
            page.control("PP", []);
            part.iter().for_each(|line| _ = page.text([roman(line)]));
        } else {
            verbatim(page, &part.iter().flat_map(|line| command(unindented(line))).collect::<Vec<_>>());
        }
    }
}

fn is_prose(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(' ')
}

/// Any other section.
pub fn section(page: &mut Roff, (heading, lines): &Section) {
    page.control("SH", [heading.as_str()]);
    if lines.iter().all(|line| fits(line)) {
        return verbatim(page, lines);
    }
    for (at, block) in lines.split(|line| line.is_empty()).filter(|block| !block.is_empty()).enumerate() {
        if at > 0 {
            page.control("PP", []);
        }
        // A paragraph may stand around a table without an empty line between them.
        let words = paragraphs(block);
        let parts: Vec<(bool, &String)> = words.into_iter().zip(block).collect();
        for (at, part) in parts.chunk_by(|(a, _), (b, _)| a == b).enumerate() {
            let lines: Vec<String> = part.iter().map(|(_, line)| (*line).clone()).collect();
            let words = part[0].0;
            if at > 0 && words {
                page.control("PP", []);
            }
            match () {
                () if block.iter().all(|line| fits(line)) => verbatim(page, &lines),
                () if words || !is_table(&lines) => lines.iter().for_each(|line| _ = page.text([roman(line.trim())])),
                () if lines.iter().any(|line| cells(line).count() > 2) => verbatim(page, &grid(&lines)),
                () => table(page, &lines),
            }
        }
    }
}

/// Which lines of a block are sentences: those that are not indented, or at least indented least, where one goes on in
/// the next line or in what is indented deeper.
fn paragraphs(block: &[String]) -> Vec<bool> {
    let outer = block.iter().map(|line| indent(line)).min().unwrap_or(0);
    let plain = |line: &String| indent(line) == outer && entry(line).is_none() && !line.trim_start().starts_with("- ");
    let runs = block.chunk_by(|a, b| plain(a) == plain(b));
    let runs = runs.flat_map(|run| {
        let long = run.len() > 1 && run.iter().any(|line| !fits(line));
        let words = plain(&run[0]) && (outer == 0 || long || run.iter().all(|line| line.ends_with(',')));
        run.iter().map(move |_| words)
    });
    runs.collect()
}

/// What stands in a line with two blanks or more between.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty())
}

/// Many in a line, one a line.
fn grid(lines: &[String]) -> Vec<String> {
    lines.iter().flat_map(|line| cells(line)).map(|cell| format!("    {cell}")).collect()
}

fn unindented(line: &str) -> &str {
    line.strip_prefix("  ").unwrap_or(line)
}

fn fits(line: &str) -> bool {
    unindented(line).chars().count() <= WIDTH
}

fn verbatim(page: &mut Roff, lines: &[String]) {
    page.control("nf", []);
    lines.iter().for_each(|line| _ = page.text([roman(unindented(line))]));
    page.control("fi", []);
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// A line's term, its text, and the column in which that begins, if two blanks or more stand between them.
fn entry(line: &str) -> Option<(&str, &str, usize)> {
    let (term, text) = line.trim_start().split_once("  ")?;
    let text = text.trim_start();
    Some((term, text, line.len() - text.len()))
}

/// Whether lines are terms with texts beside or below them, or points of a list.
fn is_table(lines: &[String]) -> bool {
    let deep = lines.iter().any(|line| indent(line) != indent(&lines[0]));
    lines[0].starts_with(' ') && (deep || lines.iter().any(|line| entry(line).is_some()))
}

/// Terms with their texts; those indented deeper belong to the one before.
fn table(page: &mut Roff, lines: &[String]) {
    let outer = lines.iter().map(|line| indent(line)).min().unwrap_or(0);
    let (mut column, mut nested, mut bare) = (usize::MAX, false, false);
    for (at, line) in lines.iter().enumerate() {
        let (deep, text) = (indent(line) > outer, line.trim());
        let found = entry(line).filter(|_| indent(line) < column);
        let heads = lines.get(at + 1).is_some_and(|next| indent(next) > indent(line));
        let deeper =
            !bare && column == usize::MAX && lines[..at].last().is_some_and(|before| indent(before) < indent(line));
        if deep && found.is_none() && !(heads && indent(line) < column) && !(deeper && indent(line) > outer + 4) {
            page.text([roman(text)]);
            bare = false;
            continue;
        }
        if deep != nested {
            page.control(if deep { "RS" } else { "RE" }, []);
            nested = deep;
        }
        match (text.strip_prefix("- "), found) {
            (Some(point), _) => {
                page.control("IP", ["-", "2"]).text([roman(point)]);
                (column, bare) = (usize::MAX, false);
            }
            (None, Some((term, text, at))) => {
                page.control("TP", []).text([bold(term)]).text([roman(text)]);
                (column, bare) = (at, false);
            }
            (None, None) => {
                page.control(if bare { "TQ" } else { "TP" }, []).text([bold(text)]);
                (column, bare) = (usize::MAX, true);
            }
        }
    }
    if nested {
        page.control("RE", []);
    }
}

/// A command in lines that fit: broken behind a `|`, else by a backslash.
fn command(line: &str) -> Vec<String> {
    const FURTHER: &str = "    ";
    let (mut lines, mut rest) = (Vec::new(), line.to_owned());
    while rest.chars().count() > WIDTH {
        let (mut quote, mut pipe, mut blank) = (None, None, None);
        let start = indent(&rest);
        for (at, c) in rest.char_indices().take(WIDTH - 1).filter(|(at, _)| *at >= start) {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, ' ') if rest[..at].ends_with(" |") => pipe = Some(at),
                (None, ' ') => blank = Some(at),
                _ => {}
            }
        }
        let (at, end) = match (pipe, blank) {
            (Some(at), _) => (at, ""),
            (None, Some(at)) => (at, " \\"),
            (None, None) => break,
        };
        lines.push(format!("{}{end}", &rest[..at]));
        rest = format!("{FURTHER}{}", rest[at..].trim_start());
    }
    lines.push(rest);
    lines
}
