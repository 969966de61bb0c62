//! The tokens of an expression, taken one after the other.

use super::ExprError;
use super::lexer::{Token, TokenKind};

/// A place among tokens.
pub(super) struct Cursor<'t> {
    tokens: &'t [Token],
    at: usize,
    /// The column behind the last character.
    end: usize,
}

impl<'t> Cursor<'t> {
    /// Before the first of these tokens; `end` is the column behind the last.
    pub(super) fn new(tokens: &'t [Token], end: usize) -> Cursor<'t> {
        Cursor { tokens, at: 0, end }
    }

    /// The token some way ahead; 0 is the next.
    pub(super) fn ahead(&self, by: usize) -> Option<&'t Token> {
        self.tokens.get(self.at.saturating_add(by))
    }

    /// Passes over some tokens.
    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Goes back before the token taken last.
    pub(super) fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// The next token.
    pub(super) fn peek(&self) -> Option<&'t Token> {
        self.ahead(0)
    }

    /// The next token's text, if it is a word.
    pub(super) fn word(&self) -> Option<&'t str> {
        self.peek().filter(|token| token.kind == TokenKind::Word).map(|token| token.text.as_str())
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<&'t Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Takes the next token if it is one of these words or marks.
    pub(super) fn takes(&mut self, any: &[&str]) -> bool {
        let plain = |token: &&Token| matches!(token.kind, TokenKind::Word | TokenKind::Mark);
        let taken = self.peek().filter(plain).is_some_and(|t| any.iter().any(|word| t.text.eq_ignore_ascii_case(word)));
        self.at += usize::from(taken);
        taken
    }

    /// Takes a mark that has to follow; `expected` is for the error.
    pub(super) fn close(&mut self, mark: &str, expected: &str) -> Result<(), ExprError> {
        match self.peek() {
            _ if self.takes(&[mark]) => Ok(()),
            Some(token) => Err(self.wrong(token, expected)),
            None => Err(self.ended(expected)),
        }
    }

    /// An error at a token.
    pub(super) fn wrong(&self, token: &Token, what: &str) -> ExprError {
        ExprError { column: token.column, word: token.text.clone(), what: what.to_owned() }
    }

    /// An error behind the last token.
    pub(super) fn ended(&self, what: &str) -> ExprError {
        ExprError { column: self.end, word: String::new(), what: what.to_owned() }
    }
}
