//! Whatever is written is read again.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Decoding, Head};
use super::{BlockEncoder, Values};
use crate::flow::{Codec, Element, FieldSpec, Schema, VARIABLE, View, ie};

/// A random number generator that is good enough here (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let n = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

/// How a column's values come about.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Constant,
    Arbitrary,
    Few(u64),
    Ascending(u64),
    /// Told by an address, with exceptions of so many in a thousand.
    Told(bool, u64),
    /// Not far from the value of the column before.
    Near,
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Constant),
        Just(Shape::Arbitrary),
        (2u64..5000).prop_map(Shape::Few),
        (0u64..1 << 40).prop_map(Shape::Ascending),
        (any::<bool>(), 0u64..40).prop_map(|(source, exceptions)| Shape::Told(source, exceptions)),
        Just(Shape::Near),
    ]
}

fn column() -> impl Strategy<Value = (Element, u16, Shape)> {
    let width = prop_oneof![4 => 1u16..=8, 2 => 9u16..=20, 1 => Just(VARIABLE), 1 => Just(300u16)];
    let known = prop::sample::select(vec![
        ie::SRC_AS,
        ie::DST_AS,
        ie::INPUT,
        ie::OUTPUT,
        ie::FIRST,
        ie::LAST,
        ie::UPTIME,
        ie::UNIX_NSECS,
        ie::EXPORTER4,
        ie::SRC_ADDR6,
        ie::DST_ADDR6,
        ie::SRC_MAC,
        Element::iana(23),
        ie::OCTETS,
        Element::iana(96),
    ]);
    (prop_oneof![known, (1u16..500).prop_map(Element::iana)], width, shape())
}

fn fill(
    width: u16,
    shape: Shape,
    rows: usize,
    before: &[u8],
    addresses: &[Vec<u64>; 2],
    random: &mut Random,
) -> Values {
    let (mut data, mut ends) = (Vec::new(), Vec::new());
    let (fixed, key) = (random.next(), random.next());
    let mut last = fixed;
    for row in 0..rows {
        let number = match shape {
            Shape::Constant => fixed,
            Shape::Arbitrary => random.next(),
            Shape::Few(n) => key.wrapping_mul(1 + random.below(n)),
            Shape::Ascending(step) => {
                last = last.wrapping_add(random.below(step));
                last
            }
            Shape::Told(_, exceptions) if random.below(1000) < exceptions => random.next(),
            Shape::Told(source, _) => addresses[usize::from(source)][row].wrapping_mul(key) >> 20,
            Shape::Near => before
                .get(row * 8..row * 8 + 8)
                .map_or(0, |b| u64::from_le_bytes(b.try_into().unwrap()))
                .wrapping_add(random.below(100)),
        };
        let octets = [number.to_le_bytes(), number.rotate_left(9).to_le_bytes()].concat();
        match width {
            VARIABLE => {
                data.extend(&octets[..(number % 16) as usize]);
                ends.push(data.len() as u32);
            }
            width => data.extend(octets.iter().cycle().take(width.into())),
        }
    }
    if width == VARIABLE { Values::Variable { ends, data } } else { Values::Fixed { width, data } }
}

/// A schema's specs, the occurrences numbered.
fn specs(columns: &[(Element, u16, Shape)]) -> Vec<FieldSpec> {
    let mut specs: Vec<FieldSpec> = Vec::new();
    for (element, width, _) in columns {
        let occurrence = specs.iter().filter(|spec| spec.element == *element).count() as u16;
        specs.push(FieldSpec { element: *element, occurrence, width: *width });
    }
    specs
}

fn check(encoder: &mut BlockEncoder, schema: &Arc<Schema>, rows: usize, columns: &[Values]) {
    let block = encoder.encode(schema, rows, columns, None);
    let head = Head::read(&block).unwrap();
    assert_eq!(head.rows as usize, rows);
    for (at, values) in columns.iter().enumerate() {
        // Each by itself.
        let mut decoding = Decoding::new(&head, &block);
        decoding.decode(|column| column == at).unwrap();
        let batch = decoding.batch().unwrap();
        let view = batch.column(at).unwrap();
        match values {
            Values::Fixed { width, data } => {
                let mut got = Vec::new();
                (0..rows).for_each(|row| got.extend_from_slice(view.octets(row).0));
                assert!(got == *data, "column {at} of width {width}: {:?}", head.columns[at]);
            }
            Values::Variable { ends, data } => match view {
                View::Variable { ends: e, data: d } => assert!(e == ends && d == data, "column {at}"),
                _ => panic!("column {at} has one width"),
            },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn blocks_of_any_schema_are_read_as_written(
        mut columns in prop::collection::vec(column(), 0..12),
        rows in prop_oneof![12 => 1usize..300, 4 => 300usize..9000, 1 => Just(70_000usize)],
        hosts in prop_oneof![Just(3u64), Just(300), Just(100_000)],
        seed in any::<u64>(), codec in prop::sample::select(vec![Codec::None, Codec::Lz4, Codec::Zstd]),
        quick in prop::bool::weighted(0.1), level in 0i32..4,
    ) {
        if rows > 9000 {
            columns.truncate(4);
        }
        let mut random = Random(seed);
        columns.insert(0, (ie::SRC_ADDR4, 4, Shape::Arbitrary));
        columns.insert(1, (ie::DST_ADDR4, 4, Shape::Arbitrary));
        let schema = Arc::new(Schema::new(specs(&columns)));
        let mut encoder = BlockEncoder::new(codec, level, quick);
        // The second block is of the first one's plan, but its values may be of other shapes.
        for block in 0..3 {
            let rows = if block == 1 { rows.div_ceil(2) } else { rows };
            let mut addresses = [Vec::new(), Vec::new()];
            for _ in 0..rows {
                addresses.iter_mut().for_each(|all| all.push((random.below(hosts) * random.below(hosts)) & 0xFFFF_FFFF));
            }
            let mut values = Vec::new();
            for (at, (_, width, shape)) in columns.iter().enumerate() {
                let shape = if block == 2 && at % 3 == 0 { Shape::Arbitrary } else { *shape };
                let before = match values.last() {
                    Some(Values::Fixed { data, .. }) => data.as_slice(),
                    _ => &[],
                };
                values.push(match addresses.get(at) {
                    Some(all) => {
                        let data = all.iter().flat_map(|n| (*n as u32).to_le_bytes()).collect();
                        Values::Fixed { width: 4, data }
                    }
                    None => fill(*width, shape, rows, before, &addresses, &mut random),
                });
            }
            check(&mut encoder, &schema, rows, &values);
        }
    }
}
