//! From the end of a link header to an IP header.

use super::{LinkType, Network, Unmetered, octet, word};
use crate::meter::source::Frame;

/// Headers stepped over before an IP header; a frame with more is not understood.
const STEPS: usize = 16;
/// MPLS labels stepped over, all in one step.
const LABELS: usize = 64;

/// What comes next in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    /// What an Ethernet type announces.
    Type(u16),
    /// An 802.2 header.
    Llc,
    /// A PPP protocol number.
    Ppp,
    /// A PPPoE session header.
    Pppoe,
    /// An Ethernet header.
    Ethernet,
    /// An IP packet of the version it claims to have.
    Ip,
}

impl Next {
    pub(super) const IPV4: Next = Next::Type(0x0800);
    pub(super) const IPV6: Next = Next::Type(0x86dd);
    /// What the type field of an Ethernet header stands for: below 1536 it is a length (802.3), and 802.2 follows.
    pub(super) fn of_type(number: u16) -> Next {
        if number < 1536 { Next::Llc } else { Next::Type(number) }
    }
}

/// A place in a frame.
pub(super) struct Walk<'a> {
    data: &'a [u8],
    link: LinkType,
    wire_len: u32,
    next: Next,
    at: usize,
    /// The outermost VLAN tag's number.
    vlan: Option<u16>,
    /// Octets of MPLS labels right before this place.
    labels: usize,
}

impl<'a> Walk<'a> {
    /// At the end of a frame's link header.
    pub(super) fn new(frame: &Frame<'a>, (next, at): (Next, usize)) -> Walk<'a> {
        Walk { data: frame.data, link: frame.link, wire_len: frame.wire_len, next, at, vlan: None, labels: 0 }
    }

    /// Goes on to the IP packet.
    pub(super) fn find_ip(mut self, compat: bool) -> Result<Network<'a>, Unmetered> {
        for _ in 0..STEPS {
            let version = match self.next {
                Next::IPV4 => 4,
                Next::IPV6 => 6,
                Next::Ip => self.version()?,
                _ if compat => {
                    self.step_as_softflowd()?;
                    continue;
                }
                _ => {
                    self.step()?;
                    continue;
                }
            };
            if octet(self.data, self.at)? >> 4 != version {
                return Err(Unmetered::TooShort);
            }
            let before = self.at - if compat { self.labels } else { 0 };
            return Ok(Network {
                version,
                packet: self.data.get(self.at..).unwrap_or_default(),
                wire_len: self.wire_len.saturating_sub(before as u32),
                vlan: self.vlan.unwrap_or(0),
            });
        }
        Err(Unmetered::NotIp)
    }

    /// What an unannounced packet is, by its first four bits.
    fn version(&self) -> Result<u8, Unmetered> {
        match octet(self.data, self.at)? >> 4 {
            version @ (4 | 6) => Ok(version),
            _ => Err(Unmetered::NotIp),
        }
    }

    fn go(&mut self, octets: usize, next: Next) {
        self.at += octets;
        self.next = next;
        self.labels = 0;
    }

    fn step(&mut self) -> Result<(), Unmetered> {
        let (data, at) = (self.data, self.at);
        match self.next {
            // 802.1Q, 802.1ad, and the number it had before.
            Next::Type(0x8100 | 0x88a8 | 0x9100) => self.tag()?,
            // Cisco's tag towards virtual machines (802.1BR's kin).
            Next::Type(0x8926) => self.go(6, Next::of_type(word(data, at + 4)?)),
            Next::Type(0x8847 | 0x8848) => self.labels()?,
            Next::Type(0x8864) => self.go(0, Next::Pppoe),
            // Ethernet in Ethernet: Cisco's FabricPath, and provider backbones (802.1ah) behind their service number.
            Next::Type(0x8903) => self.go(2, Next::Ethernet),
            Next::Type(0x88e7) => self.go(4, Next::Ethernet),
            Next::Type(_) => return Err(Unmetered::NotIp),
            Next::Ethernet => self.go(14, Next::of_type(word(data, at + 12)?)),
            Next::Llc => self.llc()?,
            Next::Pppoe => self.pppoe()?,
            Next::Ppp => self.ppp()?,
            Next::Ip => {}
        }
        Ok(())
    }

    fn step_as_softflowd(&mut self) -> Result<(), Unmetered> {
        match self.next {
            Next::Type(0x8100) if self.vlan.is_none() && self.link == LinkType::ETHERNET => self.tag(),
            Next::Type(0x8847) => self.labels(),
            Next::Ppp => self.ppp(),
            _ => Err(Unmetered::NotIp),
        }
    }

    fn tag(&mut self) -> Result<(), Unmetered> {
        let number = word(self.data, self.at)? & 0xfff;
        self.vlan = self.vlan.or(Some(number));
        self.go(4, Next::of_type(word(self.data, self.at + 2)?));
        Ok(())
    }

    /// Steps over MPLS labels (RFC 3032) to the bottom of the stack. What lies there nothing announces: an IP packet, or
    /// an Ethernet frame behind a control word of zero bits, or sequence numbers, in front (RFC 4448).
    fn labels(&mut self) -> Result<(), Unmetered> {
        let start = self.at;
        for _ in 0..LABELS {
            let bottom = word(self.data, self.at + 2)? & 0x0100 != 0;
            self.at += 4;
            if bottom {
                let control_word = octet(self.data, self.at)? == 0 && octet(self.data, self.at + 1)? == 0;
                let next = if control_word { Next::Ethernet } else { Next::Ip };
                self.go(if control_word { 4 } else { 0 }, next);
                self.labels = if control_word { 0 } else { self.at - start };
                return Ok(());
            }
        }
        Err(Unmetered::NotIp)
    }

    /// 802.2: SNAP with an Ethernet type (RFC 1042, and 802.1H), or IP by its own number.
    fn llc(&mut self) -> Result<(), Unmetered> {
        match self.data.get(self.at..).unwrap_or_default() {
            [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, high, low, ..] => {
                self.go(8, Next::of_type(u16::from_be_bytes([*high, *low])));
                if self.next == Next::Llc { Err(Unmetered::NotIp) } else { Ok(()) }
            }
            [6, 6, 3, ..] => {
                self.go(3, Next::IPV4);
                Ok(())
            }
            [_, _, _, ..] => Err(Unmetered::NotIp),
            _ => Err(Unmetered::TooShort),
        }
    }

    /// PPPoE (RFC 2516): version and type 1, code 0 for a session's data.
    fn pppoe(&mut self) -> Result<(), Unmetered> {
        if word(self.data, self.at)? != 0x1100 {
            return Err(Unmetered::NotIp);
        }
        self.go(6, Next::Ppp);
        Ok(())
    }

    /// PPP's protocol number, of which the first octet may be left out where it is zero (RFC 1661 section 6.5).
    fn ppp(&mut self) -> Result<(), Unmetered> {
        let first = octet(self.data, self.at)?;
        let (octets, number) = if first & 1 != 0 { (1, u16::from(first)) } else { (2, word(self.data, self.at)?) };
        let next = match number {
            0x0021 => Next::IPV4,
            0x0057 => Next::IPV6,
            0x0281 => Next::Type(0x8847),
            0x0283 => Next::Type(0x8848),
            _ => return Err(Unmetered::NotIp),
        };
        self.go(octets, next);
        Ok(())
    }
}
