//! What is on its way into a modern file: flows that are to become quick blocks, and what exporters say of themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
use std::time::{Duration, Instant};

use super::now;
use crate::file::{Live, append_facts};
use crate::flow::{About, Fact, FlowBatch};

/// Flows wait so long for others of their schema: together with what they waited at the receiver, less than a second.
const WAIT: Duration = Duration::from_millis(300);
/// So many octets of them do not wait.
const ENOUGH: usize = 4 << 20;

/// Flows and facts that wait to be written.
#[derive(Debug, Default)]
pub struct Gathering {
    live: Live,
    /// Since when flows or facts wait; and when the first of the flows was received, seconds since 1970.
    since: Option<(Instant, i64)>,
    /// Facts by what they are about.
    facts: HashMap<Fact, Fact>,
    /// Facts that have not been written.
    news: Vec<Fact>,
    chunks: Vec<u8>,
}

impl Gathering {
    /// Takes flows, of which the first was received `at`.
    pub fn push(&mut self, batch: &FlowBatch, at: i64) {
        self.live.push(batch);
        self.since.get_or_insert_with(|| (Instant::now(), at));
    }

    /// Takes what exporters said of themselves.
    pub fn learn(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            match self.facts.entry(thing(&fact)) {
                Entry::Occupied(known) if *known.get() == fact => continue,
                Entry::Occupied(mut known) => _ = known.insert(fact.clone()),
                Entry::Vacant(place) => _ = place.insert(fact.clone()),
            }
            self.news.push(fact);
        }
        if !self.news.is_empty() {
            self.since.get_or_insert_with(|| (Instant::now(), now()));
        }
    }

    /// Everything that is known of exporters, as a new file has it at its beginning.
    pub fn known(&self) -> Vec<u8> {
        let mut chunks = Vec::new();
        append_facts(self.facts.values(), &mut chunks);
        chunks
    }

    /// How long there is nothing to do; `None` if nothing waits.
    pub fn wait(&self) -> Option<Duration> {
        self.since.map(|(since, _)| WAIT.saturating_sub(since.elapsed()))
    }

    /// Whether what waits should be written now.
    pub fn is_due(&self) -> bool {
        self.live.octets() >= ENOUGH || self.since.is_some_and(|(since, _)| since.elapsed() >= WAIT)
    }

    /// What is to be written: chunks, how many flows are in them, and when the first of those was received.
    pub fn take(&mut self) -> (Vec<u8>, u64, i64) {
        let (mut chunks, flows) = (mem::take(&mut self.chunks), self.live.flows());
        append_facts(&mem::take(&mut self.news), &mut chunks);
        self.live.take(&mut chunks);
        let at = self.since.take().map_or_else(now, |(_, at)| at);
        (chunks, flows, at)
    }

    /// Gives the room of what was taken back.
    pub fn give_back(&mut self, chunks: Vec<u8>) {
        self.chunks = chunks;
    }
}

/// A fact without what it says.
fn thing(fact: &Fact) -> Fact {
    let about = match &fact.about {
        About::Sampler { id, .. } => About::Sampler { id: *id, population: 0, taken: 0 },
        other => other.clone(),
    };
    Fact { about, name: String::new(), description: String::new(), ..*fact }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_written_once_and_known_for_good() {
        let fact = |population, name: &str| Fact {
            exporter: std::net::Ipv4Addr::LOCALHOST.into(),
            domain: 1,
            about: About::Sampler { id: Some(1), population, taken: 1 },
            name: name.into(),
            description: String::new(),
        };
        let mut gathering = Gathering::default();
        gathering.learn(vec![fact(10, "a"), fact(10, "a")]);
        let (first, flows, _) = gathering.take();
        assert!(!first.is_empty() && flows == 0);
        assert_eq!(first, gathering.known());
        gathering.learn(vec![fact(10, "a")]);
        assert!(gathering.take().0.is_empty() && gathering.wait().is_none());
        gathering.learn(vec![fact(20, "a")]);
        assert_eq!(gathering.take().0, gathering.known());
    }
}
