//! What a reader asks before it reads a block: can it hold a match at all?

use std::net::IpAddr;

use super::batch::FlowBatch;
use super::field::{Field, Projection};
use super::schema::Schema;
use super::time::Span;

/// What is known of a block without reading it.
pub trait BlockFacts {
    /// The least and greatest value of an integer field, where the block says it.
    fn bounds(&self, field: Field) -> Option<(u64, u64)>;

    /// What its columns are, where that is known.
    fn schema(&self) -> Option<&Schema> {
        None
    }

    /// The least and greatest value of the column at a place of the schema, where the block says it.
    fn column_bounds(&self, _at: usize) -> Option<(u64, u64)> {
        None
    }

    /// How many flows it has; 0 where that is not known.
    fn flows(&self) -> u64 {
        0
    }

    /// How many octets have to be read for these columns of all its flows; 0 where that is not known.
    fn octets(&self, _columns: &Projection) -> u64 {
        0
    }

    /// Whether a flow with this address as source or destination may be in the block. `true` where nothing is known.
    fn may_hold(&self, address: IpAddr) -> bool;
}

/// All that is known is when flows were: of a whole file, by its header.
impl BlockFacts for Span {
    fn bounds(&self, field: Field) -> Option<(u64, u64)> {
        match field {
            Field::StartMs => Some(self.start),
            Field::EndMs => Some(self.end),
            _ => None,
        }
    }

    fn may_hold(&self, _: IpAddr) -> bool {
        true
    }
}

/// A condition that can rule blocks out. Selections implement it, readers call it: neither knows the other.
pub trait Prune: Sync {
    /// `false` only if no flow of the block can match.
    fn may_match(&self, block: &dyn BlockFacts) -> bool;
}

/// A selection that a reader applies itself: it reads what the selection looks at, and the rest of a block only if
/// that has matching flows.
pub trait Select: Prune {
    /// The fields it looks at.
    fn needs(&self) -> Projection;

    /// Keeps only the matching ones of the batch's selected flows.
    fn select(&self, batch: &mut FlowBatch);
}
