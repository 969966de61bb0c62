//! Conditions on flows, and how they combine.

use super::address::Addresses;
use super::numbers::Numbers;
use super::source::Source;
use crate::flow::{Field, Projection, Schema};

/// A condition on flows. One on a field that a flow lacks does not hold, negated or not.
#[derive(Clone, PartialEq, Debug)]
pub struct Predicate {
    pub(super) node: Node,
}

/// The tree of a predicate. Negation is a matter of the leaves.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    /// Holds for every flow, or for none.
    Always(bool),
    Test(Test),
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// A condition on one field, element or computed number.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Test {
    pub source: Source,
    pub set: Set,
    pub negated: bool,
}

/// The values of a field for which a test holds.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Set {
    Numbers(Numbers),
    /// Those that are in the set after a bitwise and.
    Masked {
        mask: u64,
        numbers: Numbers,
    },
    Addresses(Addresses),
    /// Values as they lie on the wire.
    Octets {
        compare: Compare,
        values: Vec<Vec<u8>>,
    },
}

/// How octets are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compare {
    /// Octet by octet.
    Whole,
    /// As text, without the NULs that pad it.
    Text,
    /// As text that has the value somewhere in it, in any case of ASCII's letters.
    Within,
}

impl Predicate {
    /// Holds for every flow (`true`) or for none.
    pub fn always(holds: bool) -> Predicate {
        Node::Always(holds).into()
    }

    /// The field's number is in a set.
    pub fn numbers(field: impl Into<Source>, numbers: Numbers) -> Predicate {
        Predicate::test(field.into(), Set::Numbers(numbers))
    }

    /// The field's number, after a bitwise and with `mask`, is in a set.
    pub fn masked(field: impl Into<Source>, mask: u64, numbers: Numbers) -> Predicate {
        Predicate::test(field.into(), Set::Masked { mask, numbers })
    }

    /// The field's address is in a set.
    pub fn addresses(field: impl Into<Source>, addresses: Addresses) -> Predicate {
        Predicate::test(field.into(), Set::Addresses(addresses))
    }

    pub(super) fn test(source: Source, set: Set) -> Predicate {
        Node::Test(Test { source, set, negated: false }).into()
    }

    /// All of them hold; true of none.
    pub fn and(predicates: Vec<Predicate>) -> Predicate {
        Predicate::combine(predicates, true)
    }

    /// At least one of them holds; false of none.
    pub fn or(predicates: Vec<Predicate>) -> Predicate {
        Predicate::combine(predicates, false)
    }

    fn combine(predicates: Vec<Predicate>, and: bool) -> Predicate {
        let mut nodes: Vec<Node> = predicates.into_iter().map(|p| p.node).collect();
        // What always holds adds nothing to an and, what never holds nothing to an or; the other way round it decides.
        if nodes.contains(&Node::Always(!and)) {
            return Predicate::always(!and);
        }
        nodes.retain(|node| *node != Node::Always(and));
        match nodes.pop() {
            None => Predicate::always(and),
            Some(only) if nodes.is_empty() => only.into(),
            Some(last) => {
                nodes.push(last);
                if and { Node::And(nodes) } else { Node::Or(nodes) }.into()
            }
        }
    }

    /// Holds where this one does not, among the flows that have the fields asked for.
    #[expect(
        clippy::should_implement_trait,
        reason = "reads as and() and or() do; flows without the field match neither"
    )]
    pub fn not(self) -> Predicate {
        self.node.negate().into()
    }

    /// The fields and elements it looks at.
    pub fn fields(&self) -> Projection {
        let mut fields = Projection::NONE;
        self.node.each_test(&mut |test| {
            fields = std::mem::replace(&mut fields, Projection::NONE).union(&test.source.needs());
        });
        fields
    }

    /// A logical field it asks for that flows of this schema do not have.
    pub fn missing(&self, schema: &Schema) -> Option<Field> {
        let mut missing = None;
        self.node.each_test(&mut |test| {
            if let Source::Field(field) = &test.source
                && !schema.has(*field)
            {
                missing = missing.or(Some(*field));
            }
        });
        missing
    }

    /// What flows of this schema lack, if none can match for want of it.
    pub fn unanswerable(&self, schema: &Schema) -> Option<&'static str> {
        if self.node.answerable(schema) {
            return None;
        }
        let mut lacking = None;
        self.node.each_test(&mut |test| {
            if lacking.is_none() && !test.source.is_in(schema) {
                lacking = Some(test.source.name());
            }
        });
        lacking
    }
}

impl From<Node> for Predicate {
    fn from(node: Node) -> Predicate {
        Predicate { node }
    }
}

impl Node {
    fn negate(self) -> Node {
        let all = |nodes: Vec<Node>| nodes.into_iter().map(Node::negate).collect();
        match self {
            Node::Always(holds) => Node::Always(!holds),
            Node::Test(test) => Node::Test(Test { negated: !test.negated, ..test }),
            Node::And(nodes) => Node::Or(all(nodes)),
            Node::Or(nodes) => Node::And(all(nodes)),
        }
    }

    fn answerable(&self, schema: &Schema) -> bool {
        match self {
            Node::Always(_) => true,
            Node::Test(test) => test.source.is_in(schema),
            Node::And(nodes) => nodes.iter().all(|node| node.answerable(schema)),
            Node::Or(nodes) => nodes.iter().any(|node| node.answerable(schema)),
        }
    }

    fn each_test(&self, f: &mut impl FnMut(&Test)) {
        match self {
            Node::Always(_) => {}
            Node::Test(test) => f(test),
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().for_each(|node| node.each_test(f)),
        }
    }
}
