//! Flows with all that is known of them: as JSON, an object a line, keyed by the elements' names; or a field a line.

use super::digits;
use super::json_values::{self as values, Arena};
use super::page::{Page, Tail};
use super::window::Window;
use crate::flow::registry::{self, Kind};
use crate::flow::time::FlowTimes;
use crate::flow::{Element, FieldSpec, FlowBatch, Schema, ie};

/// Writes batches as lines of JSON.
///
/// Every element of a flow but paddings is there, under its IANA name, or `enterprise/number` where it is not known.
/// Addresses and MAC addresses are text, octets of unknown meaning hexadecimal text, everything else numbers; times
/// are counted from 1970. Where flows tell their times relative to the export or to an uptime, `flowStartMilliseconds` and
/// `flowEndMilliseconds` are computed and added. An ICMP flow has type and code besides the ports that carry them.
#[derive(Default)]
pub struct JsonWriter {
    style: Style,
    plan: Option<(Schema, Vec<Step>)>,
    scratch: Scratch,
    page: Page,
}

#[derive(Default)]
struct Scratch {
    numbers: Vec<u64>,
    more: [Vec<u64>; 2],
    wide: Vec<u128>,
    times: FlowTimes,
    arenas: Vec<Arena>,
}

/// How the fields of a flow follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Style {
    /// As an object.
    #[default]
    Json,
    /// Each on a line of its own, with an empty one behind each flow.
    Long,
}

/// One step along a line.
#[derive(Clone, PartialEq, Debug)]
enum Step {
    /// The same in every line: keys, mostly.
    Literal(Vec<u8>),
    /// A number of at most eight octets.
    Number(usize),
    Ipv4(usize),
    Ipv6(usize),
    /// When the flow began, computed.
    Start,
    /// When it ended, computed.
    End,
    /// Source port, destination port, protocol: ports, and ICMP's type and code; keys included.
    Ports([usize; 3]),
    /// Anything else: made beforehand, since its length is not known.
    Made(usize, Kind),
}

/// Rows worked on at a time.
const ROWS: usize = 512;
/// Octets those may take; fewer rows are worked on if they would take more.
const BYTES: usize = 4 << 20;

impl JsonWriter {
    /// Writes the same fields for people to read: `name value`, one a line. Only text of any kind is in quotes.
    pub fn long() -> JsonWriter {
        JsonWriter { style: Style::Long, ..JsonWriter::default() }
    }

    /// Appends the batch's selected flows to `out`.
    pub fn write(&mut self, batch: &FlowBatch, out: &mut Vec<u8>) {
        if self.plan.as_ref().is_none_or(|(schema, _)| schema != batch.schema()) {
            self.plan = Some((batch.schema().clone(), plan(batch.schema(), self.style)));
        }
        let Some((_, steps)) = &self.plan else { return };
        if steps.iter().any(|step| matches!(step, Step::Start | Step::End)) {
            self.scratch.times.gather(batch);
        }
        for window in Window::all(batch, ROWS) {
            self.scratch.window(batch, &window, steps, &mut self.page, out);
        }
    }
}

/// What to write for flows of a schema.
fn plan(schema: &Schema, style: Style) -> Vec<Step> {
    let mut steps = Steps { style, ..Steps::default() };
    if FlowTimes::computed(schema) {
        steps.add("flowStartMilliseconds", "", Step::Start, "");
        steps.add("flowEndMilliseconds", "", Step::End, "");
    }
    // An object has both, ports and ICMP's type and code, with their keys between them.
    let ports = ports(schema).filter(|_| style == Style::Json);
    for (at, spec) in schema.fields().iter().enumerate() {
        match ports {
            Some(ports) if at == ports[0] => steps.add_ports(ports),
            Some(ports) if at == ports[1] => {}
            _ if spec.element == ie::PADDING => {}
            _ => steps.add_element(at, spec),
        }
    }
    steps.finish()
}

