//! Column blocks, of which modern files (stream version 4) are made: the bytes are written down in flow-file(5).
//!
//! A block is a head ([`Head`]: what the columns are, how each is encoded, where its parts lie, least and greatest
//! values), the parts, and a Bloom filter of its addresses. Everything is little-endian; head, parts and every line
//! of the filter carry a checksum of their own, so that each can be read without the rest.

mod bloom;
mod decode;
mod encode;
mod fetch;
mod head;
mod pack;
mod part;
mod unpack;

pub(super) use bloom::{LINE, Line, Probe};
pub(super) use decode::{Decoding, Trouble};
pub(super) use encode::{BlockEncoder, RowsBlock, Values, append};
pub(super) use fetch::Source;
use head::PartEntry;
pub(super) use head::{Get, Head, checksum};

/// What every chunk of a modern file begins with.
pub(super) const MAGIC: [u8; 4] = *b"FlBk";
/// Octets that are common to all chunks: magic, kind, lengths, checksum, count.
pub(super) const COMMON: usize = 24;
/// The longest chunk that is accepted, octets.
pub(super) const MAX_CHUNK: usize = 1 << 28;
/// The most flows of a block that are accepted. Writers stay below [`FULL`].
pub(super) const MAX_ROWS: usize = 1 << 20;
/// Flows of a full block.
pub(super) const FULL: usize = 1 << 16;

/// Whether a checksum is the one that is stored. While fuzzing every one is: behind them lies what is to be tried.
pub(super) fn is_sum(found: u32, stored: u32) -> bool {
    found == stored || cfg!(fuzzing)
}

/// Kinds of chunks.
pub(super) mod kind {
    /// Flows.
    pub const BLOCK: u8 = 1;
    /// Facts: names, samplers.
    pub const FACTS: u8 = 2;
    /// The index, the file's last.
    pub const INDEX: u8 = 3;
}

/// How a part's numbers are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Transform {
    /// `base + x`
    Absolute = 0,
    /// The one before `+ step + x`; before the first there was `base`.
    Delta = 1,
    /// The same flow's number in another column `+ base + x`.
    Difference = 2,
}

/// How a part's x lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Layout {
    /// All are 0: nothing is stored.
    Zero = 0,
    /// So many bits each, the least significant first.
    Packed = 1,
    /// All lowest octets, then all second ones, ...
    Planes = 2,
    /// Octets as they are, the value's width each; no arithmetic.
    Octets = 3,
}

/// What a column is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum ColumnKind {
    /// Part `a` has a value a flow.
    Values = 0,
    /// Part `a` has a number a flow, which says where in part `b` its value is.
    Codes = 1,
    /// Part `a` has a value for each value of the parent's part `b`; parts `b` and `c` are the flows for which that is
    /// not so, and their values.
    Table = 2,
    /// Part `a` has a length a flow, part `b` the octets.
    Variable = 3,
    /// Octets `at` onwards in each row.
    Row = 4,
}

/// No part.
pub(super) const NONE: u16 = u16::MAX;
