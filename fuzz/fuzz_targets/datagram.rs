#![no_main]
//! The datagram decoder: two-octet lengths cut the input into messages of one exporter, which is heard by UDP and over
//! a connection in turn. What it knows then is saved and loaded; the input itself is taken for saved templates, too.

use std::net::{IpAddr, Ipv4Addr};

use flowtools::flow::time::FlowTimes;
use flowtools::print::JsonWriter;
use flowtools::wire::{Decoder, Records, Session};
use libfuzzer_sys::fuzz_target;

const EXPORTER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fuzz_target!(|octets: &[u8]| {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    if octets.first().is_some_and(|first| first & 1 == 1) {
        decoder = decoder.scale_sampling();
    }
    let (mut json, mut text, mut times) = (JsonWriter::default(), Vec::new(), FlowTimes::default());
    let mut rest = octets;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (message, next) = tail.split_at(tail.len().min(u16::from_be_bytes(*length).into()));
        let _ = decoder.decode(EXPORTER, 2055, message, &mut records);
        let _ = decoder.decode_in(Session::connection(EXPORTER, 2055, 1), message, &mut records);
        for batch in records.drain() {
            times.gather(&batch);
            json.write(&batch, &mut text);
            text.clear();
        }
        let _ = records.facts().count();
        rest = next;
    }
    let mut saved = Vec::new();
    decoder.save(&mut saved);
    assert!(Decoder::new().load(&saved).is_ok());
    let _ = decoder.load(octets);
});
