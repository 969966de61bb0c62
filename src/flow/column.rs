//! Columns of values, owned ([`Column`]) and seen in place ([`View`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Byte order of numbers in a file or in a view.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// Least significant octet first.
    Little,
    /// Most significant octet first.
    Big,
}

impl Order {
    /// This machine's order.
    pub const HOST: Order = if cfg!(target_endian = "big") { Order::Big } else { Order::Little };
}

/// One field of every flow of a batch, owned. Numbers are in host order; addresses as numbers (`u32`, `u128`);
/// other octets (MAC addresses, text) as they came on the wire.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs)] // The variants say what is in them.
pub enum Column {
    /// The same value for every flow.
    Constant { value: Vec<u8> },
    /// One value a flow, `width` octets each.
    Plain { width: u16, data: Vec<u8> },
    /// Values of `width` octets, and which one each flow has. Several columns may share values or index; values need
    /// not be distinct, nor need each be used.
    Dictionary { width: u16, values: Arc<Vec<u8>>, index: Arc<Vec<u32>> },
    /// Values of any length: flow i's is `data[ends[i-1]..ends[i]]`.
    Variable { ends: Vec<u32>, data: Vec<u8> },
    /// The flows have it, but it was not asked for.
    Unread,
}

impl Column {
    /// Octets of memory it takes, or nearly so.
    pub fn room(&self) -> usize {
        match self {
            Column::Constant { value } => value.capacity(),
            Column::Plain { data, .. } => data.capacity(),
            Column::Dictionary { values, index, .. } => values.capacity() + index.capacity() * 4,
            Column::Variable { ends, data } => ends.capacity() * 4 + data.capacity(),
            Column::Unread => 0,
        }
    }

    /// The values of the rows from one to before another, as a column that shares nothing with this one.
    pub fn part(&self, from: usize, to: usize) -> Option<Column> {
        Some(match self {
            Column::Constant { .. } | Column::Unread => self.clone(),
            Column::Plain { width, data } => {
                let size = usize::from(*width);
                Column::Plain { width: *width, data: data.get(from * size..to * size)?.to_vec() }
            }
            Column::Dictionary { width, values, index } => {
                let size = usize::from(*width);
                let mut data = Vec::with_capacity((to - from) * size);
                for code in index.get(from..to)? {
                    let at = *code as usize * size;
                    data.extend_from_slice(values.get(at..at + size)?);
                }
                Column::Plain { width: *width, data }
            }
            Column::Variable { ends, data } => {
                let before = from.checked_sub(1).map_or(Some(0), |last| ends.get(last).copied())?;
                let ends: Vec<u32> = ends.get(from..to)?.iter().map(|end| end.saturating_sub(before)).collect();
                let length = ends.last().copied().unwrap_or(0) as usize;
                Column::Variable { ends, data: data.get(before as usize..before as usize + length)?.to_vec() }
            }
        })
    }

    /// The column as a view; `None` if it was not read.
    pub fn view(&self) -> Option<View<'_>> {
        Some(match self {
            Column::Constant { value } => {
                View::Strided { bytes: value, offset: 0, stride: 0, width: value.len(), order: Order::HOST }
            }
            Column::Plain { width, data } => {
                let width = *width as usize;
                View::Strided { bytes: data, offset: 0, stride: width, width, order: Order::HOST }
            }
            Column::Dictionary { width, values, index } => View::Dictionary { width: *width as usize, values, index },
            Column::Variable { ends, data } => View::Variable { ends, data },
            Column::Unread => return None,
        })
    }
}

/// The rows of a batch that are selected.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// The first so many: all.
    All(usize),
    /// These, ascending.
    Some(&'a [u32]),
}

impl Rows<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::All(n) => *n,
            Rows::Some(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `f` with each row's number.
    pub fn each(&self, mut f: impl FnMut(usize)) {
        match self {
            Rows::All(n) => (0..*n).for_each(f),
            Rows::Some(rows) => rows.iter().for_each(|r| f(*r as usize)),
        }
    }
}

/// One field of every flow of a batch, seen where it lies.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // The variants say what is in them.
pub enum View<'a> {
    /// Fixed-width values `stride` octets apart: a record's field, a plain column, or (stride 0) a constant.
    Strided { bytes: &'a [u8], offset: usize, stride: usize, width: usize, order: Order },
    /// Distinct values and an index a flow.
    Dictionary { width: usize, values: &'a [u8], index: &'a [u32] },
    /// Values of any length.
    Variable { ends: &'a [u32], data: &'a [u8] },
}

