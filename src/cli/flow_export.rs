//! Arguments of flow-export.

use clap::{Parser, ValueEnum};

use super::common::{Debug, Files};
use crate::print::CsvFields;

/// What flows are exported as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Target {
    /// cflowd's files
    #[value(name = "cflowd", alias = "0")]
    Cflowd,
    /// Packets, as far as flows say what they were
    #[value(name = "pcap", alias = "1")]
    Pcap,
    /// Comma-separated fields
    #[value(name = "csv", alias = "2")]
    Csv,
    /// Rows of a MySQL table
    #[value(name = "mysql", alias = "3")]
    Mysql,
    /// Datagrams as an exporter sends them
    #[value(name = "wire", alias = "4")]
    Wire,
    /// Rows of a PostgreSQL table
    #[value(name = "postgresql", alias = "5")]
    Postgresql,
    /// JSON, an object a line
    #[value(name = "json")]
    Json,
}

/// Turn flows into what other programs read: comma-separated fields, JSON, cflowd's files, datagrams
#[derive(Parser, Debug)]
#[command(
    name = "flow-export",
    version,
    after_help = "\
Fields of CSV, in the order of their bits in a mask:
  unix_secs unix_nsecs sysuptime exaddr dflows dpkts doctets first last engine_type engine_id
  srcaddr dstaddr nexthop input output srcport dstport prot tos tcp_flags src_mask dst_mask
  src_as dst_as in_encaps out_encaps peer_nexthop router_sc extra_pkts marked_tos src_tag dst_tag

Examples:
  flow-export -f2 < ft-v05.2026-01-01.000000+0000 > flows.csv
  flow-export -f csv -m srcaddr,dstaddr,doctets /flows/2026/2026-01/2026-01-01
  flow-export -f wire /flows/2026/2026-01/2026-01-01 > datagrams
  flow-cat /flows | flow-nfilter -F web | flow-export -f json | jq .destinationIPv4Address"
)]
pub struct Args {
    /// What to export as: json, or a number of the original's: 0 cflowd, 1 pcap, 2 csv, 3 mysql, 4 wire, 5 postgresql
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum, default_value = "cflowd", hide_possible_values = true)]
    pub format: Target,
    /// Fields of CSV and cflowd: a mask in hexadecimal, or names with commas between [default: those of the flows' version]
    #[arg(short = 'm', long = "fields", value_name = "FIELDS")]
    pub fields: Option<CsvFields>,
    /// Database to write to, user:password:host:port:name:table
    #[arg(short = 'u', long = "database", value_name = "DATABASE")]
    pub database: Option<String>,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
