//! The meter: frames in, flows out.

use super::biflow::{Biflow, Sink};
use super::cache::{BATCH, Cache, Packet};
use super::expiry::{Timeouts, nanoseconds};
use super::fragments::Fragments;
use super::key::{Ends, Key, Narrow, Wide};
use super::link::{LinkType, Unmetered, plain_ipv4};
use super::packet::{Address, Fragment, Ip};
use super::plain;
use super::source::Frame;
use super::stats::Stats;
use super::transport::Transport;

/// What makes packets one flow, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Track {
    /// The addresses.
    Ip,
    /// Addresses and protocol.
    Protocol,
    /// Addresses, protocol and ports.
    Full,
    /// Those and the VLAN.
    Vlan,
    /// Those and the MAC addresses.
    Ether,
}

/// How packets become flows.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The most flows kept at a time.
    pub max_flows: usize,
    /// What makes packets one flow.
    pub track: Track,
    /// When flows are over.
    pub timeouts: Timeouts,
    /// One packet in so many is looked at; 0 and 1 are all.
    pub sampling: u32,
    /// A flow with more octets in a direction ends.
    pub max_octets: u64,
    /// Whether IPv6 flows are kept; else their packets are only counted.
    pub ipv6: bool,
    /// Softflowd's choices: octets are the frame's without its link header, one VLAN tag is followed, ports are read
    /// where the whole transport header was captured, and both directions of a flow begin and end together.
    pub compat: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_flows: 8192,
            track: Track::Full,
            timeouts: Timeouts::default(),
            sampling: 1,
            max_octets: 1 << 31,
            ipv6: true,
            compat: false,
        }
    }
}

/// Packets that wait to be counted together.
struct Batch<K> {
    packets: [Packet<K>; BATCH],
    len: usize,
}

impl<K: Key> Batch<K> {
    fn new() -> Batch<K> {
        Batch { packets: [Packet::default(); BATCH], len: 0 }
    }

    /// Adds a packet, and says whether the batch is full.
    #[inline]
    fn push(&mut self, packet: Packet<K>) -> bool {
        if let Some(place) = self.packets.get_mut(self.len) {
            *place = packet;
            self.len += 1;
        }
        self.len == BATCH
    }

    #[inline]
    fn take(&mut self) -> &[Packet<K>] {
        self.packets.get(..std::mem::take(&mut self.len)).unwrap_or_default()
    }
}

/// Makes flows of frames. IPv4 flows, and flows with wider keys, are kept apart.
pub struct Meter {
    pub(super) settings: Settings,
    pub(super) narrow: Cache<Narrow>,
    pub(super) wide: Cache<Wide>,
    narrow_batch: Batch<Narrow>,
    wide_batch: Batch<Wide>,
    /// The oldest and the newest time stamp seen, in ns since 1970.
    first_ns: u64,
    now_ns: u64,
    /// When flows are looked at next.
    check_ns: u64,
    /// Whether frames that look like nearly every other may be read by [`plain`].
    plain: bool,
    fragments: Fragments,
    unknown_link: Option<LinkType>,
    stats: Stats,
}

impl Meter {
    /// A meter without flows. Fails if there is no memory for as many as there may be.
    pub fn new(settings: Settings) -> Result<Meter, String> {
        let Settings { max_flows, timeouts, max_octets, track, ipv6, .. } = settings;
        let (narrow, wide) = (track < Track::Ether, track == Track::Ether || ipv6);
        let flows = |used: bool| if used { max_flows } else { 0 };
        Ok(Meter {
            settings,
            narrow: Cache::new(flows(narrow), timeouts, max_octets)?,
            wide: Cache::new(flows(wide), timeouts, max_octets)?,
            narrow_batch: Batch::new(),
            wide_batch: Batch::new(),
            first_ns: u64::MAX,
            now_ns: 0,
            check_ns: 0,
            plain: !settings.compat && matches!(track, Track::Full | Track::Vlan),
            fragments: Fragments::default(),
            unknown_link: None,
            stats: Stats::default(),
        })
    }

