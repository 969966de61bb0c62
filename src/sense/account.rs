//! What a sensor's work came to, as `statistics` and the end of a run say it: every line of softflowd's, in its order
//! and its columns, then what only we know.

use std::fmt::{self, Write};

use super::exporter::Sent;
use super::worker::Snapshot;
use crate::cli::Failure;
use crate::cli::flow_send::ExportVersion;
use crate::cli::flow_sensor::Args;
use crate::meter::live::Counts;
use crate::meter::{Meter, Stats};

/// What was metered and exported.
pub struct Account {
    /// What all meters counted.
    pub stats: Stats,
    /// Flows that are not over.
    pub active: usize,
    /// What was exported.
    pub sent: Sent,
    /// What was settled when the sensor started.
    pub terms: Terms,
    /// Flows that found no place in records because they are IPv6; `None` if no records are made.
    pub unrecorded: Option<u64>,
    /// The interfaces, with the counts of the system; `None` where a file was read.
    pub interfaces: Option<Vec<Interface>>,
    /// The sensor's own messages, which were not metered.
    pub own: u64,
    /// Capture threads that did not answer.
    pub silent: usize,
}

/// What was settled when the sensor started.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The export version's name, as in `-v`.
    pub version: String,
    /// Whether flows are exported with templates: one may then need several records, or both directions one.
    pub templates: bool,
    /// Whether IPv6 flows are kept.
    pub ipv6: bool,
}

impl Terms {
    /// As the command line has them.
    pub fn of(args: &Args) -> Result<Terms, Failure> {
        let templates = matches!(args.version()?, ExportVersion::Template(_));
        Ok(Terms { version: args.version_name().to_owned(), templates, ipv6: args.settings()?.ipv6 })
    }
}

/// What the system counted of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Of all its capture threads together.
    pub counts: Counts,
    /// Its capture threads.
    pub threads: usize,
}

impl Account {
    /// Of capture threads.
    pub fn live(snapshots: &[Snapshot], sent: Sent, terms: Terms) -> Account {
        let mut stats = Stats::default();
        snapshots.iter().for_each(|snapshot| stats.add(&snapshot.stats));
        Account {
            stats,
            active: snapshots.iter().map(|snapshot| snapshot.flows).sum(),
            sent,
            terms,
            unrecorded: snapshots.iter().filter_map(|snapshot| snapshot.ipv6).reduce(|a, b| a + b),
            interfaces: Some(interfaces(snapshots)),
            own: snapshots.iter().map(|snapshot| snapshot.own).sum(),
            silent: 0,
        }
    }

    /// Of a capture file.
    pub fn file(meter: &Meter, sent: Sent, terms: Terms, unrecorded: Option<u64>) -> Account {
        let (stats, active) = (meter.stats().clone(), meter.flows());
        Account { stats, active, sent, terms, unrecorded, interfaces: None, own: 0, silent: 0 }
    }

    fn system(&self, interfaces: &[Interface], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |count: fn(&Counts) -> u64| interfaces.iter().map(|i| count(&i.counts)).sum::<u64>();
        writeln!(f, "Packets received by libpcap: {}", sum(|counts| counts.received))?;
        writeln!(f, "Packets dropped by libpcap: {}", sum(|counts| counts.dropped))?;
        writeln!(f, "Packets dropped by interface: {}", sum(|counts| counts.missed))
    }

    /// What softflowd does not say.
    fn ours(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = String::new();
        let Terms { version, .. } = &self.terms;
        if let Some(unrecorded) = self.unrecorded.filter(|_| self.stats.ipv6 > 0) {
            let packets = self.stats.ipv6;
            writeln!(lines, "IPv6 packets: {packets} (not exportable in version {version}; {unrecorded} flows kept)")?;
        }
        let Some(interfaces) = &self.interfaces else { return self.write_ours(&lines, f) };
        for Interface { name, counts: Counts { received, dropped, freezes, missed }, threads } in interfaces {
            let metered = received.saturating_sub(*dropped);
            writeln!(
                lines,
                "Interface {name}: {metered} packets taken, {dropped} dropped by a full ring ({freezes} times), \
                 {missed} by the interface, capture threads: {threads}"
            )?;
        }
        writeln!(lines, "Own exports left out: {}", self.own)?;
        if self.silent > 0 {
            writeln!(lines, "Capture threads without an answer: {} (not counted here)", self.silent)?;
        }
        self.write_ours(&lines, f)
    }

    /// Writes lines of ours, if there are any, after an empty one, which is there already if no flows have ended.
    fn write_ours(&self, lines: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !lines.is_empty() && self.stats.flows() > 0 {
            writeln!(f)?;
        }
        f.write_str(lines)
    }
}

/// The interfaces of capture threads, in the order of the first of each.
fn interfaces(snapshots: &[Snapshot]) -> Vec<Interface> {
    let mut all: Vec<Interface> = Vec::new();
    for Snapshot { interface: name, counts, .. } in snapshots {
        let Some(known) = all.iter_mut().find(|known| known.name == *name) else {
            all.push(Interface { name: name.clone(), counts: *counts, threads: 1 });
            continue;
        };
        known.threads += 1;
        known.counts.received += counts.received;
        known.counts.dropped += counts.dropped;
        known.counts.freezes += counts.freezes;
        // Every thread sees all that the interface missed.
        known.counts.missed = known.counts.missed.max(counts.missed);
    }
    all
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Number of active flows: {}", self.active)?;
        self.stats.write_packets(self.terms.ipv6, f)?;
        let Sent { flows: records, messages, failures } = self.sent;
        let flows = if self.terms.templates { self.stats.flows() } else { records };
        writeln!(f, "Flows exported: {flows} ({records} records) in {messages} packets ({failures} failures)")?;
        if let Some(interfaces) = &self.interfaces {
            self.system(interfaces, f)?;
        }
        self.stats.write_flows(f)?;
        self.ours(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(interface: &str, received: u64, missed: u64) -> Snapshot {
        let mut stats = Stats::default();
        (stats.packets, stats.ipv6, stats.not_ip) = (received - 1, 2, 1);
        Snapshot {
            interface: interface.into(),
            stats,
            flows: 2,
            counts: Counts { received: received + 1, dropped: 1, freezes: 1, missed },
            ipv6: Some(0),
            own: 3,
        }
    }

    #[test]
    fn threads_are_summed_and_ours_comes_last() {
        let snapshots = [snapshot("a", 10, 5), snapshot("b", 20, 0), snapshot("a", 30, 6)];
        let terms = Terms { version: "5".into(), templates: false, ipv6: false };
        let account = Account::live(&snapshots, Sent { flows: 4, messages: 2, failures: 1 }, terms);
        let expected = "\
Number of active flows: 6
Packets processed: 51
Fragments: 0
Ignored packets: 9 (9 non-IP, 0 too short)
Flows expired: 0 (0 forced)
Flows exported: 4 (4 records) in 2 packets (1 failures)
Packets received by libpcap: 63
Packets dropped by libpcap: 3
Packets dropped by interface: 6

IPv6 packets: 6 (not exportable in version 5; 0 flows kept)
Interface a: 40 packets taken, 2 dropped by a full ring (2 times), 6 by the interface, capture threads: 2
Interface b: 20 packets taken, 1 dropped by a full ring (1 times), 0 by the interface, capture threads: 1
Own exports left out: 9
";
        assert_eq!(account.to_string(), expected);
    }
}
