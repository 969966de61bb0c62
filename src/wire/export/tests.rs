//! Messages taken apart again, as RFC 3954 and RFC 7011 say they are made.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::flow::{About, Column, Element, Fact, FieldSpec, FlowBatch, LOCAL, Order, Schema, VARIABLE, Version, ie};

type Fields = Vec<(u16, u32, u16)>;

/// What a collector of the simplest kind makes of messages.
#[derive(Default)]
struct Taken {
    /// By domain and id; of options templates the flag says so.
    templates: HashMap<(u32, u16), (Fields, bool)>,
    /// Data records of flows, by domain and template: the values of each.
    flows: Vec<(u32, u16, Vec<Vec<u8>>)>,
    options: Vec<Vec<Vec<u8>>>,
    sequences: HashMap<u32, u32>,
    /// Seconds, and in version 9 uptime, of each message.
    clocks: Vec<(u32, u32)>,
    announced: usize,
    withdrawn: usize,
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(octets[at..at + 2].try_into().unwrap())
}

fn u32_at(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(octets[at..at + 4].try_into().unwrap())
}

impl Taken {
    fn message(&mut self, octets: &[u8], protocol: Protocol) {
        assert_eq!(u16_at(octets, 0), protocol.number());
        let nine = protocol == Protocol::V9;
        let at = if nine { 4 } else { 0 };
        let (secs, sequence, domain) = (u32_at(octets, at + 4), u32_at(octets, at + 8), u32_at(octets, at + 12));
        self.clocks.push((secs, if nine { u32_at(octets, 4) } else { 0 }));
        assert_eq!(*self.sequences.entry(domain).or_default(), sequence);
        let (mut records, mut data) = (0, 0);
        let mut rest = &octets[protocol.header()..];
        while !rest.is_empty() {
            let (id, length) = (u16_at(rest, 0), usize::from(u16_at(rest, 2)));
            let set = &rest[4..length];
            let count = match id {
                0 | 2 => self.take_templates(set, domain, protocol),
                1 | 3 => self.take_options_templates(set, domain, protocol),
                _ => self.take_data(set, domain, id),
            };
            assert!(count > 0, "an empty set");
            records += count;
            data += if id >= 256 { count } else { 0 };
            rest = &rest[length..];
        }
        match protocol {
            Protocol::V9 => assert_eq!(usize::from(u16_at(octets, 2)), records),
            Protocol::Ipfix => assert_eq!(usize::from(u16_at(octets, 2)), octets.len()),
        }
        *self.sequences.get_mut(&domain).unwrap() += if nine { 1 } else { data as u32 };
    }

    fn fields(set: &mut &[u8], count: usize, protocol: Protocol) -> Fields {
        let mut field = || {
            let (id, width) = (u16_at(set, 0), u16_at(set, 2));
            let own = protocol == Protocol::Ipfix && id & 0x8000 != 0;
            let enterprise = if own { u32_at(set, 4) } else { 0 };
            *set = &set[if own { 8 } else { 4 }..];
            (if own { id & 0x7fff } else { id }, enterprise, width)
        };
        (0..count).map(|_| field()).collect()
    }

    fn take_templates(&mut self, mut set: &[u8], domain: u32, protocol: Protocol) -> usize {
        let mut count = 0;
        while set.len() >= 4 {
            let (id, fields) = (u16_at(set, 0), u16_at(set, 2).into());
            set = &set[4..];
            let fields = Taken::fields(&mut set, fields, protocol);
            assert!(id >= 256);
            if fields.is_empty() {
                assert!(self.templates.remove(&(domain, id)).is_some(), "a template that is not there is withdrawn");
                (count, self.withdrawn) = (count + 1, self.withdrawn + 1);
                continue;
            }
            self.templates.insert((domain, id), (fields, false));
            (count, self.announced) = (count + 1, self.announced + 1);
        }
        count
    }

