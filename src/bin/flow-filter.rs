//! flow-filter: passes on the flows that match.

use std::io::Write;
use std::process::ExitCode;

use flowtools::cli::explain::explain;
use flowtools::cli::flow_filter::{Args, Bits};
use flowtools::cli::pass::{end, pass};
use flowtools::cli::progress::Watcher;
use flowtools::cli::question::Question;
use flowtools::cli::{Exit, Failure, program};
use flowtools::flow::{Field, Projection};
use flowtools::select::{AccessLists, Addresses, Numbers, Predicate};

const NAME: &str = "flow-filter";

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    let letters = predicate(&args)?;
    let question = Question::new(&args.files, &args.window, args.expression.as_deref())?.and(letters);
    if args.explain {
        let columns = if args.count { Projection::NONE } else { Projection::ALL };
        return explain(NAME, &question, columns);
    }
    if args.count { count(&args, &question) } else { pass(NAME, &question, &args.write, args.keep.keep_time) }
}

/// Prints how many flows match.
fn count(args: &Args, question: &Question) -> Result<Exit, Failure> {
    let scan = question.open()?.fields(Projection::NONE);
    let progress = Watcher::of(&scan);
    let (sums, summary) = scan.fold(|| 0, |sum, batch| *sum += batch.len());
    drop(progress);
    writeln!(std::io::stdout(), "{}", sums.iter().sum::<usize>()).map_err(Failure::stdout)?;
    end(NAME, question, &args.write, summary, |_| Ok(()))
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
    let lists = AccessLists::parse(&String::from_utf8_lossy(&octets), &file)?;
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
