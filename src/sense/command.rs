//! What the control socket is asked, and the answers: softflowd's words.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use super::Sensor;
use super::account::Account;
use super::dump::Dump;
use super::worker::{Answer, Ask, Snapshot};

/// How the answer to a command that cannot be carried out begins.
pub const FAILED: &str = "Failed: ";
/// How the answer to a command that is none begins.
pub const UNKNOWN: &str = "Unknown control command ";

/// An answer.
pub struct Reply {
    text: String,
    /// Flows that follow.
    flows: Option<Dump>,
    /// What is to be done when it has been said.
    after: After,
}

/// What is to be done after an answer: before it, the program might be gone.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum After {
    /// Nothing more.
    #[default]
    Nothing,
    /// To end the sensor.
    ShutDown,
    /// To end it at once.
    Exit,
}

impl Reply {
    fn text(text: String) -> Reply {
        Reply { text, flows: None, after: After::Nothing }
    }

    /// Does what is left to be done.
    pub fn finish(&self, sensor: &Sensor) {
        match self.after {
            After::Nothing => {}
            After::ShutDown => sensor.shut_down(),
            After::Exit => sensor.exit(),
        }
    }

    /// Whether it may be more than a socket takes at once.
    pub fn is_long(&self) -> bool {
        self.flows.is_some()
    }

    /// Writes it.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())?;
        self.flows.as_ref().map_or(Ok(()), |flows| flows.write(out))
    }
}

/// Carries out a command, and says what came of it.
pub fn answer(sensor: &Sensor, line: &str) -> Reply {
    sensor.log.debug(1, || format!("Control socket \"{}\"", line.escape_debug()));
    let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
    if argument.is_empty() == (command == "set-template") {
        return Reply::text(match command {
            "set-template" => format!("{FAILED}set-template needs a list of elements\n"),
            _ => unknown(line),
        });
    }
    let did = match command {
        "statistics" => return statistics(sensor),
        "dump-flows" => return dump(sensor),
        "timeouts" => timeouts(sensor),
        "shutdown" => return last("Shutting down gracefully...\n", After::ShutDown),
        "exit" => return last("Exiting now...\n", After::Exit),
        "expire-all" => return flows(sensor, &Ask::ExpireAll, "Expired"),
        "delete-all" => return flows(sensor, &Ask::DeleteAll, "Deleted"),
        "stop-gather" => return gather(sensor, false),
        "start-gather" => return gather(sensor, true),
        "debug+" => {
            sensor.log.raise(true);
            "Debug level increased.\n".to_owned()
        }
        "debug-" => {
            sensor.log.raise(false);
            "Debug level decreased.\n".to_owned()
        }
        "send-template" => {
            sensor.send_templates();
            "Template will be sent at next flow export\n".to_owned()
        }
        "set-template" => return template(sensor, argument),
        _ => return Reply::text(unknown(line)),
    };
    Reply::text(said(did))
}

/// The last answer there is.
fn last(what: &str, after: After) -> Reply {
    Reply { after, ..Reply::text(said(what)) }
}

fn unknown(line: &str) -> String {
    format!("{UNKNOWN}\"{line}\"\n")
}

/// Who says so.
fn said(what: impl std::fmt::Display) -> String {
    format!("flow-sensor[{}]: {what}", std::process::id())
}

fn statistics(sensor: &Sensor) -> Reply {
    let snapshots = match counted(sensor) {
        Ok(snapshots) => snapshots,
        Err(why) => return failed(&why),
    };
    let since = DateTime::<Utc>::from(sensor.started).format("%Y-%m-%dT%H:%M:%S UTC");
    let silent = sensor.threads().saturating_sub(snapshots.len());
    let account = Account { silent, ..Account::live(&snapshots, sensor.sent(), sensor.terms.clone()) };
    Reply::text(said(format_args!("Accumulated statistics since {since}:\n{account}")))
}

/// What capture threads have counted.
fn counted(sensor: &Sensor) -> Result<Vec<Snapshot>, String> {
    let answers = heard(sensor, &Ask::Statistics)?;
    let snapshots = answers.into_iter().filter_map(|answer| match answer {
        Answer::Statistics(snapshot) => Some(*snapshot),
        _ => None,
    });
    Ok(snapshots.collect())
}

fn dump(sensor: &Sensor) -> Reply {
    let ask = || -> Result<Dump, String> {
        let mut flows = Vec::new();
        for answer in heard(sensor, &Ask::Flows)? {
            if let Answer::Flows(some) = answer {
                flows.extend(some);
            }
        }
        let ended = counted(sensor)?.iter().map(|snapshot| snapshot.stats.flows()).sum();
        Ok(Dump::new(flows, ended, SystemTime::now()))
    };
    match ask() {
        Ok(flows) => Reply { text: said("Dumping flow data:\n"), flows: Some(flows), after: After::Nothing },
        Err(why) => failed(&why),
    }
}

fn timeouts(sensor: &Sensor) -> String {
    let t = &sensor.timeouts;
    let lines = [
        ("TCP timeout", t.tcp),
        ("TCP post-RST timeout", t.tcp_rst),
        ("TCP post-FIN timeout", t.tcp_fin),
        ("UDP timeout", t.udp),
        ("ICMP timeout", t.icmp),
        ("General timeout", t.general),
        ("Maximum lifetime", t.max_life),
        ("Expiry interval", t.interval),
    ];
    lines.into_iter().fold("Printing timeouts:\n".to_owned(), |mut text, (name, seconds)| {
        // Writing to text does not fail.
        let _ = writeln!(text, "{name:>22}: {seconds}s");
        text
    })
}

/// Does something to all flows.
fn flows(sensor: &Sensor, ask: &Ask, done: &str) -> Reply {
    match heard(sensor, ask) {
        Ok(answers) => {
            let count = |answer: &Answer| if let Answer::Count(flows) = answer { *flows } else { 0 };
            let flows: usize = answers.iter().map(count).sum();
            Reply::text(said(format_args!("{done} {flows} flows.\n")))
        }
        Err(why) => failed(&why),
    }
}

fn gather(sensor: &Sensor, on: bool) -> Reply {
    let done = if on { "resumed" } else { "stopped" };
    match heard(sensor, &Ask::Gather(on)) {
        Ok(_) => Reply::text(said(format_args!("Data collection {done}.\n"))),
        Err(why) => failed(&why),
    }
}

fn template(sensor: &Sensor, list: &str) -> Reply {
    match sensor.set_template(list.trim()) {
        Ok(()) => Reply::text(said("Template set; it will be sent with the next flows\n")),
        Err(why) => failed(&why),
    }
}

fn failed(why: &str) -> Reply {
    Reply::text(format!("{FAILED}{why}\n"))
}

/// Asks all capture threads; all have to answer.
fn heard(sensor: &Sensor, ask: &Ask) -> Result<Vec<Answer>, String> {
    let answers = sensor.ask(ask);
    let failure = answers.iter().find_map(|answer| match answer {
        Answer::Failed(why) => Some(why.clone()),
        _ => None,
    });
    match failure {
        Some(why) => Err(why),
        None if answers.is_empty() => Err("no capture thread answers: all have ended or are stuck".into()),
        None => Ok(answers),
    }
}
