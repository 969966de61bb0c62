#![no_main]
//! Capture files and the packets in them.

use std::io::Cursor;

use flowtools::meter::fragments::Fragments;
use flowtools::meter::packet::{Ip, udp_payload};
use flowtools::meter::source::Capture;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(mut capture) = Capture::open(Box::new(Cursor::new(octets.to_vec()))) else { return };
    let mut fragments = Fragments::default();
    while let Ok(Some(frame)) = capture.next_frame() {
        let _ = udp_payload(&frame);
        let _ = Ip::of(&frame, true);
        if let Ok(ip) = Ip::of(&frame, false) {
            fragments.resolve(&ip, [1, 2], frame.time_ns);
        }
    }
});
