//! Lists of flows that give no alarm: of hosts, such as name servers, that many hosts hear from.

use ipnet::IpNet;

use crate::flow::Field;
use crate::select::config::{Mistake, Sources, Words};
use crate::select::{Addresses, Net, Numbers, Predicate, Rule};

/// The flows that a file's lines `ADDRESS PROTOCOL SRCPORT DSTPORT` tell of; `-` is any. `side` is the address meant:
/// the source's or the destination's. Addresses may be prefixes, and words missing at a line's end are any.
///
/// # Errors
///
/// The first word that makes no sense.
pub fn suppressed(file: &str, side: Field, sources: &mut Sources<'_>) -> Result<Predicate, Mistake> {
    let (mut hosts, mut lines) = (Vec::new(), Vec::new());
    for line in sources.open(file)? {
        let mut words = line.words();
        let address = words.take("an address or -")?;
        let net = match (address.text.as_str(), address.text.parse(), address.text.parse()) {
            ("-", ..) => Net::Any,
            (_, Ok(host), _) => Net::host(host),
            (_, _, Ok(prefix)) => Net::Prefix(IpNet::trunc(&prefix)),
            _ => return Err(address.expected("an address, a prefix or -")),
        };
        let numbers = [(Field::Protocol, 255), (Field::SrcPort, 65_535), (Field::DstPort, 65_535)];
        let mut all = Vec::new();
        for (field, most) in numbers {
            all.extend(number(&mut words, most)?.map(|n| Predicate::numbers(field, Numbers::one(n))));
        }
        words.end()?;
        let rule = Rule { permit: true, net };
        match all.is_empty() {
            // Any number of them are one set.
            true => hosts.push(rule),
            false => {
                all.insert(0, Predicate::addresses(side, Addresses::of(&[rule])));
                lines.push(Predicate::and(all));
            }
        }
    }
    if !hosts.is_empty() {
        lines.push(Predicate::addresses(side, Addresses::of(&hosts)));
    }
    Ok(Predicate::or(lines))
}

/// A number, or any.
fn number(words: &mut Words<'_>, most: u64) -> Result<Option<u64>, Mistake> {
    match words.peek() {
        None => Ok(None),
        Some(word) if word.text == "-" => words.take("-").map(|_| None),
        Some(_) => words.number(&format!("a number up to {most}, or -"), most).map(Some),
    }
}
