//! Ruling blocks out before they are read.

use std::cell::Cell;
use std::net::IpAddr;

use super::address::Addresses;
use super::computed::Computed;
use super::numbers::Numbers;
use super::predicate::{Node, Predicate, Set, Test};
use super::source::{Reading, Source, is_six, port_protocols, width};
use crate::flow::{BlockFacts, Field, Prune, Schema};

/// A set of more addresses than this is not worth asking a block for one by one.
const ASK: usize = 64;
/// Masked numbers are tried one by one if there are no more than so many.
const TRY: u64 = 256;

impl Prune for Predicate {
    fn may_match(&self, block: &dyn BlockFacts) -> bool {
        self.node.may_match(&Asked { block, last: Cell::new(None) })
    }
}

/// A block that remembers the address it was asked for last: of 'host', both ends are asked for the same.
struct Asked<'b> {
    block: &'b dyn BlockFacts,
    last: Cell<Option<(IpAddr, bool)>>,
}

impl Asked<'_> {
    fn may_hold(&self, address: IpAddr) -> bool {
        match self.last.get() {
            Some((last, may)) if last == address => may,
            _ => {
                let may = self.block.may_hold(address);
                self.last.set(Some((address, may)));
                may
            }
        }
    }

    /// The least and greatest value of a source's numbers.
    fn bounds(&self, source: &Source) -> Option<(u64, u64)> {
        let column = |at: Option<usize>| at.and_then(|at| self.block.column_bounds(at));
        match source {
            Source::Field(field) | Source::Port(field) => self.field(*field),
            Source::Computed(Computed::Start) => self.block.bounds(Field::StartMs),
            Source::Computed(Computed::End) => self.block.bounds(Field::EndMs),
            Source::Elements(elements, Reading::Unsigned) => {
                let schema = self.block.schema()?;
                column(elements.iter().find_map(|element| schema.position(*element, 0)))
            }
            _ => None,
        }
    }

    fn field(&self, field: Field) -> Option<(u64, u64)> {
        match field {
            // What a block says of these is when flows were, whatever elements say it.
            Field::StartMs | Field::EndMs => {
                let at = self.block.schema().and_then(|schema| schema.resolve(field))?;
                self.block.column_bounds(at)
            }
            _ => self.block.bounds(field),
        }
    }

    /// Whether a source's numbers may be in a set (or, negated, outside).
    fn may_be_in(&self, source: &Source, numbers: &Numbers, negated: bool) -> bool {
        self.bounds(source).is_none_or(|(low, high)| may_be_in(numbers, low, high, negated))
    }
}

fn may_be_in(numbers: &Numbers, low: u64, high: u64, negated: bool) -> bool {
    match negated {
        false => numbers.ranges().intersects(low, high),
        // Only a single range can hold all from one to the other.
        true => !numbers.ranges().ranges().iter().any(|(from, to)| *from <= low && high <= *to),
    }
}

impl Node {
    fn may_match(&self, block: &Asked<'_>) -> bool {
        match self {
            Node::Always(holds) => *holds,
            Node::Test(test) => test.may_match(block),
            Node::And(nodes) => nodes.iter().all(|node| node.may_match(block)),
            Node::Or(nodes) => nodes.iter().any(|node| node.may_match(block)),
        }
    }
}

impl Test {
    fn may_match(&self, block: &Asked<'_>) -> bool {
        let (source, not) = (&self.source, self.negated);
        if let Some(schema) = block.block.schema() {
            if !source.is_in(schema) {
                return false;
            }
            if let (Some(version), Set::Numbers(numbers)) = (self.version(schema), &self.set) {
                return numbers.contains(version) != not;
            }
        }
        match &self.set {
            Set::Numbers(numbers) => {
                let value = block.may_be_in(source, numbers, not);
                match source.is_port() {
                    false => value,
                    // The negation of both is either's.
                    true if not => value || block.may_be_in(&Field::Protocol.into(), &port_protocols(), true),
                    true => value && block.may_be_in(&Field::Protocol.into(), &port_protocols(), false),
                }
            }
            Set::Masked { mask, numbers } if !source.is_port() => {
                let few = block.bounds(source).filter(|(low, high)| high.saturating_sub(*low) < TRY);
                few.is_none_or(|(low, high)| (low..=high).any(|n| numbers.contains(n & mask) != not))
            }
            Set::Masked { .. } | Set::Octets { .. } => true,
            Set::Addresses(addresses) => source.field().is_none_or(|field| may_hold(block, field, addresses, not)),
        }
    }

    /// The version of IP that it asks for, where flows of a schema all have the same.
    fn version(&self, schema: &Schema) -> Option<u64> {
        let told = self.source == Source::Computed(Computed::Family) && !Computed::says_version(schema);
        told.then(|| if is_six(schema) { 6 } else { 4 })
    }
}

/// Whether a field's addresses may be in a set (or, negated, outside).
fn may_hold(block: &Asked<'_>, field: Field, addresses: &Addresses, negated: bool) -> bool {
    let octets = block.block.schema().and_then(|schema| width(schema, field));
    // Blocks say bounds of IPv4 addresses only.
    if octets != Some(16)
        && let (Some((low, high)), Some(four)) = (block.field(field), addresses.four())
        && let (Ok(low), Ok(high)) = (u32::try_from(low), u32::try_from(high))
    {
        let within = match negated {
            false => four.intersects(low, high),
            true => !four.ranges().iter().any(|(from, to)| *from <= low && high <= *to),
        };
        if !within {
            return false;
        }
    }
    if negated || !matches!(field, Field::SrcAddr | Field::DstAddr) {
        return true;
    }
    let members = addresses.members(ASK);
    let right = |member: &IpAddr| match octets {
        Some(4) => member.is_ipv4(),
        Some(16) => member.is_ipv6(),
        _ => true,
    };
    members.is_none_or(|members| members.into_iter().filter(right).any(|member| block.may_hold(member)))
}

#[cfg(test)]
mod tests {
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
