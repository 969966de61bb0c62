//! Keys: what flows are grouped by, packed into words that compare and hash fast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use std::sync::Arc;

use super::engine::Sums;
use super::part::Part;
use super::words::Words;
use crate::flow::time::FlowTimes;
use crate::flow::{Element, Field, FlowBatch, Projection, Schema};

/// The longest key, in 64-bit words: four IPv6 addresses.
pub(super) const MAX_WORDS: usize = 8;

/// A key of any grouping; shorter ones leave the last words zero. Keys compare as their parts do, in order.
pub type KeyWords = [u64; MAX_WORDS];

/// The parts of a key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub parts: Vec<Part>,
    /// The same parts with source and destination changed over: the lesser key of the two counts.
    pub turned: Option<Vec<Part>>,
    /// Values of parts that are no numbers.
    pub words: Arc<Words>,
}

impl Key {
    /// A key of these parts.
    pub fn of(parts: &[Part]) -> Key {
        Key { parts: parts.to_vec(), turned: None, words: Arc::default() }
    }
}

/// What flows are grouped by.
///
/// The default is no key at all: what every flow counts can be gathered by it.
#[derive(Clone, Debug)]
pub struct Grouping {
    keys: Vec<Key>,
    ports_only: bool,
    sums: Sums,
    scale: u64,
}

impl Default for Grouping {
    fn default() -> Grouping {
        Grouping::of(Vec::new())
    }
}

impl Grouping {
    /// By these parts. `None` if they do not fit a key even of IPv6 addresses.
    pub fn by(parts: &[Part]) -> Option<Grouping> {
        KeyLayout::new(parts, true)?;
        Some(Grouping::of(vec![Key::of(parts)]))
    }

    /// By either of two parts of one kind: each flow counts under both.
    pub fn by_either(one: Part, other: Part) -> Grouping {
        Grouping::of(vec![Key::of(&[one]), Key::of(&[other])])
    }

    /// By either of two keys, made of parts of the same kinds: each flow counts under both.
    pub fn by_either_of(one: &[Part], other: &[Part]) -> Option<Grouping> {
        let same = KeyLayout::new(one, true)? == KeyLayout::new(other, true)?;
        same.then(|| Grouping::of(vec![Key::of(one), Key::of(other)]))
    }

    fn of(keys: Vec<Key>) -> Grouping {
        Grouping { keys, ports_only: false, sums: Sums::Counts, scale: 1 }
    }

    /// By parts of which some are of the source and as many of the destination, whichever way the flows go: `turned`
    /// are the parts with these changed over, of the same kinds in the same places.
    pub fn either_way(parts: &[Part], turned: &[Part]) -> Option<Grouping> {
        let same = KeyLayout::new(parts, true)? == KeyLayout::new(turned, true)?;
        let key = Key { turned: Some(turned.to_vec()), ..Key::of(parts) };
        same.then(|| Grouping::of(vec![key]))
    }

    /// The same with values that are no numbers numbered as those of other groupings are.
    pub(super) fn with_words(mut self, words: &Arc<Words>) -> Grouping {
        self.keys.iter_mut().for_each(|key| key.words = words.clone());
        self
    }

    /// Only flows of TCP and UDP, the protocols with ports that flow-stat looks at.
    pub fn ports_only(self, yes: bool) -> Grouping {
        Grouping { ports_only: yes, ..self }
    }

    /// Sums durations too.
    pub fn with_duration(self, yes: bool) -> Grouping {
        Grouping { sums: if yes { Sums::Duration } else { Sums::Counts }, ..self }
    }

    /// Sums durations, and looks at how fast each flow was.
    pub fn with_rates(self) -> Grouping {
        Grouping { sums: Sums::Rates, ..self }
    }

    /// Sums durations, and notes which flow of each group came first.
    pub fn with_places(self) -> Grouping {
        Grouping { sums: Sums::Places, ..self }
    }

    /// Every flow's octets and packets count so many times: what was sampled is set right.
    pub fn scaled(self, scale: u64) -> Grouping {
        Grouping { scale, ..self }
    }

