//! flow-capture: collects what exporters send into an archive of flow files.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use flowtools::cli::flow_capture::Args;
use flowtools::cli::run::{absolute, hostname};
use flowtools::cli::{Exit, Failure, program};
use flowtools::collect::capture::Making;
use flowtools::collect::log::{Log, Sink};
use flowtools::collect::process::{PidFile, Signals, detach, usual_umask};
use flowtools::collect::{Config, Sockets, Summary, clients, run as collect, storing, templates};
use flowtools::file::WriteOptions;
use flowtools::file::archive::{Limits, Rotation};
use flowtools::flow::{Form, Order, StreamInfo, Version};
use flowtools::net::{ListenOptions, Receiver, StreamListener, Transport};

const NAME: &str = "flow-capture";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let config = config(&args)?;
    if args.clients > 0 && args.transport.contains(&Transport::Tcp) {
        let what = "-c and --transport tcp: clients and exporters cannot connect to the same port";
        return Err(Failure::Usage(what.into()));
    }
    let at = |what: &str| format!("{what} {}", args.endpoint);
    let receiver = Receiver::bind(&args.endpoint).map_err(|e| Failure::io(at("listening at"), &e))?;
    let receiver = Arc::new(receiver);
    let listen = |transport: &Transport| {
        StreamListener::bind(&args.endpoint, *transport, ListenOptions::default())
            .map_err(|e| Failure::io(at(&format!("listening by {transport} at")), &e))
    };
    let listeners = args.transport.iter().map(listen).collect::<Result<_, _>>()?;
    let clients = match args.clients {
        0 => None,
        _ => Some(clients::bind(&args.endpoint).map_err(|e| Failure::io(at("listening by TCP at"), &e))?),
    };
    let pid_path = args.pid_path().map(|path| absolute(&path)).transpose()?;
    if !args.keep_umask {
        usual_umask();
    }
    if !args.foreground {
        detach().map_err(|e| Failure::io("going into the background", &e))?;
    }
    let signals = Signals::hear().map_err(|e| Failure::io("signals", &e))?;
    let sink = if args.foreground { Sink::Stderr } else { Sink::Syslog };
    let (log, writing) = Log::start(NAME, sink, args.debug.debug).map_err(|e| Failure::io("log", &e))?;
    let pid_file = pid_path.and_then(|path| PidFile::kept(&path, &log));
    log.info(format!(
        "listening at {}, archive {}, socket buffer {} KiB",
        args.endpoint,
        config.storing.making.folder.display(),
        receiver.buffer() / 1024
    ));
    let summary = collect(config, Sockets { receiver, listeners, clients }, &signals, &log);
    let exit = summary.map(|summary| conclude(&log, &summary)).map_err(|e| Failure::io("collecting", &e));
    if let Err(Failure::Failed(why)) = &exit {
        log.warn(why.clone());
    }
    drop(pid_file);
    writing.end();
    exit
}

fn config(args: &Args) -> Result<Config, Failure> {
    let folder = absolute(&args.folder)?;
    if !folder.is_dir() {
        return Err(Failure::Failed(format!("{}: no such folder, expected the archive's", folder.display())));
    }
    let info =
        StreamInfo { vendor: Some(1), host: hostname(), comments: args.comment.clone(), ..StreamInfo::default() };
    let classic = WriteOptions {
        order: args.byte_order.map_or(Order::HOST, Order::from),
        level: args.classic_level(),
        ..WriteOptions::new(Version::V5, info.clone())
    };
    let (codec, level) = args.modern_codec();
    let modern = WriteOptions { codec, level, ..WriteOptions::new(Form::Modern, info) };
    let limit = |n: u64| Some(n).filter(|n| *n > 0);
    Ok(Config {
        templates: templates::path(&folder, args.endpoint.port),
        storing: storing::Config {
            making: Making { folder, nesting: args.nesting.unwrap_or_default(), classic, modern },
            form: args.export_version,
            limits: Limits { files: limit(args.expire_count), octets: limit(args.expire_size) },
            program: args.program.as_deref().map(words).transpose()?,
            treating: args.steps.load(NAME, args.export_version)?,
        },
        scale_sampling: args.scale_sampling,
        rotation: Rotation::new(args.rotations),
        stat: args.stat,
        clients: args.clients,
    })
}

/// The program and its first arguments: one word if there is such a file, else as many as there are.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let whole = vec![text.to_owned()];
    let mut words = match Path::new(text).exists() {
        true => whole,
        false => text.split_whitespace().map(str::to_owned).collect(),
    };
    let Some(program) = words.first_mut() else {
        return Err(Failure::Usage("-R: empty, expected a program".to_owned()));
    };
    // It will run in the archive's folder; a bare name that is no file here is looked for in PATH.
    if Path::new(program).exists() || program.contains('/') {
        *program = absolute(Path::new(program))?.display().to_string();
    }
    Ok(words)
}

fn conclude(log: &Log, summary: &Summary) -> Exit {
    let Summary { received, dropped, stored } = summary;
    log.info(format!(
        "ended: {} flows in {} datagrams received, {} stored; {} lost on the way, {} corrupt datagrams",
        received.flows, received.packets, stored.flows, received.lost, received.corrupt
    ));
    if stored.filtered > 0 {
        log.info(format!("{} flows were left out by the filter", stored.filtered));
    }
    let missing = dropped + stored.unwritten;
    if missing > 0 {
        log.warn(format!("{missing} flows could not be written"));
    }
    if missing > 0 { Exit::Partly } else { Exit::Fine }
}
