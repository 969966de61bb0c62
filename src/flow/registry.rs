//! What is known of information elements beyond those flows are usually made of: names and kinds of values, from IANA's
//! registry (RFC 7012), some vendors', and the local one.

use std::sync::OnceLock;

use super::element::{Element, LOCAL, ie};

/// How the octets of a value are to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An unsigned number.
    Number,
    /// A number in two's complement.
    Signed,
    /// A number of IEEE 754, 4 or 8 octets.
    Float,
    /// 1 true, 2 false.
    Boolean,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A MAC address.
    Mac,
    /// UTF-8.
    Text,
    /// Anything else.
    Octets,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// A time in NTP's 64-bit format, meant to the microsecond.
    Microseconds,
    /// A time in NTP's 64-bit format, meant to the nanosecond.
    Nanoseconds,
}

impl Kind {
    fn named(word: &str) -> Option<Kind> {
        Some(match word {
            "number" => Kind::Number,
            "signed" => Kind::Signed,
            "float" => Kind::Float,
            "boolean" => Kind::Boolean,
            "ipv4" => Kind::Ipv4,
            "ipv6" => Kind::Ipv6,
            "mac" => Kind::Mac,
            "text" => Kind::Text,
            "octets" => Kind::Octets,
            "seconds" => Kind::Seconds,
            "milliseconds" => Kind::Milliseconds,
            "microseconds" => Kind::Microseconds,
            "nanoseconds" => Kind::Nanoseconds,
            _ => return None,
        })
    }
}

/// What the registries say of an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The element.
    pub element: Element,
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
}

/// What is known of an element; `None` for those of other vendors and those registered later.
pub fn find(element: Element) -> Option<Entry> {
    if element.enterprise == LOCAL {
        let kind = match element {
            ie::ROUTER_SC | ie::PEER_NEXT_HOP => Kind::Ipv4,
            _ => Kind::Number,
        };
        return element.name().map(|name| Entry { element, name, kind });
    }
    let all = all();
    let at = all.binary_search_by_key(&element, |entry| entry.element).ok()?;
    all.get(at).copied()
}

/// Whether values of an element, so wide, are numbers or addresses; else they are octets in the order of the wire.
/// Padding counts as a number, for classic records' paddings are turned round with everything else.
pub fn is_number(element: Element, width: u16) -> bool {
    if element == ie::PADDING {
        return width <= 8;
    }
    match find(element).map(|entry| entry.kind) {
        Some(Kind::Mac | Kind::Text | Kind::Octets) => false,
        Some(Kind::Ipv6) => width == 16 || width <= 8,
        _ => width <= 8,
    }
}

/// Every element of the registries but the local one, in order.
pub fn all() -> &'static [Entry] {
    static ALL: OnceLock<Vec<Entry>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../share/ipfix-elements.txt");
        let mut all: Vec<Entry> = text.lines().filter_map(entry).collect();
        all.sort_by_key(|entry| entry.element);
        all
    })
}

fn entry(line: &'static str) -> Option<Entry> {
    let mut words = line.split(' ');
    let enterprise = words.next()?.parse().ok()?;
    let element = Element { enterprise, id: words.next()?.parse().ok()? };
    Some(Entry { element, name: words.next()?, kind: Kind::named(words.next()?)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let text = include_str!("../../share/ipfix-elements.txt");
        assert_eq!(all().len(), text.lines().filter(|line| !line.starts_with('#')).count());
        assert!(all().windows(2).all(|pair| pair[0].element < pair[1].element));
    }

    #[test]
    fn elements_of_every_registry_are_found() {
        let found = |element| find(element).map(|entry| (entry.name, entry.kind));
        assert_eq!(found(ie::SRC_ADDR6), Some(("sourceIPv6Address", Kind::Ipv6)));
        assert_eq!(found(Element { enterprise: 9, id: 4316 }), Some(("tcpWindowSizeMax", Kind::Number)));
        assert_eq!(found(ie::ROUTER_SC), Some(("shortcutRouterIPv4Address", Kind::Ipv4)));
        assert_eq!(found(Element::iana(0)), None);
    }

    #[test]
    fn names_agree_with_those_of_the_usual_elements() {
        for entry in all() {
            assert!(entry.element.name().is_none_or(|name| name == entry.name), "{entry:?}");
        }
    }
}
