//! Template sets and options template sets of either protocol.

use super::super::decode::Reject;
use super::super::message::{IPFIX, Set, V9};
use super::{Definition, MOST_FIELDS, TemplateField};
use crate::flow::{Element, LOCAL, ie};

/// What a template set says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::wire) enum Said {
    /// A template is this from now on.
    Defined(Definition),
    /// A template is no more (RFC 7011 section 8.1).
    Withdrawn(u16),
    /// All templates are no more; `true`: all options templates.
    AllWithdrawn(bool),
}

/// Whether a set of a protocol holds templates, and if so whether they are options templates. `None` is anything
/// else.
fn kind(protocol: u16, id: u16) -> Option<bool> {
    match (protocol, id) {
        (V9, 0) | (IPFIX, 2) => Some(false),
        (V9, 1) | (IPFIX, 3) => Some(true),
        _ => None,
    }
}

/// Hands everything that a set says of templates to `each`; nothing if it is another set.
///
/// # Errors
/// A malformed record ends the set; what comes before it is used.
pub(in crate::wire) fn read(protocol: u16, set: Set<'_>, mut each: impl FnMut(Said)) -> Result<(), Reject> {
    let Some(options) = kind(protocol, set.id) else { return Ok(()) };
    let mut rest = Reader { octets: set.body };
    while rest.octets.len() >= 4 {
        let id = rest.number().unwrap_or(0);
        if id == 0 {
            // Zeros pad the set.
            return Ok(());
        }
        let wrong = Reject::Template(id);
        let said = match (protocol, options) {
            (V9, true) => rest.options9(id).map(Said::Defined),
            (_, options) => rest.template(protocol, id, options),
        };
        let said = said.ok_or(wrong)?;
        let sound = match &said {
            Said::Defined(definition) => {
                definition.id >= 256 && definition.fields.len() <= MOST_FIELDS && !definition.fields.is_empty()
            }
            _ => true,
        };
        if !sound {
            return Err(wrong);
        }
        each(said);
    }
    Ok(())
}

/// Takes numbers from the front.
struct Reader<'a> {
    octets: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u16> {
        let (number, rest) = self.octets.split_first_chunk()?;
        self.octets = rest;
        Some(u16::from_be_bytes(*number))
    }

    /// A template of either protocol, or an options template of IPFIX.
    fn template(&mut self, protocol: u16, id: u16, options: bool) -> Option<Said> {
        let count = self.number()?;
        if count == 0 {
            return Some(match id {
                2 if protocol == IPFIX => Said::AllWithdrawn(false),
                3 if protocol == IPFIX => Said::AllWithdrawn(true),
                id => Said::Withdrawn(id),
            });
        }
        let scopes = if options { Some(self.number()?) } else { None };
        // An options template without a scope, or with nothing but scopes of its own making, is still readable.
        let scopes = scopes.map(|scopes| scopes.min(count));
        let fields = (0..count).map(|_| self.field(protocol)).collect::<Option<_>>()?;
        Some(Said::Defined(Definition { id, scopes, fields }))
    }

    /// An options template of version 9, which counts octets instead of fields.
    fn options9(&mut self, id: u16) -> Option<Definition> {
        let (scopes, others) = (self.number()? / 4, self.number()? / 4);
        let mut fields = Vec::new();
        for _ in 0..scopes {
            fields.push(self.scope9()?);
        }
        for _ in 0..others {
            fields.push(self.field(V9)?);
        }
        Some(Definition { id, scopes: Some(scopes), fields })
    }

    fn field(&mut self, protocol: u16) -> Option<TemplateField> {
        let (id, width) = (self.number()?, self.number()?);
        let element = match (protocol, id & 0x7FFF) {
            (_, number) if id == number => Element::iana(number),
            (IPFIX, number) => {
                let [high, low] = [self.number()?, self.number()?].map(u32::from);
                foreign(high << 16 | low, number)
            }
            (_, number) => cisco(id, number),
        };
        Some(TemplateField { element, width })
    }

    /// What an options record of version 9 is about (RFC 3954 section 6.1): these numbers are not elements, but
    /// beyond the known ones exporters use those all the same.
    fn scope9(&mut self) -> Option<TemplateField> {
        let (scope, width) = (self.number()?, self.number()?);
        let element = match scope {
            2 => ie::INPUT,
            3 => Element::iana(141),
            5 => Element::iana(145),
            0..=5 => ie::PADDING,
            other => Element::iana(other & 0x7FFF),
        };
        Some(TemplateField { element, width })
    }
}

