//! flow-receive: receives NetFlow exports and writes their flows.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flowtools::cli::capture_file::datagrams;
use flowtools::cli::flow_receive::Args;
use flowtools::cli::run::{complain, report, stdout_is_closed};
use flowtools::cli::sink::{Sink, now};
use flowtools::cli::{Exit, Failure, program};
use flowtools::collect::stat;
use flowtools::collect::treating::Treating;
use flowtools::meter::packet::Datagram;
use flowtools::net::{Endpoint, Event, Inbox, ListenOptions, Peer, Receiver, StreamListener};
use flowtools::wire::{Decoder, Records, Reject, Session};

const NAME: &str = "flow-receive";

/// How long to wait for datagrams before looking whether to end.
const WAIT: Duration = Duration::from_millis(250);
/// Octets of records gathered from a capture before they are written.
const GATHER: usize = 1 << 18;

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let treating = args.steps.load(NAME, args.export_version)?;
    let mut sink = Sink::open(args.output.as_deref(), args.write.clone(), args.export_version)?;
    let decoder = if args.scale_sampling { Decoder::new().scale_sampling() } else { Decoder::new() };
    let mut hearing = Hearing { decoder, treating, ..Hearing::default() };
    let whole = match (&args.read, &args.endpoint) {
        (Some(capture), endpoint) => from_capture(capture, endpoint.as_ref(), &mut hearing, &mut sink)?,
        (None, Some(endpoint)) => from_network(endpoint, &args, &mut hearing, &mut sink)?,
        (None, None) => return Err(Failure::Usage("no endpoint to hear, expected localip/remoteip/port".into())),
    };
    hearing.hand_on(&mut sink)?;
    let (total, mut problems) = (*hearing.decoder.total(), Vec::new());
    sink.finish(&total, &mut problems)?;
    if let Some((from, why)) = hearing.first_reject {
        let what = format!("{} datagrams were not understood; the first, from {from}: {why}", total.corrupt);
        complain(NAME, what);
    }
    let exit = report(NAME, &problems);
    Ok(if whole && total.corrupt == 0 { exit } else { Exit::Partly })
}

/// What is known of the exporters so far.
#[derive(Default)]
struct Hearing {
    decoder: Decoder,
    records: Records,
    treating: Option<Treating>,
    first_reject: Option<(IpAddr, Reject)>,
}

impl Hearing {
    /// Decodes a datagram, or a message of a connection. The first that is understood says which version is written.
    fn hear(&mut self, from: Session, message: &[u8], sink: &mut Sink) {
        let (session, from) = (from, from.exporter);
        match self.decoder.decode_in(session, message, &mut self.records) {
            Ok(heard) => {
                sink.suggest(self.treating.as_ref().map_or(heard.form, |treating| treating.form(heard.form)));
                if let Some(reject) = heard.damage {
                    self.first_reject.get_or_insert((from, reject));
                }
            }
            Err(reject) => _ = self.first_reject.get_or_insert((from, reject)),
        }
    }

    /// What each exporter has sent, in the words that readers of flow-capture's log know.
    fn stat(&self, startup: u32, local: SocketAddr) {
        let streams: Vec<_> = self.decoder.streams().map(|(key, counters)| (*key, *counters)).collect();
        let filtered = self.treating.as_ref().map(Treating::filtered).unwrap_or_default();
        let lines = stat::lines(now().into(), startup.into(), local, &streams, &filtered.counts());
        lines.iter().filter_map(|line| line.split_once(": ")).for_each(|(word, rest)| complain(word, rest));
    }

    /// Has the flows changed as they are to be, and written.
    fn hand_on(&mut self, sink: &mut Sink) -> Result<(), Failure> {
        let Hearing { records, treating, .. } = self;
        sink.write(records, |batch| match treating {
            Some(treating) => treating.run(batch, |what| complain(NAME, what)),
            None => batch,
        })
    }
}

/// Hears until a signal says that it is enough. Says whether nothing was dropped here.
fn from_network(endpoint: &Endpoint, args: &Args, hearing: &mut Hearing, sink: &mut Sink) -> Result<bool, Failure> {
    let fail = |e: io::Error| Failure::io(endpoint, &e);
    let enough = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, enough.clone()).map_err(fail)?;
    }
    let mut ears = Ears::open(endpoint, args).map_err(fail)?;
    sink.clock(now());
    let (startup, every) = (now(), args.stat.map(|minutes| Duration::from_secs(60 * u64::from(minutes))));
    let mut last = Instant::now();
    while !enough.load(Ordering::Relaxed) {
        let heard = ears.listen(hearing, sink).map_err(fail)?;
        hearing.hand_on(sink)?;
        if heard == 0 {
            sink.flush()?;
            if args.output.is_none() && stdout_is_closed() {
                return Err(Failure::Closed);
            }
        }
        if every.is_some_and(|every| last.elapsed() >= every) {
            last = Instant::now();
            hearing.stat(startup, ears.local(endpoint));
        }
    }
    sink.clock(now());
    Ok(ears.heard_all(endpoint))
}

