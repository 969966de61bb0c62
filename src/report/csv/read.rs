//! Reports as flow-report writes them, read again line by line.

use std::io::{self, BufRead, Read};

use crate::flow::symbols::Kind as Names;

/// The longest line that is read; what is longer counts as several.
const LONGEST: u64 = 1 << 16;

/// A line of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line<'a> {
    /// `# recn: a*,b,c`: the titles of the lines behind it, and which sort of line they are (`n`, or `1` for the one of
    /// totals).
    Titles(char, &'a str),
    /// A comment, `#` included.
    Comment(&'a str),
    /// Values, with commas between them.
    Row(&'a str),
}

/// The lines of reports.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    line: Vec<u8>,
    text: String,
    count: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines that an input has.
    pub fn new(input: R) -> Lines<R> {
        Lines { input, line: Vec::new(), text: String::new(), count: 0 }
    }

    /// The next line that is not empty.
    ///
    /// # Errors
    ///
    /// What cannot be read.
    #[allow(clippy::should_implement_trait)] // It lends what it reads.
    pub fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            if self.input.by_ref().take(LONGEST).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.count += 1;
            let text = String::from_utf8_lossy(&self.line);
            let text = text.trim_end_matches(['\n', '\r']);
            if !text.is_empty() {
                self.text.clear();
                self.text.push_str(text);
                break;
            }
        }
        let text = self.text.as_str();
        Ok(Some(match titles(text) {
            Some((kind, titles)) => Line::Titles(kind, titles),
            None if text.starts_with('#') => Line::Comment(text),
            None => Line::Row(text),
        }))
    }

    /// The number of the line that was read last, from 1.
    pub fn number(&self) -> u64 {
        self.count
    }
}

/// The titles that a line gives to those behind it: `# recn: a,b`.
fn titles(line: &str) -> Option<(char, &str)> {
    let (kind, titles) = line.strip_prefix("# rec")?.split_once(':')?;
    let mut kinds = kind.chars();
    let only = kinds.next().filter(|_| kinds.next().is_none())?;
    Some((only, titles.trim()))
}

/// Which names the values of a column have, by its title.
pub fn names(title: &str) -> Option<Names> {
    let title = title.trim_end_matches('*').to_ascii_lowercase();
    let ends = [("-port", Names::Port), ("-protocol", Names::Protocol), ("-as", Names::Asn), ("-tag", Names::Tag)];
    ends.into_iter().find(|(end, _)| title.ends_with(end)).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_what_they_are() {
        let text = b"# first-flow: 5\r\n\n# recn: ip-port*,flows\n80,1\n# record: x\n\xFF";
        let mut lines = Lines::new(&text[..]);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(format!("{line:?}"));
        }
        let expected = [
            "Comment(\"# first-flow: 5\")",
            "Titles('n', \"ip-port*,flows\")",
            "Row(\"80,1\")",
            "Comment(\"# record: x\")",
            "Row(\"\u{FFFD}\")",
        ];
        assert_eq!(all, expected);
        assert_eq!(lines.number(), 6);
    }
}
