//! Where addresses lie: inside or outside, and in which networks.

use std::collections::HashMap;
use std::ops::Range;

use ipnet::IpNet;

use crate::select::Point;

/// What is known of the addresses between two breaks.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Place {
    /// Whether they are inside.
    pub inside: bool,
    /// The networks they are part of, ascending.
    pub networks: Vec<u16>,
}

/// Where each address lies, as a number for what is known of it.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    places: Vec<Place>,
    four: Steps<u32>,
    six: Steps<u128>,
}

/// From each break on, until the next, the place. The first break is the least address.
#[derive(Clone, Debug)]
struct Steps<T> {
    breaks: Vec<T>,
    places: Vec<u16>,
    /// Where the breaks of addresses with the same first 16 bits lie, so that few are left to look through.
    top: Vec<u32>,
}

impl<T> Default for Steps<T> {
    fn default() -> Steps<T> {
        Steps { breaks: Vec::new(), places: Vec::new(), top: Vec::new() }
    }
}

/// An address of some width.
pub trait Address: Point {
    /// The first 16 bits.
    fn top(self) -> usize;
}

impl Address for u32 {
    #[inline]
    fn top(self) -> usize {
        (self >> 16) as usize
    }
}

impl Address for u128 {
    #[inline]
    fn top(self) -> usize {
        (self >> 112) as usize
    }
}

impl Hosts {
    /// What is inside, and the prefixes of each network, which may overlap.
    pub fn of(subnets: &[IpNet], networks: &[&[IpNet]]) -> Hosts {
        let mut hosts = Hosts::default();
        let inside = subnets.iter().map(|net| (*net, None));
        let networks = networks.iter().zip(0..).flat_map(|(nets, at)| nets.iter().map(move |net| (*net, Some(at))));
        let (mut four, mut six) = (Vec::new(), Vec::new());
        for (net, what) in inside.chain(networks) {
            match net {
                IpNet::V4(net) => four.push((net.network().to_bits(), net.broadcast().to_bits(), what)),
                IpNet::V6(net) => six.push((net.network().to_bits(), net.broadcast().to_bits(), what)),
            }
        }
        let mut numbers = HashMap::new();
        hosts.four = steps(&four, &mut hosts.places, &mut numbers);
        hosts.six = steps(&six, &mut hosts.places, &mut numbers);
        hosts
    }

    /// The places there are; addresses are told them by number.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Where an IPv4 address lies.
    #[inline]
    pub fn four(&self, address: u32) -> u16 {
        self.four.get(address)
    }

    /// Where an IPv6 address lies.
    #[inline]
    pub fn six(&self, address: u128) -> u16 {
        self.six.get(address)
    }
}

/// Ranges, ends included, and what they make of addresses: `None` is the inside, else a network.
fn steps<T: Address>(
    ranges: &[(T, T, Option<u16>)],
    places: &mut Vec<Place>,
    numbers: &mut HashMap<Place, u16>,
) -> Steps<T> {
    let mut breaks = vec![T::LEAST];
    breaks.extend(ranges.iter().flat_map(|(low, high, _)| [Some(*low), high.next()]).flatten());
    breaks.sort_unstable();
    breaks.dedup();
    let mut steps = Steps::default();
    for from in breaks {
        let mut place = Place::default();
        for (_, _, what) in ranges.iter().filter(|(low, high, _)| (*low..=*high).contains(&from)) {
            match what {
                None => place.inside = true,
                Some(network) => place.networks.push(*network),
            }
        }
        place.networks.sort_unstable();
        place.networks.dedup();
        let number = *numbers.entry(place.clone()).or_insert_with(|| {
            places.push(place);
            // More than 65,536 places would take as many prefixes.
            u16::try_from(places.len() - 1).unwrap_or(u16::MAX)
        });
        if steps.places.last() != Some(&number) {
            steps.breaks.push(from);
            steps.places.push(number);
        }
    }
    let first = |top: usize| steps.breaks.partition_point(|from| from.top() < top) as u32;
    steps.top = (0..=1 << 16).map(first).collect();
    steps
}

impl<T: Address> Steps<T> {
    #[inline]
    fn get(&self, address: T) -> u16 {
        let bound = |top: usize| self.top.get(top).map_or(0, |at| *at as usize);
        let near: Range<usize> = bound(address.top())..bound(address.top() + 1);
        let start = near.start;
        let behind = self.breaks.get(near).unwrap_or_default();
        let behind = start + behind.partition_point(|from| *from <= address);
        self.places.get(behind.wrapping_sub(1)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_overlap() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let (all, desk, lab) = (
            vec![net("10.0.0.0/8"), net("2001:db8::/32")],
            vec![net("10.1.0.0/16")],
            vec![net("10.1.2.0/24"), net("2001:db8:1::/48"), net("192.0.2.0/24")],
        );
        let hosts = Hosts::of(&all, &[&desk, &lab]);
        let at = |text: &str| match text.parse::<IpAddr>().unwrap() {
            IpAddr::V4(four) => hosts.places()[usize::from(hosts.four(four.to_bits()))].clone(),
            IpAddr::V6(six) => hosts.places()[usize::from(hosts.six(six.to_bits()))].clone(),
        };
        let place = |inside, networks: &[u16]| Place { inside, networks: networks.to_vec() };
        assert_eq!(at("9.255.255.255"), place(false, &[]));
        assert_eq!(at("10.0.0.0"), place(true, &[]));
        assert_eq!(at("10.1.1.255"), place(true, &[0]));
        assert_eq!(at("10.1.2.9"), place(true, &[0, 1]));
        assert_eq!(at("10.1.3.0"), place(true, &[0]));
        assert_eq!(at("192.0.2.1"), place(false, &[1]));
        assert_eq!(at("255.255.255.255"), place(false, &[]));
        assert_eq!(at("2001:db8:1::9"), place(true, &[1]));
        assert_eq!(at("2001:db9::"), place(false, &[]));
    }

    #[test]
    fn nothing_is_inside_nothing() {
        let hosts = Hosts::of(&[], &[]);
        assert_eq!(hosts.places(), [Place::default()]);
        assert_eq!((hosts.four(7), hosts.six(7)), (0, 0));
    }

    proptest! {
        #[test]
        fn an_address_is_where_its_prefixes_are(
            nets in prop::collection::vec((any::<u32>(), 0u8..=32), 0..9), address: u32, near in any::<prop::sample::Index>(),
        ) {
            let nets: Vec<IpNet> = nets.iter().map(|(address, length)| {
                ipnet::Ipv4Net::new((*address).into(), *length).unwrap().trunc().into()
            }).collect();
            let each: Vec<&[IpNet]> = nets.iter().map(std::slice::from_ref).collect();
            let hosts = Hosts::of(&[], &each);
            // Addresses at random hit no long prefix.
            let edge = nets.get(near.index(nets.len().max(1))).map_or(address, |net| match net {
                IpNet::V4(net) => net.broadcast().to_bits().wrapping_add(address % 3).wrapping_sub(1),
                IpNet::V6(_) => 0,
            });
            for address in [address, edge] {
                let ip = IpAddr::V4(address.into());
                let held: Vec<u16> = (0..).zip(&nets).filter(|(_, net)| net.contains(&ip)).map(|(at, _)| at).collect();
                prop_assert_eq!(&hosts.places()[usize::from(hosts.four(address))].networks, &held);
            }
        }
    }
}
