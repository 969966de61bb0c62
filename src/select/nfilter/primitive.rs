//! Primitives: sets of values, of a type.

use std::net::IpAddr;

use super::Context;
use super::values;
use crate::flow::symbols::Kind;
use crate::select::config::{Mistake, Word, Words};
use crate::select::{Addresses, Net, Numbers, Predicate, Ranges, Rule, Source};

/// What the values of a primitive are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Type {
    As,
    AddressPrefix,
    PrefixLength,
    Protocol,
    Tos,
    TcpFlags,
    Interface,
    Engine,
    Port,
    Address,
    AddressMask,
    Tag,
    TagMask,
    Counter,
    TimeDate,
    Time,
    Double,
    Rate,
}

/// All types and their names.
const TYPES: [(&str, Type); 18] = [
    ("as", Type::As),
    ("ip-address-prefix", Type::AddressPrefix),
    ("ip-address-prefix-len", Type::PrefixLength),
    ("ip-protocol", Type::Protocol),
    ("ip-tos", Type::Tos),
    ("ip-tcp-flags", Type::TcpFlags),
    ("ifindex", Type::Interface),
    ("engine", Type::Engine),
    ("ip-port", Type::Port),
    ("ip-address", Type::Address),
    ("ip-address-mask", Type::AddressMask),
    ("tag", Type::Tag),
    ("tag-mask", Type::TagMask),
    ("counter", Type::Counter),
    ("time-date", Type::TimeDate),
    ("time", Type::Time),
    ("double", Type::Double),
    ("rate", Type::Rate),
];

impl Type {
    pub(super) fn name(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// Of types that are lists of numbers: the greatest, what a number is called, and the table of names for them.
    fn list(self) -> Option<(u64, &'static str, Option<Kind>)> {
        let (octet, long) = (u8::MAX.into(), u32::MAX.into());
        Some(match self {
            Type::As => (long, "AS number", Some(Kind::Asn)),
            Type::PrefixLength => (128, "prefix length", None),
            Type::Protocol => (octet, "protocol", Some(Kind::Protocol)),
            Type::Tos => (octet, "type of service", None),
            Type::TcpFlags => (u16::MAX.into(), "set of TCP flags", None),
            Type::Interface => (long, "interface number", None),
            Type::Engine => (octet, "engine number", None),
            Type::Port => (u16::MAX.into(), "port", Some(Kind::Port)),
            Type::Tag => (long, "tag", Some(Kind::Tag)),
            _ => return None,
        })
    }
}

/// What `permit` and `deny` lines say, in their order.
#[derive(Clone, PartialEq, Debug)]
enum Rules {
    /// Ranges of numbers; the first that holds decides.
    Numbers(Vec<(u64, u64, bool)>),
    /// The first net that holds an address decides.
    Addresses(Vec<Rule>),
    /// Tags and which of their bits count; the first decides.
    Tags(Vec<(u64, u64, bool)>),
}

/// A primitive.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Primitive {
    name: Word,
    kind: Option<Type>,
    rules: Rules,
    /// Whether values are let in that no rule is about.
    default: bool,
    /// Which bits count.
    mask: Option<u64>,
}

impl Primitive {
    pub(super) fn new(name: &Word) -> Primitive {
        Primitive { name: name.clone(), kind: None, rules: Rules::Numbers(Vec::new()), default: false, mask: None }
    }

    pub(super) fn kind(&self) -> Option<Type> {
        self.kind
    }