impl<'a> View<'a> {
    /// Octets a value; 0 where it varies.
    pub fn width(&self) -> usize {
        match self {
            View::Strided { width, .. } | View::Dictionary { width, .. } => *width,
            View::Variable { .. } => 0,
        }
    }

    /// The octets of one flow's value as they lie, and their byte order. Empty past the end.
    pub fn octets(&self, row: usize) -> (&'a [u8], Order) {
        match *self {
            View::Strided { bytes, offset, stride, width, order } => {
                let at = row * stride + offset;
                (bytes.get(at..at + width).unwrap_or_default(), order)
            }
            View::Dictionary { width, values, index } => {
                let at = index.get(row).map_or(usize::MAX - width, |i| *i as usize * width);
                (values.get(at..at + width).unwrap_or_default(), Order::HOST)
            }
            View::Variable { ends, data } => {
                let start = row.checked_sub(1).and_then(|r| ends.get(r)).map_or(0, |e| *e as usize);
                let end = ends.get(row).map_or(start, |e| *e as usize);
                (data.get(start..end).unwrap_or_default(), Order::Big)
            }
        }
    }

    /// One flow's value as a number: the low 128 bits of longer ones, 0 past the end.
    pub fn number(&self, row: usize) -> u128 {
        let (octets, order) = self.octets(row);
        let fold = |n: u128, b: &u8| n << 8 | u128::from(*b);
        match order {
            Order::HOST if octets.len() == 4 => octets.first_chunk().map_or(0, |n| u32::from_ne_bytes(*n)).into(),
            Order::HOST if octets.len() == 16 => octets.first_chunk().map_or(0, |n| u128::from_ne_bytes(*n)),
            Order::Big => octets.iter().fold(0, fold),
            Order::Little => octets.iter().rev().fold(0, fold),
        }
    }

    /// One flow's value as an address: 16 octets are IPv6, anything else IPv4.
    pub fn address(&self, row: usize) -> IpAddr {
        match self.width() {
            16 => IpAddr::V6(Ipv6Addr::from(self.number(row))),
            _ => IpAddr::V4(Ipv4Addr::from(self.number(row) as u32)),
        }
    }

    /// Puts the selected flows' values into `out`, which is emptied first; wider numbers lose their high bits.
    pub fn gather<N: Number>(&self, rows: Rows<'_>, out: &mut Vec<N>) {
        out.clear();
        match *self {
            View::Strided { stride: 0, .. } => out.resize(rows.len(), N::truncate(self.number(0))),
            View::Strided { bytes, offset, stride, width, order } => match (width, order) {
                (1, _) => strided(bytes, offset, stride, rows, out, |b: [u8; 1]| N::truncate(u128::from(b[0]))),
                (2, Order::Little) => {
                    strided(bytes, offset, stride, rows, out, |b| N::from_u64(u16::from_le_bytes(b).into()))
                }
                (2, Order::Big) => {
                    strided(bytes, offset, stride, rows, out, |b| N::from_u64(u16::from_be_bytes(b).into()))
                }
                (4, Order::Little) => {
                    strided(bytes, offset, stride, rows, out, |b| N::from_u64(u32::from_le_bytes(b).into()))
                }
                (4, Order::Big) => {
                    strided(bytes, offset, stride, rows, out, |b| N::from_u64(u32::from_be_bytes(b).into()))
                }
                (8, Order::Little) => strided(bytes, offset, stride, rows, out, |b| N::from_u64(u64::from_le_bytes(b))),
                (8, Order::Big) => strided(bytes, offset, stride, rows, out, |b| N::from_u64(u64::from_be_bytes(b))),
                _ => rows.each(|r| out.push(N::truncate(self.number(r)))),
            },
            View::Dictionary { width, values, index } => {
                let all = Rows::All(values.len().checked_div(width).unwrap_or(0));
                if rows.len() < all.len() {
                    return rows.each(|row| out.push(N::truncate(self.number(row))));
                }
                // Each value once, then by number.
                let mut known = Vec::new();
                View::Strided { bytes: values, offset: 0, stride: width, width, order: Order::HOST }
                    .gather(all, &mut known);
                let value = |at: usize| known.get(at).copied().unwrap_or(N::truncate(0));
                match rows {
                    Rows::All(n) => out.extend(index.iter().take(n).map(|at| value(*at as usize))),
                    Rows::Some(picked) => out.extend(
                        picked.iter().map(|row| value(index.get(*row as usize).map_or(usize::MAX, |at| *at as usize))),
                    ),
                }
            }
            View::Variable { .. } => rows.each(|r| out.push(N::truncate(self.number(r)))),
        }
    }
}

