//! Arguments of flow-filter.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;

use super::common::{Files, Keep, Write};
use super::window::Window;
use crate::select::{Numbers, number};

macro_rules! preface {
    () => {
        "\
A LIST is numbers and ranges, 53,1024-65535; ! before it means all others. An access list is named
as in Cisco's 'ip access-list standard NAME permit 10.0.0.0 0.255.255.255' or 'access-list NUMBER
deny host 10.0.0.1'. A flow must match every option given; with -o any of them, and EXPR besides.

--from and --to ask for flows that were active at some time of that period: those that ended at
--from or later and began before --to. Files named for a time more than two days before the period,
or more than a day after it, are not opened; of modern files, blocks of other times are not read.
"
    };
}

macro_rules! examples {
    () => {
        "
Examples:
  flow-cat /flows/2026 | flow-filter -r6 -P80,443 | flow-stat -f8
  flow-filter -o -p53 -P53 < flows | flow-print
  flow-filter -f /etc/flow.acl -S inside -D '!inside' /flows/2026 | flow-print
  flow-filter -w 'src net 10.0.0.0/8 and tcp dst port 443 and bytes > 1M' /flows/2026 | flow-print
  flow-filter -w 'host @suspects.txt and not icmp' --count /flows/2026
  flow-filter --from 'yesterday 08:00' --to 'yesterday 09:00' -w 'host 10.1.2.3' /flows | flow-print
  flow-filter -w 'host 10.1.2.3' --from 2026-01-01 --explain /flows"
    };
}

/// Behind `-h`.
const SHORT: &str = concat!(preface!(), examples!());

/// Behind `--help`, and in the man page.
const LONG: &str = concat!(
    preface!(),
    "
Expressions:
  Conditions are joined by and, or, not (also &&, ||, !) and grouped in parentheses. not binds
  tightest, then and. A condition names a field and what it has to be:

    port 53            bytes > 1M           packets 1..3          proto != udp
    port in (80, 443, 8000-8100)            first after \"2026-01-01 10:00\"

  Comparisons are = != > >= < <= or eq ne gt ge lt le; nothing at all means =. Before fields that
  have two sides, src or dst chooses one, 'src and dst' means both; else either will do. A value
  alone goes on with the field before it: 'port 80 or 443'. @FILE stands for all values in a file,
  where # begins a comment. What a flow has no field for does not match it, with not or without.

  host, net, ip ADDR       10.0.0.1, 10.0.0.0/8, 10/8, 2001:db8::/32, 10.0.0.1-10.0.0.9; src, dst
  port, portrange N        also names: http; src, dst; only of TCP, UDP, SCTP, DCCP and UDP-Lite:
                           the same field of ICMP is its type and code (-p, -P, srcport and dstport
                           are the plain fields, whatever the protocol)
  proto NAME|N             or just the name, which may stand before a condition: tcp dst port 80
  ip4, ip6                 version of IP, likewise
  as, mask, tag, mac       src, dst
  if N                     interface; in if, out if
  next ADDR, router ADDR   next hop; exporter
  flags LETTERS|N          of UAPRSFEC all are set; 'not flags AR': neither is; 'flags = S': just S
  tos N, tos & 0xFC = 0x10 any number can be masked
  icmp-type N, icmp-code N
  bytes, packets, flows    with k M G (thousands) or Ki Mi Gi (1024)
  pps, bps, bpp            packets and bits a second, bytes a packet; 0 without a duration
  duration TIME            500ms, 30s, 5m, 1h, 1d; a number alone is ms
  first, last DATE         after (from then on), before, >= and the like
  ELEMENT                  any IPFIX element by name, vlanId == 12, or by flow-tools' name, src_as;
                           of texts, = is the whole and ~ or contains a part, in any case:
                           applicationName = \"dns\", interfaceName ~ eth
  eNidM                    element M of enterprise N (0 is IANA), a number or a text in quotes:
                           e9id60001 = 5
",
    examples!()
);