    /// Whether it is complete.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        self.kind.map(|_| ()).ok_or_else(|| self.name.wrong("expected a line 'type TYPE' in this filter-primitive"))
    }

    /// Reads a line that begins with `first`.
    pub(super) fn line(&mut self, first: &Word, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake> {
        match first.lower().as_str() {
            "type" if self.kind.is_some() => return Err(first.expected("only one type in a filter-primitive")),
            "type" => {
                let kind = words.keyword(&TYPES, None)?;
                self.kind = Some(kind);
                self.rules = match kind {
                    Type::Address | Type::AddressMask | Type::AddressPrefix => Rules::Addresses(Vec::new()),
                    Type::TagMask => Rules::Tags(Vec::new()),
                    _ => Rules::Numbers(Vec::new()),
                };
            }
            "permit" => self.rule(first, true, words, context)?,
            "deny" => self.rule(first, false, words, context)?,
            "default" => self.default = words.keyword(&[("permit", true), ("deny", false)], None)?,
            "mask" if matches!(self.kind, Some(Type::Tos | Type::TcpFlags)) => {
                self.mask = Some(words.number("a mask such as 0xE0", u16::MAX.into())?);
            }
            "mask" => return Err(first.expected("a mask only in primitives of type ip-tos or ip-tcp-flags")),
            _ => return Err(first.expected("type, permit, deny, default, mask, or another primitive or definition")),
        }
        Ok(())
    }

    fn rule(&mut self, first: &Word, permit: bool, words: &mut Words<'_>, context: Context<'_>) -> Result<(), Mistake> {
        let kind = self.kind.ok_or_else(|| first.expected("a line 'type TYPE' before this one"))?;
        match &mut self.rules {
            Rules::Addresses(rules) => {
                let net = match kind {
                    Type::AddressMask => values::masked(words)?,
                    Type::AddressPrefix => values::prefix(words)?,
                    _ => Net::host(words.parse::<IpAddr>("an address")?),
                };
                let at = match kind {
                    Type::AddressMask => rules.len(),
                    // Longer ones go first; of the same one, and of addresses, the last line counts.
                    _ => rules.iter().position(|rule| length(&rule.net) <= length(&net)).unwrap_or(rules.len()),
                };
                rules.insert(at, Rule { permit, net });
            }
            Rules::Tags(rules) => {
                let tag = context.tag(words)?.into();
                rules.push((tag, words.number("a mask such as 0xF0", u32::MAX.into())?, permit));
            }
            Rules::Numbers(rules) => {
                let numbers = match kind.list() {
                    Some((most, name, names)) => {
                        values::list(words, most, name, names.map(|kind| context.symbols.table(kind)))?
                    }
                    None => values::compared(kind, words, context)?,
                };
                let numbers = numbers.ranges().iter().map(|(low, high)| (*low, *high, permit));
                match kind.list() {
                    // The last line that says a number counts.
                    Some(_) => drop(rules.splice(0..0, numbers)),
                    None => rules.extend(numbers),
                }
            }
        }
        Ok(())
    }

    /// The condition that a source's values are let in.
    pub(super) fn predicate(&self, source: &Source) -> Predicate {
        match &self.rules {
            Rules::Numbers(rules) => {
                let mut rules = rules.clone();
                rules.push((0, u64::MAX, self.default));
                let numbers = Numbers::from(Ranges::first_match(&rules));
                match self.mask {
                    Some(mask) => Predicate::masked(source.clone(), mask, numbers),
                    None => Predicate::numbers(source.clone(), numbers),
                }
            }
            Rules::Addresses(rules) => {
                let mut rules = rules.clone();
                rules.push(Rule { permit: self.default, net: Net::Any });
                Predicate::addresses(source.clone(), Addresses::of(&rules))
            }
            Rules::Tags(rules) => {
                let all = Ranges::of([(0, u64::MAX)]);
                let default = if self.default { all } else { Ranges::none() };
                let default = Predicate::numbers(source.clone(), default.into());
                rules.iter().rev().fold(default, |rest, (tag, mask, permit)| {
                    let tagged = Predicate::masked(source.clone(), *mask, Numbers::one(*tag));
                    match permit {
                        true => Predicate::or(vec![tagged, rest]),
                        false => Predicate::and(vec![tagged.not(), rest]),
                    }
                })
            }
        }
    }
}

/// The length of a net's prefix.
fn length(net: &Net) -> u8 {
    match net {
        Net::Prefix(net) => net.prefix_len(),
        _ => 0,
    }
}
