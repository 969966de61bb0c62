//! flow-dscan: finds scans of hosts and ports, and flows out of the ordinary.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowtools::cli::config::Defined;
use flowtools::cli::flow_dscan::Args;
use flowtools::cli::question::Question;
use flowtools::cli::run::report;
use flowtools::cli::window::Window;
use flowtools::cli::{Exit, Failure, program};
use flowtools::collect::log::{Log, Sink};
use flowtools::collect::process::detach_reading;
use flowtools::file::{Error, beside, replace};
use flowtools::flow::Field;
use flowtools::report::scan::{Detector, Limits, suppressed};
use flowtools::select::{Addresses, Net, Numbers, Predicate, Ranges, Rule};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

const NAME: &str = "flow-dscan";

/// The lists that are read without `-L`, where there are any.
const SUPPRESS: &str = "dscan.suppress";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let mut detector = Detector::new(limits(&args));
    detector.ignore(ignored(&args)?);
    // Where it will be written, it may be that it has not been before.
    if args.load && (args.state.exists() || !args.save) {
        detector.load(&args.state.display().to_string(), &mut Defined::default().sources()?)?;
    }
    let question = Question::new(&args.files, &Window::default(), None)?.and(wanted(&args));
    let scan = question.open()?.fields(Detector::needs());
    if !args.foreground && !args.syslog {
        detach_reading().map_err(|e| Failure::io("going into the background", &e))?;
    }
    let sink = if args.foreground { Sink::Stderr } else { Sink::Syslog };
    let (log, writing) = Log::start(NAME, sink, args.debug.debug).map_err(|e| Failure::io("log", &e))?;
    let (detector, args) = (Arc::new(Mutex::new(detector)), Arc::new(args));
    let mut signals =
        Signals::new([SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGQUIT]).map_err(|e| Failure::io("signals", &e))?;
    let (known, asked, told) = (detector.clone(), args.clone(), log.clone());
    std::thread::spawn(move || signals.forever().for_each(|signal| heed(signal, &asked, &known, &told)));
    let (mut alerts, mut blind) = (Vec::new(), 0);
    let summary = scan.ordered(
        || (),
        |(), batch| batch,
        |batch| {
            let flows = batch.len();
            if !lock(&detector).see(batch, &mut alerts) {
                blind += flows;
            }
            alerts.drain(..).for_each(|alert| log.line(alert.to_string()));
            Ok::<(), Failure>(())
        },
    )?;
    let detector = lock(&detector);
    if detector.cuts() > 0 {
        log.warn(format!("{} times what was known had to be forgotten early, for want of room", detector.cuts()));
    }
    let mut problems = summary.problems;
    if blind > 0 {
        problems.push(Error::format("input", "", format!("{blind} flows have no source and destination addresses")));
    }
    if args.save {
        save(&detector, &args.state)?;
    }
    writing.end();
    Ok(report(NAME, &problems))
}

fn limits(args: &Args) -> Limits {
    Limits {
        hosts: args.hosts.into(),
        ports: args.ports.into(),
        age: args.age.into(),
        octets: args.octets,
        packets: args.packets,
        duration: args.duration,
        ..Limits::default()
    }
}

/// The flows of the interfaces that are watched.
fn wanted(args: &Args) -> Predicate {
    let lists = [(Field::Input, &args.input), (Field::Output, &args.output)];
    let lists = lists.into_iter().filter_map(|(field, set)| Some(Predicate::numbers(field, set.clone()?)));
    Predicate::and(lists.collect())
}

/// The flows that give no alarm.
fn ignored(args: &Args) -> Result<Predicate, Failure> {
    let number = |field, n| Predicate::numbers(field, Numbers::one(n));
    let high = |field| Predicate::numbers(field, Ranges::of([(1024, 65_535)]).into());
    let web = |server, client| Predicate::and(vec![number(Field::Protocol, 6), number(server, 80), high(client)]);
    let mut all = Vec::new();
    if args.no_inbound_web {
        all.push(web(Field::SrcPort, Field::DstPort));
    }
    if args.no_outbound_web {
        all.push(web(Field::DstPort, Field::SrcPort));
    }
    if args.no_multicast {
        let nets = ["224.0.0.0/4", "ff00::/8"].iter().filter_map(|net| net.parse().ok());
        let rules: Vec<Rule> = nets.map(|net| Rule { permit: true, net: Net::Prefix(net) }).collect();
        all.push(Predicate::addresses(Field::DstAddr, Addresses::of(&rules)));
    }
    for (end, side) in [("src", Field::SrcAddr), ("dst", Field::DstAddr)] {
        let base = args.suppress.as_deref().unwrap_or(Path::new(SUPPRESS));
        let path = beside(base, end);
        if args.suppress.is_none() && !path.exists() {
            continue;
        }
        let file = path.display().to_string();
        all.push(suppressed(&file, side, &mut Defined::default().sources()?)?);
    }
    Ok(Predicate::or(all))
}

/// Does what a signal asks for.
fn heed(signal: i32, args: &Args, detector: &Mutex<Detector>, log: &Log) {
    let said = |failure: Failure| match failure {
        Failure::Usage(why) | Failure::Failed(why) => log.warn(why),
        Failure::Closed => {}
    };
    match signal {
        SIGHUP => match ignored(args) {
            Ok(ignored) => lock(detector).ignore(ignored),
            // The lists there were stay in force.
            Err(failure) => said(failure),
        },
        SIGUSR1 => save(&lock(detector), &args.state).unwrap_or_else(said),
        _ => {
            let detector = lock(detector);
            let saved = if args.save { save(&detector, &args.state) } else { Ok(()) };
            let code = i32::from(saved.is_err());
            saved.unwrap_or_else(said);
            // The other thread may wait for input for ever. What has been said is written meanwhile.
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::process::exit(code);
        }
    }
}

/// Writes the state file anew: whole, or not at all.
fn save(detector: &Detector, path: &Path) -> Result<(), Failure> {
    let mut text = String::new();
    detector.save(&mut text);
    replace(path, text.as_bytes()).map_err(|e| Failure::io(path.display(), &e))
}

fn lock(detector: &Mutex<Detector>) -> MutexGuard<'_, Detector> {
    detector.lock().unwrap_or_else(PoisonError::into_inner)
}
