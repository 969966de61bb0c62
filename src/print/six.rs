//! Formats with room for addresses of IPv6.
//!
//! flow-print's columns are as wide as IPv4 needs; a longer address pushes the rest of its line to the right. Where most
//! flows are of IPv6 lines stand better in columns that any address fits.

use super::table::Table;
use super::value::Value;

/// What an IPv6 address needs...
const ADDRESS: usize = 39;
/// ... and a prefix.
const PREFIX: usize = 43;

/// What stands above addresses.
const TITLES: [&str; 13] = [
    "SrcIPaddress",
    "DstIPaddress",
    "srcIP",
    "dstIP",
    "srcPrefix",
    "dstPrefix",
    "src/mask",
    "dst/mask",
    "router_sc",
    "peer_nexthop",
    "Destination",
    "NextHop",
    "exporter",
];

impl Table {
    /// The same with columns of addresses as wide as those of IPv6, 39 characters, and of prefixes, 43. Columns that
    /// are not padded (CSV, format 24) stay so.
    pub fn with_room_for_ipv6(mut self) -> Table {
        let mut above = 0;
        for column in self.columns.iter_mut().filter(|column| column.width > 0) {
            let room = match &mut column.value {
                Value::Address(_) => ADDRESS,
                Value::Prefix(_, _, most) => {
                    *most = usize::MAX;
                    PREFIX
                }
                _ => continue,
            };
            let more = room.saturating_sub(column.width);
            column.width = room;
            let rest = self.heading.get(above..).unwrap_or_default();
            let titles = TITLES.iter().chain(&["Source"]).filter_map(|title| Some(rest.find(title)? + title.len()));
            if let Some(end) = titles.min() {
                self.heading.insert_str(above + end, &" ".repeat(more));
                above += end + more;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FORMATS, Format};

    #[test]
    fn titles_keep_above_their_columns() {
        for (format, want) in [
            (3, ["srcIP                                    dstIP ", "  prot  srcPort"]),
            (4, ["srcIP                                       dstIP ", "  prot  srcAS"]),
            (5, ["Sif   SrcIPaddress                            SrcP", "  DIf   DstIPaddress   "]),
            (6, ["   Source                                   Destination  ", " Packets"]),
            (8, ["peer_nexthop                             encap i/o", "srcIP"]),
            (14, ["srcPrefix                                    srcAS  dstPrefix   ", "dstAS"]),
        ] {
            let table = Format::new(format).unwrap().table(false, false).unwrap().with_room_for_ipv6();
            want.iter().for_each(|want| assert!(table.heading().contains(want), "{format}: {}", table.heading()));
        }
        for format in FORMATS {
            let Some(narrow) = format.table(true, false) else { continue };
            let addresses = narrow
                .columns
                .iter()
                .filter(|c| c.width > 0 && matches!(c.value, super::Value::Address(_) | super::Value::Prefix(..)));
            let count = addresses.count();
            let more = narrow.clone().with_room_for_ipv6().heading().len() - narrow.heading().len();
            assert!(more >= 24 * count, "{format:?}: {count} {more}");
        }
    }
}
