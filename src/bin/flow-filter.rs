//! flow-filter: passes on the flows that match.

use std::io::Write;
use std::process::ExitCode;

use flowtools::cli::flow_filter::{Args, Bits};
use flowtools::cli::output::Output;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, program, symbols};
use flowtools::file::{Error, Scan};
use flowtools::flow::{Field, FlowBatch, StreamInfo, flags};
use flowtools::select::{AccessLists, Addresses, Numbers, Predicate, Scratch, expr};

const NAME: &str = "flow-filter";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let letters = predicate(&args)?;
    let expression = expression(&args)?;
    let condition = Conditions { all: Predicate::and(vec![letters.clone(), expression.clone()]), letters, expression };
    let scan = Scan::open(&args.files.inputs())?;
    if let Some(version) = scan.info().version
        && let Some(field) = condition.letters.missing(&version.layout().schema)
    {
        return Err(Failure::Failed(format!("flows of version {version} have no {}", field.short_name())));
    }
    if args.count { count(scan, &condition) } else { pass(&args, scan, &condition) }
}

/// Passes on the flows that match.
fn pass(args: &Args, scan: Scan, condition: &Conditions) -> Result<Exit, Failure> {
    let mut info =
        StreamInfo { flags: flags::STREAMING, interfaces: scan.info().interfaces.clone(), ..StreamInfo::default() };
    if args.keep_time {
        (info.start, info.end) = (scan.info().start, scan.info().end);
    }
    let mut out = Output::open(None, &args.write.like(scan.info(), info, 0))?;
    let mut tally = Tally::default();
    let summary = scan.ordered(
        Scratch::default,
        |scratch, mut batch| {
            let tally = condition.tally(&batch);
            condition.all.apply(&mut batch, scratch);
            (batch, tally)
        },
        |(batch, more)| {
            tally.add(more);
            if batch.is_empty() { Ok(()) } else { out.write(&batch) }
        },
    )?;
    let mut problems = summary.problems;
    out.finish(&mut problems)?;
    problems.extend(tally.problem());
    Ok(report(NAME, &problems))
}

/// Prints how many flows match.
fn count(scan: Scan, condition: &Conditions) -> Result<Exit, Failure> {
    let start = || (Scratch::default(), Vec::new(), 0, Tally::default());
    let (sums, summary) = scan.fields(condition.all.fields()).fold(start, |(scratch, rows, sum, tally), batch| {
        tally.add(condition.tally(batch));
        condition.all.select(batch, scratch, rows);
        *sum += rows.len();
    });
    let mut tally = Tally::default();
    let mut sum = 0;
    for (_, _, matching, more) in sums {
        sum += matching;
        tally.add(more);
    }
    writeln!(std::io::stdout(), "{sum}").map_err(Failure::stdout)?;
    let mut problems = summary.problems;
    problems.extend(tally.problem());
    Ok(report(NAME, &problems))
}

/// What flows have to match.
struct Conditions {
    letters: Predicate,
    expression: Predicate,
    all: Predicate,
}

impl Conditions {
    /// What there is to say of the flows of a batch, before any is deselected.
    fn tally(&self, batch: &FlowBatch) -> Tally {
        let lacks = self.letters.missing(batch.schema()).is_some();
        let unanswerable = self.expression.unanswerable(batch.schema());
        Tally {
            flows: batch.len(),
            lacking: if lacks { batch.len() } else { 0 },
            unanswerable: if unanswerable.is_some() { batch.len() } else { 0 },
            field: unanswerable,
        }
    }
}

/// How many flows lack what is asked for.
#[derive(Default)]
struct Tally {
    flows: usize,
    /// A field that an option asks for.
    lacking: usize,
    /// So much that the expression cannot hold.
    unanswerable: usize,
    field: Option<&'static str>,
}

impl Tally {
    fn add(&mut self, more: Tally) {
        self.flows += more.flows;
        self.lacking += more.lacking;
        self.unanswerable += more.unanswerable;
        self.field = self.field.or(more.field);
    }