/// Where the ports and the protocol lie, if a flow's ports may be ICMP's type and code: not if these have elements of
/// their own.
fn ports(schema: &Schema) -> Option<[usize; 3]> {
    let icmp = |spec: &FieldSpec| spec.element.enterprise == 0 && matches!(spec.element.id, 32 | 139 | 176..=179);
    if schema.fields().iter().any(icmp) {
        return None;
    }
    let place = |element| schema.position(element, 0).filter(|at| schema.fields().get(*at).is_some_and(is_number));
    Some([place(ie::SRC_PORT)?, place(ie::DST_PORT)?, place(ie::PROTOCOL)?])
}

fn is_number(spec: &FieldSpec) -> bool {
    (1..=8).contains(&spec.width)
}

/// Steps being put together.
#[derive(Default)]
struct Steps {
    style: Style,
    steps: Vec<Step>,
    keys: Vec<String>,
    /// What is to be written before the next value.
    pending: Vec<u8>,
}

impl Steps {
    /// A key, and its value between `open` and `close`.
    fn add(&mut self, key: &str, open: &str, value: Step, close: &str) {
        let (before, after) = match self.style {
            Style::Json => (format!("\"{key}\":{open}"), close),
            Style::Long => (format!("{key:<28} "), "\n"),
        };
        self.begin();
        self.pending.extend_from_slice(before.as_bytes());
        self.keys.push(key.to_owned());
        self.step(value);
        self.pending.extend_from_slice(after.as_bytes());
    }

    fn add_ports(&mut self, ports: [usize; 3]) {
        self.begin();
        self.step(Step::Ports(ports));
    }

    fn add_element(&mut self, at: usize, spec: &FieldSpec) {
        let entry = registry::find(spec.element);
        let unknown = if is_number(spec) { Kind::Number } else { Kind::Octets };
        let kind = entry.map_or(unknown, |entry| entry.kind);
        let key = self.key(spec.element, spec.occurrence, entry.map(|entry| entry.name));
        match kind {
            Kind::Number | Kind::Seconds | Kind::Milliseconds if is_number(spec) => {
                self.add(&key, "", Step::Number(at), "");
            }
            Kind::Ipv4 if spec.width == 4 => self.add(&key, "\"", Step::Ipv4(at), "\""),
            Kind::Ipv6 if spec.width == 16 => self.add(&key, "\"", Step::Ipv6(at), "\""),
            _ => self.add(&key, "", Step::Made(at, values::fitting(kind, spec.width)), ""),
        }
    }

    /// A key that no other value has: an object's keys are unique.
    fn key(&self, element: Element, occurrence: u16, name: Option<&str>) -> String {
        let numbers = format!("{}/{}", element.enterprise, element.id);
        let key = name.filter(|name| occurrence > 0 || !self.keys.iter().any(|key| key == name));
        let key = key.map_or(numbers, str::to_owned);
        if occurrence == 0 { key } else { format!("{key}#{}", u32::from(occurrence) + 1) }
    }

    fn begin(&mut self) {
        if self.style == Style::Long {
            return;
        }
        self.pending.push(if self.steps.is_empty() { b'{' } else { b',' });
    }

    fn step(&mut self, value: Step) {
        self.steps.push(Step::Literal(std::mem::take(&mut self.pending)));
        self.steps.push(value);
    }

    fn finish(mut self) -> Vec<Step> {
        if self.style == Style::Json {
            if self.steps.is_empty() {
                self.pending.push(b'{');
            }
            self.pending.push(b'}');
        }
        self.pending.push(b'\n');
        self.steps.push(Step::Literal(self.pending));
        self.steps
    }
}

/// The longest that ports and ICMP's type and code with their keys can be.
const PORTS: usize = 128;

impl Scratch {
    fn window(&mut self, batch: &FlowBatch, window: &Window, steps: &[Step], page: &mut Page, out: &mut Vec<u8>) {
        let longest = self.make(batch, window, steps);
        if longest.saturating_mul(window.len()) > BYTES
            && let Some((first, second)) = window.halves()
        {
            self.window(batch, &first, steps, page, out);
            self.window(batch, &second, steps, page, out);
            return;
        }
        page.begin(window.len(), longest);
        let mut made = std::mem::take(&mut self.arenas).into_iter();
        let mut back = Vec::new();
        for step in steps {
            if let Step::Made(..) = step {
                let arena = made.next().unwrap_or_default();
                page.texts(arena.texts());
                back.push(arena);
            } else {
                self.step(window, step, page);
            }
        }
        self.arenas = back;
        page.end(out);
    }

