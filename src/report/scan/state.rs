//! What a detector knows, as text: so that it can be ended and go on later.
//!
//! `clock FLOWS`, then of each source `source ADDRESS FLOW FOUND` and of each host that it sent to
//! `to ADDRESS FLOW PORTS`. FLOW is the number of the last flow, FOUND what the source was found to do, PORTS are those
//! below 1024; `-` is none.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::table::{Found, Pair, Ports, Source, Table};
use super::{Detector, address, host};
use crate::select::config::{Line, Mistake, Sources, Words};

const NONE: &str = "-";
const FOUND: [(&str, Found); 4] = [
    (NONE, Found { hosts: false, ports: false }),
    ("hosts", Found { hosts: true, ports: false }),
    ("ports", Found { hosts: false, ports: true }),
    ("hosts,ports", Found { hosts: true, ports: true }),
];

impl Detector {
    /// Appends everything it knows to `out`, in the order of sources.
    pub fn save(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# What flow-dscan knew.\nclock {}", self.table.clock);
        let mut sources: Vec<_> = self.table.sources.iter().collect();
        sources.sort_unstable_by_key(|(host, _)| **host);
        for (host, source) in sources {
            let found = FOUND.iter().find(|(_, found)| *found == source.found).map_or(NONE, |(name, _)| name);
            let _ = writeln!(out, "source {} {} {found}", address(*host), source.last);
            for pair in &source.pairs {
                let ports: Vec<String> = pair.ports.each().iter().map(u16::to_string).collect();
                let ports = if ports.is_empty() { NONE.to_owned() } else { ports.join(",") };
                let _ = writeln!(out, "  to {} {} {ports}", address(pair.host), pair.last);
            }
        }
    }

    /// Takes over what was saved to a file; what it knew before is gone.
    ///
    /// # Errors
    ///
    /// The first word that makes no sense. Nothing of the file is used then.
    pub fn load(&mut self, file: &str, sources: &mut Sources<'_>) -> Result<(), Mistake> {
        let (mut table, mut open) = (Table::default(), None);
        for line in sources.open(file)? {
            read(&line, &mut table, &mut open)?;
        }
        if let Some((host, source)) = open {
            table.put(host, source);
        }
        self.table = table;
        Ok(())
    }
}

fn read(line: &Line, table: &mut Table, open: &mut Option<(u128, Source)>) -> Result<(), Mistake> {
    let mut words = line.words();
    let first = words.take("clock, source or to")?;
    match (first.text.as_str(), open.as_mut()) {
        // Everything else is no later.
        ("clock", None) => table.clock = words.number("a number of flows", u64::MAX / 2)?,
        ("source", _) => {
            let (address, last) = (host(words.parse::<IpAddr>("an address")?), flow(&mut words, table)?);
            let found = words.keyword(&FOUND, None)?;
            let source = Source { last, found, pairs: Vec::new() };
            if let Some((host, source)) = open.replace((address, source)) {
                table.put(host, source);
            }
        }
        ("to", Some((_, source))) => {
            let (host, last) = (host(words.parse::<IpAddr>("an address")?), flow(&mut words, table)?);
            let (list, mut ports) = (words.take("ports")?, Ports::None);
            for port in list.text.split(',').filter(|port| *port != NONE) {
                let known = port.parse().ok().filter(|port: &u16| *port < 1024);
                ports.add(known.ok_or_else(|| list.expected("ports from 0 to 1023"))?);
            }
            source.pairs.push(Pair { host, last, ports });
        }
        _ => return Err(first.expected("clock once at the beginning, source, or to behind a source")),
    }
    words.end()
}

/// The number of a flow that has been seen.
fn flow(words: &mut Words<'_>, table: &Table) -> Result<u64, Mistake> {
    words.number("the number of a flow, no more than the clock", table.clock)
}
