//! Flows as comma-separated fields: flow-export's format 2.

use std::fmt;
use std::str::FromStr;

use super::clock::Style;
use super::table::{Column, Table};
use super::value::Value;
use crate::flow::{Field, Version};

/// Which fields are exported, as flow-export's mask: a bit a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CsvFields(u64);

/// A field that can be exported: bit, name, value.
type Known = (u64, &'static str, Value);

/// In the order of columns.
const FIELDS: &[Known] = &[
    (0x1, "unix_secs", Value::Clock(Field::UnixSecs)),
    (0x2, "unix_nsecs", Value::Clock(Field::UnixNsecs)),
    (0x4, "sysuptime", Value::Clock(Field::Uptime)),
    (0x8, "exaddr", Value::Address(Field::Exporter)),
    (0x10, "dflows", Value::Number(Field::Flows)),
    (0x20, "dpkts", Value::Number(Field::Packets)),
    (0x40, "doctets", Value::Number(Field::Octets)),
    (0x80, "first", Value::Clock(Field::First)),
    (0x100, "last", Value::Clock(Field::Last)),
    (0x200, "engine_type", Value::Number(Field::EngineType)),
    (0x400, "engine_id", Value::Number(Field::EngineId)),
    (0x1000, "srcaddr", Value::Address(Field::SrcAddr)),
    (0x2000, "dstaddr", Value::Address(Field::DstAddr)),
    (0x10000, "nexthop", Value::Address(Field::NextHop)),
    (0x20000, "input", Value::Number(Field::Input)),
    (0x40000, "output", Value::Number(Field::Output)),
    (0x80000, "srcport", Value::Number(Field::SrcPort)),
    (0x10_0000, "dstport", Value::Number(Field::DstPort)),
    (0x20_0000, "prot", Value::Number(Field::Protocol)),
    (0x40_0000, "tos", Value::Number(Field::Tos)),
    (0x80_0000, "tcp_flags", Value::Number(Field::TcpFlags)),
    (0x100_0000, "src_mask", Value::Number(Field::SrcMask)),
    (0x200_0000, "dst_mask", Value::Number(Field::DstMask)),
    (0x400_0000, "src_as", Value::Number(Field::SrcAs)),
    (0x800_0000, "dst_as", Value::Number(Field::DstAs)),
    (0x1000_0000, "in_encaps", Value::Number(Field::InEncaps)),
    (0x2000_0000, "out_encaps", Value::Number(Field::OutEncaps)),
    (PEER_NEXTHOP, "peer_nexthop", Value::Address(Field::PeerNextHop)),
    (0x8000_0000, "router_sc", Value::Address(Field::RouterSc)),
    (EXTRA_PKTS, "extra_pkts", Value::Number(Field::ExtraPackets)),
    (MARKED_TOS, "marked_tos", Value::Number(Field::MarkedTos)),
    (0x4_0000_0000, "src_tag", Value::Number(Field::SrcTag)),
    (0x8_0000_0000, "dst_tag", Value::Number(Field::DstTag)),
];

const PEER_NEXTHOP: u64 = 0x4000_0000;
const EXTRA_PKTS: u64 = 0x1_0000_0000;
const MARKED_TOS: u64 = 0x2_0000_0000;

impl CsvFields {
    /// What flow-export writes of flows of a version, if it is not told; without a version the flows are a modern
    /// file's, and get version 5's fields.
    pub fn default_for(version: Option<Version>) -> CsvFields {
        CsvFields(match version {
            Some(Version::V1) => 0xFF_31EF,
            None | Some(Version::V5) => 0xFFF_37EF,
            Some(Version::V6) => 0x7FFF_37EF,
            Some(Version::V7) => 0x8FFF_37EF,
            Some(Version::V1005) => 0xC_0FFF_37EF,
            Some(Version::V8(method)) => match method {
                1 => 0xC06_07FF,
                2 => 0x38_07FF,
                3 => 0x502_17FF,
                4 => 0xA04_27FF,
                5 => 0xF06_37FF,
                6 => 0x3_8044_27EF,
                7 => 0x3_8046_37EF,
                8 => 0x3_807E_37EF,
                9 => 0xC46_07FF,
                10 => 0x78_07FF,
                11 => 0x542_17FF,
                12 => 0xA44_27FF,
                13 => 0xF46_37FF,
                _ => 0x37E_37FF,
            },
        })
    }

    /// The name of a field that is asked for and that flows of `version` have not.
    pub fn lacks(self, version: Version) -> Option<&'static str> {
        let own = CsvFields::default_for(Some(version));
        let schema = &version.layout().schema;
        let has = |value: Value| match value {
            Value::Clock(field) => schema.has(field),
            other => other.fields().into_iter().all(|field| schema.has(field)),
        };
        let missing = |(bit, _, value): &&Known| self.0 & !own.0 & bit != 0 && !has(*value);
        FIELDS.iter().find(missing).map(|(_, name, _)| *name)
    }

    /// The logical fields, in the order of columns: what a line that was exported has.
    pub fn order(self) -> Vec<Field> {
        let mut chosen = self.chosen();
        swap(&mut chosen);
        chosen.into_iter().filter_map(|(_, _, value)| carried(*value)).collect()
    }

    /// The fields that a heading names, in its order; `None` if it is none.
    pub fn of_heading(line: &str) -> Option<Vec<Field>> {
        let names = line.trim_end().strip_prefix("#:")?;
        let seen = |names: &[&str], at: usize| names.iter().take(at).any(|name| *name == "nexthop");
        let names: Vec<&str> = names.split(',').collect();
        let mut chosen = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let name = if *name == "nexthop" && seen(&names, at) { "peer_nexthop" } else { name };
            chosen.push(FIELDS.iter().find(|(_, known, _)| *known == name)?);
        }
        swap(&mut chosen);
        chosen.into_iter().map(|(_, _, value)| carried(*value)).collect()
    }

    /// The fields as a table.
    pub fn table(self) -> Table {
        let mut chosen = self.chosen();
        // What programs have read for twenty years: peer_nexthop is headed nexthop.
        let heading = |(bit, name, _): &&'static Known| if *bit == PEER_NEXTHOP { "nexthop" } else { *name };
        let names: Vec<&str> = chosen.iter().map(heading).collect();
        let heading = format!("#:{}\n", names.join(","));
        swap(&mut chosen);
        lines(heading, &chosen)
    }

    /// The fields under their own names, in the order of columns: what a row of [`CsvFields::rows`] has.
    pub fn columns(self) -> Vec<(&'static str, Field)> {
        self.chosen().into_iter().filter_map(|(_, name, value)| Some((*name, carried(*value)?))).collect()
    }

    /// The fields as a table without a heading, each in the column that has its name.
    pub fn rows(self) -> Table {
        lines(String::new(), &self.chosen())
    }

    fn chosen(self) -> Vec<&'static Known> {
        FIELDS.iter().filter(|(bit, ..)| self.0 & bit != 0).collect()
    }
}