    /// Makes the values whose length is not known beforehand; says how long a line can be.
    fn make(&mut self, batch: &FlowBatch, window: &Window, steps: &[Step]) -> usize {
        let count = steps.iter().filter(|step| matches!(step, Step::Made(..))).count();
        self.arenas.resize_with(count, Arena::default);
        let mut arenas = self.arenas.iter_mut();
        let mut longest = 0;
        for step in steps {
            longest += match step {
                Step::Literal(text) => text.len(),
                Step::Number(_) | Step::Ipv4(_) | Step::Start | Step::End => 20,
                Step::Ipv6(_) => 39,
                Step::Ports(_) => PORTS,
                Step::Made(at, kind) => match (arenas.next(), batch.column(*at)) {
                    (Some(arena), Some(view)) => {
                        let number = batch
                            .schema()
                            .fields()
                            .get(*at)
                            .is_some_and(|spec| registry::is_number(spec.element, spec.width));
                        arena.make(view, window.rows(), *kind, number)
                    }
                    _ => 0,
                },
            };
        }
        longest
    }

    fn step(&mut self, window: &Window, step: &Step, page: &mut Page) {
        let none = Tail::new("");
        match step {
            Step::Literal(text) => page.literal(text),
            Step::Number(at) => {
                window.numbers(Some(*at), &mut self.numbers);
                page.column(self.numbers.iter(), 0, none, |cell, n| digits::decimal(cell, *n));
            }
            Step::Ipv4(at) => {
                window.numbers(Some(*at), &mut self.numbers);
                page.column(self.numbers.iter(), 0, none, |cell, a| digits::ipv4(cell, *a as u32));
            }
            Step::Ipv6(at) => {
                window.numbers(Some(*at), &mut self.wide);
                page.column(self.wide.iter(), 0, none, |cell, a| digits::ipv6(cell, *a));
            }
            Step::Start => page.column(window.of(&self.times.start).iter(), 0, none, time),
            Step::End => page.column(window.of(&self.times.end).iter(), 0, none, time),
            Step::Ports([source, destination, protocol]) => {
                window.numbers(Some(*source), &mut self.numbers);
                let [destinations, protocols] = &mut self.more;
                window.numbers(Some(*destination), destinations);
                window.numbers(Some(*protocol), protocols);
                let ports = self.numbers.iter().zip(destinations.iter());
                for part in 0..4 {
                    page.column(ports.clone().zip(protocols.iter()), 0, none, |cell, ((from, to), protocol)| {
                        port(cell, part, (*from, *to), *protocol)
                    });
                }
            }
            Step::Made(..) => {}
        }
    }
}

/// A time; before 1970 it is negative, as it is where a clock was wrong.
fn time(cell: &mut digits::Cell, ms: &u64) -> usize {
    match i64::try_from(*ms) {
        Ok(_) => digits::decimal(cell, *ms),
        Err(_) => digits::text(cell, (*ms as i64).to_string().as_bytes()),
    }
}

/// One of two ports, or of ICMP's type and code, which version 5 and its like carry in the destination port. Only
/// ICMP's flows have those.
fn port(cell: &mut digits::Cell, part: usize, (from, to): (u64, u64), protocol: u64) -> usize {
    let (key, value) = match (part, protocol) {
        (0, _) => ("\"sourceTransportPort\":", from),
        (1, _) => (",\"destinationTransportPort\":", to),
        (2, 1) => (",\"icmpTypeIPv4\":", to >> 8),
        (2, 58) => (",\"icmpTypeIPv6\":", to >> 8),
        (3, 1) => (",\"icmpCodeIPv4\":", to & 255),
        (3, 58) => (",\"icmpCodeIPv6\":", to & 255),
        _ => return 0,
    };
    let len = digits::text(cell, key.as_bytes());
    let mut number = [b' '; digits::ROOM];
    let digits = digits::decimal(&mut number, value);
    let Some((to, from)) = cell.get_mut(len..len + digits).zip(number.get(..digits)) else { return len };
    to.copy_from_slice(from);
    len + digits
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
