//! Values as Cisco's routers show them: interfaces by short names, counts in so many digits.

use super::digits::{self, Cell};

/// What routers call the interface of packets that go nowhere, number 0.
const NOWHERE: &[u8] = b"Null";

/// An interface: its name, or its number. Names too long for `width` are abbreviated as routers do it, `Gi0/1` for
/// `GigabitEthernet0/1`.
pub(super) fn interface(cell: &mut Cell, index: u64, name: Option<&str>, width: usize) -> usize {
    match name {
        Some(name) if name.len() <= width => digits::text(cell, name.as_bytes()),
        Some(name) => abbreviated(cell, name, width),
        None if index == 0 => digits::text(cell, NOWHERE),
        None => digits::decimal(cell, index),
    }
}

/// The first two letters of a name that begins with letters, and what stands behind these from the first digit on; of
/// other names the beginning.
fn abbreviated(cell: &mut Cell, name: &str, width: usize) -> usize {
    let kind = name.get(..2).filter(|kind| kind.bytes().all(|octet| octet.is_ascii_alphabetic()));
    let number = name.find(|c: char| c.is_ascii_digit()).and_then(|at| name.get(at..));
    let (kind, rest) = kind.zip(number).filter(|(_, n)| n.len() + 2 <= width).unwrap_or((name, ""));
    let cut = (0..=width).rev().find(|at| kind.is_char_boundary(*at)).unwrap_or(0);
    let len = digits::text(cell, kind.get(..cut).unwrap_or(kind).as_bytes());
    let rest = rest.as_bytes();
    match cell.get_mut(len..len + rest.len()) {
        Some(to) => {
            to.copy_from_slice(rest);
            len + rest.len()
        }
        None => len,
    }
}

/// A count in at most five characters: above 9999 in thousands, `12K`, millions, `M`, and so on.
pub(super) fn short_count(cell: &mut Cell, n: u64) -> usize {
    let (mut n, mut unit) = (n, b" KMGTPE".iter());
    let mut letter = unit.next();
    while n > 9999 {
        (n, letter) = (n / 1000, unit.next());
    }
    let len = digits::decimal(cell, n);
    match (letter, cell.get_mut(len)) {
        (Some(letter), Some(to)) if *letter != b' ' => {
            *to = *letter;
            len + 1
        }
        _ => len,
    }
}

/// A number in upper-case hexadecimal.
pub(super) fn code(cell: &mut Cell, n: u64, digits: usize) -> usize {
    let len = digits::hex(cell, n, digits);
    cell.iter_mut().take(len).for_each(u8::make_ascii_uppercase);
    len
}

#[cfg(test)]
mod tests {
    use super::super::digits::written;
    use super::*;

    #[test]
    fn interfaces_have_short_names() {
        for (name, want) in [
            ("Serial0/0", "Serial0/0"),
            ("GigabitEthernet0/0/1.100", "Gi0/0/1.100"),
            ("Port-channel10", "Po10"),
            ("xe-0/0/0.12345678", "xe-0/0/0.1234"),
            ("a very long name", "a very long n"),
            ("an_interface_of_77777777777777777", "an_interface_"),
            ("übergang nach Köln", "übergang nac"),
        ] {
            assert_eq!(written(|cell| interface(cell, 7, Some(name), 13)), want);
        }
        assert_eq!(written(|cell| interface(cell, 0, None, 13)), "Null");
        assert_eq!(written(|cell| interface(cell, 12, None, 13)), "12");
    }

    #[test]
    fn counts_have_five_characters_at_most() {
        for (n, want) in [
            (0, "0"),
            (9999, "9999"),
            (10_000, "10K"),
            (1_163_999, "1163K"),
            (9_999_999, "9999K"),
            (10_000_000, "10M"),
            (20_000_000_000, "20G"),
            (u64::MAX, "18E"),
        ] {
            assert_eq!(written(|cell| short_count(cell, n)), want);
        }
    }
}
