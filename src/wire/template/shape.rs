//! What the flows of a template look like: a schema, and how its data records become rows or columns.
//!
//! Before what the exporter sent stand facts of the message's header: exporter, observation domain, export time and,
//! of version 9, uptime; of IPFIX when the exporter was started, if flows tell their times by uptimes and options data
//! tells that. So flows of any number of exporters that use the same template share a shape, and lie in the
//! same buffer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use super::super::message::V9;
use super::super::sampling::Scale;
use super::{TemplateField, VARIES};
use crate::flow::registry::is_number;
use crate::flow::{Element, FieldSpec, Order, RowLayout, Schema, VARIABLE, ie};

/// `observationDomainId`
const DOMAIN: Element = Element::iana(149);
/// The most octets of header facts before a record.
const MOST_LEAD: usize = 36;
/// Shapes looked through for unused ones at the earliest.
const FEW: usize = 1024;

/// What flows of a template look like.
#[derive(Debug)]
pub(in crate::wire) struct Shape {
    /// The columns: header facts, then the template's fields.
    pub schema: Arc<Schema>,
    /// The header facts.
    pub lead: Lead,
    /// The template's fields that have octets, in order.
    pub pieces: Vec<Piece>,
    /// How a data record is taken over.
    pub body: Body,
    /// How counters are multiplied, if they are to be.
    pub scale: Option<Scale>,
}

/// How data records become flows.
#[derive(Debug)]
pub(in crate::wire) enum Body {
    /// All have the same length: they are copied as they are.
    Rows {
        /// Where the columns lie in a row.
        layout: Arc<RowLayout>,
        /// Octets of a data record.
        record: usize,
    },
    /// Their lengths vary: each field becomes a column. Until a batch is made of them, what does not vary is kept as
    /// rows, with the header facts.
    Columns {
        /// The fewest octets of a data record; what is shorter pads the set.
        least: usize,
        /// Octets of those rows.
        size: usize,
        /// What a record consists of: octets of runs of fields that do not vary, and [`VARIES`] for each that does.
        steps: Vec<u16>,
    },
}

/// A field of a data record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::wire) struct Piece {
    /// Octets, or [`VARIES`].
    pub width: u16,
    /// Where it begins: of rows in the data record, of columns in the row of what does not vary.
    pub at: usize,
    /// Whether it is a number: those of a column are in this machine's order.
    pub number: bool,
    /// Whether it is multiplied by the sampling rate, which makes it 8 octets wide.
    pub scaled: bool,
}

impl Piece {
    /// Its value in a record or row, if it is short enough to be a number.
    pub fn number(&self, row: &[u8]) -> Option<u64> {
        let octets = row.get(self.at..self.at + usize::from(self.width)).filter(|octets| octets.len() <= 8)?;
        Some(octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet)))
    }
}

/// Where a message comes from, and when it was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::wire) struct Origin {
    /// The exporter.
    pub exporter: IpAddr,
    /// Its observation domain.
    pub domain: u32,
    /// Export time, seconds since 1970.
    pub secs: u32,
    /// Uptime in ms (version 9).
    pub uptime: u32,
    /// When the exporter was started, ms since 1970; 0 if that is not known.
    pub boot: u64,
}

/// Which facts of the header stand before each record: those that the record itself does not have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::wire) struct Lead {
    exporter: bool,
    v6: bool,
    domain: bool,
    uptime: bool,
    /// Whether [`Origin::boot`] is among them.
    pub boot: bool,
}

impl Lead {
    fn of(fields: &[TemplateField], exporter: IpAddr, protocol: u16) -> Lead {
        let has = |element| fields.iter().any(|f| f.element == element && !matches!(f.width, 0 | VARIES));
        let told = |f: &TemplateField| f.element.enterprise == 0 && matches!(f.element.id, 150..=160);
        Lead {
            exporter: !has(ie::EXPORTER4) && !has(ie::EXPORTER6),
            v6: exporter.is_ipv6(),
            domain: !has(DOMAIN),
            uptime: protocol == V9,
            boot: protocol != V9 && (has(ie::FIRST) || has(ie::LAST)) && !fields.iter().any(told),
        }
    }

