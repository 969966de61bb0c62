//! Ruling blocks out before they are read.

use super::predicate::{Node, Predicate, Set, Test};
use crate::flow::{BlockFacts, Field, Prune};

/// A set of more addresses than this is not worth asking a block for one by one.
const ASK: usize = 64;

impl Prune for Predicate {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        self.node.may_match(block)
    }
}

impl Node {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        match self {
            Node::Always(holds) => *holds,
            Node::Test(test) => test.may_match(block),
            Node::And(nodes) => nodes.iter().all(|node| node.may_match(block)),
            Node::Or(nodes) => nodes.iter().any(|node| node.may_match(block)),
        }
    }
}

impl Test {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        // What is computed, or no logical field, blocks say nothing of.
        let Some(field) = self.source.field() else { return true };
        match &self.set {
            Set::Numbers(numbers) => block.bounds(field).is_none_or(|(low, high)| match self.negated {
                false => numbers.ranges().intersects(low, high),
                true => numbers.complement().ranges().intersects(low, high),
            }),
            Set::Masked { mask, numbers } => {
                let few = block.bounds(field).filter(|(low, high)| high.saturating_sub(*low) < 256);
                few.is_none_or(|(low, high)| (low..=high).any(|n| numbers.contains(n & mask) != self.negated))
            }
            Set::Octets { .. } => true,
            Set::Addresses(_) if self.negated || !matches!(field, Field::SrcAddr | Field::DstAddr) => true,
            Set::Addresses(addresses) => {
                addresses.members(ASK).is_none_or(|members| members.into_iter().any(|member| block.may_hold(member)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::{Addresses, Numbers};
    use super::*;

    struct Block;

    impl BlockFacts for Block {
        fn bounds(&self, field: Field) -> Option<(u64, u64)> {
            match field {
                Field::DstPort => Some((80, 443)),
                Field::TcpFlags => Some((16, 24)),
                Field::Protocol => Some((6, 6)),
                _ => None,
            }
        }

        fn may_hold(&self, address: IpAddr) -> bool {
            address == IpAddr::from([10, 0, 0, 1])
        }
    }

    fn ports(list: &str) -> Predicate {
        Predicate::numbers(Field::DstPort, Numbers::parse(list, 65535).unwrap())
    }

    #[test]
    fn bounds_rule_blocks_out() {
        assert!(ports("53,100").may_match(&Block) && ports("!443").may_match(&Block));
        assert!(!ports("53").may_match(&Block) && !ports("!80-443").may_match(&Block));
        assert!(!ports("80-443").not().may_match(&Block));
        // Nothing is known of source ports.
        assert!(Predicate::numbers(Field::SrcPort, Numbers::one(53)).may_match(&Block));
        assert!(!Predicate::and(vec![ports("80"), ports("53")]).may_match(&Block));
        assert!(Predicate::or(vec![ports("80"), ports("53")]).may_match(&Block));
        assert!(!Predicate::masked(Field::TcpFlags, 32, Numbers::one(32)).may_match(&Block));
        assert!(Predicate::masked(Field::TcpFlags, 8, Numbers::one(8)).may_match(&Block));
        assert!(!Predicate::masked(Field::Protocol, 255, Numbers::one(6)).not().may_match(&Block));
    }

    #[test]
    fn blocks_are_asked_for_addresses() {
        let host = |field, last| Predicate::addresses(field, Addresses::host([10, 0, 0, last].into()));
        assert!(host(Field::SrcAddr, 1).may_match(&Block) && !host(Field::DstAddr, 2).may_match(&Block));
        assert!(host(Field::DstAddr, 2).not().may_match(&Block) && host(Field::NextHop, 2).may_match(&Block));
    }
}
