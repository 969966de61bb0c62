//! Names of ports, protocols, autonomous systems and tags, as `-n` shows them and filters accept them.
//!
//! The tables of `share/sym` are built in ([`Symbols::default`]); others can be put in their place. Where such files
//! are looked for is `cli::symbols`' business: nothing here reads files.

use std::collections::HashMap;
use std::fmt;

/// What a table names; each has a file of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// TCP and UDP ports.
    Port,
    /// IP protocols.
    Protocol,
    /// Autonomous systems.
    Asn,
    /// Tags that flow-tag gave.
    Tag,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Port, Kind::Protocol, Kind::Asn, Kind::Tag];

    /// The name of the table's file, in whichever folder.
    pub fn file_name(self) -> &'static str {
        match self {
            Kind::Port => "tcp-port.sym",
            Kind::Protocol => "ip-prot.sym",
            Kind::Asn => "asn.sym",
            Kind::Tag => "tag.sym",
        }
    }

    /// The largest number that can be named.
    pub fn largest(self) -> u32 {
        match self {
            Kind::Port => u16::MAX.into(),
            Kind::Protocol => u8::MAX.into(),
            Kind::Asn | Kind::Tag => u32::MAX,
        }
    }

    /// The table that is built in, as text.
    pub fn built_in(self) -> &'static str {
        match self {
            Kind::Port => include_str!("../../share/sym/tcp-port.sym"),
            Kind::Protocol => include_str!("../../share/sym/ip-prot.sym"),
            Kind::Asn => include_str!("../../share/sym/asn.sym"),
            Kind::Tag => include_str!("../../share/sym/tag.sym"),
        }
    }
}

/// A line of a table that says nothing sensible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableError {
    /// The line, from 1.
    pub line: usize,
    /// What was wrong with it and what was expected.
    pub what: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for TableError {}

/// Names of numbers of one kind.
#[derive(Clone, Default, Debug)]
pub struct Table {
    /// By number, ascending.
    names: Vec<(u32, Box<str>)>,
    /// By name, in lower case.
    numbers: HashMap<Box<str>, u32>,
}

impl Table {
    /// Reads a table: lines of a number (decimal, or hexadecimal after `0x`) and a name; `#` begins a comment, and what
    /// follows the name is passed over. Of a number's names, as of a name's numbers, the first counts.
    pub fn parse(kind: Kind, text: &str) -> Result<Table, TableError> {
        let mut names = Vec::new();
        let mut numbers = HashMap::new();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.split('#').next().unwrap_or_default();
            let mut words = content.split_whitespace();
            let Some(first) = words.next() else { continue };
            let wrong = |what: String| TableError { line, what };
            let number = number(first).filter(|number| *number <= kind.largest());
            let number =
                number.ok_or_else(|| wrong(format!("'{first}': expected a number of at most {}", kind.largest())))?;
            let name = words.next().ok_or_else(|| wrong(format!("expected a name after {first}")))?;
            if name.chars().any(char::is_control) {
                return Err(wrong(format!("expected a printable name after {first}")));
            }
            names.push((number, name.into()));
            numbers.entry(name.to_lowercase().into()).or_insert(number);
        }
        names.sort_by_key(|(number, _)| *number);
        names.dedup_by_key(|(number, _)| *number);
        Ok(Table { names, numbers })
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> Option<&str> {
        let at = self.names.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.names.get(at).map(|(_, name)| &**name)
    }

    /// The number of a name, in whichever case it is written.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(&*name.to_lowercase()).copied()
    }
}

fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// All names that programs know.
#[derive(Clone, Debug)]
pub struct Symbols {
    ports: Table,
    protocols: Table,
    asns: Table,
    tags: Table,
}

impl Default for Symbols {
    /// The tables that are built in.
    fn default() -> Symbols {
        let built_in = |kind: Kind| Table::parse(kind, kind.built_in()).unwrap_or_default();
        Symbols {
            ports: built_in(Kind::Port),
            protocols: built_in(Kind::Protocol),
            asns: built_in(Kind::Asn),
            tags: built_in(Kind::Tag),
        }
    }
}

