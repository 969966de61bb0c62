//! A capture thread: packets of one interface, or its share of them, through a meter of its own.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::flows::{Flows, Shared, lock};
use super::own::Own;
use super::packets::Packets;
use super::source::Source;
use crate::cli::Failure;
use crate::collect::log::Log;
use crate::meter::live::{Counts, Trouble};
use crate::meter::source::Frame;
use crate::meter::{Biflow, Meter, Stats, Template};

/// A request is heard within so long, and so is the order to end.
const WAIT: Duration = Duration::from_millis(100);
/// The clock is looked at so often.
const TICK: Duration = Duration::from_millis(500);
/// An interface that is down is looked at so often.
const DOWN: Duration = Duration::from_secs(1);

/// What a capture thread is asked.
#[derive(Clone, Debug)]
pub enum Ask {
    /// What it has counted.
    Statistics,
    /// To end all flows.
    ExpireAll,
    /// To forget all flows.
    DeleteAll,
    /// To show all flows.
    Flows,
    /// To take packets, or to leave them.
    Gather(bool),
    /// To send flows by a template of the user's.
    Template(Template),
    /// To end, without ending its flows.
    Exit,
}

/// What it answers.
#[derive(Debug)]
pub enum Answer {
    /// What it has counted.
    Statistics(Box<Snapshot>),
    /// How many flows it was.
    Count(usize),
    /// The flows, each with the time when it will be over if nothing more comes, in ns since 1970.
    Flows(Vec<(Biflow, u64)>),
    /// That it is so.
    Done,
    /// What went wrong.
    Failed(String),
}

/// A question and where the answer goes.
pub struct Request {
    /// The question.
    pub ask: Ask,
    /// Where the answer goes.
    pub reply: Sender<Answer>,
}

/// What a capture thread has counted.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The interface's name.
    pub interface: String,
    /// The meter's counters.
    pub stats: Stats,
    /// Flows that are not over.
    pub flows: usize,
    /// Packets that the system handed over, and dropped.
    pub counts: Counts,
    /// Flows that found no place in records because they are IPv6; `None` if no records are made.
    pub ipv6: Option<u64>,
    /// The sensor's own messages, not metered.
    pub own: u64,
}

/// What a capture thread begins with.
pub struct Post {
    /// Where packets come from.
    pub source: Source,
    /// What counts them.
    pub meter: Meter,
    /// What flows become.
    pub flows: Flows,
    /// What sends packets on, if they are.
    pub packets: Option<Packets>,
}

/// A capture thread's work.
pub struct Worker {
    source: Source,
    meter: Meter,
    flows: Flows,
    packets: Option<Packets>,
    common: Common,
    requests: Receiver<Request>,
    /// Whether packets are taken.
    gathering: bool,
    /// Whether the interface was down when it was last looked at.
    down: bool,
    /// The sensor's own messages seen.
    owned: u64,
    /// The system's counts when it was last asked.
    counts: Counts,
    /// Flows that were over at the last tick.
    flushed: u64,
}

/// Where packets go.
struct Desk<'a> {
    meter: &'a mut Meter,
    flows: &'a mut Flows,
    packets: Option<&'a mut Packets>,
    own: &'a Own,
    owned: &'a mut u64,
    gathering: bool,
}

impl Desk<'_> {
    #[inline]
    fn take(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        if self.own.is(frame) {
            *self.owned += 1;
            return Ok(());
        }
        if !self.gathering || self.packets.as_mut().is_some_and(|packets| !packets.take(frame)) {
            return Ok(());
        }
        self.meter.frame(frame, self.flows)
    }
}

/// What capture threads have in common.
#[derive(Clone)]
pub struct Common {
    /// Where flows go in the end.
    pub exporter: Shared,
    /// What is not metered.
    pub own: Own,
    /// Whether to end.
    pub end: Arc<AtomicBool>,
    /// Where to say what happens.
    pub log: Log,
}

impl Worker {
    /// A thread's work at a post.
    pub fn new(post: Post, common: Common, requests: Receiver<Request>) -> Worker {
        let Post { source, meter, flows, packets } = post;
        Worker {
            source,
            meter,
            flows,
            packets,
            common,
            requests,
            gathering: true,
            down: false,
            owned: 0,
            counts: Counts::default(),
            flushed: 0,
        }
    }

