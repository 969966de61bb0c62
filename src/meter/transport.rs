//! Ports and flags behind the IP header.

use super::packet::{Fragment, ICMP, ICMP6, Ip, TCP, UDP};

const DCCP: u8 = 33;
const SCTP: u8 = 132;
const UDP_LITE: u8 = 136;

/// What a transport header says to a flow.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Transport {
    /// Source and destination port; for ICMP 0 and type * 256 + code. 0 where they were not captured.
    pub ports: [u16; 2],
    /// TCP flags.
    pub flags: u8,
}

impl Transport {
    /// Reads what was captured of the transport header; nothing of a later fragment.
    #[inline]
    pub fn of(ip: &Ip<'_>) -> Transport {
        if ip.fragment == Fragment::Later {
            return Transport::default();
        }
        let payload = ip.payload();
        match ip.protocol {
            TCP => Transport { ports: ports(payload), flags: payload.get(13).copied().unwrap_or(0) },
            UDP | SCTP | DCCP | UDP_LITE => Transport { ports: ports(payload), flags: 0 },
            ICMP | ICMP6 => icmp(payload),
            _ => Transport::default(),
        }
    }

    /// As softflowd reads it: only where the whole header of TCP, UDP or ICMP was captured, be it in a frame's
    /// padding.
    pub fn as_softflowd(ip: &Ip<'_>) -> Transport {
        const TCP_HEADER: usize = 20;
        const SHORT_HEADER: usize = 8;
        if ip.fragment == Fragment::Later {
            return Transport::default();
        }
        match ip.protocol {
            TCP if ip.rest.len() >= TCP_HEADER => {
                Transport { ports: ports(ip.rest), flags: ip.rest.get(13).copied().unwrap_or(0) }
            }
            UDP if ip.rest.len() >= SHORT_HEADER => Transport { ports: ports(ip.rest), flags: 0 },
            ICMP | ICMP6 if ip.rest.len() >= SHORT_HEADER => icmp(ip.rest),
            _ => Transport::default(),
        }
    }
}

#[inline]
fn ports(header: &[u8]) -> [u16; 2] {
    match *header {
        [a, b, c, d, ..] => [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])],
        _ => [0; 2],
    }
}

fn icmp(header: &[u8]) -> Transport {
    let type_code = match *header {
        [kind, code, ..] => u16::from_be_bytes([kind, code]),
        _ => 0,
    };
    Transport { ports: [0, type_code], flags: 0 }
}

#[cfg(test)]
mod tests {
    use super::super::packet::Address;
    use super::*;

    fn ip(protocol: u8, rest: &[u8], rest_len: u32) -> Ip<'_> {
        Ip {
            source: Address::V4(1),
            destination: Address::V4(2),
            protocol,
            announced: protocol,
            tos: 0,
            fragment: Fragment::Whole,
            id: 0,
            total_len: 20 + rest_len,
            wire_len: 46,
            vlan: 0,
            rest,
            rest_len,
        }
    }

    const HEADER: [u8; 26] = [4, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn what_was_captured_is_read() {
        let of = |protocol, len: usize| Transport::of(&ip(protocol, &HEADER[..len], 20));
        assert_eq!(of(TCP, 20), Transport { ports: [1024, 80], flags: 0x12 });
        assert_eq!(of(TCP, 13), Transport { ports: [1024, 80], flags: 0 });
        assert_eq!(of(SCTP, 4), Transport { ports: [1024, 80], flags: 0 });
        assert_eq!(of(ICMP, 2), Transport { ports: [0, 1024], flags: 0 });
        assert_eq!((of(UDP, 3), of(47, 20), of(ICMP6, 1)), Default::default());
    }

    #[test]
    fn padding_is_not_read_but_by_softflowd() {
        let padded = ip(TCP, &HEADER, 0);
        assert_eq!(Transport::of(&padded), Transport::default());
        assert_eq!(Transport::as_softflowd(&padded), Transport { ports: [1024, 80], flags: 0x12 });
    }

    #[test]
    fn softflowd_wants_the_whole_header() {
        let of = |protocol, len: usize| Transport::as_softflowd(&ip(protocol, &HEADER[..len], 20)).ports;
        assert_eq!((of(TCP, 20), of(UDP, 8), of(ICMP, 8)), ([1024, 80], [1024, 80], [0, 1024]));
        assert_eq!((of(TCP, 19), of(UDP, 7), of(SCTP, 20)), ([0; 2], [0; 2], [0; 2]));
        let later = Ip { fragment: Fragment::Later, ..ip(TCP, &HEADER, 20) };
        assert_eq!((Transport::as_softflowd(&later), Transport::of(&later)), Default::default());
    }
}
