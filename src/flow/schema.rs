//! What the columns of a batch are.

use super::element::Element;
use super::field::Field;

/// A column of variable length in [`FieldSpec::width`] (RFC 7011 section 7).
pub const VARIABLE: u16 = 0xFFFF;

/// One column: which element, which of its occurrences in a record, how wide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldSpec {
    /// The information element.
    pub element: Element,
    /// 0 for its first occurrence in a record, then 1, ...
    pub occurrence: u16,
    /// Octets a value, or [`VARIABLE`].
    pub width: u16,
}

/// The ordered columns of a batch. Every flow of a batch has every column: there are no nulls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    fields: Vec<FieldSpec>,
    /// For each logical field the column that carries it, resolved once.
    resolved: Vec<Option<u16>>,
}

impl Schema {
    /// A schema of these columns in this order.
    pub fn new(fields: Vec<FieldSpec>) -> Schema {
        let find = |element: Element| fields.iter().position(|s| s.element == element && s.width != VARIABLE);
        let resolved =
            Field::ALL.iter().map(|f| f.candidates().iter().find_map(|e| find(*e)).map(|at| at as u16)).collect();
        Schema { fields, resolved }
    }

    /// The columns in order.
    pub fn fields(&self) -> &[FieldSpec] {
        &self.fields
    }

    /// The column that carries a logical field.
    pub fn resolve(&self, field: Field) -> Option<usize> {
        self.resolved.get(field as usize).copied().flatten().map(usize::from)
    }

    /// Whether the schema carries a logical field.
    pub fn has(&self, field: Field) -> bool {
        self.resolve(field).is_some()
    }

    /// The column of one occurrence of an element.
    pub fn position(&self, element: Element, occurrence: u16) -> Option<usize> {
        self.fields.iter().position(|s| s.element == element && s.occurrence == occurrence)
    }
}
