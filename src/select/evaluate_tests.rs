use std::net::Ipv4Addr;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Addresses, Net, Numbers, Rule};
use super::*;
use crate::flow::{Column, Field, FieldSpec, Order, Schema, Version, ie};

/// Naive evaluation of one row, straight from what the conditions mean.
fn matches(node: &Node, batch: &FlowBatch, row: usize) -> bool {
    match node {
        Node::Always(holds) => *holds,
        Node::And(nodes) => nodes.iter().all(|n| matches(n, batch, row)),
        Node::Or(nodes) => nodes.iter().any(|n| matches(n, batch, row)),
        Node::Test(test) => test.source.view(batch).is_some_and(|view| {
            let value = view.number(row);
            let holds = match &test.set {
                Set::Numbers(numbers) => numbers.contains(value as u64),
                Set::Masked { mask, numbers } => numbers.contains(value as u64 & mask),
                Set::Addresses(addresses) if view.width() == 16 => addresses.contains6(value),
                Set::Addresses(addresses) => addresses.contains4(value as u32),
                Set::Octets { .. } => false,
            };
            holds != test.negated
        }),
    }
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let fields = prop::sample::select(vec![Field::SrcPort, Field::DstPort, Field::Octets, Field::Tos, Field::SrcTag]);
    let ranges = prop::collection::vec((0u64..20, 0u64..6), 0..4).prop_map(|ranges| {
        Numbers::from(super::super::Ranges::of(ranges.into_iter().map(|(low, more)| (low, low + more))))
    });
    let rules = prop::collection::vec((any::<bool>(), 0u32..20, 0u32..8), 0..4).prop_map(|rules| {
        let net = |a, w| Net::Wildcard { address: Ipv4Addr::from_bits(a), wildcard: Ipv4Addr::from_bits(w) };
        Addresses::of(&rules.into_iter().map(|(permit, a, w)| Rule { permit, net: net(a, w) }).collect::<Vec<_>>())
    });
    let leaf = prop_oneof![
        any::<bool>().prop_map(Predicate::always),
        (fields.clone(), ranges.clone()).prop_map(|(field, set)| Predicate::numbers(field, set)),
        (fields, ranges, 0u64..20).prop_map(|(field, set, mask)| Predicate::masked(field, mask, set)),
        (prop::sample::select(vec![Field::SrcAddr, Field::NextHop]), rules)
            .prop_map(|(field, set)| Predicate::addresses(field, set)),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::and),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Predicate::or),
            inner.prop_map(Predicate::not),
        ]
    })
}

/// Records whose fields are small numbers, in either order, and the same flows as columns of every kind.
fn batches(numbers: &[u8]) -> Vec<FlowBatch> {
    let layout = Version::V5.layout();
    let mut bytes = Vec::new();
    for seed in numbers {
        for (i, spec) in layout.schema.fields().iter().enumerate() {
            let mut value = vec![0; usize::from(spec.width)];
            value[usize::from(spec.width) - 1] = seed.wrapping_mul(i as u8 * 2 + 1) % 24;
            bytes.extend(value);
        }
    }
    let raw = FlowBatch::from_raw(Version::V5, Order::Big, bytes.clone());
    let columns = layout.schema.fields().iter().enumerate().map(|(i, spec)| {
        let mut values = Vec::<u32>::new();
        raw.column(i).unwrap().gather(raw.rows(), &mut values);
        let data: Vec<u8> = match spec.width {
            1 => values.iter().map(|v| *v as u8).collect(),
            2 => values.iter().flat_map(|v| (*v as u16).to_ne_bytes()).collect(),
            _ => values.iter().flat_map(|v| v.to_ne_bytes()).collect(),
        };
        let width = usize::from(spec.width);
        match i % 3 {
            0 => Column::Plain { width: spec.width, data },
            1 => Column::Constant { value: data.get(..width).map_or(vec![0; width], <[u8]>::to_vec) },
            _ => {
                let index: Vec<u32> = (0..numbers.len() as u32).map(|i| i / 2).collect();
                Column::Dictionary { width: spec.width, values: data.into(), index: index.into() }
            }
        }
    });
    let columns = FlowBatch::from_columns(layout.schema.clone(), numbers.len(), columns.collect());
    vec![raw, FlowBatch::from_raw(Version::V5, Order::Little, bytes), columns]
}

proptest! {
    #[test]
    fn a_predicate_selects_what_each_record_says(
        predicate in predicate(),
        numbers in prop::collection::vec(any::<u8>(), 0..200),
        step in 1usize..4,
    ) {
        let mut scratch = Scratch::default();
        for mut batch in batches(&numbers) {
            let rows: Vec<u32> = (0..numbers.len() as u32).step_by(step).collect();
            if step > 1 {
                batch.select(rows.clone());
            }
            let want: Vec<u32> =
                rows.iter().copied().filter(|row| matches(&predicate.node, &batch, *row as usize)).collect();
            let mut got = vec![77];
            predicate.select(&batch, &mut scratch, &mut got);
            prop_assert_eq!(&got, &want);
            prop_assert_eq!(predicate.count(&batch, &mut scratch), want.len());
            predicate.apply(&mut batch, &mut scratch);
            prop_assert_eq!(batch.len(), want.len());
        }
    }

    #[test]
    fn not_is_the_rest(predicate in predicate(), numbers in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut scratch = Scratch::default();
        let batch = &batches(&numbers)[0];
        prop_assume!(predicate.missing(batch.schema()).is_none());
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        predicate.select(batch, &mut scratch, &mut yes);
        predicate.not().select(batch, &mut scratch, &mut no);
        yes.extend(no);
        yes.sort_unstable();
        prop_assert_eq!(yes, (0..numbers.len() as u32).collect::<Vec<_>>());
    }
}

#[test]
fn a_field_that_is_lacking_matches_nothing() {
    let batch = &batches(&[1, 2, 3])[0];
    let tag = Predicate::numbers(Field::SrcTag, Numbers::one(0));
    assert_eq!(tag.missing(batch.schema()), Some(Field::SrcTag));
    for predicate in [tag.clone(), tag.not()] {
        let mut out = Vec::new();
        predicate.select(batch, &mut Scratch::default(), &mut out);
        assert!(out.is_empty());
    }
}

#[test]
fn ipv6_addresses_are_asked_for_as_such() {
    let spec = FieldSpec { element: ie::SRC_ADDR6, occurrence: 0, width: 16 };
    let data = [1u128, 0x2001_0db8 << 96, 10 << 24 | 37].iter().flat_map(|a| a.to_ne_bytes()).collect();
    let column = Column::Plain { width: 16, data };
    let batch = FlowBatch::from_columns(Arc::new(Schema::new(vec![spec])), 3, vec![column]);
    let select = |net| {
        let mut out = Vec::new();
        let set = Addresses::of(&[Rule { permit: true, net }]);
        Predicate::addresses(Field::SrcAddr, set).select(&batch, &mut Scratch::default(), &mut out);
        out
    };
    assert_eq!(select(Net::Any), [0, 1, 2]);
    assert_eq!(select(Net::Prefix("2001:db8::/32".parse().unwrap())), [1]);
    assert!(select(Net::host([10, 0, 0, 37].into())).is_empty());
}
