//! What columns show.

use crate::flow::{Field, Schema, symbols};

/// What is in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// A number, decimal.
    Number(Field),
    /// Always 0.
    Zero,
    /// A number in hexadecimal of at least so many digits.
    Hex(Field, usize),
    /// A number in upper-case hexadecimal of at least so many digits.
    Code(Field, usize),
    /// A number in five characters, of thousands or millions if need be.
    ShortCount(Field),
    /// An interface's name, abbreviated to the column's width; `Null` for 0.
    Interface(Field),
    /// A number's name, as much of it as the column is wide; or the number.
    Named(Field, symbols::Kind),
    /// An address.
    Address(Field),
    /// An address and the length of its prefix, at most so many characters of it.
    Prefix(Field, Field, usize),
    /// A tag: `0x` and eight hexadecimal digits.
    Tag(Field),
    /// FIN, SYN and RST of the TCP flags, as a number.
    Flags,
    /// The first packet's time.
    Start,
    /// The last packet's time.
    End,
    /// Ms between them.
    Duration,
    /// Seconds between them, with so many decimals, at most three.
    Active(usize),
    /// Octets a packet.
    OctetsPerPacket,
    /// A field that times are told by in classic records; made up of the times where a flow tells them otherwise.
    Clock(Field),
}

impl Value {
    pub(super) fn fields(self) -> Vec<Field> {
        match self {
            Value::Number(f) | Value::Hex(f, _) | Value::Named(f, _) | Value::Code(f, _) => vec![f],
            Value::Address(f) | Value::Tag(f) | Value::ShortCount(f) | Value::Interface(f) => vec![f],
            Value::Prefix(address, length, _) => vec![address, length],
            Value::Flags => vec![Field::TcpFlags],
            Value::OctetsPerPacket => vec![Field::Octets, Field::Packets],
            Value::Clock(_) | Value::Zero | Value::Start | Value::End | Value::Duration | Value::Active(_) => {
                Vec::new()
            }
        }
    }

    /// The longest it can be of flows of a schema.
    pub(super) fn longest(self, schema: &Schema) -> usize {
        let width = |field| width_of(schema, field);
        match self {
            Value::Number(field) | Value::Clock(field) => match width(field) {
                Some(1) => 3,
                Some(2) => 5,
                Some(3 | 4) => 10,
                _ => 20,
            },
            Value::Start | Value::End => 23,
            Value::Address(field) if width(field) != Some(16) => 15,
            Value::Prefix(field, ..) if width(field) != Some(16) => 18,
            Value::Address(_) | Value::Prefix(..) => 43,
            _ => 20,
        }
    }
}

/// Octets of a field's values in a schema that has it.
pub(super) fn width_of(schema: &Schema, field: Field) -> Option<u16> {
    schema.resolve(field).and_then(|at| schema.fields().get(at)).map(|spec| spec.width)
}