    fn take_options_templates(&mut self, mut set: &[u8], domain: u32, protocol: Protocol) -> usize {
        let mut count = 0;
        while set.len() >= 6 {
            let (id, first, second) = (u16_at(set, 0), u16_at(set, 2), u16_at(set, 4));
            set = &set[6..];
            let fields = if protocol == Protocol::V9 { (first + second) / 4 } else { first };
            let fields = Taken::fields(&mut set, fields.into(), protocol);
            self.templates.insert((domain, id), (fields, true));
            count += 1;
        }
        count
    }

    fn take_data(&mut self, mut set: &[u8], domain: u32, id: u16) -> usize {
        let (fields, options) = self.templates.get(&(domain, id)).expect("a template before its data").clone();
        let least: usize = fields.iter().map(|f| if f.2 == VARIABLE { 1 } else { f.2.into() }).sum();
        let mut count = 0;
        while set.len() >= least {
            let mut values = Vec::new();
            for (_, _, width) in &fields {
                let (head, length): (usize, usize) = match (*width, set.first().copied().unwrap_or(0)) {
                    (VARIABLE, 255) => (3, u16_at(set, 1).into()),
                    (VARIABLE, length) => (1, length.into()),
                    (width, _) => (0, width.into()),
                };
                values.push(set[head..head + length].to_vec());
                set = &set[head + length..];
            }
            match options {
                true => self.options.push(values),
                false => self.flows.push((domain, id, values)),
            }
            count += 1;
        }
        assert!(set.len() < 4 && set.iter().all(|octet| *octet == 0), "padding");
        count
    }
}

/// Encodes batches, takes the messages apart again, and sees that none is too long and the counts are right.
fn taken(encoder: &mut TemplateEncoder, options: &TemplateOptions, batches: &[FlowBatch]) -> Taken {
    let mut taken = Taken::default();
    let mut flows = 0;
    let mut send = |export: crate::wire::Export<'_>| -> Result<(), Infallible> {
        assert!(export.octets.len() <= options.octets);
        flows += usize::from(export.flows);
        taken.message(export.octets, options.protocol);
        Ok(())
    };
    for batch in batches {
        encoder.encode(batch, 1_700_000_000_000, &mut send).unwrap();
    }
    encoder.finish(&mut send).unwrap();
    assert_eq!(flows, taken.flows.len());
    taken
}

fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet))
}

/// Version 5 records with clocks of their own: 1.7e9 s and so many ms since boot, flows of 100 ms that ended then.
fn v5(clocks: &[(u32, u32)]) -> FlowBatch {
    let layout = Version::V5.layout();
    let mut octets = vec![0; layout.size * clocks.len()];
    for (record, (secs, uptime)) in octets.chunks_exact_mut(layout.size).zip(clocks) {
        let mut put = |element, value: u32| {
            let at = layout.find(element).unwrap().0;
            record[at..at + 4].copy_from_slice(&value.to_be_bytes());
        };
        put(ie::UNIX_SECS, *secs);
        put(ie::UPTIME, *uptime);
        put(ie::LAST, *uptime);
        put(ie::FIRST, uptime - 100);
        put(ie::OCTETS, *secs);
    }
    FlowBatch::from_raw(Version::V5, Order::Big, octets)
}

#[test]
fn flows_of_different_clocks_share_a_message_and_keep_their_times() {
    const T: u32 = 1_700_000_000;
    let clocks: Vec<(u32, u32)> = (0..20).map(|n| (T + n, 1_000_000 + 7 * n)).collect();
    for protocol in [Protocol::V9, Protocol::Ipfix] {
        let options = TemplateOptions { protocol, ..TemplateOptions::default() };
        let taken = taken(&mut TemplateEncoder::new(options.clone()), &options, &[v5(&clocks)]);
        assert_eq!((taken.clocks.len(), taken.flows.len()), (1, 20));
        let (secs, uptime) = taken.clocks[0];
        let boot = u64::from(secs) * 1000 - u64::from(uptime);
        assert_eq!(secs, T + 19);
        for ((_, _, values), (secs, _)) in taken.flows.iter().zip(&clocks) {
            let base = if protocol == Protocol::V9 { boot } else { 0 };
            assert_eq!(base + number(&values[8]), u64::from(*secs) * 1000);
            assert_eq!(base + number(&values[7]), u64::from(*secs) * 1000 - 100);
            assert_eq!(number(&values[6]), u64::from(*secs));
        }
    }
}

