//! The templates of every exporter.

use std::collections::HashMap;

use super::super::session::Session;
use super::waiting::{Room, Waiting};
use super::{Definition, Shapes, Template};

/// Observation domains kept at once; beyond, those heard least recently are forgotten. Anyone can send us datagrams.
const MOST_DOMAINS: usize = 1 << 14;
/// Templates of one domain; further ones are refused.
const MOST_TEMPLATES: usize = 1 << 12;
/// Fields of all templates together, with [`EACH`]; beyond, the domains heard least recently are forgotten.
const MOST_IN_ALL: usize = 1 << 22;
/// A template takes as much memory as so many fields besides its own.
const EACH: usize = 32;

/// Whose templates have numbers in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(in crate::wire) struct DomainKey {
    /// Who sends.
    pub session: Session,
    /// NetFlow 9 or IPFIX.
    pub protocol: u16,
    /// The observation domain (version 9: source id).
    pub domain: u32,
}

/// An observation domain of a session.
#[derive(Debug)]
pub(in crate::wire) struct Domain {
    pub key: DomainKey,
    pub waiting: Waiting,
    templates: HashMap<u16, Template>,
    /// The templates' fields, with [`EACH`].
    cost: usize,
    heard: u64,
}

impl Domain {
    /// The template of a number.
    pub fn template(&self, id: u16) -> Option<&Template> {
        self.templates.get(&id)
    }

    /// Every template.
    pub fn templates(&self) -> impl ExactSizeIterator<Item = &Template> {
        self.templates.values()
    }

    /// Forgets a template.
    pub fn withdraw(&mut self, id: u16) {
        if let Some(template) = self.templates.remove(&id) {
            self.cost -= cost(&template.definition);
        }
    }

    /// Forgets all options templates, or all others.
    pub fn withdraw_all(&mut self, options: bool) {
        self.templates.retain(|_, template| template.definition.scopes.is_some() != options);
        self.cost = self.templates.values().map(|template| cost(&template.definition)).sum();
    }

    /// Takes a template over. Says whether it is new, or another than before; `None` if there are too many.
    pub fn define(&mut self, definition: Definition, shapes: &mut Shapes) -> Option<bool> {
        let (id, known) = (definition.id, self.templates.get(&definition.id));
        if known.is_some_and(|known| known.definition == definition) {
            return Some(false);
        }
        if known.is_none() && self.templates.len() >= MOST_TEMPLATES {
            return None;
        }
        let DomainKey { session, protocol, .. } = self.key;
        let shape = match definition.scopes {
            Some(_) => None,
            None => shapes.of(&definition.fields, session.exporter, protocol),
        };
        self.cost += cost(&definition);
        if let Some(before) = self.templates.insert(id, Template { definition, shape }) {
            self.cost -= cost(&before.definition);
        }
        Some(true)
    }

    /// What its templates take of the room for all.
    pub fn cost(&self) -> usize {
        self.cost
    }
}

fn cost(definition: &Definition) -> usize {
    definition.fields.len() + EACH
}

/// All domains.
#[derive(Debug, Default)]
pub(in crate::wire) struct Book {
    index: HashMap<DomainKey, usize>,
    domains: Vec<Domain>,
    /// The domain of the last message, which is likely the next one's too.
    last: usize,
    clock: u64,
    /// What all domains cost.
    cost: usize,
}

impl Book {
    /// The domain of a key, new if it has to be.
    pub fn domain(&mut self, key: DomainKey, room: &mut Room) -> &mut Domain {
        self.clock += 1;
        if self.domains.get(self.last).is_none_or(|domain| domain.key != key) {
            self.last = match self.index.get(&key) {
                Some(at) => *at,
                None => self.insert(key, room),
            };
        }
        let domain = &mut self.domains[self.last];
        domain.heard = self.clock;
        domain
    }

    /// Every domain.
    pub fn each(&self) -> impl Iterator<Item = &Domain> {
        self.domains.iter()
    }

    /// To be told when what a domain costs has changed.
    pub fn changed(&mut self, before: usize, after: usize, room: &mut Room) {
        self.cost = (self.cost + after).saturating_sub(before);
        if self.cost > MOST_IN_ALL {
            self.shrink(room);
        }
    }

