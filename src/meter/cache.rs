//! The flow cache: open addressing in one allocation, a cache line an IPv4 flow.

use std::hint::black_box;

use super::biflow::{Biflow, Direction, Sink};
use super::expiry::{FIN, RST, Reason, Timeouts};
use super::key::{Key, Seed};
use super::packet::TCP;
use super::wheel::{Glance, Ticket, Wheel};

/// Packets that are looked up together, so that their slots come from memory at the same time.
pub const BATCH: usize = 32;

/// The most flows a cache can hold.
pub const MAX_FLOWS: usize = 1 << 26;

/// What a packet adds to its flow.
#[derive(Clone, Copy, Default, Debug)]
pub struct Packet<K> {
    /// Its flow.
    pub key: K,
    /// When it was captured, in ns since 1970.
    pub time_ns: u64,
    /// Its octets.
    pub octets: u32,
    /// 0 from the lower to the higher end of the key, 1 back.
    pub direction: u8,
    /// Its TCP flags.
    pub flags: u8,
    /// Its type of service.
    pub tos: u8,
    /// Its protocol, as the key has it.
    pub protocol: u8,
}

/// What is written when a packet comes. For IPv4 it fills a cache line.
#[derive(Clone, Copy, Default, Debug)]
#[repr(align(64))]
struct Slot<K> {
    key: K,
    octets: [u64; 2],
    last_ns: [u64; 2],
    packets: [u32; 2],
    flags: [u8; 2],
    tos: [u8; 2],
    /// Tells the flow from others that the wheel may think of. Never 0.
    born: u32,
}

/// Flows by key.
pub struct Cache<K> {
    /// A power of two of them, at most two thirds of them taken.
    slots: Vec<Slot<K>>,
    /// The first packet of each direction, in ns since 1970: touched when a flow begins and ends.
    first_ns: Vec<[u64; 2]>,
    wheel: Wheel,
    seed: Seed,
    flows: usize,
    born: u32,
    /// A flow with more octets in a direction ends.
    max_octets: u64,
    timeouts: Timeouts,
}

/// Bits of a hash that do not choose the slot.
fn shift(slots: usize) -> u32 {
    u64::BITS - slots.trailing_zeros()
}

impl<K: Key> Cache<K> {
    /// A cache for at most `flows` flows. Fails if memory does.
    pub fn new(flows: usize, timeouts: Timeouts, max_octets: u64) -> Result<Cache<K>, String> {
        // Room for a batch more than there may be: it is counted before flows are ended in its favour.
        let slots = ((flows.clamp(1, MAX_FLOWS) + BATCH) * 3 / 2).next_power_of_two();
        Ok(Cache {
            slots: filled(slots, Slot::default())?,
            first_ns: filled(slots, [0; 2])?,
            wheel: Wheel::new(),
            seed: Seed::random(),
            flows: 0,
            born: 0,
            max_octets,
            timeouts,
        })
    }

    /// Flows that are not over. Never more than a batch above what [`Cache::trim`] left.
    pub fn len(&self) -> usize {
        self.flows
    }

    /// Counts packets, at most [`BATCH`] of them.
    #[inline]
    pub fn update<S: Sink>(&mut self, packets: &[Packet<K>], sink: &mut S) -> Result<(), S::Error> {
        let mut homes = [0; BATCH];
        for (home, packet) in homes.iter_mut().zip(packets) {
            *home = self.home(&packet.key);
        }
        // One pass that only touches the slots: their cache misses overlap.
        let mut touched = 0;
        for home in homes.iter().take(packets.len()) {
            touched ^= self.slots.get(*home).map_or(0, |slot| slot.packets[0]);
        }
        black_box(touched);
        for (packet, home) in packets.iter().zip(homes) {
            self.count(packet, home, sink)?;
        }
        Ok(())
    }

