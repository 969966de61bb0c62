//! What numbers and addresses stand for: of ranges that lie within each other the innermost counts.

use ipnet::IpNet;

use crate::select::Point;

/// What numbers stand for.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    /// From each number on, until the next entry's.
    steps: Vec<(T, Option<u32>)>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { steps: Vec::new() }
    }
}

impl<T: Point> Table<T> {
    /// Of ranges, ends included, of which two either have no number in common or lie one within the other. Of equal
    /// ranges the last counts.
    pub fn of(ranges: impl IntoIterator<Item = (T, T, u32)>) -> Table<T> {
        let mut sorted: Vec<(T, T, u32)> = ranges.into_iter().filter(|(low, high, _)| low <= high).collect();
        // The outer one first.
        sorted.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let mut table = Table::default();
        let mut open: Vec<(T, u32)> = Vec::new();
        for (low, high, value) in sorted {
            table.close(&mut open, Some(low));
            table.step(low, Some(value));
            open.push((high, value));
        }
        table.close(&mut open, None);
        table
    }

    /// Ends the open ranges whose last number is before `next`; all, without one.
    fn close(&mut self, open: &mut Vec<(T, u32)>, next: Option<T>) {
        while let Some((high, _)) = open.last().copied()
            && next.is_none_or(|next| high < next)
        {
            open.pop();
            let outer = open.last().map(|(_, value)| *value);
            high.next().into_iter().for_each(|from| self.step(from, outer));
        }
    }

    fn step(&mut self, from: T, value: Option<u32>) {
        match self.steps.last_mut() {
            Some(last) if last.0 == from => last.1 = value,
            _ => self.steps.push((from, value)),
        }
    }

    /// What a number stands for.
    #[inline]
    pub fn get(&self, n: T) -> Option<u32> {
        let behind = self.steps.partition_point(|(from, _)| *from <= n);
        self.steps.get(behind.checked_sub(1)?).and_then(|(_, value)| *value)
    }
}

/// What addresses stand for: of prefixes the longest.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefixes {
    /// IPv4 addresses.
    pub four: Table<u32>,
    /// IPv6 addresses.
    pub six: Table<u128>,
}

impl Prefixes {
    /// Of prefixes and what each stands for; of equal ones the last counts.
    pub fn of(prefixes: impl IntoIterator<Item = (IpNet, u32)>) -> Prefixes {
        let (mut four, mut six) = (Vec::new(), Vec::new());
        for (net, value) in prefixes {
            match net {
                IpNet::V4(net) => four.push((net.network().to_bits(), net.broadcast().to_bits(), value)),
                IpNet::V6(net) => six.push((net.network().to_bits(), net.broadcast().to_bits(), value)),
            }
        }
        Prefixes { four: Table::of(four), six: Table::of(six) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::select::prefix;

    #[test]
    fn the_longest_prefix_counts() {
        let list = ["10.0.0.0/8", "10.0.0.0/27", "0/0", "10.0.0.0/27", "2001:db8::/32", "255.255.255.255"];
        let list: Vec<_> = list.iter().zip(0..).map(|(text, n)| (prefix(text).unwrap(), n)).collect();
        let prefixes = Prefixes::of(list);
        let four = |text: &str| prefixes.four.get(text.parse::<std::net::Ipv4Addr>().unwrap().to_bits());
        assert_eq!(["10.0.0.31", "10.0.0.32", "9.9.9.9"].map(four), [Some(3), Some(0), Some(2)]);
        assert_eq!(four("255.255.255.255"), Some(5));
        assert_eq!((prefixes.six.get(0x2001_0db8 << 96), prefixes.six.get(0)), (Some(4), None));
    }

    proptest! {
        #[test]
        fn the_innermost_range_counts(list in prop::collection::vec((any::<u8>(), 0u8..=8), 0..12), n in any::<u8>()) {
            let range = |(at, length): &(u8, u8)| {
                let size = 1u32 << (8 - length);
                let low = u32::from(*at) / size * size;
                (low, low + size - 1)
            };
            let best = list.iter().enumerate().filter(|(_, r)| (range(r).0..=range(r).1).contains(&n.into()));
            let best = best.max_by_key(|(at, r)| (r.1, *at)).map(|(at, _)| at as u32);
            let ranges = list.iter().zip(0..).map(|(r, at)| (range(r).0, range(r).1, at));
            prop_assert_eq!(Table::of(ranges).get(n.into()), best);
        }
    }
}
