//! Options data records (RFC 3954 section 6, RFC 7011 section 3.4.2.2): what exporters say of themselves.

use super::template::{Origin, TemplateField};
use crate::flow::{About, Fact};

/// Octets that are kept of a name or description.
const LONGEST: usize = 1024;

/// The fields of an options record that we know how to use.
#[derive(Default)]
pub(super) struct Said<'a> {
    /// When the exporter was started, ms since 1970.
    pub boot: Option<u64>,
    interface: Option<u32>,
    interface_name: Option<&'a [u8]>,
    interface_description: Option<&'a [u8]>,
    application: Option<&'a [u8]>,
    application_name: Option<&'a [u8]>,
    application_description: Option<&'a [u8]>,
    vrf: Option<u32>,
    vrf_name: Option<&'a [u8]>,
    sampler: Option<u64>,
    sampler_name: Option<&'a [u8]>,
    interval: Option<u64>,
    packets: Option<u64>,
    space: Option<u64>,
    size: Option<u64>,
    population: Option<u64>,
    probability: Option<f64>,
}

impl<'a> Said<'a> {
    /// Reads a record, whose fields lie in `record` at `spans`.
    pub fn read(fields: &[TemplateField], record: &'a [u8], spans: &[(u32, u32)]) -> Said<'a> {
        let mut said = Said::default();
        for (field, (start, end)) in fields.iter().zip(spans) {
            let octets = record.get(*start as usize..*end as usize).unwrap_or_default();
            if field.element.enterprise == 0 && !octets.is_empty() {
                said.take(field.element.id, octets);
            }
        }
        said
    }

    /// Hands each fact in the record to `each`.
    pub fn facts(&self, origin: &Origin, mut each: impl FnMut(Fact)) {
        let mut tell = |about, name: Option<&[u8]>, description: Option<&[u8]>| {
            let [name, description] = [name, description].map(|octets| octets.map(text).unwrap_or_default());
            each(Fact { exporter: origin.exporter, domain: origin.domain, about, name, description });
        };
        let said = |octets: Option<&[u8]>| octets.is_some_and(|octets| octets.first().is_some_and(|octet| *octet != 0));
        if let Some(index) = self.interface
            && (said(self.interface_name) || said(self.interface_description))
        {
            tell(About::Interface(index), self.interface_name, self.interface_description);
        }
        if let Some(id) = self.application
            && (self.application_name.is_some() || self.application_description.is_some())
        {
            tell(About::Application(id.to_vec()), self.application_name, self.application_description);
        }
        if let (Some(id), Some(name)) = (self.vrf, self.vrf_name) {
            tell(About::Vrf(id), Some(name), None);
        }
        if let Some((population, taken)) = self.rate() {
            tell(About::Sampler { id: self.sampler, population, taken }, self.sampler_name, None);
        } else if let (Some(id), Some(name)) = (self.sampler, self.sampler_name) {
            tell(About::Sampler { id: Some(id), population: 0, taken: 0 }, Some(name), None);
        }
    }

    fn take(&mut self, id: u16, octets: &'a [u8]) {
        let number = number(octets);
        let index = number.and_then(|n| u32::try_from(n).ok());
        match id {
            10 | 14 | 252 | 253 => self.interface = self.interface.or(index),
            82 => self.interface_name = Some(octets),
            83 => self.interface_description = Some(octets),
            95 => self.application = Some(octets),
            96 => self.application_name = Some(octets),
            94 => self.application_description = Some(octets),
            234 | 235 => self.vrf = self.vrf.or(index),
            236 => self.vrf_name = Some(octets),
            48 | 302 => self.sampler = number,
            84 | 335 => self.sampler_name = Some(octets),
            34 | 50 => self.interval = number.filter(|n| *n > 0).or(self.interval),
            305 => self.packets = number,
            306 => self.space = number,
            309 => self.size = number,
            310 => self.population = number,
            160 => self.boot = number.filter(|ms| *ms > 0),
            311 => self.probability = octets.first_chunk().map(|b| f64::from_be_bytes(*b)),
            _ => {}
        }
    }

    /// Of how many packets how many are taken.
    fn rate(&self) -> Option<(u64, u64)> {
        let positive = |n: Option<u64>| n.filter(|n| *n > 0);
        if let Some(interval) = self.interval {
            return Some((interval, 1));
        }
        if let Some(taken) = positive(self.packets) {
            return Some((taken.saturating_add(self.space.unwrap_or(0)), taken));
        }
        if let Some(rate) = positive(self.population).zip(positive(self.size)) {
            return Some(rate);
        }
        // One packet of so many, as near as whole numbers come.
        let probability = self.probability.filter(|p| *p > 0.0 && *p <= 1.0)?;
        Some(((1.0 / probability).round() as u64, 1))
    }
}

fn number(octets: &[u8]) -> Option<u64> {
    (octets.len() <= 8).then(|| octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet)))
}

