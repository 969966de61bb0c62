//! Sampling rates: what a sampled flow's counters are multiplied by to say what there was.

use std::net::IpAddr;

use super::knowledge::Knowledge;
use crate::flow::Element;

/// Of so many packets so many were taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rate {
    pub population: u64,
    pub taken: u64,
}

impl Rate {
    /// Every packet was taken, or nobody said otherwise.
    pub const ONE: Rate = Rate { population: 1, taken: 1 };

    /// What `n` of a sampled flow stands for; as much as 64 bits hold.
    pub fn apply(self, n: u64) -> u64 {
        if self.population == 0 || self.taken == 0 {
            return n;
        }
        let all = u128::from(n) * u128::from(self.population) / u128::from(self.taken);
        u64::try_from(all).unwrap_or(u64::MAX)
    }
}

/// Where the records of a template say how they were sampled: places among its fields.
#[derive(Debug)]
pub(super) struct Scale {
    /// The sampler's or selector's number.
    id: Option<usize>,
    /// One packet of so many.
    interval: Option<usize>,
    /// So many packets in a row ...
    packets: Option<usize>,
    /// ... then so many left out.
    space: Option<usize>,
}

impl Scale {
    /// Of a template's elements in order.
    pub fn of(elements: impl Iterator<Item = Element> + Clone) -> Scale {
        let find = |ids: &[u16]| elements.clone().position(|e| e.enterprise == 0 && ids.contains(&e.id));
        Scale { id: find(&[48, 302]), interval: find(&[34, 50]), packets: find(&[305]), space: find(&[306]) }
    }

    /// Whether an element counts packets or octets that were sampled: IANA's, and those of the other direction
    /// (RFC 5103).
    pub fn is_counter(element: Element) -> bool {
        const REVERSE: u32 = 29_305;
        matches!(element.enterprise, 0 | REVERSE)
            && matches!(
                element.id,
                1 | 2
                    | 19
                    | 20
                    | 23
                    | 24
                    | 85
                    | 86
                    | 171
                    | 172
                    | 174
                    | 175
                    | 198
                    | 199
                    | 200
                    | 201
                    | 202
                    | 203
                    | 231
                    | 232
                    | 298
                    | 299
                    | 352
                    | 353
            )
    }

    /// The rate of a record, whose fields `value` tells.
    pub fn rate(&self, value: impl Fn(usize) -> Option<u64>, rates: &Rates<'_>) -> Rate {
        let at = |place: Option<usize>| place.and_then(&value).filter(|n| *n > 0);
        if let Some(interval) = at(self.interval) {
            return Rate { population: interval, taken: 1 };
        }
        if let Some(taken) = at(self.packets) {
            return Rate { population: taken.saturating_add(at(self.space).unwrap_or(0)), taken };
        }
        rates.of(self.id.and_then(value))
    }
}

/// The rates that an exporter's samplers are known to have.
pub(super) struct Rates<'a> {
    pub knowledge: &'a Knowledge,
    pub exporter: IpAddr,
    pub domain: u32,
}

impl Rates<'_> {
    /// The rate of the sampler of this number: of the record's domain, else of the whole exporter (domain 0, RFC 7011
    /// section 3.1). Where records do not name their sampler it is the only one.
    fn of(&self, id: Option<u64>) -> Rate {
        let domain = self.knowledge.samplers(self.exporter, self.domain);
        let all = self.knowledge.samplers(self.exporter, 0);
        let find = |id: Option<u64>| domain.iter().chain(all).find(|(known, _)| *known == id).map(|(_, rate)| *rate);
        let only = match (id, domain, all) {
            (None, [(_, rate)], _) | (None, [], [(_, rate)]) => Some(*rate),
            _ => None,
        };
        find(id).or_else(|| find(None)).or(only).unwrap_or(Rate::ONE)
    }
}

/// The rate that the header of a version 5 datagram tells: two bits of method, fourteen of interval.
pub(super) fn rate5(datagram: &[u8]) -> Rate {
    let field = datagram.get(22..24).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b));
    match field & 0x3FFF {
        0 => Rate::ONE,
        interval => Rate { population: interval.into(), taken: 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_multiplied_and_do_not_overflow() {
        assert_eq!(Rate { population: 100, taken: 1 }.apply(7), 700);
        assert_eq!(Rate { population: 3, taken: 2 }.apply(7), 10);
        assert_eq!(Rate { population: 100, taken: 1 }.apply(u64::MAX), u64::MAX);
        assert_eq!(Rate { population: 0, taken: 0 }.apply(7), 7);
        assert_eq!(Rate::ONE.apply(7), 7);
    }

    #[test]
    fn version_5_tells_its_rate_in_the_header() {
        let mut datagram = [0; 24];
        datagram[22..].copy_from_slice(&(0x4000u16 | 512).to_be_bytes());
        assert_eq!(rate5(&datagram), Rate { population: 512, taken: 1 });
        assert_eq!((rate5(&[0; 24]), rate5(&[])), (Rate::ONE, Rate::ONE));
    }

    #[test]
    fn a_record_may_tell_its_own_rate() {
        let knowledge = Knowledge::default();
        let rates = Rates { knowledge: &knowledge, exporter: std::net::Ipv4Addr::LOCALHOST.into(), domain: 0 };
        let scale = Scale::of([1, 305, 306].map(Element::iana).into_iter());
        let rate = scale.rate(|at| [Some(9), Some(2), Some(98)][at], &rates);
        assert_eq!(rate, Rate { population: 100, taken: 2 });
        let scale = Scale::of([34, 1].map(Element::iana).into_iter());
        assert_eq!(scale.rate(|_| Some(64), &rates), Rate { population: 64, taken: 1 });
        assert_eq!(scale.rate(|_| Some(0), &rates), Rate::ONE);
    }
}
