#![no_main]
//! The datagram decoder: two-octet lengths cut the input into datagrams of one exporter.

use std::net::{IpAddr, Ipv4Addr};

use flowtools::wire::{Decoder, Records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let (mut decoder, mut records) = (Decoder::new(), Records::new());
    let mut rest = octets;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (datagram, next) = tail.split_at(tail.len().min(u16::from_be_bytes(*length).into()));
        let _ = decoder.decode(IpAddr::V4(Ipv4Addr::LOCALHOST), 2055, datagram, &mut records);
        records.clear();
        rest = next;
    }
});
