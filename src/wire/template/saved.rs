//! Templates and facts as octets, for the next start: a magic number, a checksum (CRC-32C of what follows it), then
//! the templates by domain, then the facts, then when exporters were started. Numbers are big-endian. Connections are not kept: they are over by then.

use std::fmt;
use std::net::IpAddr;

use super::super::knowledge::Knowledge;
use super::super::session::Session;
use super::super::templated::Templated;
use super::{Book, Definition, DomainKey, MOST_FIELDS, TemplateField};
use crate::flow::{About, Element, Fact};

/// The last octet is the format's version.
const MAGIC: [u8; 4] = *b"FTT\x01";

/// What was saved cannot be used: it is cut short, changed, or of another version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damaged(&'static str);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Damaged {}

/// Appends the templates and facts to `out`.
pub(in crate::wire) fn save(book: &Book, knowledge: &Knowledge, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    let domains = || book.each().filter(|d| d.key.session.connection.is_none() && d.templates().len() > 0);
    body.extend((domains().count() as u32).to_be_bytes());
    for domain in domains() {
        let DomainKey { session, protocol, domain: number } = domain.key;
        address(session.exporter, &mut body);
        body.extend(session.port.to_be_bytes());
        body.extend(protocol.to_be_bytes());
        body.extend(number.to_be_bytes());
        body.extend((domain.templates().len() as u32).to_be_bytes());
        domain.templates().for_each(|template| definition(&template.definition, &mut body));
    }
    body.extend((knowledge.each().count() as u32).to_be_bytes());
    knowledge.each().for_each(|said| fact(said, &mut body));
    body.extend((knowledge.boots().len() as u32).to_be_bytes());
    for (exporter, domain, ms) in knowledge.boots() {
        address(exporter, &mut body);
        body.extend(domain.to_be_bytes());
        body.extend(ms.to_be_bytes());
    }
    out.extend(MAGIC);
    out.extend(crc32c::crc32c(&body).to_be_bytes());
    out.extend(body);
}

/// Adds what was saved.
pub(in crate::wire) fn load(to: &mut Templated, octets: &[u8]) -> Result<(), Damaged> {
    let rest = octets.strip_prefix(&MAGIC).ok_or(Damaged("no saved templates, or of another version"))?;
    let (sum, body) = rest.split_first_chunk().ok_or(Damaged("cut short"))?;
    if crc32c::crc32c(body) != u32::from_be_bytes(*sum) {
        return Err(Damaged("the checksum is wrong"));
    }
    let mut reader = Reader { octets: body };
    // Nothing is taken over before all of it is read.
    let (domains, facts, boots) = reader.everything().ok_or(Damaged("cut short"))?;
    for (key, definitions) in domains {
        let domain = to.book.domain(key, &mut to.room);
        let before = domain.cost();
        for definition in definitions {
            domain.define(definition, &mut to.shapes);
        }
        let after = domain.cost();
        to.book.changed(before, after, &mut to.room);
    }
    for fact in facts {
        to.knowledge.learn(fact);
    }
    for (exporter, domain, ms) in boots {
        to.knowledge.booted(exporter, domain, ms);
    }
    Ok(())
}

fn address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(v4) => {
            out.push(4);
            out.extend(v4.octets());
        }
        IpAddr::V6(v6) => {
            out.push(6);
            out.extend(v6.octets());
        }
    }
}

fn definition(definition: &Definition, out: &mut Vec<u8>) {
    out.extend(definition.id.to_be_bytes());
    out.push(definition.scopes.is_some().into());
    out.extend(definition.scopes.unwrap_or(0).to_be_bytes());
    out.extend((definition.fields.len() as u16).to_be_bytes());
    for field in &definition.fields {
        out.extend(field.element.enterprise.to_be_bytes());
        out.extend(field.element.id.to_be_bytes());
        out.extend(field.width.to_be_bytes());
    }
}