#[test]
fn uptimes_begin_anew_where_32_bits_cannot_tell_them() {
    const DAY: u32 = 86_400;
    let clocks: Vec<(u32, u32)> = [0, 10, 60, 10, 0, 300].iter().map(|day| (1_600_000_000 + day * DAY, 5000)).collect();
    let options = TemplateOptions { protocol: Protocol::V9, ..TemplateOptions::default() };
    let taken = taken(&mut TemplateEncoder::new(options.clone()), &options, &[v5(&clocks)]);
    assert_eq!(taken.flows.len(), clocks.len());
    assert_eq!(taken.clocks.len(), 4);
    let mut boots = taken.clocks.iter().map(|(secs, uptime)| u64::from(*secs) * 1000 - u64::from(*uptime));
    let ends: Vec<u64> = taken.flows.iter().map(|(_, _, values)| number(&values[8])).collect();
    let first = boots.next().unwrap();
    assert_eq!((first + ends[0], first + ends[1]), (1_600_000_000_000, 1_600_000_000_000 + u64::from(10 * DAY) * 1000));
    // A broken clock is sent as it is, and does no harm to others.
    let broken = v5(&[(1_600_000_000, 5000), (0, u32::MAX), (1_600_000_000, 5000)]);
    assert_eq!(super::tests::taken(&mut TemplateEncoder::new(options.clone()), &options, &[broken]).flows.len(), 3);
}

#[test]
fn templates_come_again_but_not_over_connections() {
    let many: Vec<(u32, u32)> = vec![(1_700_000_000, 5000); 30 * 100];
    for (refresh, least, most) in [(Some(Refresh { messages: 20, seconds: 60 }), 5, 8), (None, 1, 1)] {
        for protocol in [Protocol::V9, Protocol::Ipfix] {
            let options = TemplateOptions { protocol, refresh, ..TemplateOptions::default() };
            let taken = taken(&mut TemplateEncoder::new(options.clone()), &options, &[v5(&many)]);
            assert_eq!(taken.flows.len(), many.len());
            assert!((least..=most).contains(&taken.announced), "{}", taken.announced);
        }
    }
    // By time.
    let options = TemplateOptions::default();
    let mut encoder = TemplateEncoder::new(options);
    let (mut taken, batch) = (Taken::default(), v5(&[(1_700_000_000, 5000)]));
    for now in [0, 1000, 59_000, 61_000, 62_000] {
        let mut send = |export: crate::wire::Export<'_>| -> Result<(), Infallible> {
            taken.message(export.octets, Protocol::Ipfix);
            Ok(())
        };
        encoder.encode(&batch, now, &mut send).unwrap();
        encoder.finish(&mut send).unwrap();
    }
    assert_eq!(taken.announced, 2);
}

#[test]
fn domains_and_exporters_have_messages_of_their_own() {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let specs = vec![spec(ie::OCTETS, 8), spec(ie::EXPORTER4, 4), spec(Element::iana(149), 4)];
    let numbers = |list: &[u32]| list.iter().flat_map(|n| n.to_ne_bytes()).collect::<Vec<u8>>();
    let octets: Vec<u8> = (0..6u64).flat_map(u64::to_ne_bytes).collect();
    let columns = vec![
        Column::Plain { width: 8, data: octets },
        Column::Plain { width: 4, data: numbers(&[1, 1, 2, 2, 1, 1]) },
        Column::Plain { width: 4, data: numbers(&[7, 8, 7, 8, 7, 8]) },
    ];
    let mut batch = FlowBatch::from_columns(Arc::new(Schema::new(specs)), 6, columns);
    let options = TemplateOptions::default();
    let taken_all = taken(&mut TemplateEncoder::new(options.clone()), &options, std::slice::from_ref(&batch));
    let got: Vec<(u32, u64)> =
        taken_all.flows.iter().map(|(domain, _, values)| (*domain, number(&values[0]))).collect();
    assert_eq!(got, [(7, 0), (7, 2), (7, 4), (8, 1), (8, 3), (8, 5)]);
    batch.select(vec![1, 2, 5]);
    let mut encoder = TemplateEncoder::new(TemplateOptions { by_exporter: true, ..options });
    let mut sent = Vec::new();
    let mut send = |export: crate::wire::Export<'_>| -> Result<(), Infallible> {
        sent.push((export.exporter.to_bits(), u32_at(export.octets, 12), export.flows));
        Ok(())
    };
    encoder.encode(&batch, 0, &mut send).unwrap();
    encoder.finish(&mut send).unwrap();
    assert_eq!(sent, [(1, 8, 2), (2, 7, 1)]);
}

