//! flow-fanout: sends what exporters send on to any number of collectors.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use flowtools::cli::flow_fanout::Args;
use flowtools::cli::run::absolute;
use flowtools::cli::{Exit, Failure, program};
use flowtools::collect::log::{Log, Sink};
use flowtools::collect::process::{PidFile, Signals, detach};
use flowtools::fan::change::Changes;
use flowtools::fan::destination::Opened;
use flowtools::fan::{Config, Summary, run as fan_out};
use flowtools::net::{Endpoint, Receiver, SendOptions};

const NAME: &str = "flow-fanout";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let config = config(&args)?;
    let at = &args.endpoint;
    let receiver = Receiver::bind(at).map_err(|e| Failure::io(format!("listening at {at}"), &e))?;
    let pid_path = args.pid_path().map(|path| absolute(&path)).transpose()?;
    if !args.foreground {
        detach().map_err(|e| Failure::io("going into the background", &e))?;
    }
    let signals = Signals::hear().map_err(|e| Failure::io("signals", &e))?;
    let sink = if args.foreground { Sink::Stderr } else { Sink::Syslog };
    let (log, writing) = Log::start(NAME, sink, args.debug.debug).map_err(|e| Failure::io("log", &e))?;
    let pid_file = pid_path.and_then(|path| PidFile::kept(&path, &log));
    let (to, buffer) = (config.destinations.len(), receiver.buffer() / 1024);
    log.info(format!("listening at {at}, {to} destinations, socket buffer {buffer} KiB"));
    let summary = fan_out(config, &receiver, &signals, &log);
    let exit = summary.map(|summary| conclude(&log, &summary)).map_err(|e| Failure::io("sending on", &e));
    if let (Err(Failure::Failed(why)), Sink::Syslog) = (&exit, sink) {
        log.warn(why.clone());
    }
    drop(pid_file);
    writing.end();
    exit
}

fn config(args: &Args) -> Result<Config, Failure> {
    if let Some(nowhere) = args.destinations.iter().find(|to| to.remote.is_none()) {
        return Err(Failure::Usage(format!("'{nowhere}': no remote address to send to")));
    }
    let filter = args.filtering.load(&args.defined)?;
    let options = SendOptions { pace: Duration::from_micros(args.pace), ..SendOptions::default() };
    let open = |to: &Endpoint| {
        Opened::open(*to, options.clone(), args.spoof).map_err(|e| match e.kind() {
            io::ErrorKind::PermissionDenied if args.spoof => {
                Failure::Failed(format!("raw socket: {e}; -s needs root or the capability CAP_NET_RAW"))
            }
            _ => Failure::io(to, &e),
        })
    };
    Ok(Config {
        destinations: args.destinations.iter().map(open).collect::<Result<_, _>>()?,
        spoof: args.spoof,
        changes: Changes { mask: args.mask, own_as: args.own_as, filter, version: args.export_version },
        stat: args.stat,
    })
}

fn conclude(log: &Log, summary: &Summary) -> Exit {
    let Summary { received, filtered, refused, sent } = summary;
    log.info(format!(
        "ended: {} flows in {} datagrams received; {} lost on the way, {} corrupt datagrams, {filtered} flows filtered, \
         {refused} without a place in the version sent",
        received.flows, received.packets, received.lost, received.corrupt
    ));
    for (name, sent) in sent {
        let (datagrams, failed, dropped) = (sent.datagrams, sent.failed, sent.dropped);
        log.info(format!("{name}: {datagrams} datagrams sent, {failed} could not be sent, {dropped} flows dropped"));
    }
    let missing = *refused > 0 || sent.iter().any(|(_, sent)| sent.failed + sent.dropped > 0);
    if missing { Exit::Partly } else { Exit::Fine }
}