    #[inline]
    fn home(&self, key: &K) -> usize {
        (key.hash(self.seed) >> shift(self.slots.len())) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    #[inline]
    fn count<S: Sink>(&mut self, packet: &Packet<K>, home: usize, sink: &mut S) -> Result<(), S::Error> {
        let mut at = home;
        // Ends, because there are always free slots.
        while let Some(slot) = self.slots.get_mut(at) {
            if slot.key == packet.key {
                break;
            }
            if slot.key.is_free() {
                self.begin(at, home, packet);
                break;
            }
            at = self.next(at);
        }
        let Some(slot) = self.slots.get_mut(at) else { return Ok(()) };
        let d = usize::from(packet.direction & 1);
        let news = packet.flags & !slot.flags[d];
        slot.octets[d] += u64::from(packet.octets);
        slot.packets[d] += 1;
        slot.flags[d] |= packet.flags;
        if slot.packets[d] == 1 {
            slot.tos[d] = packet.tos;
            slot.last_ns[d] = packet.time_ns;
            if let Some(first) = self.first_ns.get_mut(at) {
                first[d] = packet.time_ns;
            }
        } else if packet.time_ns >= slot.last_ns[d] {
            slot.last_ns[d] = packet.time_ns;
        } else if let Some(first) = self.first_ns.get_mut(at) {
            first[d] = first[d].min(packet.time_ns);
        }
        if slot.octets[d] > self.max_octets || slot.packets[d] == u32::MAX {
            return self.end(at, Reason::OverBytes, sink);
        }
        if packet.protocol == TCP && news & (FIN | RST) != 0 {
            self.look_earlier(at, home);
        }
        Ok(())
    }

    /// Takes a free slot for a packet's flow, without counting the packet.
    fn begin(&mut self, at: usize, home: usize, packet: &Packet<K>) {
        let Some(slot) = self.slots.get_mut(at) else { return };
        self.born = self.born.checked_add(1).unwrap_or(1);
        *slot = Slot { key: packet.key, born: self.born, ..Slot::default() };
        self.flows += 1;
        let (due_ns, _) = self.timeouts.due(packet.protocol, [packet.flags, 0], packet.time_ns, packet.time_ns);
        self.wheel.insert(Ticket { home: home as u32, born: self.born }, second_after(due_ns));
    }

    /// The flow's time may have come nearer.
    #[cold]
    fn look_earlier(&mut self, at: usize, home: usize) {
        let (due_ns, _) = self.due(at);
        if let Some(slot) = self.slots.get(at) {
            self.wheel.insert(Ticket { home: home as u32, born: slot.born }, second_after(due_ns));
        }
    }

    /// Ends the flows that would have ended first, until there are no more than `flows`.
    pub fn trim<S: Sink>(&mut self, flows: usize, sink: &mut S) -> Result<(), S::Error> {
        while self.flows > flows
            && let Some(glance) = self.wheel.first(self.flows - flows)
        {
            self.touch(&glance);
            for ticket in glance.tickets() {
                let Some(at) = self.find(*ticket) else { continue };
                let (due_ns, _) = self.due(at);
                let later = second_after(due_ns);
                // Put off as often as packets came; then it really is the first.
                if self.wheel.nearest(later) > glance.second {
                    self.wheel.insert(*ticket, later);
                } else {
                    self.end(at, Reason::MaxFlows, sink)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the flows whose time has come.
    pub fn expire<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        while let Some(glance) = self.wheel.due(now_ns / 1_000_000_000) {
            self.touch(&glance);
            for ticket in glance.tickets() {
                let Some(at) = self.find(*ticket) else { continue };
                match self.due(at) {
                    (due_ns, reason) if due_ns <= now_ns => self.end(at, reason, sink)?,
                    (due_ns, _) => self.wheel.insert(*ticket, second_after(due_ns)),
                }
            }
        }
        Ok(())
    }

    /// Ends every flow.
    pub fn flush<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        while let Some(glance) = self.wheel.first(usize::MAX) {
            self.touch(&glance);
            for ticket in glance.tickets() {
                if let Some(at) = self.find(*ticket) {
                    self.end(at, Reason::Flushed, sink)?;
                }
            }
        }
        Ok(())
    }

    /// Shows every flow, with the time when it will be over if nothing more comes.
    pub fn each(&self, mut see: impl FnMut(&Biflow, u64)) {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| !slot.key.is_free());
        taken.for_each(|(at, _)| see(&self.biflow(at, Reason::General), self.due(at).0));
    }

    /// Touches what will be needed of some flows, so that their cache misses overlap.
    fn touch(&self, glance: &Glance) {
        let mut touched = 0;
        for ticket in glance.tickets() {
            let home = ticket.home as usize;
            touched ^= self.slots.get(home).map_or(0, |slot| slot.born);
            touched ^= self.slots.get(self.next(home)).map_or(0, |slot| slot.born);
            touched ^= self.first_ns.get(home).map_or(0, |first_ns| first_ns[0] as u32);
        }
        black_box(touched);
    }

    /// The slot of a flow that is not over.
    #[inline]
    fn find(&self, ticket: Ticket) -> Option<usize> {
        let mut at = ticket.home as usize;
        while let Some(slot) = self.slots.get(at)
            && slot.born != ticket.born
        {
            if slot.key.is_free() {
                return None;
            }
            at = self.next(at);
        }
        Some(at)
    }

    /// When the flow in a slot is over, and why.
    fn due(&self, at: usize) -> (u64, Reason) {
        let flow = self.biflow(at, Reason::General);
        let flags = flow.directions.map(|d| d.flags);
        self.timeouts.due(flow.ends.protocol, flags, flow.first_ns(), flow.last_ns())
    }

    fn biflow(&self, at: usize, reason: Reason) -> Biflow {
        let slot = self.slots.get(at).copied().unwrap_or_default();
        let first_ns = self.first_ns.get(at).copied().unwrap_or_default();
        let directions = [0, 1].map(|d: usize| Direction {
            packets: u64::from(slot.packets[d]),
            octets: slot.octets[d],
            first_ns: first_ns[d],
            last_ns: slot.last_ns[d],
            flags: slot.flags[d],
            tos: slot.tos[d],
        });
        Biflow { ends: slot.key.ends(), directions, reason, ended_ns: 0 }
    }

    fn end<S: Sink>(&mut self, at: usize, reason: Reason, sink: &mut S) -> Result<(), S::Error> {
        let flow = self.biflow(at, reason);
        self.free(at);
        self.flows -= 1;
        sink.take(&flow)
    }

    /// Frees a slot, and closes the gap: flows that lie behind it only because it was taken move up.
    fn free(&mut self, mut gap: usize) {
        let mask = self.slots.len() - 1;
        let mut at = self.next(gap);
        while let Some(slot) = self.slots.get(at).copied()
            && !slot.key.is_free()
        {
            let home = self.home(&slot.key);
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(gap) & mask {
                let first_ns = self.first_ns.get(at).copied().unwrap_or_default();
                self.set(gap, slot, first_ns);
                gap = at;
            }
            at = self.next(at);
        }
        self.set(gap, Slot::default(), [0; 2]);
    }

    fn set(&mut self, at: usize, slot: Slot<K>, first_ns: [u64; 2]) {
        if let (Some(s), Some(f)) = (self.slots.get_mut(at), self.first_ns.get_mut(at)) {
            (*s, *f) = (slot, first_ns);
        }
    }
}

/// The first whole second that is not before a time.
fn second_after(ns: u64) -> u64 {
    ns.div_ceil(1_000_000_000)
}

/// A vector of `n` values; an error where memory is short.
pub fn filled<T: Clone>(n: usize, value: T) -> Result<Vec<T>, String> {
    let mut vector = Vec::new();
    let size = n.saturating_mul(size_of::<T>());
    vector.try_reserve_exact(n).map_err(|_| format!("no memory for a flow cache: {size} octets"))?;
    vector.resize(n, value);
    Ok(vector)
}