impl Symbols {
    /// No names at all: everything is shown as a number.
    pub fn none() -> Symbols {
        let none = Table::default;
        Symbols { ports: none(), protocols: none(), asns: none(), tags: none() }
    }

    /// These names, of one kind those of `table` instead.
    pub fn with(mut self, kind: Kind, table: Table) -> Symbols {
        match kind {
            Kind::Port => self.ports = table,
            Kind::Protocol => self.protocols = table,
            Kind::Asn => self.asns = table,
            Kind::Tag => self.tags = table,
        }
        self
    }

    /// The table of a kind, to look names up the other way.
    pub fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Port => &self.ports,
            Kind::Protocol => &self.protocols,
            Kind::Asn => &self.asns,
            Kind::Tag => &self.tags,
        }
    }

    /// The name of a TCP or UDP port.
    pub fn port(&self, port: u16) -> Option<&str> {
        self.ports.name(port.into())
    }

    /// The name of an IP protocol.
    pub fn protocol(&self, protocol: u8) -> Option<&str> {
        self.protocols.name(protocol.into())
    }

    /// The name of an autonomous system.
    pub fn asn(&self, asn: u32) -> Option<&str> {
        self.asns.name(asn)
    }

    /// The name of a tag.
    pub fn tag(&self, tag: u32) -> Option<&str> {
        self.tags.name(tag)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_built_in_is_well_formed() {
        for kind in Kind::ALL {
            let table = Table::parse(kind, kind.built_in()).unwrap();
            let numbers = kind.built_in().lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
            assert_eq!(table.names.len(), numbers, "{kind:?}: a number twice");
            assert!(table.names.iter().all(|(_, name)| name.len() < 20), "{kind:?}: a name too long for a column");
        }
    }

    #[test]
    fn the_usual_names() {
        let symbols = Symbols::default();
        for (port, name) in
            [(22, "ssh"), (25, "smtp"), (53, "domain"), (80, "http"), (123, "ntp"), (161, "snmp"), (443, "https")]
        {
            assert_eq!(symbols.port(port), Some(name));
            assert_eq!(symbols.table(Kind::Port).number(name), Some(port.into()));
        }
        for (protocol, name) in [(1, "icmp"), (6, "tcp"), (17, "udp"), (47, "gre"), (50, "esp"), (58, "ipv6-icmp")] {
            assert_eq!(symbols.protocol(protocol), Some(name));
            assert_eq!(symbols.table(Kind::Protocol).number(name), Some(protocol.into()));
        }
        assert_eq!(symbols.protocol(252), None);
        assert_eq!(symbols.tag(1), None);
        assert_eq!(symbols.asn(23456), Some("AS-TRANS"));
        assert_eq!(Symbols::none().protocol(6), None);
    }

    #[test]
    fn another_table_replaces_the_whole_one() {
        let tags = Table::parse(Kind::Tag, "0x10 customers # all\n\n 17\ttransit and more\n16 late\n").unwrap();
        let symbols = Symbols::default().with(Kind::Tag, tags);
        assert_eq!(symbols.tag(16), Some("customers"));
        assert_eq!(symbols.tag(17), Some("transit"));
        assert_eq!(symbols.table(Kind::Tag).number("Late"), Some(16));
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text| Table::parse(Kind::Protocol, text).unwrap_err().to_string();
        assert_eq!(error("6 tcp\n256 far"), "line 2: '256': expected a number of at most 255");
        assert_eq!(error("tcp 6"), "line 1: 'tcp': expected a number of at most 255");
        assert_eq!(error("# all\n6 # tcp"), "line 2: expected a name after 6");
        assert_eq!(error("6 t\u{1b}cp"), "line 1: expected a printable name after 6");
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*", number in any::<u32>()) {
            if let Ok(table) = Table::parse(Kind::Tag, &text) {
                let _ = table.name(number).and_then(|name| table.number(name));
            }
        }
    }
}