#[test]
fn facts_go_in_front_of_their_domains_flows() {
    let fact = |domain, index, name: &str| Fact {
        exporter: [192, 0, 2, 1].into(),
        domain,
        about: About::Interface(index),
        name: name.into(),
        description: String::new(),
    };
    for protocol in [Protocol::V9, Protocol::Ipfix] {
        let options = TemplateOptions { protocol, octets: 256, ..TemplateOptions::default() };
        let mut encoder = TemplateEncoder::new(options.clone());
        encoder.set_facts(vec![fact(0, 1, "eth0"), fact(0, 2, "eth1"), fact(5, 1, "none of ours")]);
        let taken = taken(&mut encoder, &options, &[v5(&[(1_700_000_000, 5000); 9])]);
        assert_eq!((taken.flows.len(), taken.options.len()), (9, 2));
        // The scope is before them.
        assert_eq!(number(&taken.options[1][1]), 2);
        assert!(taken.options[1][2].starts_with(b"eth1"));
        // What their flows were exported at is what messages say, not when the facts were sent.
        assert!(taken.clocks.iter().rev().take(3).all(|(secs, _)| *secs == 1_700_000_000));
    }
}

fn metering(started_ms: u64, sampling: u32) -> Vec<Metering> {
    let of = |interface, name: &str| Metering { process: 77, started_ms, interface, name: name.into(), sampling };
    vec![of(3, "eth0"), of(4, "a-name-of-more-than-16-octets")]
}

#[test]
fn meters_say_what_softflowd_does() {
    const T: u64 = 1_700_000_000_000;
    for protocol in [Protocol::V9, Protocol::Ipfix] {
        let options = TemplateOptions { protocol, ..TemplateOptions::default() };
        let mut encoder = TemplateEncoder::new(options.clone());
        encoder.set_metering(metering(T - 7000, 100));
        let taken = taken(&mut encoder, &options, &[v5(&[(1_700_000_000, 5000); 900])]);
        // With templates, every 20 messages.
        assert!(taken.announced > 1);
        assert_eq!(taken.options.len(), 2 * taken.announced);
        let fields = &taken.templates[&(0, 0xFEFF)].0;
        let values: Vec<u64> = taken.options[0].iter().map(|value| number(&value[..value.len().min(8)])).collect();
        let name = u64::from_be_bytes(*b"eth0\0\0\0\0");
        let ids: Vec<u16> = fields.iter().map(|field| field.0).collect();
        match protocol {
            Protocol::V9 => assert_eq!((ids, values), (vec![2, 34, 35, 82], vec![3, 100, 1, name])),
            Protocol::Ipfix => {
                assert_eq!(ids, [143, 10, 160, 305, 306, 304, 82]);
                assert_eq!(values, [77, 3, T - 7000, 1, 99, 1, name]);
            }
        }
        assert_eq!(taken.options[1].last().unwrap(), b"a-name-of-more-t");
    }
}

