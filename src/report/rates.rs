//! How fast flows were: octets and packets a second, of each flow that lasted at all.

use super::Counts;

/// Sums a row has where rates are asked for: octets, packets, duration, and what [`Rates`] are made of. Rows that have
/// these also know which flow was their first.
pub(super) const RATED: usize = 11;
/// Sums of rows that know which flow was their first, but no rates.
pub(super) const PLACED: usize = 4;
/// Which of a rated row's sums is the place of the first flow.
const SEEN: usize = 10;
/// The first of those that rates are made of.
const FIRST: usize = 3;

/// What is counted a second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Packets.
    Packets,
    /// Bits of IP.
    Bits,
}

/// One of the rates of some flows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rate {
    /// The mean of the flows' rates.
    Mean(Unit),
    /// The rate of the slowest.
    Least(Unit),
    /// The rate of the fastest.
    Greatest(Unit),
}

/// The rates of some flows. Those that lasted no millisecond have none.
///
/// Fractions are kept as their bits: of numbers that are not negative, these are in the numbers' order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    flows: u64,
    sums: [u64; 2],
    least: [u64; 2],
    greatest: [u64; 2],
    /// The place of the first flow among all, in the order in which they came; the greatest if that was not noted.
    pub(super) seen: u64,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates { flows: 0, sums: [0; 2], least: [u64::MAX; 2], greatest: [0; 2], seen: u64::MAX }
    }
}

/// Packets a second; 0 of what took no time.
#[inline]
pub(super) fn packets_a_second(packets: u64, duration: u64) -> f64 {
    a_second(packets as f64, duration)
}

/// Bits a second; 0 of what took no time.
#[inline]
pub(super) fn bits_a_second(octets: u64, duration: u64) -> f64 {
    a_second(octets as f64 * 8.0, duration)
}

#[inline]
fn a_second(count: f64, duration: u64) -> f64 {
    if duration == 0 { 0.0 } else { count / (duration as f64 / 1000.0) }
}

impl Rates {
    /// Those of one flow.
    #[inline]
    pub(super) fn of(counts: &Counts) -> Rates {
        if counts.duration == 0 {
            return Rates::default();
        }
        let packets = packets_a_second(counts.packets, counts.duration).to_bits();
        let bits = bits_a_second(counts.octets, counts.duration).to_bits();
        Rates::one([packets, bits])
    }

    /// Those of one flow, by its packets and bits a second, as their bits.
    #[inline]
    pub(super) fn one([packets, bits]: [u64; 2]) -> Rates {
        let rates = [packets, bits];
        Rates { flows: 1, sums: rates, least: rates, greatest: rates, seen: u64::MAX }
    }

    /// Packets and bits a second of its one flow, as their bits; `None` if it took no time.
    #[inline]
    pub(super) fn only(&self) -> Option<[u64; 2]> {
        (self.flows == 1).then_some(self.sums)
    }

    /// Those that stand in a row's sums; of no flows, if they do not.
    #[inline]
    pub(super) fn at(sums: &[u64]) -> Rates {
        match *sums {
            [_, _, _, flows, packets, bits, least_packets, least_bits, most_packets, most_bits, seen] => Rates {
                flows,
                sums: [packets, bits],
                least: [least_packets, least_bits],
                greatest: [most_packets, most_bits],
                seen,
            },
            [_, _, _, seen] => Rates { seen, ..Rates::default() },
            _ => Rates::default(),
        }
    }

    /// Puts them where a row has them.
    #[inline]
    pub(super) fn put(&self, sums: &mut [u64]) {
        let values = [
            self.flows,
            self.sums[0],
            self.sums[1],
            self.least[0],
            self.least[1],
            self.greatest[0],
            self.greatest[1],
            self.seen,
        ];
        sums.iter_mut().skip(FIRST).zip(values).for_each(|(sum, value)| *sum = value);
    }

    /// Adds those of other flows.
    pub fn add(&mut self, other: &Rates) {
        self.flows = self.flows.saturating_add(other.flows);
        self.seen = self.seen.min(other.seen);
        for unit in 0..2 {
            self.sums[unit] = plus(self.sums[unit], other.sums[unit]);
            self.least[unit] = self.least[unit].min(other.least[unit]);
            self.greatest[unit] = self.greatest[unit].max(other.greatest[unit]);
        }
    }

    /// One of them, a second; 0 if no flow has any.
    pub fn get(&self, rate: Rate) -> f64 {
        if self.flows == 0 {
            return 0.0;
        }
        let at = |unit| if unit == Unit::Packets { 0 } else { 1 };
        match rate {
            Rate::Mean(unit) => f64::from_bits(self.sums[at(unit)]) / self.flows as f64,
            Rate::Least(unit) => f64::from_bits(self.least[at(unit)]),
            Rate::Greatest(unit) => f64::from_bits(self.greatest[at(unit)]),
        }
    }
}

#[inline]
fn plus(one: u64, other: u64) -> u64 {
    (f64::from_bits(one) + f64::from_bits(other)).to_bits()
}

/// Notes a flow's place, in sums that have one.
#[inline]
pub(super) fn see<const M: usize>(sums: &mut [u64; M], place: u64) {
    match M {
        PLACED | RATED => sums[M - 1] = place,
        _ => {}
    }
}

/// Adds the sums of a row that has rates.
#[inline]
pub(super) fn fold<const M: usize>(all: &mut [u64; M], one: &[u64; M]) {
    for (at, (sum, value)) in all.iter_mut().zip(one).enumerate() {
        *sum = match at {
            0..=FIRST => sum.saturating_add(*value),
            4 | 5 => plus(*sum, *value),
            6 | 7 | SEEN => (*sum).min(*value),
            _ => (*sum).max(*value),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_flows_that_lasted() {
        let flow = |octets, packets, duration| Rates::of(&Counts { flows: 1, octets, packets, duration });
        let mut all = flow(100, 1, 0);
        assert_eq!(all.get(Rate::Least(Unit::Bits)), 0.0);
        all.add(&flow(1000, 10, 500));
        all.add(&flow(1000, 10, 2000));
        assert_eq!(all.get(Rate::Mean(Unit::Bits)), 10_000.0);
        assert_eq!((all.get(Rate::Least(Unit::Packets)), all.get(Rate::Greatest(Unit::Packets))), (5.0, 20.0));
        let (mut sums, mut one) = ([0; RATED], [0; RATED]);
        Rates::default().put(&mut sums);
        for rates in [flow(1000, 10, 500), flow(7, 7, 0), flow(1000, 10, 2000)] {
            rates.put(&mut one);
            fold(&mut sums, &one);
        }
        assert_eq!(Rates::at(&sums), all);
    }
}