/// A text without the NULs that pad it.
fn text(octets: &[u8]) -> String {
    let octets = octets.get(..octets.len().min(LONGEST)).unwrap_or_default();
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    String::from_utf8_lossy(octets.get(..end).unwrap_or_default()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::template::split;
    use super::*;
    use crate::flow::Element;

    fn read(fields: &[(u16, u16)], record: &[u8]) -> Vec<Fact> {
        let fields: Vec<TemplateField> =
            fields.iter().map(|(id, width)| TemplateField { element: Element::iana(*id), width: *width }).collect();
        let mut spans = Vec::new();
        split(fields.iter().map(|field| field.width), record, &mut spans).unwrap();
        let exporter = std::net::Ipv4Addr::LOCALHOST.into();
        let mut all = Vec::new();
        let origin = Origin { exporter, domain: 1, secs: 0, uptime: 0, boot: 0 };
        Said::read(&fields, record, &spans).facts(&origin, |fact| all.push(fact));
        all
    }

    #[test]
    fn interfaces_have_names_and_descriptions() {
        let facts = read(&[(10, 2), (82, 6), (83, 4)], b"\0\x07eth0\0\0wan ");
        assert_eq!(facts.len(), 1);
        assert_eq!(facts[0].about, About::Interface(7));
        assert_eq!((facts[0].name.as_str(), facts[0].description.as_str()), ("eth0", "wan"));
        assert!(read(&[(10, 2), (41, 2)], &[0, 7, 0, 1]).is_empty());
    }

    #[test]
    fn applications_and_virtual_routers_have_names() {
        let facts = read(&[(210, 4), (95, 4), (96, 65_535), (94, 3)], b"\0\0\0\0\x03\0\0\x50\x04httpweb");
        assert_eq!(facts[0].about, About::Application(vec![3, 0, 0, 0x50]));
        assert_eq!((facts[0].name.as_str(), facts[0].description.as_str()), ("http", "web"));
        let facts = read(&[(234, 4), (236, 4)], b"\0\0\0\x02blue");
        assert_eq!((&facts[0].about, facts[0].name.as_str()), (&About::Vrf(2), "blue"));
    }

    #[test]
    fn samplers_say_their_rates_in_many_ways() {
        let rate = |fields: &[(u16, u16)], record: &[u8]| match read(fields, record).first().map(|f| f.about.clone()) {
            Some(About::Sampler { id, population, taken }) => Some((id, population, taken)),
            _ => None,
        };
        assert_eq!(rate(&[(48, 1), (49, 1), (50, 4)], &[3, 2, 0, 0, 1, 0]), Some((Some(3), 256, 1)));
        assert_eq!(rate(&[(34, 4), (35, 1)], &[0, 0, 0, 10, 1]), Some((None, 10, 1)));
        assert_eq!(rate(&[(302, 1), (305, 1), (306, 1)], &[4, 2, 98]), Some((Some(4), 100, 2)));
        assert_eq!(rate(&[(309, 1), (310, 1)], &[2, 10]), Some((None, 10, 2)));
        assert_eq!(rate(&[(311, 8)], &0.01f64.to_be_bytes()), Some((None, 100, 1)));
        assert_eq!(rate(&[(311, 8)], &f64::NAN.to_be_bytes()), None);
        assert_eq!(rate(&[(34, 4)], &[0; 4]), None);
    }
}
