//! Grouping and ranking against the plainest way of doing either.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use super::tests::{flow, v5, v6};
use super::*;
use crate::flow::{Field, FlowBatch};

const PAIR: [Part; 2] = [Part::Address(Field::SrcAddr), Part::Address(Field::DstAddr)];

/// Numbers that look random.
fn random() -> impl FnMut(u64) -> u64 {
    let mut state = 7u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// Batches of flows between `hosts` hosts, and what each pair comes to.
fn traffic(flows: usize, hosts: u64) -> (Vec<FlowBatch>, BTreeMap<(u32, u32), Counts>) {
    let (mut random, mut sums) = (random(), BTreeMap::<_, Counts>::new());
    let records: Vec<Vec<u8>> = (0..flows)
        .map(|_| {
            let (src, dst) = (random(hosts) as u32 * 257, random(hosts) as u32);
            let (octets, packets) = (random(50) as u32 * 40, 1 + random(3) as u32);
            let counts = Counts { flows: 1, octets: octets.into(), packets: packets.into(), duration: 1000 };
            sums.entry((src, dst)).or_default().add(&counts);
            flow([src, dst], [random(9) as u16, random(9) as u16], [1, 6, 17][random(3) as usize], octets, packets)
        })
        .collect();
    (records.chunks(1000).map(v5).collect(), sums)
}

/// Groups on three threads' workers, each with every third batch.
fn group(grouping: Grouping, batches: &[FlowBatch]) -> Groups {
    let aggregation = Aggregation::new(grouping).threads(3);
    let work = |thread: usize| {
        let mut worker = aggregation.worker();
        batches.iter().skip(thread).step_by(3).for_each(|batch| worker.add(batch));
        worker.finish()
    };
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    aggregation.finish(outcomes)
}

fn all(groups: &mut Groups, by: SortBy, descending: bool, limit: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let see = |some: &[Entry]| {
        entries.extend_from_slice(some);
        Ok::<_, ()>(())
    };
    groups.visit(Order { by, descending }, limit, see).unwrap();
    entries
}

/// Few groups, many groups, groups of which nearly all have one flow; in every order.
#[test]
fn groups_are_what_a_plain_map_says() {
    for (flows, hosts) in [(0, 1), (3_000, 8), (50_000, 300)] {
        let (batches, sums) = traffic(flows, hosts);
        for duration in [false, true] {
            let mut groups = group(Grouping::by(&PAIR).unwrap().with_duration(duration), &batches);
            assert_eq!((groups.len(), groups.totals().flows), (sums.len(), flows as u64));
            let layout = groups.layout().clone();
            let key = |e: &Entry| (layout.value(&e.key, 0) as u32, layout.value(&e.key, 1) as u32);
            let value = |e: &Entry, by| match by {
                SortBy::Part(part) => layout.value(&e.key, part) as u64,
                SortBy::Flows => e.counts.flows,
                SortBy::Octets => e.counts.octets,
                SortBy::Packets => e.counts.packets,
                SortBy::Duration | SortBy::Arrival | SortBy::Seen | SortBy::Rate(_) => e.counts.duration,
            };
            for by in [SortBy::Octets, SortBy::Part(1), SortBy::Flows, SortBy::Part(0), SortBy::Packets] {
                for descending in [true, false] {
                    let entries = all(&mut groups, by, descending, usize::MAX);
                    let ranked: Vec<(u64, (u32, u32))> = entries
                        .iter()
                        .map(|e| (if descending { !value(e, by) } else { value(e, by) }, key(e)))
                        .collect();
                    assert!(ranked.is_sorted(), "{by:?} {descending}");
                    for entry in &entries {
                        let want = sums[&key(entry)];
                        let want = if duration { want } else { Counts { duration: 0, ..want } };
                        assert_eq!(entry.counts, want);
                    }
                    let some = all(&mut groups, by, descending, 10);
                    assert_eq!(some, entries[..10.min(entries.len())]);
                }
            }
        }
    }
}

#[test]
fn text_comes_in_order_from_all_threads() {
    let (batches, sums) = traffic(60_000, 300);
    let mut groups = group(Grouping::by(&PAIR).unwrap(), &batches);
    let mut out = String::new();
    let order = Order { by: SortBy::Part(0), descending: false };
    let line = |entry: &Entry, text: &mut Vec<u8>| text.extend_from_slice(format!("{:x}\n", entry.key[0]).as_bytes());
    let sink = |text: &[u8]| {
        out += std::str::from_utf8(text).unwrap();
        Ok::<_, ()>(())
    };
    groups.render(order, usize::MAX, line, sink).unwrap();
    let want: String =
        sums.keys().map(|(src, dst)| format!("{:x}\n", u64::from(*src) << 32 | u64::from(*dst))).collect();
    assert_eq!(out, want);
    let stopped = groups.render(order, usize::MAX, line, |_| Err("closed"));
    assert_eq!(stopped, Err("closed"));
}

/// Small keys go a way of their own, and only where the batch has them as small numbers.
#[test]
fn ports_count_on_both_sides_and_only_where_there_are_any() {
    let batch =
        v5(&[flow([1, 2], [80, 5000], 6, 100, 1), flow([1, 2], [53, 53], 17, 50, 2), flow([1, 2], [80, 80], 1, 9, 9)]);
    let either = Grouping::by_either(Part::Number(Field::SrcPort), Part::Number(Field::DstPort)).ports_only(true);
    let mut groups = group(either, &[batch]);
    let entries = all(&mut groups, SortBy::Part(0), false, usize::MAX);
    let seen: Vec<(u128, u64, u64)> =
        entries.iter().map(|e| (groups.layout().value(&e.key, 0), e.counts.flows, e.counts.octets)).collect();
    assert_eq!(seen, [(53, 2, 100), (80, 1, 100), (5000, 1, 100)]);
    assert_eq!(*groups.totals(), Counts { flows: 2, octets: 150, packets: 3, duration: 0 });
}

#[test]
fn both_kinds_of_address_stand_in_one_report() {
    let one = "2001:db8:1::1".parse::<Ipv6Addr>().unwrap().to_bits();
    let other = "2001:db8:1:2::2".parse::<Ipv6Addr>().unwrap().to_bits();
    let batches = [
        v5(&[flow([0x0A00_0001, 0x0A00_0002], [1, 2], 6, 10, 1)]),
        v6(&[(one, other, 1 << 40), (one, other, 1 << 40), (other, one, 3)]),
    ];
    let mut groups = group(Grouping::by(&PAIR).unwrap(), &batches);
    assert!(groups.layout().is_wide());
    let entries = all(&mut groups, SortBy::Octets, true, usize::MAX);
    let layout = groups.layout();
    let seen: Vec<(String, u64)> =
        entries.iter().map(|e| (layout.address(&e.key, 0).to_string(), e.counts.octets)).collect();
    let want = [("2001:db8:1::1", 2 << 40), ("10.0.0.1", 10), ("2001:db8:1:2::2", 3)];
    assert_eq!(seen, want.map(|(address, octets)| (address.to_owned(), octets)));
    // Of one network; the batch of IPv4 has no lengths, so its addresses stand for themselves.
    let network = Grouping::by(&[Part::Network(Field::SrcAddr, Field::SrcMask), Part::Number(Field::SrcMask)]).unwrap();
    let mut groups = group(network, &batches);
    let entries = all(&mut groups, SortBy::Part(0), false, usize::MAX);
    let addresses: Vec<IpAddr> = entries.iter().map(|e| groups.layout().address(&e.key, 0)).collect();
    assert_eq!(addresses, ["10.0.0.1", "2001:db8:1::"].map(|text| text.parse::<IpAddr>().unwrap()));
}

#[test]
fn flows_without_the_key_are_counted_and_left_out() {
    let batches = [v5(&[flow([1, 2], [3, 4], 6, 10, 1)]), v6(&[(1, 2, 3), (4, 5, 6)])];
    let by = |field| {
        let groups = group(Grouping::by(&[Part::Number(field)]).unwrap(), &batches);
        (groups.len(), groups.lacking(), groups.totals().flows)
    };
    assert_eq!(by(Field::SrcTag), (0, 3, 0));
    // What every record of version 5 has is 0 of flows that do not tell it.
    assert_eq!(by(Field::SrcAs), (1, 0, 3));
}

#[test]
fn counters_are_as_wide_as_they_need_to_be() {
    let mut groups = group(Grouping::by(&PAIR).unwrap(), &[v6(&[(1, 2, u64::MAX), (1, 2, 5)])]);
    let entries = all(&mut groups, SortBy::Flows, true, 1);
    assert_eq!(entries.first().map(|e| (e.counts.flows, e.counts.octets)), Some((2, u64::MAX)));
}

/// Groups of batches taken in order, in the order in which they came: sources, flows, octets, mean bits a second.
fn taken(batches: &[FlowBatch], threads: usize, again: bool) -> Vec<(u32, u64, u64, f64)> {
    let grouping = Grouping::by(&PAIR[..1]).unwrap().with_rates();
    let first = Aggregation::new(grouping).threads(threads);
    let mut stager = first.stager();
    let mut aggregation = if again { first.again() } else { first };
    batches.iter().for_each(|batch| aggregation.take(stager.stage(batch, |_| ())));
    let mut groups = aggregation.finish(Vec::new());
    let layout = groups.layout().clone();
    let mut seen = Vec::new();
    let order = Order { by: SortBy::Seen, descending: false };
    let see = |entries: &[Entry]| {
        let row = |e: &Entry| {
            let source = layout.value(&e.key, 0) as u32;
            (source, e.counts.flows, e.counts.octets, e.rates.get(Rate::Mean(Unit::Bits)))
        };
        seen.extend(entries.iter().map(row));
        Ok::<_, ()>(())
    };
    groups.visit(order, usize::MAX, see).unwrap();
    seen
}

#[test]
fn flows_taken_in_order_are_summed_in_order() {
    let mut random = random();
    let mut records: Vec<Vec<u8>> = (0..400_000)
        .map(|_| {
            let mut record = flow([random(3000) as u32 * 257, 1], [1, 2], 6, random(9000) as u32, 1);
            let last = crate::flow::Version::V5.layout().schema.resolve(Field::Last).unwrap();
            let at = usize::from(crate::flow::Version::V5.layout().offsets[last]);
            record[at..at + 4].copy_from_slice(&(1 + random(977) as u32).to_be_bytes());
            record
        })
        .collect();
    let plain = |records: &[Vec<u8>]| {
        let (mut places, mut rows) = (BTreeMap::new(), Vec::<(u32, u64, u64, f64)>::new());
        for record in records {
            let number = |field: Field| {
                let layout = crate::flow::Version::V5.layout();
                let at = usize::from(layout.offsets[layout.schema.resolve(field).unwrap()]);
                u32::from_be_bytes(record[at..at + 4].try_into().unwrap())
            };
            let (source, octets, last) = (number(Field::SrcAddr), number(Field::Octets), number(Field::Last));
            let place = *places.entry(source).or_insert(rows.len());
            if place == rows.len() {
                rows.push((source, 0, 0, 0.0));
            }
            let row = &mut rows[place];
            (row.1, row.2) = (row.1 + 1, row.2 + u64::from(octets));
            row.3 += f64::from(octets) * 8.0 / (f64::from(last) / 1000.0);
        }
        rows.iter_mut().for_each(|row| row.3 /= row.1 as f64);
        rows
    };
    let batches = |records: &[Vec<u8>]| records.chunks(4096).map(v5).collect::<Vec<_>>();
    let want = plain(&records);
    for (threads, again) in [(1, false), (3, true)] {
        assert!(taken(&batches(&records), threads, again) == want, "{threads} threads");
    }
    // A flow of more octets than others have room for, between them.
    records.truncate(9000);
    let large = v6(&[(u128::from(u32::MAX) << 64, 1, 1 << 40)]);
    let mut mixed = batches(&records);
    mixed.insert(1, large);
    let seen = taken(&mixed, 2, false);
    assert_eq!(seen.len(), plain(&records).len() + 1);
    assert_eq!(seen.iter().filter(|row| row.2 >= 1 << 40).count(), 1);
}
