//! What exporters say of themselves in options data: names of interfaces and applications, how packets are sampled.

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
}