    fn specs(self) -> impl Iterator<Item = (Element, u16)> {
        let exporter = if self.v6 { (ie::EXPORTER6, 16) } else { (ie::EXPORTER4, 4) };
        let parts = [
            (self.exporter, exporter),
            (self.domain, (DOMAIN, 4)),
            (true, (ie::UNIX_SECS, 4)),
            (self.uptime, (ie::UPTIME, 4)),
            (self.boot, (ie::BOOT_MS, 8)),
        ];
        parts.into_iter().filter(|(there, _)| *there).map(|(_, spec)| spec)
    }

    /// The octets before each record of a message, in the wire's order, and how many there are.
    pub fn octets(self, origin: &Origin) -> ([u8; MOST_LEAD], usize) {
        let (mut out, mut at) = ([0; MOST_LEAD], 0);
        let mut put = |there: bool, octets: &[u8]| {
            if let Some(to) = out.get_mut(at..at + octets.len()).filter(|_| there) {
                to.copy_from_slice(octets);
                at += octets.len();
            }
        };
        match origin.exporter {
            IpAddr::V4(v4) => put(self.exporter, &v4.octets()),
            IpAddr::V6(v6) => put(self.exporter, &v6.octets()),
        }
        put(self.domain, &origin.domain.to_be_bytes());
        put(true, &origin.secs.to_be_bytes());
        put(self.uptime, &origin.uptime.to_be_bytes());
        put(self.boot, &origin.boot.to_be_bytes());
        (out, at)
    }
}

/// The shapes in use: equal templates share one, whoever sent them.
#[derive(Debug, Default)]
pub(in crate::wire) struct Shapes {
    known: HashMap<(Lead, Vec<TemplateField>), Weak<Shape>>,
    /// Unused ones are looked for when there are so many.
    look: usize,
    /// Whether counters are to be multiplied.
    pub scaled: bool,
}

impl Shapes {
    /// The shape of flows that have these fields; `None` if no field has any octets.
    pub fn of(&mut self, fields: &[TemplateField], exporter: IpAddr, protocol: u16) -> Option<Arc<Shape>> {
        if fields.iter().all(|field| field.width == 0) {
            return None;
        }
        let key = (Lead::of(fields, exporter, protocol), fields.to_vec());
        if let Some(shape) = self.known.get(&key).and_then(Weak::upgrade) {
            return Some(shape);
        }
        if self.known.len() >= self.look.max(FEW) {
            self.known.retain(|_, shape| shape.strong_count() > 0);
            self.look = self.known.len() * 2;
        }
        let shape = Arc::new(Shape::new(key.0, fields, self.scaled));
        self.known.insert(key, Arc::downgrade(&shape));
        Some(shape)
    }
}

impl Shape {
    fn new(lead: Lead, fields: &[TemplateField], scaled: bool) -> Shape {
        let fields = || fields.iter().filter(|field| field.width > 0);
        let scale = scaled.then(|| Scale::of(fields().map(|field| field.element)));
        let (mut specs, mut seen) = (Vec::new(), HashMap::new());
        let mut add = |element, width| {
            let next = seen.entry(element).or_insert(0);
            specs.push(FieldSpec { element, occurrence: *next, width });
            *next += 1;
        };
        lead.specs().for_each(|(element, width)| add(element, width));
        let leads: usize = lead.specs().map(|(_, width)| usize::from(width)).sum();
        let (mut pieces, mut at) = (Vec::new(), 0);
        for TemplateField { element, width } in fields().copied() {
            let scaled = scale.is_some() && width <= 8 && Scale::is_counter(element);
            let number = width != VARIES && is_number(element, width);
            add(element, if scaled { 8 } else { width });
            pieces.push(Piece { width, at, number, scaled });
            at += if width == VARIES { 0 } else { usize::from(width) };
        }
        let varying = pieces.iter().filter(|piece| piece.width == VARIES).count();
        let layout = if varying > 0 { None } else { row_layout(&specs) };
        let body = match layout {
            Some(layout) => Body::Rows { layout: Arc::new(layout), record: at },
            None => {
                pieces.iter_mut().for_each(|piece| piece.at += leads);
                Body::Columns { least: at + varying, size: leads + at, steps: steps(&pieces) }
            }
        };
        Shape { schema: Arc::new(Schema::new(specs)), lead, pieces, body, scale }
    }
}