fn fact(fact: &Fact, out: &mut Vec<u8>) {
    address(fact.exporter, out);
    out.extend(fact.domain.to_be_bytes());
    match &fact.about {
        About::Interface(index) => {
            out.push(1);
            out.extend(index.to_be_bytes());
        }
        About::Application(id) => {
            out.push(2);
            text(id, out);
        }
        About::Sampler { id, population, taken } => {
            out.push(if id.is_some() { 3 } else { 4 });
            [id.unwrap_or(0), *population, *taken].iter().for_each(|n| out.extend(n.to_be_bytes()));
        }
        About::Vrf(id) => {
            out.push(5);
            out.extend(id.to_be_bytes());
        }
    }
    text(fact.name.as_bytes(), out);
    text(fact.description.as_bytes(), out);
}

/// Octets with their length before them. None are longer than that can say.
fn text(octets: &[u8], out: &mut Vec<u8>) {
    let octets = octets.get(..octets.len().min(u16::MAX.into())).unwrap_or_default();
    out.extend((octets.len() as u16).to_be_bytes());
    out.extend(octets);
}

/// Takes what was saved from the front of octets.
struct Reader<'a> {
    octets: &'a [u8],
}

type Everything = (Vec<(DomainKey, Vec<Definition>)>, Vec<Fact>, Vec<(IpAddr, u32, u64)>);

impl<'a> Reader<'a> {
    fn everything(&mut self) -> Option<Everything> {
        let domains = (0..self.u32()?).map(|_| self.domain()).collect::<Option<_>>()?;
        let facts = (0..self.u32()?).map(|_| self.fact()).collect::<Option<_>>()?;
        let boots = (0..self.u32()?).map(|_| Some((self.address()?, self.u32()?, self.u64()?)));
        Some((domains, facts, boots.collect::<Option<_>>()?))
    }

    fn domain(&mut self) -> Option<(DomainKey, Vec<Definition>)> {
        let (exporter, port) = (self.address()?, self.u16()?);
        let session = Session::datagrams(exporter, port);
        let key = DomainKey { session, protocol: self.u16()?, domain: self.u32()? };
        let definitions = (0..self.u32()?).map(|_| self.definition()).collect::<Option<_>>()?;
        Some((key, definitions))
    }

    fn definition(&mut self) -> Option<Definition> {
        let (id, [options], scopes) = (self.u16()?, self.take()?, self.u16()?);
        let fields = (0..self.u16()?).map(|_| self.field()).collect::<Option<Vec<_>>>()?;
        let sound = id >= 256 && fields.len() <= MOST_FIELDS;
        sound.then_some(Definition { id, scopes: (options == 1).then_some(scopes), fields })
    }

    fn field(&mut self) -> Option<TemplateField> {
        let element = Element { enterprise: self.u32()?, id: self.u16()? };
        Some(TemplateField { element, width: self.u16()? })
    }

    fn fact(&mut self) -> Option<Fact> {
        let (exporter, domain, [kind]) = (self.address()?, self.u32()?, self.take()?);
        let about = match kind {
            1 => About::Interface(self.u32()?),
            2 => About::Application(self.text()?.to_vec()),
            3 | 4 => {
                let id = Some(self.u64()?).filter(|_| kind == 3);
                About::Sampler { id, population: self.u64()?, taken: self.u64()? }
            }
            5 => About::Vrf(self.u32()?),
            _ => return None,
        };
        let [name, description] = [self.text()?, self.text()?].map(|octets| String::from_utf8_lossy(octets).into());
        Some(Fact { exporter, domain, about, name, description })
    }

    fn address(&mut self) -> Option<IpAddr> {
        let [family] = self.take()?;
        match family {
            4 => Some(IpAddr::from(self.take::<4>()?)),
            6 => Some(IpAddr::from(self.take::<16>()?)),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        let (text, rest) = self.octets.split_at_checked(length.into())?;
        self.octets = rest;
        Some(text)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (octets, rest) = self.octets.split_first_chunk()?;
        self.octets = rest;
        Some(*octets)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}
