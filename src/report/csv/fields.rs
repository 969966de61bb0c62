//! The fields and options of a report's output, and what it may be sorted by.

use super::types::{Kind, Type};
use crate::report::{Rate, SortBy, Unit};

/// Keys that a type has at most.
pub const MAX_KEYS: usize = 6;

/// A column of a report, or something about it that is a field in configurations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The number of the row, from 0.
    Index,
    /// Seconds since 1970 of the first flow of all.
    First,
    /// Seconds since 1970 of the last flow of all.
    Last,
    /// A column of the key, from 0.
    Key(usize),
    /// How many values the counted key has.
    Count,
    /// Flows.
    Flows,
    /// Octets.
    Octets,
    /// Packets.
    Packets,
    /// Milliseconds that flows lasted, summed.
    Duration,
    /// Packets or bits a second.
    Rate(Rate),
    /// What a type has besides.
    Other,
}

/// What configurations call the fields, in the order in which a header lists them. Keys go before all of them, but for
/// the three that it does not list.
const NAMES: [(&str, Field); 15] = [
    ("index", Field::Index),
    ("first", Field::First),
    ("last", Field::Last),
    ("count", Field::Count),
    ("flows", Field::Flows),
    ("octets", Field::Octets),
    ("packets", Field::Packets),
    ("duration", Field::Duration),
    ("avg-pps", Field::Rate(Rate::Mean(Unit::Packets))),
    ("min-pps", Field::Rate(Rate::Least(Unit::Packets))),
    ("max-pps", Field::Rate(Rate::Greatest(Unit::Packets))),
    ("avg-bps", Field::Rate(Rate::Mean(Unit::Bits))),
    ("min-bps", Field::Rate(Rate::Least(Unit::Bits))),
    ("max-bps", Field::Rate(Rate::Greatest(Unit::Bits))),
    ("other", Field::Other),
];

/// The names of keys, where there are several.
const KEYS: [&str; MAX_KEYS] = ["key1", "key2", "key3", "key4", "key5", "key6"];

impl Field {
    fn bit(self) -> u32 {
        let named = NAMES.iter().position(|(_, field)| *field == self);
        match self {
            Field::Key(at) => 1 << (NAMES.len() + at.min(MAX_KEYS - 1)),
            _ => 1 << named.unwrap_or(0),
        }
    }

    /// The fields that a word of a configuration means: several, if it is one for the three rates of a kind, or for all
    /// keys.
    pub fn named(word: &str) -> Vec<Field> {
        let rates = |unit| [Rate::Mean(unit), Rate::Least(unit), Rate::Greatest(unit)].map(Field::Rate).to_vec();
        match word {
            "pps" => rates(Unit::Packets),
            "bps" => rates(Unit::Bits),
            "key" => (0..MAX_KEYS).map(Field::Key).collect(),
            _ => {
                let key = KEYS.iter().position(|name| *name == word).map(Field::Key);
                key.into_iter().chain(NAMES.iter().find(|(name, _)| *name == word).map(|(_, field)| *field)).collect()
            }
        }
    }

    /// What a report may be ordered by.
    pub fn order(self, part_of_key: impl Fn(usize) -> usize) -> Option<SortBy> {
        Some(match self {
            Field::Key(at) => SortBy::Part(part_of_key(at)),
            Field::Count | Field::Flows => SortBy::Flows,
            Field::Octets => SortBy::Octets,
            Field::Packets => SortBy::Packets,
            Field::Duration => SortBy::Duration,
            Field::Rate(rate) => SortBy::Rate(rate),
            Field::Index | Field::First | Field::Last | Field::Other => return None,
        })
    }

    /// Its name in a header; `single` if there is only one key.
    pub fn name(self, single: bool) -> &'static str {
        match self {
            Field::Key(_) if single => "key",
            Field::Key(at) => KEYS.get(at).copied().unwrap_or_default(),
            _ => NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name),
        }
    }
}

/// A set of fields.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Fields(u32);

impl Fields {
    /// What a type has.
    pub fn of(what: &Type) -> Fields {
        let mut all = Fields::default();
        let grouped = matches!(what.kind, Kind::Groups | Kind::Either | Kind::Count);
        for (_, field) in NAMES {
            all.set(
                field,
                match field {
                    Field::Index => grouped || what.kind == Kind::Seconds,
                    Field::First | Field::Last => grouped,
                    Field::Count => what.kind == Kind::Count,
                    Field::Duration | Field::Rate(_) => what.kind != Kind::Seconds,
                    _ => true,
                },
            );
        }
        let keys = if what.kind == Kind::Seconds { 1 } else { what.columns().len() };
        (0..keys).for_each(|key| all.set(Field::Key(key), true));
        all
    }

