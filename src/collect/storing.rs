//! The storing half of a collector: the threads that write, refine and keep an archive. Whoever has flows to store
//! hands them to its queue.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use super::capture::Making;
use super::clients::Clients;
use super::keeper::{Keeper, Task};
use super::log::Log;
use super::queue::{self, Queue};
use super::refine::Refining;
use super::store::{Store, Stored, Told, What};
use super::treating::Treating;
use super::{join, spawn};
use crate::file::archive::Limits;
use crate::flow::Form;
use crate::net::Receiver;

/// Octets of flows that may wait to be written.
const QUEUE: usize = 256 << 20;

/// How flows are stored.
#[derive(Debug)]
pub struct Config {
    /// How files are made.
    pub making: Making,
    /// What is stored; `None` is what the first flows come as.
    pub form: Option<Form>,
    /// What the archive may hold.
    pub limits: Limits,
    /// The program told of each finished file, and its first arguments.
    pub program: Option<Vec<String>>,
    /// What is done to flows before; `None` is nothing, and they are stored as they came.
    pub treating: Option<Treating>,
}

/// Threads that store.
pub struct Storing {
    keeper: Sender<Task>,
    ending: Arc<OnceLock<Instant>>,
    stop: Arc<AtomicBool>,
    store: JoinHandle<Stored>,
    rest: [JoinHandle<()>; 2],
}

impl Storing {
    /// Starts them. Flows also go to `clients`; `receiver` is the socket they come by, if there is one, to be asked
    /// what the system dropped.
    ///
    /// # Errors
    /// If threads cannot be started. Whatever goes wrong later is logged, counted and tried again.
    pub fn start(
        config: Config,
        clients: Clients,
        receiver: Option<Arc<Receiver>>,
        log: &Log,
    ) -> io::Result<(Storing, Queue)> {
        let (queue, feed) = queue::queue(QUEUE);
        let ((keeper, tasks), (refining, rough)) = (channel(), channel());
        let ending = Arc::<OnceLock<Instant>>::default();
        let stop = Arc::<AtomicBool>::default();
        let keep = {
            let keeper = Keeper {
                folder: config.making.folder.clone(),
                limits: config.limits,
                modern: config.making.modern.clone(),
                program: config.program,
                receiver,
                filtered: config.treating.as_ref().map(Treating::filtered).unwrap_or_default(),
                log: log.clone(),
            };
            let stop = stop.clone();
            spawn("keep", move || keeper.run(&tasks, &stop))?
        };
        let refine = Refining { files: rough, keeper: keeper.clone(), ending: ending.clone(), log: log.clone() };
        let refine = spawn("refine", move || refine.run())?;
        let told = Told { keeper: keeper.clone(), refining, ending: ending.clone() };
        let what = What { making: config.making, form: config.form, treating: config.treating };
        let store = Store::new(what, feed, clients, log.clone(), told);
        let store = spawn("store", move || store.run())?;
        Ok((Storing { keeper, ending, stop, store, rest: [refine, keep] }, queue))
    }

    /// Whom to ask to keep house.
    pub fn keeper(&self) -> Sender<Task> {
        self.keeper.clone()
    }

    /// Waits until everything is stored, the queue having been told to close. Before it is empty, storing gives up
    /// only if it fails.
    pub fn end(self) -> io::Result<Stored> {
        let Storing { keeper, ending, stop, store, rest } = self;
        let _ = ending.set(Instant::now());
        stop.store(true, Ordering::Relaxed);
        let stored = join(store)?;
        // The keeper ends when nobody is left to ask it.
        drop(keeper);
        rest.into_iter().try_for_each(join)?;
        Ok(stored)
    }
}