fn lines(heading: String, chosen: &[&Known]) -> Table {
    let last = chosen.len().saturating_sub(1);
    let column = |(at, (_, _, value)): (usize, &&Known)| Column::new(*value, 0, if at == last { "\n" } else { "," });
    let columns = chosen.iter().enumerate().map(column).collect();
    Table { times: Style::Full, ..Table::of(heading, columns) }
}

/// The field that a column carries.
fn carried(value: Value) -> Option<Field> {
    match value {
        Value::Clock(field) => Some(field),
        other => other.fields().into_iter().next(),
    }
}

/// The values of extra_pkts and marked_tos have changed places: that too programs have read for twenty years.
fn swap(chosen: &mut [&Known]) {
    let place = |bit| chosen.iter().position(|(b, ..)| *b == bit);
    if let Some((a, b)) = place(EXTRA_PKTS).zip(place(MARKED_TOS)) {
        chosen.swap(a, b);
    }
}

impl FromStr for CsvFields {
    type Err = String;

    /// A mask in hexadecimal, or fields' names (in either case) with commas between.
    fn from_str(text: &str) -> Result<CsvFields, String> {
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
        let known = FIELDS.iter().fold(0, |mask, (bit, ..)| mask | bit);
        if let Ok(mask) = u64::from_str_radix(digits, 16) {
            let unknown = mask & !known;
            return match (mask, unknown) {
                (0, _) => Err("no field at all".to_owned()),
                (_, 0) => Ok(CsvFields(mask)),
                _ => Err(format!("no field has the mask {unknown:#x}")),
            };
        }
        let bit = |name: &str| {
            let field = FIELDS.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name.trim()));
            field.map(|(bit, ..)| *bit).ok_or_else(|| {
                let names: Vec<&str> = FIELDS.iter().map(|(_, name, _)| *name).collect();
                format!("no field is called '{}', expected a mask or any of {}", name.trim(), names.join(" "))
            })
        };
        text.split(',').try_fold(0, |mask, name| Ok(mask | bit(name)?)).map(CsvFields)
    }
}

impl fmt::Display for CsvFields {
    /// The mask.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn masks_and_names_are_the_same() {
        let fields = |text: &str| text.parse::<CsvFields>();
        assert_eq!(fields("0x3040"), fields("DstAddr,SRCADDR,doctets"));
        assert_eq!(fields("3040"), fields("0X3040"));
        assert_eq!(fields("srcaddr,doctets").unwrap().table().heading(), "#:doctets,srcaddr\n");
        assert!(fields("800").unwrap_err().contains("0x800"));
        assert!(fields("0").is_err() && fields("").is_err() && fields("srcaddr,,").is_err());
    }

    #[test]
    fn every_version_has_the_fields_it_is_exported_with() {
        for version in Version::ALL {
            let schema = &version.layout().schema;
            let table = CsvFields::default_for(Some(version)).table();
            for field in table.needs() {
                assert!(schema.has(field), "{version}: {field:?}");
            }
            assert_eq!(CsvFields::default_for(Some(version)).lacks(version), None);
        }
        let v7 = CsvFields::default_for(Some(Version::V7));
        assert_eq!((v7.to_string().as_str(), v7.lacks(Version::V5)), ("0x8fff37ef", Some("router_sc")));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _ = text.parse::<CsvFields>();
        }
    }
}