/// A number a column can be gathered as.
pub trait Number: Copy {
    /// The low bits of a 64-bit number.
    fn from_u64(n: u64) -> Self;
    /// The low bits of a number.
    fn truncate(n: u128) -> Self;
}

macro_rules! number {
    ($($t:ty)+) => { $(impl Number for $t {
        #[inline]
        fn from_u64(n: u64) -> Self { n as $t }
        #[inline]
        fn truncate(n: u128) -> Self { n as $t }
    })+ };
}
number!(u8 u16 u32 u64 u128);

#[inline]
fn strided<N, const W: usize>(
    bytes: &[u8],
    offset: usize,
    stride: usize,
    rows: Rows<'_>,
    out: &mut Vec<N>,
    read: impl Fn([u8; W]) -> N,
) {
    let tail = bytes.get(offset..).unwrap_or_default();
    let value = |record: &[u8]| record.first_chunk::<W>().map_or_else(|| read([0; W]), |b| read(*b));
    match rows {
        // A column of its own.
        Rows::All(n) if stride == W => out.extend(tail.as_chunks().0.iter().take(n).map(|b| read(*b))),
        Rows::Some(picked) if stride == W => {
            let values = tail.as_chunks().0;
            out.extend(picked.iter().map(|row| read(values.get(*row as usize).copied().unwrap_or([0; W]))));
        }
        Rows::All(n) => {
            // The last record may be cut right behind this field.
            let records = tail.chunks_exact(stride);
            let last = Some(records.remainder()).filter(|last| !last.is_empty() && records.len() < n);
            out.extend(records.take(n).map(value));
            out.extend(last.map(value));
        }
        Rows::Some(picked) => {
            out.extend(picked.iter().map(|r| value(tail.get(*r as usize * stride..).unwrap_or_default())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_column_reads_the_same() {
        let plain = Column::Plain { width: 4, data: [7u32, 7, 9].iter().flat_map(|n| n.to_ne_bytes()).collect() };
        let dictionary = Column::Dictionary {
            width: 4,
            values: Arc::new([9u32, 7].iter().flat_map(|n| n.to_ne_bytes()).collect()),
            index: Arc::new(vec![1, 1, 0]),
        };
        for column in [plain, dictionary] {
            let (mut all, mut some) = (Vec::<u64>::new(), Vec::<u32>::new());
            column.view().unwrap().gather(Rows::All(3), &mut all);
            column.view().unwrap().gather(Rows::Some(&[0, 2]), &mut some);
            assert_eq!((all, some), (vec![7, 7, 9], vec![7, 9]));
        }
        let constant = Column::Constant { value: 5u16.to_ne_bytes().to_vec() };
        let mut all = Vec::<u64>::new();
        constant.view().unwrap().gather(Rows::All(2), &mut all);
        assert_eq!(all, [5, 5]);
        let text = Column::Variable { ends: vec![2, 2, 5], data: b"abcde".to_vec() };
        assert_eq!(text.view().unwrap().octets(0).0, b"ab");
        assert_eq!(text.view().unwrap().octets(1).0, b"");
        assert_eq!(text.view().unwrap().octets(2).0, b"cde");
    }

    #[test]
    fn strided_views_honour_the_byte_order() {
        let records = [0u8, 1, 2, 3, 0, 4, 5, 6];
        for (order, want) in [(Order::Big, [0x0102u64, 0x0405]), (Order::Little, [0x0201, 0x0504])] {
            let view = View::Strided { bytes: &records, offset: 1, stride: 4, width: 2, order };
            let mut got = Vec::<u64>::new();
            view.gather(Rows::All(2), &mut got);
            assert_eq!(got, want);
            assert_eq!(view.number(1), u128::from(want[1]));
            assert_eq!(view.number(9), 0);
        }
    }
}
