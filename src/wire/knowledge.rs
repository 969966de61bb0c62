//! What exporters have said of themselves, so that only news is handed on.

use std::collections::HashMap;
use std::net::IpAddr;

use super::sampling::Rate;
use crate::flow::{About, Fact};

/// Octets of facts that are kept; beyond, all but samplers are forgotten, and are news again when they are repeated.
const MOST: usize = 32 << 20;
/// Samplers of one domain that are kept.
const MOST_SAMPLERS: usize = 1 << 10;
/// Domains whose exporters' starts are kept; beyond, all are forgotten until they are repeated.
const MOST_BOOTS: usize = 1 << 16;
/// What a fact takes besides its texts.
const EACH: usize = 160;

/// What a fact is about, without what it says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Thing {
    Interface(u32),
    Application(Vec<u8>),
    Sampler(Option<u64>),
    Vrf(u32),
}

/// A sampler's number, if it has one, and its rate.
pub(super) type Sampler = (Option<u64>, Rate);

/// All facts.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    facts: HashMap<(IpAddr, u32, Thing), Fact>,
    samplers: HashMap<(IpAddr, u32), Vec<Sampler>>,
    /// When exporters were started, ms since 1970.
    boots: HashMap<(IpAddr, u32), u64>,
    octets: usize,
}

impl Knowledge {
    /// Takes a fact over; gives it back if it is news.
    pub fn learn(&mut self, mut fact: Fact) -> Option<Fact> {
        let thing = match &fact.about {
            About::Interface(index) => Thing::Interface(*index),
            About::Application(id) => Thing::Application(id.clone()),
            About::Sampler { id, .. } => Thing::Sampler(*id),
            About::Vrf(id) => Thing::Vrf(*id),
        };
        let key = (fact.exporter, fact.domain, thing);
        if let Some(known) = self.facts.get(&key) {
            complete(&mut fact, known);
            if *known == fact {
                return None;
            }
        }
        if self.octets > MOST {
            self.forget();
        }
        self.sampler(&fact);
        self.octets += room(&fact);
        if let Some(before) = self.facts.insert(key, fact.clone()) {
            self.octets -= room(&before);
        }
        Some(fact)
    }

    /// The samplers of an exporter's domain.
    pub fn samplers(&self, exporter: IpAddr, domain: u32) -> &[Sampler] {
        self.samplers.get(&(exporter, domain)).map_or(&[], Vec::as_slice)
    }

    /// When an exporter was started, ms since 1970: as it said in this domain, else in that of the whole exporter; 0 if
    /// it did not say.
    pub fn boot(&self, exporter: IpAddr, domain: u32) -> u64 {
        let boot = |domain| self.boots.get(&(exporter, domain)).copied();
        boot(domain).or_else(|| boot(0)).unwrap_or(0)
    }

    /// Takes over when an exporter says it was started.
    pub fn booted(&mut self, exporter: IpAddr, domain: u32, ms: u64) {
        if self.boots.len() >= MOST_BOOTS {
            self.boots.clear();
        }
        self.boots.insert((exporter, domain), ms);
    }

    /// Every start that is known.
    pub fn boots(&self) -> impl ExactSizeIterator<Item = (IpAddr, u32, u64)> {
        self.boots.iter().map(|((exporter, domain), ms)| (*exporter, *domain, *ms))
    }

    /// Every fact, in no particular order.
    pub fn each(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    fn sampler(&mut self, fact: &Fact) {
        let About::Sampler { id, population, taken } = fact.about else { return };
        let rate = Rate { population, taken };
        let samplers = self.samplers.entry((fact.exporter, fact.domain)).or_default();
        if let Some(known) = samplers.iter_mut().find(|(known, _)| *known == id) {
            known.1 = rate;
        } else if samplers.len() < MOST_SAMPLERS {
            samplers.push((id, rate));
        }
    }

    fn forget(&mut self) {
        self.facts.retain(|(.., thing), _| matches!(thing, Thing::Sampler(_)));
        self.octets = self.facts.values().map(room).sum();
        if self.octets > MOST / 2 {
            *self = Knowledge::default();
        }
    }
}

/// A sampler's name may come without its rate, and the other way round; names without descriptions, likewise.
fn complete(fact: &mut Fact, known: &Fact) {
    if let (About::Sampler { population, taken, .. }, About::Sampler { population: p, taken: t, .. }) =
        (&mut fact.about, &known.about)
        && *population == 0
    {
        (*population, *taken) = (*p, *t);
    }
    for (new, old) in [(&mut fact.name, &known.name), (&mut fact.description, &known.description)] {
        if new.is_empty() {
            new.clone_from(old);
        }
    }
}

fn room(fact: &Fact) -> usize {
    let about = if let About::Application(id) = &fact.about { 2 * id.len() } else { 0 };
    EACH + about + fact.name.len() + fact.description.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(about: About, name: &str) -> Fact {
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        Fact { exporter, domain: 7, about, name: name.into(), description: String::new() }
    }

    #[test]
    fn only_news_is_handed_on() {
        let mut knowledge = Knowledge::default();
        assert!(knowledge.learn(fact(About::Interface(1), "eth0")).is_some());
        assert!(knowledge.learn(fact(About::Interface(1), "eth0")).is_none());
        assert!(knowledge.learn(fact(About::Interface(1), "")).is_none());
        assert!(knowledge.learn(fact(About::Interface(1), "wan")).is_some());
        assert_eq!(knowledge.each().count(), 1);
    }

    #[test]
    fn a_samplers_name_does_not_undo_its_rate() {
        let mut knowledge = Knowledge::default();
        let rate = |population| About::Sampler { id: Some(3), population, taken: population.min(1) };
        knowledge.learn(fact(rate(100), ""));
        let named = knowledge.learn(fact(rate(0), "north")).unwrap();
        assert_eq!((named.about, named.name.as_str()), (rate(100), "north"));
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        assert_eq!(knowledge.samplers(exporter, 7), [(Some(3), Rate { population: 100, taken: 1 })]);
        assert!(knowledge.samplers(exporter, 0).is_empty());
    }

    #[test]
    fn a_flood_of_facts_is_forgotten() {
        let mut knowledge = Knowledge::default();
        let name = "n".repeat(1000);
        for index in 0..40_000 {
            knowledge.learn(fact(About::Interface(index), &name));
        }
        assert!(knowledge.octets <= MOST + 2000);
        assert!(knowledge.each().count() < 40_000);
    }
}
