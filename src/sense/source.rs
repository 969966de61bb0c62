//! Where a capture thread's packets come from: a network interface, or another sensor that sends packets on (PSAMP).

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::flow::{Element, FlowBatch, View};
use crate::meter::link::LinkType;
use crate::meter::live::{Counts, Live, Trouble};
use crate::meter::source::Frame;
use crate::wire::{Decoder, Records, Session};

/// Where packets come from.
pub enum Source {
    /// A network interface.
    Live(Box<Live>),
    /// Messages of other sensors.
    Psamp(Box<Psamp>),
}

impl Source {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Source::Live(live) => live.name(),
            Source::Psamp(psamp) => &psamp.name,
        }
    }

    /// Hands packets that are there to `take`, waiting at most `wait` for the first; says how many they were.
    pub fn receive<E>(
        &mut self,
        wait: Duration,
        take: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<usize, Trouble<E>> {
        match self {
            Source::Live(live) => live.receive(wait, take),
            Source::Psamp(psamp) => psamp.receive(wait, take),
        }
    }

    /// Hands packets that wait to `take`; no more come then.
    pub fn finish<E>(&mut self, take: impl FnMut(&Frame<'_>) -> Result<(), E>) -> Result<usize, Trouble<E>> {
        match self {
            Source::Live(live) => live.finish(take),
            Source::Psamp(psamp) => psamp.receive(Duration::ZERO, take),
        }
    }

    /// What the system has counted.
    pub fn counts(&mut self) -> io::Result<Counts> {
        match self {
            Source::Live(live) => live.counts(),
            Source::Psamp(psamp) => Ok(Counts { received: psamp.packets, ..Counts::default() }),
        }
    }
}

/// Packets that other sensors send on (RFC 5476): records with a part of a packet.
pub struct Psamp {
    name: String,
    socket: UdpSocket,
    octets: Vec<u8>,
    decoder: Decoder,
    records: Records,
    packets: u64,
}

/// Octets of the longest message.
const MESSAGE: usize = 1 << 16;
/// Octets that wait in the socket.
const BUFFER: usize = 8 << 20;
/// Messages that are read before requests are heard.
const AT_ONCE: usize = 256;
/// The shortest time that can be waited.
const MOMENT: Duration = Duration::from_micros(1);

/// ipHeaderPacketSection and dataLinkFrameSection, and what frames of them begin with.
const SECTIONS: [(Element, LinkType); 2] =
    [(Element::iana(315), LinkType::ETHERNET), (Element::iana(313), LinkType::RAW)];
/// sectionExportedOctets: how much of a section of fixed length is the packet's.
const EXPORTED: Element = Element::iana(410);
/// dataLinkFrameSize, ipTotalLength: what the packet had.
const SIZES: [Element; 2] = [Element::iana(312), Element::iana(224)];
/// When a packet was observed: in units of so many ns, or as NTP has it.
const SECONDS: Element = Element::iana(322);
const MILLISECONDS: Element = Element::iana(323);
const NTP: [Element; 2] = [Element::iana(324), Element::iana(325)];
/// From 1900 to 1970, in seconds.
const EPOCH: u64 = 2_208_988_800;

impl Psamp {
    /// Hears messages that come to a port by UDP.
    pub fn bind(port: u16) -> io::Result<Psamp> {
        let any = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port));
        let socket = any.or_else(|_| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)))?;
        // As much of it as the system grants.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER);
        Ok(Psamp {
            name: format!("port {port}"),
            socket,
            octets: vec![0; MESSAGE],
            decoder: Decoder::new(),
            records: Records::new(),
            packets: 0,
        })
    }

    fn receive<E>(
        &mut self,
        wait: Duration,
        mut take: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<usize, Trouble<E>> {
        let Psamp { socket, octets, decoder, records, packets, .. } = self;
        socket.set_read_timeout(Some(wait.max(MOMENT))).map_err(Trouble::Io)?;
        for _ in 0..AT_ONCE {
            match socket.recv_from(octets) {
                Ok((len, from)) => {
                    let session = Session::datagrams(from.ip(), from.port());
                    // What cannot be read is none of ours.
                    let _ = decoder.decode_in(session, octets.get(..len).unwrap_or_default(), records);
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                    break;
                }
                Err(e) => return Err(Trouble::Io(e)),
            }
            socket.set_read_timeout(Some(MOMENT)).map_err(Trouble::Io)?;
        }
        let mut taken = 0;
        for batch in records.drain() {
            taken += each(&batch, &mut take).map_err(Trouble::Sink)?;
        }
        *packets += taken as u64;
        Ok(taken)
    }
}

/// Hands the packets of a batch's records to `take`; says how many there were.
fn each<E>(batch: &FlowBatch, take: &mut impl FnMut(&Frame<'_>) -> Result<(), E>) -> Result<usize, E> {
    let schema = batch.schema();
    let column = |element: Element| schema.position(element, 0).and_then(|at| batch.column(at));
    let found = SECTIONS.iter().find_map(|(element, link)| Some((column(*element)?, *link)));
    let Some((sections, link)) = found else { return Ok(0) };
    let (exported, size) = (column(EXPORTED), SIZES.into_iter().find_map(column));
    let times = [SECONDS, MILLISECONDS, NTP[0], NTP[1]].map(column);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    for row in 0..batch.len() {
        let (octets, _) = sections.octets(row);
        let number = |view: &Option<View<'_>>| view.as_ref().map(|view| view.number(row));
        let len = number(&exported).map_or(octets.len(), |len| len as usize);
        let data = octets.get(..len).unwrap_or(octets);
        let wire_len = number(&size).map_or(data.len() as u32, |size| size as u32);
        let [seconds, milliseconds, micro, nano] = times.each_ref().map(number);
        let time_ns = micro.or(nano).map(|ntp| since_1970(ntp as u64));
        let time_ns =
            time_ns.or(milliseconds.map(|n| n as u64 * 1_000_000)).or(seconds.map(|n| n as u64 * 1_000_000_000));
        take(&Frame { time_ns: time_ns.unwrap_or(now), wire_len, link, data })?;
    }
    Ok(batch.len())
}

/// NTP's 64 bits as ns since 1970.
fn since_1970(ntp: u64) -> u64 {
    let seconds = (ntp >> 32).saturating_sub(EPOCH);
    seconds * 1_000_000_000 + (((ntp & u64::from(u32::MAX)) * 1_000_000_000) >> 32)
}