/// An element of an enterprise. Ours lives in files only: if it is heard of, its numbers are not those we know.
fn foreign(enterprise: u32, number: u16) -> Element {
    let id = if enterprise == LOCAL { number | 0x8000 } else { number };
    Element { enterprise, id }
}

/// Types of version 9 from 32768 on are Cisco's; five of ASA's became IANA's later.
fn cisco(id: u16, number: u16) -> Element {
    match id {
        40_001..=40_004 => Element::iana(225 + (id - 40_001)),
        40_005 => Element::iana(233),
        _ => Element { enterprise: 9, id: number },
    }
}

#[cfg(test)]
mod tests {
    use super::super::VARIES;
    use super::*;

    fn all(protocol: u16, id: u16, words: &[u16]) -> (Vec<Said>, Result<(), Reject>) {
        let body: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let mut said = Vec::new();
        let result = read(protocol, Set { id, body: &body }, |one| said.push(one));
        (said, result)
    }

    fn defined(id: u16, scopes: Option<u16>, fields: &[(u32, u16, u16)]) -> Said {
        let field = |(enterprise, id, width): &(u32, u16, u16)| TemplateField {
            element: Element { enterprise: *enterprise, id: *id },
            width: *width,
        };
        Said::Defined(Definition { id, scopes, fields: fields.iter().map(field).collect() })
    }

    #[test]
    fn templates_of_both_protocols() {
        let (said, result) = all(9, 0, &[256, 2, 8, 4, 40_005, 1, 257, 1, 45_000, 65_535, 0, 0]);
        assert_eq!(said, [defined(256, None, &[(0, 8, 4), (0, 233, 1)]), defined(257, None, &[(9, 12_232, VARIES)])]);
        assert_eq!(result, Ok(()));
        let (said, _) = all(10, 2, &[256, 2, 8, 4, 0x8001, 2, 0, 29_305, 300, 0, 2, 0]);
        let withdrawn = [Said::Withdrawn(300), Said::AllWithdrawn(false)];
        assert_eq!(said[0], defined(256, None, &[(0, 8, 4), (29_305, 1, 2)]));
        assert_eq!(said[1..], withdrawn);
        assert_eq!(all(10, 3, &[3, 0]).0, [Said::AllWithdrawn(true)]);
    }

    #[test]
    fn options_templates_of_both_protocols() {
        let (said, _) = all(9, 1, &[300, 4, 8, 2, 4, 82, 32, 83, 64, 0]);
        assert_eq!(said, [defined(300, Some(1), &[(0, 10, 4), (0, 82, 32), (0, 83, 64)])]);
        let (said, _) = all(10, 3, &[300, 2, 1, 10, 4, 82, VARIES]);
        assert_eq!(said, [defined(300, Some(1), &[(0, 10, 4), (0, 82, VARIES)])]);
    }

    #[test]
    fn malformed_templates_end_the_set() {
        let (said, result) = all(9, 0, &[256, 1, 8, 4, 257, 3, 8, 4]);
        assert_eq!((said.len(), result), (1, Err(Reject::Template(257))));
        assert_eq!(all(10, 2, &[255, 1, 8, 4]).1, Err(Reject::Template(255)));
        assert_eq!(all(10, 9, &[255, 1, 8, 4]), (vec![], Ok(())));
        assert_eq!(all(9, 1, &[256, 0, 0]).1, Err(Reject::Template(256)));
    }

    #[test]
    fn our_own_enterprise_number_is_kept_apart() {
        let (said, _) = all(10, 2, &[256, 1, 0x8001, 4, 0xFFFF, 0xFFFF]);
        assert_eq!(said, [defined(256, None, &[(LOCAL, 0x8001, 4)])]);
    }
}
