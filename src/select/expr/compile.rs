//! From a condition as it was written to a predicate.

use super::super::predicate::{Compare, Set};
use super::super::source::{Source, icmp_protocols};
use super::super::{Addresses, Numbers, Predicate, Ranges};
use super::fields::{IcmpPart, Subject, Values};
use super::values::Found;
use crate::flow::Field;

/// Which of two sources a condition is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// The first: source, or input.
    First,
    /// The second: destination, or output.
    Second,
    Either,
    Both,
}

/// How values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    /// Nothing written: equal, or of flags all set.
    Plain,
    /// As [`Relation::Plain`], behind a `not`: the opposite, or of flags none set.
    NotPlain,
    Equal,
    NotEqual,
    Greater,
    AtLeast,
    Less,
    AtMost,
    /// Of texts: has it somewhere in it.
    Contains,
}

impl Relation {
    /// Whether it compares which of two is more.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Relation::Greater | Relation::AtLeast | Relation::Less | Relation::AtMost)
    }

    fn is_negative(self) -> bool {
        matches!(self, Relation::NotPlain | Relation::NotEqual)
    }
}

/// A condition.
pub(super) struct Condition<'s> {
    pub subject: &'s Subject,
    pub side: Side,
    /// Bits that are looked at, if not all are.
    pub mask: Option<u64>,
    pub relation: Relation,
    pub found: Found,
}

impl Condition<'_> {
    /// The predicate that it means.
    pub(super) fn compile(self) -> Predicate {
        let flags = self.subject.values == Values::Flags && self.mask.is_none();
        if flags && matches!(self.relation, Relation::Plain | Relation::NotPlain) {
            return self.flags();
        }
        let set = self.set();
        let test = |source: &Source| Predicate::test(source.clone(), set.clone());
        let holds = match (self.subject.sources.as_slice(), self.side) {
            ([first, _], Side::First) => test(first),
            ([_, second], Side::Second) => test(second),
            (both, Side::Both) => Predicate::and(both.iter().map(test).collect()),
            (either, _) => Predicate::or(either.iter().map(test).collect()),
        };
        let holds = if self.relation.is_negative() { holds.not() } else { holds };
        match self.subject.icmp {
            // Other protocols have no type, whatever their ports are.
            Some(_) => Predicate::and(vec![Predicate::numbers(Field::Protocol, icmp_protocols()), holds]),
            None => holds,
        }
    }

    /// Any of several sets of flags: all set; or, behind a `not`, none of them.
    fn flags(self) -> Predicate {
        let none = self.relation == Relation::NotPlain;
        let test = |bits: u64| match bits {
            0 if none => Predicate::numbers(Field::TcpFlags, Numbers::one(0)).not(),
            0 => Predicate::numbers(Field::TcpFlags, Numbers::one(0)),
            bits => Predicate::masked(Field::TcpFlags, bits, Numbers::one(if none { 0 } else { bits })),
        };
        let tests = self.found.numbers.into_iter().map(|(bits, _)| test(bits)).collect();
        if none { Predicate::and(tests) } else { Predicate::or(tests) }
    }

    fn set(&self) -> Set {
        let found = self.found.clone();
        match self.subject.values {
            Values::Address { .. } => {
                Set::Addresses(Addresses::of_ranges(Ranges::of(found.four), Ranges::of(found.six)))
            }
            Values::Mac | Values::Octets => Set::Octets { compare: Compare::Whole, values: found.octets },
            Values::Text | Values::Any if found.numbers.is_empty() => {
                let compare = if self.relation == Relation::Contains { Compare::Within } else { Compare::Text };
                Set::Octets { compare, values: found.octets }
            }
            _ => {
                let ranges = found.numbers.iter().filter_map(|range| compared(self.relation, *range));
                match (self.subject.icmp, self.mask) {
                    (Some(IcmpPart::Type), None) => {
                        let types = ranges.filter(|(low, _)| *low <= 255);
                        let types = types.map(|(low, high)| (low << 8, high.min(255) << 8 | 255));
                        Set::Numbers(Ranges::of(types).into())
                    }
                    (Some(IcmpPart::Code), None) => Set::Masked { mask: 255, numbers: Ranges::of(ranges).into() },
                    (_, Some(mask)) => Set::Masked { mask, numbers: Ranges::of(ranges).into() },
                    (None, None) => Set::Numbers(Ranges::of(ranges).into()),
                }
            }
        }
    }
}

/// The numbers that compare so with a range; `None` if there are none.
fn compared(relation: Relation, (low, high): (u64, u64)) -> Option<(u64, u64)> {
    match relation {
        Relation::Greater => high.checked_add(1).map(|next| (next, u64::MAX)),
        Relation::AtLeast => Some((low, u64::MAX)),
        Relation::Less => low.checked_sub(1).map(|before| (0, before)),
        Relation::AtMost => Some((0, high)),
        _ => Some((low, high)),
    }
}
