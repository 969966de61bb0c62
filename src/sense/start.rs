//! How a live sensor starts: everything is opened, then the process goes into the background and gives up what it
//! needs no more, then threads start.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::account::Terms;
use super::archive::Archive;
use super::control::{self, Control};
use super::exporter::{Exporter, Sent};
use super::flows::{Flows, Shared, lock};
use super::own::Own;
use super::packets::Packets;
use super::privilege::{Confinement, may_write};
use super::source::{Psamp, Source};
use super::worker::{Common, Post, Snapshot, Worker};
use super::{Sensor, spawn, watch};
use crate::cli::flow_sensor::{Args, Interface};
use crate::cli::run::absolute;
use crate::cli::{Exit, Failure};
use crate::collect::log::{Log, Sink};
use crate::collect::now;
use crate::collect::process::{PidFile, Signals, detach, usual_umask};
use crate::meter::filter::Program;
use crate::meter::live::{self, Fanout, Live, Options};
use crate::meter::{Meter, Timeouts};

/// Octets captured of packets that are sent on.
const PACKET: u32 = 1600;

/// What a sensor's work came to.
pub struct Summary {
    /// What each capture thread counted.
    pub snapshots: Vec<Snapshot>,
    /// What was exported.
    pub sent: Sent,
    /// How it ended.
    pub exit: Exit,
}

/// Senses until told to end.
pub fn run(args: &Args) -> Result<Summary, Failure> {
    let exporter: Shared = Arc::new(Mutex::new(Exporter::open(args, true)?));
    let posts = posts(args, &exporter)?;
    let control = args.control_path().map(|path| Control::bind(&path).map_err(Failure::Failed)).transpose()?;
    let folder = args.folder().map(absolute).transpose()?;
    // An archive has to be within reach.
    let root = args.chroot.as_deref().filter(|root| folder.is_none() && root.as_os_str() != "none");
    let confinement = Confinement::prepare(&args.user, root).map_err(Failure::Failed)?;
    let pid_path = args.pid_path().map(|path| absolute(&path)).transpose()?;
    usual_umask();
    if !args.stays() {
        detach().map_err(|e| Failure::io("going into the background", &e))?;
    }
    let signals = Signals::hear().map_err(|e| Failure::io("signals", &e))?;
    let sink = if args.stays() { Sink::Stderr } else { Sink::Syslog };
    let (log, writing) = Log::start("flow-sensor", sink, u8::from(args.debug)).map_err(|e| Failure::io("log", &e))?;
    let pid_file = pid_path.and_then(|path| {
        let file = PidFile::write(&path);
        file.inspect_err(|error| log.warn(format!("{}: {error}", path.display()))).ok()
    });
    let summary = confined(args, confinement, folder, &exporter, &log)
        .and_then(|()| sense(args, posts, exporter, control, &signals, &log));
    match &summary {
        Err(Failure::Failed(why) | Failure::Usage(why)) if !args.stays() => log.warn(why.clone()),
        _ => {}
    }
    drop(pid_file);
    writing.end();
    summary
}

