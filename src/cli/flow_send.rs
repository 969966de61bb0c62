//! Arguments of flow-send.

use std::net::Ipv4Addr;

use clap::Parser;

use super::common::{Debug, Files};
use crate::net::{Endpoint, Transport};
pub use crate::wire::ExportVersion;
use crate::wire::Refresh;

/// Send flows as NetFlow exports
#[derive(Parser, Debug)]
#[command(
    name = "flow-send",
    version,
    after_help = "\
Examples:
  flow-send 0/10.0.0.9/2055 < flows
  flow-send -x 200 -V5 0/10.0.0.9/2055 /flows/2026/2026-01/2026-01-15
  flow-cat /flows | flow-filter -p53 | flow-send 192.0.2.1/2001:db8::9/2055
  flow-send -V10 --transport tcp 0/10.0.0.9/4739 < flows"
)]
pub struct Args {
    /// How much is logged.
    #[command(flatten)]
    pub debug: Debug,
    /// Keep only these bits of IPv4 source and destination addresses: 255.255.255.0, 0xffffff00 or /24
    #[arg(short = 'm', long, value_name = "MASK", value_parser = mask)]
    pub mask: Option<u32>,
    /// Send each exporter's flows in its name (raw socket: needs root; IPv4 only)
    #[arg(short = 's', long)]
    pub spoof: bool,
    /// Export version sent: 1, 5, 6, 7, 8.1 to 8.14, 9 or 10, which is IPFIX (default: classic flows' own, tagged ones
    /// go as 5; else 10)
    #[arg(short = 'V', long, value_name = "VERSION")]
    pub export_version: Option<ExportVersion>,
    /// Pause between two datagrams
    #[arg(short = 'x', long, value_name = "MICROSECONDS", default_value_t = 0)]
    pub pace: u64,
    /// What messages travel by: udp, tcp or sctp; IPFIX goes by all of them, everything else by udp
    #[arg(long, value_name = "TRANSPORT", default_value_t)]
    pub transport: Transport,
    /// Octets a packet to the collector may have, IP header included (9, 10 over udp)
    #[arg(long, value_name = "OCTETS", default_value_t = 1500, value_parser = clap::value_parser!(u16).range(256..))]
    pub mtu: u16,
    /// Send templates again after so many messages or seconds (9, 10 over udp)
    #[arg(long, value_name = "MESSAGES,SECONDS", default_value = "20,60", value_parser = refresh)]
    pub refresh: Refresh,
    /// Send with each flow the address of the exporter it was collected from (9, 10)
    #[arg(long)]
    pub original_exporter: bool,
    /// Source and destination, localip/remoteip/port; 0 is any source
    #[arg(value_name = "LOCAL/REMOTE/PORT")]
    pub endpoint: Endpoint,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
}

/// When templates are sent again: messages, seconds.
fn refresh(text: &str) -> Result<Refresh, String> {
    let numbers = text.split_once(',').and_then(|(m, s)| Some((m.parse().ok()?, s.parse().ok()?)));
    let (messages, seconds) = numbers.ok_or("expected two numbers, MESSAGES,SECONDS, such as 20,60")?;
    Ok(Refresh { messages, seconds })
}

/// An address mask: dotted, a hex number, or a prefix length.
pub fn mask(text: &str) -> Result<u32, String> {
    let prefix = |len: &str| len.parse().ok().filter(|n| *n <= 32).map(|n: u32| !u32::MAX.checked_shr(n).unwrap_or(0));
    let mask = if let Some(len) = text.strip_prefix('/') {
        prefix(len)
    } else if let Some(hex) = text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16).ok()
    } else {
        text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits)
    };
    mask.ok_or_else(|| "expected a mask such as 255.255.255.0, 0xffffff00 or /24".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_sent_again_by_two_numbers() {
        assert_eq!(refresh("5,0"), Ok(Refresh { messages: 5, seconds: 0 }));
        assert!(refresh("5").is_err() && refresh("5,x").is_err() && refresh("-1,1").is_err());
    }

    #[test]
    fn masks_are_written_three_ways() {
        for text in ["255.255.255.0", "0xFFFFFF00", "0Xffffff00", "/24"] {
            assert_eq!(mask(text), Ok(0xFFFF_FF00), "{text}");
        }
        assert_eq!((mask("/0"), mask("/32")), (Ok(0), Ok(u32::MAX)));
        for wrong in ["", "/33", "0x1ffffffff", "24", "x", "/-1"] {
            assert!(mask(wrong).is_err(), "{wrong}");
        }
    }
}
