//! The templates of every exporter.

use std::collections::HashMap;

use super::super::session::Session;
use super::waiting::{Room, Waiting};
use super::{Definition, Shapes, Template};

/// Observation domains kept at once; beyond, those heard least recently are forgotten. Anyone can send us datagrams.
const MOST_DOMAINS: usize = 1 << 14;
/// Templates of one domain; further ones are refused.
const MOST_TEMPLATES: usize = 1 << 12;
/// Fields of all templates together; beyond, the domains heard least recently are forgotten.
const MOST_FIELDS_IN_ALL: usize = 1 << 20;

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
    pub templates: HashMap<u16, Template>,
    pub waiting: Waiting,
    heard: u64,
}

impl Domain {
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
        self.templates.insert(id, Template { definition, shape });
        Some(true)
    }

    fn fields(&self) -> usize {
        self.templates.values().map(|template| template.definition.fields.len()).sum()
    }
}

/// All domains.
#[derive(Debug, Default)]
pub(in crate::wire) struct Book {
    index: HashMap<DomainKey, usize>,
    domains: Vec<Domain>,
    /// The domain of the last message, which is likely the next one's too.
    last: usize,
    clock: u64,
    /// Fields of all templates when they were last counted, and those defined since.
    fields: usize,
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

    /// To be told of fields that templates have brought.
    pub fn grown(&mut self, fields: usize, room: &mut Room) {
        self.fields += fields;
        if self.fields > MOST_FIELDS_IN_ALL {
            // Redefined and withdrawn ones have been counted too.
            self.fields = self.domains.iter().map(Domain::fields).sum();
        }
        if self.fields > MOST_FIELDS_IN_ALL {
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
        self.domains.push(Domain { key, templates: HashMap::new(), waiting: Waiting::default(), heard: 0 });
        self.index.insert(key, self.domains.len() - 1);
        self.domains.len() - 1
    }

    /// Forgets the half that was silent longest: the cost, spread over as many arrivals, is small.
    fn shrink(&mut self, room: &mut Room) {
        let mut heard: Vec<u64> = self.domains.iter().map(|domain| domain.heard).collect();
        heard.sort_unstable();
        let middle = heard.get(heard.len() / 2).copied().unwrap_or(0);
        self.keep(room, |domain| domain.heard > middle);
        self.fields = self.domains.iter().map(Domain::fields).sum();
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
            self.reindex();
        }
    }

    fn reindex(&mut self) {
        self.last = 0;
        self.index = self.domains.iter().enumerate().map(|(at, domain)| (domain.key, at)).collect();
    }
}
