//! flow-filter: passes on the flows that match.

use std::process::ExitCode;

use flowtools::cli::flow_filter::{Args, Bits};
use flowtools::cli::output::Output;
use flowtools::cli::run::report;
use flowtools::cli::{Exit, Failure, program};
use flowtools::file::{Error, Scan};
use flowtools::flow::{Field, StreamInfo, Version, flags};
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
    let mut out = Output::open(None, &args.write.options(version, info, 0))?;
    let mut lacking = 0;
    let summary = scan.ordered(
        Scratch::default,
        |scratch, mut batch| {
            let lacks = predicate.missing(batch.schema()).is_some();
            let asked = batch.len();
            predicate.apply(&mut batch, scratch);
            (batch, if lacks { asked } else { 0 })
        },
        |(batch, lacks)| {
            lacking += lacks;
            if batch.is_empty() { Ok(()) } else { out.write(&batch) }
        },
    )?;
    let mut problems = summary.problems;
    out.finish(&mut problems)?;
    if lacking > 0 {
        let what = format!("{lacking} flows lack a field that is asked for");
        problems.push(Error::format("input", "", what));
    }
    Ok(report("flow-filter", &problems))
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

/// A field as flow-tools calls it.
fn name(field: Field) -> &'static str {
    field.candidates().first().and_then(|element| element.short_name()).unwrap_or("such field")
}
