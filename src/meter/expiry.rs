//! When a flow is over: softflowd's timeouts, and the wheel that finds the flows whose time has come.

use super::packet::{ICMP, ICMP6, TCP, UDP};

/// TCP's FIN.
pub const FIN: u8 = 0x01;
/// TCP's RST.
pub const RST: u8 = 0x04;

/// After how many seconds without a packet a flow is over. A timeout of 0 is none: the general one applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// An open TCP connection.
    pub tcp: u64,
    /// A TCP connection that either end has reset.
    pub tcp_rst: u64,
    /// A TCP connection that both ends have finished.
    pub tcp_fin: u64,
    /// UDP.
    pub udp: u64,
    /// ICMP of either version.
    pub icmp: u64,
    /// Everything else.
    pub general: u64,
    /// How long a flow may last however busy it is; 0 for ever.
    pub max_life: u64,
    /// How often flows are looked at; 0 every second.
    pub interval: u64,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            tcp: 3600,
            tcp_rst: 120,
            tcp_fin: 300,
            udp: 300,
            icmp: 300,
            general: 3600,
            max_life: 604_800,
            interval: 60,
        }
    }
}

/// Why a flow ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Nothing came for so long, in a flow of a protocol without a timeout of its own.
    General,
    /// Nothing came for so long, in an open TCP connection.
    Tcp,
    /// Nothing came any more after a TCP reset.
    TcpRst,
    /// Nothing came any more after both sides' TCP FIN.
    TcpFin,
    /// Nothing came for so long, in a UDP flow.
    Udp,
    /// Nothing came for so long, in an ICMP flow.
    Icmp,
    /// It lasted as long as flows may.
    MaxLife,
    /// Its octets would soon not fit into a record.
    OverBytes,
    /// Its place was needed.
    MaxFlows,
    /// Everything was asked for.
    Flushed,
}

impl Reason {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Reason; 10] = [
        Reason::General,
        Reason::Tcp,
        Reason::TcpRst,
        Reason::TcpFin,
        Reason::Udp,
        Reason::Icmp,
        Reason::MaxLife,
        Reason::OverBytes,
        Reason::MaxFlows,
        Reason::Flushed,
    ];
}

impl Timeouts {
    /// When a flow will be over if nothing more comes, in ns since 1970, and why: from its protocol, the TCP flags
    /// of both directions, its first and its last packet's time.
    pub fn due(&self, protocol: u8, flags: [u8; 2], first_ns: u64, last_ns: u64) -> (u64, Reason) {
        let [there, back] = flags;
        let reset = (there | back) & RST != 0;
        let finished = there & back & FIN != 0;
        let (idle, reason) = match protocol {
            TCP if reset && self.tcp_rst > 0 => (self.tcp_rst, Reason::TcpRst),
            TCP if finished && self.tcp_fin > 0 => (self.tcp_fin, Reason::TcpFin),
            TCP if self.tcp > 0 => (self.tcp, Reason::Tcp),
            UDP if self.udp > 0 => (self.udp, Reason::Udp),
            ICMP | ICMP6 if self.icmp > 0 => (self.icmp, Reason::Icmp),
            _ => (self.general, Reason::General),
        };
        let quiet = last_ns.saturating_add(nanoseconds(idle));
        let oldest = first_ns.saturating_add(nanoseconds(self.max_life));
        if self.max_life > 0 && oldest < quiet { (oldest, Reason::MaxLife) } else { (quiet, reason) }
    }
}

/// Seconds as ns, as far as they go.
pub fn nanoseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1_000_000_000)
}

/// Reads softflowd's times: `90`, `90s`, `5m`, `1h30m`; units s m h d w, added up. The answer is in seconds.
pub fn parse_time(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("'{text}' is not a time: expected a number with s, m, h, d or w behind it, such as 90 or 1h30m");
    let (mut total, mut number) = (0u64, None::<u64>);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let so_far = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(u64::from(digit)));
            number = Some(so_far.ok_or_else(wrong)?);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let part = number.take().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
    }
    match number {
        Some(rest) => total.checked_add(rest).ok_or_else(wrong),
        None if text.is_empty() => Err(wrong()),
        None => Ok(total),
    }
}