#[test]
fn uptimes_stay_uptimes_where_the_schema_is_the_template() {
    const T: u32 = 1_700_000_000;
    let clocks = [(T, 5000), (T + 1, 9000), (T + 60 * 86_400, 5000)];
    let options = TemplateOptions { verbatim: true, ..TemplateOptions::default() };
    // From when the meter was started on, or where 32 bits do not tell that, from some time.
    for started in [u64::from(T) * 1000 - 3_600_000, 5] {
        let mut encoder = TemplateEncoder::new(options.clone());
        encoder.set_metering(metering(started, 1));
        let taken = taken(&mut encoder, &options, &[v5(&clocks)]);
        let fields = &taken.templates[&(0, 256)].0;
        let at = fields.iter().position(|field| *field == (21, 0, 4)).unwrap();
        let boots: Vec<u64> = taken.options.iter().step_by(2).map(|values| number(&values[2])).collect();
        assert_eq!(boots.len(), 2);
        assert_eq!(boots[0] == started, started != 5);
        for ((_, _, values), ((secs, _), boot)) in taken.flows.iter().zip(clocks.iter().zip([0, 0, 1])) {
            assert_eq!(boots[boot] + number(&values[at]), u64::from(*secs) * 1000);
        }
    }
}

#[test]
fn padding_and_exporter_are_sent_where_the_schema_is_the_template() {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let specs = vec![spec(ie::PADDING, 3), spec(ie::EXPORTER4, 4), spec(ie::OCTETS, 3)];
    let columns = vec![
        Column::Constant { value: vec![0; 3] },
        Column::Constant { value: 9u32.to_ne_bytes().to_vec() },
        Column::Constant { value: 7u64.to_ne_bytes()[if cfg!(target_endian = "big") { 5..8 } else { 0..3 }].to_vec() },
    ];
    let batch = FlowBatch::from_columns(Arc::new(Schema::new(specs)), 1, columns);
    for protocol in [Protocol::V9, Protocol::Ipfix] {
        let options = TemplateOptions { protocol, verbatim: true, ..TemplateOptions::default() };
        let taken = taken(&mut TemplateEncoder::new(options.clone()), &options, std::slice::from_ref(&batch));
        assert_eq!(taken.flows[0].2, [vec![0; 3], vec![0, 0, 0, 9], vec![0, 0, 7]]);
    }
}

#[test]
fn schemas_that_are_done_with_have_their_templates_withdrawn_over_connections() {
    let spec = |element, width| FieldSpec { element, occurrence: 0, width };
    let batch = |width| {
        let specs = vec![spec(ie::OCTETS, width)];
        FlowBatch::from_columns(
            Arc::new(Schema::new(specs)),
            1,
            vec![Column::Constant { value: vec![1; width.into()] }],
        )
    };
    for (refresh, withdrawn) in [(None, 2), (Some(Refresh::default()), 0)] {
        let options = TemplateOptions { refresh, octets: 40, ..TemplateOptions::default() };
        let (mut encoder, mut taken) = (TemplateEncoder::new(options), Taken::default());
        let mut send = |export: crate::wire::Export<'_>| -> Result<(), Infallible> {
            taken.message(export.octets, Protocol::Ipfix);
            Ok(())
        };
        encoder.encode(&batch(8), 0, &mut send).unwrap();
        encoder.encode(&batch(4), 0, &mut send).unwrap();
        encoder.retire(&mut send).unwrap();
        encoder.retire(&mut send).unwrap();
        // What had a template before has another.
        encoder.encode(&batch(2), 0, &mut send).unwrap();
        encoder.encode(&batch(8), 0, &mut send).unwrap();
        encoder.finish(&mut send).unwrap();
        assert_eq!(taken.flows.iter().map(|flow| flow.1).collect::<Vec<_>>(), [256, 257, 258, 259]);
        assert_eq!((taken.announced, taken.withdrawn), (4, withdrawn));
    }
}

/// A column of a random schema: element, width, and of what kind.
fn columns() -> impl Strategy<Value = Vec<(Element, u16, u8)>> {
    let enterprise = prop_oneof![4 => Just(0u32), 1 => Just(9), 1 => Just(29305), 1 => Just(LOCAL)];
    let id =
        prop_oneof![3 => 1u16..400, 1 => any::<u16>(), 1 => prop::sample::select(vec![21u16, 22, 152, 130, 149, 158])];
    let width = prop_oneof![6 => prop::sample::select(vec![1u16, 2, 4, 8, 16]), 2 => 0u16..40, 1 => 0u16..1500, 2 => Just(VARIABLE)];
    prop::collection::vec((enterprise, id, width, 0u8..4), 0..30).prop_map(|columns| {
        let mut seen = std::collections::HashSet::new();
        let all = columns.into_iter().map(|(enterprise, id, width, kind)| (Element { enterprise, id }, width, kind));
        all.filter(|(element, _, _)| seen.insert(*element)).collect()
    })
}

