//! What exporters say of themselves in options data: names of interfaces and applications, how packets are sampled.

use std::collections::HashMap;
use std::net::IpAddr;

/// One thing that an exporter said. A later fact about the same thing replaces an earlier one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fact {
    /// The exporter that said so.
    pub exporter: IpAddr,
    /// Its observation domain (RFC 7011 section 3.1; version 9's source id).
    pub domain: u32,
    /// What it is about.
    pub about: About,
    /// What the thing is called; may be empty.
    pub name: String,
    /// What else was said of it; may be empty.
    pub description: String,
}

/// What a [`Fact`] is about.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum About {
    /// An interface, by its ifIndex.
    Interface(u32),
    /// An application, by its identifier as flows carry it (RFC 6759).
    Application(Vec<u8>),
    /// A sampler or selector.
    Sampler {
        /// Its number as flows carry it; `None` if it is the exporter's only one.
        id: Option<u64>,
        /// Of so many packets...
        population: u64,
        /// ... so many are taken.
        taken: u64,
    },
    /// A virtual router, by its number.
    Vrf(u32),
}

impl Fact {
    /// Whether both are about the same thing, so that the later one replaces the earlier.
    pub fn replaces(&self, other: &Fact) -> bool {
        let same = match (&self.about, &other.about) {
            (About::Sampler { id: one, .. }, About::Sampler { id: two, .. }) => one == two,
            (one, two) => one == two,
        };
        same && self.exporter == other.exporter && self.domain == other.domain
    }

    /// Adds it to `facts` in the place of what it replaces; says whether anything is new.
    pub fn add_to(self, facts: &mut Vec<Fact>) -> bool {
        match facts.iter_mut().find(|fact| self.replaces(fact)) {
            Some(fact) if *fact == self => false,
            Some(fact) => {
                *fact = self;
                true
            }
            None => {
                facts.push(self);
                true
            }
        }
    }
}

/// Names of interfaces, by ifIndex and exporter.
#[derive(Clone, Default, Debug)]
pub struct InterfaceNames {
    names: HashMap<u32, Vec<(IpAddr, String)>>,
}

impl InterfaceNames {
    /// The names that facts tell, in one word each, with nothing in them that a terminal would obey: they are an
    /// exporter's text.
    pub fn of(facts: &[Fact]) -> InterfaceNames {
        let mut names: HashMap<u32, Vec<(IpAddr, String)>> = HashMap::new();
        for fact in facts {
            let About::Interface(index) = fact.about else { continue };
            let text = if fact.name.is_empty() { &fact.description } else { &fact.name };
            let word = text.trim().replace(|c: char| c.is_control() || c.is_whitespace(), "_");
            if !word.is_empty() {
                let known = names.entry(index).or_default();
                known.retain(|(exporter, _)| *exporter != fact.exporter);
                known.push((fact.exporter, word));
            }
        }
        InterfaceNames { names }
    }

    /// Whether there is no name at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of an exporter's interface. Of flows that do not say who exported them (`0.0.0.0` or `::`), the one
    /// name that there is of this number.
    pub fn name(&self, exporter: IpAddr, index: u32) -> Option<&str> {
        let known = self.names.get(&index)?;
        let found = known.iter().find(|(by, _)| *by == exporter);
        let only = match known.as_slice() {
            [only] if exporter.is_unspecified() => Some(only),
            _ => None,
        };
        found.or(only).map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_fact_replaces_an_earlier_one() {
        let named = |index, name: &str| Fact {
            exporter: IpAddr::from([192, 0, 2, 1]),
            domain: 0,
            about: About::Interface(index),
            name: name.into(),
            description: String::new(),
        };
        let mut facts = Vec::new();
        assert!(named(1, "eth0").add_to(&mut facts) && named(2, "eth1").add_to(&mut facts));
        assert!(!named(1, "eth0").add_to(&mut facts));
        assert!(named(1, "wan").add_to(&mut facts));
        assert_eq!(facts, [named(1, "wan"), named(2, "eth1")]);
    }

    #[test]
    fn names_are_those_of_the_exporters_interface() {
        let [one, other, none] = [1, 2, 0].map(|n| IpAddr::from([192, 0, 2, n]).to_canonical());
        let fact = |exporter, index, name: &str, description: &str| Fact {
            exporter,
            domain: 0,
            about: About::Interface(index),
            name: name.into(),
            description: description.into(),
        };
        let facts = [
            fact(one, 1, "eth 0\x1b", ""),
            fact(other, 1, "ge-0", ""),
            fact(one, 2, "", "uplink"),
            fact(one, 3, "", ""),
            fact(one, 2, "eth1", ""),
        ];
        let names = InterfaceNames::of(&facts);
        assert_eq!(
            (names.name(one, 1), names.name(other, 1), names.name(none, 1)),
            (Some("eth_0_"), Some("ge-0"), None)
        );
        let unsaid = IpAddr::from([0; 4]);
        assert_eq!((names.name(unsaid, 2), names.name(unsaid, 1), names.name(one, 3)), (Some("eth1"), None, None));
        assert!(InterfaceNames::default().is_empty() && !names.is_empty());
    }
}
