//! Arguments of flow-xlate.

use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Keep, Write};
use super::config::Defined;
use super::steps::Translating;
use crate::flow::Form;

macro_rules! examples {
    () => {
        "
Examples:
  flow-xlate -V 10 ft-v05.2026-01-01.000000+0000 > modern
  flow-cat /flows/2026/2026-01 | flow-xlate -V 10 -o january
  flow-xlate -V 5 modern | flow-print -f5
  flow-xlate -x xlate.cfg -X share < flows > flows-to-share
  flow-xlate -x xlate.cfg -X sampled -v RATE=100 /flows/2026 | flow-stat -f10"
    };
}

/// Behind `-h`.
const SHORT: &str = concat!(
    "\
Without -x and -X, flows are only converted. The file of -x says what else is done; see --help.

  xlate-action HIDE
    type ip-address-anonymize
    key-file /etc/flow-tools/anonymize.key
  xlate-definition share
    term
      action HIDE
",
    examples!()
);

/// Behind `--help`, and in the man page.
const LONG: &str = concat!(
    "\
Without -x and -X, flows are only converted. The file of -x has actions, each of a type:

  ip-source-address-to-network, ip-destination-address-to-network
      host bits become 0, by the length of the prefix
  ip-source-address-to-class-network, ip-destination-address-to-class-network
      host bits become 0, by the class of the address; IPv6 addresses, which have none, stay
  ip-source-address-anonymize, ip-destination-address-anonymize, ip-address-anonymize
      addresses are replaced such that two that share a prefix still do (Crypto-PAn)
        algorithm cryptopan-aes128
        key HEX                       64 hexadecimal digits, 32 of AES's key and 32 of the pad's
        key-file FILE                 the same in a file
        key-file-refresh MINUTES [HH:MM:SS]
                                      the file is read again so often, counted from that time of day
  ip-address-privacy-mask
        mask SOURCE DESTINATION [/LENGTH /LENGTH]
                                      only these bits stay; of IPv6 addresses prefixes of these
                                      lengths, or else of twice the masks' (0xFFFFFF00 is /48)
  ip-port-privacy-mask, tag-mask
        mask SOURCE DESTINATION       only these bits stay
  scale
        scale N                       packets and octets become N times as many
  replace-source-as0, replace-destination-as0
        as N                          in place of AS 0

and definitions, which are terms, done one behind the other:

  include-filter filter.cfg
  xlate-action HUNDRED
    type scale
    scale @{RATE:-100}
  xlate-definition sampled
    term
      filter from-the-sampling-router
      action HUNDRED
      stop
    term
      action OTHER

Of a term, the filter is optional; stop means that flows it was for are not for the terms behind it.
@NAME and @{NAME:-DEFAULT} stand for what -v NAME=VALUE says; # begins a comment. Numbers that become
too great for what they are stored in are counted, and become the greatest that fit.
",
    examples!()
);

/// Convert flows to another version; change their addresses, ports, AS numbers, tags and counters
#[derive(Parser, Debug)]
#[command(name = "flow-xlate", version, after_help = SHORT, after_long_help = LONG)]
pub struct Args {
    /// Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: as read). What a version has no field for is left
    /// out; flows that it cannot say at all are counted, as are numbers that it has no room for
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<Form>,
    /// Read no file of translations: only convert
    #[arg(short = 'n', long)]
    pub no_config: bool,
    /// What is done besides.
    #[command(flatten)]
    pub translating: Translating,
    /// The header written.
    #[command(flatten)]
    pub keep: Keep,
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
