//! Who talks most, as routers show it: `show ip flow top-talkers`.

use std::io::{self, Write};
use std::net::IpAddr;

use super::{Aggregation, Entry, Grouping, Groups, Order, Part, SortBy};
use crate::flow::Field;

/// What flows are told apart by.
const KEY: [Part; 7] = [
    Part::Number(Field::Input),
    Part::Address(Field::SrcAddr),
    Part::Number(Field::Output),
    Part::Address(Field::DstAddr),
    Part::Number(Field::Protocol),
    Part::Number(Field::SrcPort),
    Part::Number(Field::DstPort),
];

/// Talkers being found.
pub fn talkers() -> Aggregation {
    Aggregation::new(grouping())
}

/// What is to be read for it.
pub fn grouping() -> Grouping {
    // Two addresses and five numbers fit a key: a test looks.
    Grouping::by(&KEY).unwrap_or_default()
}

/// Writes the `top` talkers by octets. Protocol and ports are hexadecimal, as routers show them.
///
/// # Errors
///
/// What `out` says.
pub fn write(groups: &mut Groups, top: usize, out: &mut impl Write) -> io::Result<()> {
    let layout = groups.layout().clone();
    let width = if layout.is_wide() { 39 } else { 15 };
    writeln!(
        out,
        "{:<13} {:<width$} {:<13} {:<width$} Pr SrcP DstP Bytes",
        "SrcIf", "SrcIPaddress", "DstIf", "DstIPaddress"
    )?;
    let line = |entry: &Entry, text: &mut Vec<u8>| {
        let number = |part| layout.value(&entry.key, part) as u64;
        let address = |part| -> IpAddr { layout.address(&entry.key, part) };
        let [input, output, protocol, from, to] = [0, 2, 4, 5, 6].map(number);
        let [source, destination] = [1, 3].map(|part| address(part).to_string());
        let octets = entry.counts.octets;
        _ = writeln!(
            text,
            "{input:<13} {source:<width$} {output:<13} {destination:<width$} {protocol:02X} {from:04X} {to:04X} {octets}"
        );
    };
    let order = Order { by: SortBy::Octets, descending: true };
    groups.render(order, top, line, |text| out.write_all(text))?;
    let (shown, all, flows) = (top.min(groups.len()), groups.len(), groups.totals().flows);
    writeln!(out, "{shown} of {all} top talkers shown. {flows} flows processed.")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{flow, v5};
    use super::*;

    #[test]
    fn the_greatest_stand_first() {
        let talkers = talkers();
        let mut worker = talkers.worker();
        worker.add(&v5(&[flow([1, 2], [80, 1024], 6, 50, 1), flow([3, 2], [53, 53], 17, 70, 1)]));
        let outcome = worker.finish();
        let mut groups = talkers.finish(vec![outcome]);
        let mut out = Vec::new();
        write(&mut groups, 1, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "0             0.0.0.3         0             0.0.0.2         11 0035 0035 70");
        assert_eq!(lines[2], "1 of 2 top talkers shown. 2 flows processed.");
    }
}
