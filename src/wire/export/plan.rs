//! What of a schema is sent, and how: worked out once a schema.

use std::collections::BTreeSet;

use super::{Protocol, TemplateOptions};
use crate::flow::{Element, LOCAL, Schema, VARIABLE, ie, registry};

/// `observationDomainId`, which messages say in their headers.
pub(super) const DOMAIN: Element = Element::iana(149);
/// `flowStartDeltaMicroseconds` and `flowEndDeltaMicroseconds` count from the message's export time.
const DELTAS: [Element; 2] = [Element::iana(158), Element::iana(159)];
/// Elements that say how flows were collected, not what they were: their absence is no loss.
const OURS: [Element; 4] = [ie::UNIX_SECS, ie::UNIX_NSECS, ie::UPTIME, ie::RESERVED];
/// Version 9 writes Cisco's own elements (enterprise 9) as types from here on.
const CISCO: (u32, u16) = (9, 0x8000);
/// An element number with this bit has an enterprise number behind it (RFC 7011 section 3.2).
const ENTERPRISE: u16 = 0x8000;

/// How flows of a schema are sent.
#[derive(Debug)]
pub(super) struct Plan {
    /// The template record: id, number of fields, the fields.
    pub template: Vec<u8>,
    /// What is copied.
    pub moves: Vec<Move>,
    /// Octets a record; of those with values of variable length, the least.
    pub size: usize,
    /// Whether values of variable length are among them.
    pub variable: bool,
    /// Columns of uptimes that are sent as other times.
    pub stamps: Vec<usize>,
    /// Where the record's clock is: seconds, nanoseconds, uptime.
    pub clock: [Option<usize>; 3],
    /// Whether the message's header must say just the record's time.
    pub exact: bool,
    /// Where the observation domain and an IPv4 exporter are.
    pub domain: Option<usize>,
    /// See `domain`.
    pub exporter: Option<usize>,
    /// Elements that this protocol has no way to carry.
    pub left_out: BTreeSet<Element>,
}

/// One field of the record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Move {
    /// Where its values come from.
    pub from: Origin,
    /// Octets, or [`VARIABLE`].
    pub width: u16,
    /// Its offset in a record without values of variable length.
    pub to: usize,
}

/// Where a field's values come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Origin {
    /// A column, and whether it is of numbers.
    Column(usize, bool),
    /// One of [`Plan::stamps`].
    Stamp(usize),
}

impl Plan {
    /// Plans a schema, whose template shall have this id.
    pub fn new(schema: &Schema, id: u16, options: &TemplateOptions) -> Plan {
        let find = |element| schema.position(element, 0);
        let clock = [find(ie::UNIX_SECS), find(ie::UNIX_NSECS), find(ie::UPTIME)];
        let mut plan = Plan {
            template: Vec::new(),
            moves: Vec::new(),
            size: 0,
            variable: false,
            stamps: Vec::new(),
            clock,
            exact: DELTAS.into_iter().any(|element| find(element).is_some()) && clock[0].is_some(),
            domain: find(DOMAIN),
            exporter: find(ie::EXPORTER4),
            left_out: BTreeSet::new(),
        };
        let stamped = clock[0].is_some() && clock[2].is_some();
        let mut fields = Vec::new();
        for (at, spec) in schema.fields().iter().enumerate() {
            let (element, width) = (spec.element, spec.width);
            let stamp = stamped && width != VARIABLE && [ie::FIRST, ie::LAST].contains(&element);
            let sent = match element {
                _ if width == 0 || OURS.contains(&element) => continue,
                DOMAIN => continue,
                _ if options.verbatim => element,
                ie::PADDING => continue,
                ie::EXPORTER4 | ie::EXPORTER6 if !options.original_exporter => continue,
                ie::FIRST | ie::LAST if stamp && options.protocol == Protocol::Ipfix => {
                    let absolute = if element == ie::FIRST { ie::START_MS } else { ie::END_MS };
                    if find(absolute).is_some() {
                        continue;
                    }
                    absolute
                }
                _ => element,
            };
            let Some(code) = code(sent, width, options.protocol) else {
                plan.left_out.insert(element);
                continue;
            };
            let (from, width) = match (stamp, options.protocol) {
                (true, protocol) => {
                    plan.stamps.push(at);
                    let short = options.verbatim || protocol == Protocol::V9;
                    (Origin::Stamp(plan.stamps.len() - 1), if short { 4 } else { 8 })
                }
                (false, _) => (Origin::Column(at, registry::is_number(element, width)), width),
            };
            plan.moves.push(Move { from, width, to: plan.size });
            plan.variable |= width == VARIABLE;
            plan.size += if width == VARIABLE { 1 } else { usize::from(width) };
            fields.push((code, width));
        }
        plan.template = template(id, &fields);
        plan
    }
}

/// An element as a template names it.
#[derive(Clone, Copy)]
pub(super) struct Code {
    id: u16,
    enterprise: Option<u32>,
}

