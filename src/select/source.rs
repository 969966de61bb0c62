//! Where the values come from that conditions ask for: fields, elements, and what is computed of them.

use super::computed::{Computed, Workspace};
use super::numbers::Numbers;
use crate::flow::registry::Kind;
use crate::flow::{Element, Field, FlowBatch, Projection, Rows, Schema, View, ie};

/// What a condition is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A logical field.
    Field(Field),
    /// A port, of flows whose protocol has ports; of others, no value is in any set.
    Port(Field),
    /// The first of these elements that a schema has, in its first occurrence; their values read in one way.
    Elements(Vec<Element>, Reading),
    /// Something computed from fields, as a number.
    Computed(Computed),
}

/// How an element's values become the numbers that are compared: in the same order, and without a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// As they are.
    Unsigned,
    /// Two's complement.
    Signed,
    /// IEEE 754, 4 or 8 octets.
    Float,
}

impl From<Field> for Source {
    fn from(field: Field) -> Source {
        Source::Field(field)
    }
}

impl From<Computed> for Source {
    fn from(computed: Computed) -> Source {
        Source::Computed(computed)
    }
}

impl Reading {
    /// How values of a kind are compared.
    pub(super) fn of(kind: Kind) -> Reading {
        match kind {
            Kind::Signed => Reading::Signed,
            Kind::Float => Reading::Float,
            _ => Reading::Unsigned,
        }
    }

    /// The number that a value of `width` octets is compared as.
    pub(super) fn key(self, value: u64, width: usize) -> u64 {
        match (self, width) {
            (Reading::Unsigned, _) => value,
            (Reading::Signed, _) => {
                let unused = 64 - 8 * width.clamp(1, 8) as u32;
                signed_key((value << unused) as i64 >> unused)
            }
            (Reading::Float, 4) => float_key(f32::from_bits(value as u32).into()),
            (Reading::Float, _) => float_key(f64::from_bits(value)),
        }
    }
}

/// Signed numbers in the order of unsigned ones.
pub(super) fn signed_key(n: i64) -> u64 {
    n as u64 ^ 1 << 63
}

/// Floating-point numbers in the order of unsigned ones; there is only one zero.
pub(super) fn float_key(n: f64) -> u64 {
    let bits = (n + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

impl Source {
    /// The logical field, where it is one: what a block may say bounds of.
    pub(super) fn field(&self) -> Option<Field> {
        match self {
            Source::Field(field) | Source::Port(field) => Some(*field),
            Source::Computed(Computed::Start) => Some(Field::StartMs),
            Source::Computed(Computed::End) => Some(Field::EndMs),
            _ => None,
        }
    }

    /// What it is called in errors.
    pub(super) fn name(&self) -> &'static str {
        let named = |element: Option<&Element>| element.and_then(|e| crate::flow::registry::find(*e)).map(|e| e.name);
        match self {
            Source::Field(field) | Source::Port(field) => field.candidates().first().and_then(|e| e.short_name()),
            Source::Elements(elements, _) => named(elements.first()),
            Source::Computed(computed) => Some(computed.name()),
        }
        .unwrap_or("such field")
    }

    /// Whether it is a port of flows that have ports.
    pub(super) fn is_port(&self) -> bool {
        matches!(self, Source::Port(_))
    }

    /// What a reader has to decode for it.
    pub(super) fn needs(&self) -> Projection {
        match self {
            Source::Field(field) => Projection::of(&[*field]),
            Source::Port(field) => Projection::of(&[*field, Field::Protocol]),
            Source::Elements(elements, _) => Projection::of_elements(elements),
            Source::Computed(computed) => computed.needs(),
        }
    }

    /// Whether flows of a schema have it.
    pub(super) fn is_in(&self, schema: &Schema) -> bool {
        match self {
            Source::Field(field) | Source::Port(field) => schema.has(*field),
            Source::Elements(elements, _) => elements.iter().any(|e| schema.position(*e, 0).is_some()),
            Source::Computed(computed) => computed.is_in(schema),
        }
    }

    /// The column that holds its values as they are compared, where there is one.
    pub(super) fn view<'b>(&self, batch: &'b FlowBatch) -> Option<View<'b>> {
        match self {
            Source::Field(field) | Source::Port(field) => batch.view(*field),
            Source::Elements(elements, Reading::Unsigned) => element(batch, elements),
            _ => None,
        }
    }

    /// Puts the numbers of `rows` that are compared into `out`. `false` where the batch lacks what they are made of.
    pub(super) fn compute(&self, batch: &FlowBatch, rows: Rows<'_>, work: &mut Workspace, out: &mut Vec<u64>) -> bool {
        if !self.is_in(batch.schema()) {
            return false;
        }
        match self {
            Source::Computed(computed) => computed.compute(batch, rows, work, out),
            Source::Field(field) | Source::Port(field) => gather(batch, rows, *field, out),
            Source::Elements(elements, reading) => {
                let Some(view) = element(batch, elements) else { return false };
                match view.width() {
                    0 => {
                        out.clear();
                        rows.each(|row| out.push(reading.key(view.number(row) as u64, view.octets(row).0.len())));
                    }
                    width => {
                        view.gather(rows, out);
                        out.iter_mut().for_each(|value| *value = reading.key(*value, width));
                    }
                }
            }
        }
        true
    }
}

pub(super) fn element<'b>(batch: &'b FlowBatch, elements: &[Element]) -> Option<View<'b>> {
    elements.iter().find_map(|e| batch.schema().position(*e, 0)).and_then(|at| batch.column(at))
}

/// A field of `rows`, zeros where the batch lacks it.
pub(super) fn gather(batch: &FlowBatch, rows: Rows<'_>, field: Field, out: &mut Vec<u64>) {
    match batch.view(field) {
        Some(view) => view.gather(rows, out),
        None => {
            out.clear();
            out.resize(rows.len(), 0);
        }
    }
}

/// Whether flows of a schema, if they have addresses, have those of IPv6.
pub(super) fn is_six(schema: &Schema) -> bool {
    [Field::SrcAddr, Field::DstAddr].into_iter().find_map(|field| width(schema, field)) == Some(16)
}

/// The width of a field in a schema that has it.
pub(super) fn width(schema: &Schema, field: Field) -> Option<u16> {
    schema.resolve(field).and_then(|at| schema.fields().get(at)).map(|spec| spec.width)
}

/// The protocols that have ports: TCP, UDP, DCCP, SCTP and UDP-Lite.
pub(super) fn port_protocols() -> Numbers {
    super::Ranges::of([6, 17, 33, 132, 136].map(|n| (n, n))).into()
}

/// The protocols that have ICMP types: those of IPv4 and IPv6.
pub(super) fn icmp_protocols() -> Numbers {
    super::Ranges::of([(1, 1), (58, 58)]).into()
}

/// The logical field that an element alone carries.
pub(super) fn sole_field(element: Element) -> Option<Field> {
    Field::ALL.iter().copied().find(|field| field.candidates() == [element]).filter(|_| element != ie::PADDING)
}