/// Lengths of runs of pieces that do not vary, and of those that do.
fn steps(pieces: &[Piece]) -> Vec<u16> {
    let mut steps = Vec::<u16>::new();
    for piece in pieces {
        match steps.last_mut().filter(|last| **last != VARIES && piece.width != VARIES) {
            // No message has room for a longer run.
            Some(run) => *run = run.saturating_add(piece.width).min(VARIES - 1),
            None => steps.push(piece.width),
        }
    }
    steps
}

/// Columns one behind the other; `None` if they lie too far apart for that.
fn row_layout(specs: &[FieldSpec]) -> Option<RowLayout> {
    let (mut offsets, mut size) = (Vec::with_capacity(specs.len()), 0);
    for spec in specs {
        offsets.push(u16::try_from(size).ok()?);
        size += usize::from(spec.width);
    }
    Some(RowLayout { size, offsets, order: Order::Big })
}

const _: () = assert!(VARIES == VARIABLE);

#[cfg(test)]
mod tests {
    use super::*;

    const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn fields(all: &[(u16, u16)]) -> Vec<TemplateField> {
        all.iter().map(|(id, width)| TemplateField { element: Element::iana(*id), width: *width }).collect()
    }

    fn shape(all: &[(u16, u16)], protocol: u16) -> Arc<Shape> {
        Shapes::default().of(&fields(all), V4, protocol).unwrap()
    }

    #[test]
    fn header_facts_stand_before_the_fields() {
        let shape = shape(&[(8, 4), (3, 0), (82, 16), (82, 2)], V9);
        let specs: Vec<_> = shape.schema.fields().iter().map(|s| (s.element, s.occurrence, s.width)).collect();
        let name = Element::iana(82);
        assert_eq!(specs[..4], [(ie::EXPORTER4, 0, 4), (DOMAIN, 0, 4), (ie::UNIX_SECS, 0, 4), (ie::UPTIME, 0, 4)]);
        assert_eq!(specs[4..], [(ie::SRC_ADDR4, 0, 4), (name, 0, 16), (name, 1, 2)]);
        let Body::Rows { layout, record } = &shape.body else { panic!() };
        assert_eq!((layout.size, *record, &layout.offsets[4..]), (38, 22, &[16u16, 20, 36][..]));
        let origin = Origin { exporter: V4, domain: 7, secs: 8, uptime: 9, boot: 0 };
        let (octets, len) = shape.lead.octets(&origin);
        assert_eq!(octets[..len], [192, 0, 2, 1, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 9]);
    }

    #[test]
    fn what_the_record_has_is_not_added() {
        let shape = shape(&[(130, 4), (149, 4), (96, VARIES)], 10);
        assert_eq!(shape.schema.fields().len(), 4);
        assert_eq!(shape.schema.fields()[0].element, ie::UNIX_SECS);
        assert!(matches!(shape.body, Body::Columns { least: 9, size: 12, .. }));
    }

    #[test]
    fn equal_templates_share_a_shape() {
        let mut shapes = Shapes::default();
        let [one, other] = [fields(&[(8, 4)]), fields(&[(12, 4)])];
        let first = shapes.of(&one, V4, V9).unwrap();
        assert!(Arc::ptr_eq(&first, &shapes.of(&one, V4, V9).unwrap()));
        assert!(!Arc::ptr_eq(&first, &shapes.of(&other, V4, V9).unwrap()));
        assert!(!Arc::ptr_eq(&first, &shapes.of(&one, V4, 10).unwrap()));
        assert!(shapes.of(&fields(&[(8, 0)]), V4, V9).is_none());
    }

    #[test]
    fn rows_too_long_for_offsets_become_columns() {
        let shape = shape(&[(1, 60_000), (2, 8_000), (3, 4)], V9);
        assert!(matches!(shape.body, Body::Columns { .. }));
    }
}
