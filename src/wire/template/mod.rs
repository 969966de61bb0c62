//! Templates: what an exporter says its records are made of (RFC 3954 section 5.2, RFC 7011 section 3.4).
//!
//! A [`Definition`] is what the exporter said ([`read`]); a [`Shape`] is what flows decoded by it look like to the
//! rest of the house ([`shape`]); the [`Book`] keeps the templates of every exporter, and the data sets that came
//! before theirs ([`book`], [`waiting`]); [`saved`] is how it all outlives the program.

mod book;
mod read;
pub(super) mod saved;
mod shape;
mod waiting;

use std::sync::Arc;

pub(super) use book::{Book, Domain, DomainKey};
pub(super) use read::{Said, read};
pub(super) use shape::{Body, Origin, Piece, Shape, Shapes};
pub(super) use waiting::{Held, Room};

use crate::flow::Element;

/// Fields a template may have: the records of a longer one would not fit any usual datagram.
pub(super) const MOST_FIELDS: usize = 4096;

/// The length that says that a field's length varies.
pub(super) const VARIES: u16 = 0xFFFF;

/// A field of a template.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct TemplateField {
    /// What it is.
    pub element: Element,
    /// Octets of its values, or [`VARIES`].
    pub width: u16,
}

/// A template as its exporter defined it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Definition {
    /// Its number, 256 or more.
    pub id: u16,
    /// Of an options template, how many of its fields say what the others are about.
    pub scopes: Option<u16>,
    /// The fields in order.
    pub fields: Vec<TemplateField>,
}

/// A template, ready for use.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// As it was defined.
    pub definition: Definition,
    /// What its data records become: flows of a shape; `None` of an options template, or of one without any octets.
    pub shape: Option<Arc<Shape>>,
}

/// Splits a data record into the octets of its fields, which are put as (start, end) into `spans`; says where it
/// ends. `None` if it runs past the end.
pub(super) fn split(widths: impl Iterator<Item = u16>, record: &[u8], spans: &mut Vec<(u32, u32)>) -> Option<usize> {
    spans.clear();
    let mut at = 0;
    for width in widths {
        let length = match width {
            VARIES => {
                let (length, octets) = variable(record.get(at..)?)?;
                at += octets;
                length
            }
            width => usize::from(width),
        };
        let end = at + length;
        if end > record.len() {
            return None;
        }
        spans.push((at as u32, end as u32));
        at = end;
    }
    Some(at)
}

/// The length of a value, and how many octets say it (RFC 7011 section 7).
fn variable(octets: &[u8]) -> Option<(usize, usize)> {
    match octets {
        [255, high, low, ..] => Some((u16::from_be_bytes([*high, *low]).into(), 3)),
        [255, ..] | [] => None,
        [length, ..] => Some(((*length).into(), 1)),
    }
}
