//! Version 5, the version most in use: its 48 octets become the 64 stored ones without a table.
//!
//! The first 36 octets of the wire's record lie in the same order in the stored one, 16 octets further on.

use super::layout::{u16_in, u32_in};
use crate::flow::Order;

/// Octets of a record on the wire.
pub(super) const WIRE: usize = 48;
/// Octets of a stored record.
pub(super) const STORED: usize = 64;

/// Where the 32-bit numbers of the record on the wire lie.
const FOURS: [usize; 7] = [0, 4, 8, 16, 20, 24, 28];
/// Where the first 16-bit numbers lie; the AS numbers move.
const TWOS: [usize; 4] = [12, 14, 32, 34];

/// Fills stored records, in this machine's order, from as many on the wire. Each begins as a copy of `template`, which
/// has the head.
pub(super) fn decode(wire: &[u8], template: &[u8; STORED], stored: &mut [u8]) {
    for (wire, record) in wire.chunks_exact(WIRE).zip(stored.chunks_exact_mut(STORED)) {
        if let (Some(wire), Some(record)) = (wire.first_chunk(), record.first_chunk_mut()) {
            *record = *template;
            fill(wire, record);
        }
    }
}

#[inline(always)]
fn fill(w: &[u8; WIRE], record: &mut [u8; STORED]) {
    for at in FOURS {
        let number = u32::from_be_bytes([w[at], w[at + 1], w[at + 2], w[at + 3]]);
        record[at + 16..at + 20].copy_from_slice(&number.to_ne_bytes());
    }
    for at in TWOS {
        let number = u16::from_be_bytes([w[at], w[at + 1]]);
        record[at + 16..at + 18].copy_from_slice(&number.to_ne_bytes());
    }
    (record[52], record[53], record[54]) = (w[38], w[39], w[37]);
    (record[58], record[59]) = (w[44], w[45]);
    record[60..62].copy_from_slice(&u16::from_be_bytes([w[40], w[41]]).to_ne_bytes());
    record[62..64].copy_from_slice(&u16::from_be_bytes([w[42], w[43]]).to_ne_bytes());
}

/// The record on the wire of a stored one (version 5 or, without its tags, 1005) in `order`.
#[inline(always)]
pub(super) fn encode(record: &[u8; STORED], order: Order, w: &mut [u8; WIRE]) {
    let two = |at: usize| u16_in(order, [record[at], record[at + 1]]).to_be_bytes();
    let four = |at: usize| {
        let bytes = [record[at], record[at + 1], record[at + 2], record[at + 3]];
        u32_in(order, bytes).to_be_bytes()
    };
    for at in FOURS {
        w[at..at + 4].copy_from_slice(&four(at + 16));
    }
    for at in TWOS {
        w[at..at + 2].copy_from_slice(&two(at + 16));
    }
    (w[38], w[39], w[37]) = (record[52], record[53], record[54]);
    (w[44], w[45]) = (record[58], record[59]);
    w[40..42].copy_from_slice(&two(60));
    w[42..44].copy_from_slice(&two(62));
    (w[36], w[46], w[47]) = (0, 0, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Version;
    use crate::wire::layout::{Head, plan};

    #[test]
    fn the_straight_line_does_what_the_table_says() {
        let wire: [u8; WIRE] = std::array::from_fn(|i| i as u8 + 1);
        let head = Head { unix_secs: 7, engine_type: 8, engine_id: 9, exporter: 0x0a00_0001, ..Head::default() };
        let plan = plan(Version::V5).unwrap();
        let mut blank = [0; STORED];
        plan.clock.write(&head, &mut blank);
        let (mut table, moves) = (blank, &plan.moves);
        moves.decode(&wire, &mut table);
        let mut record = [0; STORED];
        decode(&wire, &blank, &mut record);
        assert_eq!(record, table);
        for order in [Order::Little, Order::Big] {
            let mut table = [0; WIRE];
            moves.encode(&record, order, &mut table);
            let mut straight = [0xFF; WIRE];
            encode(&record, order, &mut straight);
            assert_eq!(straight, table);
        }
        let mut back = [0; WIRE];
        encode(&record, Order::HOST, &mut back);
        (back[36], back[46], back[47]) = (wire[36], wire[46], wire[47]);
        assert_eq!(back, wire);
    }
}