fn batch(columns: &[(Element, u16, u8)], rows: usize, seed: u64) -> FlowBatch {
    let mut state = seed;
    let mut octets = |count: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        (0..count).map(|_| next()).collect()
    };
    let column = |(_, width, kind): &(Element, u16, u8)| match (*width, *kind) {
        (VARIABLE, _) => {
            let lengths: Vec<u32> = octets(rows).into_iter().map(|n| u32::from(n) * u32::from(n % 5)).collect();
            let ends = lengths.iter().scan(0, |end, n| {
                *end += n;
                Some(*end)
            });
            Column::Variable { ends: ends.collect(), data: octets(lengths.iter().sum::<u32>() as usize) }
        }
        (width, 0) => Column::Constant { value: octets(width.into()) },
        (width, 1) => Column::Dictionary {
            width,
            values: Arc::new(octets(usize::from(width) * 3)),
            index: Arc::new(octets(rows).into_iter().map(|n| u32::from(n % 3)).collect()),
        },
        (width, _) => Column::Plain { width, data: octets(usize::from(width) * rows) },
    };
    let made = columns.iter().map(column).collect();
    let spec = |(element, width, _): &(Element, u16, u8)| FieldSpec { element: *element, occurrence: 0, width: *width };
    FlowBatch::from_columns(Arc::new(Schema::new(columns.iter().map(spec).collect())), rows, made)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_schema_is_sent_in_messages_that_can_be_taken_apart(
        schemas in prop::collection::vec((columns(), 0usize..70, any::<u64>()), 1..4),
        nine: bool,
        octets in prop_oneof![48usize..200, 400usize..1500, Just(65_535)],
        clocked: bool,
        verbatim: bool,
    ) {
        let protocol = if nine { Protocol::V9 } else { Protocol::Ipfix };
        let options = TemplateOptions { protocol, octets, verbatim, ..TemplateOptions::default() };
        let mut encoder = TemplateEncoder::new(options.clone());
        encoder.set_metering(metering(1_699_999_000_000, 3));
        let mut batches: Vec<FlowBatch> = schemas
            .into_iter()
            .map(|(mut columns, rows, seed)| {
                if clocked {
                    columns.extend([(ie::UNIX_SECS, 4, 2), (ie::UPTIME, 4, 2)]);
                }
                batch(&columns, rows, seed)
            })
            .collect();
        batches.push(batches[0].clone());
        let taken = taken(&mut encoder, &options, &batches);
        let all: usize = batches.iter().map(FlowBatch::len).sum();
        prop_assert_eq!(taken.flows.len() as u64 + encoder.left_out().flows, all as u64);
        // Of one schema and domain, flows come in their order with their values.
        let (first, fields) = (&batches[0], batches[0].schema().fields());
        let plain = |at: &usize| fields[*at].element.enterprise == 0 && fields[*at].width == VARIABLE;
        if let (false, Some(at), None) = (nine, (0..fields.len()).find(plain), first.schema().position(Element::iana(149), 0)) {
            let mine: Vec<_> = taken.flows.iter().filter(|(_, id, _)| *id == 256).collect();
            if encoder.left_out().flows == 0 && !first.is_empty() {
                let element = fields[at].element.id;
                let template = &taken.templates[&(0, 256)].0;
                if let Some(place) = template.iter().position(|f| (f.0, f.1) == (element, 0)) {
                    for (row, flow) in mine.iter().enumerate().take(first.len()) {
                        prop_assert_eq!(&flow.2[place][..], first.column(at).unwrap().octets(row).0);
                    }
                }
            }
        }
    }
}
