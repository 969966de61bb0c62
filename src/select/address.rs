//! Sets of addresses, made of ordered permit and deny rules.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::ranges::Ranges;

/// The addresses a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // The variants say what is in them.
pub enum Net {
    /// Every address.
    Any,
    /// The addresses of a prefix; a host is a prefix of full length.
    Prefix(IpNet),
    /// The IPv4 addresses that differ from `address` only where `wildcard` has ones.
    Wildcard { address: Ipv4Addr, wildcard: Ipv4Addr },
}

impl Net {
    /// One address.
    pub fn host(address: IpAddr) -> Net {
        Net::Prefix(IpNet::from(address))
    }

    /// The lowest and highest IPv4 address, if the net holds IPv4 addresses, and all from one to the other.
    fn range4(&self) -> Option<(u32, u32)> {
        match self {
            Net::Any => Some((0, u32::MAX)),
            Net::Prefix(IpNet::V4(net)) => Some((net.network().to_bits(), net.broadcast().to_bits())),
            Net::Prefix(IpNet::V6(_)) => None,
            Net::Wildcard { address, wildcard } => {
                let (low, wild) = (address.to_bits() & !wildcard.to_bits(), wildcard.to_bits());
                (wild.trailing_ones() + wild.leading_zeros() == 32).then_some((low, low | wild))
            }
        }
    }

    fn range6(&self) -> Option<(u128, u128)> {
        match self {
            Net::Any => Some((0, u128::MAX)),
            Net::Prefix(IpNet::V6(net)) => Some((net.network().to_bits(), net.broadcast().to_bits())),
            _ => None,
        }
    }

    fn holds4(&self, address: u32) -> bool {
        match self {
            Net::Wildcard { address: a, wildcard } => (a.to_bits() ^ address) & !wildcard.to_bits() == 0,
            _ => self.range4().is_some_and(|(low, high)| (low..=high).contains(&address)),
        }
    }

    /// Whether it holds IPv4 addresses with gaps between them.
    fn is_scattered(&self) -> bool {
        matches!(self, Net::Wildcard { .. }) && self.range4().is_none()
    }
}

/// One line of an access list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// Whether the addresses are let in or kept out.
    pub permit: bool,
    /// Which addresses.
    pub net: Net,
}

/// What ordered rules let in: the first rule that holds an address decides, and no rule means no.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    four: Four,
    six: Ranges<u128>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Four {
    Ranges(Ranges<u32>),
    /// Rules with wildcards that leave gaps are asked one after the other.
    Rules(Vec<Rule>),
}

impl Addresses {
    /// What these rules let in.
    pub fn of(rules: &[Rule]) -> Addresses {
        let with = |rule: &Rule, range: Option<_>| range.map(|(low, high)| (low, high, rule.permit));
        let four = if rules.iter().any(|rule| rule.net.is_scattered()) {
            Four::Rules(rules.to_vec())
        } else {
            let ranges: Vec<_> = rules.iter().filter_map(|r| with(r, r.net.range4())).collect();
            Four::Ranges(Ranges::first_match(&ranges))
        };
        let six: Vec<_> =
            rules.iter().filter_map(|r| r.net.range6().map(|(low, high)| (low, high, r.permit))).collect();
        Addresses { four, six: Ranges::first_match(&six) }
    }

    /// Just this address.
    pub fn host(address: IpAddr) -> Addresses {
        Addresses::of(&[Rule { permit: true, net: Net::host(address) }])
    }

    /// The addresses of these ranges.
    pub fn of_ranges(four: Ranges<u32>, six: Ranges<u128>) -> Addresses {
        Addresses { four: Four::Ranges(four), six }
    }

    /// The set's IPv4 addresses, where they are known as ranges.
    pub fn four(&self) -> Option<&Ranges<u32>> {
        match &self.four {
            Four::Ranges(ranges) => Some(ranges),
            Four::Rules(_) => None,
        }
    }

    /// The set's IPv6 addresses.
    pub fn six(&self) -> &Ranges<u128> {
        &self.six
    }

    /// Whether an IPv4 address is in the set.
    #[inline]
    pub fn contains4(&self, address: u32) -> bool {
        match &self.four {
            Four::Ranges(ranges) => ranges.contains(address),
            Four::Rules(rules) => rules.iter().find(|r| r.net.holds4(address)).is_some_and(|r| r.permit),
        }
    }

    /// Whether an IPv6 address is in the set.
    #[inline]
    pub fn contains6(&self, address: u128) -> bool {
        self.six.contains(address)
    }

    /// All addresses of the set, if there are at most `most`.
    pub fn members(&self, most: usize) -> Option<Vec<IpAddr>> {
        let mut members = Vec::new();
        for (low, high) in self.four()?.ranges() {
            for address in *low..=*high {
                members.push(IpAddr::V4(Ipv4Addr::from_bits(address)));
                if members.len() > most {
                    return None;
                }
            }
        }
        for (low, high) in self.six.ranges() {
            for address in *low..=*high {
                members.push(IpAddr::V6(Ipv6Addr::from_bits(address)));
                if members.len() > most {
                    return None;
                }
            }
        }
        Some(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn four(text: &str) -> u32 {
        text.parse::<Ipv4Addr>().unwrap().to_bits()
    }

    #[test]
    fn a_wildcard_with_gaps_holds_what_it_says() {
        let net = Net::Wildcard { address: [10, 0, 0, 1].into(), wildcard: [0, 255, 0, 254].into() };
        let set = Addresses::of(&[Rule { permit: true, net }]);
        assert!(set.four().is_none() && set.members(9).is_none());
        for (address, held) in [("10.0.0.1", true), ("10.7.0.9", true), ("10.7.0.8", false), ("10.7.1.9", false)] {
            assert_eq!(set.contains4(four(address)), held, "{address}");
        }
    }

    #[test]
    fn both_kinds_of_address_are_told_apart() {
        let net = Net::Prefix("2001:db8::/126".parse().unwrap());
        let set = Addresses::of(&[
            Rule { permit: true, net: Net::host([10, 0, 0, 37].into()) },
            Rule { permit: false, net: Net::host("2001:db8::1".parse().unwrap()) },
            Rule { permit: true, net },
        ]);
        let want = ["10.0.0.37", "2001:db8::", "2001:db8::2", "2001:db8::3"].map(|a| a.parse::<IpAddr>().unwrap());
        assert_eq!(set.members(4).unwrap(), want);
        assert_eq!(set.members(3), None);
        let any = Addresses::of(&[Rule { permit: true, net: Net::Any }]);
        assert!(any.contains4(0) && any.contains6(7) && any.members(1000).is_none());
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let wildcards = prop_oneof![(0u32..=32).prop_map(|n| !(u32::MAX.checked_shl(n).unwrap_or(0))), any::<u32>()];
        (any::<bool>(), 0u32..64, wildcards).prop_map(|(permit, address, wildcard)| {
            let net = Net::Wildcard { address: Ipv4Addr::from_bits(address), wildcard: Ipv4Addr::from_bits(wildcard) };
            Rule { permit, net }
        })
    }

    proptest! {
        #[test]
        fn ranges_decide_as_the_rules_do(rules in prop::collection::vec(rule(), 0..8), address in 0u32..128) {
            let first = rules.iter().find(|r| r.net.holds4(address)).is_some_and(|r| r.permit);
            prop_assert_eq!(Addresses::of(&rules).contains4(address), first);
        }
    }
}
