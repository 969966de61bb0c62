//! What flow-capture does: receive, decode, store, rotate.
//!
//! Four threads. The receiving one ([`receive`]) hears and decodes, and never waits for anybody; the storing one
//! ([`store`]) takes flows from a bounded queue ([`queue`]), tags, filters and translates them ([`treating`]), and writes
//! the archive's files ([`capture`]), modern ones second by second ([`gather`]); the refining one ([`refine`]) writes these anew, small and indexed, when they are done
//! with; the keeper ([`keeper`]) completes what a killed collector left behind ([`recover`]), expires, runs programs.
//! [`storing`] starts the last three, for flows from wherever. Live clients ([`clients`]), the log and the file of
//! [`templates`] have threads of their own.

use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use crate::file::archive::Rotation;
use crate::net::{Receiver, StreamListener};
use crate::wire::{Counters, Decoder};

pub mod capture;
pub mod clients;
pub mod gather;
pub mod keeper;
pub mod log;
pub mod process;
pub mod queue;
pub mod receive;
pub mod recover;
pub mod refine;
pub mod stat;
pub mod store;
pub mod storing;
pub mod streams;
pub mod templates;
pub mod treating;
mod zlib;

use clients::Clients;
use log::Log;
use process::Signals;
use receive::Receiving;
use store::Stored;
use storing::Storing;
use streams::Streams;

/// What a collector is to do.
#[derive(Debug)]
pub struct Config {
    /// How flows are stored.
    pub storing: storing::Config,
    /// Whether packets and octets are multiplied by the rate they were sampled at.
    pub scale_sampling: bool,
    /// Where templates are kept from one run to the next.
    pub templates: PathBuf,
    /// When new files are begun.
    pub rotation: Rotation,
    /// Minutes between lines on how exporters do; 0 is none.
    pub stat: u32,
    /// Live clients served at once.
    pub clients: usize,
}

/// Where a collector hears and is asked.
#[derive(Debug)]
pub struct Sockets {
    /// Datagrams.
    pub receiver: Arc<Receiver>,
    /// Exporters' connections.
    pub listeners: Vec<StreamListener>,
    /// Clients' connections, if there may be any.
    pub clients: Option<TcpListener>,
}

/// What a collector's work came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// What was received.
    pub received: Counters,
    /// Flows for which there was no room while the disk could not keep up.
    pub dropped: u64,
    /// What was stored of the rest.
    pub stored: Stored,
}

/// Collects until a signal says to end.
///
/// # Errors
/// If threads cannot be started. Whatever goes wrong later is logged, counted and tried again.
pub fn run(config: Config, sockets: Sockets, signals: &Signals, log: &Log) -> io::Result<Summary> {
    let Sockets { receiver, listeners, clients: listener } = sockets;
    let clients = Clients::new(log.clone());
    if let Some(listener) = listener {
        clients.listen(listener, config.clients)?;
    }
    let (storing, queue) = Storing::start(config.storing, clients, Some(receiver.clone()), log)?;
    let decoder = decoder(config.scale_sampling, &config.templates, log);
    let (templates, kept) = templates::Keeping::start(config.templates, log.clone())?;
    let (rotation, stat) = (config.rotation, config.stat);
    let keeper = storing.keeper();
    let receiving = Receiving { receiver: &receiver, queue, keeper, rotation, stat, signals, log: log.clone() };
    let received = receiving.run(decoder, templates, Streams::new(listeners, log.clone()));
    let stored = storing.end()?;
    join(kept)?;
    let (received, dropped) = received?;
    Ok(Summary { received, dropped, stored })
}

/// A decoder that knows the templates of the last run.
fn decoder(scale_sampling: bool, templates: &Path, log: &Log) -> Decoder {
    let mut decoder = if scale_sampling { Decoder::new().scale_sampling() } else { Decoder::new() };
    if let Err(why) = templates::load(templates, &mut decoder) {
        let name = templates.display();
        log.warn(format!("{name}: templates of the last run cannot be used: {why}; they have to come again"));
    }
    decoder
}

fn spawn<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.into()).spawn(work)
}

fn join<T>(thread: JoinHandle<T>) -> io::Result<T> {
    thread.join().map_err(|_| io::Error::other("a thread came to an unexpected end"))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