    /// What has been counted.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The oldest and the newest time stamp of the frames looked at, in ns since 1970.
    pub fn times_ns(&self) -> Option<(u64, u64)> {
        (self.first_ns <= self.now_ns).then_some((self.first_ns, self.now_ns))
    }

    /// The first link type met whose frames are not understood: they are counted as no IP packets.
    pub fn unknown_link(&self) -> Option<LinkType> {
        self.unknown_link
    }

    /// Flows that are not over.
    pub fn flows(&self) -> usize {
        self.narrow.len() + self.wide.len()
    }

    /// Counts a frame; flows that are over by its time go to `sink`.
    #[inline]
    pub fn frame<S: Sink>(&mut self, frame: &Frame<'_>, sink: &mut S) -> Result<(), S::Error> {
        if self.settings.sampling > 1 && !self.sampled() {
            return Ok(());
        }
        if frame.time_ns >= self.check_ns {
            self.check(frame.time_ns, sink)?;
        }
        self.first_ns = self.first_ns.min(frame.time_ns);
        self.now_ns = self.now_ns.max(frame.time_ns);
        if self.plain
            && let Some(packet) = plain::packet(frame)
        {
            self.stats.packets += 1;
            return if self.narrow_batch.push(packet) { self.count(sink) } else { Ok(()) };
        }
        // By itself, so that what it finds stays in registers.
        if let Some(found) = plain_ipv4(frame)
            && let Ok(ip) = Ip::v4(&found, self.settings.compat)
        {
            return self.packet(frame, &ip, sink);
        }
        self.unusual(frame, sink)
    }

    #[inline(never)]
    fn unusual<S: Sink>(&mut self, frame: &Frame<'_>, sink: &mut S) -> Result<(), S::Error> {
        match Ip::of(frame, self.settings.compat) {
            Ok(ip) => return self.packet(frame, &ip, sink),
            Err(Unmetered::NotIp) => self.stats.not_ip += 1,
            Err(Unmetered::TooShort) => self.stats.too_short += 1,
            Err(Unmetered::UnknownLink) => {
                self.stats.not_ip += 1;
                self.unknown_link.get_or_insert(frame.link);
            }
        }
        Ok(())
    }