/// What is heard by.
enum Ears {
    Datagrams(Receiver, Inbox),
    /// Whether all connections so far ended as they should, and how much is said.
    Connections(Box<StreamListener>, bool, u8),
}

impl Ears {
    fn open(endpoint: &Endpoint, args: &Args) -> io::Result<Ears> {
        let debug = args.write.debug.debug;
        if args.transport.is_connected() {
            let listener = StreamListener::bind(endpoint, args.transport, ListenOptions::default())?;
            if debug > 0 {
                complain(NAME, format!("{endpoint}: hearing by {}", args.transport));
            }
            return Ok(Ears::Connections(Box::new(listener), true, debug));
        }
        let receiver = Receiver::bind(endpoint)?;
        if debug > 0 {
            complain(NAME, format!("{endpoint}: hearing, {} octets of socket buffer", receiver.buffer()));
        }
        Ok(Ears::Datagrams(receiver, Inbox::new()))
    }

    /// Where it is heard.
    fn local(&self, endpoint: &Endpoint) -> SocketAddr {
        let bound = match self {
            Ears::Datagrams(receiver, _) => receiver.local().ok(),
            Ears::Connections(..) => None,
        };
        bound.unwrap_or((endpoint.local.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), endpoint.port).into())
    }

    /// Hears what there is. Says how many datagrams or messages it was.
    fn listen(&mut self, hearing: &mut Hearing, sink: &mut Sink) -> io::Result<usize> {
        let session = |peer: Peer| Session::connection(peer.address.ip(), peer.address.port(), peer.connection);
        match self {
            Ears::Datagrams(receiver, inbox) => receiver.receive(inbox, WAIT, |from, datagram| {
                hearing.hear(Session::datagrams(from.ip(), from.port()), datagram, sink);
            }),
            Ears::Connections(listener, whole, debug) => listener.receive(WAIT, |event| match event {
                Event::Message(peer, message) => hearing.hear(session(peer), message, sink),
                Event::Opened(peer) if *debug > 0 => complain(NAME, format!("{}: connected", peer.address)),
                Event::Opened(_) => {}
                Event::Closed(peer, ending) => {
                    hearing.decoder.forget(session(peer));
                    *whole &= ending.is_fine();
                    if *debug > 0 || !ending.is_fine() {
                        complain(NAME, format!("{}: {ending}", peer.address));
                    }
                }
                Event::Refused(address, refusal) => complain(NAME, format!("{address}: {refusal}")),
            }),
        }
    }

    /// Whether nothing that came was lost here; what was is said.
    fn heard_all(&self, endpoint: &Endpoint) -> bool {
        match self {
            Ears::Datagrams(receiver, _) => match receiver.drops() {
                Some(drops @ 1..) => {
                    let what = format!("{endpoint}: {drops} datagrams came faster than they could be taken");
                    complain(NAME, what);
                    false
                }
                _ => true,
            },
            Ears::Connections(_, whole, _) => *whole,
        }
    }
}

/// Takes the exports from a capture. Says whether all of it could be read.
fn from_capture(
    path: &Path,
    endpoint: Option<&Endpoint>,
    hearing: &mut Hearing,
    sink: &mut Sink,
) -> Result<bool, Failure> {
    datagrams(NAME, path, |time, datagram| {
        sink.clock(time);
        if let Some(datagram) = datagram.filter(|d| endpoint.is_none_or(|e| is_for(e, d))) {
            hearing.hear(Session::datagrams(datagram.source, datagram.source_port), datagram.payload, sink);
        }
        if hearing.records.octets() >= GATHER { hearing.hand_on(sink) } else { Ok(()) }
    })
}

/// Whether a captured datagram is one that the endpoint would have heard.
fn is_for(endpoint: &Endpoint, datagram: &Datagram<'_>) -> bool {
    let group = endpoint.remote.filter(IpAddr::is_multicast);
    datagram.destination_port == endpoint.port
        && group.or(endpoint.local).is_none_or(|a| a.is_unspecified() || a == datagram.destination)
        && endpoint.remote.is_none_or(|a| group.is_some() || a.is_unspecified() || a == datagram.source)
}
