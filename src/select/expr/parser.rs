//! The grammar of expressions.

use super::compile::{Condition, Relation, Side};
use super::cursor::Cursor;
use super::fields::{Subject, Values};
use super::lexer::{Token, TokenKind};
use super::values::{self, Found};
use super::{Context, ExprError};
use crate::flow::symbols;
use crate::select::Computed;
use crate::select::{Numbers, Predicate};

/// Parentheses and negations within one another; more are refused, lest the stack overflow.
const DEEPEST: usize = 100;

const CONDITION: &str = "expected a condition such as 'src net 10.0.0.0/8', 'dst port 53' or 'bytes > 1M'";
const NEXT: &str = "expected 'and', 'or' or the end";
const SIDED: &str = "expected an address, or host, net, port, as, if, mask, tag or mac";

type Parsed<T> = Result<T, ExprError>;

/// A reader of tokens.
pub(super) struct Parser<'t> {
    cursor: Cursor<'t>,
    context: &'t Context<'t>,
    depth: usize,
    /// What a value alone goes on with.
    last: Option<(Subject, Side)>,
}

impl<'t> Parser<'t> {
    /// A parser of these tokens; `end` is the column behind the last of them.
    pub(super) fn new(tokens: &'t [Token], end: usize, context: &'t Context<'t>) -> Parser<'t> {
        Parser { cursor: Cursor::new(tokens, end), context, depth: 0, last: None }
    }

    /// The predicate that all tokens mean.
    pub(super) fn parse(mut self) -> Parsed<Predicate> {
        if self.cursor.peek().is_none() {
            return Ok(Predicate::always(true));
        }
        let predicate = self.either()?;
        match self.cursor.peek() {
            None => Ok(predicate),
            Some(token) => Err(self.cursor.wrong(token, NEXT)),
        }
    }

    fn either(&mut self) -> Parsed<Predicate> {
        let mut all = vec![self.both()?];
        while self.cursor.takes(&["or", "||", "|"]) {
            all.push(self.both()?);
        }
        Ok(Predicate::or(all))
    }

    fn both(&mut self) -> Parsed<Predicate> {
        let mut all = vec![self.unary()?];
        while self.cursor.takes(&["and", "&&", "&"]) {
            all.push(self.unary()?);
        }
        Ok(Predicate::and(all))
    }

    fn unary(&mut self) -> Parsed<Predicate> {
        let Some(token) = self.cursor.peek() else { return Err(self.cursor.ended(CONDITION)) };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.cursor.wrong(token, "expected fewer parentheses and negations within one another"));
        }
        let predicate = if self.cursor.takes(&["not", "!"]) {
            self.negated()?
        } else if self.cursor.takes(&["("]) {
            let inner = self.either()?;
            self.cursor.close(")", "expected 'and', 'or' or ')'")?;
            inner
        } else {
            self.primary(false)?
        };
        self.depth -= 1;
        Ok(predicate)
    }

    /// What follows `not`. Flags are the one thing that it means more of than the opposite: none of them.
    fn negated(&mut self) -> Parsed<Predicate> {
        let flags = self.cursor.word().and_then(Subject::find).is_some_and(|subject| subject.values == Values::Flags);
        let plain = self.cursor.ahead(1).is_some_and(|next| relation(next).is_none() && next.text != "&");
        if flags && plain { self.primary(true) } else { Ok(self.unary()?.not()) }
    }

    /// A condition that begins with a word; `none` asks for none of the flags that follow.
    fn primary(&mut self, none: bool) -> Parsed<Predicate> {
        let Some(token) = self.cursor.next() else { return Err(self.cursor.ended(CONDITION)) };
        if token.kind != TokenKind::Word {
            return self.elided(token);
        }
        let word = token.text.to_ascii_lowercase();
        if matches!(word.as_str(), "any" | "all") {
            return Ok(Predicate::always(true));
        }
        if let Some(side) = self.side(&word) {
            return self.sided(side);
        }
        if let Some(version) = family(&word) {
            return match self.is_host() {
                true => self.condition(Subject::hosts(), Side::Either, none),
                false => self.joined(Predicate::numbers(Computed::Family, Numbers::one(version))),
            };
        }
        if let Some(subject) = Subject::find(&word) {
            return self.condition(subject, Side::Either, none);
        }
        if let Some(protocol) = self.protocol(&word) {
            let field = crate::flow::Field::Protocol;
            return self.joined(Predicate::numbers(field, Numbers::one(protocol.into())));
        }
        self.elided(token)
    }

    /// A protocol or version of IP, and the condition that may follow it.
    fn joined(&mut self, first: Predicate) -> Parsed<Predicate> {
        let begins = self.cursor.word().is_some_and(|word| {
            let word = word.to_ascii_lowercase();
            let side = matches!(word.as_str(), "src" | "source" | "dst" | "dest" | "destination" | "in" | "out");
            side || Subject::find(&word).is_some() || family(&word).is_some() || self.protocol(&word).is_some()
        });
        if !begins {
            return Ok(first);
        }
        // Each takes a word, so this ends; but not before the stack does.
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.cursor.peek().map_or(Ok(first), |token| Err(self.cursor.wrong(token, NEXT)));
        }
        let second = self.primary(false)?;
        self.depth -= 1;
        Ok(Predicate::and(vec![first, second]))
    }

    /// A value alone, which goes on with the field of the condition before it, or is an address.
    fn elided(&mut self, token: &Token) -> Parsed<Predicate> {
        let last = self.last.clone();
        let goes_on = |subject: &Subject| match token.kind {
            TokenKind::Mark => false,
            TokenKind::File => true,
            // Any word could be text, and many a misspelt one made of the letters of flags.
            TokenKind::Word if subject.values == Values::Text => false,
            TokenKind::Word if subject.values == Values::Flags && token.text != token.text.to_uppercase() => false,
            _ => Found::default().read(subject.values, &token.text, self.context).is_ok(),
        };
        self.cursor.back();
        match last {
            Some((subject, side)) if goes_on(&subject) => self.condition(subject, side, false),
            _ if token.kind == TokenKind::Word && values::is_address(&token.text) => {
                self.condition(Subject::hosts(), Side::Either, false)
            }
            Some((subject, side)) if token.text.starts_with(|c: char| c.is_ascii_digit()) => {
                self.condition(subject, side, false)
            }
            _ => Err(self.cursor.wrong(token, CONDITION)),
        }
    }

    /// The side that a word chooses, with a second one behind `or` or `and`.
    fn side(&mut self, word: &str) -> Option<Side> {
        let side = match word {
            "src" | "source" => Side::First,
            "dst" | "dest" | "destination" => Side::Second,
            "in" | "out" => {
                self.cursor.word().and_then(Subject::find).filter(Subject::is_interface)?;
                return Some(if word == "in" { Side::First } else { Side::Second });
            }
            _ => return None,
        };
        let at = |i: usize| self.cursor.ahead(i).map(|token| token.text.to_ascii_lowercase());
        let (Some(join), Some(other)) = (at(0), at(1)) else { return Some(side) };
        let both = match join.as_str() {
            "or" | "||" => Side::Either,
            "and" | "&&" => Side::Both,
            _ => return Some(side),
        };
        let other = match other.as_str() {
            "src" | "source" => Side::First,
            "dst" | "dest" | "destination" => Side::Second,
            _ => return Some(side),
        };
        // Only where one field follows both: 'src or dst port 53', but not 'src 10.0.0.1 or dst port 53'.
        if other == side {
            return Some(side);
        }
        self.cursor.skip(2);
        Some(both)
    }

    /// What follows `src` or `dst`.
    fn sided(&mut self, side: Side) -> Parsed<Predicate> {
        let Some(token) = self.cursor.peek() else { return Err(self.cursor.ended(SIDED)) };
        let compared = relation(token).is_some() || token.text.eq_ignore_ascii_case("not");
        if token.kind == TokenKind::Word && !compared && !values::is_address(&token.text) {
            let subject = match family(&token.text.to_ascii_lowercase()) {
                Some(_) => Some(Subject::hosts()),
                None => Subject::find(&token.text).filter(Subject::has_sides),
            };
            let Some(subject) = subject else { return Err(self.cursor.wrong(token, SIDED)) };
            self.cursor.skip(1);
            return self.condition(subject, side, false);
        }
        self.condition(Subject::hosts(), side, false)
    }

    /// What a field has to be.
    fn condition(&mut self, subject: Subject, side: Side, none: bool) -> Parsed<Predicate> {
        self.skip_fillers(&subject);
        let mask = self.mask(&subject)?;
        let (mut relation, token) = match self.cursor.peek() {
            Some(token) => (relation(token), Some(token)),
            None => (None, None),
        };
        if relation.is_some() {
            self.cursor.skip(1);
        } else if none {
            relation = Some(Relation::NotPlain);
        } else if self.cursor.peek().is_some_and(|t| t.text.eq_ignore_ascii_case("not"))
            && self.cursor.ahead(1).is_some_and(|t| t.text.eq_ignore_ascii_case("in"))
        {
            self.cursor.skip(2);
            relation = Some(Relation::NotEqual);
        }
        let relation = relation.unwrap_or(Relation::Plain);
        let ordered = !matches!(subject.values, Values::Address { .. } | Values::Mac | Values::Text | Values::Octets);
        if let (Relation::Contains, true, Some(token)) = (relation, subject.values != Values::Text, token)
            && subject.values != Values::Any
        {
            return Err(self.cursor.wrong(token, "expected '=', '!=' or 'in': only texts contain others"));
        }
        if let (true, false, Some(token)) = (relation.is_order(), ordered, token) {
            return Err(self.cursor.wrong(token, "expected '=', '!=' or 'in': there is no order of these"));
        }
        let found = self.values(&subject, relation)?;
        let plain = matches!(relation, Relation::Plain | Relation::Equal) && mask.is_none();
        self.last = plain.then(|| (subject.clone(), side));
        Ok(Condition { subject: &subject, side, mask, relation, found }.compile())
    }

    /// Passes over words that say nothing new: `first seen`, `next ip`, `router host`.
    fn skip_fillers(&mut self, subject: &Subject) {
        let filler: &[&str] = match subject.values {
            Values::Date(_) => &["seen"],
            Values::Address { .. } => &["ip", "host"],
            _ => &[],
        };
        self.cursor.takes(filler);
    }

    /// `& MASK` before a comparison.
    fn mask(&mut self, subject: &Subject) -> Parsed<Option<u64>> {
        let able = matches!(subject.values, Values::Number { scale: 1, .. } | Values::Flags) && subject.icmp.is_none();
        if !able || self.cursor.peek().is_none_or(|token| token.text != "&" || token.kind != TokenKind::Mark) {
            return Ok(None);
        }
        self.cursor.skip(1);
        let mut found = Found::default();
        self.value(subject, &mut found)?;
        Ok(found.numbers.first().map(|(mask, _)| *mask))
    }

    /// The values behind a relation: one, several between commas, or a list in parentheses.
    fn values(&mut self, subject: &Subject, relation: Relation) -> Parsed<Found> {
        let mut found = Found::default();
        if relation.is_order() {
            self.value(subject, &mut found)?;
            return Ok(found);
        }
        let close = if self.cursor.takes(&["("]) {
            ")"
        } else if self.cursor.takes(&["["]) {
            "]"
        } else {
            self.value(subject, &mut found)?;
            while self.cursor.takes(&[","]) {
                self.value(subject, &mut found)?;
            }
            return Ok(found);
        };
        loop {
            self.value(subject, &mut found)?;
            // 'port in (80 or 443)' is understood, too.
            while self.cursor.takes(&[",", "or", "||"]) {}
            if self.cursor.takes(&[close]) {
                return Ok(found);
            }
            if self.cursor.peek().is_none() {
                return Err(self.cursor.ended(&format!("expected ',' or '{close}'")));
            }
        }
    }

    /// One value or range, or a file of them.
    fn value(&mut self, subject: &Subject, found: &mut Found) -> Parsed<()> {
        let Some(token) = self.cursor.next() else { return Err(self.cursor.ended(&values::expected(subject.values))) };
        let result = match token.kind {
            TokenKind::Mark => Err(values::expected(subject.values)),
            TokenKind::File => {
                let read = found.read_file(subject.values, &token.text, self.context);
                return read.map_err(|what| ExprError { column: token.column, word: format!("@{}", token.text), what });
            }
            TokenKind::Quoted if subject.values == Values::Any => found.read(Values::Text, &token.text, self.context),
            TokenKind::Quoted => found.read(subject.values, &token.text, self.context),
            TokenKind::Word => {
                let word = self.spread(subject, token);
                found.read(subject.values, &word, self.context)
            }
        };
        result.map_err(|what| self.cursor.wrong(token, &what))
    }

    /// A value that takes several words: `1 .. 3`, `2026-01-01 10:00`, `10.0.0.0 mask 255.0.0.0`.
    fn spread(&mut self, subject: &Subject, first: &Token) -> String {
        let word = |i: usize| self.cursor.ahead(i).filter(|t| t.kind == TokenKind::Word).map(|t| &*t.text);
        let quad = |word: &str| word.parse::<std::net::Ipv4Addr>().is_ok();
        let (text, taken) = match (word(0), word(1)) {
            (Some(".." | "-"), Some(to)) => (format!("{}..{to}", first.text), 2),
            (Some(clock), _) if matches!(subject.values, Values::Date(_)) && is_clock(clock) => {
                (format!("{} {clock}", first.text), 1)
            }
            (Some(mask), Some(bits)) if mask.eq_ignore_ascii_case("mask") && quad(&first.text) && quad(bits) => {
                (format!("{}/{bits}", first.text), 2)
            }
            (Some(bits), _) if subject.values == (Values::Address { net: true }) && quad(&first.text) && quad(bits) => {
                (format!("{}/{bits}", first.text), 1)
            }
            _ => (first.text.clone(), 0),
        };
        self.cursor.skip(taken);
        text
    }

    /// Whether what follows `ip` makes it an address rather than a version.
    fn is_host(&self) -> bool {
        self.cursor.peek().is_some_and(|token| match token.kind {
            TokenKind::File => true,
            TokenKind::Mark => matches!(token.text.as_str(), "=" | "==" | "!=" | "<>" | "["),
            _ => token.text.eq_ignore_ascii_case("in") && !self.is_interface_at(1) || values::is_address(&token.text),
        })
    }

    fn is_interface_at(&self, ahead: usize) -> bool {
        let token = self.cursor.ahead(ahead);
        token.and_then(|token| Subject::find(&token.text)).is_some_and(|subject| subject.is_interface())
    }

    fn protocol(&self, word: &str) -> Option<u32> {
        match word {
            "icmp6" | "icmpv6" => Some(58),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => None,
            _ => self.context.symbols.table(symbols::Kind::Protocol).number(word),
        }
    }
}

/// The version of IP that a word means.
fn family(word: &str) -> Option<u64> {
    match word {
        "ip" | "ip4" | "ipv4" | "inet" => Some(4),
        "ip6" | "ipv6" | "inet6" => Some(6),
        _ => None,
    }
}

/// How a mark or word compares, if it does.
fn relation(token: &Token) -> Option<Relation> {
    if !matches!(token.kind, TokenKind::Word | TokenKind::Mark) {
        return None;
    }
    Some(match token.text.to_ascii_lowercase().as_str() {
        "=" | "==" | "eq" | "is" | "in" => Relation::Equal,
        "!=" | "<>" | "ne" => Relation::NotEqual,
        ">" | "gt" => Relation::Greater,
        ">=" | "ge" | "after" | "since" => Relation::AtLeast,
        "<" | "lt" | "before" => Relation::Less,
        "<=" | "le" | "until" => Relation::AtMost,
        "contains" | "~" => Relation::Contains,
        _ => return None,
    })
}

/// A time of day, `10:00`.
fn is_clock(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(':')
}
