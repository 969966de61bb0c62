//! Live clients: whoever connects by TCP gets the flows as they are stored, as an uncompressed flow file.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::log::Log;
use crate::file::WriteOptions;
use crate::flow::{Form, StreamInfo, flags};
use crate::net::Endpoint;

/// Blocks of flows that may wait for a client; one that is slower than that is disconnected.
const WAITING: usize = 64;
/// A client that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The clients connected at present.
#[derive(Clone, Debug)]
pub struct Clients {
    shared: Arc<Shared>,
    log: Log,
}

#[derive(Debug, Default)]
struct Shared {
    /// As many as there are threads that serve one.
    connected: AtomicUsize,
    list: Mutex<Vec<Client>>,
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    blocks: SyncSender<Arc<[u8]>>,
    /// Whether the client has been sent what the stream begins with.
    begun: bool,
}

/// Listens for clients where datagrams are heard: at the endpoint's local address, or any, and its port.
pub fn bind(at: &Endpoint) -> io::Result<TcpListener> {
    let any = |v6: bool| if v6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    match (at.local, at.remote) {
        (Some(local), _) => TcpListener::bind((local, at.port)),
        (None, Some(remote)) => TcpListener::bind((any(remote.is_ipv6()), at.port)),
        (None, None) => TcpListener::bind((any(true), at.port)).or_else(|_| TcpListener::bind((any(false), at.port))),
    }
}

impl Clients {
    /// No clients.
    pub fn new(log: Log) -> Clients {
        Clients { shared: Arc::default(), log }
    }

    /// Accepts up to `most` clients at once, in a thread of its own, for as long as the program runs.
    pub fn listen(&self, listener: TcpListener, most: usize) -> io::Result<()> {
        let clients = self.clone();
        std::thread::Builder::new().name("clients".into()).spawn(move || {
            for stream in listener.incoming() {
                let accepted = stream.and_then(|stream| {
                    let address = stream.peer_addr()?;
                    clients.accept(stream, address, most)
                });
                if let Err(error) = accepted {
                    clients.log.warn(format!("a client could not be accepted: {error}"));
                    // The system may be short of something: not again at once.
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        })?;
        Ok(())
    }

    fn accept(&self, stream: TcpStream, address: SocketAddr, most: usize) -> io::Result<()> {
        if self.shared.connected.load(Ordering::Relaxed) >= most {
            self.log.warn(format!("client {address} was turned away: {most} are connected"));
            return Ok(());
        }
        let (blocks, waiting) = sync_channel(WAITING);
        let (shared, log) = (self.shared.clone(), self.log.clone());
        self.shared.connected.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::Builder::new().name("client".into()).spawn(move || {
            let result = serve(stream, &waiting);
            shared.connected.fetch_sub(1, Ordering::Relaxed);
            match result {
                Ok(()) => log.info(format!("client {address} disconnected")),
                Err(error) => log.info(format!("client {address} disconnected: {error}")),
            }
        });
        if let Err(error) = thread {
            self.shared.connected.fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        self.log.info(format!("client {address} connected"));
        self.list().push(Client { address, blocks, begun: false });
        Ok(())
    }

    /// Sends no more: clients still get what waits for them, for so long at most.
    pub fn end(&self, patience: Duration) {
        let until = Instant::now() + patience;
        self.list().clear();
        while !self.are_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Client>> {
        self.shared.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody is connected.
    fn are_none(&self) -> bool {
        self.shared.connected.load(Ordering::Relaxed) == 0
    }

    /// Sends to those who are new what `head` makes, so that they have something to read before there are flows. Never
    /// waits.
    pub fn greet(&self, head: impl Fn() -> Vec<u8>) {
        if !self.are_none() {
            self.list().retain_mut(|client| client.begin(&head));
        }
    }

    /// Sends flows, as they lie in a file, to everyone; to those who are new after what `head` makes. Never waits.
    pub fn send(&self, head: impl Fn() -> Vec<u8>, flows: &[u8]) {
        if self.are_none() {
            return;
        }
        let block: Arc<[u8]> = flows.into();
        self.list().retain_mut(|client| {
            if !client.begin(&head) {
                return false;
            }
            match client.blocks.try_send(block.clone()) {
                Ok(()) => true,
                Err(TrySendError::Disconnected(_)) => false,
                Err(TrySendError::Full(_)) => {
                    self.log.warn(format!("client {} does not keep up: disconnecting it", client.address));
                    false
                }
            }
        });
    }
}

impl Client {
    /// Sends what the stream begins with, if that has not been; whether the client is there.
    fn begin(&mut self, head: impl Fn() -> Vec<u8>) -> bool {
        std::mem::replace(&mut self.begun, true) || self.blocks.try_send(head().into()).is_ok()
    }
}

/// What the stream to a client begins with: the header of a file of this form, uncompressed.
pub fn header(form: Form, write: &WriteOptions) -> Vec<u8> {
    let now = chrono::Utc::now().timestamp() as u32;
    // A modern stream has no index when it ends: it is like a file that is being written.
    let flags = if form == Form::Modern { 0 } else { flags::STREAMING };
    let info = StreamInfo { start: Some(now), flags, ..write.info.clone() };
    WriteOptions { form, level: 0, info, ..write.clone() }.header()
}

/// Writes what comes to one client, until it or the collector ends. That a client has gone shows when something is
/// written to it: that it sends nothing more only means that it has nothing to say.
fn serve(mut stream: TcpStream, blocks: &Receiver<Arc<[u8]>>) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    blocks.iter().try_for_each(|block| stream.write_all(&block))
}
