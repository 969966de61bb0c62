//! Words and marks of an expression.

use super::ExprError;

/// A piece of an expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    /// Where it begins, in characters from 1.
    pub column: usize,
    /// What it is.
    pub kind: TokenKind,
    /// As it was written, without quotes.
    pub text: String,
}

/// What a piece of an expression is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TokenKind {
    /// Letters, digits and what stands between them in numbers, addresses, dates and names.
    Word,
    /// Anything in quotes.
    Quoted,
    /// `@FILE`; the text is the file's name.
    File,
    /// A mark: `(`, `>=`, `&&` ...
    Mark,
}

/// Marks, longer ones before those they begin with.
const MARKS: [&str; 19] =
    ["&&", "||", "==", "!=", "<>", "<=", ">=", "(", ")", "[", "]", ",", "=", "<", ">", "!", "&", "|", "~"];

/// Takes an expression apart.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExprError> {
    let mut tokens = Vec::new();
    let (mut rest, mut column) = (text, 1);
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            (rest, column) = (rest.get(first.len_utf8()..).unwrap_or_default(), column + 1);
            continue;
        }
        let (token, length) = token(rest, first, column)?;
        tokens.push(token);
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        column += taken.chars().count();
        rest = after;
    }
    Ok(tokens)
}

/// The piece that `rest` begins with, and how many octets it takes.
fn token(rest: &str, first: char, column: usize) -> Result<(Token, usize), ExprError> {
    let make = |kind, text: &str| Token { column, kind, text: text.to_owned() };
    if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
        return Ok((make(TokenKind::Mark, mark), mark.len()));
    }
    if let Some(name) = rest.strip_prefix('@') {
        let (text, length) = match name.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => quoted(name, quote, column)?,
            None => (word(name), word(name).len()),
        };
        if text.is_empty() {
            return Err(ExprError { column, word: "@".into(), what: "expected a file's name behind it".into() });
        }
        return Ok((make(TokenKind::File, text), length + 1));
    }
    if matches!(first, '"' | '\'') {
        let (text, length) = quoted(rest, first, column)?;
        return Ok((make(TokenKind::Quoted, text), length));
    }
    let text = word(rest);
    Ok((make(TokenKind::Word, text), text.len()))
}

/// What stands between quotes at the start of `rest`, and how many octets that takes with them.
fn quoted(rest: &str, quote: char, column: usize) -> Result<(&str, usize), ExprError> {
    let inside = rest.get(1..).unwrap_or_default();
    match inside.find(quote) {
        Some(end) => Ok((inside.get(..end).unwrap_or_default(), end + 2)),
        None => Err(ExprError { column, word: rest.to_owned(), what: "expected a closing quote".into() }),
    }
}

/// The word at the start of `rest`: up to white space, a quote or a mark.
fn word(rest: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | ')' | '[' | ']' | ',') || is_operator(c);
    rest.get(..rest.find(ends).unwrap_or(rest.len())).unwrap_or_default()
}

fn is_operator(c: char) -> bool {
    matches!(c, '=' | '<' | '>' | '!' | '&' | '|' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_marks_and_quotes_are_told_apart() {
        let text = "src_as>=1M &&(host 2001:db8::7, @/tmp/l \"a b\"!='c')";
        let pieces: Vec<(String, usize)> = tokens(text).unwrap().into_iter().map(|t| (t.text, t.column)).collect();
        let want = [
            ("src_as", 1),
            (">=", 7),
            ("1M", 9),
            ("&&", 12),
            ("(", 14),
            ("host", 15),
            ("2001:db8::7", 20),
            (",", 31),
            ("/tmp/l", 33),
            ("a b", 41),
            ("!=", 46),
            ("c", 48),
            (")", 51),
        ];
        assert_eq!(pieces, want.map(|(text, column)| (text.to_owned(), column)));
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(tokens("äö ü").unwrap()[1].column, 4);
        assert_eq!(tokens("ä \"x").unwrap_err().to_string(), "column 3: '\"x': expected a closing quote");
        assert_eq!(tokens("host @ x").unwrap_err().column, 6);
    }
}
