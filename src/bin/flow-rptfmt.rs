//! flow-rptfmt: a report of flow-report as aligned text, or HTML.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use flowtools::cli::flow_rptfmt::{Args, Format};
use flowtools::cli::run::input;
use flowtools::cli::{Exit, Failure, program, symbols};
use flowtools::flow::Symbols;
use flowtools::report::csv::{Choices, ShowError, show};

fn main() -> ExitCode {
    program(run)
}

fn run(args: Args) -> Result<Exit, Failure> {
    if let Some(seconds) = args.seconds {
        std::thread::spawn(move || give_up(seconds));
    }
    let names = if args.names { symbols::load()? } else { Symbols::none() };
    let mut input = input(args.file.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let html = args.format == Format::Html;
    // flow-tools says first how it was called.
    let words: Vec<String> = std::env::args_os().map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let words = words.join(", ");
    let called = if html { format!("<!-- [{}] -->", words.replace("--", "- -")) } else { format!("# [{words}]") };
    writeln!(out, "{called}").map_err(Failure::stdout)?;
    let choices = Choices {
        html,
        fields: args.fields,
        comments: args.headers,
        most: args.most,
        percent: args.percent,
        sort: args.sort,
    };
    match show(&mut input, &choices, &names, &mut out) {
        Ok(()) => out.flush().map_err(Failure::stdout)?,
        Err(ShowError::Write(error)) => return Err(Failure::stdout(error)),
        Err(error) => {
            let file = args.file.filter(|file| file.as_os_str() != "-");
            let file = file.map_or("standard input".into(), |file| file.display().to_string());
            if let ShowError::Column { .. } = error {
                // Wrong usage writes nothing, not even how it was called.
                let _ = out.into_parts();
                return Err(Failure::Usage(format!("{file}: {error}")));
            }
            return Err(Failure::Failed(format!("{file}: {error}")));
        }
    }
    Ok(Exit::Fine)
}

/// Ends the program after so many seconds, for pages that are made while somebody waits.
fn give_up(seconds: u64) {
    std::thread::sleep(std::time::Duration::from_secs(seconds));
    flowtools::cli::run::complain("flow-rptfmt", format!("not done after {seconds} seconds, as -a has it"));
    std::process::exit(1);
}