impl Timeouts {
    /// Sets a timeout as softflowd's `-t NAME=TIME` does.
    pub fn set(&mut self, assignment: &str) -> Result<(), String> {
        const NAMES: &str = "tcp, tcp.rst, tcp.fin, udp, icmp, general, maxlife or expint";
        let Some((name, time)) = assignment.split_once('=') else {
            return Err(format!("'{assignment}' is not a timeout: expected NAME=TIME, NAME one of {NAMES}"));
        };
        let timeout = match name {
            "tcp" => &mut self.tcp,
            "tcp.rst" => &mut self.tcp_rst,
            "tcp.fin" => &mut self.tcp_fin,
            "udp" => &mut self.udp,
            "icmp" => &mut self.icmp,
            "general" => &mut self.general,
            "maxlife" => &mut self.max_life,
            "expint" => &mut self.interval,
            _ => return Err(format!("'{name}' is not a timeout: expected {NAMES}")),
        };
        *timeout = parse_time(time)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_flow_is_over_by_its_protocol_and_flags() {
        let t = Timeouts::default();
        let due = |protocol, flags| {
            let (at, reason) = t.due(protocol, flags, 10 * S, 20 * S);
            (at / S - 20, reason)
        };
        assert_eq!(due(TCP, [0x12, 0x10]), (3600, Reason::Tcp));
        assert_eq!(due(TCP, [FIN, 0x10]), (3600, Reason::Tcp));
        assert_eq!(due(TCP, [FIN, FIN]), (300, Reason::TcpFin));
        assert_eq!(due(TCP, [FIN, FIN | RST]), (120, Reason::TcpRst));
        assert_eq!(due(UDP, [FIN | RST, FIN]), (300, Reason::Udp));
        assert_eq!((due(ICMP, [0; 2]), due(ICMP6, [0; 2])), ((300, Reason::Icmp), (300, Reason::Icmp)));
        assert_eq!(due(47, [0; 2]), (3600, Reason::General));
        let none = Timeouts { tcp_rst: 0, udp: 0, general: 7, ..t };
        assert_eq!(none.due(TCP, [RST, 0], 0, 0), (3600 * S, Reason::Tcp));
        assert_eq!(none.due(UDP, [0; 2], 0, 0), (7 * S, Reason::General));
    }

    #[test]
    fn no_flow_lasts_longer_than_it_may() {
        let t = Timeouts { max_life: 60, ..Timeouts::default() };
        assert_eq!(t.due(TCP, [0; 2], 10 * S, 50 * S), (70 * S, Reason::MaxLife));
        let t = Timeouts { max_life: 0, tcp: u64::MAX, ..t };
        assert_eq!(t.due(TCP, [0; 2], 10 * S, 50 * S), (u64::MAX, Reason::Tcp));
    }

    #[test]
    fn times_are_read_as_softflowd_does() {
        for (text, seconds) in
            [("0", 0), ("90", 90), ("90s", 90), ("5M", 300), ("1h30m", 5400), ("2d", 172_800), ("1w1", 604_801)]
        {
            assert_eq!(parse_time(text), Ok(seconds), "{text}");
        }
        for text in ["", "m", "1x", "-1", "1h m", "99999999999999999999", "99999999999999999w"] {
            assert!(parse_time(text).is_err(), "{text}");
        }
        let mut t = Timeouts::default();
        t.set("tcp.rst=2m").unwrap();
        t.set("expint=0").unwrap();
        assert_eq!(t, Timeouts { tcp_rst: 120, interval: 0, ..Timeouts::default() });
        assert!(t.set("tcp").is_err() && t.set("sctp=5").is_err() && t.set("udp=").is_err());
    }
}