    pub(super) fn scale(&self) -> u64 {
        self.scale
    }

    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    /// Whether groups depend on the order in which flows come: they are to be taken in it.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.sums, Sums::Places | Sums::Rates)
    }

    /// The keys each flow counts under.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    pub(super) fn is_ports_only(&self) -> bool {
        self.ports_only
    }

    pub(super) fn has_duration(&self) -> bool {
        self.sums != Sums::Counts || self.parts().any(Part::is_timed)
    }

    /// Whether keys may be told by the codes of one dictionary: those of one address and what goes with it.
    pub(super) fn may_be_coded(&self) -> bool {
        let addresses = |key: &Key| key.parts.iter().filter(|part| part.is_address()).count();
        self.keys.iter().all(|key| key.turned.is_none() && addresses(key) <= 1)
    }

    /// Whether the batch's keys need the layout for IPv6.
    pub(super) fn is_wide(&self, batch: &FlowBatch) -> bool {
        self.parts().any(|part| part.is_wide(batch))
    }

    /// The layout of its keys.
    pub(super) fn layout(&self, wide: bool) -> KeyLayout {
        // by() and by_either() let no other parts in.
        KeyLayout::new(self.keys.first().map_or(&[], |key| &key.parts), wide).unwrap_or_default()
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        self.keys.iter().flat_map(|key| key.parts.iter().chain(key.turned.iter().flatten()).copied())
    }

    /// The fields that are looked at.
    pub fn fields(&self) -> Projection {
        let counts = [Field::Flows, Field::Octets, Field::Packets];
        let times = FlowTimes::FIELDS.into_iter().filter(|_| self.has_duration());
        let protocol = self.ports_only.then_some(Field::Protocol);
        let key = self.parts().flat_map(Part::fields).chain(protocol);
        // ICMP's type and code stand in for a port.
        let icmp = self.parts().any(|part| part == Part::Number(Field::DstPort)).then_some(Field::IcmpTypeCode);
        let elements: Vec<Element> = self.parts().filter_map(Part::element).collect();
        let fields: Projection = key.chain(icmp).chain(counts).chain(times).collect();
        fields.union(&Projection::of_elements(&elements))
    }

    /// Whether flows of this schema have a place in the groups.
    pub(super) fn suits(&self, schema: &Schema) -> bool {
        let protocol = self.ports_only.then_some(Part::Number(Field::Protocol));
        self.parts().chain(protocol).all(|part| part.suits(schema))
    }

    /// A field of the key that flows of this schema lack.
    pub fn lacks(&self, schema: &Schema) -> Option<Field> {
        let protocol = self.ports_only.then_some(Field::Protocol).filter(|field| !schema.has(*field));
        self.parts().find_map(|part| part.lacks(schema)).or(protocol)
    }
}

/// Where the parts lie in a key. Parts never straddle words, but IPv6 addresses, which are two whole ones.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct KeyLayout {
    slots: Vec<Slot>,
    words: usize,
}

/// A part's place: its word, how far left of the word's end it begins, its bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    pub word: usize,
    pub shift: u32,
    pub bits: u32,
}

impl KeyLayout {
    pub(super) fn new(parts: &[Part], wide: bool) -> Option<KeyLayout> {
        let (mut slots, mut word, mut free) = (Vec::new(), 0usize, 64u32);
        for part in parts {
            let bits = u32::from(part.bits(wide));
            if bits > free {
                (word, free) = (word + 1, 64);
            }
            if bits > 64 {
                slots.push(Slot { word, shift: 0, bits });
                (word, free) = (word + 1, 0);
                continue;
            }
            free -= bits;
            slots.push(Slot { word, shift: free, bits });
        }
        // A first part of two words finds no room in the first word, and leaves it empty.
        let skip = slots.first().map_or(0, |slot| slot.word);
        slots.iter_mut().for_each(|slot| slot.word -= skip);
        let words = (word + 1 - skip).next_power_of_two();
        (words <= MAX_WORDS).then_some(KeyLayout { slots, words })
    }

    /// The bits of a key that parts lie in.
    pub(super) fn mask(&self) -> KeyWords {
        let mut mask = KeyWords::default();
        self.slots.iter().for_each(|slot| slot.put(u128::MAX, &mut mask));
        mask
    }

    /// Words a key: 1, 2, 4 or 8.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// How many parts a key has.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether keys have no part.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether addresses have the width of IPv6.
    pub fn is_wide(&self) -> bool {
        self.slots.iter().any(|slot| slot.bits == 128)
    }