    /// Meters until told to end, and says what was counted.
    pub fn run(mut self) -> Result<Snapshot, Failure> {
        let mut ticked = Instant::now();
        self.tick()?;
        while !self.common.end.load(Ordering::Relaxed) {
            self.receive(WAIT)?;
            while let Ok(request) = self.requests.try_recv() {
                if matches!(request.ask, Ask::Exit) {
                    let _ = request.reply.send(Answer::Done);
                    return Ok(self.snapshot());
                }
                let answer = self.answer(&request.ask).unwrap_or_else(|why| Answer::Failed(format!("{why:?}")));
                // Who asked may have gone.
                let _ = request.reply.send(answer);
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.tick()?;
            }
        }
        self.last()?;
        self.meter.finish(&mut self.flows)?;
        self.flows.flush()?;
        self.look();
        Ok(self.snapshot())
    }

    /// Takes the packets that wait in the ring, and no more from then on.
    fn last(&mut self) -> Result<(), Failure> {
        let (source, mut desk) = self.desk();
        match source.finish(|frame| desk.take(frame)) {
            Err(Trouble::Sink(failure)) => Err(failure),
            // An interface that is down or gone has no more.
            Ok(_) | Err(Trouble::Io(_)) => Ok(()),
        }
    }

    /// Takes the packets that are there, waiting for the first.
    fn receive(&mut self, wait: Duration) -> Result<(), Failure> {
        let (source, mut desk) = self.desk();
        match source.receive(wait, |frame| desk.take(frame)) {
            Ok(frames) => {
                self.down &= frames == 0;
                Ok(())
            }
            Err(Trouble::Sink(failure)) => Err(failure),
            Err(Trouble::Io(error)) if error.kind() == ErrorKind::NetworkDown => {
                if !std::mem::replace(&mut self.down, true) {
                    self.common.log.warn(format!("{error}; waiting for it"));
                }
                std::thread::sleep(DOWN);
                Ok(())
            }
            Err(Trouble::Io(error)) => Err(Failure::Failed(error.to_string())),
        }
    }

    /// Where packets come from, and where they go.
    fn desk(&mut self) -> (&mut Source, Desk<'_>) {
        let Worker { source, meter, flows, packets, common: Common { own, .. }, owned, gathering, .. } = self;
        (source, Desk { meter, flows, packets: packets.as_mut(), own, owned, gathering: *gathering })
    }

    /// Lets time go on.
    fn tick(&mut self) -> Result<(), Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let before = self.meter.stats().flows();
        self.meter.tick(now, &mut self.flows)?;
        // Flows that were over at some time since the last tick, full batches of which have gone.
        if self.meter.stats().flows() != before || self.flushed != before {
            self.flushed = self.meter.stats().flows();
            self.flows.flush()?;
            lock(&self.common.exporter).flush()?;
        }
        self.look();
        Ok(())
    }

    /// Asks the system what it dropped.
    fn look(&mut self) {
        let Ok(counts) = self.source.counts() else { return };
        if counts.dropped > 0 && self.counts.dropped == 0 {
            let name = self.source.name();
            self.common
                .log
                .warn(format!("{name}: packets are dropped: they come faster than they are metered; see -B"));
        }
        self.counts = counts;
    }

    fn answer(&mut self, ask: &Ask) -> Result<Answer, Failure> {
        Ok(match ask {
            Ask::Statistics => {
                self.tick()?;
                Answer::Statistics(Box::new(self.snapshot()))
            }
            Ask::ExpireAll => {
                let flows = self.meter.expire_all(&mut self.flows)?;
                self.flows.flush()?;
                lock(&self.common.exporter).flush()?;
                Answer::Count(flows)
            }
            Ask::DeleteAll => Answer::Count(self.meter.delete_all(&mut self.flows)?),
            Ask::Flows => {
                let mut all = Vec::with_capacity(self.meter.flows());
                self.meter.each(&mut self.flows, |flow, due_ns| all.push((*flow, due_ns)))?;
                Answer::Flows(all)
            }
            Ask::Gather(on) => {
                self.gathering = *on;
                Answer::Done
            }
            Ask::Template(template) => {
                self.flows.set_template(template)?;
                Answer::Done
            }
            Ask::Exit => Answer::Done,
        })
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            interface: self.source.name().to_owned(),
            stats: self.meter.stats().clone(),
            flows: self.meter.flows(),
            counts: self.counts,
            ipv6: self.flows.ipv6(),
            own: self.owned,
        }
    }
}
