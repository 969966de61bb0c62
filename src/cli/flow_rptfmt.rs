//! Arguments of flow-rptfmt.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Make a report of flow-report readable: aligned text, or HTML
#[derive(Parser, Debug)]
#[command(
    name = "flow-rptfmt",
    version,
    after_help = "\
Examples:
  flow-report -v TYPE=ip-source-address -v SORT=+octets -v RECORDS=20 /flows/2026 | flow-rptfmt -n
  flow-rptfmt -f html -p -s +octets -m 100 talkers.csv > talkers.html

In flow-report's file, as the path of an output: path |flow-rptfmt -f html > /www/%Y-%m-%d.html"
)]
pub struct Args {
    /// What is made of the report
    #[arg(short = 'f', long, value_name = "FORMAT", value_enum, default_value_t = Format::Ascii)]
    pub format: Format,
    /// Only these columns, in this order
    #[arg(short = 'F', long, value_name = "FIELD,...", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// Lines of comment too
    #[arg(short = 'H', long)]
    pub headers: bool,
    /// At most N rows of each table
    #[arg(short = 'm', long, value_name = "N")]
    pub most: Option<usize>,
    /// Names instead of numbers: ports, protocols, AS numbers, tags
    #[arg(short = 'n', long)]
    pub names: bool,
    /// Shares in percent of a column's sum, instead of the counts
    #[arg(short = 'p', long)]
    pub percent: bool,
    /// Sort by a column, greatest first after +, least first after -
    #[arg(short = 's', long, value_name = "+FIELD|-FIELD", allow_hyphen_values = true, value_parser = sort)]
    pub sort: Option<(String, bool)>,
    /// Give up after so many seconds
    #[arg(short = 'a', long = "alarm", value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// Accepted for flow-tools' sake
    #[arg(short = 'g', hide = true)]
    pub g: bool,
    /// The report; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What a report is made to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// Aligned text.
    Ascii,
    /// An HTML table.
    Html,
}

fn sort(text: &str) -> Result<(String, bool), String> {
    match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(field), _) if !field.is_empty() => Ok((field.to_owned(), true)),
        (_, Some(field)) if !field.is_empty() => Ok((field.to_owned(), false)),
        _ => Err("expected + or - and a field".into()),
    }
}