    /// One part of a key as a number; 0 for a part it has not. IPv4 addresses beside IPv6 ones are mapped
    /// (`::ffff:0:0/96`).
    #[inline]
    pub fn value(&self, key: &[u64], part: usize) -> u128 {
        let Some(slot) = self.slots.get(part) else { return 0 };
        let word = |at: usize| key.get(at).copied().unwrap_or(0);
        match slot.bits {
            128 => u128::from(word(slot.word)) << 64 | u128::from(word(slot.word + 1)),
            64 => word(slot.word).into(),
            bits => (word(slot.word) >> slot.shift & ((1 << bits) - 1)).into(),
        }
    }

    /// One part of a key as an address.
    #[inline]
    pub fn address(&self, key: &[u64], part: usize) -> IpAddr {
        let value = self.value(key, part);
        match self.slots.get(part).map(|slot| slot.bits) {
            Some(128) if value >> 32 != MAPPED >> 32 => IpAddr::V6(Ipv6Addr::from(value)),
            _ => IpAddr::V4(Ipv4Addr::from(value as u32)),
        }
    }

    /// A narrow key of the same parts, widened to this layout.
    pub(super) fn widen(&self, narrow: &KeyLayout, key: &[u64]) -> KeyWords {
        let mut out = KeyWords::default();
        for (part, (slot, from)) in self.slots.iter().zip(&narrow.slots).enumerate() {
            let value = narrow.value(key, part) | if slot.bits > 64 && from.bits == 32 { MAPPED } else { 0 };
            slot.put(value, &mut out);
        }
        out
    }
}

/// The prefix of IPv4 addresses mapped into IPv6 (RFC 4291 section 2.5.5.2).
pub(super) const MAPPED: u128 = 0xFFFF << 32;

impl Slot {
    /// Puts a part's value into a key; bits it has no room for are lost.
    #[inline]
    pub fn put(&self, value: u128, key: &mut [u64]) {
        if self.bits == 128 {
            if let Some([high, low]) = key.get_mut(self.word..self.word + 2) {
                (*high, *low) = ((value >> 64) as u64, value as u64);
            }
        } else {
            self.put_number(value as u64, key);
        }
    }

    /// The same for parts of up to 64 bits.
    #[inline]
    pub fn put_number(&self, value: u64, key: &mut [u64]) {
        if let Some(word) = key.get_mut(self.word) {
            *word |= (value & u64::MAX >> (64 - self.bits)) << self.shift;
        }
    }

    /// Takes a part of up to 64 bits out of a key.
    pub fn clear(&self, key: &mut [u64]) {
        if let Some(word) = key.get_mut(self.word) {
            *word &= !((u64::MAX >> (64 - self.bits.clamp(1, 64))) << self.shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: [Part; 2] = [Part::Address(Field::SrcAddr), Part::Address(Field::DstAddr)];

    #[test]
    fn parts_lie_in_order_and_never_straddle() {
        let narrow = KeyLayout::new(&PAIR, false).unwrap();
        assert_eq!((narrow.words(), narrow.is_wide()), (1, false));
        let mut key = KeyWords::default();
        for (slot, value) in narrow.slots().iter().zip([0x0A00_0001u128, 0x0A00_0002]) {
            slot.put(value, &mut key);
        }
        assert_eq!(key[0], 0x0A00_0001_0A00_0002);
        assert_eq!(narrow.address(&key, 1), IpAddr::from([10, 0, 0, 2]));
        let wide = KeyLayout::new(&PAIR, true).unwrap();
        assert_eq!((wide.words(), wide.is_wide()), (4, true));
        let widened = wide.widen(&narrow, &key);
        assert_eq!(wide.address(&widened, 0), IpAddr::from([10, 0, 0, 1]));
        let net = [Part::Network(Field::SrcAddr, Field::SrcMask), Part::Number(Field::SrcMask)];
        assert_eq!(KeyLayout::new(&net, false).unwrap().words(), 1);
        assert_eq!(KeyLayout::new(&net, true).unwrap().words(), 4);
    }

    #[test]
    fn a_key_holds_four_long_addresses_and_not_five() {
        assert!(Grouping::by(&[PAIR[0]; 4]).is_some());
        assert!(Grouping::by(&[PAIR[0]; 5]).is_none());
    }
}
