//! A line of a configuration, taken apart into words, and reading them one by one.

use std::str::FromStr;

use super::mistake::{Mistake, Place};
use super::variables::{Piece, Variables};
use crate::select::number;

/// A word and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The word, variables replaced, without quotes.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// Where it begins in the line's text after variables were replaced, in octets.
    start: usize,
}

impl Word {
    /// Whether it is this keyword, in any case.
    pub fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// The word in lower case, to match keywords with.
    pub fn lower(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    /// The mistake that something else was expected here.
    pub fn expected(&self, what: &str) -> Mistake {
        self.wrong(format!("expected {what}"))
    }

    /// The mistake that this word is wrong in the way described.
    pub fn wrong(&self, what: impl Into<String>) -> Mistake {
        Mistake { place: self.place.clone(), word: self.text.clone(), what: what.into() }
    }
}

/// A line that has words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    words: Vec<Word>,
    /// The line after variables were replaced, without its comment.
    text: String,
    /// Behind the last word.
    end: Place,
}

impl Line {
    /// Takes a line apart; `None` if there is nothing in it but a comment.
    pub(super) fn parse(text: &str, place: &Place, variables: &Variables) -> Result<Option<Line>, Mistake> {
        let text = uncommented(text).trim_end();
        let pieces = variables.replace(text, place)?;
        let end = Place { column: text.chars().count() + 1, ..place.clone() };
        let mut line = Line { words: Vec::new(), text: String::new(), end };
        // The word that is being read, and whether a quote is open in it.
        let (mut word, mut quoted): (Option<Word>, bool) = (None, false);
        for Piece { c, column } in pieces {
            let start = line.text.len();
            line.text.push(c);
            if c.is_whitespace() && !quoted {
                line.words.extend(word.take());
                continue;
            }
            let begun = word.get_or_insert_with(|| Word {
                text: String::new(),
                place: Place { column, ..place.clone() },
                start,
            });
            if c == '"' {
                quoted = !quoted;
            } else {
                begun.text.push(c);
            }
        }
        if let (Some(word), true) = (&word, quoted) {
            return Err(word.expected("a closing quote"));
        }
        line.words.extend(word);
        Ok(Some(line).filter(|line| !line.words.is_empty()))
    }

    /// Takes a line apart that has neither variables nor quotes; a word that begins with one of `comments` and all
    /// behind it is a comment.
    pub(super) fn plain(text: &str, place: &Place, comments: &[char]) -> Option<Line> {
        let (mut words, mut start, mut column) = (Vec::new(), 0, 1);
        let mut end = place.clone();
        for piece in text.split(char::is_whitespace) {
            if piece.starts_with(comments) {
                break;
            }
            if !piece.is_empty() {
                words.push(Word { text: piece.to_owned(), place: Place { column, ..place.clone() }, start });
                end.column = column + piece.chars().count();
            }
            // White space is one character, of one octet or more.
            let behind = text.get(start + piece.len()..).and_then(|rest| rest.chars().next());
            start += piece.len() + behind.map_or(0, char::len_utf8);
            column += piece.chars().count() + 1;
        }
        Some(Line { words, text: text.to_owned(), end }).filter(|line| !line.words.is_empty())
    }

    /// The words, to be read from the first on.
    pub fn words(&self) -> Words<'_> {
        Words { line: self, at: 0 }
    }
}

/// The part of a line before its comment.
fn uncommented(text: &str) -> &str {
    let mut quoted = false;
    let comment = text.find(|c| {
        quoted ^= c == '"';
        c == '#' && !quoted
    });
    text.get(..comment.unwrap_or(text.len())).unwrap_or(text)
}

/// The words of a line that have not been read yet.
#[derive(Clone, Debug)]
pub struct Words<'l> {
    line: &'l Line,
    at: usize,
}

impl<'l> Words<'l> {
    /// The next word, which stays the next one.
    pub fn peek(&self) -> Option<&'l Word> {
        self.line.words.get(self.at)
    }

    /// Reads the next word; `expected` says what it should be, for when there is none.
    pub fn take(&mut self, expected: &str) -> Result<&'l Word, Mistake> {
        let word = self.peek().ok_or_else(|| self.ended(expected))?;
        self.at += 1;
        Ok(word)
    }

    /// Reads one of several keywords and gives what it stands for. `expected` says what the keywords are; without it
    /// they are listed.
    pub fn keyword<T: Clone>(&mut self, keywords: &[(&str, T)], expected: Option<&str>) -> Result<T, Mistake> {
        let listed = || {
            let names: Vec<&str> = keywords.iter().map(|(name, _)| *name).collect();
            match names.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
                _ => names.concat(),
            }
        };
        let expected = expected.map_or_else(listed, str::to_owned);
        let word = self.take(&expected)?;
        let found = keywords.iter().find(|(name, _)| word.is(name));
        found.map(|(_, meaning)| meaning.clone()).ok_or_else(|| word.expected(&expected))
    }

    /// Reads a number up to `most`, decimal or hexadecimal after `0x`.
    pub fn number(&mut self, expected: &str, most: u64) -> Result<u64, Mistake> {
        let word = self.take(expected)?;
        number(&word.text).filter(|n| *n <= most).ok_or_else(|| word.expected(expected))
    }

    /// Reads a word as a value of a type.
    pub fn parse<T: FromStr>(&mut self, expected: &str) -> Result<T, Mistake> {
        let word = self.take(expected)?;
        word.text.parse().map_err(|_| word.expected(expected))
    }

    /// Reads all words that are left as one text, as it was written but for variables.
    pub fn rest(&mut self, expected: &str) -> Result<&'l str, Mistake> {
        let word = self.take(expected)?;
        self.at = self.line.words.len();
        Ok(self.line.text.get(word.start..).unwrap_or_default().trim_end())
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Mistake> {
        self.peek().map_or(Ok(()), |word| Err(word.expected("the end of the line")))
    }

    /// The mistake that the line ended where something was expected.
    pub fn ended(&self, expected: &str) -> Mistake {
        Mistake {
            place: self.line.end.clone(),
            word: String::new(),
            what: format!("expected {expected} at the end of the line"),
        }
    }
}
