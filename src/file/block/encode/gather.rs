//! Columns of a block that is being filled: values at their own width, one behind the other.

use crate::flow::registry::is_number;
use crate::flow::{FlowBatch, Order, Rows, VARIABLE, View};

/// The values of one column of a block that is being made.
#[derive(Clone, Debug)]
pub(in crate::file) enum Values {
    /// Values of one width; numbers are little-endian, other octets as on the wire.
    Fixed { width: u16, data: Vec<u8> },
    /// Values of any length.
    Variable { ends: Vec<u32>, data: Vec<u8> },
}

impl Values {
    /// Octets of memory that it holds.
    pub fn octets(&self) -> usize {
        match self {
            Values::Fixed { data, .. } => data.len(),
            Values::Variable { ends, data } => 4 * ends.len() + data.len(),
        }
    }

    /// Forgets the values, but keeps the room.
    pub fn clear(&mut self) {
        match self {
            Values::Fixed { data, .. } => data.clear(),
            Values::Variable { ends, data } => {
                ends.clear();
                data.clear();
            }
        }
    }
}

/// Appends some flows of a batch to columns, one a field of its schema; makes the columns if there are none.
pub(in crate::file) fn append(batch: &FlowBatch, rows: Rows<'_>, columns: &mut Vec<Values>) {
    let fields = batch.schema().fields();
    if columns.is_empty() {
        columns.extend(fields.iter().map(|spec| match spec.width {
            VARIABLE => Values::Variable { ends: Vec::new(), data: Vec::new() },
            width => Values::Fixed { width, data: Vec::new() },
        }));
    }
    for (at, (spec, values)) in fields.iter().zip(columns).enumerate() {
        let view = batch.column(at);
        match (values, view) {
            (Values::Fixed { data, .. }, Some(view)) => {
                fixed(&view, rows, spec.width.into(), is_number(spec.element, spec.width), data);
            }
            (Values::Variable { ends, data }, Some(view)) => rows.each(|row| {
                data.extend_from_slice(view.octets(row).0);
                ends.push(data.len() as u32);
            }),
            // A column that was not read is written as zeros rather than not at all.
            (Values::Fixed { width, data }, None) => data.resize(data.len() + rows.len() * usize::from(*width), 0),
            (Values::Variable { ends, data }, None) => ends.resize(ends.len() + rows.len(), data.len() as u32),
        }
    }
}

/// Appends values of `width` octets.
fn fixed(view: &View<'_>, rows: Rows<'_>, width: usize, number: bool, out: &mut Vec<u8>) {
    match width {
        1 => sized::<1>(view, rows, number, out),
        2 => sized::<2>(view, rows, number, out),
        4 => sized::<4>(view, rows, number, out),
        6 => sized::<6>(view, rows, number, out),
        8 => sized::<8>(view, rows, number, out),
        16 => sized::<16>(view, rows, number, out),
        _ => rows.each(|row| {
            let (octets, order) = view.octets(row);
            let (start, octets) = (out.len(), octets.get(..width).unwrap_or(octets));
            match number && order == Order::Big {
                true => out.extend(octets.iter().rev()),
                false => out.extend_from_slice(octets),
            }
            out.resize(start + width, 0);
        }),
    }
}

/// [`fixed`] for a width that is known.
fn sized<const W: usize>(view: &View<'_>, rows: Rows<'_>, number: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + rows.len() * W, 0);
    let Some((places, _)) = out.get_mut(start..).map(<[u8]>::as_chunks_mut::<W>) else { return };
    match (*view, rows) {
        (View::Strided { bytes, offset, stride, width, order }, Rows::All(_)) if stride > 0 && width == W => {
            let values = bytes.get(offset..).unwrap_or_default().chunks(stride).zip(places);
            let reverse = number && order == Order::Big && W > 1;
            for (from, to) in values {
                let Some(value) = from.first_chunk::<W>() else { continue };
                *to = *value;
                if reverse {
                    to.reverse();
                }
            }
        }
        (View::Dictionary { width, values, index }, Rows::All(_)) if width == W => {
            let (values, _) = values.as_chunks::<W>();
            for (code, to) in index.iter().zip(places) {
                *to = values.get(*code as usize).copied().unwrap_or([0; W]);
            }
        }
        _ => {
            let mut places = places.iter_mut();
            rows.each(|row| {
                let (octets, order) = view.octets(row);
                let (Some(to), Some(value)) = (places.next(), octets.first_chunk::<W>()) else { return };
                *to = *value;
                if number && order == Order::Big {
                    to.reverse();
                }
            });
        }
    }
}
