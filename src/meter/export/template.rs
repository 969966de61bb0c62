//! The user's template: a list of elements with their lengths.

use std::fmt;
use std::str::FromStr;

use super::tell::{self, PADDING, Slot, Tell};
use crate::flow::{Element, registry};

/// The most fields of a template.
const FIELDS: usize = 64;
/// The most octets of a record, so that several and their template find room in a datagram.
const OCTETS: u16 = 512;

/// The fields of an exported flow, as the user wants them: `ELEMENT[/LENGTH],...`.
///
/// One list serves flows of both IP versions: `sourceIPv4Address` is `sourceIPv6Address` in the template of IPv6
/// flows, and so for every element that IANA has one of for each version. Where both stand in the list, each template
/// has its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template {
    fields: Vec<Field>,
}

/// An element and its length in octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub tell: &'static Tell,
    pub width: u16,
}

impl Field {
    /// A field of the usual length.
    pub fn usual(id: u16) -> Option<Field> {
        tell::find(id).map(|tell| Field { tell, width: tell.usual() })
    }

    /// The field that stands in its place for flows of an IP version.
    fn of(self, ipv6: bool) -> Option<Field> {
        match self.tell.other {
            Some(other) if !self.tell.fits(ipv6) => Field::usual(other),
            _ => Some(self),
        }
    }
}

impl Template {
    /// The IANA names of all elements that can be told, by their numbers.
    pub fn elements() -> impl Iterator<Item = &'static str> {
        tell::ALL.iter().map(|tell| name(tell))
    }

    /// The fields for flows of an IP version, from an exporter with an IPv6 address or not.
    pub(super) fn fields(&self, ipv6: bool, exporter6: bool) -> Vec<Field> {
        let six = |field: &Field| if field.tell.slot == Slot::Exporter { exporter6 } else { ipv6 };
        let own = |field: &Field| field.tell.fits(six(field)) || !self.has(field.tell.other);
        self.fields.iter().filter(|field| own(field)).filter_map(|field| field.of(six(field))).collect()
    }

    fn has(&self, id: Option<u16>) -> bool {
        self.fields.iter().any(|field| Some(field.tell.id) == id)
    }

    /// Octets of a record.
    fn octets(&self, ipv6: bool) -> u16 {
        self.fields(ipv6, true).iter().map(|field| field.width).sum()
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Template, String> {
        let mut template = Template { fields: Vec::new() };
        for word in text.split(',') {
            let field = field(word.trim())?;
            let id = field.tell.id;
            if id != PADDING && template.has(Some(id)) {
                return Err(format!("{} is there twice, expected every element once", name(field.tell)));
            }
            template.fields.push(field);
            if template.fields.len() > FIELDS {
                return Err(format!("more than {FIELDS} elements, which are the most that a template may have"));
            }
        }
        let octets = template.octets(true).max(template.octets(false));
        match octets > OCTETS {
            true => Err(format!("a record of {octets} octets, expected at most {OCTETS}")),
            false => Ok(template),
        }
    }
}

impl fmt::Display for Template {
    /// As it is read, lengths only where they are not the usual ones.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Field { tell, width }) in self.fields.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{}", name(tell))?;
            if *width != tell.usual() {
                write!(f, "/{width}")?;
            }
        }
        Ok(())
    }
}

fn name(tell: &Tell) -> &'static str {
    // A test of the table sees to it that the registry has every one.
    registry::find(tell.element()).map_or("element", |entry| entry.name)
}

/// Reads `ELEMENT[/LENGTH]`.
fn field(word: &str) -> Result<Field, String> {
    let (element, length) = match word.split_once('/') {
        Some((element, length)) => (element.trim_end(), Some(length.trim_start())),
        None => (word, None),
    };
    let tell = element_of(element)?;
    let [least, usual, most] = tell.widths;
    let Some(length) = length else { return Ok(Field { tell, width: usual }) };
    let expected = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let width = length.parse().ok().filter(|width| (least..=most).contains(width));
    let width =
        width.ok_or_else(|| format!("'{word}': '{length}' is not a length of {}, expected {expected}", name(tell)))?;
    Ok(Field { tell, width })
}

