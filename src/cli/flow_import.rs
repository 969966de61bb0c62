//! Arguments of flow-import.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::common::Write;
use crate::flow::Form;
use crate::print::CsvFields;

/// What flows are imported from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Source {
    /// cflowd's files
    #[value(name = "cflowd", alias = "0")]
    Cflowd,
    /// Comma-separated fields
    #[value(name = "csv", alias = "2")]
    Csv,
    /// Text files of Cisco's NetFlow FlowCollector
    #[value(name = "nfcollector", alias = "3")]
    Collector,
    /// Exports in a capture
    #[value(name = "pcap")]
    Pcap,
    /// nfdump's files
    #[value(name = "nfdump")]
    Nfdump,
}

/// Turn what other programs write into flows
#[derive(Parser, Debug)]
#[command(
    name = "flow-import",
    version,
    after_help = "\
What is read:
  cflowd       raw flow files, as flow-export -f0 writes them
  csv          lines of fields, as flow-export -f2 writes them. A first line such as
               #:srcaddr,dstaddr,doctets says which; else those of the version are expected
  nfcollector  text of the aggregations CallRecord, DetailCallRecord, HostMatrix and
               DetailHostMatrix
  pcap         datagrams of NetFlow and IPFIX in a capture, pcap or pcapng
  nfdump       files of nfdump 1.7, nfcapd and nfpcapd, not compressed or by LZO, LZ4
               or Zstandard

Examples:
  flow-import -f2 -V5 < flows.csv > flows
  flow-import -f csv -m doctets,srcaddr,dstaddr < table.csv | flow-stat -f9
  flow-import -f0 flows.0 flows.1 | flow-print
  flow-import -f pcap exports.pcap | flow-export -f json
  flow-import -f nfdump nfcapd.202601010000 > flows"
)]
pub struct Args {
    /// What is read: pcap, nfdump, or a number of the original's: 0 cflowd, 2 csv, 3 nfcollector
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum, default_value = "cflowd", hide_possible_values = true)]
    pub format: Source,
    /// Fields of CSV, which stand in flow-export's order: a mask in hexadecimal, or names with commas between [default:
    /// what the heading says]
    #[arg(short = 'm', long = "fields", value_name = "FIELDS")]
    pub fields: Option<CsvFields>,
    /// Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: 5; of a capture, the first datagram's; of nfdump's files 10)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// Files to read; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