/// How a protocol's templates name an element; `None` if they cannot.
pub(super) fn code(element: Element, width: u16, protocol: Protocol) -> Option<Code> {
    let Element { enterprise, id } = element;
    match (protocol, enterprise) {
        _ if id & ENTERPRISE != 0 || enterprise == LOCAL => None,
        (Protocol::V9, _) if width == VARIABLE => None,
        (_, 0) => Some(Code { id, enterprise: None }),
        (Protocol::V9, _) => (enterprise == CISCO.0).then_some(Code { id: id | CISCO.1, enterprise: None }),
        (Protocol::Ipfix, _) => Some(Code { id: id | ENTERPRISE, enterprise: Some(enterprise) }),
    }
}

/// Appends a field of a template: element, width, enterprise.
pub(super) fn field(code: Code, width: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&code.id.to_be_bytes());
    out.extend_from_slice(&width.to_be_bytes());
    out.extend(code.enterprise.into_iter().flat_map(u32::to_be_bytes));
}

/// A template record (RFC 3954 section 5.2, RFC 7011 section 3.4.1).
fn template(id: u16, fields: &[(Code, u16)]) -> Vec<u8> {
    let count = fields.len().min(usize::from(u16::MAX)) as u16;
    let mut octets = [id.to_be_bytes(), count.to_be_bytes()].concat();
    fields.iter().for_each(|(code, width)| field(*code, *width, &mut octets));
    octets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{FieldSpec, Version};

    fn options(protocol: Protocol) -> TemplateOptions {
        TemplateOptions { protocol, ..TemplateOptions::default() }
    }

    /// The fields of a template, as (number, width).
    fn fields(plan: &Plan) -> Vec<(u16, u16)> {
        let pair = |o: &[u8]| (u16::from_be_bytes([o[0], o[1]]), u16::from_be_bytes([o[2], o[3]]));
        plan.template[4..].chunks(4).map(pair).collect()
    }

    #[test]
    fn version_5_is_sent_whole_but_for_what_headers_say() {
        let schema = &Version::V5.layout().schema;
        let nine = Plan::new(schema, 256, &options(Protocol::V9));
        let expected = [
            (8, 4),
            (12, 4),
            (15, 4),
            (10, 2),
            (14, 2),
            (2, 4),
            (1, 4),
            (22, 4),
            (21, 4),
            (7, 2),
            (11, 2),
            (4, 1),
            (5, 1),
            (6, 1),
            (38, 1),
            (39, 1),
            (9, 1),
            (13, 1),
            (16, 2),
            (17, 2),
        ];
        assert_eq!(fields(&nine), expected);
        assert_eq!((nine.size, nine.left_out.len(), nine.exact), (47, 0, false));
        assert_eq!(nine.template[..4], [1, 0, 0, 20]);
        let ten = Plan::new(schema, 256, &options(Protocol::Ipfix));
        assert_eq!(fields(&ten)[7..9], [(152, 8), (153, 8)]);
        assert_eq!(ten.size, 55);
        let with = TemplateOptions { original_exporter: true, ..options(Protocol::Ipfix) };
        assert_eq!(fields(&Plan::new(schema, 256, &with))[0], (130, 4));
    }

    #[test]
    fn what_a_protocol_cannot_carry_is_left_out_and_named() {
        let spec = |enterprise, id, width| FieldSpec { element: Element { enterprise, id }, occurrence: 0, width };
        let specs = vec![
            spec(0, 1, 8),
            spec(9, 12235, 4),
            spec(29305, 1, 8),
            spec(0, 96, VARIABLE),
            spec(LOCAL, 12, 4),
            spec(0, 210, 3),
            spec(0, 2, 0),
            spec(0, 149, 4),
        ];
        let schema = Schema::new(specs);
        let nine = Plan::new(&schema, 300, &options(Protocol::V9));
        assert_eq!(fields(&nine), [(1, 8), (12235 | 0x8000, 4)]);
        let left: Vec<Element> = nine.left_out.into_iter().collect();
        assert_eq!(left, [Element::iana(96), Element { enterprise: 29305, id: 1 }, ie::SRC_TAG]);
        let ten = Plan::new(&schema, 300, &options(Protocol::Ipfix));
        assert_eq!(ten.left_out.into_iter().collect::<Vec<_>>(), [ie::SRC_TAG]);
        assert!(ten.variable && ten.domain == Some(7));
        assert_eq!(ten.template[12..16], [0, 0, 0, 9]);
    }

    #[test]
    fn times_that_are_there_twice_are_sent_once() {
        let spec = |element, width| FieldSpec { element, occurrence: 0, width };
        let all = [(ie::FIRST, 4), (ie::START_MS, 8), (ie::UNIX_SECS, 4), (ie::UPTIME, 4)];
        let schema = |from: usize, to: usize| Schema::new(all[from..to].iter().map(|(e, w)| spec(*e, *w)).collect());
        assert_eq!(fields(&Plan::new(&schema(0, 4), 256, &options(Protocol::Ipfix))), [(152, 8)]);
        // Without a clock nobody can tell what an uptime means: it goes as it is.
        assert_eq!(fields(&Plan::new(&schema(0, 1), 256, &options(Protocol::Ipfix))), [(22, 4)]);
    }
}