    /// Drops what waits in domains that were silent longest, if too much waits in all.
    pub fn make_room(&mut self, room: &mut Room) {
        if !room.is_short() {
            return;
        }
        self.domains.sort_by_key(|domain| std::cmp::Reverse(domain.heard));
        self.reindex();
        for domain in self.domains.iter_mut().rev() {
            if room.is_ample() {
                break;
            }
            domain.waiting.clear(room);
        }
    }

    /// Forgets a session.
    pub fn forget(&mut self, session: Session, room: &mut Room) {
        self.keep(room, |domain| domain.key.session != session);
    }

    fn insert(&mut self, key: DomainKey, room: &mut Room) -> usize {
        if self.domains.len() >= MOST_DOMAINS {
            self.shrink(room);
        }
        let (templates, waiting) = (HashMap::new(), Waiting::default());
        self.domains.push(Domain { key, templates, waiting, cost: 0, heard: 0 });
        self.index.insert(key, self.domains.len() - 1);
        self.domains.len() - 1
    }

    /// Forgets the half that was silent longest: the cost, spread over as many arrivals, is small.
    fn shrink(&mut self, room: &mut Room) {
        let mut heard: Vec<u64> = self.domains.iter().map(|domain| domain.heard).collect();
        heard.sort_unstable();
        let middle = heard.get(heard.len() / 2).copied().unwrap_or(0);
        self.keep(room, |domain| domain.heard > middle);
    }

    fn keep(&mut self, room: &mut Room, keep: impl Fn(&Domain) -> bool) {
        let before = self.domains.len();
        self.domains.retain_mut(|domain| {
            let kept = keep(domain);
            if !kept {
                domain.waiting.clear(room);
            }
            kept
        });
        if self.domains.len() != before {
            self.cost = self.domains.iter().map(Domain::cost).sum();
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        self.last = 0;
        self.index = self.domains.iter().enumerate().map(|(at, domain)| (domain.key, at)).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::TemplateField;
    use super::*;
    use crate::flow::Element;

    fn key(port: u16) -> DomainKey {
        DomainKey { session: Session::datagrams(Ipv4Addr::LOCALHOST.into(), port), protocol: 9, domain: 0 }
    }

    fn definition(id: u16, fields: usize) -> Definition {
        let field = TemplateField { element: Element::iana(1), width: 4 };
        Definition { id, scopes: None, fields: vec![field; fields] }
    }

    #[test]
    fn domains_heard_least_recently_are_forgotten() {
        let (mut book, mut room, mut shapes) = (Book::default(), Room::default(), Shapes::default());
        for port in 0..MOST_DOMAINS as u16 {
            book.domain(key(port), &mut room).define(definition(256, 2), &mut shapes);
        }
        // The first one is heard again, and so stays.
        for port in [0, u16::MAX] {
            book.domain(key(port), &mut room);
        }
        assert_eq!(book.each().count(), MOST_DOMAINS / 2);
        assert!(book.domain(key(0), &mut room).template(256).is_some());
        assert!(book.domain(key(1), &mut room).template(256).is_none());
    }

    #[test]
    fn templates_are_bounded() {
        let (mut book, mut room, mut shapes) = (Book::default(), Room::default(), Shapes::default());
        for port in 0..600 {
            let domain = book.domain(key(port), &mut room);
            let before = domain.cost();
            let news = [256, 257, 256].map(|id| domain.define(definition(id, 4000), &mut shapes));
            assert_eq!(news, [Some(true), Some(true), Some(false)]);
            let after = domain.cost();
            book.changed(before, after, &mut room);
        }
        let cost: usize = book.each().map(Domain::cost).sum();
        assert!(cost <= MOST_IN_ALL && cost > MOST_IN_ALL / 4 && cost == book.cost, "{cost}");
        let domain = book.domain(key(599), &mut room);
        let all = (0..=MOST_TEMPLATES as u16).filter_map(|at| domain.define(definition(256 + at, 1), &mut shapes));
        assert_eq!(all.count(), MOST_TEMPLATES);
        domain.withdraw_all(false);
        assert_eq!((domain.cost(), domain.templates().len()), (0, 0));
    }
}
