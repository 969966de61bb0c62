//! A date's text in pieces.

use super::words::Word;

/// One piece of a date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    /// A run of digits.
    Number {
        /// Its value.
        value: i64,
        /// How many digits it has: 0930 is a time, 930 is not.
        digits: usize,
    },
    /// A word known to [`Word::find`].
    Word(Word),
    /// A sign or separator, and whether it touches what stands before it.
    Mark(char, bool),
}

/// Cuts a text up. The error names what does not belong into a date.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut touching = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '0'..='9' => span(rest, |c| c.is_ascii_digit()),
            'a'..='z' | 'A'..='Z' => span(rest, |c| c.is_ascii_alphabetic() || c == '.'),
            '(' => rest.find(')').map(|end| end + 1).ok_or("no closing parenthesis")?,
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        match first {
            '0'..='9' => tokens.push(number(piece)?),
            'a'..='z' | 'A'..='Z' => tokens.push(word(piece)?),
            ':' | '/' | '-' | '+' | '.' | '@' => tokens.push(Token::Mark(first, touching)),
            '(' | ',' => {}
            _ if first.is_whitespace() => {}
            _ => return Err(format!("{first:?} has no meaning here")),
        }
        touching = !(first.is_whitespace() || matches!(first, '(' | ','));
        rest = after;
    }
    Ok(tokens)
}

/// Octets until the first character that does not belong.
fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn number(digits: &str) -> Result<Token, String> {
    let value = digits.parse().map_err(|_| format!("the number {digits} is too large"))?;
    Ok(Token::Number { value, digits: digits.len() })
}

/// Dots in words do not count: a.m. is am.
fn word(piece: &str) -> Result<Token, String> {
    let lower = piece.replace('.', "").to_ascii_lowercase();
    Word::find(&lower).map(Token::Word).ok_or_else(|| format!("unknown word '{piece}'"))
}
