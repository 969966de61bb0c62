//! Arguments of flow-nfilter.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Keep, Write};
use super::config::Defined;
use super::window::Window;

macro_rules! examples {
    () => {
        "
Examples:
  flow-cat /flows/2026 | flow-nfilter -f filter.cfg -F web | flow-print
  flow-nfilter -f filter.cfg -F host -v HOST=10.0.0.37 /flows/2026 | flow-stat -f10 -S3
  flow-nfilter -f filter.cfg -F 'not-ours' --from yesterday /flows | flow-print"
    };
}

/// Behind `-h`.
const SHORT: &str = concat!(
    "\
The file names sets of values, and what is matched with them; --help says more.

  filter-primitive WEB
    type ip-port
    permit 80,443
  filter-definition web
    match ip-source-port WEB
    or
    match ip-destination-port WEB
",
    examples!()
);

/// Behind `--help`, and in the man page.
const LONG: &str = concat!(
    "\
The file names sets of values, primitives, and in definitions what is matched with them:

  filter-primitive OURS
    type ip-address-prefix
    permit 10.0.0.0/8
    permit 2001:db8::/32
    deny 10.9.0.0/16
  filter-primitive BIG
    type counter
    permit gt 1000000
  filter-definition big-from-us
    match ip-source-address OURS
    match octets BIG

A primitive has a type, and lines 'permit VALUE' and 'deny VALUE'. What none of them says is
denied, but after 'default permit'. Of prefixes the longest decides, of addresses, tags and types
with lists the last line that says a value, of others the first line that holds.

  as, ip-port, ip-protocol          numbers, names, ranges and lists: 80,443,1024-32767,domain
  ip-tos, ip-tcp-flags              numbers, of the bits that a line 'mask BITS' says
  ifindex, engine, ip-address-prefix-len, tag
                                    numbers, ranges and lists
  ip-address                        10.0.0.1, 2001:db8::1
  ip-address-mask                   10.0.0.0 255.255.255.0
  ip-address-prefix                 10.0.0.0/8, 2001:db8::/32
  tag-mask                          0x20 0xF0: a tag, and which of its bits count
  counter                           lt, gt, eq, ne, le or ge, and a number
  double                            the same, and a number such as 1000.0
  time                              the same, and a time of day: ge 08:00:00
  time-date                         the same, and a date: gt January 1, 2026 00:30:00
  rate                              N: one flow in N, at random

A definition has lines 'match WHAT PRIMITIVE', which must all hold. 'or' begins other lines that
will do as well, and 'invert' turns the whole definition round. WHAT is, by the primitive's type:

  as                                source-as, destination-as
  ip-address, ip-address-mask, ip-address-prefix
                                    ip-source-address, ip-destination-address, ip-exporter-address,
                                    ip-nexthop-address, ip-shortcut-address
  ip-address-prefix-len             ip-source-address-prefix-len, ip-destination-address-prefix-len
  ip-protocol                       ip-protocol
  ip-tos                            ip-tos, ip-marked-tos
  ip-tcp-flags                      ip-tcp-flags
  ip-port                           ip-source-port, ip-destination-port
  ifindex                           input-interface, output-interface
  engine                            engine-id, engine-type
  tag, tag-mask                     source-tag, destination-tag
  counter                           flows, octets, packets, extra-packets, duration (ms)
  double                            pps, bps (packets and bits a second)
  time, time-date                   start-time, end-time
  rate                              random-sample

@NAME and @{NAME:-DEFAULT} stand for what -v NAME=VALUE says; # begins a comment;
'include-filter FILE' reads another file. Keywords may be in any case.
",
    examples!()
);

/// Pass on the flows that a filter of a file matches
#[derive(Parser, Debug)]
#[command(name = "flow-nfilter", version, after_help = SHORT, after_long_help = LONG)]
pub struct Args {
    /// The file of filters; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg
    #[arg(short = 'f', long, value_name = "FILE", default_value = "filter.cfg")]
    pub filter_file: PathBuf,
    /// The filter-definition to match
    #[arg(short = 'F', long, value_name = "NAME", default_value = "default")]
    pub filter: String,
    /// The header written.
    #[command(flatten)]
    pub keep: Keep,
    /// Print what would be read, and why the rest would not, instead of reading it
    #[arg(long)]
    pub explain: bool,
    /// Variables of the file.
    #[command(flatten)]
    pub defined: Defined,
    /// When the flows were.
    #[command(flatten)]
    pub window: Window,
    /// How flows are written.
    #[command(flatten)]
    pub write: Write,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}
