//! Arguments of flow-tag.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Keep, Write};
use super::config::Defined;
use crate::flow::Form;

macro_rules! examples {
    () => {
        "
Examples:
  flow-tag -t tag.cfg -T customers < flows | flow-stat -f30
  flow-cat /flows/2026 | flow-tag -t tag.cfg -T customers,services | flow-nfilter -F gold
  flow-tag -t tag.cfg -T customers -v SITE=10.0.0.0/8 flows6 | flow-export -f json"
    };
}

/// Behind `-h`.
const SHORT: &str = concat!(
    "\
The file says what tags are for, and which of that is done; --help says more.

  tag-action OURS
    type source-prefix
    match 10.0.0.0/8 set-source 0x10
    match 2001:db8::/32 set-source 0x11
  tag-definition customers
    term
      action OURS
",
    examples!()
);

/// Behind `--help`, and in the man page.
const LONG: &str = concat!(
    "\
A tag is a number that says where a flow comes from, or where it goes, in the user's own terms. The
file has actions, which say by what values of a field flows get which tags:

  tag-action CUSTOMERS
    type prefix
    match 10.0.0.0/26 set-source 0x10
    match 10.0.0.0/26 or-destination 0x100
  tag-action WEB
    type tcp-destination-port
    match https or-destination 0x1000

set-source and set-destination put the tag in place of the one there is, or-source and or-destination
set its bits. TYPE is one of

  source-prefix, destination-prefix, prefix, next-hop, exporter,
  source-ip-address, destination-ip-address, ip
                             addresses and prefixes, IPv4 and IPv6; the longest counts
  source-as, destination-as, as
  tcp-source-port, tcp-destination-port, tcp-port
  udp-source-port, udp-destination-port, udp-port
                             decimal numbers, and names
  tos, input-interface, output-interface, interface
                             decimal numbers
  any                        the word any: every flow

(src- and dst- will do for source- and destination-.) Types without a side look at both, the source
first. Definitions are terms, done one behind the other: which flows, and what is done to them.

  include-filter filter.cfg
  tag-definition customers
    term
      input-filter 1,5-9
      output-filter !3
      exporter 192.168.0.2
      filter web
      action CUSTOMERS
      action WEB

Of a term, each condition is optional, and all must hold. @NAME and @{NAME:-DEFAULT} stand for what -v
NAME=VALUE says; # begins a comment.
",
    examples!()
);

/// Give flows tags: numbers for where they come from and where they go
#[derive(Parser, Debug)]
#[command(name = "flow-tag", version, after_help = SHORT, after_long_help = LONG)]
pub struct Args {
    /// The file of tags; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg
    #[arg(short = 't', long, value_name = "FILE", default_value = "tag.cfg")]
    pub tag_file: PathBuf,
    /// The tag-definition to apply; several with commas between are applied one behind the other
    #[arg(short = 'T', long = "tags", value_name = "NAME[,NAME]", default_value = "default", value_delimiter = ',')]
    pub definitions: Vec<String>,
    /// Version written, 1005 or 10 (default: 1005 for flows of version 1, 5 and 1005, 10 for others)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// The header written.
    #[command(flatten)]
    pub keep: Keep,
    /// Variables of the file.
    #[command(flatten)]
    pub defined: Defined,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