    /// An expression may ask for what only some flows have, but that all lack it is worth a word.
    fn problem(&self) -> Option<Error> {
        let what = match self.field.filter(|_| self.unanswerable == self.flows && self.flows > 0) {
            Some(field) => format!("no flow has what the expression asks for: {field}"),
            None if self.lacking > 0 => format!("{} flows lack a field that is asked for", self.lacking),
            None => return None,
        };
        Some(Error::format("input", "", what))
    }
}

/// The expression as a condition; without one, every flow will do.
fn expression(args: &Args) -> Result<Predicate, Failure> {
    let Some(text) = &args.expression else { return Ok(Predicate::always(true)) };
    let symbols = symbols::load()?;
    // Comments may be in any encoding.
    let load = |name: &str| match std::fs::read(name) {
        Ok(octets) => Ok(String::from_utf8_lossy(&octets).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    let context = expr::Context { symbols: &symbols, now: chrono::Local::now(), load: &load };
    expr::parse(text, &context).map_err(|error| Failure::Usage(format!("-w: {error}")))
}

/// The other options as one condition.
fn predicate(args: &Args) -> Result<Predicate, Failure> {
    let mut all = Vec::new();
    for (field, set) in [
        (Field::SrcAs, &args.source_as),
        (Field::DstAs, &args.destination_as),
        (Field::Input, &args.input),
        (Field::Output, &args.output),
        (Field::SrcPort, &args.source_port),
        (Field::DstPort, &args.destination_port),
        (Field::Protocol, &args.protocol),
    ] {
        all.extend(set.as_ref().map(|set| Predicate::numbers(field, set.clone())));
    }
    let masked = |field, bits: Bits| Predicate::masked(field, bits.mask, Numbers::one(bits.value));
    all.extend(args.tos.map(|bits| masked(Field::Tos, bits)));
    if let Some(bits) = args.tcp_flags {
        // flow-tools asks only flows of TCP for their flags: others pass, unless one condition is to be enough.
        let tcp = Predicate::numbers(Field::Protocol, Numbers::one(6));
        let flags = masked(Field::TcpFlags, bits);
        all.push(if args.either { Predicate::and(vec![tcp, flags]) } else { Predicate::or(vec![tcp.not(), flags]) });
    }
    all.extend(args.exporter.map(|address| Predicate::addresses(Field::Exporter, Addresses::host(address))));
    access_lists(args, &mut all)?;
    Ok(match args.either && !all.is_empty() {
        true => Predicate::or(all),
        false => Predicate::and(all),
    })
}

fn access_lists(args: &Args, all: &mut Vec<Predicate>) -> Result<(), Failure> {
    let wanted = [
        (Field::SrcAddr, &args.source_address),
        (Field::DstAddr, &args.destination_address),
        (Field::NextHop, &args.next_hop),
    ];
    if wanted.iter().all(|(_, name)| name.is_none()) {
        return Ok(());
    }
    let file = args.acl_file.display().to_string();
    // Comments may be in any encoding.
    let octets = std::fs::read(&args.acl_file).map_err(|e| Failure::io(&file, &e))?;
    let lists =
        AccessLists::parse(&String::from_utf8_lossy(&octets), &file).map_err(|e| Failure::Usage(e.to_string()))?;
    for (field, name) in wanted {
        let Some(name) = name else { continue };
        let (negated, name) = name.strip_prefix('!').map_or((false, name.as_str()), |rest| (true, rest));
        let Some(addresses) = lists.get(name) else {
            let known: Vec<&str> = lists.names().collect();
            return Err(Failure::Usage(format!(
                "{file}: no access list '{name}', expected one of {}",
                known.join(", ")
            )));
        };
        let inside = Predicate::addresses(field, addresses);
        all.push(if negated { inside.not() } else { inside });
    }
    Ok(())
}