/// Pass on the flows that match
#[derive(Parser, Debug)]
#[command(
    name = "flow-filter",
    version,
    after_help = SHORT,
    after_long_help = LONG
)]
pub struct Args {
    /// Source AS
    #[arg(short = 'a', long, value_name = "LIST", value_parser = wide)]
    pub source_as: Option<Numbers>,
    /// Destination AS
    #[arg(short = 'A', long, value_name = "LIST", value_parser = wide)]
    pub destination_as: Option<Numbers>,
    /// Source address, in the access list NAME; with ! before it, not in it
    #[arg(short = 'S', long, value_name = "NAME")]
    pub source_address: Option<String>,
    /// Destination address, likewise
    #[arg(short = 'D', long, value_name = "NAME")]
    pub destination_address: Option<String>,
    /// Next hop, likewise
    #[arg(short = 'x', long, value_name = "NAME")]
    pub next_hop: Option<String>,
    /// The file of access lists
    #[arg(short = 'f', long, value_name = "FILE", default_value = "flow.acl")]
    pub acl_file: PathBuf,
    /// Exporter's address
    #[arg(short = 'e', long, value_name = "ADDRESS")]
    pub exporter: Option<IpAddr>,
    /// Input interface
    #[arg(short = 'i', long, value_name = "LIST", value_parser = wide)]
    pub input: Option<Numbers>,
    /// Output interface
    #[arg(short = 'I', long, value_name = "LIST", value_parser = wide)]
    pub output: Option<Numbers>,
    /// The header written.
    #[command(flatten)]
    pub keep: Keep,
    /// A flow need match only one of the options given
    #[arg(short = 'o', long = "or")]
    pub either: bool,
    /// Source port
    #[arg(short = 'p', long, value_name = "LIST", value_parser = short)]
    pub source_port: Option<Numbers>,
    /// Destination port
    #[arg(short = 'P', long, value_name = "LIST", value_parser = short)]
    pub destination_port: Option<Numbers>,
    /// IP protocol
    #[arg(short = 'r', long, value_name = "LIST", value_parser = octet)]
    pub protocol: Option<Numbers>,
    /// Type of service: its bits in MASK (default: all) are those of VALUE
    #[arg(short = 't', long, value_name = "VALUE[/MASK]", value_parser = bits)]
    pub tos: Option<Bits>,
    /// TCP flags, likewise; flows that are not of TCP pass (with -o, they do not match)
    #[arg(short = 'T', long, value_name = "VALUE[/MASK]", value_parser = bits)]
    pub tcp_flags: Option<Bits>,
    /// Match EXPR, such as 'src net 10/8 and dst port 53'; --help says more
    #[arg(short = 'w', long = "where", value_name = "EXPR")]
    pub expression: Option<String>,
    /// Print how many flows match instead of passing them on
    #[arg(long)]
    pub count: bool,
    /// Print what would be read, and why the rest would not, instead of reading it
    #[arg(long)]
    pub explain: bool,
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

/// What some bits of a field have to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bits {
    /// Their values.
    pub value: u64,
    /// Which bits.
    pub mask: u64,
}

fn octet(list: &str) -> Result<Numbers, String> {
    Numbers::parse(list, u8::MAX.into())
}

fn short(list: &str) -> Result<Numbers, String> {
    Numbers::parse(list, u16::MAX.into())
}

/// Numbers of up to 32 bits.
pub fn wide(list: &str) -> Result<Numbers, String> {
    Numbers::parse(list, u32::MAX.into())
}

fn bits(text: &str) -> Result<Bits, String> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xFF"));
    let octet = |word: &str| number(word).filter(|n| *n <= 0xFF);
    match (octet(value), octet(mask)) {
        (Some(value), Some(mask)) => Ok(Bits { value, mask }),
        _ => Err("expected VALUE or VALUE/MASK, numbers from 0 to 255 such as 0x2/0x12".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_be_attached_to_their_letters() {
        let args = Args::try_parse_from(["flow-filter", "-P53,80", "-t0xA0/0xE0", "-T2", "-Sinside", "-okz6", "file"]);
        let args = args.unwrap();
        assert!(args.destination_port.unwrap().contains(80) && args.either && args.keep.keep_time);
        assert_eq!(args.tos, Some(Bits { value: 0xA0, mask: 0xE0 }));
        assert_eq!(args.tcp_flags, Some(Bits { value: 2, mask: 0xFF }));
        assert_eq!((args.source_address.as_deref(), args.write.level), (Some("inside"), Some(6)));
        for wrong in ["-P70000", "-Px", "-t1/", "-t256", "-ehost", "-r256"] {
            assert!(Args::try_parse_from(["flow-filter", wrong]).is_err(), "{wrong}");
        }
    }
}