    /// What is shown of it unless other fields are asked for.
    pub fn usual(what: &Type) -> Fields {
        let mut shown = Fields::of(what);
        for (_, field) in NAMES {
            if matches!(field, Field::Index | Field::First | Field::Last | Field::Rate(_)) {
                shown.set(field, false);
            }
        }
        shown
    }

    /// Whether a field is among them.
    pub fn has(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// Takes a field in, or out.
    pub fn set(&mut self, field: Field, yes: bool) {
        if yes {
            self.0 |= field.bit();
        } else {
            self.0 &= !field.bit();
        }
    }

    /// Whether a rate is among them.
    pub fn has_rates(self) -> bool {
        NAMES.iter().any(|(_, field)| matches!(field, Field::Rate(_)) && self.has(*field))
    }

    /// The keys among them, from 0.
    pub fn keys(self) -> impl Iterator<Item = usize> {
        (0..MAX_KEYS).filter(move |at| self.has(Field::Key(*at)))
    }

    /// The columns behind the keys, in the order in which they stand.
    pub fn columns(self) -> impl Iterator<Item = Field> {
        const BITS: Unit = Unit::Bits;
        const PACKETS: Unit = Unit::Packets;
        let rates = [
            Rate::Mean(BITS),
            Rate::Least(BITS),
            Rate::Greatest(BITS),
            Rate::Mean(PACKETS),
            Rate::Least(PACKETS),
            Rate::Greatest(PACKETS),
        ];
        let counts = [Field::Count, Field::Flows, Field::Octets, Field::Packets, Field::Duration];
        counts.into_iter().chain(rates.map(Field::Rate)).filter(move |field| self.has(*field))
    }

    /// The fields as a header lists them, of a type with so many keys.
    pub fn text(self, keys: usize) -> String {
        let keys = self.keys().take(keys).map(|at| Field::Key(at).name(keys == 1));
        let unlisted = |field: &Field| matches!(field, Field::Index | Field::First | Field::Last | Field::Count);
        let others = NAMES.iter().filter(|(_, field)| self.has(*field) && !unlisted(field)).map(|(name, _)| *name);
        let all: Vec<String> = keys.chain(others).map(|name| format!("+{name}")).collect();
        all.join(",")
    }
}

/// What a report shows beside its rows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// Shares of the totals in percent, instead of counts.
    pub percent: bool,
    /// Names instead of numbers.
    pub names: bool,
    /// Lines on the report itself.
    pub header: bool,
    /// Lines on what was read.
    pub xheader: bool,
    /// A line of totals.
    pub totals: bool,
}

impl Options {
    /// The option of a name.
    pub fn named(&mut self, word: &str) -> Option<&mut bool> {
        Some(match word {
            "percent-total" => &mut self.percent,
            "names" => &mut self.names,
            "header" => &mut self.header,
            "xheader" => &mut self.xheader,
            "totals" => &mut self.totals,
            _ => return None,
        })
    }

    /// The options as a header lists them.
    pub fn text(&self) -> String {
        let all = [
            ("+percent-total", self.percent),
            ("+names", self.names),
            ("+header", self.header),
            ("+xheader", self.xheader),
            ("+totals", self.totals),
        ];
        let set: Vec<&str> = all.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect();
        set.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_its_own_fields() {
        let of = |name| Fields::of(Type::named(name).unwrap());
        let linear = of("linear-interpolated-flows-octets-packets");
        assert!(linear.has(Field::Key(0)) && linear.has(Field::Octets) && !linear.has(Field::Duration));
        assert!(!of("ip-protocol").has(Field::Key(1)) && !of("ip-protocol").has(Field::Count));
        assert!(of("ip-source-address-destination-count").has(Field::Count));
        assert!(!of("summary-detail").has(Field::Index) && of("summary-detail").has(Field::Other));
    }

    #[test]
    fn fields_are_listed_as_the_header_has_them() {
        let what = Type::named("source/destination-as").unwrap();
        let mut fields = Fields::usual(what);
        assert_eq!(fields.text(2), "+key1,+key2,+flows,+octets,+packets,+duration,+other");
        Field::named("pps").into_iter().for_each(|field| fields.set(field, true));
        Field::named("key").into_iter().for_each(|field| fields.set(field, false));
        assert_eq!(fields.text(2), "+flows,+octets,+packets,+duration,+avg-pps,+min-pps,+max-pps,+other");
        assert_eq!(fields.columns().count(), 7);
        assert!(Field::named("key7").is_empty());
    }
}
