//! flow-filter: passes on the flows that match.

use std::process::ExitCode;

use flowtools::cli::flow_filter::Args;
use flowtools::cli::run::{report, stdout};
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{Error, FlowWriter, Scan};
use flowtools::flow::{Field, FlowBatch, Order, StreamInfo, Version, flags};
use flowtools::rewrite::Converter;
use flowtools::select::{AccessLists, Addresses, Numbers, Predicate, Scratch};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let predicate = predicate(&args)?;
    let scan = Scan::open(&args.files.inputs())?;
    let version = scan.info().version.unwrap_or(Version::V5);
    if let Some(field) = scan.info().version.and_then(|v| predicate.missing(&v.layout().schema)) {
        return Err(Failure::Failed(format!("flows of version {version} have no {}", name(field))));
    }
    let mut info =
        StreamInfo { flags: flags::STREAMING, interfaces: scan.info().interfaces.clone(), ..StreamInfo::default() };
    if args.keep_time {
        (info.start, info.end) = (scan.info().start, scan.info().end);
    }
    let options = args.write.options(version, info, 0);
    let mut writer = FlowWriter::new(stdout()?, &options).map_err(Failure::stdout)?;
    let (mut lacking, mut refused) = (0, 0);
    let summary = scan.ordered(
        || Worker { predicate: &predicate, scratch: Scratch::default(), converter: Converter::new(version) },
        Worker::pick,
        |picked: Picked| {
            lacking += picked.lacking;
            refused += picked.refused;
            match picked.records.is_empty() {
                true => Ok(()),
                false => writer.write_records(&picked.records).map_err(Failure::stdout),
            }
        },
    )?;
    writer.finish().map_err(Failure::stdout)?;
    let mut problems = summary.problems;
    let trouble = |count: usize, what: String| {
        (count > 0).then(|| Error::format("input", "", format!("{count} flows of other versions {what}")))
    };
    problems.extend(trouble(lacking, "lack a field that is asked for".into()));
    problems.extend(trouble(refused, format!("cannot be written as version {version}")));
    Ok(report("flow-filter", &problems))
}

/// What every thread does with its batches.
struct Worker<'a> {
    predicate: &'a Predicate,
    scratch: Scratch,
    converter: Converter,
}

/// What came of a batch.
struct Picked {
    /// The flows that match, in host order.
    records: Vec<u8>,
    /// How many could not be asked.
    lacking: usize,
    /// How many match, and are of a kind that cannot be written.
    refused: usize,
}

impl Worker<'_> {
    fn pick(&mut self, mut batch: FlowBatch) -> Picked {
        let mut picked = Picked { records: Vec::new(), lacking: 0, refused: 0 };
        if self.predicate.missing(batch.schema()).is_some() {
            picked.lacking = batch.len();
        }
        self.predicate.apply(&mut batch, &mut self.scratch);
        match batch.raw().filter(|raw| raw.layout.version == self.converter.version()) {
            Some(raw) => raw.copy(batch.rows(), Order::HOST, &mut picked.records),
            None if self.converter.convert(&batch, &mut picked.records).is_err() => picked.refused = batch.len(),
            None => {}
        }
        picked
    }
}

/// The options as one condition.
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
    for (field, bits) in [(Field::Tos, args.tos), (Field::TcpFlags, args.tcp_flags)] {
        all.extend(bits.map(|bits| Predicate::masked(field, bits.mask, Numbers::one(bits.value))));
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

/// A field as flow-tools calls it.
fn name(field: Field) -> &'static str {
    field.candidates().first().and_then(|element| element.short_name()).unwrap_or("such field")
}