/// The element of an IANA name, a number, or flow-tools' short name, in letters of either case.
fn element_of(word: &str) -> Result<&'static Tell, String> {
    const SUCH: &str = "such as sourceIPv4Address or octetDeltaCount/4";
    let number = word.parse::<u16>().ok();
    let named = |element: Element, name: &str| {
        let short = element.short_name().is_some_and(|short| short.eq_ignore_ascii_case(word));
        number.map_or(short || name.eq_ignore_ascii_case(word), |number| number == element.id)
    };
    if let Some(tell) = tell::ALL.iter().find(|tell| named(tell.element(), name(tell))) {
        return Ok(tell);
    }
    let known = registry::all().iter().find(|entry| entry.element.enterprise == 0 && named(entry.element, entry.name));
    match known {
        Some(entry) => Err(format!("'{word}': {} cannot be told of packets, expected elements {SUCH}", entry.name)),
        None => Err(format!("'{word}' is not an element, expected names or numbers of IANA's, {SUCH}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(list: &str, ipv6: bool) -> Vec<(u16, u16)> {
        let template: Template = list.parse().unwrap();
        template.fields(ipv6, false).iter().map(|field| (field.tell.id, field.width)).collect()
    }

    #[test]
    fn one_list_serves_both_ip_versions() {
        let list = "sourceIPv4Address, destinationipv6address,octetDeltaCount/4,2,ICMPTYPECODEIPV4,dstport";
        assert_eq!(ids(list, false), [(8, 4), (12, 4), (1, 4), (2, 8), (32, 2), (11, 2)]);
        assert_eq!(ids(list, true), [(27, 16), (28, 16), (1, 4), (2, 8), (139, 2), (11, 2)]);
        assert_eq!(ids("8,27,28,12,1", false), [(8, 4), (12, 4), (1, 8)]);
        assert_eq!(ids("8,27,28,12,1", true), [(27, 16), (28, 16), (1, 8)]);
    }

    #[test]
    fn templates_are_shown_as_they_are_read() {
        let list = "sourceIPv4Address,octetDeltaCount/5,packetDeltaCount,paddingOctets/3,paddingOctets";
        let template: Template = list.parse().unwrap();
        assert_eq!(template.to_string(), list);
        for name in Template::elements() {
            assert_eq!(name.to_uppercase().parse::<Template>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (list, words) in [
            ("", "'' is not an element"),
            ("srcaddr,fooBar", "'fooBar' is not an element"),
            ("99999", "'99999' is not"),
            ("bgpSourceAsNumber", "bgpSourceAsNumber cannot be told"),
            ("16", "bgpSourceAsNumber cannot be told"),
            ("srcaddr/2", "'2' is not a length of sourceIPv4Address, expected 4"),
            ("152/4", "'4' is not a length of flowStartMilliseconds, expected 8"),
            ("octetDeltaCount/9", "expected 1 to 8"),
            ("octetDeltaCount/0", "expected 1 to 8"),
            ("octetDeltaCount/", "'' is not a length"),
            ("octetDeltaCount,doctets/4", "octetDeltaCount is there twice"),
            ("210/255,210/255,210/255", "a record of 765 octets"),
        ] {
            let why = list.parse::<Template>().unwrap_err();
            assert!(why.contains(words), "{list}: {why}");
        }
        assert!(["210"; 65].join(",").parse::<Template>().unwrap_err().contains("more than 64"));
        assert!(["210"; 64].join(",").parse::<Template>().is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = text.parse::<Template>();
        }

        #[test]
        fn any_list_that_is_read_is_shown_as_such(words in prop::collection::vec((0u16..330, prop::option::of(0u16..20)), 1..9)) {
            let word = |(id, width): &(u16, Option<u16>)| match width {
                Some(width) => format!("{id}/{width}"),
                None => id.to_string(),
            };
            let list: Vec<String> = words.iter().map(word).collect();
            if let Ok(template) = list.join(",").parse::<Template>() {
                prop_assert_eq!(template.to_string().parse::<Template>().unwrap(), template);
            }
        }
    }
}
