//! Arguments of flow-sensorctl.

use std::path::PathBuf;

use clap::Parser;

use super::Failure;
use super::flow_sensor::CONTROL;

/// The commands. softflowctl's have its names.
pub const COMMANDS: [&str; 13] = [
    "statistics",
    "dump-flows",
    "timeouts",
    "expire-all",
    "delete-all",
    "stop-gather",
    "start-gather",
    "send-template",
    "set-template",
    "debug+",
    "debug-",
    "shutdown",
    "exit",
];

/// The commands, as help shows them.
macro_rules! commands {
    () => {
        "\
Commands:
  statistics          what was metered, exported and dropped
  dump-flows          the flows that are not over, both directions in a line; times are UTC
  timeouts            when flows are over
  expire-all          export all flows now
  delete-all          forget all flows: they are neither exported nor counted
  stop-gather         leave packets uncounted
  start-gather        count them again
  send-template       send templates and options again with the next flows
  set-template LIST   send flows by this template from now on: ELEMENT[/LENGTH],...
  debug+, debug-      say more, say less in the log
  shutdown            export all flows and end
  exit                end at once; flows that are not over are lost
"
    };
}

/// Ask or tell a running flow-sensor
#[derive(Parser, Debug)]
#[command(
    name = "flow-sensorctl",
    version,
    after_help = concat!(commands!(), "
Examples:
  flow-sensorctl statistics
  flow-sensorctl -c /run/lan.ctl dump-flows | grep -c 'proto:6 '
  flow-sensorctl shutdown"),
    after_long_help = concat!(commands!(), "
Instead of softflowctl:
  A command is a line, the answer is text up to the end of the connection: flow-sensorctl can ask
  softflowd, and softflowctl flow-sensor. Every line that softflowd 1.1 prints is printed, in its
  order and its columns. What differs:
  - Answers begin with flow-sensor[PID] instead of softflowd[PID].
  - statistics: lines of our own follow after softflowd's and an empty line: IPv6 packets that the
    version cannot carry, packets of each interface taken and dropped, own exports left out.
  - statistics: octets are those of IP packets. softflowd counts Ethernet padding too, as --compat
    does.
  - statistics: packets cut short are ignored; softflowd has them among those processed as well.
  - statistics: with -s, one frame in so many is looked at, whatever it holds; softflowd waits for
    an IP packet.
  - statistics: packets dropped by libpcap are those that found the ring full.
  - statistics: without -n nothing is sent, and 0 packets are said; softflowd counts those it
    would have sent.
  - statistics: several interfaces and capture threads are summed up.
  - statistics: names of protocols are built in; softflowd has those of /etc/protocols.
  - statistics: flows of more than 2 GiB end early only where the version's counters have 32 bits.
  - dump-flows: seq numbers flows by their first packet, after all that have ended, so it is
    another after some have; softflowd's number stays. Flows are in the order of their expiry, in
    the same second of their beginning.
  - dump-flows: flowlabel is always 0: it is not metered.
  - dump-flows: with -T vlan both directions are one flow; softflowd makes two of them.
  - dump-flows: with -T ether both MAC addresses are shown; softflowd shows one of them twice.
  - dump-flows: between two ports of one address, both directions are one flow; softflowd makes
    two of them.
  - dump-flows: fragments have the ports of their first one; softflowd's have ports 0, as with
    --compat.
  - stop-gather: packets are taken and left uncounted; softflowd leaves them in its buffer, and
    counts those that found room there when it goes on.
  - delete-all, expire-all and dump-flows act on flows of packets that have been taken, which is
    at once; softflowd waits until its buffer has a full block.
  - debug+: flow-sensor says which commands come; softflowd says what happens to each flow.
  - The socket is its owner's alone.

Examples:
  flow-sensorctl statistics
  flow-sensorctl -c /run/lan.ctl dump-flows | grep -c 'proto:6 '
  flow-sensorctl set-template srcaddr,dstaddr,prot,octetDeltaCount/4,packetDeltaCount/4
  flow-sensorctl shutdown")
)]
pub struct Args {
    /// Control socket of the sensor
    #[arg(short = 'c', long, value_name = "SOCKET", default_value = CONTROL)]
    pub control: PathBuf,
    /// What to ask or to tell; see below
    #[arg(value_name = "COMMAND")]
    pub command: String,
    /// The command's argument: set-template's list of elements
    #[arg(value_name = "ARGUMENT")]
    pub argument: Option<String>,
}

impl Args {
    /// The command as it is sent.
    pub fn line(&self) -> Result<String, Failure> {
        let Args { command, argument, .. } = self;
        if !COMMANDS.contains(&command.as_str()) {
            return Err(Failure::Usage(format!("'{command}' is no command, expected one of {}", COMMANDS.join(", "))));
        }
        match argument.as_deref().map(str::trim) {
            None | Some("") if command == "set-template" => {
                Err(Failure::Usage("set-template: expected a list of elements, ELEMENT[/LENGTH],...".into()))
            }
            None => Ok(format!("{command}\n")),
            Some(_) if command != "set-template" => {
                Err(Failure::Usage(format!("{command} has no argument; one command at a time")))
            }
            Some(list) if list.contains(char::is_control) => {
                Err(Failure::Usage("set-template: a list of elements is one line".into()))
            }
            Some(list) => Ok(format!("{command} {list}\n")),
        }
    }
}
