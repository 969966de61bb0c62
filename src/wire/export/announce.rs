//! What goes in front of flows: templates, and options data that say who exports them. When these are sent, sent again
//! and withdrawn.

use super::Protocol;
use super::encoder::{FIRST, Sent, Shape, Stream, TemplateEncoder};
use super::message::SET;
use super::options::{self, Metering, Table};
use super::work::Key;
use crate::flow::Fact;
use crate::wire::Export;

/// Octets that withdraw a template: its id, and that it has no fields.
const WITHDRAWAL: usize = 4;

impl TemplateEncoder {
    /// What is known of the exporters, to be sent as options data in front of their flows.
    pub fn set_facts(&mut self, facts: Vec<Fact>) {
        self.facts = facts;
        self.streams.values_mut().for_each(|stream| stream.told = None);
    }

    /// What a meter says of itself, one a interface, to be sent as options data in front of its flows.
    pub fn set_metering(&mut self, metering: Vec<Metering>) {
        self.metering = metering;
        self.streams.values_mut().for_each(|stream| stream.told = None);
    }

    /// Sends templates and facts again before the next flows: whoever hears them has not heard any.
    pub fn announce_again(&mut self) {
        for stream in self.streams.values_mut() {
            stream.announced.clear();
            stream.told = None;
        }
    }

    /// Has done with the schemas so far: flows have others from now on. Over connections their templates are withdrawn
    /// (RFC 7011 section 8.1); elsewhere that is forbidden, and they are forgotten. Should flows of such a schema come
    /// all the same, it has a new template: no id means two things before ids run out.
    pub fn retire<E>(&mut self, mut send: impl FnMut(Export<'_>) -> Result<(), E>) -> Result<(), E> {
        self.finish(&mut send)?;
        self.known.clear();
        self.last = None;
        let keys: Vec<Key> = self.streams.keys().copied().collect();
        for key in keys {
            let announced = self.streams.get_mut(&key).map(|stream| std::mem::take(&mut stream.announced));
            if !self.withdraws() {
                continue;
            }
            let sent = announced.unwrap_or_default();
            let ids = (FIRST..).zip(&sent).filter(|(_, sent)| sent.is_some()).map(|(id, _)| id);
            for id in ids {
                if self.message.is_open() && self.message.room_in_set() < WITHDRAWAL {
                    self.finish(&mut send)?;
                }
                if !self.message.is_open() {
                    self.begin(key);
                    self.message.set(self.options.protocol.template_set(), SET);
                }
                let [high, low] = id.to_be_bytes();
                self.message.records(1, WITHDRAWAL, false).copy_from_slice(&[high, low, 0, 0]);
            }
            self.finish(&mut send)?;
        }
        Ok(())
    }

    /// Forgets all templates. Over connections they are withdrawn (RFC 7011 section 8.1); else those that take their
    /// ids replace them.
    pub(super) fn forget<E>(&mut self, send: &mut impl FnMut(Export<'_>) -> Result<(), E>) -> Result<(), E> {
        self.known.clear();
        self.plans.clear();
        self.finish(&mut *send)?;
        let keys: Vec<Key> = self.streams.keys().copied().collect();
        for key in keys {
            if let Some(stream) = self.streams.get_mut(&key) {
                stream.announced.clear();
                stream.told = None;
            }
            if self.withdraws() {
                self.begin(key);
                for set in [2u16, 3] {
                    self.message.set(set, SET);
                    let [high, low] = set.to_be_bytes();
                    self.message.records(1, SET, false).copy_from_slice(&[high, low, 0, 0]);
                }
                self.finish(&mut *send)?;
            }
        }
        Ok(())
    }

    fn withdraws(&self) -> bool {
        self.options.refresh.is_none() && self.options.protocol == Protocol::Ipfix
    }

    /// Whether a plan's template is to be sent in front of its flows.
    pub(super) fn due(&self, key: Key, at: usize) -> bool {
        let Some(stream) = self.streams.get(&key) else { return true };
        stream.announced.get(at).copied().flatten().is_none_or(|sent| self.is_over(stream, sent))
    }

    /// Whether it is time to send again what was sent.
    fn is_over(&self, stream: &Stream, sent: Sent) -> bool {
        self.options.refresh.is_some_and(|refresh| {
            stream.messages.wrapping_sub(sent.messages) >= refresh.messages
                || self.now.abs_diff(sent.at) >= u64::from(refresh.seconds) * 1000
        })
    }

    pub(super) fn announced(&mut self, key: Key, at: usize) {
        let stream = self.streams.entry(key).or_default();
        if stream.announced.len() <= at {
            stream.announced.resize(at + 1, None);
        }
        if let Some(sent) = stream.announced.get_mut(at) {
            *sent = Some(Sent { messages: stream.messages, at: self.now });
        }
    }

    /// Sends what is known of a key's exporters, if that is due: at first, and whenever templates are sent again.
    pub(super) fn tell<E>(&mut self, key: Key, send: &mut impl FnMut(Export<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.facts.is_empty() && self.metering.is_empty() {
            return Ok(());
        }
        if let Some(stream) = self.streams.get(&key)
            && stream.told.is_some_and(|told| !self.is_over(stream, told))
        {
            return Ok(());
        }
        let now = self.now;
        let stream = self.streams.entry(key).or_default();
        stream.told = Some(Sent { messages: stream.messages, at: now });
        let boot = stream.boot.filter(|_| self.options.protocol == Protocol::Ipfix);
        let metering = options::metering(&self.metering, boot, self.options.protocol);
        let tables = options::tables(&self.facts, key, self.options.by_exporter, self.options.protocol);
        for Table { id, template, records } in metering.iter().chain(&tables) {
            let least = records.iter().map(Vec::len).min().unwrap_or(0);
            let shape = Shape { id: *id, template, options: true, least };
            let mut due = true;
            for record in records {
                if record.len() + SET > self.message.capacity() || template.len() + SET > self.message.capacity() {
                    continue;
                }
                self.place(key, &shape, due, record.len(), send)?;
                due = false;
                self.message.records(1, record.len(), true).copy_from_slice(record);
            }
        }
        Ok(())
    }

    /// When the meter was started, ms since 1970, if it says so and uptimes since then are what 32 bits can tell.
    pub(super) fn started(&self, earliest: u64) -> Option<u64> {
        let started = self.metering.iter().map(|metering| metering.started_ms).min();
        let fits = |started: &u64| earliest.checked_sub(*started).is_some_and(|uptime| uptime < 1 << 31);
        started.filter(fits)
    }
}
