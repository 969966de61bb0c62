//! Rows of text under construction, written a column at a time.

use super::digits::{Cell, ROOM};

/// What follows a value: at most eight octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    text: [u8; 8],
    len: usize,
}

impl Tail {
    /// A tail; what is longer than eight octets is cut.
    pub(super) fn new(tail: &str) -> Tail {
        let mut text = [b' '; 8];
        text.iter_mut().zip(tail.bytes()).for_each(|(to, from)| *to = from);
        Tail { text, len: tail.len().min(8) }
    }

    /// How many lines it ends.
    #[cfg(test)]
    pub(super) fn lines(self) -> usize {
        self.text.iter().take(self.len).filter(|octet| **octet == b'\n').count()
    }

    /// How long it is.
    pub(super) fn len(self) -> usize {
        self.len
    }
}

/// Rows that grow to the right. Behind a row's text are only spaces, so that padding a value is moving on.
#[derive(Default, Debug)]
pub(super) struct Page {
    bytes: Vec<u8>,
    ends: Vec<u32>,
    stride: usize,
}

impl Page {
    /// Begins anew with so many empty rows, with room for `longest` octets each.
    pub(super) fn begin(&mut self, rows: usize, longest: usize) {
        self.stride = longest + ROOM;
        self.bytes.clear();
        self.bytes.resize(rows * self.stride, b' ');
        self.ends.clear();
        self.ends.resize(rows, 0);
    }

    /// Adds a value to every row: `write` puts it at the start of a cell and returns its length. It is padded to
    /// `width`, and `tail` follows.
    #[inline]
    pub(super) fn column<V>(
        &mut self,
        values: impl Iterator<Item = V>,
        width: usize,
        tail: Tail,
        mut write: impl FnMut(&mut Cell, V) -> usize,
    ) {
        let rows = self.bytes.chunks_exact_mut(self.stride).zip(&mut self.ends);
        for ((row, end), value) in rows.zip(values) {
            let Some(cell) = row.get_mut(*end as usize..).and_then(|rest| rest.first_chunk_mut::<ROOM>()) else {
                continue;
            };
            let len = write(cell, value).max(width);
            if let Some(to) = cell.get_mut(len..len + 8) {
                to.copy_from_slice(&tail.text);
            }
            *end += (len + tail.len) as u32;
        }
    }

    /// Adds to every row its own text, of any length.
    pub(super) fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t [u8]>) {
        let rows = self.bytes.chunks_exact_mut(self.stride).zip(&mut self.ends);
        for ((row, end), text) in rows.zip(texts) {
            append(row, end, text);
        }
    }

    /// Adds the same text to every row.
    pub(super) fn literal(&mut self, text: &[u8]) {
        for (row, end) in self.bytes.chunks_exact_mut(self.stride).zip(&mut self.ends) {
            append(row, end, text);
        }
    }

    /// Octets set aside.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends the rows, one behind the other.
    pub(super) fn end(&self, out: &mut Vec<u8>) {
        out.reserve(self.ends.iter().map(|end| *end as usize).sum());
        for (row, end) in self.bytes.chunks_exact(self.stride).zip(&self.ends) {
            out.extend_from_slice(row.get(..*end as usize).unwrap_or(row));
        }
    }
}

#[inline]
fn append(row: &mut [u8], end: &mut u32, text: &[u8]) {
    let at = *end as usize;
    if let Some(to) = row.get_mut(at..at + text.len()) {
        to.copy_from_slice(text);
        *end += text.len() as u32;
    }
}
