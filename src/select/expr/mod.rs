//! Conditions written as tcpdump and nfdump users write them: `src net 10.0.0.0/8 and dst port 443 and not proto udp`.
//!
//! - Conditions are joined by `and`, `or` and `not` (`&&`, `||`, `!`), `not` binding tightest, then `and`;
//!   parentheses group.
//! - A condition is a field and what it has to be: `port 53`, `bytes > 1M`, `packets 1..3`, `port in (80, 443)`,
//!   `proto != udp`. `src` and `dst` before a field that has two sides choose one; without them either will do.
//! - A protocol or `ip4`/`ip6` may stand alone, or before a condition it is joined to: `tcp dst port 80`.
//! - A value alone goes on with the field before it: `port 80 or 443`, `host 10.0.0.1 or 10.0.0.2`.
//! - `@FILE` in the place of a value stands for all those in a file.
//! - Any information element may be asked for by its name, `vlanId == 12`, or by its numbers, `e0id58 == 12`.
//!
//! A condition on a field that a flow lacks does not hold, negated or not.

mod compile;
mod cursor;
mod fields;
mod lexer;
mod parser;
mod values;

use std::fmt;

use chrono::{DateTime, Local};

use super::predicate::Predicate;
use crate::flow::Symbols;

/// What the meaning of an expression depends on besides its words.
pub struct Context<'c> {
    /// Names of ports, protocols, autonomous systems and tags.
    pub symbols: &'c Symbols,
    /// What `yesterday` counts from; its time zone is that of dates without one.
    pub now: DateTime<Local>,
    /// Reads the text of a file named by `@FILE`, or says why that failed.
    pub load: &'c dyn Fn(&str) -> Result<String, String>,
}

/// A word of an expression that makes no sense where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExprError {
    /// Where the word begins, in characters from 1.
    pub column: usize,
    /// The word; empty where the expression ended too early.
    pub word: String,
    /// What is wrong with it, mostly what was expected instead.
    pub what: String,
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word.as_str() {
            "" => write!(f, "column {}: {} at the end", self.column, self.what),
            word => write!(f, "column {}: '{word}': {}", self.column, self.what),
        }
    }
}

impl std::error::Error for ExprError {}

/// Compiles an expression; an empty one holds for every flow.
///
/// # Errors
///
/// The first word that makes no sense, where it stands, and what was expected there.
pub fn parse(text: &str, context: &Context<'_>) -> Result<Predicate, ExprError> {
    let tokens = lexer::tokens(text)?;
    parser::Parser::new(&tokens, text.chars().count() + 1, context).parse()
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