    /// Ends every flow.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.count(sink)?;
        let mut tally = Tally::new(&mut self.stats, &self.settings, sink);
        self.narrow.flush(self.now_ns, &mut tally)?;
        self.wide.flush(self.now_ns, &mut tally)
    }

    fn sampled(&mut self) -> bool {
        let turn = (self.stats.seen() + self.stats.not_sampled) % u64::from(self.settings.sampling);
        self.stats.not_sampled += u64::from(turn != 0);
        turn == 0
    }

    /// Ends the flows whose time has come.
    #[cold]
    fn check<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        if self.check_ns == 0 {
            sink.begin(now_ns);
        }
        self.count(sink)?;
        self.check_ns = now_ns.saturating_add(nanoseconds(self.settings.timeouts.interval.max(1)));
        let mut tally = Tally::new(&mut self.stats, &self.settings, sink);
        self.narrow.expire(now_ns, &mut tally)?;
        self.wide.expire(now_ns, &mut tally)
    }

    #[inline]
    fn packet<S: Sink>(&mut self, frame: &Frame<'_>, ip: &Ip<'_>, sink: &mut S) -> Result<(), S::Error> {
        self.stats.packets += 1;
        self.stats.fragments += u64::from(ip.fragment != Fragment::Whole);
        let Settings { compat, track, .. } = self.settings;
        let Transport { mut ports, mut flags } = if compat { Transport::as_softflowd(ip) } else { Transport::of(ip) };
        let mut protocol = ip.protocol;
        if ip.fragment != Fragment::Whole && !compat {
            (protocol, ports) = self.fragments.resolve(ip, ports, frame.time_ns);
        }
        if track < Track::Full {
            (ports, flags) = ([0; 2], 0);
            protocol = if track == Track::Ip { 0 } else { protocol };
        }
        let vlan = if track >= Track::Vlan { ip.vlan } else { 0 };
        let octets = if compat { ip.wire_len } else { ip.total_len };
        let time_ns = frame.time_ns;
        if let (Address::V4(source), Address::V4(destination)) = (ip.source, ip.destination)
            && track < Track::Ether
        {
            let (key, direction) = Narrow::new([source, destination], ports, protocol, vlan);
            if self.narrow_batch.push(Packet { key, time_ns, octets, direction, flags, tos: ip.tos, protocol }) {
                return self.count(sink);
            }
            return Ok(());
        }
        if matches!(ip.source, Address::V6(_)) {
            self.stats.ipv6 += 1;
            if !self.settings.ipv6 {
                return Ok(());
            }
            if compat && ip.fragment == Fragment::Later && track > Track::Ip {
                // Softflowd does not look behind the fragment header.
                protocol = ip.announced;
            }
        }
        let macs = if track == Track::Ether { macs(frame) } else { [0; 2] };
        let ends = Ends { addresses: [ip.source, ip.destination], ports, macs, protocol, vlan };
        let (key, direction) = Wide::new(ends);
        if self.wide_batch.push(Packet { key, time_ns, octets, direction, flags, tos: ip.tos, protocol }) {
            return self.count(sink);
        }
        Ok(())
    }

    /// Time goes on.
    pub(super) fn advance<S: Sink>(&mut self, now_ns: u64, sink: &mut S) -> Result<(), S::Error> {
        self.now_ns = self.now_ns.max(now_ns);
        if now_ns >= self.check_ns { self.check(now_ns, sink) } else { self.count(sink) }
    }

    /// Gives every flow to `sink` without counting it.
    pub(super) fn forget<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.narrow.flush(self.now_ns, sink)?;
        self.wide.flush(self.now_ns, sink)
    }

    /// Counts the packets that wait.
    pub(super) fn count<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let mut tally = Tally::new(&mut self.stats, &self.settings, sink);
        let now_ns = self.now_ns;
        self.narrow.update(self.narrow_batch.take(), now_ns, &mut tally)?;
        self.wide.update(self.wide_batch.take(), now_ns, &mut tally)?;
        let max_flows = self.settings.max_flows;
        self.narrow.trim(max_flows.saturating_sub(self.wide.len()), now_ns, &mut tally)?;
        self.wide.trim(max_flows.saturating_sub(self.narrow.len()), now_ns, &mut tally)
    }
}

/// Source and destination of an Ethernet frame.
fn macs(frame: &Frame<'_>) -> [u64; 2] {
    let number = |octets: &[u8]| octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet));
    match frame.data.first_chunk::<12>() {
        Some(both) if frame.link == LinkType::ETHERNET => {
            let (destination, source) = both.split_at(6);
            [number(source), number(destination)]
        }
        _ => [0; 2],
    }
}

/// Counts the flows that end on their way to the sink.
struct Tally<'a, S> {
    stats: &'a mut Stats,
    sink: &'a mut S,
    together: bool,
}

impl<'a, S> Tally<'a, S> {
    #[inline]
    fn new(stats: &'a mut Stats, settings: &Settings, sink: &'a mut S) -> Tally<'a, S> {
        Tally { stats, sink, together: settings.compat }
    }
}

impl<S: Sink> Sink for Tally<'_, S> {
    type Error = S::Error;

    fn take(&mut self, flow: &Biflow) -> Result<(), S::Error> {
        self.stats.ended(flow);
        if !self.together {
            return self.sink.take(flow);
        }
        let mut flow = *flow;
        let (first_ns, last_ns) = (flow.first_ns(), flow.last_ns());
        for direction in &mut flow.directions {
            (direction.first_ns, direction.last_ns) = (first_ns, last_ns);
        }
        self.sink.take(&flow)
    }
}

#[cfg(test)]
mod tests;
