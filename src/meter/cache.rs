//! The flow cache: flows side by side in memory of a fixed size, found by an index of open addressing.
//!
//! A flow's first cache line is what a packet reads and writes, its second what is needed when it begins and ends. A new
//! flow takes the first free place, so flows that begin one after the other lie side by side, and those that end
//! together mostly do. Nothing is allocated after the start.

use zerocopy::FromZeros;

use super::biflow::{Biflow, Direction, Sink};
use super::expiry::{FIN, RST, Reason, Timeouts};
use super::index::Index;
use super::key::{Key, Narrow, Seed, Wide};
use super::memory::Table;
use super::packet::TCP;
use super::wheel::{Link, Linked, Wheel};

/// Packets that are looked up together, so that what they need comes from memory at the same time.
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

/// A flow that is not over.
#[derive(Clone, Copy, Default, FromZeros)]
#[repr(C, align(64))]
struct Flow<K> {
    key: K,
    octets: [u64; 2],
    last_ns: [u64; 2],
    packets: [u32; 2],
    flags: [u8; 2],
    tos: [u8; 2],
    link: Link,
    /// The first packet of each direction, in ns since 1970.
    first_ns: [u64; 2],
}

/// Two cache lines, and of IPv4 all that packets change in the first.
const _: () = {
    assert!(size_of::<Flow<Narrow>>() == 128 && size_of::<Flow<Wide>>() == 128);
    assert!(std::mem::offset_of!(Flow<Narrow>, link) < 64);
};

impl<K> Linked for Flow<K> {
    #[inline]
    fn link(&self) -> &Link {
        &self.link
    }

    #[inline]
    fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }
}

impl<K: Key> Flow<K> {
    /// The flow as it would end.
    #[inline]
    fn biflow(&self, reason: Reason, ended_ns: u64) -> Biflow {
        let direction = |d: usize| Direction {
            packets: u64::from(self.packets[d]),
            octets: self.octets[d],
            first_ns: self.first_ns[d],
            last_ns: self.last_ns[d],
            flags: self.flags[d],
            tos: self.tos[d],
        };
        Biflow { ends: self.key.ends(), directions: [direction(0), direction(1)], reason, ended_ns }
    }

    /// When the flow is over, and why.
    #[inline]
    fn due(&self, timeouts: &Timeouts) -> (u64, Reason) {
        let (first_ns, last_ns) = match self.packets {
            [0, _] => (self.first_ns[1], self.last_ns[1]),
            [_, 0] => (self.first_ns[0], self.last_ns[0]),
            _ => (self.first_ns[0].min(self.first_ns[1]), self.last_ns[0].max(self.last_ns[1])),
        };
        timeouts.due(self.key.protocol(), self.flags, first_ns, last_ns)
    }
}

/// Flows by key.
pub struct Cache<K> {
    /// From 1 on.
    flows: Table<Flow<K>>,
    index: Index,
    wheel: Wheel,
    seed: Seed,
    /// Flows that are not over.
    len: usize,
    /// Flows that have been in use, all before the others.
    used: u32,
    /// The first of those that are free, linked; 0 none.
    free: u32,
    /// A flow with more octets in a direction ends.
    max_octets: u64,
    timeouts: Timeouts,
}

impl<K: Key> Cache<K> {
    /// A cache for at most `flows` flows. Fails if memory does.
    pub fn new(flows: usize, timeouts: Timeouts, max_octets: u64) -> Result<Cache<K>, String> {
        // Room for a batch more than there may be: it is counted before flows are ended in its favour.
        let flows = flows.clamp(1, MAX_FLOWS) + BATCH;
        Ok(Cache {
            flows: Table::new(flows + 1)?,
            index: Index::new(flows)?,
            wheel: Wheel::new(),
            seed: Seed::random(),
            len: 0,
            used: 0,
            free: 0,
            max_octets,
            timeouts,
        })
    }

    /// Flows that are not over. Never more than a batch above what [`Cache::trim`] left.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Counts packets, at most [`BATCH`] of them. Flows that end do so at `now_ns`.
    #[inline]
    pub fn update<S: Sink>(&mut self, packets: &[Packet<K>], now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        let mut hashes = [0; BATCH];
        for (hash, packet) in hashes.iter_mut().zip(packets) {
            *hash = packet.key.hash(self.seed);
            self.index.prefetch(*hash);
        }
        let mut places = [0; BATCH];
        for (place, hash) in places.iter_mut().zip(&hashes).take(packets.len()) {
            *place = self.index.find(*hash, |_| true).unwrap_or(0);
            self.flows.prefetch(*place as usize);
        }
        for ((packet, hash), place) in packets.iter().zip(hashes).zip(places) {
            self.count(packet, hash, place, now_ns, sink)?;
        }
        Ok(())
    }

    /// Counts a packet, whose flow most likely is the one at `place`.
    #[inline]
    fn count<S: Sink>(
        &mut self,
        packet: &Packet<K>,
        hash: u64,
        mut place: u32,
        now_ns: u64,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if self.flows.get(place as usize).is_none_or(|flow| flow.key != packet.key) {
            place = self.seek(packet, hash);
        }
        let Some(flow) = self.flows.get_mut(place as usize) else { return Ok(()) };
        let d = usize::from(packet.direction & 1);
        let news = packet.flags & !flow.flags[d];
        flow.octets[d] += u64::from(packet.octets);
        flow.packets[d] += 1;
        flow.flags[d] |= packet.flags;
        if flow.packets[d] == 1 {
            flow.tos[d] = packet.tos;
            flow.last_ns[d] = packet.time_ns;
            flow.first_ns[d] = packet.time_ns;
        } else if packet.time_ns >= flow.last_ns[d] {
            flow.last_ns[d] = packet.time_ns;
        } else {
            flow.first_ns[d] = flow.first_ns[d].min(packet.time_ns);
        }
        if flow.octets[d] > self.max_octets || flow.packets[d] == u32::MAX {
            return self.end(place, Reason::OverBytes, now_ns, sink);
        }
        if packet.protocol == TCP && news & (FIN | RST) != 0 {
            self.look_earlier(place);
        }
        Ok(())
    }

