//! The capture file of blocks (pcapng): sections, interfaces, enhanced, simple and old packet blocks.

use super::pcap::too_long;
use super::window::{Numbers, Window};
use super::{Damage, Found, MAX_FRAME};
use crate::meter::link::LinkType;

/// The section header's block type; it reads the same in both byte orders.
pub const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// More interfaces in one section than this are damage, so that memory stays bounded.
const MAX_INTERFACES: usize = 65_536;
/// An interface's options are looked for in so much of its block.
const MAX_OPTIONS: usize = 64 * 1024;

/// What the current section says.
pub struct Pcapng {
    numbers: Numbers,
    interfaces: Vec<Interface>,
    /// The newest time stamp: simple packet blocks have none of their own.
    newest_ns: u64,
}

impl Default for Pcapng {
    fn default() -> Pcapng {
        Pcapng { numbers: Numbers { big: false }, interfaces: Vec::new(), newest_ns: 0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    clock: Clock,
}

/// How an interface's time stamps count.
#[derive(Clone, Copy, Debug)]
struct Clock {
    unit: Unit,
    /// Added, in ns.
    offset_ns: i64,
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    /// So many ns a unit.
    Ns(u64),
    /// So many units a ns.
    PerNs(u64),
    /// 2 to the minus so many seconds.
    Binary(u32),
}

impl Clock {
    #[inline]
    fn ns(self, stamp: u64) -> u64 {
        let ns = match self.unit {
            Unit::Ns(ns) => stamp.saturating_mul(ns),
            Unit::PerNs(units) => stamp / units,
            Unit::Binary(bits) => u64::try_from((u128::from(stamp) * 1_000_000_000) >> bits).unwrap_or(u64::MAX),
        };
        ns.saturating_add_signed(self.offset_ns)
    }

    /// By the option if_tsresol: its high bit chooses powers of two.
    fn of_resolution(resolution: u8) -> Unit {
        let power = u32::from(resolution & 0x7f);
        match resolution {
            0x80.. => Unit::Binary(power),
            0..=9 => Unit::Ns(10u64.pow(9 - power)),
            _ => Unit::PerNs(10u64.checked_pow(power - 9).unwrap_or(u64::MAX)),
        }
    }
}

/// A block's head: its type, its whole length, and where it begins.
struct Block {
    kind: u32,
    len: u32,
    offset: u64,
}

impl Block {
    fn damage(&self, what: impl Into<String>) -> Damage {
        Damage::new(self.offset, what)
    }

    fn cut_short(&self) -> Damage {
        self.damage(format!("block cut short: expected {} octets", self.len))
    }

    /// The octets between head and tail.
    fn body(&self) -> usize {
        self.len as usize - 12
    }
}

impl Pcapng {
    #[inline]
    pub fn next(&mut self, window: &mut Window) -> Result<Option<Found>, Damage> {
        while let Some(block) = self.block(window)? {
            let found = match block.kind {
                ENHANCED_PACKET | OLD_PACKET => Some(self.packet(window, &block)?),
                SIMPLE_PACKET => Some(self.simple(window, &block)?),
                INTERFACE => {
                    self.interface(window, &block)?;
                    None
                }
                _ => {
                    skip(window, block.body() as u64, &block)?;
                    None
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Consumes the next block's head; a section's head changes the byte order.
    #[inline]
    fn block(&mut self, window: &mut Window) -> Result<Option<Block>, Damage> {
        let offset = window.offset();
        if !window.fill(12)? {
            return match window.left() {
                0 => Ok(None),
                n => Err(Damage::new(offset, format!("block cut short: {n} octets, expected at least 12"))),
            };
        }
        let head = window.peek(0, 12);
        if self.numbers.u32(head, 0) == SECTION_HEADER {
            self.numbers = match head.get(8..12) {
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => Numbers { big: true },
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => Numbers { big: false },
                _ => return Err(Damage::new(offset, "a section whose byte order is neither big nor little")),
            };
            self.interfaces.clear();
        }
        let block = Block { kind: self.numbers.u32(head, 0), len: self.numbers.u32(head, 4), offset };
        if block.len < 12 || !block.len.is_multiple_of(4) {
            let what = format!("a block of {} octets, expected at least 12 and a multiple of 4", block.len);
            return Err(block.damage(what));
        }
        window.consume(8);
        Ok(Some(block))
    }

    fn interface(&mut self, window: &mut Window, block: &Block) -> Result<(), Damage> {
        if block.body() < 8 || self.interfaces.len() >= MAX_INTERFACES {
            return Err(block.damage("an interface that cannot be: too short, or too many of them"));
        }
        let seen = block.body().min(MAX_OPTIONS);
        if !window.fill(seen)? {
            return Err(block.cut_short());
        }
        let body = window.peek(0, seen);
        let n = self.numbers;
        let clock = options(n, body.get(8..).unwrap_or_default());
        let interface = Interface { link: LinkType(n.u16(body, 0)), snaplen: n.u32(body, 4), clock };
        self.interfaces.push(interface);
        skip(window, block.body() as u64, block)
    }

    #[inline]
    fn packet(&mut self, window: &mut Window, block: &Block) -> Result<Found, Damage> {
        const HEAD: usize = 20;
        if block.body() < HEAD || !window.fill(HEAD)? {
            return Err(block.cut_short());
        }
        let n = self.numbers;
        let head = window.peek(0, HEAD);
        let id = if block.kind == ENHANCED_PACKET { n.u32(head, 0) } else { u32::from(n.u16(head, 0)) };
        let stamp = u64::from(n.u32(head, 4)) << 32 | u64::from(n.u32(head, 8));
        let (captured, wire_len) = (n.u32(head, 12), n.u32(head, 16));
        let Some(interface) = self.interfaces.get(id as usize) else {
            return Err(block.damage(format!("a packet of interface {id}, which has not been described")));
        };
        self.newest_ns = interface.clock.ns(stamp);
        let link = interface.link;
        let (at, len) = self.data(window, block, HEAD, captured)?;
        Ok(Found { time_ns: self.newest_ns, wire_len, link, at, len })
    }

    fn simple(&mut self, window: &mut Window, block: &Block) -> Result<Found, Damage> {
        if block.body() < 4 || !window.fill(4)? {
            return Err(block.cut_short());
        }
        let wire_len = self.numbers.u32(window.peek(0, 4), 0);
        let Some(Interface { link, snaplen, .. }) = self.interfaces.first().copied() else {
            return Err(block.damage("a packet of interface 0, which has not been described"));
        };
        let limit = if snaplen == 0 { u32::MAX } else { snaplen };
        let captured = wire_len.min(limit).min(block.len - 16);
        let (at, len) = self.data(window, block, 4, captured)?;
        Ok(Found { time_ns: self.newest_ns, wire_len, link, at, len })
    }

    /// Consumes a packet block's body, of which `head` octets have been read: where its frame lies.
    #[inline]
    fn data(&self, window: &mut Window, block: &Block, head: usize, captured: u32) -> Result<(usize, usize), Damage> {
        let len = captured as usize;
        if len > MAX_FRAME {
            return Err(too_long(block.offset, captured));
        }
        if len > block.body() - head {
            let what = format!("a frame of {len} octets in a block of {}", block.len);
            return Err(block.damage(what));
        }
        // The usual block is taken whole, so that stepping over its rest cannot move the frame.
        let rest = block.body() - head - len;
        let whole = head + len + if rest <= MAX_FRAME / 2 { rest + 4 } else { 0 };
        if !window.fill(whole)? {
            return Err(block.cut_short());
        }
        if whole == head + len {
            return Err(block.damage(format!("a frame of {len} octets with {rest} octets of options")));
        }
        let tail = self.numbers.u32(window.peek(whole - 4, 4), 0);
        if tail != block.len {
            return Err(block.damage(format!("a block of {} octets that ends as one of {tail}", block.len)));
        }
        Ok((window.consume(whole) + head, len))
    }
}

/// Steps over the rest of a body and the length at its end.
fn skip(window: &mut Window, body: u64, block: &Block) -> Result<(), Damage> {
    if window.skip(body + 4)? { Ok(()) } else { Err(block.cut_short()) }
}

/// An interface's clock, from its options; microseconds where they do not say.
fn options(n: Numbers, mut options: &[u8]) -> Clock {
    const TSRESOL: u16 = 9;
    const TSOFFSET: u16 = 14;
    let mut clock = Clock { unit: Unit::Ns(1000), offset_ns: 0 };
    while options.len() >= 4 {
        let (code, len) = (n.u16(options, 0), usize::from(n.u16(options, 2)));
        let value = options.get(4..4 + len).unwrap_or_default();
        match (code, value) {
            (0, _) => break,
            (TSRESOL, [resolution]) => clock.unit = Clock::of_resolution(*resolution),
            (TSOFFSET, [_, _, _, _, _, _, _, _]) => {
                clock.offset_ns = (n.u64(value, 0) as i64).saturating_mul(1_000_000_000);
            }
            _ => {}
        }
        options = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
    }
    clock
}
