//! What an action looks at, and what it does with tags.

use crate::flow::{Element, Field, FlowBatch, Rows, ie};
use crate::rewrite::prefixes::{Prefixes, Table};
use crate::rewrite::scratch::Scratch;
use crate::rewrite::side::place;

/// What a type of action looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// Addresses, by these elements of IPv4 and IPv6.
    Addresses(&'static [(Element, Element)]),
    /// Numbers, of flows of this protocol or of any.
    Numbers { fields: &'static [Field], protocol: Option<u8>, named: Named, most: u32 },
    /// Nothing: every flow.
    Any,
}

/// Which symbols numbers may be given as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    Ports,
    Systems,
    Nothing,
}

const SRC: (Element, Element) = (ie::SRC_ADDR4, ie::SRC_ADDR6);
const DST: (Element, Element) = (ie::DST_ADDR4, ie::DST_ADDR6);

const fn numbers(fields: &'static [Field], protocol: Option<u8>, named: Named, most: u32) -> Look {
    Look::Numbers { fields, protocol, named, most }
}

const fn ports(fields: &'static [Field], protocol: u8) -> Look {
    numbers(fields, Some(protocol), Named::Ports, u16::MAX as u32)
}

const fn systems(fields: &'static [Field]) -> Look {
    numbers(fields, None, Named::Systems, u32::MAX)
}

const fn interfaces(fields: &'static [Field]) -> Look {
    numbers(fields, None, Named::Nothing, u32::MAX)
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const PORTS: &[Field] = &[Field::SrcPort, Field::DstPort];

/// The types of actions. Names that begin with `source-` and `destination-` may begin with `src-` and `dst-`.
pub(super) const TYPES: &[(&str, Look)] = &[
    ("source-prefix", Look::Addresses(&[SRC])),
    ("destination-prefix", Look::Addresses(&[DST])),
    ("prefix", Look::Addresses(&[SRC, DST])),
    ("next-hop", Look::Addresses(&[(ie::NEXT_HOP4, ie::NEXT_HOP6)])),
    ("source-as", systems(&[Field::SrcAs])),
    ("destination-as", systems(&[Field::DstAs])),
    ("as", systems(&[Field::SrcAs, Field::DstAs])),
    ("tcp-source-port", ports(&[Field::SrcPort], TCP)),
    ("tcp-destination-port", ports(&[Field::DstPort], TCP)),
    ("tcp-port", ports(PORTS, TCP)),
    ("udp-source-port", ports(&[Field::SrcPort], UDP)),
    ("udp-destination-port", ports(&[Field::DstPort], UDP)),
    ("udp-port", ports(PORTS, UDP)),
    ("tos", numbers(&[Field::Tos], None, Named::Nothing, u8::MAX as u32)),
    ("any", Look::Any),
    ("source-ip-address", Look::Addresses(&[SRC])),
    ("destination-ip-address", Look::Addresses(&[DST])),
    ("source-ip", Look::Addresses(&[SRC])),
    ("destination-ip", Look::Addresses(&[DST])),
    ("ip-address", Look::Addresses(&[SRC, DST])),
    ("ip", Look::Addresses(&[SRC, DST])),
    ("exporter", Look::Addresses(&[(ie::EXPORTER4, ie::EXPORTER6)])),
    ("input-interface", interfaces(&[Field::Input])),
    ("output-interface", interfaces(&[Field::Output])),
    ("interface", interfaces(&[Field::Input, Field::Output])),
];

/// What happens to one tag: these bits are kept, those are set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bits {
    pub kept: u32,
    pub set: u32,
}

/// What happens to the source and destination tag of a flow.
pub(super) type Change = [Bits; 2];

impl Bits {
    pub const NONE: Bits = Bits { kept: u32::MAX, set: 0 };

    /// This, and then another.
    pub fn then(self, next: Bits) -> Bits {
        Bits { kept: self.kept & next.kept, set: self.set & next.kept | next.set }
    }
}

/// An action, ready to be run: what values stand for is the number of a change.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub look: Look,
    pub prefixes: Prefixes,
    pub numbers: Table<u32>,
    pub changes: Vec<Change>,
}

impl Action {
    /// Changes the tags of these rows, of which there is one for every flow of the batch.
    pub fn run(&self, batch: &FlowBatch, rows: Rows<'_>, tags: &mut [Vec<u32>; 2], scratch: &mut Scratch) {
        match self.look {
            Look::Addresses(pairs) => {
                for (four, six) in pairs {
                    self.addresses(batch, rows, tags, scratch, *four, *six);
                }
            }
            Look::Numbers { fields, protocol, .. } => {
                for field in fields {
                    self.numbers(batch, rows, tags, scratch, *field, protocol);
                }
            }
            Look::Any => self.change(rows, tags, std::iter::repeat(Some(0))),
        }
    }

    fn addresses(
        &self,
        batch: &FlowBatch,
        rows: Rows<'_>,
        tags: &mut [Vec<u32>; 2],
        scratch: &mut Scratch,
        four: Element,
        six: Element,
    ) {
        if let Some(column) = place(batch, four, 4..=4).and_then(|at| batch.column(at)) {
            column.gather(rows, &mut scratch.numbers);
            self.change(rows, tags, scratch.numbers.iter().map(|address| self.prefixes.four.get(*address)));
        }
        if let Some(column) = place(batch, six, 16..=16).and_then(|at| batch.column(at)) {
            column.gather(rows, &mut scratch.wide);
            self.change(rows, tags, scratch.wide.iter().map(|address| self.prefixes.six.get(*address)));
        }
    }

    fn numbers(
        &self,
        batch: &FlowBatch,
        rows: Rows<'_>,
        tags: &mut [Vec<u32>; 2],
        scratch: &mut Scratch,
        field: Field,
        protocol: Option<u8>,
    ) {
        let Scratch { numbers, beside, .. } = scratch;
        let Some(column) = batch.view(field) else { return };
        column.gather(rows, numbers);
        let found = |n: &u32| self.numbers.get(*n);
        match protocol {
            None => self.change(rows, tags, numbers.iter().map(found)),
            Some(wanted) => {
                let Some(column) = batch.view(Field::Protocol) else { return };
                column.gather(rows, beside);
                let both = numbers.iter().zip(beside.iter());
                let of = |(n, protocol): (&u32, &u32)| if *protocol == u32::from(wanted) { found(n) } else { None };
                self.change(rows, tags, both.map(of));
            }
        }
    }

    /// Makes the change that was found for each of the rows, if one was.
    fn change(&self, rows: Rows<'_>, tags: &mut [Vec<u32>; 2], found: impl Iterator<Item = Option<u32>>) {
        let [source, destination] = tags;
        let mut found = found;
        rows.each(|row| {
            let Some(change) = found.next().flatten().and_then(|at| self.changes.get(at as usize)) else { return };
            for (tags, bits) in [&mut *source, &mut *destination].into_iter().zip(change) {
                if let Some(tag) = tags.get_mut(row) {
                    *tag = *tag & bits.kept | bits.set;
                }
            }
        });
    }
}
