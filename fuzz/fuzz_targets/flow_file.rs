#![no_main]
//! The flow file reader: whatever it is given, it ends, in flows or in an error.

use std::io::Cursor;

use flowtools::file::FlowReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(mut reader) = FlowReader::new(Cursor::new(octets.to_vec()), "fuzz") else { return };
    let mut flows = 0;
    // A zlib stream may hold a thousand times its length: a bound keeps a run short.
    while let Ok(Some(batch)) = reader.next_batch() {
        flows += batch.len();
        if flows > 1_000_000 {
            break;
        }
    }
});