    /// Where a packet's flow is; a new one if there is none.
    fn seek(&mut self, packet: &Packet<K>, hash: u64) -> u32 {
        let is_it = |place: u32| self.flows.get(place as usize).is_some_and(|flow| flow.key == packet.key);
        self.index.find(hash, is_it).unwrap_or_else(|| self.begin(packet, hash))
    }

    /// Begins a packet's flow, without counting the packet.
    fn begin(&mut self, packet: &Packet<K>, hash: u64) -> u32 {
        let again = self.free != 0;
        let place = if again { self.free } else { self.used + 1 };
        let Some(flow) = self.flows.get_mut(place as usize) else { return 0 };
        (self.free, self.used) = if again { (flow.link.behind(), self.used) } else { (0, place) };
        *flow = Flow { key: packet.key, ..Flow::default() };
        self.len += 1;
        self.index.insert(hash, place);
        let (due_ns, _) = self.timeouts.due(packet.protocol, [packet.flags, 0], packet.time_ns, packet.time_ns);
        self.wheel.insert(&mut self.flows, place, second_after(due_ns));
        place
    }

    /// The flow's time may have come nearer.
    #[cold]
    fn look_earlier(&mut self, place: u32) {
        let Some((due_ns, _)) = self.flows.get(place as usize).map(|flow| flow.due(&self.timeouts)) else { return };
        self.wheel.remove(&mut self.flows, place);
        self.wheel.insert(&mut self.flows, place, second_after(due_ns));
    }

    /// Ends the flows that would have ended first, until there are no more than `flows`.
    #[inline]
    pub fn trim<S: Sink>(&mut self, flows: usize, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        while self.len > flows
            && let Some(due) = self.wheel.first(&self.flows)
        {
            self.flows.prefetch(due.next as usize);
            let Some(flow) = self.flows.get(due.flow as usize) else { return Ok(()) };
            let later = second_after(flow.due(&self.timeouts).0);
            // Put off as often as packets came; then it really is the first.
            if self.wheel.nearest(later) > due.second {
                self.wheel.remove(&mut self.flows, due.flow);
                self.wheel.insert(&mut self.flows, due.flow, later);
            } else {
                self.end(due.flow, Reason::MaxFlows, now_ns, sink)?;
            }
        }
        Ok(())
    }

    /// Ends the flows whose time has come.
    pub fn expire<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        while let Some(due) = self.wheel.due(&self.flows, now_ns / 1_000_000_000) {
            self.flows.prefetch(due.next as usize);
            let Some(flow) = self.flows.get(due.flow as usize) else { return Ok(()) };
            match flow.due(&self.timeouts) {
                (due_ns, reason) if due_ns <= now_ns => self.end(due.flow, reason, now_ns, sink)?,
                (due_ns, _) => {
                    self.wheel.remove(&mut self.flows, due.flow);
                    self.wheel.insert(&mut self.flows, due.flow, second_after(due_ns));
                }
            }
        }
        Ok(())
    }

    /// Ends every flow.
    pub fn flush<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        while let Some(due) = self.wheel.first(&self.flows) {
            self.flows.prefetch(due.next as usize);
            let flow = self.release(due.flow, Reason::Flushed, now_ns);
            flow.map_or(Ok(()), |flow| sink.take(&flow))?;
        }
        // Once, instead of a gap closed for each flow.
        if self.used > 0 {
            self.index.clear();
        }
        (self.used, self.free) = (0, 0);
        Ok(())
    }

    /// Shows every flow, with the time when it will be over if nothing more comes.
    pub fn each(&self, mut see: impl FnMut(&Biflow, u64)) {
        let taken = self.flows.iter().take(self.used as usize + 1).filter(|flow| !flow.key.is_free());
        taken.for_each(|flow| see(&flow.biflow(Reason::General, 0), flow.due(&self.timeouts).0));
    }

    #[inline]
    fn end<S: Sink>(&mut self, place: u32, reason: Reason, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        if let Some(flow) = self.flows.get(place as usize) {
            self.index.remove(flow.key.hash(self.seed), place);
        }
        self.release(place, reason, now_ns).map_or(Ok(()), |flow| sink.take(&flow))
    }

    /// Frees a flow's place, but for the index.
    #[inline]
    fn release(&mut self, place: u32, reason: Reason, now_ns: u64) -> Option<Biflow> {
        self.wheel.remove(&mut self.flows, place);
        let flow = self.flows.get_mut(place as usize)?;
        let biflow = flow.biflow(reason, now_ns);
        flow.key = K::default();
        flow.link = Link::to(self.free);
        self.free = place;
        self.len -= 1;
        Some(biflow)
    }
}

/// The first whole second that is not before a time.
fn second_after(ns: u64) -> u64 {
    ns.div_ceil(1_000_000_000)
}
