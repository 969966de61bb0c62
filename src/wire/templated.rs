//! NetFlow 9 and IPFIX: messages whose records are what earlier templates say.

use super::decode::Reject;
use super::flows::Flows;
use super::knowledge::Knowledge;
use super::message::Message;
use super::options;
use super::records::Records;
use super::sampling::Rates;
use super::session::Session;
use super::template::{Book, Domain, DomainKey, Held, Origin, Room, Said, Shapes, Template, read, split};

/// What is known of all exporters' templates.
#[derive(Debug, Default)]
pub(super) struct Templated {
    pub book: Book,
    pub shapes: Shapes,
    pub knowledge: Knowledge,
    pub room: Room,
    spans: Vec<(u32, u32)>,
}

/// What a message came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Flows decoded, those that had waited included.
    pub flows: usize,
    /// Data records of the message itself whose template is known.
    pub records: u32,
    /// Those of them that are flows.
    pub own: u32,
    /// Data sets whose template is not known: how many records they have is not, either.
    pub unknown: u32,
    /// Templates defined or withdrawn.
    pub templates: u32,
    /// Options data records.
    pub options: u32,
    /// Data sets, of whatever message, that were dropped for want of a template.
    pub dropped: u64,
    /// The first thing that was malformed.
    pub damage: Option<Reject>,
}

impl Templated {
    /// Decodes a message. What precedes something malformed is used.
    pub fn decode(&mut self, session: Session, message: &Message<'_>, out: &mut Records) -> Tally {
        let Message { protocol, uptime, secs, domain, .. } = *message;
        let origin = Origin { exporter: session.exporter, domain, secs, uptime, boot: 0 };
        let dropped = self.room.dropped;
        let domain = self.book.domain(DomainKey { session, protocol, domain }, &mut self.room);
        let mut work = Work {
            shapes: &mut self.shapes,
            knowledge: &mut self.knowledge,
            room: &mut self.room,
            spans: &mut self.spans,
            out,
            tally: Tally::default(),
        };
        let before = domain.cost();
        for set in message.sets() {
            match set {
                Ok(set) if set.id >= 256 => work.data(domain, set.id, &origin, set.body),
                Ok(set) => {
                    if let Err(reject) = read(protocol, set, |said| work.said(domain, said)) {
                        work.damage(reject);
                    }
                }
                Err(reject) => work.damage(reject),
            }
        }
        message.cut.into_iter().for_each(|reject| work.damage(reject));
        let (mut tally, after) = (work.tally, domain.cost());
        if after != before {
            self.book.changed(before, after, &mut self.room);
        }
        self.book.make_room(&mut self.room);
        tally.dropped = self.room.dropped - dropped;
        tally
    }

    /// Forgets a session's templates, and what waits for them.
    pub fn forget(&mut self, session: Session) {
        self.book.forget(session, &mut self.room);
    }
}

/// What is at hand while a message is decoded.
struct Work<'a> {
    shapes: &'a mut Shapes,
    knowledge: &'a mut Knowledge,
    room: &'a mut Room,
    spans: &'a mut Vec<(u32, u32)>,
    out: &'a mut Records,
    tally: Tally,
}

impl Work<'_> {
    /// Takes what a template set says. What waited for a template is decoded.
    fn said(&mut self, domain: &mut Domain, said: Said) {
        self.tally.templates += 1;
        match said {
            Said::Defined(definition) => {
                let id = definition.id;
                match domain.define(definition, self.shapes) {
                    Some(true) => {}
                    Some(false) => return,
                    None => return self.damage(Reject::Template(id)),
                }
                let ready = domain.waiting.take(id, self.room);
                let Some(template) = domain.template(id) else { return };
                for Held { origin, octets, .. } in ready {
                    self.records(template, &origin, &octets);
                }
            }
            Said::Withdrawn(id) => domain.withdraw(id),
            Said::AllWithdrawn(options) => domain.withdraw_all(options),
        }
    }

    /// Decodes a data set, or lets it wait for its template.
    fn data(&mut self, domain: &mut Domain, id: u16, origin: &Origin, octets: &[u8]) {
        match domain.template(id) {
            Some(template) => {
                let records = self.records(template, origin, octets);
                self.tally.records += records;
                self.tally.own += if template.definition.scopes.is_none() { records } else { 0 };
            }
            None if octets.is_empty() => {}
            None => {
                self.tally.unknown += 1;
                domain.waiting.push(Held { template: id, origin: *origin, octets: octets.into() }, self.room);
            }
        }
    }

    /// Decodes the records of a data set; says how many there are.
    fn records(&mut self, template: &Template, origin: &Origin, octets: &[u8]) -> u32 {
        if template.definition.scopes.is_some() {
            return self.options(template, origin, octets);
        }
        let Some(shape) = &template.shape else { return 0 };
        let boot = if shape.lead.boot { self.knowledge.boot(origin.exporter, origin.domain) } else { 0 };
        let origin = &Origin { boot, ..*origin };
        let rates = Rates { knowledge: self.knowledge, exporter: origin.exporter, domain: origin.domain };
        let flows: &mut Flows = self.out.templated();
        let (added, damaged) = flows.add(shape, origin, octets, &rates);
        self.tally.flows += added;
        if damaged {
            self.damage(Reject::Record(template.definition.id));
        }
        added as u32
    }

    /// Takes the facts in the options records of a data set; says how many records there are.
    fn options(&mut self, template: &Template, origin: &Origin, octets: &[u8]) -> u32 {
        let fields = &template.definition.fields;
        let least: usize = fields.iter().map(|f| if f.width == u16::MAX { 1 } else { usize::from(f.width) }).sum();
        let (mut rest, mut count) = (octets, 0);
        while least > 0 && rest.len() >= least {
            let Some(length) = split(fields.iter().map(|field| field.width), rest, self.spans) else {
                self.damage(Reject::Record(template.definition.id));
                break;
            };
            let said = options::Said::read(fields, rest, self.spans);
            if let Some(boot) = said.boot {
                self.knowledge.booted(origin.exporter, origin.domain, boot);
            }
            said.facts(origin, |fact| self.knowledge.learn(fact).into_iter().for_each(|news| self.out.tell(news)));
            count += 1;
            rest = rest.get(length..).unwrap_or_default();
        }
        self.tally.options += count;
        count
    }

    fn damage(&mut self, reject: Reject) {
        self.tally.damage.get_or_insert(reject);
    }
}
