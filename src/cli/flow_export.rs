//! Arguments of flow-export.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::Failure;
use super::common::{Debug, Files};
use crate::print::CsvFields;
use crate::sql;

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
    /// Rows of a MySQL table: not supported
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
    /// Rows of a table in an SQLite file
    #[value(name = "sqlite")]
    Sqlite,
}

/// Turn flows into what other programs read: CSV, JSON, a database's rows, packets, datagrams, cflowd's files
#[derive(Parser, Debug)]
#[command(
    name = "flow-export",
    version,
    after_help = "\
Fields of CSV and columns of databases, in the order of their bits in a mask:
  unix_secs unix_nsecs sysuptime exaddr dflows dpkts doctets first last engine_type engine_id
  srcaddr dstaddr nexthop input output srcport dstport prot tos tcp_flags src_mask dst_mask
  src_as dst_as in_encaps out_encaps peer_nexthop router_sc extra_pkts marked_tos src_tag dst_tag

Databases:
  All flows are loaded in one transaction: what fails loads nothing. Of an input that is cut short,
  what there is of it is loaded, and the program ends with 1. A table that is there is used as it
  is, and must have a column for every field; -m chooses fields. One that is not there is made:
  addresses are inet in PostgreSQL and text in SQLite, dflows, dpkts and doctets numeric(20) in
  PostgreSQL, other fields the smallest integers that hold them. Fields that flows lack are 0,
  addresses 0.0.0.0. Where -u leaves PostgreSQL's user, password, host, port or name empty, they
  are what psql would take: PGUSER or the account's name, PGPASSWORD or ~/.pgpass, PGHOST or a
  socket on this machine, PGPORT or 5432, PGDATABASE or the user's name. The table is then raw.
  Tables are named as in SQL, where Flows is flows, and net.flows is the table flows of the schema
  net. Other users of this machine can see a password that is given in -u. Connections are not
  encrypted.

Packets:
  Each flow gives as many packets as it had, 38 octets of each (58 of IPv6): Ethernet, IP, ports.
  Octets are shared out evenly among them, and times from the flow's first packet to its last.

Examples:
  flow-export -f2 < ft-v05.2026-01-01.000000+0000 > flows.csv
  flow-export -f csv -m srcaddr,dstaddr,doctets /flows/2026/2026-01/2026-01-01
  flow-export -f5 -u flows::db.example.net::netflow:flows /flows/2026/2026-01/2026-01-01
  flow-export -f sqlite -o flows.db --table flows /flows/2026/2026-01/2026-01-01
  flow-export -f wire /flows/2026/2026-01/2026-01-01 > datagrams
  flow-cat /flows | flow-nfilter -F web | flow-export -f json | jq .destinationIPv4Address"
)]
pub struct Args {
    /// What to export as: json, sqlite, or by number or name cflowd 0, pcap 1, csv 2, wire 4, postgresql 5
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum, default_value = "cflowd", hide_possible_values = true)]
    pub format: Target,
    /// Fields of CSV, cflowd and databases: a mask in hexadecimal, or names with commas between [default: those of the flows' version]
    #[arg(short = 'm', long = "fields", value_name = "FIELDS")]
    pub fields: Option<CsvFields>,
    /// PostgreSQL's table, user:password:host:port:name:table [default: netflow:netflow:localhost:5432:netflow:raw]
    #[arg(short = 'u', long = "database", value_name = "DATABASE")]
    pub database: Option<String>,
    /// SQLite's file, which is made if it is not there
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// SQLite's table [default: raw]
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

impl Args {
    /// Whether the options go together.
    ///
    /// # Errors
    ///
    /// Wrong usage.
    pub fn check(&self) -> Result<(), Failure> {
        let (is_sqlite, is_postgresql) = (self.format == Target::Sqlite, self.format == Target::Postgresql);
        let wrong = match () {
            () if self.format == Target::Mysql => {
                "MySQL is not supported: take -f postgresql or -f sqlite, or load what -f csv writes"
            }
            () if is_sqlite && self.output.is_none() => "-f sqlite needs -o FILE",
            () if !is_sqlite && self.output.is_some() => "-o FILE is for -f sqlite only",
            () if !is_sqlite && self.table.is_some() => "--table is for -f sqlite only",
            () if !is_postgresql && self.database.is_some() => "-u is for -f postgresql only",
            () => return Ok(()),
        };
        Err(Failure::Usage(wrong.into()))
    }

    /// PostgreSQL's table. What is wrong with it is said here and not by clap, which would show the password.
    ///
    /// # Errors
    ///
    /// Wrong usage.
    pub fn target(&self) -> Result<sql::Target, Failure> {
        let given = self.database.as_deref().map_or_else(|| Ok(sql::Target::default()), str::parse);
        given.map_err(|why: String| Failure::Usage(format!("-u: {why}")))
    }
}