/// Opens the interfaces, with a filter each if one is asked for.
fn posts(args: &Args, exporter: &Shared) -> Result<Vec<Post>, Failure> {
    let post = |source, interface| -> Result<Post, Failure> {
        Ok(Post {
            source,
            meter: Meter::new(args.settings()?).map_err(Failure::Failed)?,
            flows: Flows::new(args, exporter, interface)?,
            packets: Packets::new(args, exporter),
        })
    };
    let mut posts = Vec::new();
    if let Some(port) = args.psamp {
        let psamp = Psamp::bind(port).map_err(|e| Failure::io(format_args!("listening at port {port}"), &e))?;
        posts.push(post(Source::Psamp(Box::new(psamp)), None)?);
    }
    let threads = args.threads.max(1);
    for (number, interface) in args.interfaces.iter().enumerate() {
        let Interface { name, .. } = interface;
        let found = live::Interface::find(name).map_err(Failure::Failed)?;
        let snaplen = args.snaplen.unwrap_or(if args.sends_packets() { PACKET } else { live::SNAPLEN });
        let expression = args.expression.join(" ");
        let filter = match expression.is_empty() {
            true => None,
            false => Some(Program::compile(&expression, found.link, snaplen).map_err(Failure::Failed)?),
        };
        let group = std::process::id().wrapping_mul(16).wrapping_add(number as u32) as u16;
        for _ in 0..threads {
            let options = Options {
                promiscuous: !args.not_promiscuous,
                snaplen,
                buffer: args.buffer.map_or(live::BUFFER, |octets| usize::try_from(octets).unwrap_or(live::BUFFER)),
                fanout: (threads > 1).then_some(Fanout { group }),
                filter: filter.clone(),
                ..Options::new(name)
            };
            let live = Live::open(&options).map_err(Failure::Failed)?;
            posts.push(post(Source::Live(Box::new(live)), Some(args.number(interface)))?);
        }
    }
    Ok(posts)
}

/// Gives up what is needed no more, and starts the archive.
fn confined(
    args: &Args,
    confinement: Option<Confinement>,
    folder: Option<PathBuf>,
    exporter: &Shared,
    log: &Log,
) -> Result<(), Failure> {
    if let Some(confinement) = confinement {
        confinement.enter().map_err(Failure::Failed)?;
    }
    if let Some(folder) = folder {
        may_write(&folder).map_err(Failure::Failed)?;
        let archive = Archive::start(folder, args.form()?, args, now(), log);
        lock(exporter).keep(archive.map_err(|e| Failure::io("archive", &e))?);
    }
    Ok(())
}

/// Starts capture threads and the control socket, and waits for their end.
fn sense(
    args: &Args,
    posts: Vec<Post>,
    exporter: Shared,
    control: Option<Control>,
    signals: &Signals,
    log: &Log,
) -> Result<Summary, Failure> {
    let own = Own::new(lock(&exporter).ends());
    let end = Arc::<AtomicBool>::default();
    let common = Common { exporter: exporter.clone(), own, end: end.clone(), log: log.clone() };
    let timeouts: Timeouts = args.settings()?.timeouts;
    let names: Vec<_> = posts.iter().map(|post| post.source.name().to_owned()).collect();
    let mut workers = Vec::new();
    let mut ready = Vec::new();
    for post in posts {
        let (asks, asked) = channel();
        workers.push(asks);
        ready.push(Worker::new(post, common.clone(), asked));
    }
    let sensor = Arc::new(Sensor {
        workers: Mutex::new(workers),
        exporter: exporter.clone(),
        end,
        started: SystemTime::now(),
        timeouts,
        terms: Terms::of(args)?,
        log: log.clone(),
    });
    let threads = ready.into_iter().zip(&names).map(|(worker, name)| spawn(worker, name));
    let threads = threads.collect::<Result<Vec<_>, _>>()?;
    log.info(format!("listening on {}", names.join(", ")));
    // The socket is removed when this ends.
    let _place = control.map(|control| control::serve(control, sensor.clone())).transpose();
    let _place = _place.map_err(|e| Failure::io("control socket", &e))?;
    let (snapshots, exit) = watch(&sensor, threads, signals);
    let capture = capture(&sensor, &snapshots);
    let sent = lock(&exporter).finish(capture)?;
    Ok(Summary { snapshots, sent, exit })
}

/// When packets were captured, from when to when, in seconds since 1970; `None` if there were none.
fn capture(sensor: &Sensor, snapshots: &[Snapshot]) -> Option<(u32, u32)> {
    let started = sensor.started.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let any = snapshots.iter().any(|snapshot| snapshot.stats.packets > 0);
    any.then(|| (started.try_into().unwrap_or(u32::MAX), now().try_into().unwrap_or(u32::MAX)))
}
